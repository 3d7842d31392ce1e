"""Signing in with a password, and its pauses.

Attempts are counted in Postgres per account and address, so a Redis that is away does not open the door.
An attempt counts as failed until it has succeeded; a wrong password and an unknown e-mail read and take the
same.
"""

from __future__ import annotations

import ipaddress
import uuid
from dataclasses import dataclass
from functools import partial

from sqlalchemy import cast, func, select, text
from sqlalchemy.dialects.postgresql import INET
from uuid_utils.compat import uuid7

from .. import live
from ..current import Member
from ..db import after_commit, begin, commit, db, now, rollback
from ..events.models import System, record
from .models import Session, hash_token
from .passwords import hash_password, needs_rehash, verify

FIND = text("SELECT id, name, password_hash FROM find_for_sign_in(:attempt)")


class Paused(Exception):
    """Too many failures; nobody signs in to this account (or from this address) for now."""


class Wrong(Exception):
    """E-mail and password do not belong together, or there is no such account."""


@dataclass(frozen=True)
class Signer:
    """The user who just proved who they are, as an actor."""

    actor_id: uuid.UUID
    name: str
    actor_kind: str = "user"


def sign_in(email: str, password: str, *, ip: str | None, user_agent: str, before: str | None = None) -> str:
    """The token of a new session; the one this browser had `before` ends. Raises Paused, or Wrong, which is
    recorded in a transaction of its own."""
    email, moment, attempt, address = email.strip().lower(), now(), uuid7(), address_of(ip)
    counted = cast(network_of(address), INET)
    allowed = db.session.scalar(select(func.attempt_sign_in(attempt, email, counted, moment)))
    commit()
    if not allowed:
        raise Paused
    found = db.session.execute(FIND, {"attempt": attempt}).one_or_none()
    rollback()  # hashing takes a while: no connection waits for it
    right = verify(found.password_hash if found else None, password)
    if found is None or not right:
        _record_failure(attempt, email)
        if db.session.scalar(select(func.is_sign_in_paused(email, counted, moment))):
            raise Paused
        raise Wrong
    rehash = hash_password(password) if needs_rehash(found.password_hash) else None
    begin(user_id=found.id, scope="staff")
    if not db.session.scalar(select(func.note_sign_in(attempt, rehash, moment))):
        raise Wrong  # deactivated meanwhile
    if before is not None:
        end_session(before)
    _, token = Session.start(found.id, ip=str(address) if address else None, user_agent=user_agent)
    record(
        "auth:login",
        by=Signer(found.id, found.name),
        subject_type="user",
        subject_id=found.id,
        port_id=None,
        email=email,
    )
    return token


def _record_failure(attempt: uuid.UUID, email: str) -> None:
    begin(user_id=attempt, scope="staff")
    record(
        "auth:failed",
        by=System(),
        subject_type="sign_in",
        subject_id=attempt,
        port_id=None,
        is_new=True,
        email=email,
        reason="password",
    )
    commit()


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
