"""Taking back a change of a waiting list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from ..current import Member
from ..db import db
from ..events.models import Event
from ..events.reverts import NotReverted, Reason, reverts, what_to_write
from .models import WaitingList


@reverts("waitingList:updated", "waitingList:reverted", permission="berths.manage_waiting_list")
def revert_list(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    found = WaitingList.visible_to(member).where(WaitingList.id == event.subject_id).with_for_update()
    waiting_list = db.session.scalars(found).one_or_none()
    if waiting_list is None:
        raise NotReverted(Reason(_("the record is not there any more, or you may not open it")))
    if waiting_list.is_archived:
        raise NotReverted(Reason(_("the record is archived; restore it first")))
    fields = {name: old for name, (old, _new) in what_to_write(event, words, waiting_list).items()}
    return waiting_list.update(fields, by=member, reverting=event.id)
