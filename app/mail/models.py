"""Mail: one message to one address. It is written here, and sent by a job once that is committed."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask import current_app, g
from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ..db import Base, Identified, db, now
from ..events.models import keyring
from ..identity.models import User, current_port_of
from .jobs import deliver_for_port, deliver_without_port
from .letters import Letter, Unaddressable, addressable, host_of, place_of, write

OWN_USER = text("nullif(current_setting('app.user_id', true), '')::uuid")


class MailStatus(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class Mail(Identified, Base):
    """One message. Address, subject and words are sealed, and erased once it is sent; they are read through
    `take_mail()` only."""

    __tablename__ = "mails"
    __table_args__ = (
        Index("ix_mails_port_id", "port_id"),
        Index("ix_mails_asked_by_id", "asked_by_id"),
        Index("ix_mails_created_at", "created_at", postgresql_where="status <> 'waiting'"),
    )

    port_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"))
    asked_by_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), deferred=True, deferred_raiseload=True
    )
    template: Mapped[str] = mapped_column(String(60))
    sealed: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    message_id: Mapped[str] = mapped_column(String(200), deferred=True, deferred_raiseload=True)
    status: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int]
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    request_id: Mapped[str | None] = mapped_column(String(64))

    @classmethod
    def send(
        cls, *, to: str, template: str, port_id: uuid.UUID | None = None, locale: str | None = None, **words: Any
    ) -> uuid.UUID:
        """Write `mail/<template>.html` with these words to one address and have it sent after the commit; gives the
        mail's id.

        `port_id`: the port of the unit of work, whose name and colours it bears. `locale`: the reader's, else the
        port's. Raises Unaddressable.
        """
        address = addressable(to)
        port = current_port_of(port_id) if port_id else None
        letter = write(template, to=address, port=port, locale=locale, words=words)
        return send_letter(letter, template=template, port_id=port_id)


def send_letter(letter: Letter, *, template: str, port_id: uuid.UUID | None) -> uuid.UUID:
    mail_id = uuid7()
    asked_by = select(User.id).where(User.id == OWN_USER).scalar_subquery()
    written = {
        "id": mail_id,
        "port_id": port_id,
        "template": template,
        "sealed": keyring().seal(json.dumps(asdict(letter)).encode(), place=place_of(mail_id)),
        # The same whenever it is sent, so that a second copy is known for one.
        "message_id": f"<{mail_id.hex}@{host_of(current_app.extensions['settings'])}>",
        "status": MailStatus.WAITING,
        "attempts": 0,
        "created_at": now(),
        "request_id": g.get("request_id"),
    }
    db.session.execute(insert(Base.metadata.tables["mails"]).inline().values(**written, asked_by_id=asked_by))
    (deliver_for_port if port_id else deliver_without_port).later(mail_id=mail_id)
    return mail_id


__all__ = ["Mail", "MailStatus", "Unaddressable", "addressable"]
