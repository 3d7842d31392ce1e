"""Version 1 of the API. Errors are told by app/errors.py."""

from __future__ import annotations

from flask import Blueprint, g, jsonify
from flask.typing import ResponseReturnValue

from ..current import member
from ..web import token_holders

bp = Blueprint("api", __name__, url_prefix="/api/v1")


@bp.get("/me")
@token_holders
def show_me() -> ResponseReturnValue:
    """Whose token this is, where it is good, what it may do and how long."""
    port = member.here()
    return jsonify(
        user={"id": str(member.id), "name": member.name, "email": member.email},
        port={
            "name": port.name,
            "slug": port.slug,
            "currency": port.currency,
            "timezone": port.timezone,
            "locale": port.locale,
            "country": port.country,
        },
        scopes=sorted(member.permissions),
        token=g.token["name"],
        expires_at=g.token["expires_at"],
    )
