"""What the map shows of each berth: where it stands, or who lies there in the night after a day."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlencode

from sqlalchemy import Select, and_, func, select

from ...clients.models import Client
from ...current import CurrentPort, Member
from ...db import db
from ...files.models import File, FilePicture, FileVersion, Scan
from ...vessels.models import Vessel
from ..letting import taken
from ..models import (
    Berth,
    Dock,
    Harbour,
    HarbourPlan,
    Occupancy,
    OccupancyKind,
    OccupancyState,
    OwnPlace,
    clearances_of,
    fit,
)
from ..models.days import stay
from .layout import Box

# How a berth is drawn, by its status; and by who lies there.
STATUS_SIGNS = ("available", "under_offer", "reserved", "sold", "maintenance")
STAY_SIGNS = ("free", "here", "booked", "hold", "repair")
LONGEST_NAME = 24


@dataclass(frozen=True)
class Look:
    """How the map is looked at. `on`: the day, None for statuses; `sign`: the only one that is lit; `size`: of the
    vessel that has to fit."""

    on: date | None = None
    sign: str = ""
    size: Mapping[str, Decimal | None] | None = None

    @property
    def signs(self) -> tuple[str, ...]:
        return STAY_SIGNS if self.on else STATUS_SIGNS


@dataclass
class Spot:
    """A berth on the map; `boat` is who lies there."""

    row: Any
    sign: str
    boat: str = ""
    fits: bool | None = None
    is_dim: bool = False


def rows_of(harbour_id: uuid.UUID, port_id: uuid.UUID) -> list[Any]:
    """The berths of a harbour in their order: one statement."""
    return list(db.session.execute(_rows().where(Dock.port_id == port_id, Dock.harbour_id == harbour_id)))


def _rows() -> Any:
    on_dock = (Dock.port_id == Berth.port_id) & (Dock.id == Berth.dock_id)
    own_place = (OwnPlace.port_id == Berth.port_id) & (OwnPlace.berth_id == Berth.id)
    sizes = (Berth.min_loa, Berth.max_loa, Berth.max_beam, Berth.depth, Berth.max_height)
    dock = (Dock.name.label("dock_name"), Dock.number.label("dock_number"), Dock.plan_x, Dock.plan_y, Dock.plan_turn)
    own = tuple(getattr(OwnPlace, name).label(f"own_{name}") for name in ("x", "y", "turn"))
    columns = (Berth.id, Berth.number, Berth.code, Berth.status, Berth.side, *sizes, *dock, *own)
    found = select(*columns, OwnPlace.label_x, OwnPlace.label_y).join(Dock, on_dock).outerjoin(OwnPlace, own_place)
    return found.where(Berth.archived_at.is_(None)).order_by(Berth.sort_place, Berth.id)


def spots_of(rows: Sequence[Any], look: Look, port: CurrentPort) -> list[Spot]:
    """How each of them stands; two statements at most."""
    if look.on:
        lying = stays_on(look.on)
        spots = [Spot(row, *lying.get(row.id, ("free", ""))) for row in rows]
    else:
        spots = [Spot(row, row.status) for row in rows]
    clearances = clearances_of(port) if look.size else {}
    for spot in spots:
        if look.size:
            spot.fits = fit(look.size, spot.row, clearances).fits
        spot.is_dim = bool(look.sign and spot.sign != look.sign) or spot.fits is False
    return spots


def stays_on(day: date, berth_id: uuid.UUID | None = None) -> dict[uuid.UUID, tuple[str, str]]:
    """By berth, how it is taken in the night after that day, and by whom; who comes last counts."""
    busy = taken(stay(day, day + timedelta(days=1)))
    whose = func.coalesce(Vessel.name, Client.full_name, Occupancy.title)
    found = (
        select(Occupancy.berth_id, Occupancy.kind, Occupancy.state, whose)
        .join(busy, busy.c.occupancy_id == Occupancy.id)
        .outerjoin(Vessel, and_(Vessel.port_id == Occupancy.port_id, Vessel.id == Occupancy.vessel_id))
        .outerjoin(Client, and_(Client.port_id == Occupancy.port_id, Client.id == Occupancy.client_id))
        .order_by(Occupancy.begins_at, Occupancy.id)
    )
    if berth_id:
        found = found.where(Occupancy.berth_id == berth_id)
    return {on: (_sign(kind, state), name[:LONGEST_NAME]) for on, kind, state, name in db.session.execute(found)}


def _sign(kind: str, state: str) -> str:
    if kind == OccupancyKind.MAINTENANCE:
        return "repair"
    if kind == OccupancyKind.HOLD:
        return "hold"
    return "here" if state == OccupancyState.ACTIVE else "booked"


def kept(harbour: int, look: Look, fits: str = "") -> str:
    """What of the address the link of a berth carries, so that the map stays as it is looked at."""
    asked = {"harbour": harbour, "on": look.on.isoformat() if look.on else "", "sign": look.sign, "fits": fits}
    return urlencode({name: value for name, value in asked.items() if value}) + "&"


def counted(spots: Sequence[Spot], look: Look) -> dict[str, int]:
    found = Counter(spot.sign for spot in spots)
    return {sign: found[sign] for sign in look.signs}


class Picture(NamedTuple):
    """What lies behind the docks; `opacity` of 1."""

    id: uuid.UUID
    box: Box
    opacity: Decimal


class OnMap(NamedTuple):
    """A harbour in use with how many berths it has."""

    harbour: Harbour
    berths: int
    picture: Picture | None


def harbours_with_berths(member: Member) -> list[OnMap]:
    """Those in use: one statement."""
    on = (Dock.port_id == Harbour.port_id, Dock.harbour_id == Harbour.id)
    own = (
        select(func.count()).select_from(Berth).join(Dock, (Dock.port_id == Berth.port_id) & (Dock.id == Berth.dock_id))
    )
    count = own.where(*on, Berth.archived_at.is_(None)).correlate(Harbour).scalar_subquery()
    size = (FilePicture.id, FilePicture.width.label("pixels"), FilePicture.height.label("high"))
    plan = (HarbourPlan.x, HarbourPlan.y, HarbourPlan.width, HarbourPlan.opacity)
    found = with_picture(Harbour.visible_to(member).where(Harbour.archived_at.is_(None)))
    rows = db.session.execute(found.add_columns(count, *size, *plan).order_by(Harbour.sort_name, Harbour.id))
    return [OnMap(row[0], row[1], _picture(row)) for row in rows]


def with_picture(harbours: Select[Any]) -> Select[Any]:
    """Beside each harbour its plan and the picture of that, where there is one and it may be shown."""
    of_harbour = (HarbourPlan.port_id == Harbour.port_id) & (HarbourPlan.harbour_id == Harbour.id)
    of_plan = (File.port_id == HarbourPlan.port_id) & (File.id == HarbourPlan.file_id) & File.archived_at.is_(None)
    current = (FileVersion.port_id == File.port_id) & (FileVersion.file_id == File.id) & FileVersion.is_current
    first = (FilePicture.port_id == FileVersion.port_id) & (FilePicture.version_id == FileVersion.id)
    return (
        harbours.outerjoin(HarbourPlan, of_harbour & HarbourPlan.archived_at.is_(None))
        .outerjoin(File, of_plan)
        .outerjoin(FileVersion, current & (FileVersion.scan_status != Scan.INFECTED))
        .outerjoin(FilePicture, first & (FilePicture.page == 1))
    )


def _picture(row: Any) -> Picture | None:
    if row.id is None:
        return None
    x, y, width = (round(value * 10) for value in (row.x, row.y, row.width))
    box = Box(x, y, width, round(width * row.high / row.pixels))
    return Picture(row.id, box, Decimal(row.opacity) / 100)
