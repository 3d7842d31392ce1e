"""Loose key: where something lies in the storage, or may lie, that no record names."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Index, UniqueConstraint, delete, update
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, PortScoped, db, now

LOOSE_KEPT = timedelta(days=1)


class LooseKey(PortScoped, Base):
    """Noted before the content is put there, and taken away in the transaction whose record names it; noted again when
    that record goes. What is left after a day belongs to nothing, and a job removes it."""

    __tablename__ = "loose_keys"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("storage_key"),
        Index("ix_loose_keys_port_id", "port_id", "since"),
    )

    storage_key: Mapped[str]
    since: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def note(cls, keys: Iterable[str], *, port_id: uuid.UUID, since: datetime | None = None) -> None:
        db.session.add_all(cls(port_id=port_id, storage_key=key, since=since or now()) for key in keys)
        db.session.flush()

    @classmethod
    def claim(cls, key: str) -> bool:
        """A record names it from now on; False when the job that removes loose ones was faster."""
        statement = delete(cls).where(cls.storage_key == key).returning(cls.id)
        return db.session.scalar(statement) is not None

    @classmethod
    def keep_until(cls, key: str, moment: datetime) -> None:
        """It is removed then rather than after a day. Raises LookupError when it is gone."""
        statement = update(cls).where(cls.storage_key == key).values(since=moment - LOOSE_KEPT).returning(cls.id)
        if db.session.scalar(statement) is None:
            raise LookupError(key)

    @classmethod
    def forget(cls, ids: Iterable[uuid.UUID]) -> None:
        db.session.execute(delete(cls).where(cls.id.in_(list(ids))))
