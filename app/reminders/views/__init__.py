"""The pages of reminders; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("reminders", __name__, url_prefix="/<port>/reminders")

from . import acts, reminders
