"""Archive: everything that is held about one client, put together in a file for them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, Select, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...db import Base, PortScoped, Timestamped, db, now
from ...events.models import Actor, record, user_id_of
from ...files.models import LooseKey
from ...identity.models import User
from .client import Client


class ArchiveStatus(StrEnum):
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"


class Archive(Timestamped, PortScoped, Base):
    """building → ready or failed. Kept for a week, then made anew where somebody wants one."""

    __tablename__ = "client_archives"
    __table_args__ = PortScoped.port_scoped(
        ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        Index("ix_client_archives_client", "port_id", "client_id", "id"),
        Index("uq_client_archives_building", "client_id", unique=True, postgresql_where="status = 'building'"),
    )

    client_id: Mapped[uuid.UUID]
    status: Mapped[str] = mapped_column(String(10), default=ArchiveStatus.BUILDING)
    storage_key: Mapped[str] = mapped_column(Text, default="")
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    files: Mapped[int] = mapped_column(default=0)
    asked_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    ready_at: Mapped[datetime | None]

    asked_by: Mapped[User | None] = relationship(foreign_keys=[asked_by_id], viewonly=True, lazy="raise")

    KEPT = timedelta(days=7)

    @property
    def ends_at(self) -> datetime:
        return (self.ready_at or self.created_at) + self.KEPT

    @property
    def is_ready(self) -> bool:
        return self.status == ArchiveStatus.READY and now() < self.ends_at

    @classmethod
    def of(cls, client: Client) -> Select[Self]:
        """The client's, the latest first."""
        return select(cls).where(cls.port_id == client.port_id, cls.client_id == client.id).order_by(cls.id.desc())

    @classmethod
    def ask(cls, client: Client, *, by: Actor) -> Self | None:
        """A new one of the (locked) client; None while one is being made."""
        if db.session.scalar(cls.of(client).where(cls.status == ArchiveStatus.BUILDING).with_only_columns(cls.id)):
            return None
        asked_by_id = user_id_of(by)
        made = cls(port_id=client.port_id, client_id=client.id, asked_by_id=asked_by_id)
        db.session.add(made)
        db.session.flush()
        return made

    def note_ready(self, key: str, *, size: int, files: int, by: Actor) -> bool:
        """False when what was put there is gone again."""
        if self.status != ArchiveStatus.BUILDING or not LooseKey.claim(key):
            return False
        self.status, self.ready_at = ArchiveStatus.READY, now()
        self.storage_key, self.size, self.files = key, size, files
        db.session.flush()
        record(
            "data:exported",
            by=by,
            subject_type=Client.subject_type,
            subject_id=self.client_id,
            port_id=self.port_id,
            what="client",
            count=files,
        )
        return True

    def note_failed(self) -> None:
        if self.status == ArchiveStatus.BUILDING:
            self.status = ArchiveStatus.FAILED

    def remove(self) -> None:
        """Nobody wants it any more; what lay in the storage is loose from now on."""
        if self.storage_key:
            LooseKey.note([self.storage_key], port_id=self.port_id)
        db.session.delete(self)
        db.session.flush()
