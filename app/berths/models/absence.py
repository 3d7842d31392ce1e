"""Absence: who holds a berth by contract or season is away, and it may be sublet in that time."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from flask_babel import gettext as _
from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Select,
    String,
    UniqueConstraint,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, now, write
from ...errors import Refused
from ...events.models import Actor, Recorded, record
from ...formats import format_date
from ...numbers import take_number
from .berth import Berth, berth_name
from .days import words_of
from .dock import Dock
from .occupancy import Occupancy
from .occupancy_kind import BLOCKS, HOLDING
from .overlap import broken_by

HUNDRED = Decimal(100)


class Absence(Recorded, Timestamped, Versioned, PortScoped, Base):
    """Verbs: note, change, end, cancel.

    Beside it stands what the database compares it with: the holder's berth and time, and whether they still take it.
    They follow the holder's stay by themselves. The holder's credit for a sublet is a part of its price
    (`credit_percent`) or an amount.
    """

    __tablename__ = "berth_absences"
    subject_type = "absence"
    EDITABLE = ("during", "may_sublet", "credit_percent", "credit", "currency", "note")

    number: Mapped[int]
    occupancy_id: Mapped[uuid.UUID]
    berth_id: Mapped[uuid.UUID]
    holder_blocks: Mapped[bool] = mapped_column(default=True)
    holder_during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    may_sublet: Mapped[bool] = mapped_column(default=True)
    credit_percent: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    credit: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    currency: Mapped[str | None] = mapped_column(String(3))
    note: Mapped[str] = mapped_column(String(200), default="")
    cancelled_at: Mapped[datetime | None]
    is_open: Mapped[bool] = mapped_column(Computed("cancelled_at IS NULL", persisted=True))
    begins_at: Mapped[datetime | None] = mapped_column(Computed("lower(during)", persisted=True))
    ends_at: Mapped[datetime | None] = mapped_column(Computed("upper(during)", persisted=True))

    holder: Mapped[Occupancy] = relationship(
        lazy="raise",
        viewonly=True,
        primaryjoin="and_(Absence.port_id == Occupancy.port_id, Absence.occupancy_id == Occupancy.id)",
        foreign_keys="[Absence.port_id, Absence.occupancy_id]",
    )
    berth: Mapped[Berth] = relationship(
        lazy="raise",
        viewonly=True,
        primaryjoin="and_(Absence.port_id == Berth.port_id, Absence.berth_id == Berth.id)",
        foreign_keys="[Absence.port_id, Absence.berth_id]",
    )

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        UniqueConstraint("port_id", "id", "berth_id", name="uq_berth_absences_berth"),
        UniqueConstraint("port_id", "id", "is_open", "during", name="uq_berth_absences_open"),
        ForeignKeyConstraint(
            ["port_id", "occupancy_id", "berth_id", "holder_blocks", "holder_during"],
            [f"berth_occupancies.{name}" for name in ("port_id", "id", "berth_id", "blocks", "during")],
            name="fk_berth_absences_holder",
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        CheckConstraint("cancelled_at IS NOT NULL OR during <@ holder_during", name="within"),
        CheckConstraint("cancelled_at IS NOT NULL OR holder_blocks", name="held"),
        ExcludeConstraint(
            ("occupancy_id", "="),
            ("during", "&&"),
            name="ex_berth_absences_during",
            using="gist",
            where=text("cancelled_at IS NULL"),
        ),
        Index("ix_berth_absences_holder", "port_id", "occupancy_id", "berth_id", "holder_blocks", "holder_during"),
        Index("ix_berth_absences_berth", "port_id", "berth_id", "begins_at"),
        Index("ix_berth_absences_ends_at", "port_id", "ends_at"),
    )

    @property
    def room(self) -> str:
        return f"absence:{self.id}"

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        return select(cls).where(cls.port_id == member.here().id)

    @classmethod
    def create(
        cls, holder: Occupancy, during: Range[datetime], *, by: Actor, details: Mapping[str, Any], announce: bool = True
    ) -> Self:
        """`details`: `may_sublet`, `credit_percent`, `credit` with `currency`, `note`. Raises Refused for who holds
        nothing, and for a time that is not theirs or in which they are away already."""
        if holder.kind not in HOLDING or holder.has_ended:
            raise Refused(_("Only who holds a berth by contract or for a season can be away from it."))
        found = cls(port_id=holder.port_id, number=take_number(holder.port_id, "absence"))
        of = {"occupancy_id": holder.id, "berth_id": holder.berth_id, "holder_during": holder.during}
        found._keep(**of, holder_blocks=True, during=during, **details)
        found._tell("noted", by=by, is_new=True, announce=announce)
        return found

    def change(self, during: Range[datetime], *, by: Actor, details: Mapping[str, Any]) -> bool:
        """Other days, another credit; False when it is so already. Raises Refused, naming who has the berth as a
        sublet in the time that is taken away."""
        self._check_open()
        wanted = {"during": during, **details}
        changes = {name: value for name, value in wanted.items() if getattr(self, name) != value}
        if not changes:
            return False
        self._keep(**changes)
        self._tell("changed", by=by, changed_fields=sorted(changes))
        return True

    def end(self, *, at: datetime, by: Actor) -> bool:
        """The holder is back early. False when it had ended by then. Raises Refused while the berth is sublet for
        longer, naming who has it."""
        self._check_open()
        begins, ends = self.during.lower, self.during.upper
        assert begins is not None  # noqa: S101  # a constraint says so
        if at <= begins:
            return self.cancel(by=by)
        if ends is not None and ends <= at:
            return False
        self._keep(during=Range(begins, at))
        self._tell("ended", by=by, at=at.isoformat())
        return True

    def cancel(self, *, by: Actor) -> bool:
        """It does not take place. False when it is so already. Raises Refused once it is sublet, naming to whom."""
        if self.cancelled_at is not None:
            return False
        self._keep(cancelled_at=now())
        self._tell("cancelled", by=by)
        return True

    @classmethod
    def credit_of(cls, sublet: Occupancy) -> tuple[Decimal, str] | None:
        """What the holder of the berth gets of a sublet."""
        absence = db.session.get(cls, sublet.absence_id) if sublet.absence_id else None
        return absence.credit_for(sublet.price, sublet.currency) if absence else None

    def credit_for(self, price: Decimal | None, currency: str | None) -> tuple[Decimal, str] | None:
        """What the holder gets of a sublet at this price; None where nothing was agreed, or nothing is known."""
        if self.credit is not None and self.currency:
            return self.credit, self.currency
        if self.credit_percent is None or price is None or currency is None:
            return None
        return (price * self.credit_percent / HUNDRED).quantize(Decimal("0.01")), currency

    def _check_open(self) -> None:
        if self.cancelled_at is not None:
            raise Refused(_("This absence was cancelled."))

    def _keep(self, **values: Any) -> None:
        own_id, port_id = self.id, self.port_id
        try:
            write(self, **values)
        except IntegrityError as error:
            broken = broken_by(error)
            if broken in ("ck_berth_absences_within", "fk_berth_absences_holder"):
                raise Refused(_("The berth is theirs only for a part of that time.")) from None
            if broken == "ex_berth_absences_during":
                raise Refused(_("They are away already in a part of that time.")) from None
            if broken in ("ck_berth_occupancies_within", "fk_berth_occupancies_absence"):
                raise Refused(refusal_of(sublet_of(port_id, own_id))) from None
            raise

    def _tell(self, happened: str, *, by: Actor, **details: Any) -> None:
        berth = db.session.get_one(Berth, self.berth_id)
        dock = db.session.get_one(Dock, berth.dock_id)
        holder = db.session.get_one(Occupancy, self.occupancy_id)
        about = [("berth", berth.id), ("occupancy", holder.id)]
        about += [("client", holder.client_id)] if holder.client_id else []
        self.updated_at = now()
        db.session.flush()
        record(
            f"absence:{happened}",
            by=by,
            subject_type=self.subject_type,
            subject_id=self.id,
            port_id=self.port_id,
            told_in=about,
            berth=berth_name(dock.name, berth.code),
            time=words_of(self.during),
            **details,
        )


def absence_covering(berth: Berth, during: Range[datetime]) -> Absence | None:
    """In which a sublet of the berth in that time would lie."""
    found = select(Absence).where(
        Absence.port_id == berth.port_id,
        Absence.berth_id == berth.id,
        Absence.cancelled_at.is_(None),
        Absence.may_sublet,
        Absence.during.contains(during),
    )
    return db.session.scalars(found.limit(1)).first()


def sublet_of(port_id: uuid.UUID, absence_id: uuid.UUID) -> Occupancy | None:
    """The last one in this absence that takes place."""
    own = (Occupancy.port_id == port_id, Occupancy.absence_id == absence_id, text(BLOCKS))
    found = select(Occupancy).options(joinedload(Occupancy.client), joinedload(Occupancy.vessel)).where(*own)
    return db.session.scalars(found.order_by(Occupancy.begins_at.desc()).limit(1)).first()


def refusal_of(sublet: Occupancy | None) -> str:
    if sublet is None:
        return _("The berth is sublet in that time.")
    ends = format_date(sublet.ends_at) if sublet.ends_at else _("an open end")
    return _(
        "%(who)s has the berth as a sublet from %(begins)s to %(ends)s. Move that stay or cancel it first.",
        who=sublet.called,
        begins=format_date(sublet.begins_at),
        ends=ends,
    )
