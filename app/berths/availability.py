"""Which berths are free in a time and fit a vessel, the nearest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Uuid, case, column, func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import joinedload

from ..admin.models import settings_of
from ..admin.models.settings import HasSettings
from ..clients.models import Client
from ..db import db, now
from ..formats import in_force, zone
from ..vessels.models import Vessel
from ..vessels.models.dimensions import NAMES
from .models import Berth, Dock, Fit, Occupancy, OccupancyKind, fit
from .models.fit import BOUNDS
from .models.occupancy import ENDED
from .queries import row_columns

# Boats change at noon in the port's time: who leaves on a day makes room for who arrives on it.
CHANGES_AT = time(12)


def stay(arrives: date, leaves: date | None) -> Range[datetime]:
    """The time of a stay from day to day, in the port in force. Raises ValueError where it ends before it begins."""
    timezone = zone(in_force().timezone)
    begins = datetime.combine(arrives, CHANGES_AT, timezone)
    if leaves is None:
        return Range(begins, None)
    if leaves <= arrives:
        raise ValueError(_("It ends before it begins."))
    return Range(begins, datetime.combine(leaves, CHANGES_AT, timezone))


def day_of(moment: datetime | None) -> date | None:
    """The day of a moment in the port in force."""
    return moment.astimezone(zone(in_force().timezone)).date() if moment else None


def size_of(vessel: Vessel | None) -> dict[str, Decimal | None]:
    """What `fit` asks of a vessel."""
    return {name: vessel.dimension(name).value for name in NAMES} if vessel else {}


def taken(during: Range[datetime]) -> Any:
    """The ids of the berths that are taken in that time, and by what (see migration 0037)."""
    found = func.berths_taken(during.lower, during.upper)
    return found.table_valued(column("berth_id", Uuid()), column("occupancy_id", Uuid())).render_derived()


@dataclass(frozen=True)
class Offer:
    """A berth that is free and fits; `row` as in the list of berths."""

    row: Any
    fit: Fit


LOOKED_THROUGH = 400


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
    busy = taken(during)
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
        Berth.status != "maintenance",
        Berth.id.not_in(select(busy.c.berth_id)),
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


def clearances_of(port: HasSettings) -> dict[str, Decimal]:
    """What has to stay free beside a boat, in metres, by dimension; as the port settled it."""
    settled = settings_of(port).berth_clearances
    return {name: Decimal(getattr(settled, name)) / 100 for name in BOUNDS}
