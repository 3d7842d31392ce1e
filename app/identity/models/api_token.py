"""ApiToken: what a program signs in with, for one user in one port."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import ARRAY, ForeignKey, LargeBinary, Select, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from ...current import Member
from ...db import Base, Identified, db, now
from ...events.models import Recorded
from .session import hash_token

PREFIX = "qs_"  # so that whoever finds one knows what it is
EVERYTHING = "*"


class ApiToken(Recorded, Identified, Base):
    """The token itself is shown once; here is its digest. `scopes` are leaves of the permission map, or `*` for
    whatever its user may."""

    __tablename__ = "api_tokens"
    subject_type = "token"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    port_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= now()

    @property
    def reaches_everything(self) -> bool:
        return EVERYTHING in self.scopes

    @classmethod
    def of_member(cls, member: Member) -> Select[Self]:
        """The member's own tokens in the port, but for those that were revoked."""
        return select(cls).where(cls.user_id == member.id, cls.port_id == member.here().id, cls.revoked_at.is_(None))

    @classmethod
    def create(cls, name: str, scopes: Collection[str], *, lasts: timedelta, by: Member) -> tuple[Self, str]:
        """A new token of the member and its words, which are never stored. Raises ValueError for a scope the member
        does not hold."""
        if beyond := set(scopes) - by.permissions - {EVERYTHING}:
            raise ValueError(f"not held: {', '.join(sorted(beyond))}")
        words = PREFIX + secrets.token_urlsafe(32)
        token = cls(
            user_id=by.id,
            port_id=by.here().id,
            name=name,
            token_hash=hash_token(words),
            scopes=sorted(scopes),
            expires_at=now() + lasts,
        )
        db.session.add(token)
        token.record(
            "created", by=by, is_new=True, name=name, scopes=token.scopes, expires_at=token.expires_at.isoformat()
        )
        return token, words

    def revoke(self, *, by: Member) -> None:
        """From now on it opens nothing."""
        if self.revoked_at is None:
            self.revoked_at = now()
            self.record("revoked", by=by, name=self.name)
