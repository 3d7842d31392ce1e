"""Tags of clients: words with a colour, put on and taken off."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ...admin.models import USES, Tag
from ...db import Base, PortScoped, db, now
from ...errors import Refused
from ...events.models import Actor
from .client import Client


class ClientTag(PortScoped, Base):
    """Verbs: put_on, take_off."""

    __tablename__ = "client_tags"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("client_id", "tag_id"),
        ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "tag_id"], ["tags.port_id", "tags.id"], ondelete="RESTRICT"),
        Index("ix_client_tags_port_id_client_id", "port_id", "client_id"),
        Index("ix_client_tags_port_id_tag_id", "port_id", "tag_id", "client_id"),
    )

    client_id: Mapped[uuid.UUID]
    tag_id: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def put_on(cls, client: Client, tag: Tag, *, by: Actor) -> bool:
        """Tag the (locked) client; False when it is so already. Raises Refused for a tag that is put away."""
        if tag.archived_at is not None and not cls.is_on(client, tag):
            raise Refused(
                _("The tag %(tag)s is archived: it stays where it is and is put on nobody else.", tag=tag.name)
            )
        row = {"id": uuid7(), "port_id": client.port_id, "client_id": client.id, "tag_id": tag.id, "created_at": now()}
        written = insert(cls).values(row).on_conflict_do_nothing().returning(cls.id)
        if db.session.scalar(written) is None:
            return False
        client.updated_at = now()
        client.record("tagged", by=by, tag_id=tag.id, tag=tag.name)
        return True

    @classmethod
    def take_off(cls, client: Client, tag: Tag, *, by: Actor) -> bool:
        """False when it is not there."""
        if db.session.scalar(delete(cls).where(*_of(client, tag)).returning(cls.id)) is None:
            return False
        client.updated_at = now()
        client.record("untagged", by=by, tag_id=tag.id, tag=tag.name)
        return True

    @classmethod
    def is_on(cls, client: Client, tag: Tag) -> bool:
        return db.session.scalar(select(cls.id).where(*_of(client, tag))) is not None


def _of(client: Client, tag: Tag) -> tuple[Any, ...]:
    return ClientTag.port_id == client.port_id, ClientTag.client_id == client.id, ClientTag.tag_id == tag.id


def clients_with() -> Any:
    """The number of clients that carry the tag of the row."""
    counted = select(func.count()).where(ClientTag.port_id == Tag.port_id, ClientTag.tag_id == Tag.id)
    return counted.correlate(Tag).scalar_subquery()


USES.append(clients_with)
