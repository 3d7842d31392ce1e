"""Taking back a change of an interest: of its fields, or of whose it is."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from ..current import Member
from ..db import db
from ..events.models import Event
from ..events.reverts import NotReverted, Reason, reverts, what_to_write
from ..notifications.reactions import holders_of
from ..vessels.models import Vessel
from .labels import FIELDS
from .models import Interest

NUMBERS = ("expected_value", "budget", "loa", "beam", "draft")
DAYS = ("expected_close_on", "wanted_from", "wanted_until")


@reverts("interest:updated", "interest:reverted", permission="interests.edit")
def revert_interest(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    interest = changeable(event, member)
    fields = {name: value_of(name, old) for name, (old, _new) in what_to_write(event, words, interest).items()}
    if fields.get("vessel_id"):
        check_vessel(fields["vessel_id"], interest)
    check_whole(interest, fields)
    return interest.update(fields, by=member, reverting=event.id)


@reverts("interest:assigned", permission="interests.edit")
def revert_owner(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    interest = changeable(event, member)
    written = what_to_write(event, words, interest)
    if not written:
        return False
    old = written["owner_id"][0]
    owner_id = uuid.UUID(old) if old else None
    if owner_id is not None and owner_id not in holders_of("interests.edit", interest.port_id):
        raise NotReverted(Reason(_("the owner of before is not here any more"), str(FIELDS["owner_id"].label)))
    return interest.assign(owner_id, by=member)


def changeable(event: Event, member: Member) -> Interest:
    """The interest, locked. Raises NotReverted."""
    found = Interest.visible_to(member).where(Interest.id == event.subject_id).with_for_update()
    interest = db.session.scalars(found).one_or_none()
    if interest is None:
        raise NotReverted(Reason(_("the record is not there any more, or you may not open it")))
    if interest.is_archived:
        raise NotReverted(Reason(_("the record is archived; restore it first")))
    return interest


def check_vessel(vessel_id: uuid.UUID, interest: Interest) -> None:
    """The one of before must still be there. Raises NotReverted."""
    there = select(Vessel.id).where(Vessel.port_id == interest.port_id, Vessel.id == vessel_id)
    if db.session.scalar(there.where(Vessel.archived_at.is_(None))) is None:
        raise NotReverted(Reason(_("the vessel of before is not here any more"), str(FIELDS["vessel_id"].label)))


def check_whole(interest: Interest, fields: Mapping[str, Any]) -> None:
    """What two fields say together, where only one of them goes back. Raises NotReverted."""
    begins, ends, value, budget, currency = (
        fields[name] if name in fields else getattr(interest, name)
        for name in ("wanted_from", "wanted_until", "expected_value", "budget", "currency")
    )
    if begins and ends and ends <= begins:
        raise NotReverted(Reason(_("it would end before it begins"), str(FIELDS["wanted_until"].label)))
    if (value is not None or budget is not None) and not currency:
        raise NotReverted(Reason(_("an amount would have no currency"), str(FIELDS["currency"].label)))


def value_of(name: str, recorded: Any) -> Any:
    """A recorded value as the model takes it."""
    if recorded is None or recorded == "":
        return None if name not in ("notes", "source") else recorded
    if name in NUMBERS:
        return Decimal(recorded)
    if name in DAYS:
        return date.fromisoformat(recorded)
    return uuid.UUID(recorded) if name == "vessel_id" else recorded
