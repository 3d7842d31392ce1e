"""The pages of price lists, and of what berths cost by them; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("prices", __name__)

from . import archivals, berths, copies, imports, lines, lists
