"""What is held about a client by way of waiting lists; it goes with them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from ..clients.models.holding import FOLLOWS, UNHELD, WHEN, holds, looked_up
from ..events.timeline import FieldWords, one_of
from .labels import CLASSES, KINDS, STATUSES

holds(
    "waiting_entries",
    _("Waiting lists"),
    "t.client_id = ANY (:clients)",
    rank=3,
    page="'waiting-entries/' || t.number",
    columns=("client_id", "vessel_id"),
    fields={
        "number": _("Number"),
        "list": _("List"),
        "vessel": _("Vessel"),
        "loa": _("Length"),
        "beam": _("Beam"),
        "draft": _("Draft"),
        "air_draft": _("Air draft"),
        "priority_class": FieldWords(_("Class"), one_of(CLASSES)),
        "requested_at": _("Asked on"),
        "source": _("Where the date is from"),
        "status": FieldWords(_("Status"), one_of(STATUSES)),
        "berth": _("Berth"),
        "notes": _("Notes"),
        **WHEN,
    },
    left_out=("id", "port_id", "list_id", "client_id", "vessel_id", "occupancy_id", "interest_id", "version"),
    also={
        "list": looked_up("waiting_lists", "name", "list_id"),
        "vessel": looked_up("vessels", "name", "vessel_id"),
        "berth": (
            "(SELECT b.code FROM berth_occupancies o JOIN berths b ON b.port_id = o.port_id AND b.id = o.berth_id"
            " WHERE o.port_id = t.port_id AND o.id = t.occupancy_id)"
        ),
    },
)
holds(
    "waiting_events",
    _("What happened on waiting lists"),
    "t.entry_id IN (SELECT e.id FROM waiting_entries e WHERE e.client_id = ANY (:clients))",
    rank=3,
    columns=("entry_id",),
    fields={
        "kind": FieldWords(_("What"), one_of(KINDS)),
        "at": _("When"),
        "by_name": _("By"),
        "berth": _("Berth"),
        "reason": _("Why"),
    },
    left_out=("id", "port_id", "entry_id", "by_id", "berth_id", "placed_at", "class_rank", "asked_at"),
    also={"berth": looked_up("berths", "code", "berth_id")},
    erased=FOLLOWS,
)
UNHELD["waiting_entries", "occupancy_id"] = "the stay that holds the berth is told of by itself"
UNHELD["waiting_events", "asked_at"] = "the date of the entry that is told of"
UNHELD["waiting_entries", "interest_id"] = "the interest is told of by itself"
