"""Note: what somebody wrote down about an interest, and the colleagues named in it."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any, Self

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from ...db import now
from ...events.models import Actor
from ...notes.models import AnyMention, AnyNote


class InterestMention(AnyMention):
    __tablename__ = "interest_note_mentions"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("note_id", "user_id"),
        ForeignKeyConstraint(
            ["port_id", "note_id"], ["interest_notes.port_id", "interest_notes.id"], ondelete="CASCADE"
        ),
        Index("ix_interest_note_mentions_port_id_note_id", "port_id", "note_id"),
    )


class InterestNote(AnyNote):
    __tablename__ = "interest_notes"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        ForeignKeyConstraint(["port_id", "interest_id"], ["interests.port_id", "interests.id"], ondelete="CASCADE"),
        Index("ix_interest_notes_port_id_interest_id", "port_id", "interest_id"),
    )
    HOLDER = "interest_id"
    MENTION = InterestMention

    interest_id: Mapped[uuid.UUID]

    @classmethod
    def create(cls, subject: Any, body: str, *, pinned: bool = False, by: Actor, announce: bool = True) -> Self:
        """Who writes something down has done something about it."""
        note = super().create(subject, body, pinned=pinned, by=by, announce=announce)
        subject.note_activity(now(), by=by)
        return note

    @classmethod
    def told_in(cls, subject: Any) -> Collection[tuple[str, uuid.UUID]]:
        return [("client", subject.client_id)]
