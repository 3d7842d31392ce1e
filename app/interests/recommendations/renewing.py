"""Keeping recommendations up to date.

What changes a berth or an interest marks the interests it may matter to (`berth_lookouts.stale_since`), by one
statement; whoever works marks off looks again, by one statement for all berths of each interest. Marks of a hundred
changes are one mark, so an interest is looked at once for all of them. Who marks waits until nobody is in the middle of
looking, so that no look that began before the change is taken for one after it.

Of a berth that changes an interest hears where the berth is among those kept for it, or where its boat fits there and
the berth may score enough to be among them. So a change compares thousands of interests with one berth by their sizes,
and only the few that matter are compared with all berths.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, exists, func, or_, select, text, update
from sqlalchemy.orm import joinedload
from uuid_utils.compat import uuid7

from ... import formats
from ...berths.models import Berth
from ...berths.models.fit import BOUNDS, clearances_of
from ...bulk import insert_many
from ...current import CurrentPort
from ...db import db, now
from ...events.models import System, record
from ...vessels.models import Vessel
from ..models import Interest
from .finding import ALIKE, KEPT, Candidate, find
from .models import Lookout, Origin, Recommendation
from .score import MEASURED, OF, room
from .wish import Wish

AT_ONCE = 10  # interests that are looked at in one transaction
LOCK = "hashtextextended('recommendations ' || CAST(:port AS text), 0)"
LOCK_LOOKS = text(f"SELECT pg_advisory_xact_lock({LOCK})")
SHARE_LOOKS = text(f"SELECT pg_advisory_xact_lock_shared({LOCK})")
ELSE = sum(OF.values()) - sum(OF[part] for part in MEASURED)


# --- Marking ------------------------------------------------------------------------------------------------------


def mark_all(port_id: uuid.UUID) -> int:
    """Every open interest is to be looked at again; how many were not marked yet."""
    db.session.execute(LOCK_LOOKS, {"port": port_id})
    without = ~exists().where(Lookout.port_id == Interest.port_id, Lookout.interest_id == Interest.id)
    new = db.session.scalars(open_ones(port_id).where(without).with_only_columns(Interest.id)).all()
    insert_many(Lookout, [new_one(port_id, one) for one in new], ends="ON CONFLICT DO NOTHING RETURNING id")
    return len(new) + mark(port_id, open_ones(port_id).with_only_columns(Interest.id))


def mark_interest(interest: Interest) -> int:
    db.session.execute(LOCK_LOOKS, {"port": interest.port_id})
    row = new_one(interest.port_id, interest.id)
    new = insert_many(Lookout, [row], ends="ON CONFLICT DO NOTHING RETURNING id")
    same = open_ones(interest.port_id).where(Interest.id == interest.id)
    return len(new) or mark(interest.port_id, same.with_only_columns(Interest.id))


def mark_vessel(port_id: uuid.UUID, vessel_id: uuid.UUID) -> int:
    """The interests in whose name a vessel stands."""
    db.session.execute(LOCK_LOOKS, {"port": port_id})
    return mark(port_id, open_ones(port_id).where(Interest.vessel_id == vessel_id).with_only_columns(Interest.id))


def mark_berth(berth: Berth, port: CurrentPort) -> int:
    db.session.execute(LOCK_LOOKS, {"port": berth.port_id})
    here = (Recommendation.port_id == berth.port_id, Recommendation.berth_id == berth.id)
    touched: Any = select(Recommendation.interest_id).where(*here)
    if not berth.is_archived:
        touched = touched.union(who_may_want(berth, clearances_of(port)))
    return mark(berth.port_id, touched)


def mark(port_id: uuid.UUID, interests: Any) -> int:
    marked = db.session.execute(
        update(Lookout)
        .where(Lookout.port_id == port_id, Lookout.stale_since.is_(None), Lookout.interest_id.in_(interests))
        .values(stale_since=now())
        .execution_options(synchronize_session=False)
    )
    return int(getattr(marked, "rowcount", 0))


def new_one(port_id: uuid.UUID, interest_id: uuid.UUID) -> dict[str, Any]:
    marked = {"stale_since": now().isoformat(), "looked_at": None, "suiting": 0, "lowest": 0}
    return {"id": uuid7(), "port_id": port_id, "interest_id": interest_id, **marked}


def open_ones(port_id: uuid.UUID) -> Select[Interest]:
    return select(Interest).where(
        Interest.port_id == port_id, Interest.outcome.is_(None), Interest.archived_at.is_(None)
    )


def who_may_want(berth: Berth, clearances: Mapping[str, Any]) -> Select[Any]:
    """The open interests whose boat fits on the berth, and for which it may be one of the best: its room counts as it
    is, everything else as good as it can be."""
    own = {"loa": Interest.loa, "beam": Interest.beam, "draft": Interest.draft}
    needs: dict[str, ColumnElement[Any]] = {
        name: func.coalesce(*vessel_columns(name), *([own[name]] if name in own else [])) for name in BOUNDS
    }
    bounds = {name: getattr(berth, bound) for name, bound in BOUNDS.items()}
    fits = [
        or_(needs[name].is_(None), needs[name] + clearances[name] <= bound)
        for name, bound in bounds.items()
        if bound is not None
    ]
    if berth.min_loa is not None:
        fits.append(or_(needs["loa"].is_(None), needs["loa"] >= berth.min_loa))
    most: Any = ELSE
    for part, name in MEASURED.items():
        need = needs[name] + clearances[name]
        most = most + case((needs[name].is_(None), OF[part]), else_=room(part, need, Berth.__table__.c[BOUNDS[name]]))
    return (
        open_ones(berth.port_id)
        .with_only_columns(Interest.id)
        .join(Lookout, (Lookout.port_id == Interest.port_id) & (Lookout.interest_id == Interest.id))
        .join(Berth, (Berth.port_id == Interest.port_id) & (Berth.id == berth.id))
        .outerjoin(Vessel, (Vessel.port_id == Interest.port_id) & (Vessel.id == Interest.vessel_id))
        .where(*fits, most >= Lookout.lowest)
    )


def vessel_columns(name: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return getattr(Vessel, f"{name}_measured"), getattr(Vessel, f"{name}_declared")


# --- Looking again ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Looked:
    """`changed`: the interests of which something is other than before; `busy`: those that somebody is at work on, and
    that are to be looked at in a moment; `is_done`: none is left."""

    changed: list[uuid.UUID]
    busy: set[uuid.UUID]
    is_done: bool


def work_off(port: CurrentPort) -> Looked:
    """Look again for the interests that have waited longest and no other worker has in hand. It waits for nobody while
    it holds a lock, so nobody who erases or changes an interest ever waits for it in turn."""
    db.session.execute(SHARE_LOOKS, {"port": port.id})
    waiting = (
        select(Lookout)
        .where(Lookout.port_id == port.id, Lookout.stale_since.is_not(None))
        .order_by(Lookout.stale_since, Lookout.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    lookouts = {one.interest_id: one for one in db.session.scalars(waiting)}
    still_open = open_ones(port.id).where(Interest.id.in_(lookouts))
    locked = still_open.with_for_update(key_share=True, read=True, of=Interest, skip_locked=True)
    interests = db.session.scalars(locked.options(joinedload(Interest.vessel)).order_by(Interest.id)).unique().all()
    busy = set(db.session.scalars(still_open.with_only_columns(Interest.id))) - {one.id for one in interests}
    kept = kept_of(port.id, [one.id for one in interests])
    with formats.use(port):
        found = {one.id: renew(one, lookouts[one.id], kept.get(one.id, []), port) for one in interests}
    for interest_id in set(lookouts) - busy:
        lookouts[interest_id].stale_since = None
    return Looked([one for one, is_changed in found.items() if is_changed], busy, set(lookouts) <= busy)


def kept_of(port_id: uuid.UUID, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Recommendation]]:
    """What is kept of each of these interests, the best first, as they are found."""
    found: dict[uuid.UUID, list[Recommendation]] = {}
    rows = select(Recommendation).where(Recommendation.port_id == port_id, Recommendation.interest_id.in_(ids))
    rows = rows.join(Recommendation.berth).order_by(Recommendation.score.desc(), *ALIKE)
    for one in db.session.scalars(rows.execution_options(populate_existing=True)):
        found.setdefault(one.interest_id, []).append(one)
    return found


def renew(interest: Interest, lookout: Lookout, kept: Sequence[Recommendation], port: CurrentPort) -> bool:
    """Whether anything is other than before."""
    named = [one.berth_id for one in kept if is_named(one)]
    found = find(Wish.of(interest, port), named=named)
    auto = [one for one in found.best if one.suits and one.row.id not in named][:KEPT]
    before = {one.berth_id: one for one in kept}
    lookout.looked_at, lookout.suiting = now(), found.suiting
    lookout.lowest = auto[-1].score if len(auto) == KEPT else 0
    written = write(interest, [one for one in found.best if one.row.id in named] + auto, before)
    gone = set(before) - set(named) - {one.row.id for one in auto}
    forget(interest, gone)
    note_best(interest, [one for one in kept if one.dismissed_at is None and not is_named(one)], auto)
    return bool(written or gone)


def is_named(one: Recommendation) -> bool:
    return one.source == Origin.MANUAL or one.dismissed_at is not None


def write(interest: Interest, found: Sequence[Candidate], before: Mapping[uuid.UUID, Recommendation]) -> int:
    """Those that are new or of which score or reasons are others. What a person said meanwhile is left as it is."""
    said = [(one, [reason.model_dump(exclude_defaults=True) for reason in one.reasons]) for one in found]
    rows = [
        {
            "id": uuid7(),
            "port_id": interest.port_id,
            "interest_id": interest.id,
            "berth_id": one.row.id,
            "score": one.score,
            "reasons": reasons,
            "source": Origin.AUTO,
            "note": "",
            "created_at": now().isoformat(),
            "updated_at": now().isoformat(),
        }
        for one, reasons in said
        if not (old := before.get(one.row.id)) or (old.score, old.reasons) != (one.score, reasons)
    ]
    what = "score = excluded.score, reasons = excluded.reasons, updated_at = excluded.updated_at"
    return len(
        insert_many(
            Recommendation,
            rows,
            ends=f"ON CONFLICT (port_id, interest_id, berth_id) DO UPDATE SET {what} RETURNING id",
        )
    )


def forget(interest: Interest, berths: Collection[uuid.UUID]) -> None:
    """What is no longer among the best; not what a person said something of meanwhile."""
    if berths:
        db.session.execute(
            delete(Recommendation)
            .where(
                Recommendation.port_id == interest.port_id,
                Recommendation.interest_id == interest.id,
                Recommendation.berth_id.in_(berths),
                Recommendation.source == Origin.AUTO,
                Recommendation.dismissed_at.is_(None),
            )
            .execution_options(synchronize_session=False)
        )


def note_best(interest: Interest, kept: Sequence[Recommendation], found: Sequence[Candidate]) -> None:
    """One event where another berth is the best; who looked at it all day is not told of every point."""
    best = found[0].row if found else None
    if best is not None and (not kept or kept[0].berth_id != best.id):
        record(
            "interest:recommendationsGenerated",
            by=System(),
            subject_type=interest.subject_type,
            subject_id=interest.id,
            port_id=interest.port_id,
            number=interest.number,
            count=len(found),
            top_berth_id=best.id,
            berth=best.code,
        )
