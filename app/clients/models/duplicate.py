"""Duplicate: two clients that look like one. DuplicateScan: the last time the port was looked through for them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Select,
    SmallInteger,
    String,
    UniqueConstraint,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from ...current import Member
from ...db import Base, PortScoped, Timestamped, db, now
from ...events.models import Actor, Recorded, user_id_of
from .client import Client


class DuplicateState(StrEnum):
    OPEN = "open"
    DISMISSED = "dismissed"
    MERGED = "merged"


class Duplicate(Timestamped, PortScoped, Base):
    """An unordered pair: `a_id` is the smaller id, which is the older client. Dismissed is for ever."""

    __tablename__ = "client_duplicates"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "a_id", "b_id"),
        ForeignKeyConstraint(["port_id", "a_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "b_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        CheckConstraint("a_id < b_id", name="order"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        Index("ix_client_duplicates_a", "port_id", "a_id"),
        Index("ix_client_duplicates_b", "port_id", "b_id"),
        Index("ix_client_duplicates_open", "port_id", "score", "id", postgresql_where="state = 'open'"),
    )

    a_id: Mapped[uuid.UUID]
    b_id: Mapped[uuid.UUID]
    score: Mapped[int] = mapped_column(SmallInteger)
    reasons: Mapped[list[str]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(10), default=DuplicateState.OPEN)
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    decided_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        """Pairs of which the member may see both, and neither is put away."""
        seen = Client.visible_to(member).where(Client.archived_at.is_(None)).with_only_columns(Client.id)
        a, b = seen.subquery(), seen.subquery()
        return (
            select(cls).where(cls.port_id == member.here().id).join(a, a.c.id == cls.a_id).join(b, b.c.id == cls.b_id)
        )

    @classmethod
    def note_merged(cls, one: uuid.UUID, other: uuid.UUID, *, port_id: uuid.UUID, by: Actor) -> None:
        """The pair is settled, where there is one."""
        a_id, b_id = sorted((one, other))
        found = db.session.scalars(
            select(cls).where(cls.port_id == port_id, cls.a_id == a_id, cls.b_id == b_id).with_for_update()
        ).one_or_none()
        if found is not None:
            found._decide(DuplicateState.MERGED, by=by)
            db.session.flush()

    def dismiss(self, *, by: Actor) -> None:
        """They are not the same, and that is remembered."""
        if self.state == DuplicateState.OPEN:
            self._decide(DuplicateState.DISMISSED, by=by)
            client = db.session.get_one(Client, self.a_id)
            client.record("duplicateDismissed", by=by, a=str(self.a_id), b=str(self.b_id))

    def reopen(self, *, by: Actor) -> None:
        if self.state == DuplicateState.DISMISSED:
            self.state, self.decided_at, self.decided_by_id = DuplicateState.OPEN, None, None
            client = db.session.get_one(Client, self.a_id)
            client.record("duplicateReopened", by=by, a=str(self.a_id), b=str(self.b_id))

    def _decide(self, state: DuplicateState, *, by: Actor) -> None:
        self.state, self.decided_at = state, now()
        self.decided_by_id = user_id_of(by)


class DuplicateScan(Recorded, PortScoped, Base):
    """One row a port: when it was last asked to be looked through, and what came of it."""

    __tablename__ = "duplicate_scans"
    __table_args__ = (UniqueConstraint("port_id", "id"), UniqueConstraint("port_id"))
    subject_type = "duplicateScan"

    asked_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    compared: Mapped[int] = mapped_column(default=0)
    found: Mapped[int] = mapped_column(default=0)

    LOST_AFTER = timedelta(hours=6)

    @property
    def is_under_way(self) -> bool:
        return self.asked_at is not None and now() - self.asked_at < self.LOST_AFTER

    @classmethod
    def of_port(cls, port_id: uuid.UUID, *, lock: bool = False) -> Self | None:
        statement = select(cls).where(cls.port_id == port_id)
        return db.session.scalars(statement.with_for_update() if lock else statement).one_or_none()

    @classmethod
    def locked(cls, port_id: uuid.UUID) -> Self:
        """The port's row, made when it is not there."""
        db.session.execute(
            insert(cls).values(port_id=port_id, compared=0, found=0).on_conflict_do_nothing(index_elements=["port_id"])
        )
        found = cls.of_port(port_id, lock=True)
        assert found is not None  # noqa: S101  (the statement above)
        return found

    def ask(self) -> bool:
        """False when somebody asked already and it is not over."""
        if self.is_under_way:
            return False
        self.asked_at = now()
        return True

    def note_finished(self, *, compared: int, found: int, by: Actor) -> None:
        self.asked_at, self.finished_at = None, now()
        self.compared, self.found = compared, found
        self.record("finished", by=by, compared=compared, found=found)

    def note_failed(self) -> None:
        self.asked_at = None


__all__ = ["Duplicate", "DuplicateScan", "DuplicateState"]
