"""Notification, and how each user wants to be told."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Self

from sqlalchemy import (
    Boolean,
    ForeignKey,
    Index,
    LargeBinary,
    Select,
    String,
    UniqueConstraint,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ..current import Member
from ..db import Base, Identified, PortScoped, Timestamped, after_commit, db, now
from ..events.models import Event, keyring
from . import jobs
from .bell import ring
from .types import TYPES, Channels, NotificationType


@dataclass(frozen=True)
class Words:
    """What a notification says; `link` is a path of this application."""

    title: str
    body: str = ""
    link: str | None = None

    def sealed(self, notification_id: uuid.UUID) -> bytes:
        return keyring().seal(json.dumps(asdict(self)).encode(), place=f"notifications:{notification_id}")


class Notification(PortScoped, Base):
    """One line for one user about one event; its words are sealed."""

    __tablename__ = "notifications"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    type: Mapped[str] = mapped_column(String(40))
    event_id: Mapped[uuid.UUID]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)
    read_at: Mapped[datetime | None]
    # When it stood in a digest, or at once where none is wanted.
    digested_at: Mapped[datetime | None]
    # Whether the list shows it; else it is here for the sake of mail, and read from the beginning.
    in_app: Mapped[bool] = mapped_column(Boolean, default=True)

    __table_args__ = PortScoped.port_scoped(
        UniqueConstraint("event_id", "user_id"),
        Index("ix_notifications_newest", "user_id", "port_id", "created_at", "id"),
        Index("ix_notifications_unread", "user_id", "port_id", postgresql_where="read_at IS NULL"),
        Index("ix_notifications_undigested", "port_id", "user_id", postgresql_where="digested_at IS NULL"),
    )

    @classmethod
    def of_member(cls, member: Member) -> Select[Self]:
        """The member's own in this port that the list shows."""
        return select(cls).where(cls.port_id == member.here().id, cls.user_id == member.id, cls.in_app.is_(True))

    @classmethod
    def undigested(cls) -> Select[Self]:
        """Those of the port in force that wait for the evening, but for what was read meanwhile."""
        return select(cls).where(cls.digested_at.is_(None), cls.read_at.is_(None) | cls.in_app.is_(False))

    @classmethod
    def read_all(cls, member: Member) -> None:
        port_id = member.here().id
        unread = update(cls).where(cls.user_id == member.id, cls.port_id == port_id, cls.read_at.is_(None))
        db.session.execute(unread.values(read_at=now()))
        after_commit(partial(ring, member.id, port_id))

    def read(self) -> None:
        if self.read_at is None:
            self.read_at = now()
            after_commit(partial(ring, self.user_id, self.port_id))

    @cached_property
    def words(self) -> Words:
        return Words(**json.loads(keyring().open(self.sealed, place=f"notifications:{self.id}")))

    @property
    def kind(self) -> NotificationType:
        return TYPES[self.type]


class NotificationPreference(Identified, Timestamped, Base):
    """What a user chose for one type; without a row the type's own default holds."""

    __tablename__ = "user_notification_preferences"
    __table_args__ = (UniqueConstraint("user_id", "type"),)

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    type: Mapped[str] = mapped_column(String(40))
    in_app: Mapped[bool] = mapped_column(Boolean)
    email: Mapped[bool] = mapped_column(Boolean)
    digest: Mapped[bool] = mapped_column(Boolean)

    @classmethod
    def channels_of(cls, user_id: uuid.UUID) -> dict[str, Channels]:
        """What the user wants, of every type there is."""
        rows = db.session.scalars(select(cls).where(cls.user_id == user_id))
        chosen = {row.type: Channels(row.in_app, row.email, row.digest) for row in rows}
        return {name: chosen.get(name, kind.default) for name, kind in TYPES.items()}

    @classmethod
    def choose(cls, user_id: uuid.UUID, chosen: Mapping[str, Channels]) -> None:
        """Keep the user's choice for these types."""
        rows = [
            {
                "id": uuid7(),
                "user_id": user_id,
                "type": name,
                "created_at": now(),
                "updated_at": now(),
                **asdict(wanted),
            }
            for name, wanted in chosen.items()
        ]
        written = insert(cls).values(rows)
        new = written.excluded
        values = {"in_app": new.in_app, "email": new.email, "digest": new.digest, "updated_at": new.updated_at}
        db.session.execute(written.on_conflict_do_update(index_elements=["user_id", "type"], set_=values))


def notify(
    user_id: uuid.UUID,
    type_name: str,
    /,
    *,
    event: Event,
    title: str,
    body: str = "",
    link: str | None = None,
    mail: bool = True,
) -> None:
    """Tell one user of one event in the port in force, in the ways they chose; a second time does nothing.

    For reactions. `link`: a path to go to. `mail=False`: neither mail nor digest, whatever they chose.
    """
    kind = TYPES[type_name]
    wanted = NotificationPreference.channels_of(user_id)[type_name]
    by_mail = mail and (wanted.email or kind.always_mailed)
    in_digest = mail and wanted.digest and not by_mail
    if not (wanted.in_app or by_mail or in_digest):
        return
    notification_id, moment = uuid7(), now()
    written = insert(Notification).values(
        id=notification_id,
        port_id=func.nullif(func.current_setting("app.port_id", True), "").cast(Notification.port_id.type),
        user_id=user_id,
        type=type_name,
        event_id=event.id,
        sealed=Words(title, body, link).sealed(notification_id),
        created_at=moment,
        read_at=None if wanted.in_app else moment,
        digested_at=None if in_digest else moment,
        in_app=wanted.in_app,
    )
    port_id = db.session.scalar(written.on_conflict_do_nothing().returning(Notification.port_id))
    if port_id is None:
        return
    if by_mail:
        jobs.send_notification.later(notification_id=notification_id)
    if wanted.in_app:
        after_commit(partial(ring, user_id, port_id))


__all__ = ["Notification", "NotificationPreference", "Words", "notify"]
