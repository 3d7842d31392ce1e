"""What interests say of the status of their berths, by the rules of the port.

The berth follows what is linked, signed and paid, at the moment it is recorded, and is let go when nothing of that is
left and nobody else has earned it; where a card lies says nothing by itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, or_, select

from ...admin.models import Trigger
from ...berths.models import Berth
from ...berths.models.status_rules import FREES, triggered
from ...db import db
from ...documents.models import Document, DocumentStatus, DocumentType
from ...events.models import Actor
from .deposit import Deposit
from .stages import EARNING, Papers

if TYPE_CHECKING:
    from .interest import Interest

SIGNED = {DocumentType.EOI: Trigger.EOI_SIGNED, DocumentType.CONTRACT: Trigger.CONTRACT_SIGNED}


def say(interest: Interest, trigger: Trigger, *, by: Actor) -> None:
    """It has come to this; nothing where no berth is linked, or the interest is over."""
    if interest.berth_id is not None and interest.is_open:
        berth = db.session.get_one(Berth, interest.berth_id)
        triggered(trigger, berth, by=by, because=interest.name)


def say_signed(interest: Interest, kind: DocumentType, *, by: Actor) -> None:
    if kind in SIGNED:
        say(interest, SIGNED[kind], by=by)


def say_all(interest: Interest, *, by: Actor) -> None:
    """It has the berth now, or again: what it has come to by now."""
    papers = Papers.of(interest)
    say(interest, Trigger.INTEREST_LINKED, by=by)
    if DocumentType.EOI in papers.signed:
        say(interest, Trigger.EOI_SIGNED, by=by)
    if papers.is_tenth_of(interest.expected_value):
        say(interest, Trigger.DEPOSIT_RECEIVED, by=by)
    if DocumentType.CONTRACT in papers.signed:
        say(interest, Trigger.CONTRACT_SIGNED, by=by)


def say_again(interest: Interest, *, by: Actor) -> None:
    """Something that it had come to was taken back. Where nothing is left of it the berth goes, as if it were lost."""
    if interest.berth_id is None or not interest.is_open or interest.berth_id in earned([interest.berth_id]):
        return
    let_go({interest.berth_id: interest.name}, but=[interest.id], by=by)
    say(interest, Trigger.INTEREST_LINKED, by=by)


def let_go(berths: Mapping[uuid.UUID, str], *, but: Collection[uuid.UUID], by: Actor) -> None:
    """These interests (`but`) want the berths no more; `berths`: what is kept with each, by their ids. One that
    somebody else has earned stays as it is."""
    concerned = (Berth.archived_at.is_(None), Berth.status.in_(FREES[Trigger.INTEREST_LOST]))
    found = db.session.scalars(select(Berth).where(Berth.id.in_(berths), *concerned).order_by(Berth.id)).all()
    taken = earned([berth.id for berth in found], but=but)
    for berth in (one for one in found if one.id not in taken):
        triggered(Trigger.INTEREST_LOST, berth, by=by, because=berths[berth.id])


def earned(berth_ids: Collection[uuid.UUID], *, but: Collection[uuid.UUID] = ()) -> set[uuid.UUID]:
    """Those of the berths for which the client of an open interest has signed or paid."""
    from .interest import Interest

    if not berth_ids:
        return set()
    is_open = (Interest.outcome.is_(None), Interest.archived_at.is_(None))
    found = select(Interest.berth_id).where(Interest.berth_id.in_(berth_ids), *is_open, has_earned(Interest))
    others = found.where(Interest.id.not_in(but)) if but else found
    return set(filter(None, db.session.scalars(others.distinct())))


def has_earned(interest: Any) -> ColumnElement[bool]:
    """By its stage, or because it has what the stage asks for."""
    own = (Document.port_id == interest.port_id, Document.interest_id == interest.id)
    signed = select(Document.id).where(*own, Document.status == DocumentStatus.COMPLETED, Document.type.in_(SIGNED))
    own = (Deposit.port_id == interest.port_id, Deposit.interest_id == interest.id)
    paid = select(Deposit.id).where(*own, Deposit.reversed_at.is_(None))
    return or_(interest.stage.in_(EARNING), signed.exists(), paid.exists())
