"""Topics of reminders, who is told of them, and how timelines tell."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from .. import formats, live
from ..current import Member
from ..events.models import Event
from ..events.reactions import on
from ..events.registry import EVENTS
from ..events.subjects import families, numbered, subjects
from ..events.timeline import describes, tells
from ..notifications.models import notify
from ..notifications.reactions import details_of, holders_of, written_for
from ..numbers import one_numbered
from . import jobs as _jobs  # noqa: F401  (registers them)
from .labels import FIELDS, as_moment
from .models import Reminder
from .views.reminders import SEES

ABOUT_REMINDERS = tuple(name for name in EVENTS if name.startswith("reminder:"))


@live.topic("reminders")
def reminders_topic(member: Member, key: str | None) -> str | None:
    """Only word that the list is to be looked at again: who sees what differs."""
    return room_of(member.here().id) if key is None and any(map(member.can, SEES)) else None


@live.topic("reminder")
def reminder_topic(member: Member, key: str | None) -> str | None:
    found = one_numbered(Reminder, Reminder.visible_to(member), key) if any(map(member.can, SEES)) else None
    return found.room if found else None


def room_of(port_id: uuid.UUID) -> str:
    return f"port:{port_id}:reminders"


@on(*ABOUT_REMINDERS)
def show_reminder(event: Event) -> None:
    """Lists, its own page, and the page of what it is about."""
    reminder = Reminder.of(event)
    if reminder is None:
        return
    live.refresh(room_of(reminder.port_id))
    live.refresh(reminder.room)
    if reminder.about_id:
        room = f"{reminder.about_type}:{reminder.about_id}"
        live.refresh(room)
        live.refresh(f"{room}:own")


# --- Who is told


@on("reminder:due")
def tell_of_due(event: Event) -> None:
    tell_whose(event, "reminder_due")


@on("reminder:overdue")
def tell_of_overdue(event: Event) -> None:
    tell_whose(event, "reminder_overdue")


def tell_whose(event: Event, type_name: str) -> None:
    """Whose it is, else who made it, while it is still to be done and was not put off since."""
    reminder, details = Reminder.of(event), details_of(event)
    if reminder is None or details is None or not reminder.is_open:
        return
    if reminder.rings_at == datetime.fromisoformat(details["rings_at"]):
        tell(reminder, type_name, event, reminder.assigned_to_id or reminder.created_by_id)


@on("reminder:created", "reminder:assigned")
def tell_of_assignment(event: Event) -> None:
    """Whom somebody else gave it to."""
    reminder, details = Reminder.of(event), details_of(event)
    if reminder is None or details is None or not reminder.is_open or details.get("follows"):
        return
    if reminder.assigned_to_id != event.actor_id and str(reminder.assigned_to_id) == details["assigned_to"]:
        tell(reminder, "follow_up_created", event, reminder.assigned_to_id)


def tell(reminder: Reminder, type_name: str, event: Event, user_id: uuid.UUID | None) -> None:
    if user_id is None or user_id not in holders_of("reminders.view_own", reminder.port_id):
        return
    with written_for(user_id, reminder.port_id) as slug:
        when = formats.format_datetime(reminder.due_at)
        body = {
            "reminder_due": _("Due %(when)s", when=when),
            "reminder_overdue": _("Was due %(when)s", when=when),
            "follow_up_created": _("Given to you; due %(when)s", when=when),
        }[type_name]
        link = f"/{slug}/reminders/{reminder.number}"
        notify(user_id, type_name, event=event, title=reminder.title, body=body, link=link)


# --- How timelines tell of it. Those of what it is about do as well, so each says which.

describes(ABOUT_REMINDERS, FIELDS)


def about_one(happened: str, sentence: Any, **how: Any) -> None:
    tells(f"reminder:{happened}", sentence, personal=("name",), **how)


about_one("created", lazy_gettext("added the reminder “%(name)s”"), icon="bell", tone="info")
about_one("updated", lazy_gettext("changed the reminder “%(name)s”"), icon="pencil")
about_one("reverted", lazy_gettext("took a change of the reminder “%(name)s” back"), icon="rotate-ccw")
about_one("assigned", lazy_gettext("gave the reminder “%(name)s” to somebody else"), icon="user")
about_one("snoozed", lazy_gettext("put “%(name)s” off until %(until)s"), icon="clock", words={"until": as_moment})
about_one("woken", lazy_gettext("no longer puts “%(name)s” off"), icon="clock")
about_one("completed", lazy_gettext("did “%(name)s”"), icon="check", tone="ok")
about_one("reopened", lazy_gettext("opened “%(name)s” again"), icon="rotate-ccw")
about_one("archived", lazy_gettext("archived the reminder “%(name)s”"), icon="archive", tone="warn")
about_one("restored", lazy_gettext("brought the reminder “%(name)s” back"), icon="archive-restore")
tells("reminder:due", lazy_gettext("reminded of what is to be done"), icon="bell")
tells(
    "reminder:overdue", lazy_gettext("reminded again of what was to be done the day before"), icon="bell", tone="warn"
)

subjects("reminder", lazy_gettext("Reminder"))(numbered(Reminder, Reminder.title, "reminders.show", needs=SEES))
families("reminder", lazy_gettext("Reminders"))
