"""Signing in through a provider of OpenID Connect: authorization code with PKCE, state and nonce.

It signs in users who are there already and makes none. Everything said over HTTP is said outside of transactions, and
the libraries are loaded by whoever comes this way.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import structlog
from flask import current_app
from sqlalchemy import text

from ..config import Settings
from ..current import Member
from ..db import begin, db, now, rollback
from .models import MfaFactor, Session, UserIdentity
from .sign_in import Browser, SecondStep, Signer, record_refusal, sign_in_as

log = structlog.get_logger()

FIND = text("SELECT id, name, is_active, subject FROM find_identity(:issuer, :subject, :email)")
# Signed with the provider's own key. Neither "none" nor anything made with a shared secret is among them.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
LARGEST = 1024 * 1024
PATIENCE = 5.0  # seconds
SKEW = 60  # seconds that clocks may differ
AGAIN = 300  # seconds since the sign-in that confirms


class NoAnswer(Exception):
    """The provider cannot be reached, or does not say what it should."""


class NotBelieved(Exception):
    """What came back was not meant for this sign-in, or the provider did not say it."""


class Unknown(Exception):
    """Nobody here is linked to that account or has its verified address."""


class Inactive(Exception):
    """Whoever that is may not sign in any more."""


@dataclass(frozen=True)
class Asked:
    """What a sign-in began with; kept in the browser's signed cookie until it comes back."""

    state: str
    nonce: str
    verifier: str
    then: str | None
    confirms: str | None = None  # the session whose user is to show once more that it is them


@dataclass(frozen=True)
class Vouched:
    """Whom the provider vouches for: its name for them, and their e-mail address if it has verified that."""

    issuer: str
    subject: str
    email: str | None


def is_set_up() -> bool:
    return _settings().oidc_issuer is not None


def ask(then: str | None, *, confirming: Member | None = None) -> tuple[str, Asked]:
    """Where to send the browser, and what to remember. Raises NoAnswer.

    `confirming`: who is signed in already and has to sign in there anew.
    """
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    rollback()
    token = partial(secrets.token_urlsafe, 32)
    confirms = confirming.session_id.hex if confirming else None
    settings, asked = _settings(), Asked(token(), token(), token(), then, confirms)
    words = {
        "response_type": "code",
        "client_id": settings.oidc_client_id,
        "redirect_uri": callback(),
        "scope": "openid email profile",
        "state": asked.state,
        "nonce": asked.nonce,
        "code_challenge": create_s256_code_challenge(asked.verifier),
        "code_challenge_method": "S256",
    }
    if confirms:
        words |= {"prompt": "login", "max_age": "0"}
    address = _text(_provider(), "authorization_endpoint")
    return f"{address}{'&' if '?' in address else '?'}{urlencode(words)}", asked


def sign_in_from(asked: Asked, code: str, *, browser: Browser) -> str | SecondStep:
    """The token of a new session for whom the provider vouches for, or the second step. Raises NoAnswer, NotBelieved,
    Unknown, Inactive, Paused."""
    vouched = _vouched(_claims(asked, code))
    begin()
    found = db.session.execute(FIND, asdict(vouched)).one_or_none()
    # An address that somebody else's account of this provider holds by now is no proof.
    if found is None or found.subject not in (None, vouched.subject):
        log.warning("oidc_unknown", issuer=vouched.issuer)
        record_refusal(vouched.email, "oidc_unknown")
        raise Unknown
    if not found.is_active:
        record_refusal(vouched.email, "oidc_inactive")
        raise Inactive
    begin(user_id=found.id, scope="staff")
    if found.subject is None:
        signer = Signer(found.id, found.name)
        UserIdentity.link(found.id, issuer=vouched.issuer, subject=vouched.subject, by=signer)
    else:
        UserIdentity.used(issuer=vouched.issuer, subject=vouched.subject)
    return sign_in_as(found.id, browser=browser)


