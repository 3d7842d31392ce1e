"""Following an interest up: its owner is reminded when nothing has happened for some days.

An interest has one open follow-up at most. Whatever somebody does about the interest settles it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select

from ...clients.models import Client
from ...db import db
from ...events.models import Actor
from ...formats import format_date, today
from ...identity.models import User, current_port_of
from ...reminders.models import Reminder
from ...reminders.models.recurrence import moment_of

if TYPE_CHECKING:
    from .interest import Interest

END_OF_WORK = time(17)
LONGEST = 200  # letters of what is to be done


def follow_up(interest: Interest, days: int, *, whose: uuid.UUID | None, by: Actor) -> Reminder:
    """Have it followed up today, after so many days of quiet: once for these, and in place of the one after fewer."""
    for earlier in open_follow_ups(interest):
        earlier.archive(by=by)
    interest.followed_up_days = days
    client = db.session.get_one(Client, interest.client_id)
    zone = current_port_of(interest.port_id).timezone
    quiet = {"number": interest.number, "day": format_date(interest.active_at)}
    return Reminder.create(
        _("Follow up with %(name)s", name=client.full_name)[:LONGEST],
        notes=_("Nothing has happened with interest %(number)s since %(day)s.", **quiet),
        due_at=moment_of(datetime.combine(today(), END_OF_WORK), zone),
        assigned_to=whose,
        subject=interest,
        by=by,
        once_for=f"{_made_for(interest)}{days}:{interest.active_at.timestamp():.0f}",
    )


def settle(interest: Interest, *, by: Actor) -> None:
    """What was to be followed up is done: somebody did something about it."""
    for one in open_follow_ups(interest):
        one.complete(by=by)
    interest.followed_up_days = None


def hand_over(interest: Interest, old: User | None, new: User | None, *, by: Actor) -> None:
    """Whoever has the interest now is to follow it up."""
    names = [one.name if one else "" for one in (old, new)]
    for one in open_follow_ups(interest):
        one.assign(new.id if new else None, by=by, named=names)


def open_follow_ups(interest: Interest) -> Sequence[Reminder]:
    """Locked."""
    if interest.followed_up_days is None:
        return []
    about = (Reminder.about_type == interest.subject_type, Reminder.about_id == interest.id)
    own = select(Reminder).where(Reminder.port_id == interest.port_id, *about, Reminder.still_open())
    made = own.where(Reminder.once_for.startswith(_made_for(interest), autoescape=True))
    return db.session.scalars(made.order_by(Reminder.id).with_for_update()).all()


def _made_for(interest: Interest) -> str:
    return f"follow-up:{interest.id}:"
