"""Tags of interests: words with a colour, put on and taken off."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from ...tags.models import USES, Tagging


class InterestTag(Tagging):
    __tablename__ = "interest_tags"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("interest_id", "tag_id"),
        ForeignKeyConstraint(["port_id", "interest_id"], ["interests.port_id", "interests.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "tag_id"], ["tags.port_id", "tags.id"], ondelete="RESTRICT"),
        Index("ix_interest_tags_port_id_interest_id", "port_id", "interest_id"),
        Index("ix_interest_tags_port_id_tag_id", "port_id", "tag_id", "interest_id"),
    )
    HOLDER = "interest_id"

    interest_id: Mapped[uuid.UUID]


USES.append(InterestTag.uses)
