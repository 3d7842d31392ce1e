"""What becomes of offers that nobody answered."""

from __future__ import annotations

from sqlalchemy import select

from ..db import db, now, port_in_force
from ..events.models import System
from ..jobs import job
from .models import WaitingEntry, WaitingList, WaitingStatus


@job(queue="notifications")
def expire_offers() -> None:
    """Each once: who comes second waits for the list, and finds nothing left to do."""
    over = select(WaitingEntry.list_id).where(
        WaitingEntry.port_id == port_in_force(),
        WaitingEntry.status == WaitingStatus.OFFERED,
        WaitingEntry.offer_expires_at <= now(),
    )
    for list_id in db.session.scalars(over.distinct().order_by(WaitingEntry.list_id)).all():
        for entry in WaitingList.locked(list_id).offered():
            entry.expire(by=System())
