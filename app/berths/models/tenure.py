"""The end of a tenure: who should know of it is told once before it, and once when it has passed."""

from __future__ import annotations

import uuid
from calendar import monthrange
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ...db import Base, PortScoped, db, now
from ...events.models import Actor
from .berth import Berth


class TenureStep(StrEnum):
    AHEAD = "ahead"  # the warning that the port wants
    PAST = "past"  # the last day has passed


class TenureReminder(PortScoped, Base):
    """This step was told of a tenure with this end, so it is not told again. Verbs: tell."""

    __tablename__ = "berth_tenure_reminders"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("berth_id", "expires_on", "step"),
        ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="CASCADE"),
        Index("ix_berth_tenure_reminders_port_id_berth_id", "port_id", "berth_id"),
    )

    berth_id: Mapped[uuid.UUID]
    expires_on: Mapped[date]
    step: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def tell(cls, berth: Berth, step: TenureStep, *, by: Actor) -> bool:
        """False when it was told already. A tenure that is given another end begins anew."""
        assert berth.tenure_expires_on is not None  # noqa: S101  # only what ends is told of
        of = {"port_id": berth.port_id, "berth_id": berth.id, "expires_on": berth.tenure_expires_on, "step": step}
        row = {"id": uuid7(), **of, "created_at": now()}
        if db.session.scalar(insert(cls).values(row).on_conflict_do_nothing().returning(cls.id)) is None:
            return False
        ends = berth.tenure_expires_on.isoformat()
        berth.record("tenureExpiring", by=by, name=berth.code, expires_on=ends, step=step)
        return True


def months_later(day: date, months: int) -> date:
    """The same day so many months on; the last of the month where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
