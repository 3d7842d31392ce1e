"""Price line: what berths of a size cost for a term."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from flask_babel import gettext as _
from sqlalchemy import (
    Computed,
    ForeignKeyConstraint,
    Index,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, NUMRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, PortScoped, Timestamped
from ...measures import in_digits


class Term(StrEnum):
    """What is paid for at once."""

    ANNUAL = "annual"
    SEASONAL = "seasonal"
    MONTHLY = "monthly"
    NIGHTLY = "nightly"


class Measure(StrEnum):
    """By what the bands of a line go."""

    BERTH_WIDTH = "berth_width"
    BERTH_LENGTH = "berth_length"
    VESSEL_LOA = "vessel_loa"
    AREA = "area"
    FLAT = "flat"


ANY_TIER = 0
ANYWHERE = "coalesce(harbour_id, '00000000-0000-0000-0000-000000000000'::uuid)"
WHERE = text("is_current")


class PriceLine(Timestamped, PortScoped, Base):
    """More than `above` metres (or square metres) and up to `up_to` of them, which belong to the band; None is
    without an end. Of one harbour or one kind of mooring where these are named, of one tier unless it is 0.

    `amount` is for one term, or with `is_per_unit` for each metre of it; `hull_coefficient` is what it is multiplied
    with for a multihull. The result is rounded half up to `rounding`, and is `minimum` at least.

    `valid` and `is_current` are those of the price list, carried along by the reference to it, so that the database
    can refuse two lists for the same term and time.
    """

    __tablename__ = "price_lines"

    price_list_id: Mapped[uuid.UUID]
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    is_current: Mapped[bool]
    term: Mapped[str] = mapped_column(String(20))
    measure: Mapped[str] = mapped_column(String(20))
    harbour_id: Mapped[uuid.UUID | None]
    mooring: Mapped[str] = mapped_column(String(20), default="")
    tier: Mapped[int] = mapped_column(SmallInteger, default=ANY_TIER)
    above: Mapped[Decimal] = mapped_column(Numeric(8, 2), default=Decimal(0))
    up_to: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    band: Mapped[Range[Decimal]] = mapped_column(NUMRANGE, Computed("numrange(above, up_to, '(]')", persisted=True))
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    is_per_unit: Mapped[bool] = mapped_column(default=False)
    hull_coefficient: Mapped[Decimal] = mapped_column(Numeric(4, 2), default=Decimal(1))
    rounding: Mapped[Decimal] = mapped_column(Numeric(8, 2), default=Decimal("0.01"))
    minimum: Mapped[Decimal] = mapped_column(Numeric(14, 2), default=Decimal(0))

    FIELDS = (
        "term",
        "measure",
        "harbour_id",
        "mooring",
        "tier",
        "above",
        "up_to",
        "amount",
        "is_per_unit",
        "hull_coefficient",
        "rounding",
        "minimum",
    )

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        ForeignKeyConstraint(
            ["port_id", "price_list_id", "valid", "is_current"],
            ["price_lists.port_id", "price_lists.id", "price_lists.valid", "price_lists.is_current"],
            ondelete="CASCADE",
            onupdate="CASCADE",
            name="fk_price_lines_price_list",
        ),
        ForeignKeyConstraint(["port_id", "harbour_id"], ["harbours.port_id", "harbours.id"], ondelete="RESTRICT"),
        ExcludeConstraint(
            ("port_id", "="),
            ("term", "="),
            ("valid", "&&"),
            ("price_list_id", "<>"),
            name="ex_price_lines_valid",
            using="gist",
            where=WHERE,
            deferrable=True,
            initially="IMMEDIATE",
        ),
        ExcludeConstraint(
            ("price_list_id", "="),
            ("term", "="),
            (text(ANYWHERE), "="),
            ("mooring", "="),
            ("tier", "="),
            ("band", "&&"),
            name="ex_price_lines_band",
            using="gist",
            deferrable=True,
            initially="IMMEDIATE",
        ),
        ExcludeConstraint(
            ("price_list_id", "="),
            ("term", "="),
            (text(ANYWHERE), "="),
            ("mooring", "="),
            ("measure", "<>"),
            name="ex_price_lines_measure",
            using="gist",
            deferrable=True,
            initially="IMMEDIATE",
        ),
        Index("ix_price_lines_list", "port_id", "price_list_id", "valid", "is_current"),
        Index("ix_price_lines_harbour", "port_id", "harbour_id"),
    )

    @property
    def band_words(self) -> str:
        return band_words(self.measure, self.above, self.up_to)

    def rounded(self, amount: Decimal) -> Decimal:
        steps = (amount / self.rounding).quantize(Decimal(1), ROUND_HALF_UP)
        return (steps * self.rounding).quantize(Decimal("0.01"))


def band_words(measure: str, above: Decimal, up_to: Decimal | None) -> str:
    """`2.75–3.00 m wide`, `over 5.00 m wide`; for what costs the same in any size `any size`."""
    if measure == Measure.FLAT or (not above and up_to is None):
        return _("any size")
    if up_to is None:
        size = _("over %(size)s", size=in_digits(above))
    elif not above:
        size = _("up to %(size)s", size=in_digits(up_to))
    else:
        size = f"{in_digits(above)}–{in_digits(up_to)}"
    return {
        Measure.BERTH_WIDTH: _("%(size)s m wide", size=size),
        Measure.BERTH_LENGTH: _("%(size)s m long", size=size),
        Measure.VESSEL_LOA: _("vessel %(size)s m", size=size),
        Measure.AREA: _("%(size)s m²", size=size),
    }[Measure(measure)]
