"""Handing out clients in a file of one of three kinds, a few hundred at a time: with the answer, or by a job.

Whom the list shows is settled once, as ids in its order; so nobody is left out or there twice although clients change
while the file is written.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from sqlalchemy import select
from uuid_utils.compat import uuid7

from ... import formats, storage
from ...changes.jobs import Asker
from ...current import Member
from ...db import begin, db, now, rollback
from ...events.models import Actor, System, record
from ...files.models import LooseKey
from ...identity.models import current_port_of
from ...jobs import Steps, job
from ...tables.writing import CSV_TYPE, XLSX_TYPE, as_csv, as_workbook, delimiter_of
from ..listed import in_order
from ..models import Client, Export, ExportExtent, ExportFormat
from ..models.export import KEPT
from ..queries import narrowed
from .outgoing import Column, Outgoing, Widths, all_columns, outgoing, shown_columns
from .reactions import show_progress
from .vcards import VCARD_TYPE, as_vcards

AT_THE_CLICK = 5_000  # so many go out with the answer; more in a job
AT_ONCE = 500
MEASURED_AT_ONCE = 5_000
TYPES = {ExportFormat.CSV: CSV_TYPE, ExportFormat.XLSX: XLSX_TYPE, ExportFormat.VCARD: VCARD_TYPE}


# --- The file


@dataclass(frozen=True)
class Manner:
    """How a file is written."""

    format: str
    extent: str
    columns: Sequence[str]

    @property
    def is_whole(self) -> bool:
        return self.extent == ExportExtent.ALL

    def columns_of(self, port_id: uuid.UUID, widths: Widths) -> list[Column]:
        return all_columns(port_id, widths) if self.is_whole else shown_columns(self.columns)

    def written(self, columns: Sequence[Column], batches: Iterable[Sequence[Outgoing]]) -> Iterator[bytes]:
        """A piece at a time; whoever gives the batches has the port's manner in force."""
        if self.format == ExportFormat.VCARD:
            return as_vcards(batches, with_words=self.is_whole)
        header = [column.heading for column in columns]
        rows = (
            [[column.cell(row) for column in columns] for one in batch for row in one.by_vessel] for batch in batches
        )
        if self.format == ExportFormat.XLSX:
            return as_workbook(header, rows)
        # What is read in again has numbers with a point, which a semicolon would belie.
        return as_csv(header, rows, delimiter="," if self.is_whole else delimiter_of(formats.in_force().locale))


def take_note(count: int, *, port_id: uuid.UUID, by: Actor, subject_id: uuid.UUID | None = None) -> None:
    """Record that so much leaves the house."""
    record(
        "data:exported",
        by=by,
        subject_type=Export.subject_type,
        subject_id=subject_id or uuid7(),
        port_id=port_id,
        is_new=subject_id is None,
        what="clients",
        count=count,
    )


def at_once(manner: Manner, ids: Sequence[uuid.UUID], member: Member) -> Iterator[bytes]:
    """For an answer that is sent while it is made. Each batch is a unit of work of its own: nothing is held while
    somebody's connection is slow."""
    port = member.here()

    def batches() -> Iterator[list[Outgoing]]:
        for some in shares(ids, AT_ONCE):
            begin(port_id=port.id, user_id=member.id, scope="staff")
            batch = outgoing(some, is_whole=manner.is_whole)
            rollback()
            yield batch

    begin(port_id=port.id, user_id=member.id, scope="staff")
    columns = manner.columns_of(port.id, widths_of(ids) if manner.is_whole else Widths())
    rollback()
    yield from manner.written(columns, batches())


