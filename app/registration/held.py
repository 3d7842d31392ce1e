"""What is held about a client by way of their registration. When one is erased it stays without words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from ..clients.models.holding import UNHELD, holds
from ..events.timeline import FieldWords, one_of
from .labels import KINDS

holds(
    "registrations",
    _("Registrations"),
    "t.client_id = ANY (:clients)",
    rank=4,
    page="'registrations#registration-' || t.number",
    columns=("client_id",),
    fields={
        "number": _("Number"),
        "status": _("Status"),
        "kind": FieldWords(_("What they look for"), one_of(KINDS)),
        "wanted_from": _("From"),
        "wanted_until": _("Until"),
        "message": _("Message"),
        "mailed_at": _("Confirmed by mail"),
        "decided_at": _("Decided"),
        "created_at": _("Received"),
        "updated_at": _("Last change"),
    },
    left_out=(
        "id",
        "port_id",
        "once_key",
        "sealed",
        "client_id",
        "vessel_id",
        "interest_id",
        "address_hash",
        "decided_by_id",
        "version",
    ),
    erased="message = '', address_hash = NULL, vessel_id = NULL, wanted_from = NULL, wanted_until = NULL",
)
UNHELD["registrations", "vessel_id"] = "a vessel that goes is taken out of its registration"
UNHELD["registrations", "interest_id"] = "the interest is told of by itself"
