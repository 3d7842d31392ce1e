"""Second factors: authenticator apps, passkeys, recovery codes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from flask_babel import gettext as _
from sqlalchemy import BigInteger, ForeignKey, LargeBinary, Select, String, delete, exists, func, select, update
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ... import live
from ...current import Member
from ...db import Base, Identified, after_commit, db, now
from ...errors import Refused
from ...events.models import Actor, keyring, record
from .. import passkeys, totp

if TYPE_CHECKING:
    from .user import User

RECOVERY_CODES = 10
# Nothing that is mistaken for something else; twelve of 31 are 59 bits.
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"


class FactorKind(StrEnum):
    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY = "recovery"


@dataclass(frozen=True)
class Proof:
    """What somebody shows: a code, or a passkey's answer (JSON) to a challenge that was taken."""

    kind: FactorKind
    shown: str
    challenge: str = ""


class MfaFactor(Identified, Base):
    """One way to prove who one is besides the password. It counts once it is confirmed."""

    __tablename__ = "mfa_factors"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    label: Mapped[str] = mapped_column(String(80), default="")
    # TOTP: the secret; passkeys: the public key; recovery codes: the digest.
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    credential_id: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    # TOTP: the last time step that was used; passkeys: the authenticator's counter.
    counter: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
    confirmed_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]

    # --- Finding

    @classmethod
    def of(cls, user_id: uuid.UUID, *kinds: FactorKind) -> Select[Self]:
        """What counts, oldest first."""
        statement = select(cls).where(cls.user_id == user_id, cls.confirmed_at.is_not(None)).order_by(cls.id)
        return statement.where(cls.kind.in_(kinds)) if kinds else statement

    @classmethod
    def is_set_up(cls, user_id: uuid.UUID) -> bool:
        """Whether there is anything but recovery codes."""
        any_factor = cls.of(user_id, FactorKind.TOTP, FactorKind.PASSKEY).order_by(None)
        return bool(db.session.scalar(select(exists(any_factor.with_only_columns(cls.id)))))

    @property
    def secret(self) -> bytes:
        return keyring().open(self.sealed_secret or b"", place=f"mfa_factors:{self.id}")

    # --- Adding

    @classmethod
    def add_app(cls, secret: str, code: str, *, label: str, by: Member) -> Self | None:
        """An authenticator app that shows the right code; None when it does not. That code is used with this."""
        step = totp.step_of(secret, code, at=now())
        if step is None:
            return None
        for known in db.session.scalars(cls.of(by.id, FactorKind.TOTP)):
            if known.secret == secret.encode():
                return known  # the form was sent twice
        return cls._add(FactorKind.TOTP, secret.encode(), label=label, by=by, counter=step)

    @classmethod
    def add_passkey(cls, answer: str, challenge: str, *, label: str, by: Member) -> Self | None:
        """A passkey that answers the challenge; None when it does not, or when it is known already."""
        made = passkeys.registered(answer, challenge)
        if made is None or db.session.scalar(select(exists(select(cls.id).where(cls.credential_id == made.id)))):
            return None
        return cls._add(
            FactorKind.PASSKEY, made.public_key, label=label, by=by, counter=made.count, credential_id=made.id
        )

    @classmethod
    def _add(
        cls,
        kind: FactorKind,
        secret: bytes,
        *,
        label: str,
        by: Member,
        counter: int,
        credential_id: bytes | None = None,
    ) -> Self:
        factor_id = uuid7()
        factor = cls(
            id=factor_id,
            user_id=by.id,
            kind=kind,
            label=label,
            sealed_secret=keyring().seal(secret, place=f"mfa_factors:{factor_id}"),
            credential_id=credential_id,
            counter=counter,
            confirmed_at=now(),
        )
        db.session.add(factor)
        db.session.flush()
        cls._record("factorAdded", by=by, kind=str(kind), label=label)
        return factor

    @classmethod
    def make_recovery_codes(cls, *, by: Member) -> list[str]:
        """Ten new codes, to be shown once; those of before end."""
        db.session.execute(delete(cls).where(cls.user_id == by.id, cls.kind == FactorKind.RECOVERY))
        codes = [new_code() for _ in range(RECOVERY_CODES)]
        for code in codes:
            factor_id = uuid7()
            sealed = keyring().seal(digest(code), place=f"mfa_factors:{factor_id}")
            recovery = cls(id=factor_id, user_id=by.id, kind=FactorKind.RECOVERY, sealed_secret=sealed)
            recovery.confirmed_at = now()
            db.session.add(recovery)
        db.session.flush()
        cls._record("recoveryCodesMade", by=by, count=len(codes))
        return codes

    # --- Removing

    def remove(self, *, by: Member) -> None:
        """With the last factor its recovery codes go, which would stand for nothing."""
        db.session.delete(self)
        db.session.flush()
        self._record("factorRemoved", by=by, kind=self.kind, label=self.label)
        if not MfaFactor.is_set_up(self.user_id):
            db.session.execute(delete(MfaFactor).where(MfaFactor.user_id == self.user_id))

    @classmethod
    def reset_all(cls, user: User, *, by: Member) -> None:
        """Take every factor from somebody who lost theirs, and end their sessions: they sign in with their password
        and set up anew. Raises Refused where `by` may not: themselves, a super-admin, somebody of another port."""
        count = db.session.scalar(select(func.reset_factors(user.id)))
        if count is None:
            raise Refused(_("The second factors of this account cannot be reset here."))
        record(
            "user:factorsReset",
            by=by,
            subject_type="user",
            subject_id=user.id,
            port_id=by.here().id,
            count=count,
        )
        after_commit(partial(live.close, user_id=user.id))

    # --- Proving

    @classmethod
    def prove(cls, user_id: uuid.UUID, proof: Proof, *, by: Actor) -> bool:
        """Whether this shows a factor of the user; what is shown works once. For the user of the unit of work."""
        factors = db.session.scalars(cls.of(user_id, proof.kind)).all()
        if proof.kind == FactorKind.TOTP:
            return cls._prove_code(factors, proof.shown)
        if proof.kind == FactorKind.PASSKEY:
            return cls._prove_passkey(factors, proof)
        return cls._prove_recovery(factors, proof.shown, by=by)

    @classmethod
    def _prove_code(cls, factors: Sequence[Self], code: str) -> bool:
        for factor in factors:
            step = totp.step_of(factor.secret.decode(), code, at=now(), after=factor.counter)
            if step is not None and factor._use(step):
                return True
        return False

    @classmethod
    def _prove_passkey(cls, factors: Sequence[Self], proof: Proof) -> bool:
        named = passkeys.credential_of(proof.shown)
        for factor in factors:
            if named is not None and factor.credential_id == named:
                count = passkeys.answered(proof.shown, proof.challenge, key=factor.secret, count=factor.counter)
                return count is not None and factor._use(count)
        return False

    @classmethod
    def _prove_recovery(cls, factors: Sequence[Self], code: str, *, by: Actor) -> bool:
        shown = digest(code)
        right = [factor for factor in factors if hmac.compare_digest(factor.secret, shown)]
        if not right:
            return False
        gone = db.session.scalar(delete(cls).where(cls.id == right[0].id).returning(cls.id))
        if gone is None:
            return False  # used a moment ago
        cls._record("recoveryCodeUsed", by=by, left=len(factors) - 1)
        return True

    @staticmethod
    def _record(happened: str, /, *, by: Actor, **details: Any) -> None:
        """Of the user whose factors these are, who is always the one who acts."""
        user_id = by.actor_id
        if user_id is None:
            raise TypeError("the system has no factors")
        record(f"user:{happened}", by=by, subject_type="user", subject_id=user_id, port_id=None, **details)

    def _use(self, counter: int) -> bool:
        """Note that it was used, unless somebody with the same code came first. A passkey that does not count says 0
        each time; its challenge is what works once."""
        cls = type(self)
        fresh = cls.counter < counter if self.kind == FactorKind.TOTP else cls.counter <= counter
        used = (
            update(cls)
            .where(cls.id == self.id, fresh)
            .values(counter=counter, last_used_at=now())
            .returning(cls.id)
            .execution_options(synchronize_session=False)
        )
        return db.session.scalar(used) is not None


def new_code() -> str:
    """As it is shown: `7k2m-p9xd-4hrt`."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(12))
    return "-".join(letters[at : at + 4] for at in (0, 4, 8))


def digest(code: str) -> bytes:
    """Of a recovery code, however it was typed."""
    return hashlib.sha256("".join(c for c in code.lower() if c.isalnum()).encode()).digest()
