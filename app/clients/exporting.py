"""Handing out what the list of clients shows: which clients, a thousand at a time, as a file of one of three kinds.

Whom the list shows is settled once, as ids in its order; so nobody is left out or there twice although clients change
while the file is written.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import IO, Any, Self
from urllib.parse import parse_qsl

from sqlalchemy import Select, func, select
from uuid_utils.compat import uuid7
from werkzeug.datastructures import MultiDict

from .. import formats, storage
from ..changes.jobs import Asker
from ..current import Member
from ..db import begin, db, now, rollback
from ..events.models import Actor, System, record
from ..files.models import LooseKey
from ..identity.models import current_port_of
from ..jobs import Steps, job
from ..saved_views.listing import read_columns, shown_columns
from ..sheets import CSV_TYPE, XLSX_TYPE, as_csv, as_workbook, delimiter_of
from . import outgoing as going
from .export_reactions import show_progress
from .listing import CLIENTS
from .models import Client, Export, ExportExtent, ExportFormat
from .models.export import KEPT
from .models.finding import search
from .outgoing import Column, Outgoing, Widths, all_columns, outgoing
from .queries import FOUND, FOUND_TO_NARROW, SORTS, narrowed
from .selection import Selection
from .vcards import VCARD_TYPE, as_vcards

AT_THE_CLICK = 5_000  # so many go out with the answer; more in a job
AT_ONCE = 500
TELL_EVERY = 0.3
TYPES = {ExportFormat.CSV: CSV_TYPE, ExportFormat.XLSX: XLSX_TYPE, ExportFormat.VCARD: VCARD_TYPE}


# --- Whom the list shows


@dataclass(frozen=True)
class Listed:
    """The clients that were ticked, or all that the list lets through, in its order."""

    selection: Selection
    sort: str
    descending: bool
    columns: tuple[str, ...]

    @classmethod
    def sent(cls, sent: MultiDict[str, str], query: str, member: Member) -> Self:
        """As the list or the form of an export sends it; `query` is the list's own."""
        kept = dict(parse_qsl(CLIENTS.kept(query, member)[0]))
        sort = next((offered for offered in SORTS if offered.key == kept.get("sort")), SORTS[0])
        asked = kept.get("columns")
        columns = read_columns(CLIENTS, asked) if asked else shown_columns(CLIENTS, member)
        descending = kept["direction"] == "desc" if "direction" in kept else sort.descending
        return cls(Selection.sent(sent, query, member), sort.key, descending, tuple(columns))

    @property
    def member(self) -> Member:
        return self.selection.member

    @property
    def numbers(self) -> tuple[int, ...]:
        return self.selection.numbers

    @property
    def chosen(self) -> Mapping[str, str]:
        return self.selection.chosen

    @cached_property
    def client_ids(self) -> list[uuid.UUID] | None:
        """None where the filters alone say it, as a job can ask again."""
        if self.selection.words:
            return self._ticked_of(self._found())
        if self.numbers:
            ticked = Client.visible_to(self.member).where(Client.number.in_(self.numbers))
            return list(db.session.scalars(in_order(ticked.where(Client.merged_into_id.is_(None)), self)))
        return None

    def _found(self) -> list[uuid.UUID]:
        """Whom the search finds, the best first."""
        is_narrowed = any(self.chosen.values())
        most = FOUND_TO_NARROW if is_narrowed else FOUND
        hits = search(self.member, self.selection.words, most, archived=bool(self.chosen["archived"]))
        ranked = select(hits.c.client_id).order_by(hits.c.place)
        if is_narrowed:
            ranked = ranked.where(hits.c.client_id.in_(self.scope().with_only_columns(Client.id)))
        return list(db.session.scalars(ranked))

    def _ticked_of(self, found: list[uuid.UUID]) -> list[uuid.UUID]:
        if not self.numbers:
            return found
        numbered = Client.visible_to(self.member).where(Client.number.in_(self.numbers))
        ticked = set(db.session.scalars(numbered.with_only_columns(Client.id)))
        return [client_id for client_id in found if client_id in ticked]

    def scope(self) -> Select[Any]:
        return narrowed(Client.visible_to(self.member), self.chosen, port_id=self.member.here().id)

    @cached_property
    def count(self) -> int:
        if self.client_ids is not None:
            return len(self.client_ids)
        counted = self.scope().with_only_columns(Client.id).subquery()
        return db.session.scalar(select(func.count()).select_from(counted)) or 0

    def every_id(self) -> list[uuid.UUID]:
        """For a few."""
        return (
            self.client_ids if self.client_ids is not None else list(db.session.scalars(in_order(self.scope(), self)))
        )


def in_order(scope: Select[Any], listed: Listed | Export) -> Select[Any]:
    """The ids of the clients as the list has them."""
    column = next(offered.column for offered in SORTS if offered.key == listed.sort)
    order = (column.desc(), Client.id.desc()) if listed.descending else (column, Client.id)
    return scope.with_only_columns(Client.id).order_by(*order)


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
        return all_columns(port_id, widths) if self.is_whole else going.shown_columns(self.columns)

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
        for some in shares(ids):
            begin(port_id=port.id, user_id=member.id, scope="staff")
            batch = outgoing(some, is_whole=manner.is_whole)
            rollback()
            yield batch

    begin(port_id=port.id, user_id=member.id, scope="staff")
    columns = manner.columns_of(port.id, widths_of(ids) if manner.is_whole else Widths())
    rollback()
    yield from manner.written(columns, batches())


def shares(ids: Sequence[uuid.UUID]) -> Iterator[Sequence[uuid.UUID]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def widths_of(ids: Sequence[uuid.UUID]) -> Widths:
    widths = Widths()
    for some in shares(ids):
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
    for some in shares(ids):
        with steps.step():
            widths.look_at(some)
    return widths


def _batches(
    steps: Steps, export_id: uuid.UUID, ids: Ids, count: Callable[[int], None]
) -> Iterator[Sequence[Outgoing]]:
    """Each read in a step of its own, between which it is seen whether somebody stopped it. Raises Over."""
    told = 0.0
    for some in shares(ids):
        with steps.step():
            found = _locked(export_id)
            seen = set(db.session.scalars(found.scope().where(Client.id.in_(some)).with_only_columns(Client.id)))
            there = [client_id for client_id in some if client_id in seen]
            batch = outgoing(there, is_whole=found.extent == ExportExtent.ALL)
            found.done += len(some)
            found.total = len(ids)
            steps.advance(len(some))
        count(len(batch))
        if time.monotonic() - told > TELL_EVERY:
            _tell(steps, export_id)
            told = time.monotonic()
        yield batch


def _tell(steps: Steps, export_id: uuid.UUID) -> None:
    begin(port_id=steps.port_id, scope="staff")
    show_progress(export_id)
    rollback()


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
        by = Asker.of(found.created_by_id) if found.created_by_id else System()
        LooseKey.keep_until(key, now() + KEPT)
        found.note_finished(key, count=count, size=size, by=by)
        take_note(count, port_id=found.port_id, by=by, subject_id=found.id)
