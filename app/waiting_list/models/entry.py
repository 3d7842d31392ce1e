"""WaitingEntry: one client on a list, from asking to having a berth or leaving."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from flask_babel import gettext as _
from sqlalchemy import (
    ForeignKeyConstraint,
    Index,
    Numeric,
    Select,
    String,
    Text,
    UniqueConstraint,
    select,
)
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ...berths.models import Berth, Dock, Occupancy, OccupancyKind, size_of
from ...berths.models.berth import berth_name
from ...clients.models import Client
from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, now, write
from ...errors import Refused
from ...events.models import Actor, Recorded, user_id_of
from ...formats import local_day
from ...interests.models import Interest, take_over
from ...numbers import has_number, take_number
from ...vessels.models import Vessel
from .event import WaitingEvent

if TYPE_CHECKING:
    from .waiting_list import WaitingList


class WaitingStatus(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class PriorityClass(StrEnum):
    """Who comes before others on lists that say so, in this order."""

    HOLDER = "holder"
    RESIDENT = "resident"
    OTHER = "other"


CLASSES = tuple(PriorityClass)
OPEN = (WaitingStatus.WAITING, WaitingStatus.OFFERED)
STILL_OPEN = "status IN ('waiting', 'offered')"


def _metres() -> Mapped[Decimal | None]:
    return mapped_column(Numeric(6, 2))


class WaitingEntry(Recorded, Timestamped, Versioned, PortScoped, Base):
    """Verbs: enter, place, offer, accept, begin_sale, decline, expire, take_back, withdraw, note_skipped.

    `requested_at` is the moment it was entered, and nobody can write another one: only an import brings the date of the
    paper list, with its `source` said. An offer is a hold on the berth (`occupancy_id`), which says which berth it is
    and until when; once accepted that is their stay, or of the `interest_id` that has the hold from then on.
    """

    __tablename__ = "waiting_entries"
    subject_type = "waitingEntry"

    number: Mapped[int]
    list_id: Mapped[uuid.UUID]
    client_id: Mapped[uuid.UUID]
    vessel_id: Mapped[uuid.UUID | None]
    loa: Mapped[Decimal | None] = _metres()
    beam: Mapped[Decimal | None] = _metres()
    draft: Mapped[Decimal | None] = _metres()
    air_draft: Mapped[Decimal | None] = _metres()
    priority_class: Mapped[str] = mapped_column(String(10), default=PriorityClass.OTHER)
    notes: Mapped[str] = mapped_column(Text, default="")
    requested_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(200), default="")
    status: Mapped[str] = mapped_column(String(10), default=WaitingStatus.WAITING)
    occupancy_id: Mapped[uuid.UUID | None]
    interest_id: Mapped[uuid.UUID | None]

    client: Mapped[Client] = relationship(lazy="raise", viewonly=True)
    vessel: Mapped[Vessel | None] = relationship(lazy="raise", viewonly=True)
    waiting_list: Mapped[WaitingList] = relationship(lazy="raise", viewonly=True)
    occupancy: Mapped[Occupancy | None] = relationship(lazy="raise", viewonly=True)
    interest: Mapped[Interest | None] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        UniqueConstraint("port_id", "id", "requested_at", name="uq_waiting_entries_asked"),
        ForeignKeyConstraint(
            ["port_id", "list_id"], ["waiting_lists.port_id", "waiting_lists.id"], ondelete="RESTRICT"
        ),
        ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["port_id", "vessel_id"], ["vessels.port_id", "vessels.id"], ondelete="SET NULL (vessel_id)"
        ),
        ForeignKeyConstraint(
            ["port_id", "occupancy_id"], ["berth_occupancies.port_id", "berth_occupancies.id"], ondelete="RESTRICT"
        ),
        ForeignKeyConstraint(
            ["port_id", "interest_id"], ["interests.port_id", "interests.id"], ondelete="SET NULL (interest_id)"
        ),
        Index("ix_waiting_entries_list", "port_id", "list_id", "status", "id"),
        Index("ix_waiting_entries_client", "port_id", "client_id"),
        Index("ix_waiting_entries_vessel", "port_id", "vessel_id"),
        Index("uq_waiting_entries_occupancy", "port_id", "occupancy_id", unique=True),
        Index("ix_waiting_entries_interest", "port_id", "interest_id"),
        Index(
            "uq_waiting_entries_open",
            "port_id",
            "list_id",
            "client_id",
            "vessel_id",
            unique=True,
            postgresql_where=STILL_OPEN,
            postgresql_nulls_not_distinct=True,
        ),
    )

    @property
    def room(self) -> str:
        return f"waiting_entry:{self.id}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def size(self) -> dict[str, Decimal | None]:
        """What `fit` asks: of the vessel, or what was said instead of one."""
        if self.vessel is not None:
            return size_of(self.vessel)
        return {name: getattr(self, name) for name in ("loa", "beam", "draft", "air_draft")}

    @property
    def may_be_sold(self) -> bool:
        """Whether a contract comes of a yes, which may be negotiated first."""
        return self.waiting_list.stay_kind == OccupancyKind.CONTRACT

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        return select(cls).where(cls.port_id == member.here().id)

    @classmethod
    def numbered(cls, number: int, member: Member) -> Select[Self]:
        return cls.visible_to(member).where(has_number(cls, number))

    # --- Verbs

    @classmethod
    def enter(
        cls,
        waiting_list: WaitingList,
        client: Client,
        *,
        by: Actor,
        vessel: Vessel | None = None,
        fields: Mapping[str, Any] | None = None,
        requested_at: datetime | None = None,
        source: str = "",
        announce: bool = True,
    ) -> Self:
        """At the end of the line. `fields`: `loa`, `beam`, `draft`, `air_draft`, `priority_class`, `notes`. An import
        alone says another `requested_at`, and from which `source` it has that. Raises Refused for who is on it with
        the same vessel, and for a list that is closed."""
        if requested_at is not None and not source:
            raise ValueError("another date needs the source it is from")
        waiting_list.check_open()
        client.keep()
        moment = now()
        if requested_at is not None and requested_at > moment:
            raise Refused(_("Nobody asked on a day that is still to come."))
        found = cls(port_id=waiting_list.port_id, number=take_number(waiting_list.port_id, "waiting_entry"))
        of = {"list_id": waiting_list.id, "client_id": client.id, "vessel_id": vessel.id if vessel else None}
        when = {"created_at": moment, "requested_at": requested_at or moment, "source": source}
        try:
            write(found, **of, **when, **(fields or {}))
        except IntegrityError as error:
            if "uq_waiting_entries_open" not in str(error.orig):
                raise
            raise Refused(_("%(name)s is on this list already.", name=client.full_name)) from None
        found._note("entered", by=by, placed_at=found.requested_at, class_rank=found._class_rank)
        found._tell("entered", by=by, is_new=True, announce=announce, source=source)
        return found

    def place(self, priority_class: PriorityClass, *, by: Actor, reason: str) -> bool:
        """Into another class; False when it is in that already. Raises Refused without a reason."""
        if self.priority_class == priority_class:
            return False
        self._check_open()
        if not reason:
            raise Refused(_("Say why, since others stand behind for it."))
        old, self.priority_class = self.priority_class, priority_class
        self._note("placed", by=by, reason=reason, class_rank=self._class_rank)
        self._tell("placed", by=by, changes={"priority_class": (old, priority_class)}, reason=reason)
        return True

    def offer(self, berth: Berth, during: Range[datetime], *, until: datetime, by: Actor, reason: str = "") -> None:
        """Hold the berth for them until they answer. The list is locked. Raises Overlap where the berth is taken then,
        and Refused for who does not wait."""
        if self.status != WaitingStatus.WAITING:
            raise Refused(_("%(name)s does not wait for an offer.", name=self.client.full_name))
        held = Occupancy.book(
            berth,
            during,
            OccupancyKind.HOLD,
            by=by,
            client=self.client,
            vessel=self.vessel,
            details={"title": _("Offered from the waiting list"), "hold_expires_at": until},
        )
        self.status, self.occupancy_id = WaitingStatus.OFFERED, held.id
        self._note("offered", by=by, berth_id=berth.id, reason=reason)
        self._tell("offered", by=by, berth=berth, stays=[held], until=until.isoformat())

    def accept(self, *, by: Actor) -> Occupancy | None:
        """The hold becomes their stay; None when that is done. Raises Refused once the time is over."""
        if self.status == WaitingStatus.ACCEPTED:
            return None
        berth, hold = self._answerable()
        hold.cancel(by=by, reason=_("accepted"))
        booked = Occupancy.book(
            berth, hold.during, self.waiting_list.stay_kind, by=by, client=self.client, vessel=self.vessel
        )
        self._end(WaitingStatus.ACCEPTED, occupancy_id=booked.id)
        self._note("accepted", by=by, berth_id=berth.id)
        self._tell("accepted", by=by, berth=berth, stays=[hold, booked])
        return booked

    def begin_sale(self, *, by: Actor) -> Interest | None:
        """As `accept`, but that a contract is negotiated first: an interest has the hold from now on, for as long again
        as the list gives to answer. None when they have accepted already. Raises Refused once the time is over."""
        if self.status == WaitingStatus.ACCEPTED:
            return None
        if not self.may_be_sold:
            raise Refused(_("Nothing is negotiated for this tenure. Note that it was accepted."))
        berth, hold = self._answerable()
        owner_id = self.client.owner_id or user_id_of(by)
        interest = Interest.create(self.client, self._wants(hold), by=by, berth=berth, owner_id=owner_id)
        take_over(interest, hold, until=now() + timedelta(days=self.waiting_list.offer_days), by=by)
        self._end(WaitingStatus.ACCEPTED, occupancy_id=hold.id, interest_id=interest.id)
        self._note("accepted", by=by, berth_id=berth.id)
        self._tell("accepted", by=by, berth=berth, stays=[hold])
        return interest

    def decline(self, *, by: Actor, reason: str = "") -> bool:
        """The berth is free again, or offered to the next; what becomes of who declined says the list, which is locked.
        False when nothing is offered any more."""
        return self._let_go("declined", WaitingStatus.DECLINED, by=by, reason=reason)

    def expire(self, *, by: Actor) -> bool:
        """As `decline`, since nobody answered in time; False where that is not so, and where their boat lies there."""
        if self.status != WaitingStatus.OFFERED or not self._offered()[1].has_run_out:
            return False
        return self._let_go("expired", WaitingStatus.EXPIRED, by=by)

    def take_back(self, *, by: Actor, reason: str = "") -> bool:
        """The offer was a slip, or the hold was cancelled: they wait in their place, unless they were merged into
        another client. False when nothing is offered."""
        if self.status != WaitingStatus.OFFERED:
            return False
        berth, hold = self._released(by=by, reason=reason)
        self._end(self._waits_again)
        self._note("taken_back", by=by, berth_id=berth.id, reason=reason)
        self._tell("offerTakenBack", by=by, berth=berth, stays=[hold], reason=reason)
        self._tell_merged(by=by)
        return True

    def withdraw(self, *, by: Actor, reason: str = "") -> bool:
        """Off the list; a berth that is held is free again. False when it is so already. Raises Refused for who has a
        berth by now."""
        if self.status == WaitingStatus.WITHDRAWN:
            return False
        self._check_open()
        if self.status == WaitingStatus.OFFERED:
            self._released(by=by, reason=reason)
        self._leave(by=by, reason=reason)
        return True

    def note_skipped(self, berth: Berth, *, by: Actor, reason: str) -> None:
        """Somebody further back is offered the berth."""
        self._note("skipped", by=by, berth_id=berth.id, reason=reason)
        self._tell("skipped", by=by, berth=berth, reason=reason)

    # --- What they share

    @property
    def _class_rank(self) -> int:
        return CLASSES.index(PriorityClass(self.priority_class))

    def _check_open(self) -> None:
        if not self.is_open:
            raise Refused(_("%(name)s does not wait any more.", name=self.client.full_name))

    def _offered(self) -> tuple[Berth, Occupancy]:
        """The berth, and the hold on it, locked. Raises Refused where nothing is offered."""
        if self.status != WaitingStatus.OFFERED:
            raise Refused(_("Nothing is offered to %(name)s now.", name=self.client.full_name))
        held = select(Occupancy).where(Occupancy.port_id == self.port_id, Occupancy.id == self.occupancy_id)
        hold = db.session.scalars(held.with_for_update().execution_options(populate_existing=True)).one()
        return db.session.get_one(Berth, hold.berth_id), hold

    def _released(self, *, by: Actor, reason: str) -> tuple[Berth, Occupancy]:
        """As `_offered`, and the berth is not held any more: perhaps it was let go among the stays already."""
        berth, hold = self._offered()
        if not hold.has_ended:
            hold.cancel(by=by, reason=reason)
        return berth, hold

    def _answerable(self) -> tuple[Berth, Occupancy]:
        """As `_offered`. Raises Refused as well where it is too late for an answer, or the berth is not held."""
        berth, hold = self._offered()
        if hold.has_ended or hold.has_run_out:
            raise Refused(_("The time to answer is over. Offer the berth again."))
        return berth, hold

    def _wants(self, hold: Occupancy) -> dict[str, Any]:
        """What the interest of a sale begins with."""
        size = {name: self.size.get(name) for name in ("loa", "beam", "draft")}
        days = {"wanted_from": local_day(hold.begins_at), "wanted_until": local_day(hold.ends_at)}
        return {**size, **days, "vessel_id": self.vessel_id, "tenure": self.waiting_list.tenure}

    def _let_go(self, happened: str, ended: WaitingStatus, *, by: Actor, reason: str = "") -> bool:
        if self.status != WaitingStatus.OFFERED:
            return False
        berth, hold = self._released(by=by, reason=reason or happened)
        after, moment = self.waiting_list.after_no, now()
        self._end(ended if after == "leaves" else self._waits_again)
        place = {"placed_at": moment} if after == "goes_back" else {}
        self._note(happened, by=by, at=moment, berth_id=berth.id, reason=reason, **place)
        self._tell(happened, by=by, berth=berth, stays=[hold], reason=reason)
        self._tell_merged(by=by)
        self.waiting_list.offer_next(berth, hold.during)
        return True

    @property
    def _waits_again(self) -> WaitingStatus:
        """Asked anew, since who was merged meanwhile could never be offered a berth, and nobody behind them either."""
        into = db.session.scalar(select(Client.merged_into_id).where(Client.id == self.client_id))
        return WaitingStatus.WITHDRAWN if into else WaitingStatus.WAITING

    def _end(self, status: WaitingStatus, **got: uuid.UUID) -> None:
        self.status, self.occupancy_id, self.interest_id = status, got.get("occupancy_id"), got.get("interest_id")

    def _tell_merged(self, *, by: Actor) -> None:
        """Who would wait again is off the list, where they were merged meanwhile."""
        if self.status == WaitingStatus.WITHDRAWN:
            self._leave(by=by, reason=_("merged into another client"))

    def _leave(self, *, by: Actor, reason: str) -> None:
        self._end(WaitingStatus.WITHDRAWN)
        self._note("withdrawn", by=by, reason=reason)
        self._tell("withdrawn", by=by, reason=reason)

    def _note(self, kind: str, *, by: Actor, at: datetime | None = None, **more: Any) -> None:
        """Into the history that the order is counted from."""
        db.session.flush()
        noted = {"entry_id": self.id, "kind": kind, "at": at or now(), "by_id": user_id_of(by), "by_name": by.name}
        db.session.add(WaitingEvent(port_id=self.port_id, **noted, **more))

    def _tell(
        self, happened: str, *, by: Actor, berth: Berth | None = None, stays: Sequence[Occupancy] = (), **details: Any
    ) -> None:
        """In the timelines of the client, of the berth and of these stays as well."""
        told_in = [("client", self.client_id), *(("occupancy", stay.id) for stay in stays)]
        if berth is not None:
            dock = db.session.get_one(Dock, berth.dock_id)
            told_in.append(("berth", berth.id))
            details["berth"] = berth_name(dock.name, berth.code)
        self.updated_at = now()
        name = db.session.get_one(_list(), self.list_id).name
        self.record(happened, by=by, told_in=told_in, list=name, **details)


def with_all(statement: Select[Any]) -> Select[Any]:
    """With the list, whose entry it is, and what is offered, or was accepted."""
    berth = joinedload(WaitingEntry.occupancy).joinedload(Occupancy.berth).joinedload(Berth.dock)
    whose = (joinedload(WaitingEntry.client), joinedload(WaitingEntry.vessel), joinedload(WaitingEntry.waiting_list))
    return statement.options(*whose, berth, joinedload(WaitingEntry.interest))


def _list() -> Any:
    from .waiting_list import WaitingList

    return WaitingList
