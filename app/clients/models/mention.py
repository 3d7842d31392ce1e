"""Mention: a colleague named in a note with an @ before the name."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ...db import Base, PortScoped, db, now
from ...identity.models import User, UserPortRole

if TYPE_CHECKING:
    from .note import Note

MOST = 20  # colleagues who are told of one note


class Mention(PortScoped, Base):
    """`name` as it stands in the text; what is shown is how the colleague is called now. A row stays when the name is
    taken out of the note, so that nobody is told of a note twice."""

    __tablename__ = "client_note_mentions"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("note_id", "user_id"),
        ForeignKeyConstraint(["port_id", "note_id"], ["client_notes.port_id", "client_notes.id"], ondelete="CASCADE"),
        Index("ix_client_note_mentions_port_id_note_id", "port_id", "note_id"),
    )

    note_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def keep(cls, note: Note) -> list[uuid.UUID]:
        """Keep who is named in the note; gives those who were not before."""
        if "@" not in note.body:
            return []
        here = select(UserPortRole.user_id).where(UserPortRole.port_id == note.port_id)
        people = db.session.execute(select(User.id, User.name).where(User.is_active, User.id.in_(here))).all()
        names = {person.name.lower() for person in people}
        found = {text[1:].lower() for text, is_name in pieces(note.body, names) if is_name}
        rows = [
            {
                "id": uuid7(),
                "port_id": note.port_id,
                "note_id": note.id,
                "user_id": person.id,
                "name": person.name,
                "created_at": now(),
            }
            for person in people
            if person.name.lower() in found
        ][:MOST]
        if not rows:
            return []
        written = insert(cls).values(rows).on_conflict_do_nothing().returning(cls.user_id)
        return list(db.session.scalars(written))


def pieces(body: str, names: Collection[str]) -> Iterator[tuple[str, bool]]:
    """The text in parts, each with whether it is an @ and one of these names (in lower case). The longest name counts,
    and an @ inside a word, as in an e-mail address, is none."""
    longest_first = sorted(names, key=len, reverse=True)
    lower = body.lower() if len(body.lower()) == len(body) else body
    kept = 0
    at = lower.find("@")
    while at >= 0:
        name = _name_at(lower, at, longest_first)
        if name:
            if at > kept:
                yield body[kept:at], False
            kept = at + 1 + len(name)
            yield body[at:kept], True
        at = lower.find("@", max(at + 1, kept))
    if kept < len(body):
        yield body[kept:], False


def _name_at(lower: str, at: int, names: Iterable[str]) -> str:
    if at and lower[at - 1].isalnum():
        return ""
    for name in names:
        end = at + 1 + len(name)
        if lower.startswith(name, at + 1) and not lower[end : end + 1].isalnum():
            return name
    return ""
