"""The board of a day: who is expected, late, here, due out or overdue, who is away, and who was seen without a stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from ..clients.models import Client
from ..current import Member
from ..db import db
from ..formats import in_force, today, zone
from ..vessels.models import Vessel
from .models import Absence, Berth, Dock, Occupancy, OccupancyState, Sighting
from .models.occupancy_kind import HERE, OF_CLIENTS, OPEN

COMING = (OccupancyState.PLANNED, OccupancyState.CONFIRMED)
# Rows of one board; who did not come last year either is found in the list of stays.
MOST = 300
GROUPS = ("late", "overdue", "expected", "due", "arrived", "left")


@dataclass(frozen=True)
class Board:
    """`groups`: rows by how they stand on that day."""

    day: date
    groups: dict[str, list[Any]] = field(default_factory=dict)
    sightings: Sequence[Sighting] = ()
    absences: Sequence[Absence] = ()
    is_cut: bool = False

    @property
    def is_to_come(self) -> bool:
        return self.day > today()

    def count(self, *groups: str) -> int:
        return sum(len(self.groups[name]) for name in groups)


def midnights(day: date) -> tuple[datetime, datetime]:
    """Of the day and the next one in the port in force."""
    there = zone(in_force().timezone)
    begin, end = (datetime(one.year, one.month, one.day, tzinfo=there) for one in (day, day + timedelta(days=1)))
    return begin, end


def board_of(member: Member, day: date) -> Board:
    """Three statements."""
    rows = _stays(member, day)
    groups: dict[str, list[Any]] = {name: [] for name in GROUPS}
    for row in rows[:MOST]:
        for name in standings(row, day):
            groups[name].append(row)
    return Board(day, groups, _sightings(member, day), _absences(member, day), len(rows) > MOST)


def standings(row: Row[Any], day: date) -> list[str]:
    """How a stay stands on that day; who comes and goes on it stands twice. Of a day that is still to come nobody can
    say who will be late: those are who is so today."""
    begin, end = midnights(day)
    past, _end = midnights(min(day, today()))
    found = []
    if row.state in COMING and row.begins_at < past:
        found.append("late")
    elif row.state in COMING and row.begins_at >= begin:
        found.append("expected")
    if row.arrived_at is not None and begin <= row.arrived_at < end:
        found.append("arrived")
    if row.state == OccupancyState.ACTIVE and row.ends_at is not None:
        if row.ends_at < past:
            found.append("overdue")
        elif begin <= row.ends_at < end:
            found.append("due")
    if row.departed_at is not None and begin <= row.departed_at < end:
        found.append("left")
    return found


def _stays(member: Member, day: date) -> Sequence[Any]:
    begin, end = midnights(day)
    past, _end = midnights(min(day, today()))

    def on(column: InstrumentedAttribute[datetime | None]) -> tuple[ColumnElement[bool], ...]:
        return column < end, or_(column < past, column >= begin)

    asked = or_(
        and_(OPEN, Occupancy.state.in_(COMING), *on(Occupancy.begins_at)),
        and_(HERE, *on(Occupancy.ends_at)),
        and_(HERE, Occupancy.arrived_at >= begin, Occupancy.arrived_at < end),
        and_(Occupancy.departed_at >= begin, Occupancy.departed_at < end),
    )
    found = (
        select(
            Occupancy.id,
            Occupancy.number,
            Occupancy.kind,
            Occupancy.state,
            Occupancy.begins_at,
            Occupancy.ends_at,
            Occupancy.arrived_at,
            Occupancy.departed_at,
            Vessel.name.label("vessel"),
            Vessel.loa_measured,
            Vessel.loa_declared,
            Client.full_name.label("client"),
            Berth.number.label("berth_number"),
            Berth.code,
            Dock.name.label("dock_name"),
        )
        .join(Berth, and_(Berth.port_id == Occupancy.port_id, Berth.id == Occupancy.berth_id))
        .join(Dock, and_(Dock.port_id == Berth.port_id, Dock.id == Berth.dock_id))
        .outerjoin(Vessel, and_(Vessel.port_id == Occupancy.port_id, Vessel.id == Occupancy.vessel_id))
        .outerjoin(Client, and_(Client.port_id == Occupancy.port_id, Client.id == Occupancy.client_id))
        .where(Occupancy.port_id == member.here().id, asked, Occupancy.kind.in_(OF_CLIENTS))
        .order_by(Occupancy.begins_at.desc(), Berth.sort_place)
        .limit(MOST + 1)
    )
    return db.session.execute(found).all()


def _sightings(member: Member, day: date) -> Sequence[Sighting]:
    """Those that nobody has settled, up to that day."""
    _begin, end = midnights(day)
    found = (
        Sighting.visible_to(member)
        .options(joinedload(Sighting.berth).joinedload(Berth.dock), joinedload(Sighting.vessel))
        .where(Sighting.outcome.is_(None), Sighting.seen_at < end)
        .order_by(Sighting.seen_at.desc(), Sighting.id)
        .limit(MOST)
    )
    return db.session.scalars(found).all()


def _absences(member: Member, day: date) -> Sequence[Absence]:
    begin, end = midnights(day)
    holder = joinedload(Absence.holder)
    found = (
        Absence.visible_to(member)
        .options(
            holder.joinedload(Occupancy.client),
            holder.joinedload(Occupancy.vessel),
            joinedload(Absence.berth).joinedload(Berth.dock),
        )
        .where(Absence.cancelled_at.is_(None), Absence.begins_at < end)
        .where(or_(Absence.ends_at.is_(None), Absence.ends_at > begin))
        .order_by(Absence.ends_at, Absence.id)
        .limit(MOST)
    )
    return db.session.scalars(found).all()
