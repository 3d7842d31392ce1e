"""Signing in: the password or a passkey, the second factor, confirming later on; and its pauses.

Attempts are counted in Postgres per account and address, so a Redis that is away does not open the door.
An attempt counts as failed until it has succeeded; a wrong password and an unknown e-mail read and take the
same. With a second factor set up, a right password makes no session yet: it makes a verification, whose token leads to
the second step.
"""

from __future__ import annotations

import ipaddress
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import NoReturn, Self

from sqlalchemy import cast, func, select, text, update
from sqlalchemy.dialects.postgresql import INET
from uuid_utils.compat import uuid7

from .. import live
from ..current import Member
from ..db import after_commit, begin, commit, db, now, rollback
from ..events.models import System, record
from . import passkeys
from .models import Challenge, MfaFactor, Proof, Purpose, Session, User, Verification, hash_token
from .passwords import hash_password, needs_rehash, verify

FIND = text("SELECT id, name, password_hash FROM find_for_sign_in(:attempt)")


# How long somebody may look for their phone.
SECOND_STEP = timedelta(minutes=10)


class Paused(Exception):
    """Too many failures; nobody signs in to this account (or from this address) for now."""


class Wrong(Exception):
    """E-mail and password do not belong together, or there is no such account; or what was shown proves nothing."""


class TooLate(Exception):
    """The second step belongs to no first one, or to one of too long ago."""


@dataclass(frozen=True)
class Signer:
    """The user who just proved who they are, as an actor."""

    actor_id: uuid.UUID
    name: str
    actor_kind: str = "user"


@dataclass(frozen=True)
class Account(Signer):
    email: str = ""


@dataclass(frozen=True)
class Browser:
    """Who is at the other end: where the request came from, and the token of the session that was there before."""

    ip: str | None
    user_agent: str
    before: str | None = None


@dataclass(frozen=True)
class SecondStep:
    """A second factor is still to come. `ticket` is for a cookie: whose it is, and the token of its verification."""

    ticket: str


@dataclass(frozen=True)
class Attempt:
    """One try, counted before anything is looked at."""

    id: uuid.UUID
    email: str
    network: str | None
    at: datetime

    @classmethod
    def count(cls, email: str, ip: str | None) -> Self:
        """Counted and committed. Raises Paused."""
        attempt = cls(uuid7(), email, network_of(address_of(ip)), now())
        counted = cast(attempt.network, INET)
        allowed = db.session.scalar(select(func.attempt_sign_in(attempt.id, email, counted, attempt.at)))
        commit()
        if not allowed:
            raise Paused
        return attempt

    def fail(self, reason: str) -> NoReturn:
        """Recorded in a transaction of its own. Raises Wrong, or Paused when that was one too many."""
        rollback()
        _record_failure(self, reason)
        if db.session.scalar(select(func.is_sign_in_paused(self.email, cast(self.network, INET), self.at))):
            raise Paused
        raise Wrong


def sign_in(email: str, password: str, *, browser: Browser) -> str | SecondStep:
    """The token of a new session; the one this browser had before ends. Raises Paused, or Wrong, which is
    recorded in a transaction of its own."""
    attempt = Attempt.count(email.strip().lower(), browser.ip)
    found = db.session.execute(FIND, {"attempt": attempt.id}).one_or_none()
    rollback()  # hashing takes a while: no connection waits for it
    right = verify(found.password_hash if found else None, password)
    if found is None or not right:
        attempt.fail("password")
    rehash = hash_password(password) if needs_rehash(found.password_hash) else None
    begin(user_id=found.id, scope="staff")
    signer = Signer(found.id, found.name)
    if MfaFactor.is_set_up(found.id):
        if not db.session.scalar(select(func.note_proof(attempt.id, rehash))):
            raise Wrong  # deactivated meanwhile
        return second_step(found.id, email=attempt.email)
    return _start(attempt, signer, browser, rehash=rehash)


def second_step(user_id: uuid.UUID, *, email: str) -> SecondStep:
    """What somebody is given who proved the first half, in a unit of work of theirs."""
    token = secrets.token_urlsafe(32)
    db.session.add(
        Verification(
            purpose=Purpose.SIGN_IN,
            user_id=user_id,
            email=email,
            token_hash=hash_token(token),
            expires_at=now() + SECOND_STEP,
        )
    )
    return SecondStep(f"{user_id.hex}.{token}")


def waiting(ticket: str | None) -> Verification | None:
    """The first half of this sign-in, in a unit of work of its user; None when there is none that is still good."""
    whose, _dot, token = (ticket or "").partition(".")
    try:
        user_id = uuid.UUID(hex=whose)
    except ValueError:
        return None
    begin(user_id=user_id, scope="staff")
    return db.session.scalars(
        select(Verification).where(
            Verification.token_hash == hash_token(token),
            Verification.user_id == user_id,
            Verification.purpose == Purpose.SIGN_IN,
            Verification.used_at.is_(None),
            Verification.expires_at > now(),
        )
    ).one_or_none()


def finish_sign_in(ticket: str | None, proof: Proof, *, browser: Browser) -> str:
    """The second half: the token of a new session. Raises TooLate, Paused, or Wrong, which counts like a wrong
    password."""
    step = waiting(ticket)
    if step is None or step.user_id is None:
        raise TooLate
    step_id, user_id, email = step.id, step.user_id, str(step.email)
    attempt = Attempt.count(email, browser.ip)
    signer = _signer(user_id)
    if signer is None or not MfaFactor.prove(user_id, proof, by=signer):
        attempt.fail(str(proof.kind))
    used = update(Verification).where(Verification.id == step_id, Verification.used_at.is_(None))
    if db.session.scalar(used.values(used_at=now()).returning(Verification.id)) is None:
        raise TooLate  # finished in another window
    return _start(attempt, signer, browser, with_factor=True)


