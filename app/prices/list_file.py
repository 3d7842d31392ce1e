"""A price list as a file: a row a band, a column a tier."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from ..berths.models import Harbour, MooringKind
from ..db import db
from ..decimals import Unclear, decimal_sign, with_point
from ..sorting import sort_name
from ..tables.reading import NotATable, Table
from .forms import ENDLESS
from .models import Measure, PriceLine, PriceList
from .models.price_line import ANY_TIER, band_words

MEASURES = {
    "width": Measure.BERTH_WIDTH,
    "length": Measure.BERTH_LENGTH,
    "loa": Measure.VESSEL_LOA,
    "area": Measure.AREA,
}
BOUND = re.compile(rf"(?P<measure>{'|'.join(MEASURES)})_(?P<end>over|up_to)(?:_m2?)?")
TIER = re.compile(r"tier_(?P<tier>[1-9])")
EVERYTHING = frozenset({"", "default", "all", "berth", "berths"})
AMOUNT = re.compile(r"\d{1,9}(?:\.\d{1,2})?")
SIZE = re.compile(r"\d{1,5}(?:\.\d{1,2})?")
MOST_ROWS = 500


@dataclass(frozen=True)
class Row:
    """A row of the file: the lines it gives, or why it gives none."""

    number: int
    category: str
    band: str
    lines: Sequence[Mapping[str, Any]] = ()
    problem: str = ""


@dataclass(frozen=True)
class Columns:
    """By their places: `tiers` has 0 for a price that every tier pays."""

    measure: Measure
    over: int
    up_to: int
    tiers: Mapping[int, int]
    category: int | None
    tax: int | None

    @classmethod
    def of(cls, header: Sequence[str]) -> Columns:
        """Raises NotATable for what is no price list."""
        names = [re.sub(r"\W+", "_", sort_name(name)).strip("_") for name in header]
        ends = {}
        for at, name in enumerate(names):
            if found := BOUND.fullmatch(name):
                ends[found["measure"], found["end"]] = at
        measure = next((one for one in MEASURES if {(one, "over"), (one, "up_to")} <= set(ends)), None)
        tiers = {int(found["tier"]): at for at, name in enumerate(names) if (found := TIER.fullmatch(name))}
        if "price" in names:
            tiers[ANY_TIER] = names.index("price")
        if measure is None or not tiers:
            raise NotATable(_("This is no price list: it needs the columns width_over_m, width_up_to_m and tier_1."))
        category, tax = (names.index(name) if name in names else None for name in ("category", "vat_percent"))
        return cls(MEASURES[measure], ends[measure, "over"], ends[measure, "up_to"], tiers, category, tax)


def rows_of(table: Table, price_list: PriceList, term: str) -> list[Row]:
    """Raises NotATable."""
    columns = Columns.of(table.header)
    if table.count > MOST_ROWS:
        raise NotATable(_("A price list has at most %(count)d lines.", count=MOST_ROWS))
    own = Harbour.port_id == price_list.port_id
    harbours = list(db.session.scalars(select(Harbour).where(own, Harbour.archived_at.is_(None))))
    sign = decimal_sign((cell for cells in table.samples for cell in cells), fallback=".")
    reader = Reader(columns, price_list, term, harbours, sign)
    return [reader.row(number, cells) for number, cells in table.rows()]


@dataclass(frozen=True)
class Reader:
    columns: Columns
    price_list: PriceList
    term: str
    harbours: Sequence[Harbour]
    sign: str

    def row(self, number: int, cells: Sequence[str]) -> Row:
        category = _cell(cells, self.columns.category)
        try:
            where = self.place(category)
            above, up_to = self.size(_cell(cells, self.columns.over)), self.size(_cell(cells, self.columns.up_to))
            if up_to is not None and up_to >= ENDLESS:
                up_to = None
            band = band_words(self.columns.measure, above or Decimal(0), up_to)
            if up_to is not None and up_to <= (above or 0):
                raise ValueError(_("It ends before it begins."))
            self.check_tax(_cell(cells, self.columns.tax))
            about = {"term": self.term, "measure": self.columns.measure, "above": above or Decimal(0), "up_to": up_to}
            lines = [{**PLAIN, **where, **about, **price} for price in self.prices(cells)]
        except ValueError as error:
            return Row(number, category, "", problem=str(error))
        return Row(number, category, band, lines)

    def place(self, category: str) -> dict[str, Any]:
        """Raises ValueError."""
        plain = sort_name(category)
        if plain in EVERYTHING:
            return {"harbour_id": None, "mooring": ""}
        kind = re.sub(r"[\s-]+", "_", re.sub(r"\s+places?$", "", plain))
        if kind in set(MooringKind):
            return {"harbour_id": None, "mooring": str(MooringKind(kind))}
        found = [one for one in self.harbours if sort_name(one.name) == plain]
        found = found or [one for one in self.harbours if sort_name(one.name).startswith(plain)]
        if len(found) != 1:
            raise ValueError(_("No harbour and no kind of mooring is called “%(name)s”.", name=category[:60]))
        return {"harbour_id": found[0].id, "mooring": ""}

    def size(self, cell: str) -> Decimal | None:
        return self.number(cell, SIZE) if cell else None

    def prices(self, cells: Sequence[str]) -> Iterator[dict[str, Any]]:
        """One for all tiers where they pay the same. Raises ValueError."""
        given = {tier: _cell(cells, at) for tier, at in self.columns.tiers.items()}
        amounts = {tier: self.number(cell, AMOUNT) for tier, cell in given.items() if cell}
        if not amounts:
            raise ValueError(_("There is no price in it."))
        if len(amounts) == len(given) and len(set(amounts.values())) == 1:
            amounts = {ANY_TIER: next(iter(amounts.values()))}
        yield from ({"tier": tier, "amount": amount} for tier, amount in amounts.items())

    def number(self, cell: str, pattern: re.Pattern[str]) -> Decimal:
        try:
            plain = with_point(cell, self.sign)
        except Unclear as error:
            raise ValueError(str(error)) from error
        if not pattern.fullmatch(plain):
            raise ValueError(_("“%(text)s” is not a number.", text=cell[:20]))
        return Decimal(plain).quantize(Decimal("0.01"))

    def check_tax(self, cell: str) -> None:
        if cell and self.number(cell, SIZE) != self.price_list.tax_rate:
            rate = f"{self.price_list.tax_rate.normalize():f}"
            raise ValueError(_("The file says %(said)s %% tax, the price list %(own)s %%.", said=cell[:10], own=rate))


PLAIN = {
    "is_per_unit": False,
    "hull_coefficient": Decimal(1),
    "rounding": Decimal("0.01"),
    "minimum": Decimal(0),
}
PLACED = ("term", "measure", "harbour_id", "mooring", "tier", "above", "up_to")


def _cell(cells: Sequence[str], at: int | None) -> str:
    return cells[at].strip() if at is not None and at < len(cells) else ""


@dataclass(frozen=True)
class Plan:
    """What importing the lines comes to: `lines` to be written, and the ids of those to be taken out."""

    lines: list[dict[str, Any]]
    removing: list[uuid.UUID]
    added: int
    changed: int
    same: int


def planned(price_list: PriceList, lines: Sequence[Mapping[str, Any]], term: str, *, replaces: bool) -> Plan:
    """A line for the same berths is the same line with another price."""
    present = {tuple(getattr(line, name) for name in PLACED): line for line in price_list.lines()}
    written, kept = [], set()
    counts = {"added": 0, "changed": 0, "same": 0}
    for line in lines:
        found = present.get(tuple(line[name] for name in PLACED))
        if found is None:
            counts["added"] += 1
            written.append({**line, "id": None})
            continue
        kept.add(found.id)
        counts["same" if found.amount == line["amount"] else "changed"] += 1
        own = {name: getattr(found, name) for name in PriceLine.FIELDS}
        written.append({**own, "amount": line["amount"], "id": found.id})
    gone = [line.id for line in present.values() if replaces and line.term == term and line.id not in kept]
    return Plan(written, gone, **counts)


def written(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """As text, to be carried by a page."""
    return [{name: None if value is None else str(value) for name, value in line.items()} for line in lines]


def read_again(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**line, **read_line(line)} for line in lines]


def read_line(line: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a line that was written as text."""
    numbers = ("above", "up_to", "amount", "hull_coefficient", "rounding", "minimum")
    return {
        **{name: Decimal(line[name]) if line[name] is not None else None for name in numbers},
        "tier": int(line["tier"]),
        "is_per_unit": line["is_per_unit"] in (True, "True"),
        "harbour_id": uuid.UUID(line["harbour_id"]) if line["harbour_id"] else None,
    }


def plain_name(sent: str) -> str:
    """The name of the file without its folders and without what cannot be printed."""
    name = PurePath(sent.replace("\\", "/")).name
    return "".join(character for character in name if character.isprintable())[:200].strip() or "prices.csv"
