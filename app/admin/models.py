"""Tag: a word with a colour that records of any kind may carry."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, PortScoped, Timestamped, Versioned

COLOURS = ("grey", "blue", "teal", "green", "amber", "red", "purple", "navy")


class Tag(Timestamped, Versioned, PortScoped, Base):
    __tablename__ = "tags"

    name: Mapped[str] = mapped_column(String(40))
    colour: Mapped[str] = mapped_column(String(10), default="grey")
    archived_at: Mapped[datetime | None]


Index("uq_tags_name", Tag.port_id, func.lower(Tag.name), unique=True, postgresql_where=Tag.archived_at.is_(None))
