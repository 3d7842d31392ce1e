"""The pages of vessels; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("vessels", __name__)
PLACE = "/<port>/vessels"

from . import archivals, documents, measurements, transfers, vessels
