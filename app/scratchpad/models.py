"""ScratchpadNote: what one person keeps for themselves in one port."""

from __future__ import annotations

import uuid
from difflib import SequenceMatcher
from typing import Self

from sqlalchemy import ForeignKey, Index, Select, Text, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ..current import Member
from ..db import Base, PortScoped, Timestamped, db, now
from ..threads import off_the_loop


class SavedMeanwhile(Exception):
    """Another window saved other words. `body` has both, `version` what to save them over."""

    def __init__(self, body: str, version: int) -> None:
        super().__init__(version)
        self.body, self.version = body, version


class ScratchpadNote(Timestamped, PortScoped, Base):
    """`version` counts what was saved; 0 is the page nobody has written on."""

    __tablename__ = "scratchpad_notes"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "user_id"),
        Index("ix_scratchpad_notes_user_id", "user_id"),
    )

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    body: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=0)

    @classmethod
    def of_member(cls, member: Member) -> Self | None:
        """None while nothing was ever written."""
        return db.session.scalars(cls._mine(member)).one_or_none()

    @classmethod
    def locked(cls, member: Member) -> Self:
        """Until the request ends, made where there is none: two windows take turns."""
        row = {"id": uuid7(), "port_id": member.here().id, "user_id": member.id, "created_at": now()}
        blank = insert(cls).values(**row, updated_at=now(), body="", version=0)
        db.session.execute(blank.on_conflict_do_nothing())
        return db.session.scalars(cls._mine(member).with_for_update()).one()

    @classmethod
    def _mine(cls, member: Member) -> Select[Self]:
        return select(cls).where(cls.port_id == member.here().id, cls.user_id == member.id)

    def write(self, body: str, *, opened: int) -> None:
        """Keep the words, written over the version `opened`. Raises SavedMeanwhile where another window saved since."""
        if body == self.body:
            return
        if opened != self.version:
            raise SavedMeanwhile(off_the_loop(both, self.body, body), self.version)
        self.body, self.version = body, self.version + 1


def both(theirs: str, yours: str) -> str:
    """Every line of either text, those in common once, in their order. Lines that stand there very often, as blank ones
    do, are not looked for: that would take minutes."""
    ours, mine = theirs.split("\n"), yours.split("\n")
    lines: list[str] = []
    for kind, a, b, c, d in SequenceMatcher(None, ours, mine).get_opcodes():
        lines += ours[a:b] if kind == "equal" else ours[a:b] + mine[c:d]
    return "\n".join(lines)
