"""The pages of clients; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("clients", __name__, url_prefix="/<port>/clients")

from ...imports.views import imports_of
from ...saved_views.views import keeps_views
from ..imports.kind import Clients
from ..listing import CLIENTS

imports_of(bp, Clients())
keeps_views(bp, CLIENTS)

from . import (
    archivals,
    bulk_edits,
    clients,
    contacts,
    duplicates,
    exports,
    files,
    mergers,
    notes,
    privacy,
    relationships,
    tags,
)
