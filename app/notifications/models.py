"""Notification, and how each user wants to be told."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, Identified, PortScoped, Timestamped, now


class Notification(PortScoped, Base):
    """One line for one user about one event; its words are sealed."""

    __tablename__ = "notifications"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    type: Mapped[str] = mapped_column(String(40))
    event_id: Mapped[uuid.UUID]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)
    read_at: Mapped[datetime | None]
    digested_at: Mapped[datetime | None]

    __table_args__ = PortScoped.port_scoped(
        UniqueConstraint("event_id", "user_id"),
        Index("ix_notifications_user_id", "user_id", "port_id", "id"),
        Index("ix_notifications_unread", "user_id", "port_id", postgresql_where="read_at IS NULL"),
    )


class NotificationPreference(Identified, Timestamped, Base):
    """What a user chose for one type; without a row the type's own default holds."""

    __tablename__ = "user_notification_preferences"
    __table_args__ = (UniqueConstraint("user_id", "type"),)

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    type: Mapped[str] = mapped_column(String(40))
    in_app: Mapped[bool] = mapped_column(Boolean)
    email: Mapped[bool] = mapped_column(Boolean)
    digest: Mapped[bool] = mapped_column(Boolean)
