"""Whether a berth is free to be let: one answer for the list, the map of harbours, and who looks for a berth."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Uuid, and_, column, func, select
from sqlalchemy.dialects.postgresql import Range

from .models import Berth, BerthStatus

# Who bought or rents one has it, booked or not; while they are away it is sublet, not let.
NOT_LET = (BerthStatus.MAINTENANCE, BerthStatus.SOLD)


def taken(during: Range[datetime]) -> Any:
    """The ids of the berths that are taken in that time, and by what (see migration 0037)."""
    found = func.berths_taken(during.lower, during.upper)
    return found.table_valued(column("berth_id", Uuid()), column("occupancy_id", Uuid())).render_derived()


def is_free(during: Range[datetime]) -> ColumnElement[bool]:
    """Of a berth in use: nobody has it in that time, and it is not sold, let or under repair."""
    return and_(Berth.status.not_in(NOT_LET), Berth.id.not_in(select(taken(during).c.berth_id)))
