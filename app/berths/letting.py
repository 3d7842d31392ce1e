"""Whether a berth is free to be let: one answer for the list, the map of harbours, and who looks for a berth."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Uuid, and_, column, func, or_, select
from sqlalchemy.dialects.postgresql import Range

from ..formats import local_day, today
from .models import Berth, BerthStatus, Occupancy
from .models.occupancy_kind import HOLDING, OPEN


def taken(during: Range[datetime]) -> Any:
    """The ids of the berths that are taken in that time, and by what (see migration 0037)."""
    found = func.berths_taken(during.lower, during.upper)
    return found.table_valued(column("berth_id", Uuid()), column("occupancy_id", Uuid())).render_derived()


def is_free(during: Range[datetime]) -> ColumnElement[bool]:
    """Of a berth in use: nobody has it in that time, it is not sold or let then, and not under repair. Of a time that
    begins today or has begun: no boat lies there still that should have left."""
    begins = local_day(during.lower)
    free = and_(
        Berth.status != BerthStatus.MAINTENANCE, is_to_let(begins), Berth.id.not_in(select(taken(during).c.berth_id))
    )
    if begins is None or begins > today():
        return free
    return and_(free, Berth.id.not_in(Occupancy.berths_overstayed()))


def is_to_let(begins: date | None) -> ColumnElement[bool]:
    """Sold or let is nobody's on a day where the tenure is over by then, or where it says when: in a contract or a
    season, before and after which nobody has it. While the holder is away it is sublet, not let."""
    is_booked = Berth.id.in_(select(Occupancy.berth_id).where(OPEN, Occupancy.kind.in_(HOLDING)))
    return or_(Berth.status != BerthStatus.SOLD, Berth.tenure_expires_on < begins, is_booked)
