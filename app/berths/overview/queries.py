"""Harbours and docks where they lie, each with its berths and how many of them are free tonight."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy import func, select

from ...db import db
from ...formats import today
from ..letting import is_free
from ..models import Berth, Dock, Harbour
from ..models.days import stay, what_is_left

Coordinates = tuple[Decimal, Decimal]
MILLIONTH = Decimal("0.000001")


@dataclass(frozen=True)
class DockSpot:
    """`at`: latitude and longitude, None where nobody entered them."""

    number: int
    name: str
    at: Coordinates | None
    berths: int
    free: int


@dataclass(frozen=True)
class HarbourSpot:
    """`at`: its own coordinates, else the middle of its docks."""

    number: int
    name: str
    address: str
    at: Coordinates | None
    docks: Sequence[DockSpot]

    @property
    def berths(self) -> int:
        return sum(dock.berths for dock in self.docks)

    @property
    def free(self) -> int:
        return sum(dock.free for dock in self.docks)


def harbours_on_map(port_id: uuid.UUID) -> list[HarbourSpot]:
    """Those in use; a berth counts as free that *Free berths* would offer from today to tomorrow. One statement."""
    found = db.session.execute(_rows().where(Harbour.port_id == port_id)).all()
    return [_harbour(list(own)) for _number, own in groupby(found, key=lambda row: row.harbour_number)]


def _rows() -> Any:
    tonight = what_is_left(stay(today(), today() + timedelta(days=1)))
    in_harbour = (Dock.port_id == Harbour.port_id) & (Dock.harbour_id == Harbour.id) & Dock.archived_at.is_(None)
    on_dock = (Berth.port_id == Dock.port_id) & (Berth.dock_id == Dock.id) & Berth.archived_at.is_(None)
    return (
        select(
            Harbour.number.label("harbour_number"),
            Harbour.name.label("harbour_name"),
            Harbour.address,
            Harbour.latitude.label("harbour_latitude"),
            Harbour.longitude.label("harbour_longitude"),
            Dock.number,
            Dock.name,
            Dock.latitude,
            Dock.longitude,
            func.count(Berth.id).label("berths"),
            func.count(Berth.id).filter(is_free(tonight)).label("free"),
        )
        .outerjoin(Dock, in_harbour)
        .outerjoin(Berth, on_dock)
        .where(Harbour.archived_at.is_(None))
        .group_by(Harbour.id, Dock.id)
        .order_by(Harbour.sort_name, Harbour.id, Dock.sort_name, Dock.id)
    )


def _harbour(rows: Sequence[Any]) -> HarbourSpot:
    first = rows[0]
    docks = [
        DockSpot(row.number, row.name, _at(row.latitude, row.longitude), row.berths, row.free)
        for row in rows
        if row.number is not None
    ]
    own = _at(first.harbour_latitude, first.harbour_longitude)
    return HarbourSpot(first.harbour_number, first.harbour_name, first.address, own or _middle(docks), docks)


def _at(latitude: Decimal | None, longitude: Decimal | None) -> Coordinates | None:
    return None if latitude is None or longitude is None else (latitude, longitude)


def _middle(docks: Sequence[DockSpot]) -> Coordinates | None:
    placed = [dock.at for dock in docks if dock.at]
    if not placed:
        return None
    latitude, longitude = (sum(values, Decimal(0)) / len(placed) for values in zip(*placed, strict=True))
    return latitude.quantize(MILLIONTH), longitude.quantize(MILLIONTH)
