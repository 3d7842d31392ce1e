"""Deposit: money that was received for an interest, before there is an invoice."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

from sqlalchemy import ForeignKeyConstraint, Index, Numeric, Select, String, select
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, PortScoped, Timestamped


class Deposit(Timestamped, PortScoped, Base):
    """One that was taken back (`reversed_at`) counts no more: a slip, or the money went back."""

    __tablename__ = "interest_deposits"
    __table_args__ = (
        ForeignKeyConstraint(["port_id", "interest_id"], ["interests.port_id", "interests.id"], ondelete="CASCADE"),
        Index("ix_interest_deposits_interest", "port_id", "interest_id", "id"),
    )

    interest_id: Mapped[uuid.UUID]
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    currency: Mapped[str] = mapped_column(String(3))
    received_on: Mapped[date]
    reference: Mapped[str] = mapped_column(String(80), default="")
    reversed_at: Mapped[datetime | None]

    @classmethod
    def of(cls, interest: Any) -> Select[Self]:
        """The latest first."""
        own = (cls.port_id == interest.port_id, cls.interest_id == interest.id)
        return select(cls).where(*own).order_by(cls.received_on.desc(), cls.id.desc())
