"""Sending a mail. Between its two transactions no other is open, since a mail server may take its time.

A worker killed after the server has taken a mail and before that is noted sends it once more: two copies with one
Message-ID, which mail programs show as one or the other, are better than none.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

from flask import current_app
from sqlalchemy import text

from .. import storage
from ..config import Settings
from ..db import begin, db, now, port_in_force
from ..events.models import System, keyring, record
from ..jobs import Steps, job
from ..logs import mask
from ..storage.store import NotStored, StorageAway
from . import outbox
from .letters import Letter, place_of
from .server import MailServer, NotTaken, Refused, message_of

# A mail server that is restarted, or that lets strangers wait (greylisting), is back within hours, not seconds.
ATTEMPTS = 16  # over four hours

TAKE = text("SELECT port_id, sealed, message_id FROM take_mail(:id)")
END = text("SELECT template, asked_by_id FROM end_mail(:id, :status, :error, :now)")


@dataclass(frozen=True)
class Taken:
    port_id: uuid.UUID | None
    letter: Letter
    message_id: str


def give_up(mail_id: uuid.UUID, error: str) -> None:
    note_failed(mail_id, error)


@job(queue="email", attempts=ATTEMPTS, in_steps=True, failed=give_up)
def deliver_for_port(steps: Steps, mail_id: uuid.UUID) -> None:
    """Send a mail of the port."""
    deliver(steps, mail_id)


@job(queue="email", attempts=ATTEMPTS, in_steps=True, is_for_port=False, failed=give_up)
def deliver_without_port(steps: Steps, mail_id: uuid.UUID) -> None:
    """Send a mail of no port: of signing in, or of the system."""
    deliver(steps, mail_id)


def deliver(steps: Steps, mail_id: uuid.UUID) -> None:
    with steps.step():
        taken = take(mail_id)
    if taken is None:
        return
    try:
        hand_over(taken)
    except Refused as refused:
        with steps.step():
            note_failed(mail_id, str(refused))
        return
    with steps.step():
        end(mail_id, "sent")


def take(mail_id: uuid.UUID) -> Taken | None:
    """The mail, for one more attempt; None once it is sent or given up."""
    row = db.session.execute(TAKE, {"id": mail_id}).one_or_none()
    if row is None:
        return None
    words = json.loads(keyring().open(row.sealed, place=place_of(mail_id)))
    return Taken(row.port_id, Letter(**words), row.message_id)


def hand_over(taken: Taken) -> None:
    """To the mail server; in development to the outbox page as well, or only. Raises Refused and NotTaken."""
    settings: Settings = current_app.extensions["settings"]
    logo = logo_as_png(taken.letter.logo) if taken.letter.logo else None
    message = message_of(taken.letter, message_id=taken.message_id, settings=settings, logo=logo)
    if settings.environment == "development":
        outbox.keep(message)
    elif settings.smtp_url is None:
        raise NotTaken("SMTP_URL is not set")
    if settings.smtp_url is not None:
        MailServer.of(settings.smtp_url).take(message)


def logo_as_png(key: str) -> bytes | None:
    """For mail programs, of which many do not show WebP; None where it cannot be had now: the words matter more."""
    from PIL import Image

    try:
        with storage.open(key) as stream:
            content = stream.read()
    except (NotStored, StorageAway):
        return None
    written = BytesIO()
    Image.open(BytesIO(content)).save(written, "PNG")
    return written.getvalue()


def end(mail_id: uuid.UUID, status: str, error: str | None = None) -> tuple[str, uuid.UUID | None] | None:
    place = {"id": mail_id, "status": status, "error": error, "now": now()}
    row = db.session.execute(END, place).one_or_none()
    return (row.template, row.asked_by_id) if row else None


def note_failed(mail_id: uuid.UUID, error: str) -> None:
    """Nobody will send it any more; the event tells who asked for it."""
    reason = mask(error)[:300]
    ended = end(mail_id, "failed", reason)
    if ended is None:
        return
    template, asked_by_id = ended
    port_id = port_in_force()
    with acting_for(mail_id, port_id):
        record(
            "email:failed",
            by=System(),
            subject_type="mail",
            subject_id=mail_id,
            port_id=port_id,
            is_new=True,
            template=template,
            error=reason,
            asked_by=str(asked_by_id) if asked_by_id else None,
        )


@contextmanager
def acting_for(mail_id: uuid.UUID, port_id: uuid.UUID | None) -> Iterator[None]:
    """Without a port, only the user an event is about may write the key of its words; here that is the mail."""
    if port_id is not None:
        yield
        return
    before = db.session.scalar(text("SELECT nullif(current_setting('app.user_id', true), '')::uuid"))
    begin(user_id=mail_id)
    yield
    begin(user_id=before)
