"""Session: one signed-in browser; and the attempts that failed."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self

from sqlalchemy import ColumnElement, ForeignKey, Index, LargeBinary, Select, String, Text, delete, select, update
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from ... import live
from ...current import Member
from ...db import Base, Identified, after_commit, db, now
from ...events.models import record

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
    def start(
        cls, user_id: uuid.UUID, *, ip: str | None, user_agent: str, with_factor: bool = False
    ) -> tuple[Self, str]:
        """A new session and its token, which is never stored. Its user has just proved who they are, `with_factor`
        also by a second factor."""
        token = secrets.token_urlsafe(32)
        session = cls(
            user_id=user_id,
            token_hash=hash_token(token),
            expires_at=now() + SESSION_UNUSED,
            ip=ip,
            user_agent=user_agent[:300],
            confirmed_at=now(),
            mfa_at=now() if with_factor else None,
        )
        db.session.add(session)
        return session, token

    @classmethod
    def rotate(cls, session_id: uuid.UUID, *, with_factor: bool | None = None, is_confirmed: bool = False) -> str:
        """The session's new token, now that it can do more or less than before. `with_factor`: a second factor was
        given in it (False: there is none any more)."""
        token = secrets.token_urlsafe(32)
        changed: dict[str, object] = {"token_hash": hash_token(token)}
        if is_confirmed:
            changed["confirmed_at"] = now()
        if with_factor is not None:
            changed["mfa_at"] = now() if with_factor else None
        db.session.execute(update(cls).where(cls.id == session_id).values(changed))
        return token

    @classmethod
    def of(cls, member: Member) -> Select[Self]:
        """Where the member is signed in, latest first."""
        return (
            select(cls)
            .where(cls.user_id == member.id, cls.expires_at > now())
            .order_by((cls.id == member.session_id).desc(), cls.last_seen_at.desc())
        )

    @classmethod
    def revoke(cls, session_id: uuid.UUID, *, by: Member) -> bool:
        """End one of the member's own sessions and its windows; whether there was one."""
        ended = cls._end(cls.id == session_id, by=by)
        return bool(ended)

    @classmethod
    def revoke_others(cls, *, by: Member) -> int:
        """End all of the member's sessions but this one; how many that were."""
        return cls._end(cls.id != by.session_id, by=by)

    @classmethod
    def _end(cls, which: ColumnElement[bool], *, by: Member) -> int:
        ended = db.session.scalars(delete(cls).where(cls.user_id == by.id, which).returning(cls.id)).all()
        for session_id in ended:
            after_commit(partial(live.close, session_id=session_id))
        if ended:
            record(
                "auth:sessionsEnded",
                by=by,
                subject_type="user",
                subject_id=by.id,
                port_id=None,
                count=len(ended),
            )
        return len(ended)

    @classmethod
    def preview(cls, member: Member, role_id: uuid.UUID | None, *, label: str) -> None:
        """Try a role on in the member's port, or (None) take it off again; its open windows are shown what it sees."""
        if role_id is None and member.preview is None:
            return
        port_id = member.here().id
        chosen = {"preview_role_id": role_id, "preview_port_id": port_id if role_id else None}
        db.session.execute(update(cls).where(cls.id == member.session_id).values(**chosen))
        about: dict[str, Any] = {"by": member, "subject_type": "user", "subject_id": member.id, "port_id": port_id}
        if role_id:
            record("user:previewStarted", **about, role=label)
        else:
            record("user:previewEnded", **about, role=label)
        after_commit(partial(live.reopen, session_id=member.session_id, reason="Preview"))


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
