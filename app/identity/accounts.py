"""What people do with their own account: begin it, come back into it, change what belongs to it.

Mail follows the events (reactions.py). A link is looked up first, so that nobody's processor works for a wrong one;
it is used together with what it does, so that of two clicks one wins.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import cast, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from .. import live
from ..current import Member
from ..db import after_commit, begin, db, now, rollback
from ..events.models import record
from .jobs import send_reset
from .models import Purpose, Session, User, hash_token
from .models.verification import new_token
from .passwords import hash_password, verify
from .sign_in import FIND, Attempt, Signer, Wrong, address_of, network_of, resume

FIND_LINK = text("SELECT * FROM find_link(:purpose, :token_hash, :now)")
ACCEPT = text("SELECT id, name FROM accept_invitation(:token_hash, :password_hash, :name, :now)")
USE_RESET = text("SELECT id, name FROM use_reset(:token_hash, :password_hash, :now)")
USE_EMAIL_CHANGE = text("SELECT * FROM use_email_change(:token_hash, :now)")


@dataclass(frozen=True)
class Link:
    """What a link of ours stands for. `state`: open, used, replaced (by a newer one) or expired."""

    state: str
    user_id: uuid.UUID
    name: str
    email: str
    new_email: str | None
    port_name: str | None


class NotOpen(Exception):
    """The link does nothing any more; `state` as in Link, or "unknown"."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class AddressTaken(Exception):
    """Somebody else signs in with this address."""


def open_link(purpose: Purpose, token: str) -> Link:
    """What the link is for; looking uses nothing, since mail programs look too. Raises NotOpen."""
    asked = {"purpose": purpose, "token_hash": hash_token(token), "now": now()}
    row = db.session.execute(FIND_LINK, asked).one_or_none()
    if row is None:
        raise NotOpen("unknown")
    if row.state != "open":
        raise NotOpen(row.state)
    return Link(**row._mapping)


# --- By a link


def accept_invitation(token: str, *, name: str, password: str) -> None:
    """The account is theirs from here on. Raises NotOpen."""
    row = _use(ACCEPT, token, password, name=name)
    record("user:accepted", by=Signer(row.id, row.name), subject_type="user", subject_id=row.id, port_id=None)


def ask_for_reset(email: str, *, ip: str | None) -> None:
    """Have a link sent, if there is such an account and it was not asked for too often; nobody here finds out."""
    request_id, counted = uuid7(), cast(network_of(address_of(ip)), INET)
    if db.session.scalar(select(func.ask_for_reset(request_id, email.strip().lower(), counted, now()))):
        send_reset.later(verification_id=request_id)


def reset_password(token: str, *, password: str) -> None:
    """A new password; all sessions end, and signing in asks for everything it asks for. Raises NotOpen."""
    row = _use(USE_RESET, token, password)
    after_commit(partial(live.close, user_id=row.id))
    record("auth:passwordReset", by=Signer(row.id, row.name), subject_type="user", subject_id=row.id, port_id=None)


def _use(statement: Any, token: str, password: str, **more: str) -> Any:
    """Use the link with this new password and act for its user. Raises NotOpen."""
    rollback()  # hashing takes a while: no connection waits for it
    place = {"token_hash": hash_token(token), "password_hash": hash_password(password), "now": now(), **more}
    begin()
    row = db.session.execute(statement, place).one_or_none()
    if row is None:
        raise NotOpen("used")
    begin(user_id=row.id, scope="staff")
    return row


def change_email(token: str) -> str:
    """The address the link was sent to becomes the user's; gives it. Raises NotOpen, AddressTaken."""
    begin()
    try:
        row = db.session.execute(USE_EMAIL_CHANGE, {"token_hash": hash_token(token), "now": now()}).one_or_none()
    except IntegrityError as error:
        raise AddressTaken from error
    if row is None:
        raise NotOpen("used")
    begin(user_id=row.id, scope="staff")
    record(
        "user:emailChanged",
        by=Signer(row.id, row.name),
        subject_type="user",
        subject_id=row.id,
        port_id=None,
        changes={"email": (row.old_email, row.new_email)},
    )
    return str(row.new_email)


