"""The pages of clients; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("clients", __name__, url_prefix="/<port>/clients")

from . import archivals, clients, contacts, files, imports, notes, relationships, tags