def confirm_from(asked: Asked, code: str, *, by: Member) -> str:
    """The session's new token, now that the provider says that its user signed in there again. Raises NoAnswer,
    NotBelieved, Unknown."""
    claims = _claims(asked, code)
    vouched, signed_in_at = _vouched(claims), claims.get("auth_time")
    begin(user_id=by.id, scope="staff")
    if asked.confirms != by.session_id.hex or MfaFactor.is_set_up(by.id):
        raise NotBelieved
    if not isinstance(signed_in_at, int | float) or signed_in_at < now().timestamp() - AGAIN - SKEW:
        log.warning("oidc_not_fresh", issuer=vouched.issuer)
        raise NotBelieved
    is_linked = UserIdentity.of(by).where(
        UserIdentity.issuer == vouched.issuer, UserIdentity.subject == vouched.subject
    )
    if db.session.scalars(is_linked).one_or_none() is None:
        raise Unknown
    UserIdentity.used(issuer=vouched.issuer, subject=vouched.subject)
    return Session.rotate(by.session_id, is_confirmed=True)


def _vouched(claims: dict[str, Any]) -> Vouched:
    email = str(claims["email"]) if claims.get("email") and claims.get("email_verified") is True else None
    return Vouched(str(_settings().oidc_issuer), str(claims["sub"]), email)


def callback() -> str:
    return f"{_settings().public_url}/auth/oidc/callback"


def _claims(asked: Asked, code: str) -> dict[str, Any]:
    """What the provider says of whoever it signed in, once it is sure that it says so, now, and to us."""
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    rollback()
    settings, provider = _settings(), _provider()
    answer = _exchange(provider, asked, code)
    keys = _fetch("GET", _text(provider, "jwks_uri"))
    try:
        known = KeySet.import_key_set(keys)  # type: ignore[arg-type]  # it looks for itself at what the provider sent
        decoded = jwt.decode(_text(answer, "id_token"), known, algorithms=ALGORITHMS)
        options = {
            "iss": {"essential": True, "value": settings.oidc_issuer},
            "aud": {"essential": True, "value": settings.oidc_client_id},
            "nonce": {"essential": True, "value": asked.nonce},
        }
        params = {"nonce": asked.nonce, "client_id": settings.oidc_client_id}
        token = CodeIDToken(decoded.claims, decoded.header, options, params)
        token.validate(now=int(now().timestamp()), leeway=SKEW)
    except (JoseError, ValueError, KeyError, TypeError) as problem:
        log.warning("oidc_not_believed", problem=type(problem).__name__)
        record_refusal(None, "oidc_not_believed")
        raise NotBelieved from problem
    claims: dict[str, Any] = dict(decoded.claims)
    return claims


def _exchange(provider: dict[str, Any], asked: Asked, code: str) -> dict[str, Any]:
    """The tokens for the code; our secret goes in the header unless the provider takes it in the form only."""
    settings = _settings()
    name, secret = str(settings.oidc_client_id), str(settings.oidc_client_secret)
    words = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback(),
        "code_verifier": asked.verifier,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if "client_secret_basic" in (provider.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]):
        pair = f"{quote(name, safe='')}:{quote(secret, safe='')}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    else:
        words |= {"client_id": name, "client_secret": secret}
    return _fetch("POST", _text(provider, "token_endpoint"), body=urlencode(words), headers=headers)


def _provider() -> dict[str, Any]:
    """What it says of itself, under the name that we know it by."""
    issuer = str(_settings().oidc_issuer)
    told = _fetch("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if told.get("issuer") != issuer:
        raise NoAnswer(f"calls itself {told.get('issuer')}")
    return told


def _fetch(method: str, url: str, *, body: str | None = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    import urllib3

    if not url.startswith(("https://", f"{_settings().oidc_issuer}".split("://", 1)[0] + "://")):
        raise NoAnswer("would be asked in clear")
    pool = urllib3.PoolManager(timeout=PATIENCE, retries=False)
    try:
        with pool.request(
            method, url, body=body, headers={"Accept": "application/json", **(headers or {})}, preload_content=False
        ) as answer:
            said = answer.read(LARGEST)
        told = json.loads(said) if answer.status == 200 else None
    except (urllib3.exceptions.HTTPError, ValueError) as problem:
        log.warning("oidc_no_answer", url=url, problem=type(problem).__name__)
        raise NoAnswer from problem
    if not isinstance(told, dict):
        log.warning("oidc_no_answer", url=url, status=answer.status)
        # A code that is refused was not the provider's, or was used before.
        raise NotBelieved if answer.status in (400, 401) and method == "POST" else NoAnswer
    return told


def _text(told: dict[str, Any], name: str) -> str:
    if not isinstance(told.get(name), str):
        raise NoAnswer(f"lacks {name}")
    return str(told[name])


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
