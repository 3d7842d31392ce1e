"""Handing out the records of a list in a file, a few hundred at a time: with the answer, or by a job.

What the list shows is settled once, as ids in its order; so nobody is left out or there twice although records change
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

from .. import formats, storage
from ..changes.jobs import Asker
from ..current import Member
from ..db import begin, db, now, rollback
from ..events.models import Actor, System, record
from ..files.models import LooseKey
from ..identity.models import current_port_of
from ..jobs import Steps, job
from ..tables.writing import CSV_TYPE, XLSX_TYPE, as_csv, as_workbook, delimiter_of
from .formats import ExportExtent, ExportFormat
from .kinds import Cards, Column, Kind
from .models import KEPT, Export
from .reactions import show_progress

AT_THE_CLICK = 5_000  # so many go out with the answer; more in a job
AT_ONCE = 500
MEASURED_AT_ONCE = 5_000
TYPES = {ExportFormat.CSV: CSV_TYPE, ExportFormat.XLSX: XLSX_TYPE, ExportFormat.VCARD: "text/vcard"}


# --- The file


@dataclass(frozen=True)
class Manner:
    """How a file is written."""

    kind: Kind
    format: str
    extent: str
    columns: Sequence[str]

    @classmethod
    def of(cls, found: Export) -> Manner:
        return cls(found.kind, found.format, found.extent, found.columns)

    @property
    def is_whole(self) -> bool:
        return self.extent == ExportExtent.ALL

    def measured(self, shares: Iterable[Sequence[uuid.UUID]]) -> Any:
        return self.kind.measured(shares) if self.is_whole else None

    def written(self, columns: Sequence[Column], batches: Iterable[Sequence[Any]]) -> Iterator[bytes]:
        """A piece at a time; whoever gives the batches has the port's manner in force."""
        if self.format == ExportFormat.VCARD and isinstance(self.kind, Cards):
            return self.kind.written(batches, is_whole=self.is_whole)
        header = [str(column.heading) for column in columns]
        rows = (
            [[column.cell(row) for column in columns] for one in batch for row in self.kind.rows(one)]
            for batch in batches
        )
        if self.format == ExportFormat.XLSX:
            return as_workbook(header, rows)
        # What is read in again has numbers with a point, which a semicolon would belie.
        return as_csv(header, rows, delimiter="," if self.is_whole else delimiter_of(formats.in_force().locale))


def take_note(kind: Kind, count: int, *, port_id: uuid.UUID, by: Actor, subject_id: uuid.UUID | None = None) -> None:
    """Record that so much leaves the house."""
    record(
        "data:exported",
        by=by,
        subject_type=Export.subject_type,
        subject_id=subject_id or uuid7(),
        port_id=port_id,
        is_new=subject_id is None,
        what=kind.name,
        count=count,
    )


def at_once(manner: Manner, ids: Sequence[uuid.UUID], member: Member) -> Iterator[bytes]:
    """For an answer that is sent while it is made. Each batch is a unit of work of its own: nothing is held while
    somebody's connection is slow."""
    port = member.here()

    def batches() -> Iterator[Sequence[Any]]:
        for some in shares(ids, AT_ONCE):
            begin(port_id=port.id, user_id=member.id, scope="staff")
            batch = manner.kind.read(some, is_whole=manner.is_whole)
            rollback()
            yield batch

    begin(port_id=port.id, user_id=member.id, scope="staff")
    columns = manner.kind.columns(manner.columns, port.id, manner.measured(shares(ids, MEASURED_AT_ONCE)))
    rollback()
    yield from manner.written(columns, batches())


def shares(ids: Sequence[uuid.UUID], size: int) -> Iterator[Sequence[uuid.UUID]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


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
    """How many records are in it."""
    with steps.step():
        found = _locked(export_id)
        port, manner = current_port_of(found.port_id), Manner.of(found)
        with formats.use(port):  # a day that the list is narrowed to is one of the port
            ids = Ids(found.ids())
        found.done = 0
        steps.advance(-steps.done, total=len(ids))
    with formats.use(port):
        measures = manner.measured(_in_steps(steps, ids))
        with steps.step():
            columns = manner.kind.columns(manner.columns, port.id, measures)
        counted: list[int] = []
        for piece in manner.written(columns, _batches(steps, export_id, ids, counted.append)):
            file.write(piece)
    return sum(counted)


def _in_steps(steps: Steps, ids: Ids) -> Iterator[Sequence[uuid.UUID]]:
    """A share in each; what is done with it belongs to the step."""
    for some in shares(ids, MEASURED_AT_ONCE):
        with steps.step():
            yield some


def _batches(steps: Steps, export_id: uuid.UUID, ids: Ids, count: Callable[[int], None]) -> Iterator[Sequence[Any]]:
    """Each read in a step of its own, between which it is seen whether somebody stopped it. Raises Over."""
    for some in shares(ids, AT_ONCE):
        with steps.step():
            found = _locked(export_id)
            record_id = found.kind.records.model.id
            seen = set(db.session.scalars(found.scope().where(record_id.in_(some)).with_only_columns(record_id)))
            there = [one for one in some if one in seen]
            batch = found.kind.read(there, is_whole=found.extent == ExportExtent.ALL)
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
        slug, ending = current_port_of(found.port_id).slug, found.format
        key = storage.new_key(slug, "general", "exports", ending)
        LooseKey.note([key], port_id=found.port_id)
    size = file.tell()
    file.seek(0)
    storage.put(file, key, TYPES[ExportFormat(ending)])
    with steps.step():
        found = _locked(export_id)
        by = Asker.of(found.created_by_id)
        LooseKey.keep_until(key, now() + KEPT)
        found.note_finished(key, count=count, size=size, by=by)
        take_note(found.kind, count, port_id=found.port_id, by=by, subject_id=found.id)
