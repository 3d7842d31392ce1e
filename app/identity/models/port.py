"""Port: the tenant."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Boolean, String, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ...current import CurrentPort
from ...db import Base, Identified, Timestamped, Versioned, db


class Port(Identified, Timestamped, Versioned, Base):
    """The tenant. Its slug is the first segment of every staff URL."""

    __tablename__ = "ports"

    name: Mapped[str] = mapped_column(String(100))
    slug: Mapped[str] = mapped_column(String(50), unique=True)
    default_currency: Mapped[str] = mapped_column(String(3))
    timezone: Mapped[str] = mapped_column(String(60))
    locale: Mapped[str] = mapped_column(String(20), default="en")
    country: Mapped[str] = mapped_column(String(2))
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    branding: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)


def current_port_of(port_id: uuid.UUID) -> CurrentPort:
    """The port of the unit of work as requests know it, for what runs outside one (relay, jobs)."""
    described: dict[str, Any] | None = db.session.scalar(select(func.describe_port(port_id)))
    if described is None:
        raise LookupError(f"port {port_id} is not in force")
    return CurrentPort(**{**described, "id": port_id})
