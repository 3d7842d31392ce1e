"""What is held about a client by way of their vessels. One that was sold is its new owner's, and stays."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from ..clients.models.holding import FOLLOWS, WHEN, holds, looked_up
from .labels import DOCUMENT_FIELDS, FIELDS

ROW = ("id", "port_id")

holds(
    "vessels",
    _("Vessels"),
    "t.client_id = ANY (:clients)",
    rank=3,
    subject="vessel",
    page="'vessels/' || t.number",
    columns=("client_id",),
    fields={
        "number": _("Number"),
        **{name: words for name, words in FIELDS.items() if name != "client_id"},
        "measured_on": _("Measured on"),
        **WHEN,
        "archived_at": _("Archived on"),
    },
    left_out=(*ROW, "client_id", "sort_name", "measured_by_id", "length", "version"),
)
holds(
    "vessel_ownerships",
    _("Owners of vessels"),
    "(t.client_id = ANY (:clients) OR t.vessel_id IN their_vessels)",
    rank=3,
    columns=("client_id", "vessel_id"),
    fields={"vessel": _("Vessel"), "owner": _("Owner"), "since": _("Since"), "until": _("Until")},
    left_out=(*ROW, "client_id", "vessel_id", "created_at", "updated_at"),
    also={
        "vessel": looked_up("vessels", "name", "vessel_id"),
        "owner": (
            "CASE WHEN t.client_id = ANY (:clients) THEN (SELECT c.full_name FROM clients c "
            "WHERE c.port_id = t.port_id AND c.id = t.client_id) END"
        ),
    },
)
holds(
    "vessel_documents",
    _("Papers of vessels"),
    "t.vessel_id IN their_vessels",
    rank=3,
    columns=("vessel_id", "file_id"),
    fields={
        "vessel": _("Vessel"),
        **DOCUMENT_FIELDS,
        "file": _("File"),
        "verified_at": _("Verified on"),
        "verified_by": _("Verified by"),
        **WHEN,
        "archived_at": _("Removed on"),
    },
    left_out=(*ROW, "vessel_id", "file_id", "verified_by_id", "version"),
    also={
        "file": looked_up("files", "filename", "file_id"),
        "vessel": looked_up("vessels", "name", "vessel_id"),
        "verified_by": "(SELECT o.name FROM users o WHERE o.id = t.verified_by_id)",
    },
)
holds(
    "vessel_document_reminders",
    _("Reminders of papers"),
    "t.document_id IN (SELECT d.id FROM vessel_documents d WHERE d.vessel_id IN their_vessels)",
    rank=3,
    columns=("document_id",),
    fields={"valid_until": _("Valid until"), "step": _("Days before"), "created_at": _("Reminded on")},
    left_out=(*ROW, "document_id"),
    erased=FOLLOWS,
)
