"""Session: one signed-in browser; and the attempts that failed."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, Identified, db, now

SESSION_UNUSED = timedelta(hours=24)
SESSION_LONGEST = timedelta(days=14)


def hash_token(token: str) -> bytes:
    """What is stored of a random token; it has 256 bits, so a plain digest is enough."""
    return hashlib.sha256(token.encode()).digest()


class Session(Identified, Base):
    """One signed-in browser. The token is in its cookie only; here is its digest."""

    __tablename__ = "sessions"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    last_seen_at: Mapped[datetime] = mapped_column(default=now)
    ip: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    # When a second factor was given here, and when its user last proved who they are.
    mfa_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    # The role that is being tried on, in one port, without acting.
    preview_role_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("roles.id", ondelete="SET NULL"), index=True)
    preview_port_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"), index=True)

    @classmethod
    def start(cls, user_id: uuid.UUID, *, ip: str | None, user_agent: str) -> tuple[Self, str]:
        """A new session and its token, which is never stored."""
        token = secrets.token_urlsafe(32)
        session = cls(
            user_id=user_id,
            token_hash=hash_token(token),
            expires_at=now() + SESSION_UNUSED,
            ip=ip,
            user_agent=user_agent[:300],
        )
        db.session.add(session)
        return session, token


class SignInFailure(Identified, Base):
    """An attempt to sign in that has not succeeded; written and counted through functions only."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (
        Index("ix_sign_in_failures_email_failed_at", "email", "failed_at"),
        Index("ix_sign_in_failures_ip_failed_at", "ip", "failed_at"),
    )

    email: Mapped[str] = mapped_column(Text)
    ip: Mapped[str | None] = mapped_column(INET)
    failed_at: Mapped[datetime]
