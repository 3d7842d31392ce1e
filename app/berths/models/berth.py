"""Berth: a place where one boat lies."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import (
    Computed,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    case,
    delete,
    func,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...admin.models import BerthStatus
from ...db import db
from ...errors import Refused
from ...events.models import Actor
from ...fields.models import Customised, told
from ...formats import format_date, format_datetime
from ...numbers import take_number
from .dock import Dock
from .harbour import Harbour
from .place import DIGITS, Place, natural
from .suggestion import StatusSuggestion


class Tenure(StrEnum):
    """On which terms the berth is held or offered."""

    FREEHOLD = "freehold"
    LEASE = "lease"
    ANNUAL = "annual"
    SEASONAL = "seasonal"
    VISITOR = "visitor"


class MooringKind(StrEnum):
    FINGER = "finger"
    SINGLE_SLIP = "single_slip"
    SIDE_SLIP = "side_slip"
    STERN_BUOY = "stern_buoy"
    STERN_POLE = "stern_pole"
    STERN_TO = "stern_to"
    NO_STERN_TO = "no_stern_to"
    ALONGSIDE = "alongside"
    SEA_BUOY = "sea_buoy"
    DINGHY = "dinghy"
    TRAILER = "trailer"
    OTHER = "other"


class Side(StrEnum):
    """To which side of the dock, seen from the land."""

    LEFT = "left"
    RIGHT = "right"
    END = "end"


class PricePeriod(StrEnum):
    ANNUAL = "annual"
    SEASONAL = "seasonal"
    MONTHLY = "monthly"
    NIGHTLY = "nightly"
    ONCE = "once"


HUNDREDTH = Decimal("0.01")
DIMENSIONS = ("min_loa", "max_loa", "max_beam", "depth", "max_height")


def _metres() -> Mapped[Decimal | None]:
    return mapped_column(Numeric(6, 2))


class Berth(Customised, Place):
    """Verbs: create, update, change_status, archive, restore.

    `code` is the number painted on the dock, unique on it; `number` the one in addresses. `max_loa` and `max_beam` are
    the length and width of the berth, `depth` what was sounded below the datum. Prices are in `currency` for one
    `price_period`.
    """

    __tablename__ = "berths"
    subject_type = "berth"
    resource = "berth"
    CALLED, UNIQUE = "code", "uq_berths_code"
    SORTED, WITHIN, GROUND = "sort_code", "dock_id", Dock
    GROUNDLESS = lazy_gettext("The dock of this berth is archived. Restore it first.")

    dock_id: Mapped[uuid.UUID]
    code: Mapped[str] = mapped_column(String(20))
    sort_code: Mapped[str] = mapped_column(String(300, collation="C"))
    # Harbour, dock and code: the order of the list.
    sort_place: Mapped[str] = mapped_column(String(910, collation="C"))
    status: Mapped[str] = mapped_column(String(20), default=BerthStatus.AVAILABLE)
    # What it was before the maintenance in which it is.
    status_before: Mapped[str | None] = mapped_column(String(20))
    mooring: Mapped[str] = mapped_column(String(20), default=MooringKind.OTHER)
    side: Mapped[str] = mapped_column(String(10), default="")
    min_loa: Mapped[Decimal | None] = _metres()
    max_loa: Mapped[Decimal | None] = _metres()
    max_beam: Mapped[Decimal | None] = _metres()
    depth: Mapped[Decimal | None] = _metres()
    sounded_on: Mapped[date | None]
    datum: Mapped[str] = mapped_column(String(40), default="")
    max_height: Mapped[Decimal | None] = _metres()
    tenure: Mapped[str] = mapped_column(String(20), default=Tenure.ANNUAL)
    tenure_expires_on: Mapped[date | None]
    price: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    currency: Mapped[str | None] = mapped_column(String(3))
    price_period: Mapped[str] = mapped_column(String(20), default=PricePeriod.ANNUAL)
    power_amps: Mapped[int | None] = mapped_column(SmallInteger)
    power_phases: Mapped[int | None] = mapped_column(SmallInteger)
    has_water: Mapped[bool] = mapped_column(default=False)
    has_fuel: Mapped[bool] = mapped_column(default=False)
    notes: Mapped[str] = mapped_column(Text, default="")
    # In centimetres, 0 where nobody knows: behind row-level security an index over numeric is not used.
    length: Mapped[int] = mapped_column(Integer, Computed("coalesce(max_loa, 0) * 100", persisted=True))

    dock: Mapped[Dock] = relationship(lazy="raise", viewonly=True)

    EDITABLE = (
        "dock_id",
        "code",
        "mooring",
        "side",
        *DIMENSIONS,
        "sounded_on",
        "datum",
        "tenure",
        "tenure_expires_on",
        "price",
        "currency",
        "price_period",
        "power_amps",
        "power_phases",
        "has_water",
        "has_fuel",
        "notes",
    )

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        ForeignKeyConstraint(["port_id", "dock_id"], ["docks.port_id", "docks.id"], ondelete="CASCADE"),
        Index("ix_berths_dock", "port_id", "dock_id", "sort_code", "id"),
        Index(UNIQUE, "port_id", "dock_id", "sort_code", unique=True, postgresql_where="archived_at IS NULL"),
        *(
            Index(f"ix_berths_{column}_current", "port_id", column, "id", postgresql_where="archived_at IS NULL")
            for column in ("sort_place", "length", "updated_at")
        ),
        Index(
            "ix_berths_tenure_expires_on_current",
            "port_id",
            "tenure_expires_on",
            "id",
            postgresql_where="archived_at IS NULL AND tenure_expires_on IS NOT NULL",
        ),
        Index("ix_berths_archived", "port_id", "sort_place", "id", postgresql_where="archived_at IS NOT NULL"),
        Index("ix_berths_status", "port_id", "status", "sort_place", "id", postgresql_where="archived_at IS NULL"),
    )

    @classmethod
    def sort_key(cls, name: str) -> str:
        """`02` may be painted beside `2`, and comes after it."""
        padded = [number for number in DIGITS.findall(name) if number[0] == "0" and len(number) > 1]
        return " ".join([natural(name), *padded])

    @property
    def name(self) -> str:
        """As people call it: `B 12`; the code alone where the harbour has no docks to tell apart."""
        return berth_name(self.dock.name, self.code)

    @classmethod
    def create(cls, fields: Mapping[str, Any], *, port_id: uuid.UUID, by: Actor, announce: bool = True) -> Self:
        """With status available. Raises Taken."""
        berth = cls(port_id=port_id, number=take_number(port_id, "berth"), status=BerthStatus.AVAILABLE)
        berth.begin(fields, by=by, announce=announce)
        return berth

    def check_in_use(self) -> None:
        """Raises Refused where it is put away."""
        if self.is_archived:
            raise Refused(_("%(name)s is archived. Restore it first.", name=self.code))

    def change_status(
        self, to: BerthStatus, *, by: Actor, triggered_by: str, note: str = "", announce: bool = True
    ) -> bool:
        """`triggered_by`: `hand`, or the trigger whose rule did it. What was suggested until then is suggested no
        more. False when it stands so already. Raises Refused for a berth that is put away."""
        self.check_in_use()
        if self.status == to:
            return False
        old, self.status = self.status, to
        self.status_before = old if to == BerthStatus.MAINTENANCE else None
        self._forget_suggestions()
        self.record(
            "statusChanged",
            by=by,
            announce=announce,
            changes={"status": (old, to)},
            name=self.code,
            old_status=old,
            new_status=to,
            triggered_by=triggered_by,
            note=note,
        )
        return True

    def _write_custom(
        self, fields: Mapping[str, Any], *, is_new: bool = False
    ) -> tuple[dict[str, tuple[Any, Any]], dict[str, Any]]:
        changes, definitions = self.write_custom(fields, is_new=is_new)
        return {**changes}, told(changes, definitions)

    def _keep(self, **values: Any) -> None:
        values = {n: v.quantize(HUNDREDTH) if isinstance(v, Decimal) else v for n, v in values.items()}
        if {"code", "dock_id"} & set(values):
            values |= self._order(values)
        if "dock_id" in values and self.id:
            self._leave_own_place()
        if "tenure_expires_on" in values and self.id:
            StatusSuggestion.forget_ends([self.id], port_id=self.port_id)
        super()._keep(**values)

    def _leave_own_place(self) -> None:
        """It was a place on the plan beside the dock that it leaves."""
        from .own_place import OwnPlace

        db.session.execute(delete(OwnPlace).where(OwnPlace.port_id == self.port_id, OwnPlace.berth_id == self.id))

    def _forget_suggestions(self) -> None:
        here = (StatusSuggestion.port_id == self.port_id, StatusSuggestion.berth_id == self.id)
        db.session.execute(delete(StatusSuggestion).where(*here))

    def _order(self, values: Mapping[str, Any]) -> dict[str, str]:
        dock = db.session.get_one(Dock, values.get("dock_id", self.dock_id))
        sort_code = self.sort_key(values.get("code") or self.code)
        before = dock.order_of(db.session.get_one(Harbour, dock.harbour_id))
        return {"sort_code": sort_code, "sort_place": before + sort_code}

    def _check_unused(self) -> None:
        from .occupancy import Occupancy

        found = Occupancy.standing_on(self)
        if found is None:
            return
        what: dict[str, Any] = {"name": self.code, "number": found.number}
        if found.hold_expires_at is not None:
            until = format_datetime(found.hold_expires_at)
            raise Refused(
                _("%(name)s is held until %(until)s by stay %(number)s. Let it go first.", until=until, **what)
            )
        ends = format_date(found.ends_at) if found.ends_at else _("an open end")
        what |= {"who": found.called, "begins": format_date(found.begins_at), "ends": ends}
        raise Refused(
            _("%(name)s is taken from %(begins)s to %(ends)s: %(who)s, stay %(number)s. End or move it first.", **what)
            if found.called
            else _("%(name)s is taken from %(begins)s to %(ends)s by stay %(number)s. End or move it first.", **what)
        )


# What a harbour without docks calls the one that all its berths are on.
NO_DOCK = "-"


def berth_name(dock: str, code: str) -> str:
    return code if dock == NO_DOCK else f"{dock} {code}"


# The same, asked of the database.
NAME_OF_BERTH = (
    select(func.concat(case((Dock.name == NO_DOCK, ""), else_=Dock.name + " "), Berth.code))
    .where(Dock.port_id == Berth.port_id, Dock.id == Berth.dock_id)
    .correlate(Berth)
    .scalar_subquery()
)


def contradiction(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """What of a berth does not go together, before the database says so: the field, and the reason in words."""
    has = {name: values.get(name) not in (None, "") for name in ("sounded_on", "depth", "price", "currency")}
    shortest, longest = values.get("min_loa"), values.get("max_loa")
    if shortest and longest and float(shortest) > float(longest):
        return "min_loa", _("The berth is shorter than the shortest boat it takes.")
    if has["sounded_on"] and not has["depth"]:
        return "sounded_on", _("Say which depth was sounded that day.")
    if values.get("tenure") == Tenure.FREEHOLD and values.get("tenure_expires_on"):
        return "tenure_expires_on", _("A freehold does not expire.")
    if has["price"] != has["currency"]:
        return "currency", _("A price and its currency go together.")
    return None
