"""Note: what somebody wrote down about a client."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Self

from flask_babel import gettext as _
from sqlalchemy import Boolean, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...db import Base, PortScoped, Timestamped, db, now
from ...errors import Refused
from ...events.models import Actor, user_id_of
from .client import Client
from .mention import Mention

PREVIEW = 80


class Note(Timestamped, PortScoped, Base):
    """Whoever may edit the client pins and removes any note; its words are its author's alone, at any time. Verbs:
    create, update, pin, unpin, archive, restore."""

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
    edited_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]

    client: Mapped[Client] = relationship(back_populates="notes", lazy="raise")

    @property
    def preview(self) -> str:
        return self.body if len(self.body) <= PREVIEW else self.body[: PREVIEW - 1] + "…"

    @classmethod
    def create(cls, client: Client, body: str, *, pinned: bool = False, by: Actor, announce: bool = True) -> Self:
        author_id = user_id_of(by)
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
        client.record(
            "noteAdded",
            by=by,
            note_id=note.id,
            author=by.name,
            preview=note.preview,
            announce=announce,
            **note._mentions(by),
        )
        return note

    def update(self, client: Client, body: str, *, by: Actor) -> bool:
        """Write it anew; False when it says that already. Raises Refused for who did not write it."""
        if by.actor_kind != "user" or by.actor_id != self.author_id:
            raise Refused(_("Only %(name)s can change this note.", name=self.author_name or _("its author")))
        if body == self.body:
            return False
        changes = {"body": (self.body, body)}
        self.body, self.edited_at = body, now()
        db.session.flush()
        names = ["body"]
        client.record(
            "noteUpdated", by=by, changes=changes, note_id=self.id, changed_fields=names, **self._mentions(by)
        )
        return True

    def pin(self, client: Client, *, by: Actor) -> None:
        """Keep at the top."""
        if not self.pinned:
            self.pinned = True
            client.record("notePinned", by=by, note_id=self.id, preview=self.preview)

    def unpin(self, client: Client, *, by: Actor) -> None:
        if self.pinned:
            self.pinned = False
            client.record("noteUnpinned", by=by, note_id=self.id, preview=self.preview)

    def archive(self, client: Client, *, by: Actor) -> None:
        if self.archived_at is None:
            self.archived_at = now()
            client.record("noteRemoved", by=by, note_id=self.id)

    def restore(self, client: Client, *, by: Actor) -> None:
        if self.archived_at is not None:
            self.archived_at = None
            client.record("noteRestored", by=by, note_id=self.id)

    def _mentions(self, by: Actor) -> dict[str, Any]:
        """Who is named in it for the first time, but for whoever names them."""
        return {"mentioned": found} if (found := [one for one in Mention.keep(self) if one != by.actor_id]) else {}
