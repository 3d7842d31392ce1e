"""Following an interest up: its owner is reminded when nothing has happened for some days.

An interest has one open follow-up at most. Whatever somebody does about the interest settles it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select, update

from ...clients.models import Client
from ...db import db
from ...events.models import Actor
from ...formats import format_date, today
from ...identity.models import User, current_port_of
from ...notifications.reactions import holders_of
from ...reminders.models import Reminder
from ...reminders.models.many import assign_many, complete_many
from ...reminders.models.recurrence import moment_of

if TYPE_CHECKING:
    from .interest import Interest

ABOUT = "interest"
MADE_FOR = "follow-up:"
END_OF_WORK = time(17)
LONGEST = 200  # letters of what is to be done
SEES = "reminders.view_own"  # who has no reminders would not see it


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
        once_for=f"{MADE_FOR}{interest.id}:{days}:{interest.active_at.timestamp():.0f}",
    )


def settle(interest: Interest, *, by: Actor) -> None:
    """What was to be followed up is done: somebody did something about it."""
    for one in open_follow_ups(interest):
        one.complete(by=by)
    interest.followed_up_days = None


def hand_over(interest: Interest, new: User | None, *, by: Actor) -> None:
    """Whoever has the interest now is to follow it up; nobody where they would not see it."""
    for one in open_follow_ups(interest):
        whose = new.id if new and new.id in holders_of(SEES, interest.port_id) else None
        old = db.session.get(User, one.assigned_to_id) if one.assigned_to_id else None
        one.assign(whose, by=by, named=[old.name if old else "", new.name if new and whose else ""])


def open_follow_ups(interest: Interest) -> Sequence[Reminder]:
    """Locked."""
    if interest.followed_up_days is None:
        return []
    return open_of([interest.id], port_id=interest.port_id)


def days_of(reminder: Reminder) -> int | None:
    """After how many days of quiet it was made; None where it is no follow-up."""
    made_for = (reminder.once_for or "").split(":")
    return int(made_for[2]) if reminder.once_for and reminder.once_for.startswith(MADE_FOR) else None


# --- Of many interests at once: a handful of statements. These are told of by the bulk act, and are no activity.


def open_of(ids: Collection[uuid.UUID], *, port_id: uuid.UUID) -> Sequence[Reminder]:
    """The open follow-ups of these interests, locked."""
    about = (Reminder.about_type == ABOUT, Reminder.about_id.in_(ids))
    own = select(Reminder).where(Reminder.port_id == port_id, *about, Reminder.still_open())
    made = own.where(Reminder.once_for.startswith(MADE_FOR, autoescape=True))
    return db.session.scalars(made.order_by(Reminder.id).with_for_update()).all()


def settle_many(ids: Collection[uuid.UUID], *, port_id: uuid.UUID, by: Actor) -> Sequence[Reminder]:
    """What was to be followed up of these is over; which reminders are done by that."""
    from .interest import Interest

    found = open_of(ids, port_id=port_id)
    complete_many(found, by=by)
    forgotten = update(Interest).where(Interest.port_id == port_id, Interest.id.in_(ids)).values(followed_up_days=None)
    db.session.execute(forgotten, execution_options={"synchronize_session": False})
    return found


def hand_over_many(owners: Mapping[uuid.UUID, uuid.UUID | None], *, port_id: uuid.UUID, by: Actor) -> None:
    """Whoever has each of these interests now is to follow it up."""
    found = open_of(owners, port_id=port_id)
    reached = set(holders_of(SEES, port_id)) if found else set()
    given = [(one, owners[one.about_id]) for one in found if one.about_id]
    assign_many([(one, owner if owner in reached else None) for one, owner in given], by=by)
