"""Occupancy: everything that takes a berth's time, in one table, so that none of it can be there twice."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from flask_babel import gettext as _
from sqlalchemy import (
    Computed,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Select,
    String,
    Text,
    UniqueConstraint,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...clients.models import Client
from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, now, write
from ...errors import Refused
from ...events.models import Actor, Recorded, record
from ...numbers import take_number
from ...vessels.models import Vessel
from .berth import Berth, berth_name
from .dock import Dock


class OccupancyKind(StrEnum):
    CONTRACT = "contract"
    SEASON = "season"
    VISIT = "visit"
    HOLD = "hold"
    MAINTENANCE = "maintenance"
    SUBLET = "sublet"


class OccupancyState(StrEnum):
    PLANNED = "planned"
    CONFIRMED = "confirmed"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


MOMENT = timedelta(seconds=1)
# What is over without having taken place leaves the berth free.
BLOCKS = "state NOT IN ('cancelled', 'no_show')"
ENDED = (OccupancyState.COMPLETED, OccupancyState.CANCELLED, OccupancyState.NO_SHOW)
# Planned or confirmed; there now; and either. As the partial indexes say it.
COMING = text("berth_occupancies.state IN ('planned', 'confirmed')")
HERE = text("berth_occupancies.state = 'active'")
OPEN = text("berth_occupancies.state IN ('planned', 'confirmed', 'active')")
# A boat lies there, so somebody's it is.
OF_CLIENTS = (OccupancyKind.CONTRACT, OccupancyKind.SEASON, OccupancyKind.VISIT, OccupancyKind.SUBLET)


class Overlap(Exception):
    """The berth is taken in that time, by `other`."""

    def __init__(self, other: Occupancy | None) -> None:
        super().__init__("overlap")
        self.other = other


class Occupancy(Recorded, Timestamped, Versioned, PortScoped, Base):
    """Verbs: book, move, check_in, check_out, finish, cancel, note_no_show.

    `during` is what was booked, half-open and in UTC: who leaves as another arrives is in nobody's way. `arrived_at`
    and `departed_at` are what happened; who leaves early frees the rest.
    """

    __tablename__ = "berth_occupancies"
    subject_type = "occupancy"
    EDITABLE = ("berth_id", "during")

    number: Mapped[int]
    berth_id: Mapped[uuid.UUID]
    client_id: Mapped[uuid.UUID | None]
    vessel_id: Mapped[uuid.UUID | None]
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20), default=OccupancyState.PLANNED)
    title: Mapped[str] = mapped_column(String(120), default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    arrived_at: Mapped[datetime | None]
    departed_at: Mapped[datetime | None]
    price: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    currency: Mapped[str | None] = mapped_column(String(3))
    begins_at: Mapped[datetime | None] = mapped_column(Computed("lower(during)", persisted=True))
    ends_at: Mapped[datetime | None] = mapped_column(Computed("upper(during)", persisted=True))

    berth: Mapped[Berth] = relationship(lazy="raise", viewonly=True)
    client: Mapped[Client | None] = relationship(lazy="raise", viewonly=True)
    vessel: Mapped[Vessel | None] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(
            ["port_id", "vessel_id"], ["vessels.port_id", "vessels.id"], ondelete="SET NULL (vessel_id)"
        ),
        ExcludeConstraint(
            ("berth_id", "="),
            ("during", "&&"),
            name="ex_berth_occupancies_during",
            using="gist",
            where=text(BLOCKS),
        ),
        Index("ix_berth_occupancies_berth", "port_id", "berth_id", "begins_at", "id"),
        Index("ix_berth_occupancies_client", "port_id", "client_id", "begins_at"),
        Index("ix_berth_occupancies_vessel", "port_id", "vessel_id", "begins_at"),
        Index("ix_berth_occupancies_ends_at", "port_id", "ends_at"),
        Index("ix_berth_occupancies_open", "port_id", "begins_at", "berth_id", postgresql_where=OPEN),
        Index("ix_berth_occupancies_leaving", "port_id", "ends_at", postgresql_where=HERE),
        Index("ix_berth_occupancies_arrived", "port_id", "arrived_at", postgresql_where=HERE),
        Index("ix_berth_occupancies_during", "port_id", "during", postgresql_using="gist"),
    )

    @property
    def room(self) -> str:
        return f"occupancy:{self.id}"

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        return select(cls).where(cls.port_id == member.here().id)

    @classmethod
    def berths_taken_at(cls, moment: datetime) -> Select[uuid.UUID]:
        """The ids of the berths that a boat has by a contract, a season, a visit or a sublet, of the port in force."""
        return select(cls.berth_id).where(
            OPEN, cls.kind.in_(OF_CLIENTS), cls.begins_at <= moment, or_(cls.ends_at.is_(None), cls.ends_at > moment)
        )

    @classmethod
    def book(
        cls,
        berth: Berth,
        during: Range[datetime],
        kind: OccupancyKind,
        *,
        by: Actor,
        client: Client | None = None,
        vessel: Vessel | None = None,
        details: Mapping[str, Any] | None = None,
        override: str = "",
        announce: bool = True,
    ) -> Self:
        """Take the berth for that time. `details`: `state`, `title`, `notes`, `price`, `currency`; `override`: why a
        vessel is put there that does not fit. Raises Overlap where it is taken, and Refused for a berth that is put
        away or a client who was merged meanwhile."""
        if berth.is_archived:
            raise Refused(_("%(name)s is archived and cannot be booked.", name=berth.code))
        if client is None and kind in OF_CLIENTS:
            raise Refused(_("Say whose stay it is."))
        if client is not None:
            client.keep()
        found = cls(port_id=berth.port_id, number=take_number(berth.port_id, "occupancy"))
        values = {"state": OccupancyState.PLANNED, **(details or {})}
        of = {"client_id": client.id if client else None, "vessel_id": vessel.id if vessel else None}
        found._keep(berth_id=berth.id, during=during, kind=kind, **of, **values)
        found._tell("booked", by=by, is_new=True, announce=announce, override=override)
        return found

    def move(self, berth: Berth, during: Range[datetime], *, by: Actor, override: str = "") -> bool:
        """To another berth or other dates; False when it is there already. Raises Overlap, and Refused once it is
        over."""
        self._check_open()
        if (berth.id, during) == (self.berth_id, self.during):
            return False
        before = db.session.get_one(Berth, self.berth_id)
        changes: dict[str, tuple[Any, Any]] = {}
        if berth.id != before.id:
            changes["berth_id"] = (str(before.id), str(berth.id))
        if during != self.during:
            changes["during"] = (words_of(self.during), words_of(during))
        self._keep(berth_id=berth.id, during=during)
        self._tell(
            "moved",
            by=by,
            also=before,
            changes=changes,
            changed_fields=sorted(changes),
            named={"berth_id": [before.code, berth.code]},
            override=override,
        )
        return True

    def check_in(self, *, at: datetime, by: Actor, announce: bool = True) -> bool:
        """The boat is there, planned for then or not. False when it is so already. Raises Refused once it is over."""
        if self.state == OccupancyState.ACTIVE:
            return False
        self._check_open()
        self.state, self.arrived_at = OccupancyState.ACTIVE, at
        self._tell("checkedIn", by=by, announce=announce, at=at.isoformat())
        return True

    def check_out(self, *, at: datetime, by: Actor) -> bool:
        """The boat is gone, and what is left of the time is free. False when it is so already. Raises Refused before
        it arrived."""
        if self.state == OccupancyState.COMPLETED:
            return False
        if self.state != OccupancyState.ACTIVE or self.arrived_at is None:
            raise Refused(_("Who has not arrived cannot leave. Check in first."))
        begins, planned = self.during.lower, self.during.upper
        assert begins is not None  # noqa: S101  # a constraint says so
        ends = max(at if planned is None else min(at, planned), begins + MOMENT)
        self._keep(state=OccupancyState.COMPLETED, departed_at=max(at, self.arrived_at), during=Range(begins, ends))
        self._tell("checkedOut", by=by, at=at.isoformat())
        return True

    def cancel(self, *, by: Actor, reason: str = "") -> bool:
        """It does not take place, and the berth is free. False when it is so already. Raises Refused once the boat
        was there."""
        if self.state == OccupancyState.CANCELLED:
            return False
        if self.arrived_at is not None or self.has_ended:
            raise Refused(_("Who has arrived cannot be cancelled. Check out instead."))
        self.state = OccupancyState.CANCELLED
        self._tell("cancelled", by=by, reason=reason)
        return True

    def note_no_show(self, *, by: Actor) -> bool:
        """Nobody came, and the berth is free. False when it is so already. Raises Refused once the boat was there."""
        if self.state == OccupancyState.NO_SHOW:
            return False
        if self.arrived_at is not None or self.has_ended:
            raise Refused(_("Who has arrived did show."))
        self.state = OccupancyState.NO_SHOW
        self._tell("noShow", by=by)
        return True

    def finish(self, *, at: datetime, by: Actor) -> bool:
        """What is no boat's, such as a repair, is over, and what is left of its time is free; what has not begun does
        not take place. False when it is over already."""
        if self.has_ended:
            return False
        begins, planned = self.during.lower, self.during.upper
        assert begins is not None  # noqa: S101  # a constraint says so
        if at <= begins:
            return self.cancel(by=by)
        ends = at if planned is None else min(at, planned)
        self._keep(state=OccupancyState.COMPLETED, arrived_at=begins, departed_at=ends, during=Range(begins, ends))
        self._tell("finished", by=by)
        return True

    def _check_open(self) -> None:
        if self.has_ended:
            raise Refused(_("This stay is over. Book another one."))

    def _keep(self, **values: Any) -> None:
        """Raises Overlap: the constraint decides. Those who come at once to a berth take turns, or two of them would
        wait for each other."""
        own_id, port_id = self.id, self.port_id
        berth_id, during = values.get("berth_id", self.berth_id), values.get("during", self.during)
        here = select(Berth.id).where(Berth.port_id == port_id, Berth.id == berth_id)
        db.session.execute(here.with_for_update(key_share=True))
        try:
            write(self, **values)
        except IntegrityError as error:
            if "ex_berth_occupancies_during" not in str(error.orig):
                raise
            raise Overlap(taking(port_id, berth_id, during, but=own_id)) from None

    def _tell(self, happened: str, *, by: Actor, also: Berth | None = None, **details: Any) -> None:
        """In the timelines of the berth (`also`: and of the one it was on), and of the client and vessel it is for."""
        berth = db.session.get_one(Berth, self.berth_id)
        dock = db.session.get_one(Dock, berth.dock_id)
        berths = {one.id for one in (berth, also) if one}
        about = [("berth", one) for one in berths]
        about += [(kind, one) for kind, one in (("client", self.client_id), ("vessel", self.vessel_id)) if one]
        self.updated_at = now()
        db.session.flush()
        record(
            f"occupancy:{happened}",
            by=by,
            subject_type=self.subject_type,
            subject_id=self.id,
            port_id=self.port_id,
            told_in=about,
            kind=self.kind,
            berth=berth_name(dock.name, berth.code),
            time=words_of(self.during),
            **details,
        )


def words_of(during: Range[datetime]) -> str:
    """As it stands in an event: `2026-07-01T12:00:00+00:00/…`; open ends are empty."""
    ends = (during.lower, during.upper)
    return "/".join(end.isoformat() if end else "" for end in ends)


def taking(
    port_id: uuid.UUID, berth_id: uuid.UUID, during: Range[datetime], *, but: uuid.UUID | None = None
) -> Occupancy | None:
    """What takes the berth first in that time."""
    found = select(Occupancy).where(
        Occupancy.port_id == port_id, Occupancy.berth_id == berth_id, Occupancy.during.overlaps(during), text(BLOCKS)
    )
    others = found.where(Occupancy.id != but) if but else found
    return db.session.scalars(others.order_by(Occupancy.begins_at).limit(1)).first()
