"""Taking back a change of a berth, a dock or a harbour."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from flask_babel import gettext as _

from ..current import Member
from ..db import db
from ..errors import Refused
from ..events.models import Event
from ..events.reverts import NotReverted, Reason, reverts, what_to_write
from ..fields import reversals
from ..fields.models import Customised
from .labels import DOCK_FIELDS, FIELDS, HARBOUR_FIELDS
from .models import Berth, Dock, Harbour, HarbourPlan, MaintenanceEntry, Place, Position, Taken, lay, position_of
from .models.berth import DIMENSIONS, contradiction

Kind = TypeVar("Kind", bound=Place)


@reverts("berth:updated", "berth:reverted", permission="berths.edit")
def revert_berth(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    return revert(Berth, event, words, member, FIELDS)


@reverts("berth:maintenanceUpdated", "berth:maintenanceReverted", permission="berths.edit")
def revert_maintenance(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    found = Berth.visible_to(member).where(Berth.id == event.subject_id).with_for_update()
    berth = db.session.scalars(found).one_or_none()
    entry = db.session.get(MaintenanceEntry, uuid.UUID(str(words["details"]["log_entry"])))
    if berth is None or entry is None or entry.berth_id != berth.id:
        raise NotReverted(Reason(_("the record is not there any more, or you may not open it")))
    written = what_to_write(event, words, entry, told_in=berth)
    fields = {name: Decimal(old) if name == "cost" and old else old for name, (old, _new) in written.items()}
    return entry.update(berth, fields, by=member, reverting=event.id)


@reverts("berth:placed", "berth:unplaced", "berth:placeReverted", permission="berths.edit")
def revert_place(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    berth = db.session.scalars(
        Berth.visible_to(member).where(Berth.id == event.subject_id).with_for_update()
    ).one_or_none()
    if berth is None:
        raise NotReverted(Reason(_("the record is not there any more, or you may not open it")))
    if berth.is_archived:
        raise NotReverted(Reason(_("the record is archived; restore it first")))
    present = position_of(berth)
    written = what_to_write(event, words, Laid(**asdict(present), id=berth.id, subject_type=berth.subject_type))
    old: dict[str, Any] = {
        name: Decimal(old) if old and name != "turn" else old for name, (old, _new) in written.items()
    }
    return lay(berth, replace(present, **old), by=member, reverting=event.id)


@reverts("dock:updated", "dock:reverted", permission="berths.edit")
def revert_dock(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    return revert(Dock, event, words, member, DOCK_FIELDS)


@reverts("harbour:updated", "harbour:reverted", permission="berths.edit")
def revert_harbour(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    return revert(Harbour, event, words, member, HARBOUR_FIELDS)


@reverts("harbour:planUpdated", "harbour:planReverted", permission="berths.edit")
def revert_plan(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    harbour = locked(Harbour, event, member)
    plan = HarbourPlan.of(harbour)
    if plan is None:
        raise NotReverted(Reason(_("the record is not there any more, or you may not open it")))
    written = what_to_write(event, words, plan, told_in=harbour)
    fields = {name: old if name == "opacity" else Decimal(old) for name, (old, _new) in written.items()}
    return plan.update(harbour, fields, by=member, reverting=event.id)


@dataclass(frozen=True)
class Laid(Position):
    """Where a berth lies, as a record whose fields are compared with those of an event."""

    id: uuid.UUID | None = None
    subject_type: str = ""


def revert(
    kind: type[Place], event: Event, words: Mapping[str, Any], member: Member, fields: Mapping[str, Any]
) -> bool:
    """Raises NotReverted."""
    place = locked(kind, event, member)
    changes = {name: value_of(name, old) for name, (old, _new) in what_to_write(event, words, place).items()}
    if isinstance(place, Customised):
        reversals.check(place.resource, changes, words, member.here().id)
    if isinstance(place, Berth):
        check_berth(place, changes)
    try:
        return place.update(changes, by=member, reverting=event.id)
    except Refused as error:
        raise NotReverted(Reason(error.text)) from error
    except Taken as error:
        raise NotReverted(Reason(_("another one is called so by now"), str(fields[place.CALLED].label))) from error


def check_berth(berth: Berth, changes: Mapping[str, Any]) -> None:
    """Whether what it would be goes together with what was said of it since. Raises NotReverted."""
    present = {name: getattr(berth, name) for name in Berth.EDITABLE}
    if wrong := contradiction({**present, **changes}):
        name, text = wrong
        raise NotReverted(Reason(text, str(FIELDS[name].label)))


def locked(kind: type[Kind], event: Event, member: Member) -> Kind:
    """Raises NotReverted."""
    found = kind.visible_to(member).where(kind.id == event.subject_id).with_for_update()
    place = db.session.scalars(found).one_or_none()
    if place is None:
        raise NotReverted(Reason(_("the record is not there any more, or you may not open it")))
    if place.is_archived:
        raise NotReverted(Reason(_("the record is archived; restore it first")))
    return place


def value_of(name: str, recorded: Any) -> Any:
    """A recorded value as the model takes it."""
    if recorded is None:
        return None
    if name in (*DIMENSIONS, "price", "latitude", "longitude"):
        return Decimal(recorded)
    if name in ("sounded_on", "tenure_expires_on"):
        return date.fromisoformat(recorded)
    return uuid.UUID(recorded) if name in ("dock_id", "harbour_id") else recorded
