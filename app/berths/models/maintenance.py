"""Maintenance log: what is or was repaired on a berth."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Numeric, Select, String, Text, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ...admin.models import Trigger
from ...db import Base, PortScoped, Timestamped, Versioned, db, now
from ...events.models import Actor, record, user_id_of
from ...identity.models import User
from .berth import Berth
from .occupancy import Occupancy
from .occupancy_kind import OccupancyKind


class MaintenanceEntry(Timestamped, Versioned, PortScoped, Base):
    """Verbs: open, update, close, reopen. What happens to it is told by its berth, which is locked.

    `occupancy_id`: the time that it takes of the berth, where it takes any. `cost` is in `currency`.
    """

    __tablename__ = "berth_maintenance_log"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(
            ["port_id", "occupancy_id"],
            ["berth_occupancies.port_id", "berth_occupancies.id"],
            ondelete="SET NULL (occupancy_id)",
        ),
        Index("ix_berth_maintenance_log_berth", "port_id", "berth_id", "opened_at", "id"),
        Index("ix_berth_maintenance_log_open", "port_id", "berth_id", postgresql_where="closed_at IS NULL"),
        Index("ix_berth_maintenance_log_port_id_occupancy_id", "port_id", "occupancy_id"),
    )

    berth_id: Mapped[uuid.UUID]
    what: Mapped[str] = mapped_column(String(120))
    notes: Mapped[str] = mapped_column(Text, default="")
    cost: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    currency: Mapped[str | None] = mapped_column(String(3))
    occupancy_id: Mapped[uuid.UUID | None]
    opened_at: Mapped[datetime] = mapped_column(default=now)
    opened_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)

    opened_by: Mapped[User | None] = relationship(foreign_keys=[opened_by_id], viewonly=True, lazy="raise")
    closed_by: Mapped[User | None] = relationship(foreign_keys=[closed_by_id], viewonly=True, lazy="raise")
    occupancy: Mapped[Occupancy | None] = relationship(viewonly=True, lazy="raise")

    EDITABLE = ("what", "notes", "cost", "currency")

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @classmethod
    def of_berth(cls, berth: Berth) -> Select[Self]:
        """With who opened and closed each, and the time that it takes."""
        beside = (joinedload(cls.opened_by), joinedload(cls.closed_by), joinedload(cls.occupancy))
        return select(cls).options(*beside).where(cls.port_id == berth.port_id, cls.berth_id == berth.id)

    @classmethod
    def open(cls, berth: Berth, fields: Mapping[str, Any], *, by: Actor, during: Range[datetime] | None = None) -> Self:
        """`during`: the berth is taken for that time. Raises Overlap where it is taken already, and Refused for a
        berth that is put away."""
        berth.check_in_use()
        entry = cls(port_id=berth.port_id, berth_id=berth.id, opened_by_id=user_id_of(by), **fields)
        if during is not None:
            about = {"title": entry.what}
            entry.occupancy_id = Occupancy.book(berth, during, OccupancyKind.MAINTENANCE, by=by, details=about).id
        db.session.add(entry)
        db.session.flush()
        changes = {name: (None, getattr(entry, name)) for name in cls.EDITABLE if getattr(entry, name)}
        entry._tell("maintenanceAdded", berth, by=by, changes=changes)
        entry._trigger(Trigger.MAINTENANCE_OPENED, berth, by=by)
        return entry

    def update(self, berth: Berth, fields: Mapping[str, Any], *, by: Actor, reverting: uuid.UUID | None = None) -> bool:
        """Write what differs; False when nothing does. `reverting`: the event that this takes back."""
        changes = {n: (getattr(self, n), v) for n, v in fields.items() if n in self.EDITABLE and getattr(self, n) != v}
        if not changes:
            return False
        for name, (_old, new) in changes.items():
            setattr(self, name, new)
        details: dict[str, Any] = {"changes": changes, "changed_fields": sorted(changes)}
        if reverting is None:
            self._tell("maintenanceUpdated", berth, by=by, **details)
        else:
            self._tell("maintenanceReverted", berth, by=by, event_id=reverting, **details)
        return True

    def close(self, berth: Berth, *, by: Actor) -> bool:
        """It is done, and what is left of the time it took is free. False when it is so already."""
        if self.closed_at is not None:
            return False
        self.closed_at, self.closed_by_id = now(), user_id_of(by)
        if self.occupancy_id is not None:
            db.session.get_one(Occupancy, self.occupancy_id).finish(at=self.closed_at, by=by)
        self._tell("maintenanceClosed", berth, by=by)
        others = select(MaintenanceEntry.id).where(
            MaintenanceEntry.port_id == berth.port_id,
            MaintenanceEntry.berth_id == berth.id,
            MaintenanceEntry.closed_at.is_(None),
        )
        if db.session.scalar(others.limit(1)) is None:
            self._trigger(Trigger.MAINTENANCE_CLOSED, berth, by=by)
        return True

    def reopen(self, berth: Berth, *, by: Actor) -> bool:
        """It was not done after all; the time it took is not taken again. False when it is open already. Raises Refused
        for a berth that is put away."""
        if self.closed_at is None:
            return False
        berth.check_in_use()
        self.closed_at = self.closed_by_id = None
        self._tell("maintenanceReopened", berth, by=by)
        self._trigger(Trigger.MAINTENANCE_OPENED, berth, by=by)
        return True

    def _tell(self, happened: str, berth: Berth, *, by: Actor, **details: Any) -> None:
        berth.updated_at = now()
        db.session.flush()
        record(
            f"berth:{happened}",
            by=by,
            subject_type=berth.subject_type,
            subject_id=berth.id,
            port_id=berth.port_id,
            name=berth.code,
            log_entry=self.id,
            what=self.what,
            **details,
        )

    def _trigger(self, trigger: Trigger, berth: Berth, *, by: Actor) -> None:
        from .status_rules import triggered

        triggered(trigger, berth, by=by, because=self.what)
