"""The pages of waiting lists; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("waiting_list", __name__)

from . import answers, entries, lists, offers
