"""The board of interests: a column for each stage with its newest cards, and what stands above them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Self
from urllib.parse import parse_qsl

from sqlalchemy import Select, func, select, tuple_, union_all

from ..current import CurrentPort, Member
from ..db import db, now
from ..paging import Cursor, Filter, Sort
from .labels import STAGES
from .models import Interest, Outcome, Stage
from .queries import filtered, row_columns

AT_FIRST = 20  # cards of a column; as many more come each time
MOST = 500  # that an address can ask for; what follows still comes by itself
SINCE = Sort("since", "", Interest.stage_since, descending=True)
NEWEST = (Interest.stage_since.desc(), Interest.id.desc())


@dataclass(frozen=True)
class Head:
    """What stands above a column: how many cards it has, and their value in each currency."""

    stage: Stage
    label: str
    count: int
    sums: Sequence[tuple[Decimal, str]]


@dataclass(frozen=True)
class Cards:
    """Some cards of a column, the newest first; `after` is where the next ones begin, None where there are none."""

    stage: Stage
    rows: Sequence[Any]
    after: str | None


@dataclass(frozen=True)
class Column:
    head: Head
    cards: Cards


def board_of(who: Member, address: Address) -> list[Column]:
    """Two statements: what stands above the columns, and the cards."""
    scope = filtered(Interest.visible_to(who), address.filters, who)
    sizes = {stage: address.shown.get(stage, AT_FIRST) for stage in Stage}
    ids = union_all(*(_newest(scope, stage, size + 1) for stage, size in sizes.items())).subquery()
    rows = _rows(select(Interest).where(Interest.id.in_(select(ids.c.id))))
    cut = (_cut(stage, [row for row in rows if row.stage == stage], size) for stage, size in sizes.items())
    return [Column(head, cards) for head, cards in zip(_heads(scope), cut, strict=True)]


def cards_after(who: Member, filters: Sequence[Filter], stage: Stage, after: str) -> Cards:
    """Aborts with 400 for a cursor that no board of ours wrote."""
    cursor = Cursor.read(after, SINCE, backwards=False)
    scope = filtered(Interest.visible_to(who), filters, who)
    further = scope.where(tuple_(Interest.stage_since, Interest.id) < tuple_(cursor.value, cursor.id))
    ids = _newest(further, stage, AT_FIRST + 1).subquery()
    return _cut(stage, _rows(select(Interest).where(Interest.id.in_(select(ids.c.id)))), AT_FIRST)


def place_of(number: int, card: Any, stages: Iterable[str], port: CurrentPort) -> dict[str, Any]:
    """Where an interest stands now, for boards that are open: its card, if it has one, and what is above these."""
    heads = heads_of(port.id)
    about = {"number": number, "card": card, "port": port, "today": now()}
    return {**about, "heads": [head for head in heads if head.stage in stages], "total": open_in(heads)}


def heads_of(port_id: uuid.UUID) -> list[Head]:
    """Above all columns without filters: one statement."""
    return _heads(select(Interest).where(Interest.port_id == port_id, Interest.archived_at.is_(None)))


@dataclass(frozen=True)
class Total:
    """How many interests are open, and what is expected of them in each currency."""

    count: int
    sums: Sequence[tuple[Decimal, str]]


def open_in(heads: Iterable[Head]) -> Total:
    still = [head for head in heads if head.stage != Stage.COMPLETED]
    sums: dict[str, Decimal] = {}
    for value, currency in (one for head in still for one in head.sums):
        sums[currency] = sums.get(currency, Decimal(0)) + value
    return Total(sum(head.count for head in still), [(value, currency) for currency, value in sorted(sums.items())])


@dataclass(frozen=True)
class Address:
    """What the address of a board says: its filters, and of which columns it shows more than at first."""

    filters: Sequence[Filter]
    shown: Mapping[Stage, int]

    @classmethod
    def read(cls, filters: Sequence[Filter], query: str) -> Self:
        """`shown=open.40` of the query; what no board of ours wrote is left out."""
        asked = (value.partition(".") for name, value in parse_qsl(query) if name == "shown")
        counts = {stage: int(count) for stage, _dot, count in asked if re.fullmatch("[0-9]{2,5}", count)}
        return cls(filters, {stage: min(counts[stage], MOST) for stage in Stage if counts.get(stage, 0) > AT_FIRST})

    @property
    def kept(self) -> dict[str, str]:
        return {one.name: one.value for one in self.filters if one.value}

    @property
    def values(self) -> dict[str, Any]:
        return {**self.kept, "shown": [f"{stage}.{count}" for stage, count in self.shown.items()]}

    def longer(self, stage: Stage) -> Self:
        """With the next cards of that column."""
        count = min(self.shown.get(stage, AT_FIRST) + AT_FIRST, MOST)
        return replace(self, shown={**self.shown, stage: count})


def _newest(scope: Select[Any], stage: Stage, most: int) -> Select[Any]:
    """By the index of what is open, or of what was won."""
    is_won = stage == Stage.COMPLETED
    standing = Interest.outcome == Outcome.WON if is_won else Interest.outcome.is_(None)
    return scope.where(Interest.stage == stage, standing).with_only_columns(Interest.id).order_by(*NEWEST).limit(most)


def _rows(shown: Select[Any]) -> Sequence[Any]:
    return db.session.execute(row_columns(shown).order_by(*NEWEST)).all()


def _cut(stage: Stage, rows: Sequence[Any], size: int) -> Cards:
    kept = rows[:size]
    after = Cursor(kept[-1].stage_since, kept[-1].id).written() if len(rows) > size else None
    return Cards(stage, kept, after)


def _heads(scope: Select[Any]) -> list[Head]:
    on_board = scope.where(Interest.outcome.is_(None) | (Interest.outcome == Outcome.WON))
    counted = on_board.with_only_columns(
        Interest.stage,
        Interest.currency,
        func.count().label("interests"),
        func.sum(Interest.expected_value).label("value"),
    ).group_by(Interest.stage, Interest.currency)
    totals = db.session.execute(counted).all()
    return [
        Head(
            stage,
            str(label),
            sum(row.interests for row in totals if row.stage == stage),
            [(row.value, row.currency) for row in totals if row.stage == stage and row.value],
        )
        for stage, label in STAGES
    ]
