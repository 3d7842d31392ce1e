"""The berths of the file, and the price list beside it, as a port has them."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from uuid_utils.compat import uuid7

from app.berths.models import Dock, Harbour, MooringKind
from app.berths.models.berth import Berth
from app.berths.models.place import natural
from app.bulk import insert_many
from app.current import Member
from app.db import now
from app.numbers import reserve
from app.prices.list_file import rows_of
from app.prices.models import PriceList
from app.tables.reading import open_table

DATA = Path(__file__).parents[1] / "data"
BERTHS, PRICES = DATA / "helsinki-berths.csv", DATA / "helsinki-berth-prices.csv"
MOORINGS = {
    "dinghy place": MooringKind.DINGHY,
    "no stern-to mooring": MooringKind.NO_STERN_TO,
    "quayside": MooringKind.ALONGSIDE,
    "sea buoy": MooringKind.SEA_BUOY,
    "side slip": MooringKind.SIDE_SLIP,
    "single slip": MooringKind.SINGLE_SLIP,
    "stern buoy": MooringKind.STERN_BUOY,
    "stern pole": MooringKind.STERN_POLE,
    "trailer place": MooringKind.TRAILER,
}


def make_berths(by: Member) -> list[dict[str, str]]:
    """Through the verbs as far as docks, the berths in one statement; gives the rows of the file."""
    with BERTHS.open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    of: dict[str, Any] = {"port_id": by.here().id, "by": by, "announce": False}
    harbours = {name: Harbour.create({"name": name}, **of) for name in dict.fromkeys(row["harbour"] for row in found)}
    piers = {(row["harbour"], row["pier"] or "-"): int(row["price_tier"]) for row in found}
    docks = {
        (harbour, pier): Dock.create({"harbour_id": harbours[harbour].id, "name": pier, "price_tier": tier}, **of)
        for (harbour, pier), tier in piers.items()
    }
    numbers = reserve(by.here().id, "berth", len(found))
    rows = [
        berth_row(row, docks[row["harbour"], row["pier"] or "-"], number, by)
        for row, number in zip(found, numbers, strict=True)
    ]
    insert_many(Berth, rows)
    return found


def berth_row(row: dict[str, str], dock: Dock, number: int, by: Member) -> dict[str, Any]:
    # The file has both a berth 1 and a berth 01 on three docks.
    sort_code = f"{natural(row['berth'])}{' 0' if row['berth'].startswith('0') else ''}"
    return {
        "id": uuid7(),
        "port_id": by.here().id,
        "number": number,
        "dock_id": dock.id,
        "code": row["berth"],
        "sort_code": sort_code,
        "sort_place": f"{natural(row['harbour'])}\t{natural(dock.name)}\t{sort_code}",
        "status": "available",
        "mooring": MOORINGS[row["mooring"]],
        "side": "",
        "max_loa": row["length_m"],
        "max_beam": row["width_m"],
        "datum": "",
        "tenure": "annual",
        "price_period": "annual",
        "has_water": False,
        "has_fuel": False,
        "notes": "",
        "version": 1,
        "created_at": now(),
        "updated_at": now(),
    }


def make_list(by: Member, *, term: str = "annual") -> PriceList:
    """With the lines of the file: those of places that are not in the port are left out."""
    fields = {"name": "Berths 2027", "currency": "EUR", "tax_rate": Decimal("25.5"), "valid_from": date(2027, 1, 1)}
    made = PriceList.create(fields, port_id=by.here().id, by=by)
    with PRICES.open("rb") as file, open_table(file, PRICES.name) as table:
        rows = rows_of(table, made, term)
    made.change_lines([{**line, "id": None} for row in rows for line in row.lines], by=by, source=PRICES.name)
    return made
