"""Holds that run out: whoever holds a berth says what becomes of it then, each module for its own.

@lets_go
def let_interest_go(hold_id: uuid.UUID) -> bool: …
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask_babel import gettext as _
from sqlalchemy import Select, select

from ...db import db, now, port_in_force
from ...events.models import System
from .occupancy import Occupancy
from .occupancy_kind import COMING, HELD

# (the id of the hold) → whether it is theirs. They lock what is theirs before the hold, and look once more whether it
# has run out.
LetsGo = Callable[[uuid.UUID], bool]

WAYS: list[LetsGo] = []


def lets_go(way: LetsGo) -> LetsGo:
    """Register what becomes of the holds of a module that have run out."""
    WAYS.append(way)
    return way


def let_go(hold_id: uuid.UUID) -> None:
    """The berth is free again, unless it is held for longer by now, or the boat lies there."""
    if any(way(hold_id) for way in WAYS):
        return
    held = db.session.scalars(select(Occupancy).where(Occupancy.id == hold_id).with_for_update()).one_or_none()
    if held is not None and held.has_run_out:
        held.cancel(by=System(), reason=_("The hold expired"))


def run_out() -> Select[uuid.UUID]:
    """The ids of the holds of the port in force whose time is over, the oldest first."""
    over = (HELD, COMING, Occupancy.hold_expires_at <= now())
    found = select(Occupancy.id).where(Occupancy.port_id == port_in_force(), *over)
    return found.order_by(Occupancy.hold_expires_at, Occupancy.id)
