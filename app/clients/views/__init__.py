"""The pages of clients; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("clients", __name__, url_prefix="/<port>/clients")

from ...bulk_edits.views import bulk_edits_of
from ...exports.views import exports_of
from ...imports.views import imports_of
from ...saved_views.views import keeps_views
from ..bulk_edits import ClientsInBulk
from ..exports.kind import Clients as ClientsOut
from ..imports.kind import Clients
from ..listing import CLIENTS

imports_of(bp, Clients())
keeps_views(bp, CLIENTS)
exports_of(bp, ClientsOut())
bulk_edits_of(bp, ClientsInBulk())

from . import (
    archivals,
    clients,
    contacts,
    duplicates,
    files,
    mergers,
    notes,
    privacy,
    relationships,
    tags,
)