def sign_in_with_passkey(proof: Proof, *, browser: Browser) -> str:
    """The token of a new session for whoever's passkey this is. Raises Paused or Wrong."""
    user_id = passkeys.owner_of(proof.shown)
    signer = _signer(user_id) if user_id else None
    if user_id is None or signer is None:
        raise Wrong
    attempt = Attempt.count(signer.email, browser.ip)
    begin(user_id=user_id, scope="staff")
    if not MfaFactor.prove(user_id, proof, by=signer):
        attempt.fail(str(proof.kind))
    return _start(attempt, signer, browser, with_factor=True)


def sign_in_as(user_id: uuid.UUID, *, browser: Browser) -> str | SecondStep:
    """For somebody whom another service vouched for, in a unit of work of theirs; a second factor that was set up here
    is asked for here. Raises Wrong or Paused."""
    signer = _signer(user_id)
    if signer is None:
        raise Wrong
    if MfaFactor.is_set_up(user_id):
        return second_step(user_id, email=signer.email)
    return _start(Attempt.count(signer.email, browser.ip), signer, browser)


def confirm(by: Member, shown: Proof | str, *, ip: str | None) -> str:
    """The session's new token, now that its user proved again who they are: by a second factor, or by the password
    where there is none. Raises Paused or Wrong."""
    attempt = Attempt.count(by.email, ip)
    rehash = None
    if isinstance(shown, str):
        found = db.session.execute(FIND, {"attempt": attempt.id}).one_or_none()
        rollback()
        if not verify(found.password_hash if found else None, shown) or found is None:
            attempt.fail("password")
        rehash = hash_password(shown) if needs_rehash(found.password_hash) else None
    begin(user_id=by.id, scope="staff")
    if isinstance(shown, str) == MfaFactor.is_set_up(by.id):
        attempt.fail("password")  # the password alone is not enough any more
    if isinstance(shown, Proof) and not MfaFactor.prove(by.id, shown, by=by):
        attempt.fail(str(shown.kind))
    db.session.scalar(select(func.note_proof(attempt.id, rehash)))
    return Session.rotate(by.session_id, is_confirmed=True, with_factor=isinstance(shown, Proof) or None)


def resume(by: Member) -> None:
    """Act for the member again, after what was committed or undone in between."""
    begin(port_id=by.port.id if by.port else None, user_id=by.id, scope="staff")


def take_challenge(purpose: str, token: str | None, *, by: Member | None = None) -> str | None:
    """The challenge that was handed out for this and to nobody else; taken whatever comes of it."""
    words = Challenge.take(token) if token else None
    commit()
    if by is not None:
        resume(by)
    is_meant = words == {"purpose": purpose, "user": str(by.id) if by else None}
    return token if is_meant else None


def _signer(user_id: uuid.UUID) -> Account | None:
    """Who that is, in a unit of work of theirs; None when there is nobody active."""
    begin(user_id=user_id, scope="staff")
    row = db.session.execute(select(User.name, User.email).where(User.id == user_id, User.is_active)).one_or_none()
    return Account(user_id, row.name, email=row.email.lower()) if row else None


def _start(
    attempt: Attempt, signer: Signer, browser: Browser, *, rehash: str | None = None, with_factor: bool = False
) -> str:
    """The attempt succeeded: its user is signed in, in the unit of work of theirs that is open."""
    begin(user_id=signer.actor_id, scope="staff")
    if not db.session.scalar(select(func.note_sign_in(attempt.id, rehash, attempt.at))):
        raise Wrong  # deactivated meanwhile
    if browser.before is not None:
        end_session(browser.before)
    address = address_of(browser.ip)
    _, token = Session.start(
        signer.actor_id,
        ip=str(address) if address else None,
        user_agent=browser.user_agent,
        with_factor=with_factor,
    )
    record(
        "auth:login",
        by=signer,
        subject_type="user",
        subject_id=signer.actor_id,
        port_id=None,
        email=attempt.email,
    )
    return token


def _record_failure(attempt: Attempt, reason: str) -> None:
    begin(user_id=attempt.id, scope="staff")
    record(
        "auth:failed",
        by=System(),
        subject_type="sign_in",
        subject_id=attempt.id,
        port_id=None,
        is_new=True,
        email=attempt.email,
        reason=reason,
    )
    commit()


def record_refusal(email: str | None, reason: str) -> None:
    """Somebody came with another service's word and was not let in. In a transaction of its own."""
    rollback()
    _record_failure(Attempt(uuid7(), email or "", None, now()), reason)


def sign_out(token: str, *, by: Member) -> None:
    end_session(token)
    record("auth:logout", by=by, subject_type="user", subject_id=by.id, port_id=None)


def end_session(token: str) -> None:
    """End the session of a browser, and once that is committed its live windows."""
    ended = db.session.scalar(select(func.end_session(hash_token(token))))
    if ended is not None:
        after_commit(partial(live.close, session_id=ended))


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def address_of(ip: str | None) -> Address | None:
    """The address a server gives for its visitor; None for a socket file. An IPv6 zone is left out."""
    try:
        address = ipaddress.ip_address((ip or "").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def network_of(address: Address | None) -> str | None:
    """What failures are counted by: the address, or of IPv6 its /64, which is what one household is given."""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address) if address else None
