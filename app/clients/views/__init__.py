"""The pages of clients; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("clients", __name__, url_prefix="/<port>/clients")

from ...saved_views.views import keeps_views
from ..listing import CLIENTS

keeps_views(bp, CLIENTS)

from . import (
    archivals,
    bulk_edits,
    clients,
    contacts,
    duplicates,
    exports,
    files,
    imports,
    mergers,
    notes,
    privacy,
    relationships,
    tags,
)
