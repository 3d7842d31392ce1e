"""Occupancy: everything that takes a berth's time, in one table, so that none of it can be there twice."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from flask_babel import gettext as _
from sqlalchemy import (
    ColumnElement,
    Computed,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Select,
    String,
    Text,
    UniqueConstraint,
    and_,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ...clients.models import Client
from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, now, write
from ...errors import Refused
from ...events.models import Actor, Recorded, record
from ...numbers import take_number
from ...vessels.models import Vessel
from .berth import Berth, berth_name
from .days import began_today, words_of
from .dock import Dock
from .occupancy_kind import (
    BLOCKS,
    ENDED,
    HELD,
    HERE,
    MOMENT,
    OF_CLIENTS,
    OPEN,
    OccupancyKind,
    OccupancyState,
)
from .overlap import IN_THE_WAY, Overlap, broken_by

if TYPE_CHECKING:
    from .absence import Absence


class Occupancy(Recorded, Timestamped, Versioned, PortScoped, Base):
    """Verbs: book, move, check_in, check_out, finish, cancel, note_no_show; undo_check_in and undo_check_out.

    `during` is what was booked, half-open and in UTC: who leaves as another arrives is in nobody's way. `arrived_at`
    and `departed_at` are what happened; who leaves early frees the rest, and `booked_until` says until when it was. A
    sublet lies in an absence of who holds the berth, whose time it has beside itself so that the database compares
    them.
    """

    __tablename__ = "berth_occupancies"
    subject_type = "occupancy"
    EDITABLE = ("berth_id", "during", "price")

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
    hold_expires_at: Mapped[datetime | None]
    price: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    currency: Mapped[str | None] = mapped_column(String(3))
    booked_until: Mapped[datetime | None]
    moved_from_id: Mapped[uuid.UUID | None]
    absence_id: Mapped[uuid.UUID | None]
    absence_during: Mapped[Range[datetime] | None] = mapped_column(TSTZRANGE)
    absence_is_open: Mapped[bool | None]
    begins_at: Mapped[datetime | None] = mapped_column(Computed("lower(during)", persisted=True))
    ends_at: Mapped[datetime | None] = mapped_column(Computed("upper(during)", persisted=True))
    blocks: Mapped[bool] = mapped_column(Computed(BLOCKS, persisted=True))
    sublet_berth_id: Mapped[uuid.UUID | None] = mapped_column(
        Computed(f"CASE WHEN kind = 'sublet' AND {BLOCKS} THEN berth_id END", persisted=True)
    )

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
        ForeignKeyConstraint(
            ["port_id", "absence_id", "sublet_berth_id"],
            ["berth_absences.port_id", "berth_absences.id", "berth_absences.berth_id"],
            name="fk_berth_occupancies_sublet",
            ondelete="RESTRICT",
            use_alter=True,
        ),
        ForeignKeyConstraint(
            ["port_id", "absence_id", "absence_is_open", "absence_during"],
            [f"berth_absences.{name}" for name in ("port_id", "id", "is_open", "during")],
            name="fk_berth_occupancies_absence",
            onupdate="CASCADE",
            ondelete="RESTRICT",
            use_alter=True,
        ),
        ForeignKeyConstraint(
            ["port_id", "moved_from_id"],
            ["berth_occupancies.port_id", "berth_occupancies.id"],
            name="fk_berth_occupancies_moved_from",
            ondelete="RESTRICT",
        ),
        UniqueConstraint("port_id", "id", "berth_id", "blocks", "during", name="uq_berth_occupancies_held"),
        *(
            ExcludeConstraint(
                ("berth_id", "="),
                ("during", "&&"),
                name=f"ex_berth_occupancies_{name}",
                using="gist",
                where=text(f"{BLOCKS} AND {rule}"),
            )
            for name, rule in (("during", "kind <> 'sublet'"), ("sublets", "kind = 'sublet'"))
        ),
        Index("ix_berth_occupancies_berth", "port_id", "berth_id", "begins_at", "id"),
        Index("ix_berth_occupancies_client", "port_id", "client_id", "begins_at"),
        Index("ix_berth_occupancies_vessel", "port_id", "vessel_id", "begins_at"),
        Index("ix_berth_occupancies_ends_at", "port_id", "ends_at"),
        Index("ix_berth_occupancies_open", "port_id", "begins_at", "berth_id", postgresql_where=OPEN),
        Index("ix_berth_occupancies_hold_expires_at", "port_id", "hold_expires_at", postgresql_where=HELD),
        Index("ix_berth_occupancies_leaving", "port_id", "ends_at", postgresql_where=HERE),
        Index("ix_berth_occupancies_arrived", "port_id", "arrived_at", postgresql_where=HERE),
        Index("ix_berth_occupancies_during", "port_id", "during", postgresql_using="gist"),
        Index("ix_berth_occupancies_begins_at", "port_id", "begins_at", "id"),
        Index("ix_berth_occupancies_departed_at", "port_id", "departed_at", postgresql_where="departed_at IS NOT NULL"),
        *(
            Index(f"ix_berth_occupancies_{name}", "port_id", *columns, postgresql_where=f"{columns[0]} IS NOT NULL")
            for name, columns in (
                ("sublet", ("absence_id", "sublet_berth_id")),
                ("absence", ("absence_id", "absence_is_open", "absence_during")),
                ("moved_from", ("moved_from_id",)),
            )
        ),
    )

    @property
    def room(self) -> str:
        return f"occupancy:{self.id}"

    @property
    def called(self) -> str:
        """The boat, else whose stay it is, else what it is for. Vessel and client are at hand."""
        return self.vessel.name if self.vessel else self.client.full_name if self.client else self.title

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def has_run_out(self) -> bool:
        """Whether it is a hold whose time is over and that nobody has come to."""
        is_coming = self.arrived_at is None and not self.has_ended
        return is_coming and self.hold_expires_at is not None and self.hold_expires_at <= now()

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        return select(cls).where(cls.port_id == member.here().id)

    @classmethod
    def berths_taken_at(cls, moment: datetime) -> Select[uuid.UUID]:
        """The ids of the berths that a boat has by a contract, a season, a visit or a sublet, also one that should have
        left and lies there still, of the port in force."""
        # Those that have begun are few, those to come are many: the end, said this way, is not looked up.
        lasts = or_(func.coalesce(cls.ends_at, text("'infinity'")) > moment, HERE)
        return select(cls.berth_id).where(OPEN, cls.kind.in_(OF_CLIENTS), cls.begins_at <= moment, lasts)

    @classmethod
    def overstayed(cls) -> ColumnElement[bool]:
        """Whether it is over by now, and the boat lies there still."""
        return and_(HERE, cls.ends_at <= now())

    @classmethod
    def berths_overstayed(cls) -> Select[uuid.UUID]:
        return select(cls.berth_id).where(cls.overstayed())

    @classmethod
    def overstaying(cls, berth: Berth) -> Self | None:
        """Who lies there still and should have left, and has to be checked out before another comes."""
        found = select(cls).options(joinedload(cls.client), joinedload(cls.vessel))
        own = (cls.port_id == berth.port_id, cls.berth_id == berth.id, cls.overstayed())
        return db.session.scalars(found.where(*own).order_by(cls.ends_at, cls.id).limit(1)).first()

    @classmethod
    def standing_on(cls, berth: Berth) -> Self | None:
        """What keeps the berth in use, the earliest: a boat that lies there, a hold, or what is still to come."""
        found = select(cls).options(joinedload(cls.client), joinedload(cls.vessel))
        own = (cls.port_id == berth.port_id, cls.berth_id == berth.id, cls.is_standing())
        return db.session.scalars(found.where(*own).order_by(cls.begins_at, cls.id).limit(1)).first()

    @classmethod
    def is_standing(cls) -> ColumnElement[bool]:
        """Whether it keeps its berth in use: also a boat that should have left and lies there still, and what is held
        for an answer that may still come."""
        is_held = and_(HELD, cls.hold_expires_at > now())
        return and_(OPEN, or_(is_held, HERE, cls.ends_at.is_(None), cls.ends_at > now()))

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
        absence: Absence | None = None,
        details: Mapping[str, Any] | None = None,
        override: str = "",
        announce: bool = True,
    ) -> Self:
        """Take the berth for that time; today, from when somebody left it since noon. `details`: `state`, `title`,
        `notes`, `price`, `currency`, `hold_expires_at`; `override`: why a vessel is put there that does not fit;
        `absence`: of who holds the berth, for a sublet. Raises Overlap where it is taken, and Refused for a berth that
        is put away or a client who was merged meanwhile."""
        if client is None and kind in OF_CLIENTS:
            raise Refused(_("Say whose stay it is."))
        if (kind == OccupancyKind.SUBLET) != (absence is not None):
            raise Refused(_("Nobody who holds this berth is away then."))
        if client is not None:
            client.keep()
        during = since_left(berth, during, is_sublet=kind == OccupancyKind.SUBLET)
        found = cls(port_id=berth.port_id, number=take_number(berth.port_id, "occupancy"))
        values = {"state": OccupancyState.PLANNED, **(details or {})}
        of: dict[str, Any] = {"client_id": client.id if client else None, "vessel_id": vessel.id if vessel else None}
        if absence is not None:
            of |= {"absence_id": absence.id, "absence_during": absence.during, "absence_is_open": True}
        found._keep(berth_id=berth.id, during=during, kind=kind, **of, **values)
        found._tell("booked", by=by, is_new=True, announce=announce, override=override)
        return found

    def move(
        self,
        berth: Berth,
        during: Range[datetime],
        *,
        by: Actor,
        override: str = "",
        price: Decimal | None = None,
    ) -> bool:
        """To another berth or other dates, at another `price` in the currency of the stay where one is given; False
        when it is there already. Raises Overlap, and Refused once it is over or where a sublet is in the way."""
        self._check_open()
        if (berth.id, during.lower) != (self.berth_id, self.during.lower):
            during = since_left(berth, during, is_sublet=self.kind == OccupancyKind.SUBLET)
        if (berth.id, during) == (self.berth_id, self.during):
            return False
        before = db.session.get_one(Berth, self.berth_id)
        changes: dict[str, tuple[Any, Any]] = {}
        if berth.id != before.id:
            changes["berth_id"] = (str(before.id), str(berth.id))
        if during != self.during:
            changes["during"] = (words_of(self.during), words_of(during))
        values: dict[str, Any] = {"berth_id": berth.id, "during": during}
        if price is not None and self.currency and price != self.price:
            changes["price"] = (str(self.price), str(price))
            values["price"] = price
        self._keep(**values)
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

    @classmethod
    def follow(
        cls, stay: Occupancy, berth: Berth, during: Range[datetime], *, price: Decimal | None, arrived_at: datetime
    ) -> Self:
        """The rest of a stay, on another berth. Raises Overlap, and Refused for a berth that is put away."""
        found = cls(port_id=stay.port_id, number=take_number(stay.port_id, "occupancy"))
        same = {name: getattr(stay, name) for name in ("kind", "client_id", "vessel_id", "title", "notes")}
        money = {"price": price, "currency": stay.currency if price is not None else None}
        here = {"state": OccupancyState.ACTIVE, "arrived_at": arrived_at, "moved_from_id": stay.id}
        found._keep(berth_id=berth.id, during=during, **same, **money, **here)
        return found

    def tell_relocation(self, to: Occupancy, *, by: Actor, override: str) -> None:
        berth = db.session.get_one(Berth, to.berth_id)
        dock = db.session.get_one(Dock, berth.dock_id)
        name = berth_name(dock.name, berth.code)
        self._tell("relocated", by=by, also=berth, beside=to, to=name, override=override)

    def check_in(self, *, at: datetime, by: Actor, announce: bool = True) -> bool:
        """The boat is there, planned for then or not. False when it is so already. Raises Refused once it is over, and
        on a berth that was put away meanwhile."""
        if self.state == OccupancyState.ACTIVE:
            return False
        self._check_open()
        self._keep(state=OccupancyState.ACTIVE, arrived_at=at)
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
        left = {"departed_at": max(at, self.arrived_at), "booked_until": planned}
        self._keep(state=OccupancyState.COMPLETED, during=Range(begins, ends), **left)
        self._tell("checkedOut", by=by, at=at.isoformat())
        return True

    def undo_check_in(self, *, by: Actor) -> bool:
        """It was a slip: nobody has arrived. False when nobody has. Raises Refused once it is over."""
        if self.arrived_at is None:
            return False
        self._check_open()
        self._keep(state=OccupancyState.PLANNED, arrived_at=None)
        self._tell("checkInUndone", by=by)
        return True

    def undo_check_out(self, *, by: Actor) -> bool:
        """It was a slip: the boat lies there, for as long as was booked. False when it does. Raises Overlap where
        somebody has taken the rest meanwhile, and Refused for a boat that was moved."""
        if self.state == OccupancyState.ACTIVE:
            return False
        if self.state != OccupancyState.COMPLETED or self.kind not in OF_CLIENTS:
            raise Refused(_("Nobody was checked out."))
        onward = select(Occupancy.number).where(Occupancy.port_id == self.port_id, Occupancy.moved_from_id == self.id)
        if number := db.session.scalar(onward.limit(1)):
            raise Refused(
                _("The boat was moved to another berth: stay %(number)s. Move it back from there.", number=number)
            )
        during = Range(self.during.lower, self.booked_until)
        self._keep(state=OccupancyState.ACTIVE, departed_at=None, booked_until=None, during=during)
        self._tell("checkOutUndone", by=by)
        return True

    def cancel(self, *, by: Actor, reason: str = "") -> bool:
        """It does not take place, and the berth is free. False when it is so already. Raises Refused once the boat
        was there."""
        if self.state == OccupancyState.CANCELLED:
            return False
        if self.arrived_at is not None or self.has_ended:
            raise Refused(_("Who has arrived cannot be cancelled. Check out instead."))
        self._keep(state=OccupancyState.CANCELLED)
        self._tell("cancelled", by=by, reason=reason)
        return True

    def note_no_show(self, *, by: Actor) -> bool:
        """Nobody came, and the berth is free. False when it is so already. Raises Refused once the boat was there."""
        if self.state == OccupancyState.NO_SHOW:
            return False
        if self.arrived_at is not None or self.has_ended:
            raise Refused(_("Who has arrived did show."))
        self._keep(state=OccupancyState.NO_SHOW)
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
        """Raises Overlap, and Refused where an absence or a sublet is in the way: the constraints decide. Refused, too,
        where it comes to a berth that is put away. Those who come at once to a berth, or put it away, take turns."""
        own_id, port_id, kind = self.id, self.port_id, values.get("kind", self.kind)
        berth_id, during = values.get("berth_id", self.berth_id), values.get("during", self.during)
        here = select(Berth.code, Berth.archived_at).where(Berth.port_id == port_id, Berth.id == berth_id)
        berth = db.session.execute(here.with_for_update(key_share=True)).one()
        comes_back = self.has_ended and values.get("state") not in (None, *ENDED)
        arrives = not self.has_ended and values.get("state") == OccupancyState.ACTIVE != self.state
        if berth.archived_at is not None and own_id is not None and arrives:
            raise Refused(_("%(name)s is archived. Restore it first.", name=berth.code))
        if berth.archived_at is not None and (own_id is None or berth_id != self.berth_id or comes_back):
            raise Refused(_("%(name)s is archived and cannot be booked.", name=berth.code))
        try:
            write(self, **values)
        except IntegrityError as error:
            broken = broken_by(error)
            if broken.startswith("ex_berth_occupancies_"):
                is_sublet = kind == OccupancyKind.SUBLET
                raise Overlap(taking(port_id, berth_id, during, but=own_id, is_sublet=is_sublet)) from None
            if broken in IN_THE_WAY:
                raise Refused(str(IN_THE_WAY[broken])) from None
            raise

    def _tell(
        self, happened: str, *, by: Actor, also: Berth | None = None, beside: Occupancy | None = None, **details: Any
    ) -> None:
        """In the timelines of the berth (`also`: and of the one it was on), of the client and vessel it is for, and of
        the stay `beside` it."""
        berth = db.session.get_one(Berth, self.berth_id)
        dock = db.session.get_one(Dock, berth.dock_id)
        berths = {one.id for one in (berth, also) if one}
        about = [("berth", one) for one in berths]
        about += [("occupancy", beside.id)] if beside else []
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


def taking(
    port_id: uuid.UUID,
    berth_id: uuid.UUID,
    during: Range[datetime],
    *,
    but: uuid.UUID | None = None,
    is_sublet: bool = False,
) -> Occupancy | None:
    """What takes the berth first in that time, or of the sublets the first."""
    found = select(Occupancy).where(
        Occupancy.port_id == port_id,
        Occupancy.berth_id == berth_id,
        Occupancy.during.overlaps(during),
        text(BLOCKS),
        Occupancy.kind == OccupancyKind.SUBLET if is_sublet else Occupancy.kind != OccupancyKind.SUBLET,
    )
    others = found.where(Occupancy.id != but) if but else found
    return db.session.scalars(others.order_by(Occupancy.begins_at).limit(1)).first()


def since_left(berth: Berth, during: Range[datetime], *, is_sublet: bool) -> Range[datetime]:
    """A stay that would begin at noon today, on a berth that a boat left or a repair was done on since then: it begins
    when they ended."""
    begins = during.lower
    if not began_today(during):
        return during
    left = select(func.max(Occupancy.ends_at)).where(
        Occupancy.port_id == berth.port_id,
        Occupancy.berth_id == berth.id,
        Occupancy.state == OccupancyState.COMPLETED,
        Occupancy.ends_at > begins,
        Occupancy.ends_at <= now(),
        Occupancy.kind == OccupancyKind.SUBLET if is_sublet else Occupancy.kind != OccupancyKind.SUBLET,
    )
    return Range(db.session.scalar(left) or begins, during.upper)
