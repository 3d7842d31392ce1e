"""User: somebody who signs in."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, String, Text, update
from sqlalchemy.dialects.postgresql import CITEXT, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, Identified, Timestamped, db, now


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
    image_key: Mapped[str | None] = mapped_column(String(200))
    preferences: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    last_login_at: Mapped[datetime | None]

    @classmethod
    def prefer(cls, user_id: uuid.UUID, chosen: Mapping[str, Any]) -> None:
        """Lay what the user chose over their other preferences, as they are in the database."""
        changed = cls.preferences.concat(dict(chosen))
        db.session.execute(update(cls).where(cls.id == user_id).values(preferences=changed, updated_at=now()))
