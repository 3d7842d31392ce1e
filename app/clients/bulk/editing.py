"""Doing a bulk edit: a thousand clients a step, each step a handful of statements whatever their number.

What stands here must come to the same as `Client.update` and `Client.archive` one by one; a test compares them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Row, Uuid, any_, literal, literal_column, select, update

from ...changes.jobs import Asker
from ...changes.models import Change, ChangeSet, ChangeSetStatus, Ending, note_changes
from ...changes.reactions import show_progress
from ...db import db, now
from ...events.bulk import Happening, record_many, subject_keys
from ...events.models import Actor, System
from ...identity.models import User
from ...jobs import Steps, job
from ...tags.models import Tag
from ..models import Client
from ..models.bulk_edit import BulkAct, BulkEdit
from ..queries import narrowed
from . import tagging as bulk_tagging

AT_ONCE = 1_000
AT_THE_CLICK = 200  # so many are done before the page answers; more in a job


@dataclass(frozen=True)
class Deed:
    """What became of one client: the event that tells of it, and what it was before."""

    act: str
    happening: Happening
    image: Mapping[str, Any]


def do_all(edit: BulkEdit, change_set: ChangeSet, *, by: Actor) -> None:
    """Now, for a few."""
    while do_some(edit, change_set, by=by):
        pass


def do_some(edit: BulkEdit, change_set: ChangeSet, *, by: Actor) -> bool:
    """One step; False when nothing was left, or can be done, and the change set is closed."""
    rows = next_clients(edit)
    if not rows:
        change_set.note_applied(by=by)
        return False
    tag = bulk_tagging.held(edit) if edit.tag_id else None
    if edit.tag_id and tag is None:
        change_set.note_applied(by=by, ending=Ending.TAG_ARCHIVED)
        return False
    keep_in_mind(change_set, tagged(edit, tag, rows) if tag else written(edit, rows), by=by)
    edit.last_id = rows[-1].id
    change_set.seen += len(rows)
    return True


def next_clients(edit: BulkEdit) -> Sequence[Row[Any]]:
    """Locked, in the order of their ids, so that two bulk edits take turns instead of waiting for each other."""
    scope = edit.still_to_do()
    if edit.client_ids is None:
        scope = narrowed(scope, edit.chosen, port_id=edit.port_id)
    columns = (Client.id, *(getattr(Client, name) for name in edit.fields))
    found = scope.with_only_columns(*columns).order_by(Client.id).limit(AT_ONCE).with_for_update(of=Client)
    return db.session.execute(found).all()


def tagged(edit: BulkEdit, tag: Tag, rows: Sequence[Row[Any]]) -> list[Deed]:
    """Those of them who had it not, or had it."""
    ids, moment = [row.id for row in rows], now()
    if edit.act == BulkAct.TAG:
        act, changed = bulk_tagging.TAGGED, bulk_tagging.put_on(tag, ids, at=moment)
    else:
        act, changed = bulk_tagging.UNTAGGED, bulk_tagging.take_off(tag, ids)
    write([row.client_id for row in changed], {}, moment)
    return [
        Deed(
            act,
            Happening(f"client:{act}", row.client_id, {}, bulk_tagging.told(tag)),
            bulk_tagging.image_of(tag, row),
        )
        for row in changed
    ]


def written(edit: BulkEdit, rows: Sequence[Row[Any]]) -> list[Deed]:
    """Those of them in whom something differs, or all where they are put away."""
    moment = now()
    empty: dict[str, Any] = {"contacts": [], "notes": []}
    if edit.act == BulkAct.ARCHIVE:
        write([row.id for row in rows], {"archived_at": moment}, moment)
        return [Deed("archived", Happening("client:archived", row.id), {"fields": {}, **empty}) for row in rows]
    changed = {row.id: found for row in rows if (found := differences(row, edit.fields))}
    values = dict(edit.fields)
    if values.get("owner_id"):
        values["owner_id"] = uuid.UUID(values["owner_id"])
    write(list(changed), values, moment)
    owners, deeds = owner_names(edit, rows), []
    for client_id, found in changed.items():
        details: dict[str, Any] = {"changed_fields": sorted(found)}
        if "owner_id" in found:
            details["named"] = {"owner_id": [owners.get(owner, "") if owner else "" for owner in found["owner_id"]]}
        image = {"fields": {name: list(pair) for name, pair in found.items()}, **empty}
        deeds.append(Deed("updated", Happening("client:updated", client_id, found, details), image))
    return deeds


def as_kept(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else value


def differences(row: Row[Any], fields: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    present = row._mapping
    return {name: (as_kept(present[name]), new) for name, new in fields.items() if as_kept(present[name]) != new}


def write(ids: Sequence[uuid.UUID], values: Mapping[str, Any], moment: datetime) -> None:
    """One UPDATE: the values are the same for all."""
    if not ids:
        return
    version: ColumnElement[int] = literal_column("version + 1")
    table = Client.__table__
    db.session.execute(
        update(table)  # type: ignore[arg-type]  # __table__ is declared as any FROM; that of a mapped class is a Table
        .where(table.c.id == any_(literal(list(ids), ARRAY(Uuid()))))
        .values(**values, version=version, updated_at=moment)
    )


def keep_in_mind(change_set: ChangeSet, deeds: Sequence[Deed], *, by: Actor) -> None:
    """An event and a before-image for each client."""
    if not deeds:
        return
    port_id, happenings = change_set.port_id, [deed.happening for deed in deeds]
    keys = subject_keys("client", [one.subject_id for one in happenings], port_id=port_id)
    record_many("client", happenings, by=by, port_id=port_id, keys=keys)
    changes = [Change(deed.happening.subject_id, deed.act, deed.image, [deed.happening.id]) for deed in deeds]
    note_changes(change_set, "client", changes, keys=keys)


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
        change_set = _locked(change_set_id)
        edit = BulkEdit.of(change_set) if change_set else None
        if change_set is None or edit is None or not change_set.is_under_way:
            return False
        if change_set.status == ChangeSetStatus.STOPPING:
            change_set.note_applied(by=Asker.of(user_id), ending=Ending.STOPPED)
        else:
            is_under_way = do_some(edit, change_set, by=Asker.of(user_id))
        steps.advance(change_set.seen - steps.done, total=change_set.expected)
    db.session.expunge_all()
    return is_under_way
