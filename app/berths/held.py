"""What is held about a client by way of their stays. When one is erased the berth was taken all the same: the stay is
kept without words and without the vessel, and one that is still to come is cancelled."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from ..clients.models.holding import UNHELD, WHEN, holds, looked_up
from ..events.timeline import FieldWords, one_of
from .labels import KINDS, STATES

# What the database compares, and from what the rest follows.
BESIDE = (
    "booked_until",
    "moved_from_id",
    "absence_id",
    "absence_during",
    "absence_is_open",
    "blocks",
    "sublet_berth_id",
)
BERTH = looked_up("berths", "code", "berth_id")

holds(
    "berth_occupancies",
    _("Stays"),
    "t.client_id = ANY (:clients)",
    rank=3,
    # While they have the berth, mails about the end of its tenure name them.
    page="(SELECT 'berths/' || b.number FROM berths b WHERE b.port_id = t.port_id AND b.id = t.berth_id"
    " AND t.kind = 'contract' AND t.state IN ('planned', 'confirmed', 'active'))",
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
        "hold_expires_at": _("Held until"),
        "price": _("Price"),
        "currency": _("Currency"),
        "title": _("In a few words"),
        "notes": _("Notes"),
        **WHEN,
    },
    left_out=("id", "port_id", "berth_id", "client_id", "vessel_id", "during", "version", *BESIDE),
    also={
        "berth": BERTH,
        "vessel": looked_up("vessels", "name", "vessel_id"),
    },
    erased=(
        "title = '', notes = '', vessel_id = NULL,"
        " state = CASE WHEN t.state IN ('planned', 'confirmed') AND NOT EXISTS (SELECT FROM berth_absences a"
        " WHERE a.port_id = t.port_id AND a.occupancy_id = t.id AND a.cancelled_at IS NULL) THEN 'cancelled'"
        " ELSE t.state END"
    ),
)
holds(
    "berth_absences",
    _("Absences"),
    "t.occupancy_id IN (SELECT o.id FROM berth_occupancies o WHERE o.client_id = ANY (:clients))",
    rank=3,
    columns=("occupancy_id",),
    fields={
        "number": _("Number"),
        "berth": _("Berth"),
        "begins_at": _("Away from"),
        "ends_at": _("Back on"),
        "may_sublet": _("May be sublet"),
        "credit_percent": _("Credit in percent"),
        "credit": _("Credit"),
        "currency": _("Currency"),
        "note": _("In a few words"),
        "cancelled_at": _("Cancelled"),
        **WHEN,
    },
    left_out=(
        "id",
        "port_id",
        "berth_id",
        "occupancy_id",
        "holder_blocks",
        "holder_during",
        "during",
        "is_open",
        "version",
    ),
    also={"berth": BERTH},
    erased="note = ''",
)
holds(
    "berth_sightings",
    _("Boats seen"),
    "(t.vessel_id IN their_vessels"
    " OR t.occupancy_id IN (SELECT o.id FROM berth_occupancies o WHERE o.client_id = ANY (:clients)))",
    rank=4,
    columns=("vessel_id", "occupancy_id"),
    subject="sighting",
    fields={
        "number": _("Number"),
        "berth": _("Berth"),
        "name": _("What stands on the boat"),
        "note": _("Note"),
        "seen_at": _("Seen"),
        **WHEN,
    },
    left_out=("id", "port_id", "berth_id", "vessel_id", "outcome", "settled_at", "occupancy_id", "version"),
    also={"berth": BERTH},
    erased="name = '', note = '', vessel_id = NULL",
)
COMPARED = "what the database compares with the stay and the absence that are told of"
for table, names in (
    ("berth_absences", ("berth_id", "holder_blocks", "holder_during")),
    ("berth_occupancies", ("moved_from_id", "absence_id", "absence_is_open", "absence_during", "sublet_berth_id")),
):
    for name in names:
        UNHELD[table, name] = COMPARED
UNHELD["berth_maintenance_log", "occupancy_id"] = "the time that a repair takes, which is nobody's"
UNHELD["berth_occupancies", "vessel_id"] = "a vessel that goes is taken out of its stays"
UNHELD["harbour_plans", "file_id"] = "a picture of the harbour, which is no client's file"
