"""Sighting: a boat that lies on a berth without a stay."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from flask_babel import gettext as _
from sqlalchemy import ForeignKeyConstraint, Index, Select, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, now
from ...errors import Refused
from ...events.models import Actor, Recorded, record
from ...numbers import take_number
from ...vessels.models import Vessel
from .berth import Berth, berth_name
from .dock import Dock
from .occupancy import Occupancy


class Outcome(StrEnum):
    VISIT = "visit"
    DISMISSED = "dismissed"


class Sighting(Recorded, Timestamped, Versioned, PortScoped, Base):
    """Verbs: note, turn_into, dismiss, reopen. `name` is what stands on the boat: its name or registration."""

    __tablename__ = "berth_sightings"
    subject_type = "sighting"

    number: Mapped[int]
    berth_id: Mapped[uuid.UUID]
    vessel_id: Mapped[uuid.UUID | None]
    name: Mapped[str] = mapped_column(String(120), default="")
    note: Mapped[str] = mapped_column(String(400), default="")
    seen_at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(String(20))
    settled_at: Mapped[datetime | None]
    occupancy_id: Mapped[uuid.UUID | None]

    berth: Mapped[Berth] = relationship(lazy="raise", viewonly=True)
    vessel: Mapped[Vessel | None] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(
            ["port_id", "vessel_id"], ["vessels.port_id", "vessels.id"], ondelete="SET NULL (vessel_id)"
        ),
        ForeignKeyConstraint(
            ["port_id", "occupancy_id"], ["berth_occupancies.port_id", "berth_occupancies.id"], ondelete="RESTRICT"
        ),
        Index("ix_berth_sightings_berth", "port_id", "berth_id"),
        Index("ix_berth_sightings_vessel", "port_id", "vessel_id"),
        Index("ix_berth_sightings_occupancy", "port_id", "occupancy_id"),
        Index("ix_berth_sightings_open", "port_id", "seen_at", postgresql_where="outcome IS NULL"),
    )

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        return select(cls).where(cls.port_id == member.here().id)

    @classmethod
    def create(
        cls,
        berth: Berth,
        *,
        by: Actor,
        seen_at: datetime,
        name: str = "",
        note: str = "",
        vessel: Vessel | None = None,
        announce: bool = True,
    ) -> Self:
        found = cls(
            port_id=berth.port_id,
            number=take_number(berth.port_id, "sighting"),
            berth_id=berth.id,
            vessel_id=vessel.id if vessel else None,
            name=name or (vessel.name if vessel else ""),
            note=note,
            seen_at=seen_at,
        )
        db.session.add(found)
        db.session.flush()
        found._tell("noted", by=by, is_new=True, announce=announce, note=note)
        return found

    def turn_into(self, stay: Occupancy, *, by: Actor) -> bool:
        """It is this stay, and the boat is here. False when it is already. Raises Refused once it is settled
        otherwise."""
        if self.occupancy_id == stay.id:
            return False
        if self.outcome is not None:
            raise Refused(_("Somebody settled this already."))
        self.outcome, self.settled_at, self.occupancy_id = Outcome.VISIT, now(), stay.id
        self._tell("booked", by=by)
        return True

    def dismiss(self, *, by: Actor) -> bool:
        """It needs nothing. False when it is so already. Raises Refused once it is a stay."""
        if self.outcome == Outcome.DISMISSED:
            return False
        if self.outcome is not None:
            raise Refused(_("This boat has a stay by now."))
        self.outcome, self.settled_at = Outcome.DISMISSED, now()
        self._tell("dismissed", by=by)
        return True

    def reopen(self, *, by: Actor) -> bool:
        """Back on the board. False when it is there."""
        if self.outcome is None:
            return False
        if self.outcome != Outcome.DISMISSED:
            raise Refused(_("This boat has a stay by now."))
        self.outcome = self.settled_at = None
        self._tell("reopened", by=by)
        return True

    def _tell(self, happened: str, *, by: Actor, **details: Any) -> None:
        berth = db.session.get_one(Berth, self.berth_id)
        dock = db.session.get_one(Dock, berth.dock_id)
        about = [("berth", berth.id), *([("vessel", self.vessel_id)] if self.vessel_id else [])]
        self.updated_at = now()
        db.session.flush()
        record(
            f"sighting:{happened}",
            by=by,
            subject_type=self.subject_type,
            subject_id=self.id,
            port_id=self.port_id,
            told_in=about,
            name=self.name,
            berth=berth_name(dock.name, berth.code),
            **details,
        )
