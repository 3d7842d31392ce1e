"""Tags of clients: words with a colour, put on and taken off."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from ...tags.models import USES, Tagging


class ClientTag(Tagging):
    __tablename__ = "client_tags"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("client_id", "tag_id"),
        ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "tag_id"], ["tags.port_id", "tags.id"], ondelete="RESTRICT"),
        Index("ix_client_tags_port_id_client_id", "port_id", "client_id"),
        Index("ix_client_tags_port_id_tag_id", "port_id", "tag_id", "client_id"),
    )
    HOLDER = "client_id"

    client_id: Mapped[uuid.UUID]


USES.append(ClientTag.uses)
