"""WaitingEvent: what happened to an entry of a waiting list, which is what the order is counted from."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Computed, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...berths.models import Berth
from ...db import Base, PortScoped


class WaitingEvent(PortScoped, Base):
    """Append-only: the application may not change one. `placed_at`: by what the entry stands in line from then on,
    which is when somebody asked (`asked_at`), and after that no other moment than that of the event. `class_rank`: in
    which class, 0 before 1."""

    __tablename__ = "waiting_events"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        ForeignKeyConstraint(
            ["port_id", "entry_id"], ["waiting_entries.port_id", "waiting_entries.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["port_id", "entry_id", "asked_at"],
            ["waiting_entries.port_id", "waiting_entries.id", "waiting_entries.requested_at"],
            name="fk_waiting_events_asked",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="SET NULL (berth_id)"),
        Index("ix_waiting_events_entry", "port_id", "entry_id", "id"),
        Index("ix_waiting_events_berth", "port_id", "berth_id"),
        Index("uq_waiting_events_asked", "port_id", "entry_id", "asked_at", unique=True),
    )

    entry_id: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    by_name: Mapped[str] = mapped_column(String(200), default="")
    berth_id: Mapped[uuid.UUID | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    placed_at: Mapped[datetime | None]
    class_rank: Mapped[int | None] = mapped_column(SmallInteger)
    asked_at: Mapped[datetime | None] = mapped_column(
        Computed("CASE WHEN kind = 'entered' THEN placed_at END", persisted=True)
    )

    berth: Mapped[Berth | None] = relationship(lazy="raise", viewonly=True)
