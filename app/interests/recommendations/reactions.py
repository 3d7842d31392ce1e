"""What has berths looked for again, and how the timeline tells of recommendations."""

from __future__ import annotations

import uuid

from flask_babel import lazy_gettext
from sqlalchemy import select

from ...changes.models import ChangeSet
from ...db import db
from ...events.models import Event, EventMention
from ...events.reactions import on
from ...events.timeline import tells
from .jobs import look_after_berth, look_after_vessel, look_for_all, look_for_interest
from .wish import WISHED

# Fields of a berth by which it is compared; of another one nothing follows.
COMPARED = {
    "dock_id",
    "mooring",
    "min_loa",
    "max_loa",
    "max_beam",
    "depth",
    "max_height",
    "tenure",
    "tenure_expires_on",
    "price",
    "currency",
    "price_period",
}
# Of a stay, what gives or takes time.
TIMES = ("booked", "moved", "checkedOut", "finished", "cancelled", "noShow", "relocated", "checkOutUndone")


@on("berth:created", "berth:updated", "berth:reverted", "berth:statusChanged", "berth:archived", "berth:restored")
def look_after_change(event: Event) -> None:
    is_update = event.name in ("berth:updated", "berth:reverted")
    if not is_update or not COMPARED.isdisjoint(event.changed_fields):
        look_after_berth.later(berth_id=event.subject_id)


@on(*(f"occupancy:{happened}" for happened in TIMES))
def look_after_stay(event: Event) -> None:
    """The berth, and of a boat that was moved the one on which it was as well."""
    for berth_id in berths_in(event):
        look_after_berth.later(berth_id=berth_id)


def berths_in(event: Event) -> list[uuid.UUID]:
    """In whose timelines it stands."""
    here = (EventMention.event_id == event.id, EventMention.subject_type == "berth")
    return list(db.session.scalars(select(EventMention.subject_id).where(*here)))


@on("interest:created", "interest:updated", "interest:reverted", "interest:reopened", "interest:restored")
def look_for_wish(event: Event) -> None:
    is_update = event.name in ("interest:updated", "interest:reverted")
    if not is_update or not WISHED.isdisjoint(event.changed_fields):
        look_for_interest.later(interest_id=event.subject_id)


@on("interest:recommendationAdded", "interest:recommendationDismissed", "interest:recommendationRestored")
def look_for_what_was_said(event: Event) -> None:
    """What a person named has a score as well, and what they brought back may not be one of the best."""
    look_for_interest.later(interest_id=event.subject_id)


@on(
    "interest:berthLinked",
    "interest:berthUnlinked",
    "interest:lost",
    "interest:withdrawn",
    "interest:archived",
    "interest:reopened",
    "interest:restored",
)
def look_after_rivals(event: Event) -> None:
    """Whoever has the same berth among theirs has a rival more or less."""
    for berth_id in berths_in(event):
        look_after_berth.later(berth_id=berth_id)


@on("vessel:updated", "vessel:measured", "vessel:reverted")
def look_after_measures(event: Event) -> None:
    look_after_vessel.later(vessel_id=event.subject_id)


@on(
    "priceList:created",
    "priceList:updated",
    "priceList:linesChanged",
    "priceList:reverted",
    "priceList:archived",
    "priceList:restored",
)
def look_after_prices(event: Event) -> None:
    look_for_all.later()


@on("dock:updated", "dock:reverted")
def look_after_docks(event: Event) -> None:
    """By its tier and harbour goes what its berths cost."""
    if not {"price_tier", "harbour_id"}.isdisjoint(event.changed_fields):
        look_for_all.later()


@on("settings:updated")
def look_after_clearances(event: Event) -> None:
    if "berth_clearances" in event.changed_fields:
        look_for_all.later()


@on("changeSet:applied", "changeSet:stopped", "changeSet:rolledBack")
def look_after_many(event: Event) -> None:
    """Very many berths at once, or interests that are rivals no longer, or again: none of them announces anything."""
    found = db.session.get(ChangeSet, event.subject_id)
    if found is not None and found.kind in ("import_berths", "lose_interests", "archive_interests"):
        look_for_all.later()


# --- How timelines tell of it

tells(
    "interest:recommendationsGenerated",
    lazy_gettext("found berths for interest %(number)s: %(count)s, the best is %(berth)s"),
    icon="anchor",
)
tells(
    "interest:recommendationAdded",
    lazy_gettext("recommended berth %(berth)s for interest %(number)s: %(note)s"),
    icon="anchor",
    tone="info",
)
tells(
    "interest:recommendationDismissed",
    lazy_gettext("dismissed berth %(berth)s for interest %(number)s"),
    icon="x",
)
tells(
    "interest:recommendationRestored",
    lazy_gettext("brought berth %(berth)s back for interest %(number)s"),
    icon="rotate-ccw",
)
