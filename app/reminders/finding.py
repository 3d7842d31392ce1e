"""Reminders among what search finds."""

from __future__ import annotations

from flask import url_for
from flask_babel import lazy_gettext
from sqlalchemy import and_, func, true

from ..current import Member
from ..db import db
from ..formats import format_datetime
from ..search.registry import Hit, source
from .models import Reminder
from .views.reminders import SEES

LONGEST = 60  # letters of a search; nobody types more


@source("reminders", lazy_gettext("Reminders"), icon="bell", permissions=SEES)
def find_reminders(member: Member, asked: str, most: int) -> list[Hit]:
    """Each word begins one of the title; what is still to be done comes first."""
    title = func.concat(" ", func.lower(Reminder.title))
    every = and_(true(), *(title.contains(f" {word}", autoescape=True) for word in asked[:LONGEST].lower().split()))
    seen = Reminder.visible_to(member).where(Reminder.archived_at.is_(None), every)
    rows = db.session.execute(
        seen.with_only_columns(Reminder.number, Reminder.title, Reminder.rings_at)
        .order_by(Reminder.completed_at.is_not(None), Reminder.rings_at.desc(), Reminder.id)
        .limit(most)
    )
    return [Hit(row.title, url_for("reminders.show", number=row.number), format_datetime(row.rings_at)) for row in rows]
