"""What a berth costs, and the line that says so.

A price of the berth itself counts before every list. Of a list the line nearest to the berth counts: one of its harbour
and kind of mooring, of its harbour, of its kind of mooring, of all; and of these one of its dock's tier before one of
every tier.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from flask_babel import gettext as _
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Numeric,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from ...berths.models import Berth, Dock
from ...db import db
from ...formats import format_date, format_money
from ...measures import in_digits, show_length
from ...vessels.models import Vessel
from ...vessels.models.vessel import VesselKind
from .price_line import ANY_TIER, Measure, PriceLine, Term
from .price_list import PriceList
from .words import PER_UNIT, TERM_WORDS

MULTIHULLS = (VesselKind.CATAMARAN, VesselKind.TRIMARAN)


class HasId(Protocol):
    @property
    def id(self) -> uuid.UUID: ...


@dataclass(frozen=True)
class Asked:
    """For what a price is asked: how many terms from which day, and for which vessel."""

    on: date
    loa: Decimal | None = None
    is_multihull: bool = False
    quantity: Decimal = field(default=Decimal(1))

    @classmethod
    def of(cls, on: date, vessel: Vessel | None, quantity: Decimal | int = 1) -> Asked:
        if vessel is None:
            return cls(on, quantity=Decimal(quantity))
        return cls(on, vessel.dimension("loa").value, vessel.kind in MULTIHULLS, Decimal(quantity))


@dataclass(frozen=True)
class Priced:
    """`amount` for all of the terms asked for. `line` and `price_list` gave it; where they are None it is the price of
    the berth itself. `size` is what the line measures, in metres or square metres."""

    amount: Decimal
    currency: str
    term: str
    line: PriceLine | None = None
    price_list: PriceList | None = None
    size: Decimal | None = None
    is_multihull: bool = False
    quantity: Decimal = field(default=Decimal(1))
    each: Decimal = field(default=Decimal(0))

    @property
    def is_own(self) -> bool:
        return self.line is None

    @property
    def steps(self) -> list[str]:
        """How it came about, in words: `2.75–3.00 m wide, tier 1, annual: €330.00`."""
        if self.line is None:
            return [*self._own_steps(), *self._times()]
        line, currency = self.line, self.currency
        named = [line.band_words, _("tier %(tier)s", tier=line.tier) if line.tier else "", str(TERM_WORDS[self.term])]
        unit = f" {PER_UNIT[line.measure]}" if line.is_per_unit else ""
        found = [f"{', '.join(filter(None, named))}: {format_money(line.amount, currency)}{unit}"]
        amount = line.amount
        if line.is_per_unit and self.size is not None:
            amount = line.amount * self.size
            found.append(f"{in_digits(self.size)} × {format_money(line.amount, currency)}")
        if self.is_multihull and line.hull_coefficient != 1:
            amount *= line.hull_coefficient
            found.append(_("multihull: × %(times)s", times=in_digits(line.hull_coefficient)))
        rounded = line.rounded(amount)
        if rounded != amount:
            found.append(_("rounded to %(amount)s", amount=format_money(rounded, currency)))
        if rounded < line.minimum:
            found.append(_("at least %(amount)s", amount=format_money(line.minimum, currency)))
        return [*found, *self._times()]

    def _own_steps(self) -> list[str]:
        price = format_money(self.each, self.currency)
        return [_("the berth's own price, %(term)s: %(price)s", term=TERM_WORDS[self.term], price=price)]

    def _times(self) -> list[str]:
        if self.quantity == 1:
            return []
        count = f"{self.quantity.normalize():f}"
        return [_("%(count)s times: %(amount)s", count=count, amount=format_money(self.amount, self.currency))]


@dataclass(frozen=True)
class Unpriced:
    """`reason`: why nothing gives the berth a price, in words."""

    term: str
    reason: str


def price_of(
    berth: HasId, *, term: str, on: date, vessel: Vessel | None = None, quantity: Decimal | int = 1
) -> Priced | None:
    """What it costs for so many terms from that day; None where nothing says."""
    found = prices_of([berth], term=term, on=on, vessel=vessel, quantity=quantity)[berth.id]
    return found if isinstance(found, Priced) else None


def prices_of(
    berths: Iterable[HasId], *, term: str, on: date, vessel: Vessel | None = None, quantity: Decimal | int = 1
) -> dict[uuid.UUID, Priced | Unpriced]:
    """Of each berth, by its id, in one statement."""
    asked, ids = Asked.of(on, vessel, quantity), [berth.id for berth in berths]
    scope = select(Berth).where(Berth.id == any_(cast(ids, ARRAY(Uuid))))
    return {row.id: answer(row, asked) for row in db.session.execute(priced(scope, [term], asked))} if ids else {}


def price_table(berth: HasId, *, on: date, vessel: Vessel | None = None) -> list[Priced | Unpriced]:
    """Of one berth for every term for which it, or a list, has a price that day; one statement."""
    asked = Asked.of(on, vessel)
    rows = db.session.execute(priced(select(Berth).where(Berth.id == berth.id), list(Term), asked)).all()
    found = [answer(row, asked) for row in rows if row.lacks is None or row.lacks["measures"]]
    return sorted(found, key=lambda one: list(Term).index(Term(one.term)))


# --- The statement ------------------------------------------------------------------------------------------------


def priced(scope: Select[Any], terms: Collection[str], asked: Asked) -> Select[Any]:
    """For each berth of the scope and each term: the berth's measures and own price, the line that is nearest and its
    list; and where there is none, what the lines of that term and day would have needed (`lacks`)."""
    each_term = func.unnest(cast(list(terms), ARRAY(Text))).table_valued("term", name="asked").render_derived()
    nearest = line_of(each_term.c.term, asked)
    line = aliased(PriceLine, nearest, name="line")
    own = and_(Berth.price.is_not(None), Berth.price_period == each_term.c.term)
    return (
        scope.with_only_columns(
            Berth.id,
            Berth.max_loa,
            Berth.max_beam,
            Dock.price_tier,
            Dock.name.label("dock_name"),
            case((own, Berth.price)).label("own_price"),
            Berth.currency.label("own_currency"),
            each_term.c.term,
            line,
            PriceList,
            case((and_(~own, line.id.is_(None)), needed(each_term.c.term, asked))).label("lacks"),
        )
        .join(Dock, and_(Dock.port_id == Berth.port_id, Dock.id == Berth.dock_id))
        .join(each_term, true())
        .outerjoin(nearest, true())
        .outerjoin(PriceList, and_(PriceList.port_id == Berth.port_id, PriceList.id == line.price_list_id))
    )


def line_of(term: ColumnElement[str], asked: Asked) -> Any:
    """The line that gives the berth its price."""
    near = (PriceLine.harbour_id.is_not(None).desc(), (PriceLine.mooring != "").desc(), PriceLine.tier.desc())
    found = select(PriceLine).where(*fitting(term, asked)).order_by(*near)
    return found.limit(1).correlate(Berth, Dock, term.table).lateral("nearest")


def has_line(term: str, asked: Asked) -> ColumnElement[bool]:
    """Whether a line gives the berth a price."""
    on_dock = (Dock.port_id == Berth.port_id, Dock.id == Berth.dock_id)
    found = select(literal(1)).select_from(Dock, PriceLine).where(*on_dock, *fitting(literal(term), asked))
    return found.correlate(Berth).exists()


def needed(term: ColumnElement[str], asked: Asked) -> ColumnElement[Any]:
    """The tiers and measures of the lines that are for the berth, whatever its size."""
    told = func.jsonb_build_object(
        "tiers",
        func.array_agg(PriceLine.tier.distinct()),
        "measures",
        func.array_agg(PriceLine.measure.distinct()),
        type_=JSONB,
    )
    return select(told).where(*applies(term, asked)).correlate(Berth, Dock, term.table).scalar_subquery()


def fitting(term: ColumnElement[str], asked: Asked) -> list[ColumnElement[bool]]:
    fits = PriceLine.band.op("@>")(cast(size_of(PriceLine.measure, asked), Numeric))
    tiers = PriceLine.tier.in_([literal(ANY_TIER), func.coalesce(Dock.price_tier, ANY_TIER)])
    return [*applies(term, asked), tiers, fits]


def applies(term: ColumnElement[str], asked: Asked) -> list[ColumnElement[bool]]:
    return [
        PriceLine.port_id == Berth.port_id,
        PriceLine.is_current.is_(True),
        PriceLine.term == term,
        PriceLine.valid.op("@>")(cast(asked.on, Date)),
        or_(PriceLine.harbour_id.is_(None), PriceLine.harbour_id == Dock.harbour_id),
        or_(PriceLine.mooring == "", PriceLine.mooring == Berth.mooring),
    ]


def size_of(measure: Any, asked: Asked) -> ColumnElement[Any]:
    return case(
        (measure == Measure.BERTH_WIDTH, Berth.max_beam),
        (measure == Measure.BERTH_LENGTH, Berth.max_loa),
        (measure == Measure.AREA, Berth.max_loa * Berth.max_beam),
        (measure == Measure.VESSEL_LOA, cast(asked.loa, Numeric)),
        else_=cast(1, Numeric),
    )


# --- What its rows mean -------------------------------------------------------------------------------------------


def answer(row: Any, asked: Asked) -> Priced | Unpriced:
    if row.own_price is not None:
        amount = row.own_price * asked.quantity
        return Priced(amount, row.own_currency, row.term, quantity=asked.quantity, each=row.own_price)
    line: PriceLine | None = row.line
    if line is None:
        return Unpriced(row.term, reason_of(row, asked))
    size = measured(line.measure, row, asked)
    each = charged(line, size, is_multihull=asked.is_multihull)
    about: dict[str, Any] = {"size": size, "is_multihull": asked.is_multihull, "quantity": asked.quantity, "each": each}
    total = (each * asked.quantity).quantize(Decimal("0.01"))
    return Priced(total, row.PriceList.currency, row.term, line, row.PriceList, **about)


def charged(line: PriceLine, size: Decimal | None, *, is_multihull: bool) -> Decimal:
    """What the line says for one term."""
    amount = line.amount * size if line.is_per_unit and size is not None else line.amount
    if is_multihull:
        amount *= line.hull_coefficient
    return max(line.rounded(amount), line.minimum)


def with_amount(scope: Select[Any], term: str, asked: Asked) -> tuple[Select[Any], ColumnElement[Any], Any]:
    """A scope of berths and their docks, and in it what each berth costs, and in which currency; for what goes by the
    price of very many at once. As `answer` says it of one."""
    each_term = func.unnest(cast([term], ARRAY(Text))).table_valued("term", name="asked").render_derived()
    nearest = line_of(each_term.c.term, asked)
    line = aliased(PriceLine, nearest, name="line")
    each: ColumnElement[Any] = case((line.is_per_unit, line.amount * size_of(line.measure, asked)), else_=line.amount)
    if asked.is_multihull:
        each *= line.hull_coefficient
    listed = func.greatest(func.round(func.round(each / line.rounding) * line.rounding, 2), line.minimum)
    own = and_(Berth.price.is_not(None), Berth.price_period == term)
    total = func.round(case((own, Berth.price), else_=listed) * asked.quantity, 2, type_=Numeric)
    scope = (
        scope.join(each_term, true())
        .outerjoin(nearest, true())
        .outerjoin(PriceList, and_(PriceList.port_id == Berth.port_id, PriceList.id == line.price_list_id))
    )
    # GREATEST passes over what is not there: without a line there is no price.
    amount = case((or_(own, line.id.is_not(None)), total))
    return scope, amount, case((own, Berth.currency), else_=PriceList.currency)


def measured(measure: str, row: Any, asked: Asked) -> Decimal | None:
    if measure == Measure.AREA:
        return row.max_loa * row.max_beam if row.max_loa and row.max_beam else None
    sizes: dict[str, Decimal | None] = {
        Measure.BERTH_WIDTH: row.max_beam,
        Measure.BERTH_LENGTH: row.max_loa,
        Measure.VESSEL_LOA: asked.loa,
    }
    return sizes.get(measure)


def reason_of(row: Any, asked: Asked) -> str:
    """Why no line gives the berth a price."""
    tiers: Sequence[int] = row.lacks["tiers"] or ()
    measures: Sequence[str] = row.lacks["measures"] or ()
    if not measures:
        term = TERM_WORDS[row.term]
        return _("No price list has a price (%(term)s) on %(day)s.", term=term, day=format_date(asked.on))
    if ANY_TIER not in tiers and row.price_tier is None:
        return _("Dock %(name)s has no price tier.", name=row.dock_name)
    if ANY_TIER not in tiers and row.price_tier not in tiers:
        return _("The price list has no tier %(tier)s.", tier=row.price_tier)
    if Measure.VESSEL_LOA in measures and asked.loa is None:
        return _("It depends on the length of the vessel.")
    if Measure.BERTH_WIDTH in measures and row.max_beam is None:
        return _("The width of the berth is not known.")
    if Measure.BERTH_LENGTH in measures and row.max_loa is None:
        return _("The length of the berth is not known.")
    if Measure.AREA in measures and not (row.max_loa and row.max_beam):
        return _("The length or the width of the berth is not known.")
    if asked.loa is not None and Measure.VESSEL_LOA in measures:
        return _("No band of the price list holds a vessel of %(size)s.", size=show_length(asked.loa))
    size = show_length(row.max_beam if Measure.BERTH_WIDTH in measures else row.max_loa)
    return _("No band of the price list holds %(size)s.", size=size)


__all__ = ["Asked", "Priced", "Unpriced", "answer", "price_of", "price_table", "priced", "prices_of", "with_amount"]
