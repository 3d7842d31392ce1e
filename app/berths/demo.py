"""The berths of `make run`: an inner harbour with three docks, and a few moorings outside."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ..current import CurrentPort
from ..db import now
from ..events.models import Actor
from .models import Berth, BerthStatus, Dock, Harbour, MooringKind, PricePeriod, Side, Tenure

# Name, berths, length of the shortest and the longest, depth at the land and at the head; price a metre and month.
DOCKS = (
    ("A", 36, 9, 12, "2.2", "2.8", 150),
    ("B", 32, 12, 15, "2.5", "3.2", 196),
    ("C", 28, 14, 22, "2.9", "3.8", 240),
)
# How many of a hundred berths stand so.
STATUSES = {
    BerthStatus.SOLD: 62,
    BerthStatus.AVAILABLE: 17,
    BerthStatus.UNDER_OFFER: 8,
    BerthStatus.RESERVED: 8,
    BerthStatus.MAINTENANCE: 5,
}
TENURES = {Tenure.ANNUAL: 60, Tenure.SEASONAL: 15, Tenure.LEASE: 15, Tenure.FREEHOLD: 10}
# Of the port; the anchorage lies outside.
LATITUDE, LONGITUDE = Decimal("18.168230"), Decimal("-63.095310")


def make_berths(port: CurrentPort, by: Actor) -> None:
    chance = random.Random(f"berths of {port.slug}")  # noqa: S311  # the same harbour each time; nothing secret
    of: dict[str, Any] = {"port_id": port.id, "by": by, "announce": False}
    place = {"address": "Harbour Road 1", "latitude": LATITUDE, "longitude": LONGITUDE}
    harbour = Harbour.create({"name": "Inner harbour", **place}, **of)
    for at, (name, count, shortest, longest, shallow, deep, price) in enumerate(DOCKS):
        fields = {"harbour_id": harbour.id, "name": name, "price_tier": at + 1, "has_lighting": True}
        supplies = {"has_power": True, "has_water": True, "has_gate": at > 0}
        where = {"latitude": LATITUDE + Decimal(at) / 2000, "longitude": LONGITUDE}
        dock = Dock.create({**fields, **supplies, **where}, **of)
        for number in range(1, count + 1):
            part = Decimal(number) / count
            loa = shortest + (longest - shortest) * part
            depth = Decimal(shallow) + (Decimal(deep) - Decimal(shallow)) * part
            _make_berth(dock, number, loa, depth, price, port.currency, chance, of)
    outside = Harbour.create({"name": "Sandy Ground moorings"}, **of)
    field = Dock.create({"harbour_id": outside.id, "name": "-"}, **of)
    for number in range(1, 9):
        size = {"max_loa": Decimal(18), "max_beam": Decimal(8), "depth": Decimal("6.5")}
        terms = {"tenure": Tenure.VISITOR, "price": Decimal(35), "price_period": PricePeriod.NIGHTLY}
        mooring = {"code": f"M{number}", "mooring": MooringKind.SEA_BUOY, "currency": port.currency}
        Berth.create({"dock_id": field.id, **size, **terms, **mooring}, **of)


def _make_berth(
    dock: Dock,
    number: int,
    loa: Decimal,
    depth: Decimal,
    price: int,
    currency: str,
    chance: random.Random,
    of: dict[str, Any],
) -> None:
    length = (loa * 5).quantize(Decimal(1)) / 5
    tenure = chance.choices(list(TENURES), list(TENURES.values()))[0]
    today = now().date()
    fields: dict[str, Any] = {
        "dock_id": dock.id,
        "code": f"{number:02}",
        "mooring": MooringKind.FINGER,
        "side": Side.LEFT if number % 2 else Side.RIGHT,
        "max_loa": length,
        "max_beam": (Decimal("1.5") + length / 5).quantize(Decimal("0.05")),
        "min_loa": length * Decimal("0.6"),
        "depth": depth.quantize(Decimal("0.1")),
        "sounded_on": today - timedelta(days=262),
        "datum": "chart datum",
        "tenure": tenure,
        "price": length * price,
        "currency": currency,
        "price_period": PricePeriod.MONTHLY,
        "power_amps": 63 if length > 15 else 32,
        "power_phases": 3 if length > 15 else 1,
        "has_water": True,
    }
    status = chance.choices(list(STATUSES), list(STATUSES.values()))[0]
    if tenure != Tenure.FREEHOLD and status == BerthStatus.SOLD:
        fields["tenure_expires_on"] = today + timedelta(days=chance.randint(10, 900))
    berth = Berth.create(fields, **of)
    berth.change_status(status, by=of["by"], triggered_by="hand", announce=False)
