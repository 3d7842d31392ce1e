"""The two jobs of an import: look at every row of the file, then let the good ones in. Both resume after a kill."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from .. import formats, storage
from ..bulk import insert_many, update_many
from ..changes.jobs import Asker
from ..changes.models import ChangeSet
from ..db import begin, db, rollback, take_turn
from ..events.models import Actor, System
from ..identity.models import current_port_of
from ..jobs import Steps, job
from ..storage.store import NotStored
from ..tables.reading import NotATable, Table, open_table
from .columns import Columns, Matched, fingerprint
from .kinds import KINDS, Batch, Check
from .models import RECORDS, Import, ImportMapping, ImportRow, ImportStatus, RowOutcome
from .reactions import show_progress
from .reading import ReadRow
from .verdicts import Judgement, Verdict

CHECKED_AT_ONCE = 1000
# Whoever asks to stop waits for the rows in hand: less than a second.
LET_IN_AT_ONCE = 1000
TURNS = 5  # of writing some rows, while others write what they were about to
SAMPLES, SAMPLE_LENGTH = 3, 60


def fail_import(import_id: uuid.UUID, error: str) -> None:
    """The job was given up: say so on the page, with nothing half done left running."""
    found = _locked(import_id)
    if found is not None and found.is_under_way:
        with formats.use(current_port_of(found.port_id)):
            text = _("Something broke on our side; it has been logged. What is in stays in: send the file again.")
        found.note_failed(text, by=System())


def _locked(import_id: uuid.UUID) -> Import | None:
    return db.session.scalars(select(Import).where(Import.id == import_id).with_for_update()).one_or_none()


# --- Looking ------------------------------------------------------------------------------------------------------


@job(queue="import", in_steps=True, failed=fail_import)
def check_import(steps: Steps, import_id: uuid.UUID) -> None:
    """Find out what the columns are, or have somebody say it; then give every row of the file its verdict."""
    with steps.step():
        found = _locked(import_id)
        if found is None or found.status != ImportStatus.CHECKING:
            return
        port, key, filename = current_port_of(found.port_id), found.storage_key, found.filename
        with formats.use(port):
            check = KINDS[found.kind].check(found, port)
    error = ""
    with formats.use(port):
        try:
            with storage.open(key) as stream, open_table(stream, filename) as table:
                if _match(steps, import_id, check.columns, table):
                    _check_rows(steps, import_id, check, table)
        except NotATable as refused:
            error = str(refused)
        except NotStored:
            error = _("The file is not kept any more. Send it again.")
    with steps.step():
        found = _locked(import_id)
        if found is not None and error:
            found.note_failed(error, by=Asker.of(found.created_by_id))
        elif found is not None and found.status == ImportStatus.CHECKING:
            found.note_checked(by=Asker.of(found.created_by_id))
    if error:
        storage.delete(key)  # noted as loose, should this be interrupted
    steps.tell(show_progress, import_id, is_last=True)


def _match(steps: Steps, import_id: uuid.UUID, columns: Columns, table: Table) -> bool:
    """Settle the columns; whether the rows can be looked at. Raises NotATable."""
    with steps.step():
        found = _locked(import_id)
        if found is None:
            return False
        if found.mapping.get("asked"):
            return True
        print_of = fingerprint(table.header)
        remembered = ImportMapping.recall(found.port_id, found.kind, print_of)
        if remembered and columns.problem_of(remembered):  # a field is gone since, or is not for whoever brings this
            remembered = None
        matched = Matched(remembered, is_certain=True) if remembered else columns.match(table.header)
        _check_headings(table, matched, columns)
        mapping = {
            "columns": [[heading, target] for heading, target in zip(table.header, matched.targets, strict=True)],
            "samples": _samples(table),
            "source": matched.source,
            "remembered": bool(remembered),
            "kind": table.kind,
            "encoding": table.encoding,
            "delimiter": table.delimiter,
            "fingerprint": print_of,
        }
        found.total = table.count
        if matched.is_certain:
            found.mapping = mapping
        else:
            found.ask_for_columns(mapping)
        return matched.is_certain


def _check_headings(table: Table, matched: Matched, columns: Columns) -> None:
    """Raises NotATable for two columns that would hide each other, and for headings that stand twice."""
    plain = [heading.casefold() for heading in table.header]
    for at, target in enumerate(matched.targets):
        if target.partition("|")[0] != "label" and plain[at] and plain[at] in plain[:at]:
            raise NotATable(_("Two columns are called “%(name)s”. Rename or remove one.", name=table.header[at][:60]))
    first = [cell.strip().casefold() for cell in table.samples[0]]
    known = [cell for cell in first if cell and columns.target_of(cell)]
    if len(known) > 1 and len(known) > len([cell for cell in first if cell]) / 2:
        raise NotATable(_("The second row looks like a row of headings, too. Keep one of them."))


def _samples(table: Table) -> list[list[str]]:
    """Of each column the first values that differ."""
    samples: list[list[str]] = [[] for _heading in table.header]
    for cells in table.samples:
        for at, cell in enumerate(cells[: len(samples)]):
            value = " ".join(cell.split())[:SAMPLE_LENGTH]
            if value and value not in samples[at] and len(samples[at]) < SAMPLES:
                samples[at].append(value)
    return samples


def _check_rows(steps: Steps, import_id: uuid.UUID, check: Check, table: Table) -> None:
    begin(port_id=steps.port_id, scope="staff")
    targets = [target for _heading, target in db.session.get_one(Import, import_id).columns]
    rollback()
    check.begin(table, targets)
    at, rows = 0, table.rows()
    while batch := [(number, cells, check.read(cells)) for number, cells in islice(rows, CHECKED_AT_ONCE)]:
        at += len(batch)
        with steps.step():
            found = _locked(import_id)
            if found is None or found.status != ImportStatus.CHECKING:
                return
            if found.began_at is None or not steps.done:
                found.note_began()
            judged = _judged(check, batch)
            if at > steps.done:  # else they are kept from before a kill, and judged again only for those below
                _keep_verdicts(found, batch, judged)
                found.total = table.count
                steps.advance(len(batch), total=table.count)
        steps.tell(show_progress, import_id)


Read = Sequence[tuple[int, list[str], ReadRow]]


def _judged(check: Check, batch: Read) -> Mapping[int, Judgement]:
    judged = {number: Judgement(Verdict.WRONG, why, problem=field) for number, _c, (_f, why, field) in batch if why}
    readable = {number: fields for number, _cells, (fields, problem, _field) in batch if not problem}
    return {**judged, **check.judge(readable)}


def _keep_verdicts(found: Import, batch: Read, judged: Mapping[int, Judgement]) -> None:
    column = KINDS[found.kind].record
    rows = [
        {
            "id": uuid7(),
            "port_id": found.port_id,
            "import_id": found.id,
            "row_number": number,
            "source": cells,
            "fields": fields,
            "verdict": judged[number].verdict,
            "message": judged[number].message,
            "problem": judged[number].problem,
            column: judged[number].record_id,
            "twin": judged[number].twin,
            "differences": judged[number].differences,
            "is_decided": False,
            "outcome": RowOutcome.WAITING,
        }
        for number, cells, (fields, _problem, _field) in batch
    ]
    insert_many(ImportRow, rows)
    found.done += len(rows)
    for verdict in Verdict:
        found.count(verdict, sum(row["verdict"] == verdict for row in rows))


# --- Letting in ---------------------------------------------------------------------------------------------------


@job(queue="import", in_steps=True, failed=fail_import)
def run_import(steps: Steps, import_id: uuid.UUID) -> None:
    """Let the rows in, some at a time, until they are in or somebody stops it."""
    while _let_some_in(steps, import_id):
        steps.tell(show_progress, import_id)


def _let_some_in(steps: Steps, import_id: uuid.UUID) -> bool:
    """One step; whether there may be more to do."""
    with steps.step():
        take_turn(import_id)
        found = _locked(import_id)
        if found is None or found.status not in (ImportStatus.RUNNING, ImportStatus.STOPPING):
            return False
        port, importer, rows = current_port_of(found.port_id), Asker.of(found.created_by_id), _waiting(found)
        if not rows:
            found.note_finished(by=importer)
        elif found.status == ImportStatus.STOPPING:
            found.note_stopped(by=importer)
        else:
            with formats.use(port):
                let_in(found, rows, by=importer)
        steps.advance(found.done - steps.done, total=found.used_count)
        is_under_way = found.is_under_way
    db.session.expunge_all()  # what is written is of no more use here, and a hundred thousand rows are many
    return is_under_way


# As literals, so that the partial index is used.
WAITING = text("outcome = '' AND verdict IN ('new', 'update')")


def _waiting(found: Import) -> Sequence[Any]:
    columns = (
        ImportRow.id,
        ImportRow.row_number,
        ImportRow.fields,
        ImportRow.verdict,
        *(getattr(ImportRow, column) for column in RECORDS),
        ImportRow.is_decided,
        ImportRow.twin,
    )
    return db.session.execute(
        select(*columns)
        .where(ImportRow.import_id == found.id, WAITING)
        .order_by(ImportRow.row_number)
        .limit(LET_IN_AT_ONCE)
    ).all()


def let_in(found: Import, rows: Sequence[Any], *, by: Actor) -> None:
    """Write these rows, or turn them into duplicates where something was entered or changed since the check."""
    changes = found.change_set(locks=True)
    if changes is None:
        raise LookupError(f"import {found.number} has no change set")
    batch = _written(found, rows, changes, by=by)
    update_many(ImportRow, batch.written)
    _turn(found, batch.turned)
    found.done += len(batch.written)
    found.created_count += batch.created
    found.updated_count += len(batch.written) - batch.created


def _written(found: Import, rows: Sequence[Any], changes: ChangeSet, *, by: Actor) -> Batch:
    """The rows in the database. What somebody else took between the look at them and their writing, such as the MMSI of
    a vessel, an index refuses: then they are looked at once more, and the row that wanted it is turned away."""
    for turn in range(1, TURNS + 1):
        batch = KINDS[found.kind].batch(found, rows, by)
        try:
            with db.session.begin_nested():
                for row in rows:
                    batch.take(row)
                batch.write(changes)
        except IntegrityError:
            if turn == TURNS:
                raise
        else:
            break
    return batch


def _turn(found: Import, turned: Sequence[tuple[Any, str]]) -> None:
    update_many(
        ImportRow,
        [{"id": row.id, "verdict": Verdict.DUPLICATE, "message": message} for row, message in turned],
    )
    for row, _message in turned:
        found.count(row.verdict, -1)
        found.count(Verdict.DUPLICATE, 1)
