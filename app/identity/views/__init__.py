"""The pages of signing in, of people and of what they may do."""

from flask import Blueprint

bp = Blueprint("identity", __name__)

from . import links, oidc, profile, second_factor, security, sign_in, tokens  # noqa: E402, F401  (registers their views)
