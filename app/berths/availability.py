"""Which berths are free in a time and fit a vessel, the nearest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import joinedload

from ..clients.models import Client
from ..current import Member
from ..db import db, now
from .letting import is_free
from .models import Absence, Berth, Dock, Fit, Occupancy, OccupancyKind, fit
from .models.fit import fitting
from .models.occupancy_kind import ENDED
from .queries import row_columns


@dataclass(frozen=True)
class Offer:
    """A berth that is free and fits; `row` as in the list of berths."""

    row: Any
    fit: Fit


LOOKED_THROUGH = 400
SHOWN = 60


def nearest(
    berth: Berth,
    during: Range[datetime],
    size: Mapping[str, Decimal | None],
    clearances: Mapping[str, Decimal],
    *,
    most: int = 3,
) -> list[Offer]:
    """Berths that are free and fit, the nearest first: on the same dock, then in the same harbour, by how far they lie
    along it. One statement."""
    harbour = select(Dock.harbour_id).where(Dock.id == berth.dock_id).scalar_subquery()
    places = (
        select(Berth.id, func.row_number().over(order_by=Berth.sort_place).label("place"))
        .where(Berth.port_id == berth.port_id, Berth.archived_at.is_(None))
        .subquery()
    )
    here = select(places.c.place).where(places.c.id == berth.id).scalar_subquery()
    scope = select(Berth).where(
        Berth.port_id == berth.port_id,
        Berth.archived_at.is_(None),
        Berth.id != berth.id,
        is_free(during),
    )
    rows = (
        row_columns(scope)
        .add_columns(Berth.min_loa, Berth.max_height, Dock.id.label("dock_id"))
        .join(places, places.c.id == Berth.id)
        .order_by(
            case((Berth.dock_id == berth.dock_id, 0), (Dock.harbour_id == harbour, 1), else_=2),
            func.abs(places.c.place - here),
            Berth.id,
        )
        .limit(LOOKED_THROUGH)
    )
    offers = (Offer(row, fit(size, row, clearances)) for row in db.session.execute(rows))
    return [offer for offer in offers if offer.fit.fits][:most]


def free(
    member: Member,
    during: Range[datetime],
    size: Mapping[str, Decimal | None],
    clearances: Mapping[str, Decimal],
    *,
    most: int = SHOWN,
) -> list[Offer]:
    """Berths that are free all that time and fit, the shortest first, so that the long ones stay for those who need
    them. One statement."""
    scope = free_berths(member, during, fitting(size, clearances))
    rows = (
        row_columns(scope)
        .add_columns(Berth.min_loa, Berth.max_height)
        .order_by(Berth.length, Berth.sort_place, Berth.id)
        .limit(most)
    )
    return [Offer(row, fit(size, row, clearances)) for row in db.session.execute(rows)]


def free_berths(member: Member, during: Range[datetime], conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    return Berth.visible_to(member).where(Berth.archived_at.is_(None), is_free(during), *conditions)


def sublettable(
    member: Member,
    during: Range[datetime],
    size: Mapping[str, Decimal | None],
    clearances: Mapping[str, Decimal],
    *,
    most: int = SHOWN,
) -> list[Offer]:
    """Berths whose holder is away all that time and that nobody has as a sublet then. One statement."""
    begins, ends = during.lower, during.upper
    away = select(Absence.berth_id).where(
        Absence.port_id == member.here().id,
        Absence.cancelled_at.is_(None),
        Absence.may_sublet,
        Absence.begins_at <= begins,
        or_(Absence.ends_at.is_(None), Absence.ends_at >= ends),
    )
    sublet = select(Occupancy.berth_id).where(
        Occupancy.port_id == member.here().id,
        Occupancy.absence_id.is_not(None),
        Occupancy.sublet_berth_id.is_not(None),
        Occupancy.begins_at < ends,
        Occupancy.ends_at > begins,
    )
    scope = Berth.visible_to(member).where(
        Berth.archived_at.is_(None), Berth.id.in_(away), Berth.id.not_in(sublet), *fitting(size, clearances)
    )
    rows = row_columns(scope).add_columns(Berth.min_loa, Berth.max_height).order_by(Berth.length, Berth.sort_place)
    return [Offer(row, fit(size, row, clearances)) for row in db.session.execute(rows.limit(most))]


def now_and_next(berth: Berth, *, most: int = 8) -> list[Occupancy]:
    """What takes the berth now and after, the earliest first: one statement."""
    found = (
        select(Occupancy)
        .options(joinedload(Occupancy.client), joinedload(Occupancy.vessel))
        .where(
            Occupancy.port_id == berth.port_id,
            Occupancy.berth_id == berth.id,
            Occupancy.state.not_in(ENDED),
        )
        .order_by(Occupancy.begins_at, Occupancy.id)
        .limit(most)
    )
    return list(db.session.scalars(found))


def holder_of(berth: Berth) -> Client | None:
    """Whose contract it is that runs now."""
    found = (
        select(Client)
        .join(Occupancy, (Occupancy.port_id == Client.port_id) & (Occupancy.client_id == Client.id))
        .where(
            Occupancy.port_id == berth.port_id,
            Occupancy.berth_id == berth.id,
            Occupancy.kind == OccupancyKind.CONTRACT,
            Occupancy.state.not_in(ENDED),
            Occupancy.begins_at <= now(),
        )
        .order_by(Occupancy.begins_at.desc())
        .limit(1)
    )
    return db.session.scalars(found).first()
