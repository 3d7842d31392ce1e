"""Verification: what a link or a half-finished sign-in stands for. Its token is stored hashed and works once."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, Identified, now


class Purpose(StrEnum):
    INVITE = "invite"
    RESET = "reset"
    EMAIL = "email"
    PORTAL = "portal"
    SIGN_IN = "sign_in"  # the password was right, the second factor is still to come


class Verification(Identified, Base):
    __tablename__ = "verifications"

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
