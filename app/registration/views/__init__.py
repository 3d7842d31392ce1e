"""The public page, and the page on which staff look at what came in."""

from flask import Blueprint

bp = Blueprint("registration", __name__)

from . import public, registrations
