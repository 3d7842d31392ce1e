"""Challenge: something random that was handed out and is to come back once, with what it stands for."""

from __future__ import annotations

import json
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import LargeBinary, func, select, text
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ...db import Base, Identified, db, now
from ...events.models import keyring
from .session import hash_token

LASTS = timedelta(minutes=5)
TAKE = text("SELECT id, sealed FROM take_challenge(:hash, :now)")


class Challenge(Identified, Base):
    """Of a passkey, or of a sign-in at another service. Written and read through functions only."""

    __tablename__ = "challenges"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(index=True)

    @staticmethod
    def issue(**words: Any) -> str:
        """A new one, which stands for these words; what is stored is its digest and the words, sealed."""
        token, challenge_id = secrets.token_urlsafe(32), uuid7()
        sealed = keyring().seal(json.dumps(words).encode(), place=f"challenges:{challenge_id}")
        db.session.execute(
            select(func.keep_challenge(challenge_id, hash_token(token), sealed, now() + LASTS, now())),
        )
        return token

    @staticmethod
    def take(token: str) -> dict[str, Any] | None:
        """What it stands for; None when it is unknown, too old or was taken before. To be committed at once."""
        found = db.session.execute(TAKE, {"hash": hash_token(token), "now": now()}).one_or_none()
        if found is None:
            return None
        challenge_id: uuid.UUID = found.id
        words: dict[str, Any] = json.loads(keyring().open(bytes(found.sealed), place=f"challenges:{challenge_id}"))
        return words
