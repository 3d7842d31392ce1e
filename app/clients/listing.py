"""The list of clients as views are kept of it: its columns beside filters and orders."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from ..saved_views.listing import Column, Listing
from .queries import SORTS, filters_of

COLUMNS = (
    Column("contact", _("Contact")),
    Column("status", _("Status")),
    Column("owner", _("Owner")),
    Column("source", _("Source"), is_usual=False),
    Column("town", _("Town"), is_usual=False),
    Column("created", _("Entered"), is_usual=False),
    Column("updated", _("Last change")),
)
CLIENTS = Listing(
    resource="clients",
    endpoint="clients.index",
    sees=("clients.view", "clients.view_own"),
    label=_("Clients"),
    sorts=SORTS,
    columns=COLUMNS,
    filters=filters_of,
)