# --- Signed in


def change_password(present: str, new: str, *, ip: str | None, by: Member) -> str:
    """The other sessions end; gives the new token of this one. Raises Paused and Wrong, as signing in does."""
    attempt = prove(present, ip=ip, by=by)
    password_hash = hash_password(new)
    resume(by)
    if not db.session.scalar(select(func.change_password(attempt.id, password_hash, now()))):
        raise Wrong  # deactivated meanwhile
    token = renew_session(by)
    record("user:passwordChanged", by=by, subject_type="user", subject_id=by.id, port_id=None)
    return token


def ask_for_email_change(email: str, password: str, *, ip: str | None, by: Member) -> None:
    """Have a link sent to the new address, and word to the present one. Raises Paused and Wrong."""
    attempt = prove(password, ip=ip, by=by)
    resume(by)
    if not db.session.scalar(select(func.note_proof(attempt.id, None))):
        raise Wrong
    changes = {"email": (by.email, email)}
    record("user:emailChangeAsked", by=by, subject_type="user", subject_id=by.id, port_id=None, changes=changes)


def prove(password: str, *, ip: str | None, by: Member) -> Attempt:
    """That the member knows their password, outside any transaction; what was tried counts as a failure until it is
    settled. Raises Paused, and Wrong, which is recorded."""
    rollback()
    begin()
    attempt = Attempt.count(by.email.lower(), ip)
    found = db.session.execute(FIND, {"attempt": attempt.id}).one_or_none()
    rollback()  # hashing takes a while: no connection waits for it
    if not verify(found.password_hash if found else None, password):
        attempt.fail("password")
    return attempt


def renew_session(by: Member) -> str:
    """End the member's other sessions, and give the token that this one has from now on."""
    others = delete(Session).where(Session.user_id == by.id, Session.id != by.session_id).returning(Session.id)
    for session_id in db.session.scalars(others).all():
        after_commit(partial(live.close, session_id=session_id))
    token = new_token()
    db.session.execute(update(Session).where(Session.id == by.session_id).values(token_hash=hash_token(token)))
    return token


# --- The profile


@dataclass(frozen=True)
class Profile:
    """What a user says about themselves, as the form of it reads and writes it."""

    id: uuid.UUID
    name: str
    locale: str
    timezone: str
    theme: str
    units: str

    subject_type = "user"

    @classmethod
    def of(cls, user: User) -> Profile:
        chosen = {"theme": "system", "units": "metres", **user.preferences}
        return cls(
            id=user.id,
            name=user.name,
            locale=user.locale or "",
            timezone=user.timezone or "",
            theme=str(chosen["theme"]),
            units=str(chosen["units"]),
        )


def has_password(by: Member) -> bool:
    """Who comes in through another service may have none."""
    return bool(db.session.scalar(select(func.has_password(by.id))))


def own(by: Member, *, locked: bool = False) -> User:
    statement = select(User).where(User.id == by.id)
    return db.session.scalars(statement.with_for_update(key_share=True) if locked else statement).one()


def update_profile(user: User, changes: Mapping[str, Any], *, by: Member) -> None:
    """Name, locale, time zone (empty: as the port has it), theme and units; nothing changed is nothing recorded."""
    before = Profile.of(user)
    changed = {name: (getattr(before, name), new) for name, new in changes.items() if new != getattr(before, name)}
    if not changed:
        return
    for name, (_old, new) in changed.items():
        if name in ("theme", "units"):
            User.prefer(user.id, {name: new})
        else:
            setattr(user, name, new if name == "name" else new or None)
    _record_update(by, changed)


def set_picture(user: User, key: str | None, *, by: Member) -> str | None:
    """Show this picture, or none; gives the key of the one before, whose file is of no more use."""
    before, user.image_key = user.image_key, key
    if before != key:
        _record_update(by, {"picture": (before is not None, key is not None)})
    return before if before != key else None


def _record_update(by: Member, changes: Mapping[str, tuple[Any, Any]]) -> None:
    db.session.flush()
    record("user:updated", by=by, subject_type="user", subject_id=by.id, port_id=None, changes=changes)
