"""The pages of signing in, of people and of what they may do."""

from flask import Blueprint

bp = Blueprint("identity", __name__)

from . import (  # noqa: E402  (they register their views)
    links,  # noqa: F401
    oidc,  # noqa: F401
    ports,  # noqa: F401
    profile,  # noqa: F401
    roles,  # noqa: F401
    second_factor,  # noqa: F401
    security,  # noqa: F401
    sign_in,  # noqa: F401
    teams,  # noqa: F401
    tokens,  # noqa: F401
    users,  # noqa: F401
)
