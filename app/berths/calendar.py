"""What lies on the berths of a dock from day to day: rows of berths, and on each the stays one after another."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Row, and_, or_, select, text
from sqlalchemy.orm import contains_eager

from ..clients.models import Client
from ..current import Member
from ..db import db
from ..formats import in_force, today, zone
from ..numbers import has_number
from ..paging import Page, Sort, paginate
from ..vessels.models import Vessel
from .models import Absence, Berth, Dock, Harbour, Occupancy, OccupancyKind
from .models.occupancy_kind import BLOCKS
from .queries import row_columns

LENGTHS = (14, 21, 42, 84)
DAY = timedelta(days=1)
WEEK = 7
# From here on free places are as wide as a week, and heads name weeks.
BY_WEEKS = 43
SORTS = (Sort("name", "", Berth.sort_place),)


@dataclass(frozen=True)
class Span:
    """The days shown. Columns are halves of them, since boats change at noon."""

    first: date
    days: int

    @property
    def last(self) -> date:
        return self.first + DAY * (self.days - 1)

    @property
    def columns(self) -> int:
        return self.days * 2

    @property
    def earlier(self) -> date:
        return self.first - DAY * self._step

    @property
    def later(self) -> date:
        return self.first + DAY * self._step

    @property
    def _step(self) -> int:
        return max(self.days // WEEK - 1, 1) * WEEK

    @property
    def is_by_weeks(self) -> bool:
        return self.days >= BY_WEEKS

    @property
    def ends(self) -> tuple[datetime, datetime]:
        """Midnight to midnight in the port in force."""
        there = zone(in_force().timezone)
        begin, end = (datetime(day.year, day.month, day.day, tzinfo=there) for day in (self.first, self.last + DAY))
        return begin, end

    def column(self, moment: datetime, *, is_end: bool = False) -> int:
        """The half day in which it lies; of an end, the first one that is free again."""
        local = moment.astimezone(zone(in_force().timezone)).replace(tzinfo=None)
        days = (local.date() - self.first).days
        hours = local.hour + local.minute / 60
        half = -(-hours // 12) if is_end else hours // 12
        return days * 2 + int(half)

    def day_of(self, column: int) -> date:
        """The day on which the night begins that has this half day."""
        return self.first + DAY * ((column - 1) // 2)

    def day_heads(self) -> list[date]:
        return [self.first + DAY * at for at in range(self.days)]

    def weeks(self) -> list[tuple[date, int]]:
        """The first day and the columns of each, as far as it is shown."""
        return self._parts(lambda day: day - DAY * day.weekday())

    def months(self) -> list[tuple[date, int]]:
        return self._parts(lambda day: day.replace(day=1))

    def _parts(self, first_of: Callable[[date], date]) -> list[tuple[date, int]]:
        grouped = groupby(self.day_heads(), first_of)
        return [(days[0], len(days) * 2) for _first, found in grouped for days in [list(found)]]

    def weekends(self) -> list[int]:
        """On which days of the span one begins or goes on."""
        return [at for at, day in enumerate(self.day_heads()) if day.weekday() >= 5]

    def now_at(self, moment: datetime) -> float | None:
        """Where now is, in hundredths of the width."""
        local = moment.astimezone(zone(in_force().timezone)).replace(tzinfo=None)
        passed = (local - datetime(self.first.year, self.first.month, self.first.day)) / DAY  # noqa: DTZ001  # both local
        return passed / self.days * 100 if 0 <= passed < self.days else None


def span_of(asked_from: str, asked_days: str) -> Span:
    """As the address says; from two days ago for three weeks where it does not."""
    days = int(asked_days) if asked_days.isascii() and asked_days.isdigit() and int(asked_days) in LENGTHS else 21
    try:
        first = date.fromisoformat(asked_from)
    except ValueError:
        first = today() - 2 * DAY
    return Span(min(max(first, date(1900, 1, 1)), date(2200, 1, 1)), days)


@dataclass(frozen=True)
class Cell:
    """A stretch of a row: a stay or a part of it, or a free place. `width` in half days; `absence` of the holder in
    that part; `arrives` and `leaves`: what booking there begins with."""

    width: int
    stay: Any = None
    absence: Any = None
    starts_before: bool = False
    goes_on: bool = False
    is_first: bool = True
    arrives: date | None = None
    leaves: date | None = None


@dataclass(frozen=True)
class Line:
    """A berth, as a row of the list of berths, with what lies on it."""

    berth: Any
    cells: list[Cell]
    nights_taken: int


STAY = (
    Occupancy.id,
    Occupancy.number,
    Occupancy.berth_id,
    Occupancy.kind,
    Occupancy.state,
    Occupancy.title,
    Occupancy.begins_at,
    Occupancy.ends_at,
    Vessel.name.label("vessel"),
    Client.full_name.label("client"),
)


def lines_of(berths: Sequence[Row[Any]], span: Span) -> list[Line]:
    """Two statements, however many berths."""
    ids = [berth.id for berth in berths]
    stays, absences = _stays_on(ids, span), _absences_on(ids, span)
    return [_line(berth, stays.get(berth.id, ()), absences.get(berth.id, ()), span) for berth in berths]


def _stays_on(ids: list[uuid.UUID], span: Span) -> dict[uuid.UUID, list[Row[Any]]]:
    begin, end = span.ends
    found = (
        select(*STAY)
        .outerjoin(Vessel, and_(Vessel.port_id == Occupancy.port_id, Vessel.id == Occupancy.vessel_id))
        .outerjoin(Client, and_(Client.port_id == Occupancy.port_id, Client.id == Occupancy.client_id))
        .where(Occupancy.berth_id.in_(ids), Occupancy.begins_at < end, text(f"berth_occupancies.{BLOCKS}"))
        .where(or_(Occupancy.ends_at.is_(None), Occupancy.ends_at > begin))
        # What lies above what: a sublet on the time of its holder, the later on the hours it shares with the earlier.
        .order_by(Occupancy.berth_id, Occupancy.kind == OccupancyKind.SUBLET, Occupancy.begins_at)
    )
    return _by_berth(db.session.execute(found))


def _absences_on(ids: list[uuid.UUID], span: Span) -> dict[uuid.UUID, list[Row[Any]]]:
    begin, end = span.ends
    columns = (Absence.id, Absence.number, Absence.berth_id, Absence.occupancy_id, Absence.may_sublet)
    found = (
        select(*columns, Absence.begins_at, Absence.ends_at)
        .where(Absence.berth_id.in_(ids), Absence.cancelled_at.is_(None), Absence.begins_at < end)
        .where(or_(Absence.ends_at.is_(None), Absence.ends_at > begin))
        .order_by(Absence.berth_id, Absence.begins_at)
    )
    return _by_berth(db.session.execute(found))


def _by_berth(rows: Iterable[Row[Any]]) -> dict[uuid.UUID, list[Row[Any]]]:
    return {berth_id: list(found) for berth_id, found in groupby(rows, lambda row: row.berth_id)}


def _line(berth: Row[Any], stays: Sequence[Row[Any]], absences: Sequence[Row[Any]], span: Span) -> Line:
    places: list[tuple[Any, Any] | None] = [None] * span.columns
    for stay in stays:
        for at in _range(stay, span):
            places[at] = (stay, None)
    for absence in absences:
        for at in _range(absence, span):
            if (here := places[at]) and here[0].id == absence.occupancy_id:
                places[at] = (here[0], absence)
    return Line(berth, list(_cells(places, span)), sum(1 for at in places[1::2] if at))


def _range(one: Any, span: Span) -> range:
    begins = max(span.column(one.begins_at), 0)
    ends = span.columns if one.ends_at is None else min(span.column(one.ends_at, is_end=True), span.columns)
    return range(begins, ends)


def _cells(places: Sequence[tuple[Any, Any] | None], span: Span) -> Iterator[Cell]:
    at, seen = 0, set()
    for _key, found in groupby(places, lambda here: (here[0].id, here[1] and here[1].id) if here else None):
        part = list(found)
        here, begins = part[0], at
        at += len(part)
        if here is None:
            yield from _free(begins, at, span)
            continue
        stay, absence = here
        begin, end = span.ends
        yield Cell(
            len(part),
            stay,
            absence,
            starts_before=begins == 0 and stay.begins_at < begin,
            goes_on=at == span.columns and (stay.ends_at is None or stay.ends_at > end),
            is_first=stay.id not in seen,
            arrives=max(span.day_of(begins + begins % 2 + 1), span.first) if absence else None,
            leaves=span.day_of(at + 1 - at % 2) if absence else None,
        )
        seen.add(stay.id)


def _free(begins: int, ends: int, span: Span) -> Iterator[Cell]:
    """One a night, or a week: each from noon to noon."""
    while begins < ends:
        day = span.day_of(begins)
        nights = WEEK - day.weekday() if span.is_by_weeks else 1
        upto = min(((day - span.first).days + nights) * 2 + 1, ends)
        yield Cell(upto - begins, arrives=day, leaves=day + DAY * nights)
        begins = upto


@dataclass(frozen=True)
class Calendar:
    span: Span
    docks: list[Dock]
    dock: Dock | None
    berths: Page | None
    lines: list[Line]

    @property
    def taken_percent(self) -> int:
        nights = len(self.lines) * self.span.days
        return round(sum(line.nights_taken for line in self.lines) / nights * 100) if nights else 0


def calendar_of(member: Member, *, span: Span, harbour: int | None, dock: int | None) -> Calendar:
    """Of the dock with this number, or the first one of the harbour, or of the port: four statements."""
    docks = docks_of(member)
    named = [one for one in docks if one.number == dock] or [one for one in docks if one.harbour.number == harbour]
    chosen = next(iter(named or docks), None)
    if chosen is None:
        return Calendar(span, docks, None, None, [])
    scope = Berth.visible_to(member).where(Berth.dock_id == chosen.id, Berth.archived_at.is_(None))
    rows = row_columns(scope)
    found = paginate(rows, scope, id_column=Berth.id, sorts=SORTS)
    return Calendar(span, docks, chosen, found, lines_of(found.rows, span))


def docks_of(member: Member) -> list[Dock]:
    """Those in use that have berths, with their harbours, in their order."""
    has_berths = select(Berth.id).where(
        Berth.port_id == Dock.port_id, Berth.dock_id == Dock.id, Berth.archived_at.is_(None)
    )
    found = (
        Dock.visible_to(member)
        .join(Dock.harbour)
        .options(contains_eager(Dock.harbour))
        .where(Dock.archived_at.is_(None), has_berths.exists())
        .order_by(Harbour.sort_name, Dock.sort_name, Dock.id)
    )
    return list(db.session.scalars(found))


def line_of(member: Member, number: int, span: Span) -> Line | None:
    """One row anew."""
    scope = Berth.visible_to(member).where(has_number(Berth, number), Berth.archived_at.is_(None))
    found = db.session.execute(row_columns(scope)).one_or_none()
    return lines_of([found], span)[0] if found else None
