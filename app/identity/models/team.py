"""Team: people who share work, and who looks after them."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKey, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, PortScoped, Timestamped, Versioned


class Team(Timestamped, Versioned, PortScoped, Base):
    __tablename__ = "teams"

    name: Mapped[str] = mapped_column(String(80))
    supervisor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)

    __table_args__ = PortScoped.port_scoped(UniqueConstraint("port_id", "name"))


class TeamMember(PortScoped, Base):
    __tablename__ = "team_members"

    team_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)

    __table_args__ = PortScoped.port_scoped(
        UniqueConstraint("port_id", "team_id", "user_id"),
        ForeignKeyConstraint(["port_id", "team_id"], ["teams.port_id", "teams.id"], ondelete="CASCADE"),
    )
