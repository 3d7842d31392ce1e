"""Many reminders at once, when a bulk act changes what they are about: a handful of statements, whatever their number.

What stands here must come to the same as the verbs of Reminder one by one, but is announced by the bulk act alone; a
test compares them. All of these are locked by whoever calls.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm.attributes import set_committed_value

from ...bulk import update_many
from ...db import db, now
from ...events.bulk import kept_keys, record_many, subject_keys
from ...events.models import Actor, Happening, user_id_of
from ...identity.models import User
from .reminder import Reminder


def assign_many(given: Sequence[tuple[Reminder, uuid.UUID | None]], *, by: Actor) -> None:
    """Each open one to a person, or to nobody."""
    changed = [(one, to) for one, to in given if one.assigned_to_id != to]
    ids = {who for one, to in changed for who in (one.assigned_to_id, to) if who}
    found = db.session.execute(select(User.id, User.name).where(User.id.in_(ids))) if ids else ()
    names = {row.id: row.name for row in found}
    happenings = [
        _happening(
            one,
            "assigned",
            {"assigned_to_id": (one.assigned_to_id, to)},
            assigned_to=to,
            named={"assigned_to_id": [names.get(who, "") if who else "" for who in (one.assigned_to_id, to)]},
        )
        for one, to in changed
    ]
    _write([(one, {"assigned_to_id": to}) for one, to in changed], happenings, by=by)


def complete_many(found: Sequence[Reminder], *, by: Actor) -> None:
    """The open ones are done; of those that repeat, which are few, the next is made one by one."""
    repeating = [one for one in found if one.recurrence]
    done = {"completed_at": now(), "completed_by_id": user_id_of(by)}
    _write([(one, done) for one in found], [_happening(one, "completed") for one in found], by=by)
    for one in repeating:
        one.make_next(by=by)


def reopen_many(found: Sequence[Reminder], *, by: Actor) -> None:
    """Those that were done are to be done after all."""
    repeating = [one for one in found if one.recurrence]
    undone = {"completed_at": None, "completed_by_id": None}
    _write([(one, undone) for one in found], [_happening(one, "reopened") for one in found], by=by)
    for one in repeating:
        one.take_next_away(by=by)


def _happening(
    one: Reminder, happened: str, changes: Mapping[str, tuple[Any, Any]] | None = None, **details: Any
) -> Happening:
    words = {"name": one.told_title, **details}
    return Happening(f"reminder:{happened}", one.id, changes or {}, words, told_in=one.told_in)


def _write(
    written: Sequence[tuple[Reminder, Mapping[str, Any]]], happenings: Sequence[Happening], *, by: Actor
) -> None:
    if not written:
        return
    port_id, moment = written[0][0].port_id, now()
    rows = [{"id": one.id, **values, "updated_at": moment} for one, values in written]
    update_many(Reminder, rows, also="version = t.version + 1")
    keys = subject_keys(Reminder.subject_type, [one.subject_id for one in happenings], port_id=port_id)
    about = defaultdict(set)
    for kind, about_id in (place for one, _values in written for place in one.told_in):
        about[kind].add(about_id)
    others = {(kind, one): key for kind, ids in about.items() for one, key in kept_keys(kind, ids).items()}
    record_many(Reminder.subject_type, happenings, by=by, port_id=port_id, keys=keys, others=others)
    for one, values in written:
        for name, value in {**values, "updated_at": moment, "version": one.version + 1}.items():
            set_committed_value(one, name, value)
