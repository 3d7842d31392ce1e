"""Import: a contact file on its way in, and each of its rows with a verdict and an outcome."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Integer, Select, String, Text, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ...current import Member
from ...db import Base, PortScoped, Timestamped, db
from ...events.models import Actor, Recorded
from ...numbers import take_number


class ImportStatus(StrEnum):
    CHECKING = "checking"
    PREVIEW = "preview"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"


class Verdict(StrEnum):
    NEW = "new"
    DUPLICATE = "duplicate"
    WRONG = "wrong"


class Import(Recorded, Timestamped, PortScoped, Base):
    """checking → preview → running → finished, or stopped on request and started again, or failed.

    `done` counts rows of the file while it is checked, new rows while they are let in.
    """

    __tablename__ = "imports"
    __table_args__ = (UniqueConstraint("port_id", "id"), UniqueConstraint("port_id", "number"))
    subject_type = "import"

    number: Mapped[int]
    filename: Mapped[str] = mapped_column(String(200))
    storage_key: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20), default=ImportStatus.CHECKING)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    total: Mapped[int] = mapped_column(Integer, default=0)
    done: Mapped[int] = mapped_column(Integer, default=0)
    new_count: Mapped[int] = mapped_column(Integer, default=0)
    duplicate_count: Mapped[int] = mapped_column(Integer, default=0)
    wrong_count: Mapped[int] = mapped_column(Integer, default=0)
    created_count: Mapped[int] = mapped_column(Integer, default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    created_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)

    @property
    def room(self) -> str:
        return f"import:{self.id}"

    @property
    def is_under_way(self) -> bool:
        return self.status in (ImportStatus.CHECKING, ImportStatus.RUNNING, ImportStatus.STOPPING)

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        return select(cls).where(cls.port_id == member.here().id)

    @classmethod
    def create(cls, *, filename: str, storage_key: str, by: Member) -> Self:
        port_id = by.here().id
        found = cls(
            port_id=port_id,
            number=take_number(port_id, "import"),
            filename=filename,
            storage_key=storage_key,
            status=ImportStatus.CHECKING,
            created_by_id=by.id,
        )
        db.session.add(found)
        found.record("uploaded", by=by, is_new=True, filename=filename)
        return found

    def left_out(self) -> list[tuple[str, list[str]]]:
        """Of each row that is not new, in the order of the file: why, and its cells."""
        statement = select(ImportRow.message, ImportRow.source).order_by(ImportRow.row_number)
        rows = db.session.execute(statement.where(ImportRow.import_id == self.id, ImportRow.verdict != Verdict.NEW))
        return [(message, source) for message, source in rows]

    def count(self, verdict: Verdict, change: int) -> None:
        """So many rows more (or fewer) have this verdict."""
        name = f"{verdict}_count"
        setattr(self, name, getattr(self, name) + change)

    def note_checked(self, *, by: Actor) -> None:
        """Every row has its verdict; nothing is in yet."""
        self.status = ImportStatus.PREVIEW
        self.record("checked", by=by, new=self.new_count, skipped=self.duplicate_count, wrong=self.wrong_count)

    def start(self, *, by: Actor) -> bool:
        """Let the checked rows in; starting again after a stop goes on where it was. False when there is nothing
        to start."""
        if self.status not in (ImportStatus.PREVIEW, ImportStatus.STOPPED):
            return False
        if self.status == ImportStatus.PREVIEW:
            self.done = 0
        self.status = ImportStatus.RUNNING
        self.record("started", by=by, filename=self.filename, rows=self.new_count)
        return True

    def stop(self) -> bool:
        """Stop after the rows in hand; what is in stays in. The job records the event when it has stopped."""
        if self.status != ImportStatus.RUNNING:
            return False
        self.status = ImportStatus.STOPPING
        return True

    def note_stopped(self, *, by: Actor) -> None:
        self.status = ImportStatus.STOPPED
        self.record("stopped", by=by, done=self.done, total=self.new_count)

    def note_finished(self, *, by: Actor) -> None:
        self.status = ImportStatus.FINISHED
        self.record(
            "finished",
            by=by,
            created=self.created_count,
            updated=0,
            skipped=self.duplicate_count,
            wrong=self.wrong_count,
        )

    def note_failed(self, text: str, *, by: Actor) -> None:
        """The file cannot be read; `text` says why in words for the person who sent it."""
        self.status, self.error = ImportStatus.FAILED, text
        self.record("failed", by=by, error=text)


class ImportRow(PortScoped, Base):
    """One row of the file: what was in it, what is to happen, and the client that came of it."""

    __tablename__ = "import_rows"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("import_id", "row_number"),
        ForeignKeyConstraint(["port_id", "import_id"], ["imports.port_id", "imports.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        Index("ix_import_rows_port_id_import_id", "port_id", "import_id", "verdict", "row_number"),
        Index("ix_import_rows_port_id_client_id", "port_id", "client_id"),
    )

    import_id: Mapped[uuid.UUID]
    row_number: Mapped[int]
    source: Mapped[list[str]] = mapped_column(JSONB)
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB)
    verdict: Mapped[str] = mapped_column(String(20))
    message: Mapped[str] = mapped_column(Text, default="")
    client_id: Mapped[uuid.UUID | None]

    @property
    def name(self) -> str:
        return str(self.fields.get("full_name") or "")

    @property
    def detail(self) -> str:
        """The first e-mail address or phone number, as it stands in the file."""
        contacts = self.fields.get("contacts") or [{"value": ""}]
        return str(contacts[0]["value"])
