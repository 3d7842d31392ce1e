"""Taking back a change of a vessel, what was measured of it, or a change of one of its documents."""

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
from ..fields import reversals
from .labels import FIELDS
from .models import Document, Taken, Vessel
from .models.dimensions import DECLARED, MEASURED


@reverts("vessel:updated", "vessel:reverted", permission="clients.edit")
def revert_vessel(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    vessel = changeable(event, member)
    fields = {name: _value(name, old) for name, (old, _new) in what_to_write(event, words, vessel).items()}
    reversals.check(Vessel.resource, fields, words, member.here().id)
    try:
        return vessel.update(fields, by=member, reverting=event.id)
    except Taken as error:
        raise NotReverted(Reason(_("another vessel has it by now"), str(FIELDS[error.field].label))) from error


@reverts("vessel:measured", permission="clients.edit")
def revert_measures(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    """As a new measuring, of the day on which it is taken back to."""
    vessel = changeable(event, member)
    found = {name: _value(name, old) for name, (old, _new) in what_to_write(event, words, vessel).items()}
    day = vessel.measured_on or date.fromisoformat(words["details"]["measured_on"])
    return vessel.measure(found, on=day, by=member)


@reverts("vessel:documentUpdated", "vessel:documentReverted", permission="clients.edit")
def revert_document(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    vessel = changeable(event, member)
    own = select(Document).where(Document.vessel_id == vessel.id)
    document_id = uuid.UUID(str(words["details"]["document_id"]))
    document = db.session.scalars(own.where(Document.id == document_id)).one_or_none()
    if document is None or document.archived_at is not None:
        raise NotReverted(Reason(_("the document was removed since")))
    written = what_to_write(event, words, document, told_in=vessel)
    fields = {name: _value(name, old) for name, (old, _new) in written.items()}
    return document.update(vessel, fields, by=member, reverting=event.id)


def changeable(event: Event, member: Member) -> Vessel:
    """The vessel, locked. Raises NotReverted."""
    found = Vessel.visible_to(member).where(Vessel.id == event.subject_id).with_for_update()
    vessel = db.session.scalars(found).one_or_none()
    if vessel is None:
        raise NotReverted(Reason(_("the record is not there any more, or you may not open it")))
    if vessel.is_archived:
        raise NotReverted(Reason(_("the record is archived; restore it first")))
    return vessel


def _value(name: str, recorded: Any) -> Any:
    """A recorded value as the model takes it."""
    if recorded is None:
        return None
    if name in (*DECLARED, *MEASURED, "cover_amount"):
        return Decimal(recorded)
    return date.fromisoformat(recorded) if name in ("valid_from", "valid_until") else recorded
