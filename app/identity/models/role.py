"""Role, who holds it in which port, and what a port lays over it."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, Identified, Timestamped


class Role(Identified, Timestamped, Base):
    """A named permission map, the same in every port; a port lays overrides over it."""

    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(String(60), unique=True)
    label: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(Text, default="")
    permissions: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_system: Mapped[bool] = mapped_column(Boolean, default=False)


class UserPortRole(Identified, Timestamped, Base):
    __tablename__ = "user_port_roles"
    __table_args__ = (
        UniqueConstraint("user_id", "port_id", "role_id"),
        Index("ix_user_port_roles_port_id", "port_id"),
    )

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    port_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"))
    role_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("roles.id", ondelete="RESTRICT"), index=True)


class PortRoleOverride(Identified, Timestamped, Base):
    __tablename__ = "port_role_overrides"
    __table_args__ = (UniqueConstraint("port_id", "role_id"),)

    port_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"))
    role_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("roles.id", ondelete="CASCADE"), index=True)
    permission_overrides: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
