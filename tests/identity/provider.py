"""A provider of OpenID Connect, as a process of its own: `python -m tests.identity.provider 8400`.

Everybody who comes is the person that `/control` was told of last; it also says what goes wrong.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import sys
import time
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, Response, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "quayside", "of the provider & us"


def create_app(port: int) -> Flask:
    app = Flask("provider")
    issuer = f"http://localhost:{port}/realm"
    key, other = (RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}) for kid in ("one", "one"))
    asked: dict[str, dict[str, str]] = {}
    person: dict[str, Any] = {}

    @app.post("/control")
    def control() -> ResponseReturnValue:
        person.clear()
        person.update(request.get_json())
        return "", 204

    @app.get("/realm/.well-known/openid-configuration")
    def discovery() -> ResponseReturnValue:
        if person.get("wrong") == "down":
            return "", 500
        return jsonify(
            issuer="http://localhost/another" if person.get("wrong") == "name" else issuer,
            authorization_endpoint=f"{issuer}/authorize",
            token_endpoint=f"{issuer}/token",
            jwks_uri=f"{issuer}/keys",
            token_endpoint_auth_methods_supported=[person.get("auth", "client_secret_basic")],
        )

    @app.get("/realm/authorize")
    def authorize() -> ResponseReturnValue:
        words = request.args
        assert words["response_type"] == "code"
        assert words["client_id"] == CLIENT
        assert words["code_challenge_method"] == "S256"
        assert "openid" in words["scope"].split()
        if person.get("wrong") == "denied":
            back = {"error": "access_denied", "state": words["state"]}
        else:
            code = secrets.token_urlsafe(16)
            asked[code] = words.to_dict()
            back = {"code": code, "state": words["state"]}
        return redirect(f"{words['redirect_uri']}?{urlencode(back)}", 302)

    @app.post("/realm/token")
    def token() -> ResponseReturnValue:
        if not is_client():
            return jsonify(error="invalid_client"), 401
        words = asked.pop(request.form["code"], None)
        if words is None or request.form["redirect_uri"] != words["redirect_uri"]:
            return jsonify(error="invalid_grant"), 400
        digest = hashlib.sha256(request.form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != words["code_challenge"]:
            return jsonify(error="invalid_grant"), 400
        if person.get("wrong") == "garbage":
            return Response("<html>", mimetype="text/html")
        return jsonify(access_token="unused", token_type="Bearer", id_token=id_token(words))

    def is_client() -> bool:
        if person.get("auth") == "client_secret_post":
            return request.form.get("client_secret") == SECRET
        given = request.authorization
        return bool(given and given.username == CLIENT and given.password == quote(SECRET, safe=""))

    def id_token(words: dict[str, str]) -> str:
        moment, wrong = int(time.time()), person.get("wrong")
        claims = {
            "iss": issuer,
            "aud": CLIENT,
            "sub": person["sub"],
            "exp": moment + 300,
            "iat": moment,
            "nonce": words["nonce"],
            "email": person.get("email"),
            "email_verified": person.get("email_verified", True),
            **({"auth_time": moment} if words.get("max_age") == "0" and words.get("prompt") == "login" else {}),
            **person.get("claims", {}),
        }
        for name in person.get("without", []):
            del claims[name]
        if wrong == "unsigned":
            return f"{base64url(json.dumps({'alg': 'none'}))}.{base64url(json.dumps(claims))}."
        if wrong == "shared secret":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET * 4))
        signer = other if wrong == "another key" else key
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, signer)

    @app.get("/realm/keys")
    def keys() -> ResponseReturnValue:
        return jsonify(keys=[key.as_dict(private=False)])

    return app


def base64url(part: str) -> str:
    return base64.urlsafe_b64encode(part.encode()).decode().rstrip("=")


if __name__ == "__main__":
    create_app(int(sys.argv[1])).run(port=int(sys.argv[1]), threaded=True)
