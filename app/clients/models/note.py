"""Note: what somebody wrote down about a client."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from sqlalchemy import Boolean, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...db import Base, PortScoped, Timestamped, db, now
from ...events.models import Actor
from .client import Client

PREVIEW = 80


class Note(Timestamped, PortScoped, Base):
    __tablename__ = "client_notes"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        Index("ix_client_notes_port_id_client_id", "port_id", "client_id"),
    )

    client_id: Mapped[uuid.UUID]
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    # As it was when they wrote: colleagues do not see who has left the port, nor super-admins.
    author_name: Mapped[str] = mapped_column(String(200), default="")
    body: Mapped[str] = mapped_column(Text)
    pinned: Mapped[bool] = mapped_column(Boolean, default=False)
    archived_at: Mapped[datetime | None]

    client: Mapped[Client] = relationship(back_populates="notes", lazy="raise")

    @classmethod
    def create(cls, client: Client, body: str, *, pinned: bool = False, by: Actor, announce: bool = True) -> Self:
        author_id = by.actor_id if by.actor_kind == "user" else None
        note = cls(
            port_id=client.port_id,
            client_id=client.id,
            author_id=author_id,
            author_name=by.name,
            body=body,
            pinned=pinned,
        )
        db.session.add(note)
        db.session.flush()
        preview = body if len(body) <= PREVIEW else body[: PREVIEW - 1] + "…"
        client.record("noteAdded", by=by, note_id=note.id, author=by.name, preview=preview, announce=announce)
        return note

    def archive(self, client: Client, *, by: Actor) -> None:
        if self.archived_at is None:
            self.archived_at = now()
            client.record("noteRemoved", by=by, note_id=self.id)

    def restore(self, client: Client, *, by: Actor) -> None:
        if self.archived_at is not None:
            self.archived_at = None
            client.record("noteRestored", by=by, note_id=self.id)
