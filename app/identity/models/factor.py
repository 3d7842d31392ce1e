"""Second factors: authenticator apps, passkeys, recovery codes."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, Identified, now


class FactorKind(StrEnum):
    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY = "recovery"


class MfaFactor(Identified, Base):
    """One way to prove who one is besides the password. It counts once it is confirmed."""

    __tablename__ = "mfa_factors"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    label: Mapped[str] = mapped_column(String(80), default="")
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    credential_id: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    # TOTP: the last time step that was used; passkeys: the authenticator's counter.
    counter: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
    confirmed_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
