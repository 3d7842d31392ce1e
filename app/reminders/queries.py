"""The list of reminders: what a row shows, in which group it stands; and who can be given one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, Select, func, select, true

from ..cards import card, card_of
from ..current import Member, member
from ..db import db, now
from ..events.subjects import Shown, shown_of
from ..formats import today
from ..identity.models import User
from ..notifications.reactions import holders_of
from ..paging import Filter, Page, Sort, chosen_of, paginate
from .labels import PRIORITIES
from .models import Reminder
from .models.recurrence import moment_of

LATEST = 10  # entries of the timeline on a reminder's page
COUNTED = 1_000  # of a tab; more reads as “1,000+”
OF_A_RECORD = 20  # on the page of what they are about

BY_TIME = (Sort("rings", lazy_gettext("Due"), Reminder.rings_at),)
BY_DONE = (Sort("done", lazy_gettext("Done"), Reminder.completed_at, descending=True),)
VIEWS = ("open", "overdue", "today", "upcoming", "done")

ROW = (
    Reminder.id,
    Reminder.number,
    Reminder.title,
    Reminder.notes,
    Reminder.priority,
    Reminder.due_at,
    Reminder.rings_at,
    Reminder.snoozed_until,
    Reminder.recurrence,
    Reminder.completed_at,
    Reminder.assigned_to_id,
    Reminder.about_type,
    Reminder.about_id,
    User.name.label("assignee"),
)


@dataclass(frozen=True)
class Day:
    """The day it is in the port, from midnight to midnight by its clock."""

    date: date
    begins: datetime
    ends: datetime

    @classmethod
    def of(cls, zone: str) -> Day:
        day = today()
        ends = moment_of(datetime.combine(day + timedelta(days=1), time()), zone)
        return cls(day, moment_of(datetime.combine(day, time()), zone), ends)

    def group_of(self, moment: datetime) -> str:
        return "overdue" if moment < self.begins else "today" if moment < self.ends else "upcoming"

    def within(self, view: str) -> ColumnElement[bool]:
        """Which reminders the view shows."""
        if view == "done":
            return Reminder.completed_at.is_not(None) & Reminder.archived_at.is_(None)
        spans: dict[str, ColumnElement[bool]] = {
            "overdue": Reminder.rings_at < self.begins,
            "today": (Reminder.rings_at >= self.begins) & (Reminder.rings_at < self.ends),
            "upcoming": Reminder.rings_at >= self.ends,
        }
        return Reminder.still_open() & spans.get(view, true())


def filters_of(member: Member) -> list[Filter]:
    offered = [("priority", _("Priority"), [(str(value), label) for value, label in PRIORITIES])]
    if member.can("reminders.view_all"):
        offered.insert(0, ("whose", _("Everybody’s"), [("all", _("everybody’s"))]))
    return chosen_of(offered)


def asked_for(member: Member, filters: Sequence[Filter]) -> Select[Reminder]:
    """Whose: one's own unless everybody's are asked for."""
    chosen = {one.name: one.value for one in filters}
    scope = Reminder.visible_to(member)
    if member.can("reminders.view_all") and not chosen.get("whose"):
        scope = scope.where(Reminder.is_own(member))
    return scope.where(Reminder.priority == chosen["priority"]) if chosen["priority"] else scope


def reminder_page(scope: Select[Any], view: str, day: Day) -> Page:
    shown = scope.where(day.within(view))
    rows = shown.outerjoin(User, User.id == Reminder.assigned_to_id).with_only_columns(*ROW)
    return paginate(rows, shown, id_column=Reminder.id, sorts=BY_DONE if view == "done" else BY_TIME)


def counts(scope: Select[Any], day: Day) -> Mapping[str, int]:
    """How many each tab has, counted so far as anybody reads: one statement."""
    open_ones = scope.where(Reminder.still_open()).with_only_columns(Reminder.rings_at)
    first = open_ones.order_by(Reminder.rings_at).limit(COUNTED).subquery()
    moment = first.c.rings_at
    row = db.session.execute(
        select(
            func.count().label("open"),
            func.count().filter(moment < day.begins).label("overdue"),
            func.count().filter(moment >= day.begins, moment < day.ends).label("today"),
            func.count().filter(moment >= day.ends).label("upcoming"),
        ).select_from(first)
    ).one()
    return dict(row._mapping)


def subjects_of(member: Member, rows: Sequence[Any]) -> Mapping[tuple[str, uuid.UUID], Shown]:
    """What they are about, as far as the member may open it: one statement a kind."""
    return shown_of(member, {(row.about_type, row.about_id) for row in rows if row.about_id})


def grouped(rows: Sequence[Any], day: Day) -> list[tuple[str, list[Any]]]:
    """Rows in the order of their time, by the group each stands in."""
    return [(group, list(found)) for group, found in groupby(rows, lambda row: day.group_of(row.rings_at))]


@dataclass(frozen=True)
class OfRecord:
    """What the page of a record shows of its reminders."""

    rows: Sequence[Any]
    day: Day
    now: datetime
    form: Any


def reminders_about(record: Any) -> OfRecord:
    """The open ones about a record that the member may see, the next first, and a form for another."""
    from .forms import QuickForm

    return OfRecord(card_of(record, "reminders"), Day.of(member.here().timezone), now(), QuickForm(formdata=None))


@card("reminders", "client", "vessel", "berth", "interest")
def about_record(record: Any) -> Any:
    if not (member.can("reminders.view_own") or member.can("reminders.view_all")):
        return None
    about = (Reminder.about_type == record.subject_type, Reminder.about_id == record.id)
    open_ones = Reminder.visible_to(member).where(Reminder.still_open(), *about)
    rows = open_ones.outerjoin(User, User.id == Reminder.assigned_to_id).with_only_columns(*ROW)
    return rows.order_by(Reminder.rings_at, Reminder.id).limit(OF_A_RECORD)


def people(member: Member) -> list[tuple[str, str]]:
    """Who can be given a reminder: the active people of the port who may see theirs."""
    holders = holders_of("reminders.view_own", member.here().id)
    rows = db.session.execute(select(User.id, User.name).where(User.id.in_(holders)).order_by(User.name, User.id))
    return [(str(row.id), row.name) for row in rows]
