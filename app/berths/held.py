"""What is held about a client by way of their stays. When one is erased the berth was taken all the same: the stay is
kept without words and without the vessel, and one that is still to come is cancelled."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from ..clients.models.holding import UNHELD, holds
from ..events.timeline import FieldWords, one_of
from .labels import KINDS, STATES

holds(
    "berth_occupancies",
    _("Stays"),
    "t.client_id = ANY (:clients)",
    rank=3,
    columns=("client_id",),
    fields={
        "number": _("Number"),
        "berth": _("Berth"),
        "vessel": _("Vessel"),
        "kind": FieldWords(_("Kind"), one_of(KINDS)),
        "state": FieldWords(_("State"), one_of(STATES)),
        "begins_at": _("Arrives"),
        "ends_at": _("Leaves"),
        "arrived_at": _("Arrived"),
        "departed_at": _("Left"),
        "price": _("Price"),
        "currency": _("Currency"),
        "title": _("In a few words"),
        "notes": _("Notes"),
        "created_at": _("Entered"),
        "updated_at": _("Last change"),
    },
    left_out=("id", "port_id", "berth_id", "client_id", "vessel_id", "during", "version"),
    also={
        "berth": "(SELECT b.code FROM berths b WHERE b.port_id = t.port_id AND b.id = t.berth_id)",
        "vessel": "(SELECT v.name FROM vessels v WHERE v.port_id = t.port_id AND v.id = t.vessel_id)",
    },
    erased=(
        "title = '', notes = '', vessel_id = NULL,"
        " state = CASE WHEN t.state IN ('planned', 'confirmed') THEN 'cancelled' ELSE t.state END"
    ),
)
UNHELD["berth_occupancies", "vessel_id"] = "a vessel that goes is taken out of its stays"
