"""Suggestion: a status that a rule of the port would give a berth, until somebody takes or dismisses it."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint, delete
from sqlalchemy.orm import Mapped, mapped_column

from ...admin.models import Trigger
from ...db import Base, PortScoped, db, now


class StatusSuggestion(PortScoped, Base):
    """One for each status a berth might be given; all of them go with the next change of its status.

    `trigger`: whose rule suggests it; `because`: what the trigger was about.
    """

    __tablename__ = "berth_status_suggestions"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "berth_id", "status"),
        ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="CASCADE"),
        Index("ix_berth_status_suggestions_created_at", "port_id", "created_at", "id"),
    )

    berth_id: Mapped[uuid.UUID]
    trigger: Mapped[str] = mapped_column(String(30))
    status: Mapped[str] = mapped_column(String(20))
    because: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def forget_ends(cls, berth_ids: Collection[uuid.UUID], *, port_id: uuid.UUID) -> None:
        """These berths have another end of their tenure, or none: what the end before suggested is over."""
        if berth_ids:
            own = (cls.port_id == port_id, cls.berth_id.in_(berth_ids), cls.trigger == Trigger.TENURE_EXPIRED)
            db.session.execute(delete(cls).where(*own))
