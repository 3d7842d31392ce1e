"""What interests say of the status of their berths, by the rules of the port.

The berth follows what is linked, signed and paid, at the moment it is recorded, and is let go when nothing of that is
left and nobody else has earned it; where a card lies says nothing by itself. What a contract had made sold goes back
only after somebody was asked.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from ...admin.models import Trigger
from ...berths.models import Berth, BerthStatus, Occupancy
from ...berths.models.occupancy_kind import HOLDING
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


def say_all(interest: Interest, *, by: Actor, papers: Papers | None = None) -> None:
    """It has the berth now, or again: what it has come to by now. `papers` where they are at hand."""
    for trigger in (Trigger.INTEREST_LINKED, *_come_to(interest, papers or Papers.of(interest))):
        say(interest, trigger, by=by)


def say_all_again(interests: Iterable[Interest], *, by: Actor) -> None:
    """Many of one port that are open again, with the papers of all at once; their berths are locked in one order."""
    linked = {interest.id: interest for interest in interests if interest.berth_id is not None}
    if not linked:
        return
    berths = select(Berth).where(Berth.id.in_({one.berth_id for one in linked.values()})).order_by(Berth.id)
    kept = {berth.id: berth for berth in db.session.scalars(berths.with_for_update(key_share=True))}
    documents = db.session.scalars(select(Document).where(Document.interest_id.in_(linked))).all()
    deposits = db.session.scalars(select(Deposit).where(Deposit.interest_id.in_(linked))).all()
    for interest in linked.values():
        signed = [one for one in documents if one.interest_id == interest.id]
        paid = [one for one in deposits if one.interest_id == interest.id]
        if interest.berth_id in kept:
            say_all(interest, by=by, papers=Papers.among(interest, signed, paid))


def say_again(interest: Interest, *, by: Actor) -> None:
    """Something that it had come to was taken back. Where nothing is left of it the berth goes, as if it were lost; of
    one that its contract had made sold somebody is asked."""
    from .interest import Interest

    if interest.berth_id is None or not interest.is_open:
        return
    berth_id, own = interest.berth_id, [interest.id]
    if berth_id in earned([berth_id], but=own):
        return
    if db.session.scalar(select(Interest.id).where(Interest.id == interest.id, has_earned(Interest))) is None:
        let_go({berth_id: interest.name}, but=own, by=by)
        say(interest, Trigger.INTEREST_LINKED, by=by)
        return
    left = _come_to(interest, Papers.of(interest))
    if left and left[-1] != Trigger.CONTRACT_SIGNED:
        for berth in _sold_by_contract([berth_id], of=own):
            triggered(left[-1], berth, by=by, because=interest.name, goes_back=True)


def let_go(berths: Mapping[uuid.UUID, str], *, but: Collection[uuid.UUID], by: Actor) -> None:
    """These interests (`but`), which are linked still, want the berths no more; `berths`: what is kept with each, by
    their ids. One that somebody else has earned or holds stays as it is; of one that a contract of theirs had made sold
    somebody is asked; for who looks at it still it is linked as before."""
    concerned = (Berth.archived_at.is_(None), Berth.status.in_((*FREES[Trigger.INTEREST_LOST], BerthStatus.SOLD)))
    found = select(Berth).where(Berth.id.in_(berths), *concerned).order_by(Berth.id)
    # Locked before anything is asked: who signs for one of them at this moment is waited for, and seen.
    locked = db.session.scalars(found.with_for_update(key_share=True).execution_options(populate_existing=True)).all()
    taken = earned([berth.id for berth in locked], but=but)
    free = [berth for berth in locked if berth.id not in taken]
    sold = _sold_by_contract([berth.id for berth in free if berth.status == BerthStatus.SOLD], of=but)
    for berth in free:
        triggered(Trigger.INTEREST_LOST, berth, by=by, because=berths[berth.id], goes_back=berth in sold)
    for other in _still_linked([berth.id for berth in free], but=but):
        say(other, Trigger.INTEREST_LINKED, by=by)


def earned(berth_ids: Collection[uuid.UUID], *, but: Collection[uuid.UUID] = ()) -> set[uuid.UUID]:
    """Those of the berths for which the client of an open interest has signed or paid, or that are held for one."""
    from .interest import Interest

    if not berth_ids:
        return set()
    has = or_(has_earned(Interest), Interest.occupancy_id.is_not(None))
    found = select(Interest.berth_id).where(*_is_open_on(berth_ids, but), has).distinct()
    return set(filter(None, db.session.scalars(found)))


def _still_linked(berth_ids: Collection[uuid.UUID], *, but: Collection[uuid.UUID]) -> Sequence[Interest]:
    """One of each berth, the latest."""
    from .interest import Interest

    if not berth_ids:
        return []
    found = select(Interest).where(*_is_open_on(berth_ids, but)).ext(distinct_on(Interest.berth_id))
    return db.session.scalars(found.order_by(Interest.berth_id, Interest.id.desc())).all()


def _is_open_on(berth_ids: Collection[uuid.UUID], but: Collection[uuid.UUID]) -> tuple[ColumnElement[bool], ...]:
    from .interest import Interest

    is_open = (Interest.outcome.is_(None), Interest.archived_at.is_(None))
    return Interest.berth_id.in_(berth_ids), Interest.id.not_in(but), *is_open


def _sold_by_contract(berth_ids: Collection[uuid.UUID], *, of: Collection[uuid.UUID]) -> Sequence[Berth]:
    """Those that are sold, for which one of these interests has a contract or had one that is void, and that nobody has
    by a stay."""
    from .interest import Interest

    if not berth_ids:
        return []
    contract = select(Document.id).where(
        Document.port_id == Interest.port_id,
        Document.interest_id == Interest.id,
        Document.type == DocumentType.CONTRACT,
    )
    stay = select(Occupancy.id).where(
        Occupancy.port_id == Berth.port_id,
        Occupancy.berth_id == Berth.id,
        Occupancy.kind.in_(HOLDING),
        Occupancy.is_standing(),
    )
    theirs = select(Interest.berth_id).where(Interest.id.in_(of), contract.exists())
    found = select(Berth).where(Berth.id.in_(berth_ids), Berth.id.in_(theirs), Berth.status == BerthStatus.SOLD)
    return db.session.scalars(found.where(~stay.exists()).order_by(Berth.id)).all()


def _come_to(interest: Interest, papers: Papers) -> list[Trigger]:
    """In the order in which the berth goes on by it."""
    steps = {
        Trigger.EOI_SIGNED: DocumentType.EOI in papers.signed,
        Trigger.DEPOSIT_RECEIVED: papers.is_tenth_of(interest.expected_value),
        Trigger.CONTRACT_SIGNED: DocumentType.CONTRACT in papers.signed,
    }
    return [trigger for trigger, is_so in steps.items() if is_so]


def has_earned(interest: Any) -> ColumnElement[bool]:
    """By its stage, or because anything was signed or paid for it."""
    own = (Document.port_id == interest.port_id, Document.interest_id == interest.id)
    signed = select(Document.id).where(*own, Document.status == DocumentStatus.COMPLETED, Document.type.in_(SIGNED))
    own = (Deposit.port_id == interest.port_id, Deposit.interest_id == interest.id)
    paid = select(Deposit.id).where(*own, Deposit.reversed_at.is_(None))
    return or_(interest.stage.in_(EARNING), signed.exists(), paid.exists())
