"""Verification: what a link or a half-finished sign-in stands for. Its token is stored hashed and works once."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from sqlalchemy import ForeignKey, Index, LargeBinary, String, update
from sqlalchemy.dialects.postgresql import CITEXT, INET
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, Identified, db, now
from ...events.models import Actor, user_id_of
from .session import hash_token

INVITATION_LASTS = timedelta(hours=72)
RESET_LASTS = timedelta(hours=1)
EMAIL_CHANGE_LASTS = timedelta(hours=24)


def new_token() -> str:
    """256 bits that nobody guesses, as an address holds them."""
    return secrets.token_urlsafe(32)


class Purpose(StrEnum):
    INVITE = "invite"
    RESET = "reset"
    EMAIL = "email"
    PORTAL = "portal"
    SIGN_IN = "sign_in"  # the password was right, the second factor is still to come


class Verification(Identified, Base):
    __tablename__ = "verifications"
    __table_args__ = (
        Index("ix_verifications_email", "email", "created_at"),
        Index("ix_verifications_ip", "ip", "created_at"),
    )

    purpose: Mapped[str] = mapped_column(String(10))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    port_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"), index=True)
    # The address it was sent to, or that is to become the user's.
    email: Mapped[str | None] = mapped_column(CITEXT)
    token_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    created_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    # Where a reset was asked for.
    ip: Mapped[str | None] = mapped_column(INET)

    @classmethod
    def issue(
        cls,
        purpose: Purpose,
        *,
        user_id: uuid.UUID,
        port_id: uuid.UUID | None = None,
        email: str | None = None,
        by: Actor | None = None,
        lasts: timedelta,
    ) -> tuple[Self, str]:
        """A new link and its token, which is never stored; an older one for the same purpose dies with it. Several
        sign-ins may be half finished at once."""
        token, moment = new_token(), now()
        if purpose is not Purpose.SIGN_IN:
            older = update(cls).where(cls.user_id == user_id, cls.purpose == purpose, cls.used_at.is_(None))
            db.session.execute(older.values(used_at=moment))
        made = cls(
            purpose=purpose,
            user_id=user_id,
            port_id=port_id,
            email=email,
            token_hash=hash_token(token),
            created_by_id=user_id_of(by),
            created_at=moment,
            expires_at=moment + lasts,
        )
        db.session.add(made)
        db.session.flush()
        return made, token
