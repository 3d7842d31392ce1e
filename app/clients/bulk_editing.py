"""Doing a bulk edit: some thousand clients a step, each step a handful of statements whatever their number.

What stands here must come to the same as `Client.update` and `Client.archive` one by one; a test compares them.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, literal_column, select, update
from uuid_utils.compat import uuid7

from ..changes.jobs import Asker
from ..changes.models import Change, ChangeSet, ChangeSetStatus, note_changes
from ..changes.reactions import show_progress
from ..db import begin, db, now, rollback
from ..events.bulk import Happening, record_many, subject_keys
from ..events.models import Actor, System
from ..identity.models import User
from ..jobs import Steps, job
from .models import Client
from .models.bulk_edit import BulkAct, BulkEdit
from .queries import narrowed

AT_ONCE = 1_000
TELL_EVERY = 0.3
AT_THE_CLICK = 200  # so many are done before the page answers; more in a job


def do_all(edit: BulkEdit, change_set: ChangeSet, *, by: Actor) -> None:
    """Now, for a few."""
    while do_some(edit, change_set, by=by):
        pass


def do_some(edit: BulkEdit, change_set: ChangeSet, *, by: Actor) -> bool:
    """One step; False when nothing was left and the change set is closed."""
    rows = next_clients(edit)
    if not rows:
        change_set.note_applied(by=by)
        return False
    differing = [row for row in rows if edit.act == BulkAct.ARCHIVE or differences(row, edit.fields)]
    if differing:
        write(edit, [row.id for row in differing])
        tell(edit, change_set, differing, by=by)
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


def as_kept(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else value


def differences(row: Row[Any], fields: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    present = row._mapping
    return {name: (as_kept(present[name]), new) for name, new in fields.items() if as_kept(present[name]) != new}


def write(edit: BulkEdit, ids: Sequence[uuid.UUID]) -> None:
    """One UPDATE: the values are the same for all."""
    moment = now()
    values: dict[str, Any] = {"archived_at": moment} if edit.act == BulkAct.ARCHIVE else dict(edit.fields)
    if values.get("owner_id"):
        values["owner_id"] = uuid.UUID(values["owner_id"])
    version: ColumnElement[int] = literal_column("version + 1")
    table = Client.__table__
    db.session.execute(
        update(table)  # type: ignore[arg-type]  # a mapped class has a Table
        .where(table.c.id.in_(list(ids)))
        .values(**values, version=version, updated_at=moment)
    )


def tell(edit: BulkEdit, change_set: ChangeSet, rows: Sequence[Row[Any]], *, by: Actor) -> None:
    """An event and a before-image for each client."""
    owners = owner_names(edit, rows)
    happenings, changes = [], []
    for row in rows:
        event_id = uuid7()
        if edit.act == BulkAct.ARCHIVE:
            happening = Happening("client:archived", row.id, id=event_id)
            image: dict[str, Any] = {"fields": {}, "contacts": [], "notes": []}
        else:
            changed = differences(row, edit.fields)
            details: dict[str, Any] = {"changed_fields": sorted(changed)}
            if "owner_id" in changed:
                details["named"] = {
                    "owner_id": [owners.get(owner, "") if owner else "" for owner in changed["owner_id"]]
                }
            happening = Happening("client:updated", row.id, changed, details, event_id)
            image = {"fields": {name: list(pair) for name, pair in changed.items()}, "contacts": [], "notes": []}
        happenings.append(happening)
        changes.append(Change(row.id, "archived" if edit.act == BulkAct.ARCHIVE else "updated", image, [event_id]))
    keys = subject_keys("client", [row.id for row in rows], port_id=edit.port_id)
    record_many("client", happenings, by=by, port_id=edit.port_id, keys=keys)
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
    if change_set is not None and change_set.status == ChangeSetStatus.OPEN:
        change_set.note_applied(by=System())


@job(queue="bulk", in_steps=True, failed=_give_up)
def apply_bulk_edit(steps: Steps, change_set_id: uuid.UUID, user_id: uuid.UUID) -> None:
    """All of it, a step at a time; after a kill it goes on where it was."""
    told = 0.0
    while _step(steps, change_set_id, user_id):
        if time.monotonic() - told > TELL_EVERY:
            begin(port_id=steps.port_id, scope="staff")
            show_progress(change_set_id)
            rollback()
            told = time.monotonic()


def _step(steps: Steps, change_set_id: uuid.UUID, user_id: uuid.UUID) -> bool:
    with steps.step():
        change_set = _locked(change_set_id)
        edit = BulkEdit.of(change_set) if change_set else None
        if change_set is None or edit is None or change_set.status != ChangeSetStatus.OPEN:
            return False
        is_under_way = do_some(edit, change_set, by=Asker.of(user_id))
        steps.advance(change_set.seen - steps.done, total=change_set.expected)
    db.session.expunge_all()
    return is_under_way
