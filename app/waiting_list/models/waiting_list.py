"""WaitingList: for what people wait, and by which rule they stand in line."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from flask_babel import gettext as _
from sqlalchemy import (
    ForeignKeyConstraint,
    Index,
    Numeric,
    Select,
    SmallInteger,
    String,
    Subquery,
    UniqueConstraint,
    and_,
    case,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...berths.models import Berth, Dock, Fit, Harbour, OccupancyKind, Overlap, Tenure, clearances_of, fit
from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, now
from ...errors import Refused
from ...events.models import Actor, Recorded, System
from ...identity.models import current_port_of
from ...numbers import has_number, take_number
from .entry import OPEN, WaitingEntry, WaitingStatus, with_all
from .event import WaitingEvent

ASKED_AGAIN = timedelta(days=90)
STAYS = {
    Tenure.FREEHOLD: OccupancyKind.CONTRACT,
    Tenure.LEASE: OccupancyKind.CONTRACT,
    Tenure.ANNUAL: OccupancyKind.CONTRACT,
    Tenure.SEASONAL: OccupancyKind.SEASON,
    Tenure.VISITOR: OccupancyKind.VISIT,
}


class Order(StrEnum):
    DATE = "date"
    CLASS_THEN_DATE = "class_then_date"


class AfterNo(StrEnum):
    """What becomes of who declines, or does not answer in time."""

    KEEPS = "keeps"
    GOES_BACK = "goes_back"
    LEAVES = "leaves"


class Unofferable(Refused):
    """Nobody on the list can be offered the berth."""


@dataclass(frozen=True)
class Place:
    """An entry in line: `rank` from 1, whether a berth that is at hand fits, and whether they said no to it lately."""

    entry: WaitingEntry
    rank: int
    fit: Fit | None = None
    said_no: bool = False

    @property
    def may_be_offered(self) -> bool:
        return self.entry.status == WaitingStatus.WAITING and (self.fit is None or self.fit.fits)

    @property
    def is_next(self) -> bool:
        return self.may_be_offered and not self.said_no


def _metres() -> Mapped[Decimal | None]:
    return mapped_column(Numeric(6, 2))


class WaitingList(Recorded, Timestamped, Versioned, PortScoped, Base):
    """Verbs: create, update, archive, restore, offer, offer_next.

    For one berth, a dock, a harbour, the berths of a width (`over_width` up to and with `up_to_width`), or several of
    these at once; with none, for any berth of the port.
    """

    __tablename__ = "waiting_lists"
    subject_type = "waitingList"
    EDITABLE = (
        "name",
        "harbour_id",
        "dock_id",
        "berth_id",
        "over_width",
        "up_to_width",
        "tenure",
        "order",
        "offer_days",
        "after_no",
        "offers_next",
    )

    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(100))
    harbour_id: Mapped[uuid.UUID | None]
    dock_id: Mapped[uuid.UUID | None]
    berth_id: Mapped[uuid.UUID | None]
    over_width: Mapped[Decimal | None] = _metres()
    up_to_width: Mapped[Decimal | None] = _metres()
    tenure: Mapped[str] = mapped_column(String(20), default=Tenure.ANNUAL)
    order: Mapped[str] = mapped_column("ordered_by", String(20), default=Order.DATE)
    offer_days: Mapped[int] = mapped_column(SmallInteger, default=7)
    after_no: Mapped[str] = mapped_column(String(10), default=AfterNo.LEAVES)
    # Whether the next one is offered the berth by itself.
    offers_next: Mapped[bool] = mapped_column(default=True)
    archived_at: Mapped[datetime | None]

    harbour: Mapped[Harbour | None] = relationship(lazy="raise", viewonly=True)
    dock: Mapped[Dock | None] = relationship(lazy="raise", viewonly=True)
    berth: Mapped[Berth | None] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        ForeignKeyConstraint(["port_id", "harbour_id"], ["harbours.port_id", "harbours.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(["port_id", "dock_id"], ["docks.port_id", "docks.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="RESTRICT"),
        Index("ix_waiting_lists_harbour", "port_id", "harbour_id"),
        Index("ix_waiting_lists_dock", "port_id", "dock_id"),
        Index("ix_waiting_lists_berth", "port_id", "berth_id"),
    )

    @property
    def room(self) -> str:
        return f"waiting_list:{self.id}"

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def stay_kind(self) -> OccupancyKind:
        return STAYS[Tenure(self.tenure)]

    @property
    def rule(self) -> str:
        """By what people stand in line, in words."""
        by_class = _("Who has a berth here first, then who lives here, then everybody else; each by date of request.")
        order = by_class if self.order == Order.CLASS_THEN_DATE else _("By date of request.")
        after = {
            AfterNo.KEEPS: _("Who declines or does not answer keeps the place."),
            AfterNo.GOES_BACK: _("Who declines or does not answer goes to the end."),
            AfterNo.LEAVES: _("Who declines or does not answer leaves the list."),
        }[AfterNo(self.after_no)]
        following = _("Then the next one who fits is offered the berth by itself.") if self.offers_next else ""
        return " ".join(filter(None, (order, after, following)))

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        return select(cls).where(cls.port_id == member.here().id)

    @classmethod
    def numbered(cls, number: int, member: Member) -> Select[Self]:
        return cls.visible_to(member).where(has_number(cls, number))

    @classmethod
    def for_berth(cls, berth: Berth) -> Select[Self]:
        """The lists in whose scope the berth is."""
        width, dock = berth.max_beam, db.session.get_one(Dock, berth.dock_id)
        return select(cls).where(
            cls.port_id == berth.port_id,
            cls.archived_at.is_(None),
            or_(cls.harbour_id.is_(None), cls.harbour_id == dock.harbour_id),
            or_(cls.dock_id.is_(None), cls.dock_id == dock.id),
            or_(cls.berth_id.is_(None), cls.berth_id == berth.id),
            or_(cls.over_width.is_(None), cls.over_width < width if width is not None else false()),
            or_(cls.up_to_width.is_(None), cls.up_to_width >= width if width is not None else false()),
        )

    def has_in_scope(self, berth: Berth) -> bool:
        """As `for_berth` asks of all lists."""
        found = WaitingList.for_berth(berth).where(WaitingList.id == self.id).with_only_columns(WaitingList.id)
        return db.session.scalar(found) is not None

    @classmethod
    def locked(cls, list_id: uuid.UUID) -> Self:
        """The list, until the transaction ends: who offers from it takes turns."""
        found = select(cls).where(cls.id == list_id).with_for_update()
        return db.session.scalars(found.execution_options(populate_existing=True)).one()

    # --- The line

    def line(self, berth: Berth | None = None) -> list[Place]:
        """Who stands in line, the first first; with whether the berth fits them, and who said no to it lately."""
        rows = db.session.execute(ranked(self.port_id, [self.id]).where(WaitingEntry.status.in_(OPEN))).all()
        if berth is None:
            return [Place(row.WaitingEntry, row.rank) for row in rows]
        said_no, clearances = refusing(berth), clearances_of(current_port_of(self.port_id))
        return [
            Place(
                row.WaitingEntry,
                row.rank,
                fit(row.WaitingEntry.size, berth, clearances),
                row.WaitingEntry.id in said_no,
            )
            for row in rows
        ]

    def offered(self) -> list[WaitingEntry]:
        """To whom something is offered now, locked."""
        found = select(WaitingEntry).where(
            WaitingEntry.port_id == self.port_id,
            WaitingEntry.list_id == self.id,
            WaitingEntry.status == WaitingStatus.OFFERED,
        )
        locked = with_all(found).order_by(WaitingEntry.id).with_for_update(of=WaitingEntry)
        return list(db.session.scalars(locked.execution_options(populate_existing=True)))

    # --- Verbs

    @classmethod
    def create(cls, fields: Mapping[str, Any], *, port_id: uuid.UUID, by: Actor) -> Self:
        found = cls(port_id=port_id, number=take_number(port_id, "waiting_list"), **fields)
        db.session.add(found)
        found.record("created", by=by, is_new=True, name=found.name)
        return found

    def update(self, fields: Mapping[str, Any], *, by: Actor, reverting: uuid.UUID | None = None) -> bool:
        """Write what differs and record it; False when nothing does. `reverting`: the event that this takes back."""
        changes = self.differing(fields)
        if not changes:
            return False
        for name, (_old, new) in changes.items():
            setattr(self, name, new)
        told: dict[str, Any] = {"changes": changes, "name": self.name, "changed_fields": sorted(changes)}
        if reverting is None:
            self.record("updated", by=by, **told)
        else:
            self.record("reverted", by=by, event_id=reverting, **told)
        return True

    def archive(self, *, by: Actor) -> bool:
        """Raises Refused while somebody waits on it."""
        if self.is_archived:
            return False
        waiting = select(func.count()).where(WaitingEntry.list_id == self.id, WaitingEntry.status.in_(OPEN))
        if count := db.session.scalar(waiting):
            raise Refused(
                _("%(count)d still wait on this list. Offer them a berth or take them off first.", count=count)
            )
        self.archived_at = now()
        self.record("archived", by=by, name=self.name)
        return True

    def restore(self, *, by: Actor) -> bool:
        if not self.is_archived:
            return False
        self.archived_at = None
        self.record("restored", by=by, name=self.name)
        return True

    def check_open(self) -> None:
        if self.is_archived:
            raise Refused(_("“%(name)s” is archived. Restore it first.", name=self.name))

    def offer(
        self,
        berth: Berth,
        during: Range[datetime],
        *,
        by: Actor,
        to: WaitingEntry | None = None,
        reason: str = "",
    ) -> WaitingEntry:
        """Offer the berth to who is next and fits, or with a reason to somebody further back (`to`): whoever is passed
        over that way has it in their history. The list is locked, so that of two who offer at once the second meets
        what the first did. Raises Unofferable where nobody fits, Refused for a jump without a reason, and Overlap."""
        self.check_open()
        if not self.has_in_scope(berth):
            raise Refused(_("This list is not for that berth."))
        line = self.line(berth)
        in_turn = [place.entry for place in line if place.is_next]
        chosen = self._chosen(line, to)
        ahead = in_turn.index(chosen) if chosen in in_turn else len(in_turn)
        passed_over = in_turn[:ahead]
        if passed_over and not reason:
            raise Refused(_("Say why %(name)s is passed over.", name=passed_over[0].client.full_name))
        chosen.offer(berth, during, until=now() + timedelta(days=self.offer_days), by=by, reason=reason)
        for entry in passed_over:
            entry.note_skipped(berth, by=by, reason=reason)
        return chosen

    def _chosen(self, line: Sequence[Place], to: WaitingEntry | None) -> WaitingEntry:
        if to is None:
            first = next((place.entry for place in line if place.is_next), None)
            if first is None:
                raise Unofferable(_("Nobody who waits on this list fits that berth."))
            return first
        chosen = next((place.entry for place in line if place.entry.id == to.id and place.may_be_offered), None)
        if chosen is None:
            raise Unofferable(_("%(name)s does not wait, or does not fit that berth.", name=to.client.full_name))
        return chosen

    def offer_next(self, berth: Berth, during: Range[datetime]) -> WaitingEntry | None:
        """After a no: to the next one by itself, where the list says so, there is one, and time is left of what was
        offered. It is locked."""
        if not self.offers_next or self.is_archived:
            return None
        begins = max(during.lower, now()) if during.lower else now()
        if during.upper is not None and begins >= during.upper:
            return None
        try:
            return self.offer(berth, Range(begins, during.upper), by=System())
        except (Refused, Overlap):
            return None


def refusing(berth: Berth) -> set[uuid.UUID]:
    """Who said no to the berth, or nothing, so lately that they are not asked again by turns."""
    said = select(WaitingEvent.entry_id).where(
        WaitingEvent.port_id == berth.port_id,
        WaitingEvent.berth_id == berth.id,
        WaitingEvent.kind.in_(("declined", "expired")),
        WaitingEvent.at > now() - ASKED_AGAIN,
    )
    return set(db.session.scalars(said))


def standing(port_id: uuid.UUID, list_ids: Sequence[uuid.UUID] | Select[uuid.UUID]) -> Subquery:
    """id, `rank` and `placed_at` of each entry of these lists: counted from the events alone, the latest of which says
    where somebody stands. Who does not wait any more has no rank."""
    placed = _latest(WaitingEvent.placed_at)
    in_class = _latest(WaitingEvent.class_rank)
    by_class = case((WaitingList.order == Order.CLASS_THEN_DATE, in_class), else_=0)
    waits = WaitingEntry.status.in_(OPEN)
    order = (by_class, placed, WaitingEntry.id)
    rank = func.row_number().over(partition_by=(WaitingEntry.list_id, waits), order_by=order)
    return (
        select(WaitingEntry.id, case((waits, rank)).label("rank"), placed.label("placed_at"))
        .join(WaitingList, and_(WaitingList.port_id == WaitingEntry.port_id, WaitingList.id == WaitingEntry.list_id))
        .where(WaitingEntry.port_id == port_id, WaitingEntry.list_id.in_(list_ids))
        .subquery()
    )


def ranked(port_id: uuid.UUID, list_ids: Sequence[uuid.UUID] | Select[uuid.UUID]) -> Select[Any]:
    """The entries of these lists in order, each with where it stands and whose it is."""
    place = standing(port_id, list_ids)
    return (
        with_all(select(WaitingEntry, place.c.rank, place.c.placed_at))
        .join(place, place.c.id == WaitingEntry.id)
        .order_by(WaitingEntry.list_id, place.c.rank.nulls_last(), WaitingEntry.id.desc())
    )


def _latest(column: Any) -> Any:
    """What the latest event of the entry that says so says."""
    return (
        select(column)
        .where(
            WaitingEvent.port_id == WaitingEntry.port_id, WaitingEvent.entry_id == WaitingEntry.id, column.is_not(None)
        )
        .order_by(WaitingEvent.id.desc())
        .limit(1)
        .scalar_subquery()
    )
