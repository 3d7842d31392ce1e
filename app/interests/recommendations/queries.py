"""What the card, the page of an interest and the page of a berth show."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select

from ...berths.models import Berth, Dock, Harbour
from ...berths.models.berth import berth_name
from ...cards import card
from ...clients.models import Client
from ...db import db
from ...identity.models import User
from ...sorting import sort_name
from ..models import Interest
from ..models.wanted import size_for
from .finding import ALIKE, Candidate
from .models import Lookout, Origin, Reason, Recommendation
from .wish import days_of

ON_CARD = 5
ON_PAGE = 100
OF_A_BERTH = 50
OFFERED = 8  # in a field for a berth

ROW = (
    Recommendation.berth_id,
    Recommendation.score,
    Recommendation.reasons,
    Recommendation.source,
    Recommendation.note,
    Recommendation.dismissed_at,
    User.name.label("by_name"),
    Berth.number,
    Berth.code,
    Berth.max_loa,
    Berth.max_beam,
    Dock.name.label("dock_name"),
    Harbour.name.label("harbour_name"),
)


@dataclass(frozen=True)
class Shown:
    """A recommendation as the card and the pages show it."""

    berth_id: uuid.UUID
    number: int
    name: str
    harbour: str
    size: tuple[Any, Any]
    score: int
    reasons: Sequence[Reason]
    is_manual: bool = False
    is_dismissed: bool = False
    note: str = ""
    by_name: str | None = None
    unfit: str = ""

    @property
    def suits(self) -> bool:
        return all(one.part != "unfit" for one in self.reasons)

    @property
    def price(self) -> Reason | None:
        return next((one for one in self.reasons if one.part == "price" and one.amount), None)


@dataclass(frozen=True)
class Card:
    """`looked_at` is None until somebody has looked for the first time."""

    best: Sequence[Shown]
    suiting: int
    looked_at: datetime | None
    missing: str


def rows_of(interest: Interest) -> Any:
    return (
        select(Lookout.suiting, Lookout.looked_at, *ROW)
        .select_from(Lookout)
        .outerjoin(
            Recommendation,
            and_(
                Recommendation.port_id == Lookout.port_id,
                Recommendation.interest_id == Lookout.interest_id,
            ),
        )
        .outerjoin(Berth, and_(Berth.port_id == Lookout.port_id, Berth.id == Recommendation.berth_id))
        .outerjoin(Dock, and_(Dock.port_id == Lookout.port_id, Dock.id == Berth.dock_id))
        .outerjoin(Harbour, and_(Harbour.port_id == Lookout.port_id, Harbour.id == Dock.harbour_id))
        .outerjoin(User, User.id == Recommendation.by_id)
        .where(Lookout.port_id == interest.port_id, Lookout.interest_id == interest.id)
        .order_by(
            Recommendation.dismissed_at.is_not(None),
            Recommendation.source.desc(),  # manual before auto
            Recommendation.score.desc(),
            *ALIKE,
        )
    )


@card("recommendations", "interest")
def on_card(interest: Interest) -> Any:
    """What was named, then what was found, the best first."""
    return rows_of(interest).limit(ON_CARD)


def best_of(interest: Interest, rows: Sequence[Any] | None = None) -> Card:
    """`rows`: as `on_card` gives them, where the page has read them with its other cards."""
    rows = db.session.execute(on_card(interest)).all() if rows is None else rows
    best = [shown(row) for row in rows if row.berth_id is not None and row.dismissed_at is None]
    first = rows[0] if rows else None
    return Card(
        best,
        first.suiting if first else 0,
        first.looked_at if first else None,
        missing_in(interest),
    )


def offered(interest: Interest, typed: str) -> list[Shown]:
    """What was recommended and begins as typed, the best first; one statement."""
    word = _glued(typed)
    rows = db.session.execute(rows_of(interest).limit(ON_PAGE))
    kept = [shown(row) for row in rows if row.berth_id is not None and row.dismissed_at is None]
    return [one for one in kept if _glued(one.name).startswith(word) or str(one.number) == word][:OFFERED]


def _glued(words: str) -> str:
    return sort_name(words).replace(" ", "")


def missing_in(interest: Interest) -> str:
    """As `Wish.missing`, of an interest with its vessel at hand and without what the port settled."""
    size = size_for(interest, interest.vessel)
    if not (size["loa"] or size["beam"]):
        return "size"
    return "" if days_of(interest)[1] else "time"


def said_of(interest: Interest) -> dict[uuid.UUID, Shown]:
    """What people said of berths, for the page on which all are looked for anew; one statement."""
    said = rows_of(interest).where((Recommendation.source == Origin.MANUAL) | Recommendation.dismissed_at.is_not(None))
    return {row.berth_id: shown(row) for row in db.session.execute(said)}


def found_of(found: Sequence[Candidate], said: Mapping[uuid.UUID, Shown]) -> list[Shown]:
    """What was found anew, with what people said of it: those that were dismissed last."""
    both = [
        Shown(
            one.row.id,
            one.row.number,
            berth_name(one.row.dock_name, one.row.code),
            one.row.harbour_name,
            (one.row.max_loa, one.row.max_beam),
            one.score,
            one.reasons,
            unfit=" ".join(one.fit.reasons),
            **words_of(said.get(one.row.id)),
        )
        for one in found
    ]
    return sorted(both, key=lambda one: (one.is_dismissed, not one.is_manual))


def words_of(said: Shown | None) -> dict[str, Any]:
    if said is None:
        return {}
    names = ("is_manual", "is_dismissed", "note", "by_name")
    return {name: getattr(said, name) for name in names}


def shown(row: Any) -> Shown:
    return Shown(
        row.berth_id,
        row.number,
        berth_name(row.dock_name, row.code),
        row.harbour_name,
        (row.max_loa, row.max_beam),
        row.score,
        [Reason(**one) for one in row.reasons],
        is_manual=row.source == Origin.MANUAL,
        is_dismissed=row.dismissed_at is not None,
        note=row.note,
        by_name=row.by_name,
    )


@dataclass(frozen=True)
class Wanting:
    """An interest for which a berth is one of the best."""

    number: int
    client_name: str
    stage: str
    score: int
    reasons: Sequence[Reason]
    has_it: bool


def wanting(berth: Berth) -> list[Wanting]:
    """One statement."""
    rows = db.session.execute(
        select(
            Interest.number,
            Interest.stage,
            Interest.berth_id,
            Client.full_name.label("client_name"),
            Recommendation.score,
            Recommendation.reasons,
        )
        .join(
            Recommendation,
            and_(Recommendation.port_id == Interest.port_id, Recommendation.interest_id == Interest.id),
        )
        .join(Client, and_(Client.port_id == Interest.port_id, Client.id == Interest.client_id))
        .where(
            Recommendation.port_id == berth.port_id,
            Recommendation.berth_id == berth.id,
            Recommendation.dismissed_at.is_(None),
            Interest.outcome.is_(None),
            Interest.archived_at.is_(None),
        )
        .order_by(Recommendation.score.desc(), Interest.number)
        .limit(OF_A_BERTH)
    )
    return [
        Wanting(
            row.number,
            row.client_name,
            row.stage,
            row.score,
            [Reason(**one) for one in row.reasons],
            row.berth_id == berth.id,
        )
        for row in rows
    ]
