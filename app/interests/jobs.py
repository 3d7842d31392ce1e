"""What time does to interests: holds end, leads cool, and owners are reminded; and what is told of elsewhere."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from .. import formats
from ..admin.models import settings_of
from ..berths.models.holding import lets_go
from ..db import db, now, port_in_force
from ..events.models import Event, EventMention, System
from ..formats import today
from ..identity.models import current_port_of
from ..jobs import job
from ..notifications.reactions import holders_of
from .models import Interest, follow_up, hold_of, release_hold
from .models.quiet import AT_ONCE, cooled, quiet


@lets_go
def let_interest_go(hold_id: uuid.UUID) -> bool:
    found = select(Interest).where(Interest.port_id == port_in_force(), Interest.occupancy_id == hold_id)
    interest = db.session.scalars(found.with_for_update()).one_or_none()
    if interest is None:
        return False
    held = hold_of(interest, locks=True)
    if held is not None and held.has_run_out:
        release_hold(interest, by=System(), expired=True)
    return True


@job(queue="notifications")
def cool_leads() -> None:
    """Each morning of a port: those whose last activity is longer ago by now."""
    interests = db.session.scalars(cooled(now(), port_id=port_in_force())).all()
    for interest in interests:
        interest.cool(by=System())
    if len(interests) == AT_ONCE:
        cool_leads.later()


@job(queue="notifications")
def follow_up_interests() -> None:
    """Each morning of a port: open interests about which nobody did anything for the days that it settled. Nobody's
    reminder where nobody has the interest, or its owner has no reminders."""
    port_id = port_in_force()
    port = current_port_of(port_id) if port_id else None
    days = settings_of(port).follow_up_reminder_days if port else ()
    if port is None or not days:
        return
    with formats.use(port):
        found = db.session.execute(quiet(days, today(), port_id=port.id, zone=port.timezone)).all()
        reached = set(holders_of("reminders.view_own", port.id)) if found else set()
        for interest, count in found:
            whose = interest.owner_id if interest.owner_id in reached else None
            follow_up(interest, count, whose=whose, by=System())
    if len(found) == AT_ONCE:
        follow_up_interests.later()


@job(queue="notifications")
def note_activity(event_id: uuid.UUID) -> None:
    """Of the interests in whose timelines that event of another record stands."""
    event = db.session.get(Event, event_id)
    if event is None:
        return
    told = select(EventMention.subject_id).where(
        EventMention.event_id == event.id, EventMention.subject_type == Interest.subject_type
    )
    found = select(Interest).where(Interest.port_id == event.port_id, Interest.id.in_(told)).order_by(Interest.id)
    for interest in db.session.scalars(found.with_for_update()):
        interest.note_activity(event.occurred_at, by=System())
