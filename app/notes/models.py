"""Note and mention: what records of any kind have; each kind has tables of its own."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar, Protocol, Self

from flask_babel import gettext as _
from sqlalchemy import Boolean, ForeignKey, String, Text, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ..db import Base, PortScoped, Timestamped, db, now
from ..errors import Refused
from ..events.models import Actor, user_id_of
from ..identity.models import User, UserPortRole
from .mentions import pieces

PREVIEW = 80
MOST = 20  # colleagues who are told of one note


def preview_of(body: str) -> str:
    return body if len(body) <= PREVIEW else body[: PREVIEW - 1] + "…"


class Subject(Protocol):
    """What notes are about: a record whose changes are told."""

    id: Any
    port_id: Any

    def record(self, happened: str, /, *, by: Actor, **details: Any) -> None: ...


class AnyMention(PortScoped, Base):
    """A colleague named in a note with an @ before the name. `name` as it stands in the text; what is shown is how the
    colleague is called now. A row stays when the name is taken out of the note, so that nobody is told of a note
    twice."""

    __abstract__ = True

    note_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def keep(cls, note: AnyNote) -> list[uuid.UUID]:
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


class AnyNote(Timestamped, PortScoped, Base):
    """Whoever may edit the record pins and removes any note; its words are its author's alone, at any time. Verbs:
    create, update, pin, unpin, archive, restore. `HOLDER` is the column of the record that it is about, `MENTION`
    keeps who is named in it."""

    __abstract__ = True

    HOLDER: ClassVar[str]
    MENTION: ClassVar[type[AnyMention]]

    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    # As it was when they wrote: colleagues do not see who has left the port, nor super-admins.
    author_name: Mapped[str] = mapped_column(String(200), default="")
    body: Mapped[str] = mapped_column(Text)
    pinned: Mapped[bool] = mapped_column(Boolean, default=False)
    edited_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]

    @property
    def preview(self) -> str:
        return preview_of(self.body)

    @classmethod
    def create(cls, subject: Subject, body: str, *, pinned: bool = False, by: Actor, announce: bool = True) -> Self:
        note = cls(port_id=subject.port_id, author_id=user_id_of(by), author_name=by.name, body=body, pinned=pinned)
        setattr(note, cls.HOLDER, subject.id)
        db.session.add(note)
        db.session.flush()
        subject.record(
            "noteAdded",
            by=by,
            note_id=note.id,
            author=by.name,
            preview=note.preview,
            announce=announce,
            told_in=cls.told_in(subject),
            **note._mentions(by),
        )
        return note

    @classmethod
    def told_in(cls, subject: Any) -> Collection[tuple[str, uuid.UUID]]:
        """Other records in whose timelines it stands that something was noted."""
        return ()

    def update(self, subject: Subject, body: str, *, by: Actor) -> bool:
        """Write it anew; False when it says that already. Raises Refused for who did not write it."""
        if by.actor_kind != "user" or by.actor_id != self.author_id:
            raise Refused(_("Only %(name)s can change this note.", name=self.author_name or _("its author")))
        if body == self.body:
            return False
        changes = {"body": (self.body, body)}
        self.body, self.edited_at = body, now()
        db.session.flush()
        names = ["body"]
        subject.record(
            "noteUpdated", by=by, changes=changes, note_id=self.id, changed_fields=names, **self._mentions(by)
        )
        return True

    def pin(self, subject: Subject, *, by: Actor) -> None:
        """Keep at the top."""
        if not self.pinned:
            self.pinned = True
            subject.record("notePinned", by=by, note_id=self.id, preview=self.preview)

    def unpin(self, subject: Subject, *, by: Actor) -> None:
        if self.pinned:
            self.pinned = False
            subject.record("noteUnpinned", by=by, note_id=self.id, preview=self.preview)

    def archive(self, subject: Subject, *, by: Actor) -> None:
        if self.archived_at is None:
            self.archived_at = now()
            subject.record("noteRemoved", by=by, note_id=self.id)

    def restore(self, subject: Subject, *, by: Actor) -> None:
        if self.archived_at is not None:
            self.archived_at = None
            subject.record("noteRestored", by=by, note_id=self.id)

    def _mentions(self, by: Actor) -> dict[str, Any]:
        """Who is named in it for the first time, but for whoever names them."""
        found = [one for one in self.MENTION.keep(self) if one != by.actor_id]
        return {"mentioned": found} if found else {}
