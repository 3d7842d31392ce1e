"""Taking back a change of a reminder."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from ..current import Member
from ..db import db
from ..errors import Refused
from ..events.models import Event
from ..events.reverts import NotReverted, Reason, reverts, what_to_write
from .models import Reminder


@reverts("reminder:updated", "reminder:reverted", permission="reminders.edit_all")
def revert(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    """Raises NotReverted."""
    found = Reminder.visible_to(member).where(Reminder.id == event.subject_id).with_for_update()
    reminder = db.session.scalars(found).one_or_none()
    if reminder is None:
        raise NotReverted(Reason(_("the record is not there any more, or you may not open it")))
    old = {name: old for name, (old, _new) in what_to_write(event, words, reminder).items()}
    if "due_at" in old:
        old["due_at"] = datetime.fromisoformat(old["due_at"])
    try:
        return reminder.update(old, by=member, reverting=event.id)
    except Refused as error:
        raise NotReverted(Reason(error.text)) from error
