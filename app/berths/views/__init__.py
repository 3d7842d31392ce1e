"""The pages of berths, docks and harbours; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("berths", __name__)

from . import archivals, attendances, berths, docks, harbours, maintenance, occupancies, statuses, suggestions
