"""Note: what somebody wrote down about a client, and the colleagues named in it."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from ...notes.models import AnyMention, AnyNote
from .client import Client


class Mention(AnyMention):
    __tablename__ = "client_note_mentions"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("note_id", "user_id"),
        ForeignKeyConstraint(["port_id", "note_id"], ["client_notes.port_id", "client_notes.id"], ondelete="CASCADE"),
        Index("ix_client_note_mentions_port_id_note_id", "port_id", "note_id"),
    )


class Note(AnyNote):
    __tablename__ = "client_notes"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        Index("ix_client_notes_port_id_client_id", "port_id", "client_id"),
    )
    HOLDER = "client_id"
    MENTION = Mention

    client_id: Mapped[uuid.UUID]

    client: Mapped[Client] = relationship(back_populates="notes", lazy="raise")
