"""Plan of a harbour: a picture that lies behind its docks on the map."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from sqlalchemy import ForeignKeyConstraint, Index, Numeric, SmallInteger, UniqueConstraint, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ...db import Base, PortScoped, Timestamped, Versioned, db, now
from ...events.models import Actor
from ...files.models import File
from .harbour import Harbour

OPACITY = 60  # in a hundred, until somebody says otherwise


class HarbourPlan(Timestamped, Versioned, PortScoped, Base):
    """Verbs: show, update, archive, restore. What happens to it is told by its harbour, which is locked.

    `x` and `y`: its corner in metres from the left and the top of the map; `width` in metres; `opacity` of a hundred.
    """

    __tablename__ = "harbour_plans"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "harbour_id"),
        ForeignKeyConstraint(["port_id", "harbour_id"], ["harbours.port_id", "harbours.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "file_id"], ["files.port_id", "files.id"], ondelete="RESTRICT"),
        Index("ix_harbour_plans_file", "port_id", "file_id"),
    )

    EDITABLE = ("x", "y", "width", "opacity")

    harbour_id: Mapped[uuid.UUID]
    file_id: Mapped[uuid.UUID]
    x: Mapped[Decimal] = mapped_column(Numeric(5, 1), default=Decimal(0))
    y: Mapped[Decimal] = mapped_column(Numeric(5, 1), default=Decimal(0))
    width: Mapped[Decimal] = mapped_column(Numeric(5, 1))
    opacity: Mapped[int] = mapped_column(SmallInteger, default=OPACITY)
    archived_at: Mapped[datetime | None]

    file: Mapped[File] = relationship(viewonly=True, lazy="raise")

    @classmethod
    def of(cls, harbour: Harbour) -> Self | None:
        """Also one that was taken away; with its file."""
        own = (cls.port_id == harbour.port_id, cls.harbour_id == harbour.id)
        found = select(cls).options(joinedload(cls.file).joinedload(File.current)).where(*own)
        return db.session.scalars(found).one_or_none()

    @classmethod
    def show(cls, harbour: Harbour, file: File, *, width: Decimal, by: Actor) -> Self:
        """Lay the picture behind the docks: so wide where there was none before, else where the one before lay."""
        plan = cls.of(harbour) or cls(port_id=harbour.port_id, harbour_id=harbour.id, width=width)
        if plan.file_id == file.id and plan.archived_at is None:
            return plan
        plan.file_id, plan.archived_at = file.id, None
        db.session.add(plan)
        db.session.flush()
        harbour.record("planShown", by=by, name=harbour.name, filename=file.filename)
        return plan

    def update(
        self, harbour: Harbour, fields: Mapping[str, Any], *, by: Actor, reverting: uuid.UUID | None = None
    ) -> bool:
        """Write what differs; False when nothing does. `reverting`: the event that this takes back."""
        changes = {n: (getattr(self, n), v) for n, v in fields.items() if n in self.EDITABLE and getattr(self, n) != v}
        if not changes:
            return False
        for name, (_old, new) in changes.items():
            setattr(self, name, new)
        told: dict[str, Any] = {"changes": changes, "changed_fields": sorted(changes)}
        told |= {"name": harbour.name, "plan_id": self.id}
        if reverting is None:
            harbour.record("planUpdated", by=by, **told)
        else:
            harbour.record("planReverted", by=by, event_id=reverting, **told)
        return True

    def archive(self, harbour: Harbour, *, by: Actor) -> None:
        """Take it away from the map; the file stays with the harbour."""
        if self.archived_at is None:
            self.archived_at = now()
            harbour.record("planHidden", by=by, name=harbour.name)

    def restore(self, harbour: Harbour, *, by: Actor) -> None:
        if self.archived_at is not None:
            self.archived_at = None
            harbour.record("planShown", by=by, name=harbour.name, filename=self.file.filename)
