"""The price list of `make run`: what a city asks for a berth a year, by its width and the tier of its dock, and what a
visitor pays for a night."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ..berths.models import MooringKind
from ..current import CurrentPort
from ..db import now
from ..events.models import Actor
from .models import Measure, PriceList, Term

# Metres over, up to, and the price in each of three tiers.
BANDS = (
    ("0", "2.00", (200, 170, 150)),
    ("2.00", "2.75", (290, 250, 220)),
    ("2.75", "3.00", (330, 310, 290)),
    ("3.00", "4.00", (440, 410, 380)),
    ("4.00", "4.50", (530, 490, 450)),
    ("4.50", "5.00", (610, 550, 520)),
    ("5.00", None, (820, 750, 660)),
)
PLACES = ((MooringKind.DINGHY, 62), (MooringKind.TRAILER, 129))


def make_prices(port: CurrentPort, by: Actor) -> None:
    year = now().year
    fields = {"currency": port.currency, "tax_rate": Decimal(13), "tax_included": True}
    lists = (
        (f"Berths {year}", date(year, 1, 1), date(year, 12, 31)),
        (f"Berths {year + 1}", date(year + 1, 1, 1), None),
    )
    (name, begins, ends), (next_name, next_begins, _open) = lists
    made = PriceList.create({**fields, "name": name, "valid_from": begins, "valid_until": ends}, port_id=port.id, by=by)
    made.change_lines(_lines(), by=by)
    made.copy({"name": next_name, "valid_from": next_begins, "valid_until": None}, per_cent=Decimal("3.5"), by=by)


def _lines() -> list[dict[str, Any]]:
    found = [
        _line(amount, above=Decimal(above), up_to=Decimal(up_to) if up_to else None, tier=tier)
        for above, up_to, amounts in BANDS
        for tier, amount in enumerate(amounts, 1)
    ]
    found += [_line(amount, mooring=str(mooring)) for mooring, amount in PLACES]
    night = {"term": Term.NIGHTLY, "measure": Measure.VESSEL_LOA, "is_per_unit": True, "rounding": Decimal("0.50")}
    return [*found, _line("3.30", **night, hull_coefficient=Decimal("1.5"), minimum=Decimal(25))]


def _line(amount: int | str, **fields: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": None,
        "term": Term.ANNUAL,
        "measure": Measure.BERTH_WIDTH,
        "harbour_id": None,
        "mooring": "",
        "tier": 0,
        "above": Decimal(0),
        "up_to": None,
        "is_per_unit": False,
        "hull_coefficient": Decimal(1),
        "rounding": Decimal("1.00"),
        "minimum": Decimal(0),
    }
    return {**plain, "amount": Decimal(amount), **fields}
