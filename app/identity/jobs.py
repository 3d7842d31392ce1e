"""Mail about accounts. Links are made here, where they are written into a mail and nowhere else."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import func, select, text

from ..db import begin, db, now
from ..events.models import Event, SubjectKey, System, keyring, place_of_key, record
from ..jobs import job
from ..mail.models import Mail
from .models import Port, Purpose, User, Verification, hash_token
from .models.verification import EMAIL_CHANGE_LASTS, INVITATION_LASTS, RESET_LASTS, new_token

ANSWER_RESET = text("SELECT * FROM answer_reset(:id, :token_hash, :until, :now)")


def link_to(place: str, token: str) -> str:
    """The address behind a button of a mail; here no request says where Quayside is."""
    return f"{current_app.extensions['settings'].public_url}/auth/{place}/{token}"


def sign_in_url() -> str:
    return f"{current_app.extensions['settings'].public_url}/auth/login"


@job(queue="email")
def send_invitation(user_id: uuid.UUID, event_id: uuid.UUID) -> None:
    """A link to somebody new; word to somebody who has a password already, from another port."""
    user = db.session.get(User, user_id)
    if user is None or not user.is_active:
        return
    port_id = db.session.scalar(select(Port.id))
    by = db.session.scalar(select(User).join(Event, Event.actor_id == User.id).where(Event.id == event_id))
    words: dict[str, Any] = {"name": user.name, "email": user.email, "by": by.name if by else None}
    if db.session.scalar(select(func.has_password(user_id))):
        words |= {"link": sign_in_url(), "is_new": False}
    else:
        _row, token = Verification.issue(
            Purpose.INVITE, user_id=user_id, port_id=port_id, email=user.email, lasts=INVITATION_LASTS
        )
        words |= {"link": link_to("accept", token), "is_new": True}
    Mail.send(to=user.email, template="invitation", port_id=port_id, locale=user.locale, **words)


@job(queue="email", is_for_port=False)
def send_reset(verification_id: uuid.UUID) -> None:
    """Find out whether the address that was typed is somebody's, and send them a link."""
    token = new_token()
    asked = {"id": verification_id, "token_hash": hash_token(token), "until": now() + RESET_LASTS, "now": now()}
    found = db.session.execute(ANSWER_RESET, asked).one_or_none()
    if found is None:
        return
    words: dict[str, Any] = {
        "name": found.name,
        "email": found.email,
        "link": link_to("reset", token),
        "hours": _hours(RESET_LASTS),
    }
    Mail.send(to=found.email, template="reset", locale=found.locale, **words)
    begin(user_id=found.id, scope="staff")
    record("auth:resetSent", by=System(), subject_type="user", subject_id=found.id, port_id=None)


@job(queue="email", is_for_port=False)
def send_password_changed(user_id: uuid.UUID) -> None:
    user = _themselves(user_id)
    if user is not None:
        words: dict[str, Any] = {"name": user.name, "email": user.email, "at": now(), "link": _reset_url()}
        Mail.send(to=user.email, template="password_changed", locale=user.locale, **words)


@job(queue="email", is_for_port=False)
def send_email_change(user_id: uuid.UUID, event_id: uuid.UUID) -> None:
    """A link to the new address, and word to the present one."""
    user = _themselves(user_id)
    addresses = _changed_addresses(event_id)
    if user is None or addresses is None or user.email != addresses[0]:
        return
    present, wanted = addresses
    _row, token = Verification.issue(Purpose.EMAIL, user_id=user_id, email=wanted, lasts=EMAIL_CHANGE_LASTS)
    words: dict[str, Any] = {"name": user.name, "email": present, "new_email": wanted}
    link = link_to("email", token)
    Mail.send(to=wanted, template="email_change", locale=user.locale, is_for_new=True, link=link, **words)
    Mail.send(to=present, template="email_change", locale=user.locale, is_for_new=False, link=_reset_url(), **words)


@job(queue="email", is_for_port=False)
def send_email_changed(user_id: uuid.UUID, event_id: uuid.UUID) -> None:
    """Word to the address that was, and to the one that is."""
    user = _themselves(user_id)
    addresses = _changed_addresses(event_id)
    if user is None or addresses is None:
        return
    words: dict[str, Any] = {"name": user.name, "email": addresses[0], "new_email": addresses[1], "at": now()}
    for address in addresses:
        Mail.send(to=address, template="email_changed", locale=user.locale, is_for_new=address == user.email, **words)


def _themselves(user_id: uuid.UUID) -> User | None:
    """The user as they see themselves, while they may sign in."""
    begin(user_id=user_id, scope="staff")
    user = db.session.get(User, user_id)
    return user if user is not None and user.is_active else None


def _changed_addresses(event_id: uuid.UUID) -> tuple[str, str] | None:
    """The old and the new address that the event tells of."""
    statement = select(Event, SubjectKey.sealed_key).join(
        SubjectKey, (SubjectKey.subject_type == Event.subject_type) & (SubjectKey.subject_id == Event.subject_id)
    )
    row = db.session.execute(statement.where(Event.id == event_id)).one_or_none()
    if row is None:
        return None
    event, sealed_key = row
    key = keyring().open(sealed_key, place=place_of_key(event.subject_type, event.subject_id))
    old, new = event.opened(key)["changes"]["email"]
    return old, new


def _reset_url() -> str:
    return f"{current_app.extensions['settings'].public_url}/auth/reset"


def _hours(lasts: timedelta) -> int:
    return int(lasts.total_seconds() // 3600)
