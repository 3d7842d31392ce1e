"""What the priorities, rules and fields of reminders are called."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from ..events.timeline import FieldWords, one_of
from ..formats import format_date, format_datetime
from .models import Priority, Repeat
from .models.recurrence import until_of

PRIORITIES = [
    (Priority.LOW, _("Low")),
    (Priority.NORMAL, _("Normal")),
    (Priority.HIGH, _("High")),
    (Priority.URGENT, _("Urgent")),
]
REPEATS = [
    (Repeat.NEVER, _("Never")),
    (Repeat.DAILY, _("Every day")),
    (Repeat.WORKDAYS, _("Every working day")),
    (Repeat.WEEKLY, _("Every week")),
    (Repeat.FORTNIGHTLY, _("Every two weeks")),
    (Repeat.MONTHLY, _("Every month")),
    (Repeat.QUARTERLY, _("Every three months")),
    (Repeat.HALF_YEARLY, _("Every six months")),
    (Repeat.YEARLY, _("Every year")),
]
AS_IT_IS = (Repeat.AS_IT_IS, _("As it does now"))
WORDS = {str(repeat): label for repeat, label in REPEATS}


def words_of_repeat(repeat: Repeat, recurrence: str) -> str:
    """`Every month, until 31 Dec 2027`; empty where it comes once."""
    if not recurrence:
        return ""
    often = str(WORDS.get(str(repeat)) or gettext("By a rule of its own"))
    until = until_of(recurrence)
    return gettext("%(often)s, until %(day)s", often=often, day=format_date(until)) if until else often


def as_moment(recorded: Any) -> str:
    """A recorded moment in words."""
    return format_datetime(datetime.fromisoformat(str(recorded))) if recorded else ""


def as_rule(recorded: Any) -> str:
    """A recorded rule; which of the offered ones it is depends on where it began."""
    return gettext("by a rule") if recorded else gettext("never")


FIELDS = {
    "title": FieldWords(_("Title"), personal=True),
    "notes": FieldWords(_("Notes"), personal=True),
    "priority": FieldWords(_("Priority"), one_of(PRIORITIES)),
    "due_at": FieldWords(_("Due"), as_moment),
    "recurrence": FieldWords(_("Repeats"), as_rule),
    "assigned_to_id": FieldWords(_("Whose it is")),
}
