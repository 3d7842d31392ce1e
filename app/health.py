"""For machines: is the process up, and is what it needs there."""

from __future__ import annotations

import redis
from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from .db import db
from .web import public

bp = Blueprint("health", __name__)


@bp.get("/health/live")
@public
def live() -> ResponseReturnValue:
    return {"status": "ok"}


@bp.get("/health/ready")
@public
def ready() -> ResponseReturnValue:
    """200 while pages can be answered, which needs Postgres. Redis away is named and does not make it unready; so is a
    production without a mail server, where nobody can be invited."""
    services = {"postgres": _postgres(), "redis": _redis()}
    status = "ok" if all(services.values()) else "degraded" if services["postgres"] else "away"
    words = {name: "ok" if up else "away" for name, up in services.items()}
    settings = current_app.extensions["settings"]
    if settings.environment == "production" and settings.smtp_url is None:
        words["mail"] = "SMTP_URL is not set"
    return {"status": status, **words}, 200 if services["postgres"] else 503


def _postgres() -> bool:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return False
    return True


def _redis() -> bool:
    try:
        return bool(current_app.extensions["redis"].ping())
    except redis.RedisError:
        return False
