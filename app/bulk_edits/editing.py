"""Doing a bulk edit: many records a step, each step a handful of statements whatever their number.

What stands here must come to the same as the verbs of the records one by one; tests compare them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Row, Uuid, any_, literal, literal_column, select, update

from .. import formats
from ..changes.jobs import Asker
from ..changes.models import Change, ChangeSet, ChangeSetStatus, Ending, note_changes
from ..changes.reactions import show_progress
from ..db import db, now, take_turn
from ..events.bulk import Happening, record_many, subject_keys
from ..events.models import Actor, System
from ..identity.models import User, current_port_of
from ..jobs import Steps, job
from ..tags.models import Tag
from . import tagging as bulk_tagging
from .kinds import BulkAct
from .models import BulkEdit

AT_ONCE = 1_000
AT_THE_CLICK = 200  # so many are done before the page answers; more in a job


@dataclass(frozen=True)
class Deed:
    """What became of one record: the event that tells of it, and what it was before."""

    act: str
    happening: Happening
    image: Mapping[str, Any]


def do_all(edit: BulkEdit, change_set: ChangeSet, *, by: Actor) -> None:
    """Now, for a few."""
    while do_some(edit, change_set, by=by):
        pass


def do_some(edit: BulkEdit, change_set: ChangeSet, *, by: Actor) -> bool:
    """One step; False when nothing was left, or can be done, and the change set is closed."""
    rows = next_records(edit)
    if not rows:
        change_set.note_applied(by=by)
        return False
    tag = bulk_tagging.held(edit) if edit.tag_id else None
    if edit.tag_id and tag is None:
        change_set.note_applied(by=by, ending=Ending.TAG_ARCHIVED)
        return False
    deeds = tagged(edit, tag, rows) if tag else written(edit, rows, by=by)
    keep_in_mind(change_set, edit.kind.subject_type, deeds, by=by)
    edit.last_id = rows[-1].id
    change_set.seen += len(rows)
    return True


def next_records(edit: BulkEdit) -> Sequence[Row[Any]]:
    """Locked, in the order of their ids, so that two bulk edits take turns instead of waiting for each other."""
    kind, model = edit.kind, edit.kind.records.model
    columns = {column.key: column for column in (*kind.columns, *(getattr(model, name) for name in edit.fields))}
    most = min(AT_ONCE, kind.at_once(edit.act, edit.fields) or AT_ONCE)
    found = edit.still_to_do().with_only_columns(*columns.values()).order_by(model.id).limit(most)
    return db.session.execute(found.with_for_update(of=model)).all()


def tagged(edit: BulkEdit, tag: Tag, rows: Sequence[Row[Any]]) -> list[Deed]:
    """Those of them who had it not, or had it."""
    kind, by_id, moment = edit.kind, {row.id: row for row in rows}, now()
    if kind.tagging is None:
        raise TypeError(f"{kind.name} carry no tags")
    if edit.act == BulkAct.TAG:
        act, changed = bulk_tagging.TAGGED, bulk_tagging.put_on(kind.tagging, tag, list(by_id), at=moment)
    else:
        act, changed = bulk_tagging.UNTAGGED, bulk_tagging.take_off(kind.tagging, tag, list(by_id))
    write(kind.records.model, [row.record_id for row in changed], {}, moment)
    told = bulk_tagging.told(tag)
    return [Deed(act, kind.tell(act, by_id[row.record_id], **told), bulk_tagging.image_of(tag, row)) for row in changed]


def written(edit: BulkEdit, rows: Sequence[Row[Any]], *, by: Actor) -> list[Deed]:
    """Those of them in whom something differs, or all where they are put away."""
    kind, model = edit.kind, edit.kind.records.model
    meant = [row for row in rows if kind.is_for(row, BulkAct(edit.act), edit.fields)]
    if edit.act == BulkAct.ARCHIVE:
        beside = kind.prepare(meant, BulkAct.ARCHIVE, {}, by=by)
        moment = now()
        write(model, [row.id for row in meant], {"archived_at": moment}, moment)
        return [Deed("archived", kind.tell("archived", row), {"fields": {}, **beside.get(row.id, {})}) for row in meant]
    changed = [(row, found) for row in meant if (found := differences(row, edit.fields))]
    beside = kind.prepare([row for row, _found in changed], BulkAct.EDIT, edit.fields, by=by)
    write(model, [row.id for row, _found in changed], as_columns(edit.fields), now())
    names = owner_names(edit, rows)
    return [
        Deed(
            "updated",
            kind.tell_change(row, found, names),
            {"fields": {name: list(pair) for name, pair in found.items()}, **beside.get(row.id, {})},
        )
        for row, found in changed
    ]


def as_columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """As columns take them what a bulk edit keeps as JSON."""
    return {name: uuid.UUID(value) if name == "owner_id" and value else value for name, value in fields.items()}


def as_kept(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else value


def differences(row: Row[Any], fields: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    present = row._mapping
    return {name: (as_kept(present[name]), new) for name, new in fields.items() if as_kept(present[name]) != new}


def write(model: Any, ids: Sequence[uuid.UUID], values: Mapping[str, Any], moment: datetime) -> None:
    """One UPDATE: the values are the same for all."""
    if not ids:
        return
    version: ColumnElement[int] = literal_column("version + 1")
    table = model.__table__
    db.session.execute(
        update(table)
        .where(table.c.id == any_(literal(list(ids), ARRAY(Uuid()))))
        .values(**values, version=version, updated_at=moment)
    )


def keep_in_mind(change_set: ChangeSet, subject_type: str, deeds: Sequence[Deed], *, by: Actor) -> None:
    """An event and a before-image for each record."""
    if not deeds:
        return
    port_id, happenings = change_set.port_id, [deed.happening for deed in deeds]
    keys = subject_keys(subject_type, [one.subject_id for one in happenings], port_id=port_id)
    record_many(subject_type, happenings, by=by, port_id=port_id, keys=keys)
    changes = [Change(deed.happening.subject_id, deed.act, deed.image, [deed.happening.id]) for deed in deeds]
    note_changes(change_set, subject_type, changes, keys=keys)


def owner_names(edit: BulkEdit, rows: Sequence[Row[Any]]) -> dict[str, str]:
    if "owner_id" not in edit.fields:
        return {}
    ids = {row.owner_id for row in rows} | {uuid.UUID(edit.fields["owner_id"]) if edit.fields["owner_id"] else None}
    found = db.session.execute(select(User.id, User.name).where(User.id.in_(ids - {None})))
    return {str(row.id): row.name for row in found}


def _locked(change_set_id: uuid.UUID) -> ChangeSet | None:
    found = select(ChangeSet).where(ChangeSet.id == change_set_id).with_for_update()
    return db.session.scalars(found).one_or_none()


def _give_up(change_set_id: uuid.UUID, user_id: uuid.UUID, error: str) -> None:
    """What is done stays, and can be taken back."""
    change_set = _locked(change_set_id)
    if change_set is not None and change_set.is_under_way:
        change_set.note_applied(by=System(), ending=Ending.FAILED)


@job(queue="bulk", in_steps=True, failed=_give_up)
def apply_bulk_edit(steps: Steps, change_set_id: uuid.UUID, user_id: uuid.UUID) -> None:
    """All of it, a step at a time, until somebody stops it; after a kill it goes on where it was."""
    while _step(steps, change_set_id, user_id):
        steps.tell(show_progress, change_set_id)


def _step(steps: Steps, change_set_id: uuid.UUID, user_id: uuid.UUID) -> bool:
    is_under_way = False
    with steps.step():
        take_turn(change_set_id)
        change_set = _locked(change_set_id)
        edit = BulkEdit.of(change_set) if change_set else None
        if change_set is None or edit is None or not change_set.is_under_way:
            return False
        if change_set.status == ChangeSetStatus.STOPPING and next_records(edit):
            change_set.note_applied(by=Asker.of(user_id), ending=Ending.STOPPED)
        else:
            with formats.use(current_port_of(change_set.port_id)):
                is_under_way = do_some(edit, change_set, by=Asker.of(user_id))
        steps.advance(change_set.seen - steps.done, total=change_set.expected)
    db.session.expunge_all()
    return is_under_way
