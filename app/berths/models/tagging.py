"""Tags of berths: words with a colour, put on and taken off."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from ...tags.models import USES, Tagging


class BerthTag(Tagging):
    __tablename__ = "berth_tags"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("berth_id", "tag_id"),
        ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "tag_id"], ["tags.port_id", "tags.id"], ondelete="RESTRICT"),
        Index("ix_berth_tags_port_id_berth_id", "port_id", "berth_id"),
        Index("ix_berth_tags_port_id_tag_id", "port_id", "tag_id", "berth_id"),
    )
    HOLDER = "berth_id"

    berth_id: Mapped[uuid.UUID]


USES.append(BerthTag.uses)
