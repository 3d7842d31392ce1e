"""What becomes of offers that nobody answered, or whose hold was cancelled."""

from __future__ import annotations

import uuid

from flask_babel import gettext as _
from sqlalchemy import select

from ..berths.models.holding import lets_go
from ..db import db, port_in_force
from ..events.models import System
from ..jobs import job
from .models import WaitingEntry, WaitingList


def offered_with(hold_id: uuid.UUID) -> WaitingEntry | None:
    """To whom the hold is an offer, behind the lock of the list: who answers takes turns."""
    here = (WaitingEntry.port_id == port_in_force(), WaitingEntry.occupancy_id == hold_id)
    list_id = db.session.scalar(select(WaitingEntry.list_id).where(*here))
    offered = WaitingList.locked(list_id).offered() if list_id else []
    return next((entry for entry in offered if entry.occupancy_id == hold_id), None)


@lets_go
def let_entry_go(hold_id: uuid.UUID) -> bool:
    """Theirs no longer where they answered meanwhile."""
    entry = offered_with(hold_id)
    if entry is None:
        return False
    entry.expire(by=System())
    return True


@job(queue="notifications")
def take_offer_back(hold_id: uuid.UUID) -> None:
    """Somebody cancelled the hold where it stands among the stays."""
    entry = offered_with(hold_id)
    if entry is not None and entry.occupancy is not None and entry.occupancy.has_ended:
        entry.take_back(by=System(), reason=_("the hold was cancelled"))
