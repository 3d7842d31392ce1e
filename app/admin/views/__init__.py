"""The pages of administration."""

from flask import Blueprint

bp = Blueprint("admin", __name__, url_prefix="/<port>/admin")

from . import index, lists, onboarding, settings, tags
