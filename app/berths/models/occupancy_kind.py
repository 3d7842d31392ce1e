"""What takes a berth's time, and how it stands."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import text


class OccupancyKind(StrEnum):
    CONTRACT = "contract"
    SEASON = "season"
    VISIT = "visit"
    HOLD = "hold"
    MAINTENANCE = "maintenance"
    SUBLET = "sublet"


class OccupancyState(StrEnum):
    PLANNED = "planned"
    CONFIRMED = "confirmed"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


MOMENT = timedelta(seconds=1)
# What is over without having taken place leaves the berth free.
BLOCKS = "state NOT IN ('cancelled', 'no_show')"
ENDED = (OccupancyState.COMPLETED, OccupancyState.CANCELLED, OccupancyState.NO_SHOW)
# Planned or confirmed; there now; and either. As the partial indexes say it.
COMING = text("berth_occupancies.state IN ('planned', 'confirmed')")
HERE = text("berth_occupancies.state = 'active'")
HELD = text(
    "berth_occupancies.hold_expires_at IS NOT NULL AND berth_occupancies.state IN ('planned', 'confirmed', 'active')"
)
OPEN = text("berth_occupancies.state IN ('planned', 'confirmed', 'active')")
# Who has one of these has the berth also while away.
HOLDING = (OccupancyKind.CONTRACT, OccupancyKind.SEASON)
# Of these nobody needs to know when they end.
OPEN_ENDED = (OccupancyKind.CONTRACT, OccupancyKind.MAINTENANCE)
# A boat lies there, so somebody's it is.
OF_CLIENTS = (OccupancyKind.CONTRACT, OccupancyKind.SEASON, OccupancyKind.VISIT, OccupancyKind.SUBLET)
