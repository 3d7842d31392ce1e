"""Ports, users, roles, sessions, and the pauses of sign-in."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import (
    Boolean,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import CITEXT, INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ..current import CurrentPort
from ..db import Base, Identified, Timestamped, Versioned, db, now

SESSION_UNUSED = timedelta(hours=24)
SESSION_LONGEST = timedelta(days=14)


class Port(Identified, Timestamped, Versioned, Base):
    """The tenant. Its slug is the first segment of every staff URL."""

    __tablename__ = "ports"

    name: Mapped[str] = mapped_column(String(100))
    slug: Mapped[str] = mapped_column(String(50), unique=True)
    default_currency: Mapped[str] = mapped_column(String(3))
    timezone: Mapped[str] = mapped_column(String(60))
    locale: Mapped[str] = mapped_column(String(20), default="en")
    country: Mapped[str] = mapped_column(String(2))
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    branding: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)


def current_port_of(port_id: uuid.UUID) -> CurrentPort:
    """The port of the unit of work as requests know it, for what runs outside one (relay, jobs)."""
    described: dict[str, Any] | None = db.session.scalar(select(func.describe_port(port_id)))
    if described is None:
        raise LookupError(f"port {port_id} is not in force")
    return CurrentPort(**{**described, "id": port_id})


class User(Identified, Timestamped, Base):
    """Somebody who signs in. Visible to colleagues who share a port."""

    __tablename__ = "users"

    email: Mapped[str] = mapped_column(CITEXT, unique=True)
    name: Mapped[str] = mapped_column(String(120))
    # Deferred: the application's role may not read it (`find_for_sign_in` does).
    password_hash: Mapped[str | None] = mapped_column(Text, deferred=True, deferred_raiseload=True)
    email_verified_at: Mapped[datetime | None]
    is_super_admin: Mapped[bool] = mapped_column(Boolean, default=False)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    timezone: Mapped[str | None] = mapped_column(String(60))
    locale: Mapped[str | None] = mapped_column(String(20))
    preferences: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    last_login_at: Mapped[datetime | None]

    @classmethod
    def prefer(cls, user_id: uuid.UUID, chosen: Mapping[str, Any]) -> None:
        """Lay what the user chose over their other preferences, as they are in the database."""
        changed = cls.preferences.concat(dict(chosen))
        db.session.execute(update(cls).where(cls.id == user_id).values(preferences=changed, updated_at=now()))


class Role(Identified, Timestamped, Base):
    """A named permission map, the same in every port; a port lays overrides over it."""

    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(String(60), unique=True)
    label: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(Text, default="")
    permissions: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_system: Mapped[bool] = mapped_column(Boolean, default=False)


class UserPortRole(Identified, Timestamped, Base):
    __tablename__ = "user_port_roles"
    __table_args__ = (
        UniqueConstraint("user_id", "port_id", "role_id"),
        Index("ix_user_port_roles_port_id", "port_id"),
    )

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    port_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"))
    role_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("roles.id", ondelete="RESTRICT"), index=True)


class PortRoleOverride(Identified, Timestamped, Base):
    __tablename__ = "port_role_overrides"
    __table_args__ = (UniqueConstraint("port_id", "role_id"),)

    port_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"))
    role_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("roles.id", ondelete="CASCADE"), index=True)
    permission_overrides: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)


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
