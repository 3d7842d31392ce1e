"""Notes as their card shows them, and who can be named in one; as SQL, for statements that ask for more beside."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from ..db import db
from .mentions import pieces
from .models import AnyNote

SHOWN = 100  # notes on a page

NAMES = """
    SELECT jsonb_agg(u.name ORDER BY u.name) FROM users u
    WHERE u.is_active AND u.id IN (SELECT r.user_id FROM user_port_roles r WHERE r.port_id = :port)
"""


@dataclass(frozen=True)
class ShownNote:
    """A note as its card shows it; `pieces` are its text in parts, each with whether it names a colleague."""

    id: uuid.UUID
    author_id: str
    author_name: str
    body: str
    pieces: list[tuple[str, bool]]
    pinned: bool
    created_at: datetime
    edited_at: datetime | None

    @classmethod
    def of(cls, note: Mapping[str, Any]) -> ShownNote:
        """As the SQL below gives it."""
        mentions = note["mentions"] or ()
        called = {written.lower(): name for written, name in mentions}
        parts = [
            (f"@{called.get(part[1:].lower(), part[1:])}" if is_name else part, is_name)
            for part, is_name in pieces(note["body"], called)
        ]
        edited = note["edited_at"]
        return cls(
            uuid.UUID(note["id"]),
            note["author_id"] or "",
            note["author_name"],
            note["body"],
            parts,
            note["pinned"],
            datetime.fromisoformat(note["created_at"]),
            datetime.fromisoformat(edited) if edited else None,
        )


def notes_on(kind: type[AnyNote]) -> str:
    """SQL of the notes on the record `:record` of the port `:port`, the pinned ones first."""
    return f"""
        SELECT jsonb_agg(to_jsonb(n) ORDER BY n.pinned DESC, n.id DESC)
        FROM (SELECT c.id, c.author_id, c.author_name, c.body, c.pinned, c.created_at, c.edited_at,
                     (SELECT jsonb_agg(jsonb_build_array(m.name, coalesce(u.name, m.name)))
                      FROM {kind.MENTION.__tablename__} m LEFT JOIN users u ON u.id = m.user_id
                      WHERE m.port_id = c.port_id AND m.note_id = c.id) AS mentions
              FROM {kind.__tablename__} c
              WHERE c.port_id = :port AND c.{kind.HOLDER} = :record AND c.archived_at IS NULL
              ORDER BY c.pinned DESC, c.id DESC LIMIT {SHOWN}) n
    """  # noqa: S608  (names of tables)


def names_here(port_id: uuid.UUID) -> list[str]:
    """Who can be named in a note."""
    return db.session.scalar(text(NAMES), {"port": port_id}) or []
