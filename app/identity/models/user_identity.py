"""UserIdentity: a user as another sign-in service knows them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Self

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from ...current import Member
from ...db import Base, Identified, db, now
from ...events.models import Actor, record


class UserIdentity(Identified, Base):
    __tablename__ = "user_identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_used_at: Mapped[datetime | None]

    @classmethod
    def of(cls, member: Member) -> Select[Self]:
        return select(cls).where(cls.user_id == member.id).order_by(cls.id)

    @classmethod
    def link(cls, user_id: uuid.UUID, *, issuer: str, subject: str, by: Actor) -> Self:
        """From now on this account of the service is this user, whatever becomes of its address."""
        identity = cls(user_id=user_id, issuer=issuer, subject=subject, last_used_at=now())
        db.session.add(identity)
        db.session.flush()
        identity._record("identityLinked", by=by, issuer=issuer)
        return identity

    @classmethod
    def used(cls, *, issuer: str, subject: str) -> None:
        """In a unit of work of whose it is."""
        used = update(cls).where(cls.issuer == issuer, cls.subject == subject).values(last_used_at=now())
        db.session.execute(used)

    def unlink(self, *, by: Member) -> None:
        db.session.delete(self)
        self._record("identityUnlinked", by=by, issuer=self.issuer)

    def _record(self, happened: str, /, *, by: Actor, **details: Any) -> None:
        record(f"user:{happened}", by=by, subject_type="user", subject_id=self.user_id, port_id=None, **details)
