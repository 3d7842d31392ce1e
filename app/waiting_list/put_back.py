"""Taking an import of a waiting list back: who came in by it is taken off again, unless something happened since."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from .. import formats
from ..changes.ways import Done, puts_back
from ..db import db
from ..events.bulk import last_events
from ..events.models import Actor
from .models import WaitingEntry, WaitingStatus


@puts_back("waitingEntry")
def put_entries_back(done: Sequence[Done], port_id: uuid.UUID, by: Actor) -> Mapping[uuid.UUID, str]:
    ids = sorted(one.subject_id for one in done)
    found = select(WaitingEntry).where(WaitingEntry.id.in_(ids)).order_by(WaitingEntry.id)
    whole = found.options(joinedload(WaitingEntry.client), joinedload(WaitingEntry.waiting_list))
    entries = {one.id: one for one in db.session.scalars(whole.with_for_update(of=WaitingEntry))}
    since, reasons = last_events(WaitingEntry.subject_type, ids), {}
    for one in done:
        entry = entries.get(one.subject_id)
        event_id, who, at = since[one.subject_id]
        if entry is None:
            reasons[one.item_id] = _("It is not there any more.")
        elif entry.status == WaitingStatus.WITHDRAWN:
            continue
        elif event_id > one.last_event_id:
            when = formats.format_datetime(at)
            reasons[one.item_id] = _("changed since by %(who)s on %(when)s", who=who, when=when)
        else:
            entry.withdraw(by=by, reason=_("the import was undone"))
    return reasons
