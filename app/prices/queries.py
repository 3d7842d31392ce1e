"""The list of price lists, the lines of one in groups, and the berths with their prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, func, select

from ..berths.models import Berth, Dock, Harbour
from ..current import Member
from ..db import db
from ..paging import Filter, Page, Sort, chosen_of, paginate
from .labels import TERMS
from .models import Priced, PriceLine, PriceList, Unpriced
from .models.pricing import Asked, answer, has_line, priced

LATEST = 10  # entries of the timeline on a list's page
MOST_LISTS = 200


@dataclass(frozen=True)
class Listed:
    """A price list in the list of them. `state`: now, later, over or archived."""

    price_list: PriceList
    lines: int
    terms: Sequence[str]
    state: str


def lists_of(member: Member, on: date) -> list[Listed]:
    """The latest first, those put away last; one statement."""
    own = (PriceLine.port_id == PriceList.port_id, PriceLine.price_list_id == PriceList.id)
    count = select(func.count()).where(*own).correlate(PriceList).scalar_subquery()
    terms = select(func.array_agg(PriceLine.term.distinct())).where(*own).correlate(PriceList).scalar_subquery()
    found = PriceList.visible_to(member).add_columns(count, terms)
    order = (PriceList.archived_at.is_not(None), PriceList.valid_from.desc(), PriceList.id.desc())
    rows = db.session.execute(found.order_by(*order).limit(MOST_LISTS))
    return [Listed(one, lines, terms or [], state_of(one, on)) for one, lines, terms in rows]


def state_of(price_list: PriceList, on: date) -> str:
    if price_list.is_archived:
        return "archived"
    if price_list.valid_from > on:
        return "later"
    return "over" if price_list.valid_until and price_list.valid_until < on else "now"


def in_groups(rows: Sequence[Any], harbours: Mapping[Any, str]) -> list[tuple[dict[str, str], list[Any]]]:
    """Lines (or what has one as `.line`) for the same term, berths and measure, each group with what it is for."""

    def key(row: Any) -> tuple[str, str, Any, str]:
        line = getattr(row, "line", row)
        return line.term, line.mooring, line.harbour_id, line.measure

    return [
        ({"term": term, "mooring": mooring, "harbour": harbours.get(harbour_id, ""), "measure": measure}, list(group))
        for (term, mooring, harbour_id, measure), group in groupby(rows, key)
    ]


def harbour_names(member: Member) -> dict[Any, str]:
    rows = db.session.execute(Harbour.visible_to(member).with_only_columns(Harbour.id, Harbour.name))
    return {row.id: row.name for row in rows}


# --- Prices of berths ---------------------------------------------------------------------------------------------

SORTS = (Sort("name", "", Berth.sort_place),)


@dataclass(frozen=True)
class DayFilter:
    """A day of the toolbar."""

    name: str
    label: str
    value: str
    kind: str = "date"
    options: Sequence[Any] = ()


def filters_of(member: Member) -> list[Filter]:
    harbours = db.session.execute(
        Harbour.visible_to(member)
        .where(Harbour.archived_at.is_(None))
        .order_by(Harbour.sort_name)
        .with_only_columns(Harbour.number, Harbour.name)
    ).all()
    return chosen_of(
        (
            ("term", _("For"), [(str(value), label) for value, label in TERMS]),
            ("harbour", _("Harbour"), [(str(row.number), row.name) for row in harbours]),
            (
                "price",
                _("Price"),
                [("list", _("by a price list")), ("own", _("of the berth itself")), ("none", _("no price"))],
            ),
        )
    )


@dataclass(frozen=True)
class BerthPrice:
    """A berth of the page with what it costs."""

    berth: Any
    price: Priced | Unpriced


def berth_prices(member: Member, filters: Sequence[Filter], term: str, on: date) -> tuple[Page, list[BerthPrice]]:
    """A page of berths with their prices: one statement for the berths, one for their prices."""
    chosen, asked = {one.name: one.value for one in filters}, Asked(on)
    scope = Berth.visible_to(member).where(Berth.archived_at.is_(None))
    if chosen["harbour"]:
        numbered = and_(Harbour.port_id == Berth.port_id, Harbour.number == int(chosen["harbour"]))
        docks = select(Dock.id).join(Harbour, Harbour.id == Dock.harbour_id).where(numbered)
        scope = scope.where(Berth.dock_id.in_(docks))
    if chosen["price"]:
        scope = scope.where(is_priced(chosen["price"], term, asked))
    columns = (Berth.id, Berth.number, Berth.code, Berth.max_loa, Berth.max_beam, Berth.mooring, Dock.price_tier)
    rows = scope.with_only_columns(*columns, Dock.name.label("dock_name"), Harbour.name.label("harbour_name"))
    on_dock = and_(Dock.port_id == Berth.port_id, Dock.id == Berth.dock_id)
    rows = rows.join(Dock, on_dock).join(Harbour, and_(Harbour.port_id == Dock.port_id, Harbour.id == Dock.harbour_id))
    found = paginate(rows, scope, id_column=Berth.id, sorts=SORTS)
    ids = select(Berth).where(Berth.id.in_([row.id for row in found.rows]))
    prices = {row.id: answer(row, asked) for row in db.session.execute(priced(ids, [term], asked))}
    return found, [BerthPrice(row, prices[row.id]) for row in found.rows]


def is_priced(how: str, term: str, asked: Asked) -> ColumnElement[bool]:
    """Whether the berth has a price of its own, one by a list, or none."""
    own = and_(Berth.price.is_not(None), Berth.price_period == term)
    if how == "own":
        return own
    listed = has_line(term, asked)
    return and_(~own, listed if how == "list" else ~listed)


@dataclass(frozen=True)
class Summary:
    """Of the berths in use, how many have their price from where."""

    berths: int
    own: int
    listed: int

    @property
    def none(self) -> int:
        return self.berths - self.own - self.listed


def summary_of(member: Member, term: str, on: date) -> Summary:
    """One statement."""
    scope = Berth.visible_to(member).where(Berth.archived_at.is_(None))
    counts = (func.count().filter(is_priced(how, term, Asked(on))) for how in ("own", "list"))
    berths, own, listed = tuple(db.session.execute(scope.with_only_columns(func.count(), *counts)).one())
    return Summary(berths, own, listed)
