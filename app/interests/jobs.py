"""What time does to interests: holds end, and leads cool."""

from __future__ import annotations

from sqlalchemy import select

from ..berths.models import Occupancy, OccupancyKind
from ..berths.models.occupancy import HELD
from ..db import db, now, port_in_force
from ..events.models import System
from ..jobs import job
from .models import Interest, release_hold
from .models.interest import AT_ONCE, cooled


@job(queue="notifications")
def release_holds() -> None:
    """Those whose time is over, each once: who comes second finds none."""
    port_id = port_in_force()
    expired = (
        select(Occupancy)
        .where(Occupancy.port_id == port_id, Occupancy.kind == OccupancyKind.HOLD, HELD)
        .where(Occupancy.hold_expires_at <= now())
        .order_by(Occupancy.hold_expires_at, Occupancy.id)
        .limit(AT_ONCE)
    )
    for held in db.session.scalars(expired).all():
        found = select(Interest).where(Interest.port_id == port_id, Interest.occupancy_id == held.id)
        interest = db.session.scalars(found.with_for_update()).one_or_none()
        db.session.refresh(held, with_for_update=True)
        if held.has_ended or held.hold_expires_at is None or held.hold_expires_at > now():
            continue
        if interest is None:
            held.cancel(by=System(), reason="")
        else:
            release_hold(interest, by=System(), expired=True)


@job(queue="notifications")
def cool_leads() -> None:
    """Each morning of a port: those whose last activity is longer ago by now."""
    interests = db.session.scalars(cooled(now(), port_id=port_in_force())).all()
    for interest in interests:
        interest.cool(by=System())
    if len(interests) == AT_ONCE:
        cool_leads.later()
