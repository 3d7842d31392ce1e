"""What the parts of the dashboard show; one statement each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, and_, cast, func, literal, select, true, union_all
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from ..admin.models import BerthStatus, settings_of
from ..berths.models import Berth, Dock, MaintenanceEntry, Occupancy, StatusSuggestion
from ..berths.models.occupancy_kind import COMING, HERE, OF_CLIENTS
from ..berths.models.tenure import months_later
from ..clients.models import Client
from ..current import CurrentPort, Member
from ..db import db, now
from ..formats import today, zone
from ..interests.models import Interest, Stage
from ..registration.models import Registration, RegistrationStatus
from ..reminders.models import Reminder
from ..vessels.models import Vessel

MOST = 8  # lines of a part
Noted = aliased(Berth)  # about which something is suggested or to be repaired


@dataclass(frozen=True)
class Standing:
    """`statuses`: berths by status; `taken`: berths that a contract, a season, a visit or a sublet has now."""

    statuses: dict[str, int]
    taken: int
    suggested: int
    repairs: int

    @property
    def berths(self) -> int:
        return sum(self.statuses.values())

    @property
    def percent(self) -> int:
        return round(self.taken * 100 / self.berths) if self.berths else 0

    @property
    def shares(self) -> list[tuple[str, int, float, float]]:
        """Of each status there is: how many berths, where its part of a bar of 400 begins, how wide it is."""
        found, at = [], 0.0
        for status in BerthStatus:
            if count := self.statuses.get(status, 0):
                width = count * 400 / self.berths
                found.append((str(status), count, round(at, 1), round(max(width - 2, 1), 1)))
                at += width
        return found


def standing_of(port: CurrentPort) -> Standing:
    # Looked up berth by berth in what is found once; joined, the planner takes both sides for a handful of rows.
    taken = Berth.id.in_(Occupancy.berths_taken_at(now()).where(Occupancy.port_id == port.id))
    suggested, repairs = (
        select(func.count())
        .select_from(kind)
        .join(Noted, and_(Noted.port_id == kind.port_id, Noted.id == kind.berth_id))
        .where(kind.port_id == port.id, Noted.archived_at.is_(None), waits)
        .scalar_subquery()
        for kind, waits in ((StatusSuggestion, true()), (MaintenanceEntry, MaintenanceEntry.closed_at.is_(None)))
    )
    rows = db.session.execute(
        select(Berth.status, func.count(), func.count().filter(taken), suggested, repairs)
        .where(Berth.port_id == port.id, Berth.archived_at.is_(None))
        .group_by(Berth.status)
    ).all()
    _status, _count, _taken, waiting, under_way = rows[0] if rows else ("", 0, 0, 0, 0)
    return Standing({row[0]: row[1] for row in rows}, sum(row[2] for row in rows), waiting, under_way)


@dataclass(frozen=True)
class Pipeline:
    """Of each stage before the last: how many interests are open in it, and their value in the port's currency.
    `others`: what is expected in other currencies, as (amount, currency)."""

    stages: dict[str, tuple[int, Decimal]]
    currency: str
    others: list[tuple[Decimal, str]]

    @property
    def count(self) -> int:
        return sum(count for count, _value in self.stages.values())

    @property
    def value(self) -> Decimal:
        return sum((value for _count, value in self.stages.values()), Decimal(0))

    @property
    def shares(self) -> list[tuple[str, int, Decimal, float, float]]:
        """Of each stage there is: how many, their value, where its part of a bar of 400 begins, how wide it is; by how
        many there are where nothing is said of value."""
        by_value, found, at = bool(self.value), [], 0.0
        for stage, (count, value) in self.stages.items():
            width = float(value / self.value) * 400 if by_value else count * 400 / self.count
            found.append((stage, count, value, round(at, 1), round(max(width - 2, 0), 1)))
            at += width
        return found


def pipeline_of(port: CurrentPort) -> Pipeline:
    rows = db.session.execute(
        select(Interest.stage, Interest.currency, func.count(), func.sum(Interest.expected_value))
        .where(Interest.port_id == port.id, Interest.outcome.is_(None), Interest.archived_at.is_(None))
        .group_by(Interest.stage, Interest.currency)
    ).all()
    stages: dict[str, tuple[int, Decimal]] = {}
    others: dict[str, Decimal] = {}
    for stage in Stage:
        of_stage = [row for row in rows if row[0] == stage]
        ours = sum((row[3] or Decimal(0) for row in of_stage if row[1] == port.currency), Decimal(0))
        if of_stage:
            stages[str(stage)] = (sum(row[2] for row in of_stage), ours)
        for _stage, currency, _count, value in of_stage:
            if currency and currency != port.currency and value:
                others[currency] = others.get(currency, Decimal(0)) + value
    return Pipeline(stages, port.currency, [(value, currency) for currency, value in sorted(others.items())])


@dataclass(frozen=True)
class Moves:
    """Who comes and goes today: the first of them, and how many stand how."""

    rows: Sequence[Any]
    counts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def moves_of(port: CurrentPort) -> Moves:
    """Late, expected and here since today; overdue and due out. Who did not come on an earlier day is late."""
    begins, ends = midnights(port, today())
    standing = {
        "late": (Occupancy.begins_at, and_(COMING, Occupancy.begins_at < begins)),
        "expected": (Occupancy.begins_at, and_(COMING, Occupancy.begins_at >= begins, Occupancy.begins_at < ends)),
        "overdue": (Occupancy.ends_at, and_(HERE, Occupancy.ends_at < begins)),
        "due": (Occupancy.ends_at, and_(HERE, Occupancy.ends_at >= begins, Occupancy.ends_at < ends)),
        "arrived": (Occupancy.arrived_at, and_(HERE, Occupancy.arrived_at >= begins, Occupancy.arrived_at < ends)),
    }
    parts = [
        select(Occupancy.id, literal(name).label("standing"), column.label("at"), literal(rank).label("rank")).where(
            Occupancy.port_id == port.id, Occupancy.kind.in_(OF_CLIENTS), rule
        )
        for rank, (name, (column, rule)) in enumerate(standing.items())
    ]
    every = union_all(*parts).cte("moves")
    counted = array(
        [select(func.count()).where(every.c.standing == name).scalar_subquery() for name in standing]
    ).label("counted")
    first = select(every).order_by(every.c.rank, every.c.at, every.c.id).limit(MOST).subquery()
    rows = db.session.execute(
        select(
            first.c.standing,
            first.c.at,
            Occupancy.number,
            Vessel.name.label("vessel"),
            Client.full_name.label("client"),
            func.coalesce(Vessel.loa_measured, Vessel.loa_declared).label("loa"),
            func.coalesce(Vessel.beam_measured, Vessel.beam_declared).label("beam"),
            Berth.number.label("berth_number"),
            Berth.code,
            Dock.name.label("dock_name"),
            counted,
        )
        .join(Occupancy, and_(Occupancy.port_id == port.id, Occupancy.id == first.c.id))
        .join(Berth, and_(Berth.port_id == Occupancy.port_id, Berth.id == Occupancy.berth_id))
        .join(Dock, and_(Dock.port_id == Berth.port_id, Dock.id == Berth.dock_id))
        .outerjoin(Vessel, and_(Vessel.port_id == Occupancy.port_id, Vessel.id == Occupancy.vessel_id))
        .outerjoin(Client, and_(Client.port_id == Occupancy.port_id, Client.id == Occupancy.client_id))
        .order_by(first.c.rank, first.c.at, first.c.id)
    ).all()
    return Moves(rows, dict(zip(standing, rows[0].counted if rows else [0] * len(standing), strict=True)))


def midnights(port: CurrentPort, day: date) -> tuple[datetime, datetime]:
    """When the day begins and ends there."""
    there = zone(port.timezone)
    begin, end = (datetime(one.year, one.month, one.day, tzinfo=there) for one in (day, day + timedelta(days=1)))
    return begin, end


@dataclass(frozen=True)
class Tenures:
    """The next that end within `months`; `ending` of them there are, and `past` that have ended."""

    rows: Sequence[Any]
    months: int
    ending: int
    past: int


def tenures_of(port: CurrentPort) -> Tenures:
    day, months = today(), settings_of(port).tenure_expiry_warning_months
    until = months_later(day, months)
    current = (Berth.port_id == port.id, Berth.archived_at.is_(None))
    past = select(func.count()).where(*current, Berth.tenure_expires_on < day).scalar_subquery()
    row = (
        select(
            Berth.number,
            Berth.code,
            Berth.tenure,
            Berth.tenure_expires_on,
            cast(Berth.tenure_expires_on - day, Integer).label("days"),
            Dock.name.label("dock_name"),
            func.count().over().label("ending"),
        )
        .join(Dock, and_(Dock.port_id == Berth.port_id, Dock.id == Berth.dock_id))
        .where(*current, Berth.tenure_expires_on.between(day, until))
        .order_by(Berth.tenure_expires_on, Berth.id)
        .limit(MOST)
        .subquery()
    )
    # The number of those that have ended also where none ends soon.
    one = select(past.label("past")).subquery()
    rows = db.session.execute(
        select(row, one.c.past).select_from(one).outerjoin(row, literal(value=True)).order_by(row.c.tenure_expires_on)
    ).all()
    found = [each for each in rows if each.number is not None]
    return Tenures(found, months, found[0].ending if found else 0, rows[0].past)


@dataclass(frozen=True)
class NextReminders:
    """The next reminders of one person; `late` are of an earlier day, `due` of today."""

    rows: Sequence[Any]
    begins: datetime
    ends: datetime
    late: int
    due: int

    def tone(self, moment: datetime) -> str:
        return "late" if moment < self.begins else "soon" if moment < self.ends else ""


def reminders_of(member: Member) -> NextReminders:
    begins, ends = midnights(member.here(), today())
    own = Reminder.visible_to(member).where(Reminder.is_own(member), Reminder.still_open())
    soon = (
        own.where(Reminder.rings_at < ends + timedelta(days=7))
        .with_only_columns(
            Reminder.id,
            Reminder.number,
            Reminder.title,
            Reminder.priority,
            Reminder.rings_at,
            func.count().filter(Reminder.rings_at < begins).over().label("late"),
            func.count().filter(Reminder.rings_at >= begins, Reminder.rings_at < ends).over().label("due"),
        )
        .order_by(Reminder.rings_at, Reminder.id)
        .limit(MOST)
    )
    rows = db.session.execute(soon).all()
    return NextReminders(rows, begins, ends, rows[0].late if rows else 0, rows[0].due if rows else 0)


@dataclass(frozen=True)
class Arrived:
    """The latest of those that nobody has looked at, and how many there are."""

    rows: Sequence[Any]
    waiting: int


def registrations_of(member: Member) -> Arrived:
    found = (
        Registration.visible_to(member)
        .join(Client, and_(Client.port_id == Registration.port_id, Client.id == Registration.client_id))
        .outerjoin(Vessel, and_(Vessel.port_id == Registration.port_id, Vessel.id == Registration.vessel_id))
        .where(Registration.status == RegistrationStatus.NEW)
        .with_only_columns(
            Registration.id,
            Registration.number,
            Registration.created_at,
            Registration.wanted_from,
            Client.full_name.label("client"),
            Vessel.name.label("vessel"),
            Vessel.loa_declared,
            func.count().over().label("waiting"),
        )
        .order_by(Registration.created_at.desc(), Registration.id)
        .limit(MOST)
    )
    rows = db.session.execute(found).all()
    return Arrived(rows, rows[0].waiting if rows else 0)
