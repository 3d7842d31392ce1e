"""The pages of interests; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("interests", __name__)
PLACE = "/<port>/interests"

from . import acts, documents, interests
