"""Import: a file on its way in, and each of its rows with a verdict and an outcome."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Select,
    String,
    Text,
    UniqueConstraint,
    case,
    delete,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ..changes.models import ChangeSet
from ..current import Member
from ..db import Base, PortScoped, Timestamped, db, now
from ..events.models import Actor, Recorded
from ..files.models import LooseKey
from ..numbers import take_number
from .kinds import KINDS
from .verdicts import Verdict


class ImportStatus(StrEnum):
    CHECKING = "checking"
    MAPPING = "mapping"
    PREVIEW = "preview"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"


class RowOutcome(StrEnum):
    WAITING = ""
    CREATED = "created"
    UPDATED = "updated"


# What needs somebody comes first.
RANKS: dict[str, int] = {
    Verdict.WRONG: 0,
    Verdict.DUPLICATE: 1,
    Verdict.UPDATE: 2,
    Verdict.NEW: 3,
    Verdict.OUT: 4,
}
# Which column of a row says what came of it.
RECORDS = ("client_id", "berth_id")
USED = (Verdict.NEW, Verdict.UPDATE)
NEEDS_SOMEBODY = (Verdict.WRONG, Verdict.DUPLICATE)


class Import(Recorded, Timestamped, PortScoped, Base):
    """checking (→ mapping → checking) → preview → running → finished, or stopped on request and started again, or
    failed.

    `kind` is what its rows are about, one of `KINDS`. `done` counts rows of the file while it is checked, rows written
    while they are let in. `mapping`: `columns` as [heading, target], `samples` of each, `source` (whose file), `kind`,
    `encoding`, `delimiter`, `fingerprint`, and `asked` once somebody has said what the columns are.
    """

    __tablename__ = "imports"
    __table_args__ = (UniqueConstraint("port_id", "id"), UniqueConstraint("port_id", "number"))
    subject_type = "import"

    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    filename: Mapped[str] = mapped_column(String(200))
    storage_key: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20), default=ImportStatus.CHECKING)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    may_update: Mapped[bool] = mapped_column(default=True)
    may_add_tags: Mapped[bool] = mapped_column(default=False)
    total: Mapped[int] = mapped_column(Integer, default=0)
    done: Mapped[int] = mapped_column(Integer, default=0)
    new_count: Mapped[int] = mapped_column(Integer, default=0)
    update_count: Mapped[int] = mapped_column(Integer, default=0)
    duplicate_count: Mapped[int] = mapped_column(Integer, default=0)
    wrong_count: Mapped[int] = mapped_column(Integer, default=0)
    out_count: Mapped[int] = mapped_column(Integer, default=0)
    created_count: Mapped[int] = mapped_column(Integer, default=0)
    updated_count: Mapped[int] = mapped_column(Integer, default=0)
    began_at: Mapped[datetime | None]
    began_with: Mapped[int] = mapped_column(Integer, default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    created_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)

    @property
    def room(self) -> str:
        return f"import:{self.id}"

    @property
    def is_under_way(self) -> bool:
        return self.status in (ImportStatus.CHECKING, ImportStatus.RUNNING, ImportStatus.STOPPING)

    @property
    def is_open(self) -> bool:
        """Its rows may be decided on."""
        return self.status in (ImportStatus.PREVIEW, ImportStatus.STOPPED)

    @property
    def used_count(self) -> int:
        return self.new_count + self.update_count

    @property
    def columns(self) -> list[tuple[str, str]]:
        return [(heading, target) for heading, target in self.mapping.get("columns", ())]

    @property
    def seconds_left(self) -> int | None:
        """By how long the rows so far took; None before there is anything to go by."""
        whole = self.used_count if self.status == ImportStatus.RUNNING else self.total
        rows = self.done - self.began_with
        if self.began_at is None or rows <= 0 or not self.is_under_way:
            return None
        return round((now() - self.began_at).total_seconds() / rows * max(whole - self.done, 0))

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        """Those of the port that the member could have sent."""
        kinds = [kind.name for kind in KINDS.values() if member.can(kind.permission)]
        return select(cls).where(cls.port_id == member.here().id, cls.kind.in_(kinds))

    @classmethod
    def create(cls, kind: str, *, filename: str, storage_key: str, by: Member) -> Self:
        port_id = by.here().id
        found = cls(
            port_id=port_id,
            number=take_number(port_id, "import"),
            kind=kind,
            filename=filename,
            storage_key=storage_key,
            status=ImportStatus.CHECKING,
            may_update=by.can(KINDS[kind].edits),
            may_add_tags=by.can("admin.manage_tags"),
            created_by_id=by.id,
        )
        db.session.add(found)
        found.record("uploaded", by=by, is_new=True, filename=filename)
        return found

    def used_above(self, row: ImportRow, *where: Any) -> dict[int, dict[str, Any]]:
        """The fields of the rows above it that come in, by their numbers, in the order of the file."""
        above = select(ImportRow.row_number, ImportRow.fields).where(
            ImportRow.import_id == self.id, ImportRow.row_number < row.row_number, ImportRow.verdict.in_(USED), *where
        )
        rows = db.session.execute(above.order_by(ImportRow.row_number))
        return {row.row_number: row.fields for row in rows}

    def left_out(self, *, after: int = 0, limit: int | None = None) -> list[tuple[int, str, list[str]]]:
        """Of each row that does not come in, in the order of the file: its number, why, and its cells."""
        statement = (
            select(ImportRow.row_number, ImportRow.message, ImportRow.source)
            .where(
                ImportRow.import_id == self.id,
                ImportRow.verdict.in_([*NEEDS_SOMEBODY, Verdict.OUT]),
                ImportRow.row_number > after,
            )
            .order_by(ImportRow.row_number)
            .limit(limit)
        )
        return [(number, message, source) for number, message, source in db.session.execute(statement)]

    def count(self, verdict: str, change: int) -> None:
        """So many rows more (or fewer) have this verdict."""
        name = f"{verdict}_count"
        setattr(self, name, getattr(self, name) + change)

    def note_began(self) -> None:
        self.began_at, self.began_with = now(), self.done

    def ask_for_columns(self, mapping: dict[str, Any]) -> None:
        """Nobody knows these headings: somebody says what they hold."""
        self.status, self.mapping = ImportStatus.MAPPING, mapping

    def reopen_columns(self) -> bool:
        """Back to the columns, with nothing let in yet."""
        if self.status != ImportStatus.PREVIEW:
            return False
        db.session.execute(delete(ImportRow).where(ImportRow.import_id == self.id))
        self._forget_rows()
        self.status = ImportStatus.MAPPING
        return True

    def match_columns(self, targets: Sequence[str]) -> bool:
        """What each column fills, remembered for the next file of the port with these headings. False when it is too
        late for that."""
        if self.status != ImportStatus.MAPPING:
            return False
        columns = [[heading, target] for (heading, _old), target in zip(self.columns, targets, strict=True)]
        self.mapping = {**self.mapping, "columns": columns, "asked": True, "source": ""}
        ImportMapping.remember(self.port_id, self.kind, self.mapping["fingerprint"], list(targets))
        self._forget_rows()
        self.status = ImportStatus.CHECKING
        return True

    def _forget_rows(self) -> None:
        self.total = self.done = 0
        for verdict in Verdict:
            setattr(self, f"{verdict}_count", 0)

    def note_checked(self, *, by: Actor) -> None:
        """Every row has its verdict; nothing is in yet."""
        self.status = ImportStatus.PREVIEW
        self.record(
            "checked",
            by=by,
            new=self.new_count,
            updates=self.update_count,
            skipped=self.duplicate_count,
            wrong=self.wrong_count,
        )

    def start(self, *, by: Actor) -> bool:
        """Let the checked rows in; starting again after a stop goes on where it was. False when there is nothing
        to start."""
        if not self.is_open or not self.used_count:
            return False
        changes = self.change_set()
        if self.status == ImportStatus.PREVIEW:
            self.done = 0
            ChangeSet.begin(KINDS[self.kind].act, self.filename, port_id=self.port_id, about_id=self.id, by=by)
        elif changes is None or changes.status != "applied":
            return False
        else:
            changes.reopen()
        self.status = ImportStatus.RUNNING
        self.note_began()
        self.record("started", by=by, filename=self.filename, rows=self.used_count)
        return True

    def change_set(self, *, locks: bool = False) -> ChangeSet | None:
        found = select(ChangeSet).where(ChangeSet.about_id == self.id, ChangeSet.port_id == self.port_id)
        return db.session.scalars(found.with_for_update() if locks else found).one_or_none()

    def stop(self) -> bool:
        """Stop after the rows in hand; what is in stays in. The job records the event when it has stopped."""
        if self.status != ImportStatus.RUNNING:
            return False
        self.status = ImportStatus.STOPPING
        return True

    def note_stopped(self, *, by: Actor) -> None:
        self.status = ImportStatus.STOPPED
        self._close_changes()
        self.record("stopped", by=by, done=self.done, total=self.used_count)

    def note_finished(self, *, by: Actor) -> None:
        self.status = ImportStatus.FINISHED
        self._let_file_go()
        self._close_changes()
        self.record(
            "finished",
            by=by,
            created=self.created_count,
            updated=self.updated_count,
            skipped=self.duplicate_count + self.out_count,
            wrong=self.wrong_count,
        )

    def note_failed(self, text: str, *, by: Actor) -> None:
        """The file cannot be read; `text` says why in words for the person who sent it."""
        self.status, self.error = ImportStatus.FAILED, text
        self._let_file_go()
        self._close_changes()
        self.record("failed", by=by, error=text)

    def _let_file_go(self) -> None:
        """Nobody reads it any more: what is left of it stands in the rows."""
        LooseKey.note([self.storage_key], port_id=self.port_id)

    def _close_changes(self) -> None:
        if changes := self.change_set():
            changes.close()


class ImportRow(PortScoped, Base):
    """One row of the file: what was in it, what is to happen, and the record that came of it or is like it.

    `twin`: the row of the file it repeats; of an update, the row whose record it adds to. `differences`:
    field, old, new of an update. `problem`: the field that is wrong. `is_decided`: somebody said that it comes in
    although it looked like a duplicate.
    """

    __tablename__ = "import_rows"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("import_id", "row_number"),
        ForeignKeyConstraint(["port_id", "import_id"], ["imports.port_id", "imports.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="CASCADE"),
        Index("ix_import_rows_port_id_import_id", "port_id", "import_id", "verdict", "row_number"),
        Index("ix_import_rows_port_id_client_id", "port_id", "client_id"),
        Index("ix_import_rows_port_id_berth_id", "port_id", "berth_id"),
        Index(
            "ix_import_rows_waiting",
            "port_id",
            "import_id",
            "row_number",
            postgresql_where="outcome = '' AND verdict IN ('new', 'update')",
        ),
    )

    import_id: Mapped[uuid.UUID]
    row_number: Mapped[int]
    source: Mapped[list[str]] = mapped_column(JSONB)
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB)
    verdict: Mapped[str] = mapped_column(String(20))
    message: Mapped[str] = mapped_column(Text, default="")
    problem: Mapped[str] = mapped_column(String(80), default="")
    client_id: Mapped[uuid.UUID | None]
    berth_id: Mapped[uuid.UUID | None]
    twin: Mapped[int | None]
    differences: Mapped[list[list[Any]]] = mapped_column(JSONB, default=list)
    is_decided: Mapped[bool] = mapped_column(default=False)
    outcome: Mapped[str] = mapped_column(String(20), default=RowOutcome.WAITING)

    @property
    def record_id(self) -> uuid.UUID | None:
        """What came of it, or what it is like."""
        return next((found for column in RECORDS if (found := getattr(self, column))), None)

    @property
    def is_waiting(self) -> bool:
        return self.outcome == RowOutcome.WAITING

    @classmethod
    def rank(cls) -> Any:
        return case(RANKS, value=cls.verdict)

    def turn(self, imported: Import, verdict: str) -> None:
        """Another verdict, counted."""
        imported.count(self.verdict, -1)
        imported.count(verdict, 1)
        self.verdict = verdict

    def leave_out(self, imported: Import) -> None:
        """Somebody does not want it."""
        if self.is_waiting and self.verdict != Verdict.OUT:
            self.turn(imported, Verdict.OUT)
            self.is_decided = True

    def let_in_as(self, imported: Import, verdict: Verdict) -> bool:
        """Somebody decided on a duplicate: add it all the same, or let it change the record it is like. False where
        that is no choice."""
        if not self.is_waiting or self.verdict != Verdict.DUPLICATE:
            return False
        if verdict == Verdict.UPDATE and (self.record_id is None or not imported.may_update):
            return False
        if verdict == Verdict.NEW and not KINDS[imported.kind].adds_duplicates:
            return False
        self.turn(imported, verdict)
        self.is_decided, self.twin = True, None
        if verdict == Verdict.NEW:
            setattr(self, KINDS[imported.kind].record, None)
            self.differences = []
        return True


class ImportMapping(Timestamped, PortScoped, Base):
    """What the columns of files with these headings fill, as somebody of the port said last."""

    __tablename__ = "import_mappings"
    __table_args__ = (UniqueConstraint("port_id", "id"), UniqueConstraint("port_id", "kind", "fingerprint"))

    kind: Mapped[str] = mapped_column(String(20))
    fingerprint: Mapped[str] = mapped_column(String(64))
    targets: Mapped[list[str]] = mapped_column(JSONB)

    @classmethod
    def remember(cls, port_id: uuid.UUID, kind: str, fingerprint: str, targets: list[str]) -> None:
        row = {"id": uuid7(), "port_id": port_id, "kind": kind, "fingerprint": fingerprint, "targets": targets}
        statement = insert(cls).values(**row, created_at=now(), updated_at=now())
        kept = {"targets": statement.excluded.targets, "updated_at": statement.excluded.updated_at}
        db.session.execute(
            statement.on_conflict_do_update(index_elements=["port_id", "kind", "fingerprint"], set_=kept)
        )

    @classmethod
    def recall(cls, port_id: uuid.UUID, kind: str, fingerprint: str) -> list[str] | None:
        found = select(cls.targets).where(cls.port_id == port_id, cls.kind == kind, cls.fingerprint == fingerprint)
        return db.session.scalar(found)
