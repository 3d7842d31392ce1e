"""The berths that suit an interest, the best first: one statement, whatever the harbour holds."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Numeric,
    Select,
    String,
    Uuid,
    and_,
    case,
    column,
    func,
    literal,
    null,
    or_,
    select,
)

from ...berths.models import Berth, BerthStatus, Dock, Fit, Harbour, fit
from ...db import db
from ...prices.models.pricing import with_amount
from ..models import Interest
from .models import Reason
from .score import MEASURED, OF, points, suits
from .wish import Wish

KEPT = 20
# Of two that suit alike the shorter one first, so that the long ones stay for who needs them.
ALIKE = (Berth.length, Berth.sort_place, Berth.id)
DAY = 24 * 60 * 60
LEAP = 60 * 60  # by which a day is shorter in spring


@dataclass(frozen=True)
class Candidate:
    """A berth and how well it suits; `row` as in a list of berths. `suits` is false for one that was asked for by name
    and would not be recommended."""

    row: Any
    fit: Fit
    suits: bool
    score: int
    reasons: tuple[Reason, ...]

    @property
    def price(self) -> Reason:
        return next((one for one in self.reasons if one.part == "price"), NO_PRICE)


NO_PRICE = Reason(part="price", points=0, of=0, how="unknown")


@dataclass(frozen=True)
class Findings:
    """`suiting`: how many berths suit, of which `best` are the first."""

    best: list[Candidate]
    suiting: int = 0


def find(wish: Wish, *, named: Collection[uuid.UUID] = (), most: int = KEPT) -> Findings:
    """The best berths, and those `named` whatever they are like, which come first. One statement; where no budget tells
    the database to look at prices, one more for those of the best."""
    if wish.missing:
        return Findings([])
    rows = db.session.execute(candidates(wish, named).limit(most + len(named))).all()
    prices = {row.id: (row.amount, row.currency) for row in rows} if wish.budget else prices_of(wish, rows)
    best = [candidate(row, wish, *prices.get(row.id, (None, None))) for row in rows]
    kept = [one for one in best if one.suits or one.row.id in named]
    return Findings(kept, rows[0].suiting if rows else 0)


def prices_of(wish: Wish, rows: Collection[Any]) -> dict[uuid.UUID, tuple[Decimal | None, str | None]]:
    scope = select(Berth.id).join(Dock, on_dock()).where(Berth.id.in_([row.id for row in rows]))
    priced, amount, currency = with_amount(scope, wish.term, wish.asked)
    found = db.session.execute(priced.add_columns(amount.label("amount"), currency.label("currency")))
    return {row.id: (row.amount, row.currency) for row in found}


def on_dock() -> ColumnElement[bool]:
    return and_(Dock.port_id == Berth.port_id, Dock.id == Berth.dock_id)


def candidates(wish: Wish, named: Collection[uuid.UUID]) -> Select[Any]:
    busy = time_taken(wish)
    taken = func.coalesce(busy.c.seconds, literal(0, Float))
    others = rivals_of(wish)
    rivals = func.coalesce(others.c.rivals, 0)
    scope = (
        select(Berth.id, Berth.number, Berth.code, Berth.status, Berth.tenure, Berth.archived_at)
        .add_columns(Berth.min_loa, Berth.max_loa, Berth.max_beam, Berth.depth, Berth.max_height)
        .add_columns(Dock.name.label("dock_name"), Harbour.name.label("harbour_name"))
        .join(Dock, on_dock())
        .join(Harbour, and_(Harbour.port_id == Dock.port_id, Harbour.id == Dock.harbour_id))
        .outerjoin(busy, busy.c.berth_id == Berth.id)
        .outerjoin(others, others.c.berth_id == Berth.id)
        .where(Berth.port_id == wish.port_id)
    )
    amount, currency = null().cast(Numeric), null().cast(String)
    if wish.budget:
        scope, amount, currency = with_amount(scope, wish.term, wish.asked)  # type: ignore[assignment]  # any expression
    parts = points(wish, taken=taken, rivals=rivals, amount=amount, currency=currency)
    does = suits(wish, taken)
    score = case((does, reduce(add, parts.values())), else_=0).label("score")
    is_named = Berth.id.in_(named)
    return (
        scope.add_columns(*(of.label(f"{part}_points") for part, of in parts.items()))
        .add_columns(taken.label("taken"), rivals.label("rivals"), amount.label("amount"), currency.label("currency"))
        .add_columns(does.label("suits"), score, func.count().filter(does).over().label("suiting"))
        .where(or_(does, is_named) if named else does)
        .order_by(*([is_named.desc()] if named else []), score.desc(), *ALIKE)
    )


def time_taken(wish: Wish) -> Any:
    """Seconds of the wanted time, of each berth that somebody else has in it (see migration 0059)."""
    found = func.berths_time_taken(wish.during.lower, wish.during.upper, wish.occupancy_id)
    return found.table_valued(column("berth_id", Uuid()), column("seconds", Float())).render_derived(name="busy")


def rivals_of(wish: Wish) -> Any:
    """How many other open interests have which berth."""
    return (
        select(Interest.berth_id, func.count().label("rivals"))
        .where(
            Interest.port_id == wish.port_id,
            Interest.berth_id.is_not(None),
            Interest.id != wish.interest_id,
            Interest.outcome.is_(None),
            Interest.archived_at.is_(None),
        )
        .group_by(Interest.berth_id)
        .subquery("others")
    )


# --- What the rows mean -------------------------------------------------------------------------------------------


def candidate(row: Any, wish: Wish, amount: Decimal | None, currency: str | None) -> Candidate:
    """The one `fit` decides, whatever the statement let through."""
    found = fit(wish.size, row, wish.clearances)
    if not (row.suits and found.fits):
        return Candidate(row, found, False, 0, (Reason(part="unfit", points=0, of=100, how=why_not(row, wish, found)),))
    given = {part: {"part": part, "points": getattr(row, f"{part}_points"), "of": of} for part, of in OF.items()}
    says = {
        **{part: room_facts(found, name, wish) for part, name in MEASURED.items()},
        "dates": date_facts(row, wish),
        "price": price_facts(wish, amount, currency),
        "status": {"how": row.status},
        "rivals": {"how": "others" if row.rivals else "nobody", "value": str(row.rivals or "")},
        "tenure": tenure_facts(row, wish),
    }
    reasons = tuple(Reason(**(given[part] | says[part])) for part in OF)
    return Candidate(row, found, True, row.score, reasons)


def why_not(row: Any, wish: Wish, found: Fit) -> str:
    if row.archived_at is not None:
        return "archived"
    if not found.fits:
        return "size"
    return "taken" if row.taken >= wish.seconds else str(BerthStatus(row.status))


def room_facts(found: Fit, name: str, wish: Wish) -> dict[str, str]:
    margin = next(one for one in found.margins if one.name == name)
    if wish.size[name] is None:
        return {"how": "not_asked"}
    return {"how": "unknown"} if margin.spare is None else {"how": "spare", "value": str(margin.spare)}


def date_facts(row: Any, wish: Wish) -> dict[str, str]:
    if row.taken <= 0:
        return {"how": "free"}
    days = round(wish.seconds / DAY)
    free = int((wish.seconds - row.taken + LEAP) // DAY)
    return {"how": "partly", "value": str(free), "whole": str(days)}


def price_facts(wish: Wish, amount: Decimal | None, currency: str | None) -> dict[str, str]:
    if amount is None or currency is None:
        return {"how": "unknown" if wish.budget else "not_asked"}
    facts = {"amount": str(amount), "currency": currency, "term": wish.term}
    if not wish.budget:
        return {"how": "not_asked", **facts}
    if currency != wish.currency:
        return {"how": "elsewhere", **facts}
    return {"how": "within" if amount <= wish.budget else "above", **facts}


def tenure_facts(row: Any, wish: Wish) -> dict[str, str]:
    if not wish.tenure:
        return {"how": "not_asked"}
    return {"how": "as_wanted" if row.tenure == wish.tenure else "other", "value": row.tenure}
