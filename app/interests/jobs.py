"""What time does to interests: holds end, tenures that were sold begin, leads cool, and owners are reminded; and what
is told of elsewhere."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import and_, or_, select

from .. import formats
from ..admin.models import settings_of
from ..berths.models import Occupancy
from ..berths.models.holding import lets_go
from ..db import db, now, port_in_force
from ..events.models import Event, EventMention, System
from ..formats import today
from ..identity.models import current_port_of
from ..jobs import job
from ..notifications.reactions import holders_of
from ..reminders.models import Reminder
from ..reminders.models.recurrence import moment_of
from .models import Interest, begin_tenure, follow_up, hold_of, release_hold
from .models.follow_ups import SEES, days_of
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
def begin_tenures() -> None:
    """Each morning of a port: of berths that were sold while somebody still had them, those that are theirs from today
    on."""
    port_id = port_in_force()
    port = current_port_of(port_id) if port_id else None
    if port is None:
        return
    with formats.use(port):
        tomorrow = moment_of(datetime.combine(today() + timedelta(days=1), time()), port.timezone)
        booked = and_(Occupancy.port_id == Interest.port_id, Occupancy.id == Interest.occupancy_id)
        # A stay that was moved to an earlier day counts from that.
        has_come = or_(Interest.tenure_from <= today(), Occupancy.begins_at < tomorrow)
        due = select(Interest).outerjoin(Occupancy, booked).where(Interest.port_id == port.id, has_come)
        due = due.where(Interest.tenure_from.is_not(None)).order_by(Interest.tenure_from, Interest.id).limit(AT_ONCE)
        interests = db.session.scalars(due.with_for_update(of=Interest)).all()
        for interest in interests:
            begin_tenure(interest, by=System())
    if len(interests) == AT_ONCE:
        begin_tenures.later()


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
        reached = set(holders_of(SEES, port.id)) if found else set()
        for interest, count in found:
            whose = interest.owner_id if interest.owner_id in reached else None
            follow_up(interest, count, whose=whose, by=System())
    if len(found) == AT_ONCE:
        follow_up_interests.later()


@job(queue="notifications")
def note_activity(event_id: uuid.UUID) -> None:
    """Of the interests in whose timelines that event of another record stands; not where it was taken back since."""
    event = db.session.get(Event, event_id)
    if event is None:
        return
    interests = mentioned_in(event)
    if not is_undone(event):
        for interest in interests:
            interest.note_activity(event.occurred_at, by=System())


@job(queue="notifications")
def note_reopened(event_id: uuid.UUID) -> None:
    """A follow-up that is to be done after all is the one that its interest has."""
    event = db.session.get(Event, event_id)
    if event is None:
        return
    interests = mentioned_in(event)
    reminder = db.session.get(Reminder, event.subject_id, with_for_update=True)
    days = days_of(reminder) if reminder is not None and reminder.is_open else None
    for interest in interests if days else ():
        if interest.followed_up_days is None:
            interest.followed_up_days = days


def mentioned_in(event: Event) -> Sequence[Interest]:
    """Locked."""
    told = select(EventMention.subject_id).where(
        EventMention.event_id == event.id, EventMention.subject_type == Interest.subject_type
    )
    found = select(Interest).where(Interest.port_id == event.port_id, Interest.id.in_(told)).order_by(Interest.id)
    return db.session.scalars(found.with_for_update()).all()


def is_undone(event: Event) -> bool:
    """Whether a reminder that was done then is to be done again; it is locked, so that nobody undoes it meanwhile."""
    if event.subject_type != Reminder.subject_type:
        return False
    reminder = db.session.get(Reminder, event.subject_id, with_for_update=True)
    return reminder is not None and reminder.completed_at is None