def shares(ids: Sequence[uuid.UUID], size: int) -> Iterator[Sequence[uuid.UUID]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def widths_of(ids: Sequence[uuid.UUID]) -> Widths:
    widths = Widths()
    for some in shares(ids, MEASURED_AT_ONCE):
        widths.look_at(some)
    return widths


# --- The job


class Over(Exception):
    """Somebody stopped it."""


class Ids(Sequence[uuid.UUID]):
    """Very many, sixteen bytes each."""

    def __init__(self, found: Iterable[uuid.UUID]) -> None:
        self.kept = b"".join(one.bytes for one in found)

    def __len__(self) -> int:
        return len(self.kept) // 16

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        return uuid.UUID(bytes=self.kept[at * 16 : at * 16 + 16])


def _locked(export_id: uuid.UUID) -> Export:
    """Raises Over."""
    found = db.session.scalars(select(Export).where(Export.id == export_id).with_for_update()).one_or_none()
    if found is None or not found.is_under_way:
        raise Over
    return found


def fail_export(export_id: uuid.UUID, error: str) -> None:
    """The job was given up."""
    found = db.session.scalars(select(Export).where(Export.id == export_id).with_for_update()).one_or_none()
    if found is not None and found.is_under_way:
        found.note_failed(by=System())


@job(queue="export", in_steps=True, failed=fail_export)
def run_export(steps: Steps, export_id: uuid.UUID) -> None:
    """Write the file and keep it. After a kill it begins anew: what was written lay in a file without a name."""
    try:
        with tempfile.TemporaryFile() as file:
            count = _write(steps, export_id, file)
            _keep(steps, export_id, file, count)
    except Over:
        return


def _write(steps: Steps, export_id: uuid.UUID, file: IO[bytes]) -> int:
    """How many clients are in it."""
    with steps.step():
        found = _locked(export_id)
        port = current_port_of(found.port_id)
        manner = Manner(found.format, found.extent, found.columns)
        ids = Ids(_ids_of(found))
        found.done = 0
        steps.advance(-steps.done, total=len(ids))
    with formats.use(port):
        widths = _measured(steps, ids) if manner.is_whole else Widths()
        with steps.step():
            columns = manner.columns_of(port.id, widths)
        counted: list[int] = []
        for piece in manner.written(columns, _batches(steps, export_id, ids, counted.append)):
            file.write(piece)
    return sum(counted)


def _ids_of(found: Export) -> Iterator[uuid.UUID]:
    if found.client_ids is not None:
        there = set(db.session.scalars(found.scope().with_only_columns(Client.id)))
        yield from (client_id for client_id in found.client_ids if client_id in there)
        return
    scope = in_order(narrowed(found.scope(), found.chosen, port_id=found.port_id), found)
    yield from db.session.scalars(scope.execution_options(yield_per=10_000))


def _measured(steps: Steps, ids: Ids) -> Widths:
    widths = Widths()
    for some in shares(ids, MEASURED_AT_ONCE):
        with steps.step():
            widths.look_at(some)
    return widths


def _batches(
    steps: Steps, export_id: uuid.UUID, ids: Ids, count: Callable[[int], None]
) -> Iterator[Sequence[Outgoing]]:
    """Each read in a step of its own, between which it is seen whether somebody stopped it. Raises Over."""
    for some in shares(ids, AT_ONCE):
        with steps.step():
            found = _locked(export_id)
            seen = set(db.session.scalars(found.scope().where(Client.id.in_(some)).with_only_columns(Client.id)))
            there = [client_id for client_id in some if client_id in seen]
            batch = outgoing(there, is_whole=found.extent == ExportExtent.ALL)
            found.done += len(some)
            found.total = len(ids)
            steps.advance(len(some))
        count(len(batch))
        steps.tell(show_progress, export_id)
        yield batch


def _keep(steps: Steps, export_id: uuid.UUID, file: IO[bytes], count: int) -> None:
    """Into the storage, between two steps. From the first on the key is noted as loose, so that a file nobody names
    is removed after a day, and this one when its time is over."""
    with steps.step():
        found = _locked(export_id)
        slug, kind = current_port_of(found.port_id).slug, found.format
        key = storage.new_key(slug, "general", "exports", kind)
        LooseKey.note([key], port_id=found.port_id)
    size = file.tell()
    file.seek(0)
    storage.put(file, key, TYPES[ExportFormat(kind)])
    with steps.step():
        found = _locked(export_id)
        by = Asker.of(found.created_by_id)
        LooseKey.keep_until(key, now() + KEPT)
        found.note_finished(key, count=count, size=size, by=by)
        take_note(count, port_id=found.port_id, by=by, subject_id=found.id)
