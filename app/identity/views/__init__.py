"""The pages of signing in, of people and of what they may do."""

from flask import Blueprint

bp = Blueprint("identity", __name__)

from . import (
    links,
    oidc,
    ports,
    profile,
    roles,
    second_factor,
    security,
    sign_in,
    teams,
    tokens,
    users,
)
