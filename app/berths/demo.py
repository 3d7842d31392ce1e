"""The berths of `make run`: an inner harbour with three docks, and a few moorings outside."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import joinedload

from ..clients.models import Client
from ..current import CurrentPort
from ..db import db, now, write
from ..events.models import Actor
from ..fields.models import FieldDefinition
from ..tags.models import Tag
from ..vessels.models import Vessel
from .demo_plan import DOCKS as ON_PLAN
from .models import (
    Absence,
    Berth,
    BerthStatus,
    BerthTag,
    Dock,
    Harbour,
    MaintenanceEntry,
    MooringKind,
    Occupancy,
    OccupancyKind,
    PricePeriod,
    Side,
    Sighting,
    Tenure,
    fit,
    size_of,
)
from .models.status_rules import Trigger, suggest

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


# What the port wants to know of its berths besides: label, kind, choices.
FIELDS = (("Pontoon", "choice", ("Timber", "Concrete")), ("Bollards", "number", ()), ("Meter number", "text", ()))
# And what it calls them by: colour, and how many berths from the beginning of which dock.
TAGS = {"Near the crane": ("teal", "A", 5), "Rolls in a westerly": ("amber", "C", 7), "Step-free": ("blue", "B", 4)}


def make_berths(port: CurrentPort, by: Actor) -> None:
    chance = random.Random(f"berths of {port.slug}")  # noqa: S311  # the same harbour each time; nothing secret
    of: dict[str, Any] = {"port_id": port.id, "by": by, "announce": False}
    place = {"address": "Harbour Road 1", "latitude": LATITUDE, "longitude": LONGITUDE}
    harbour = Harbour.create({"name": "Inner harbour", **place}, **of)
    _make_fields(port, by)
    fleet = [vessel for at, vessel in enumerate(_vessels()) if at % 6]  # the others come as guests
    for at, (name, count, shortest, longest, shallow, deep, price) in enumerate(DOCKS):
        fields = {"harbour_id": harbour.id, "name": name, "price_tier": at + 1, "has_lighting": True}
        supplies = {"has_power": True, "has_water": True, "has_gate": at > 0}
        where: dict[str, Any] = {"latitude": LATITUDE + Decimal(at) / 2000, "longitude": LONGITUDE}
        where |= dict(zip(("plan_x", "plan_y", "plan_turn"), ON_PLAN[name], strict=True))
        dock = Dock.create({**fields, **supplies, **where}, **of)
        for number in range(1, count + 1):
            part = Decimal(number) / count
            loa = shortest + (longest - shortest) * part
            depth = Decimal(shallow) + (Decimal(deep) - Decimal(shallow)) * part
            berth = _make_berth(dock, number, loa, depth, price, port.currency, chance, of)
            _take(berth, fleet, chance, of["by"])
    _tag(port, by)
    _suggest(port, by)
    _repair(port, by)
    _make_eventful(by)
    north = {"latitude": LATITUDE + Decimal("0.0337"), "longitude": LONGITUDE + Decimal("0.0021")}
    outside = Harbour.create({"name": "Sandy Ground moorings", **north}, **of)
    field = Dock.create({"harbour_id": outside.id, "name": "-"}, **of)
    for number in range(1, 9):
        size = {"max_loa": Decimal(18), "max_beam": Decimal(8), "depth": Decimal("6.5")}
        terms = {"tenure": Tenure.VISITOR, "price": Decimal(35), "price_period": PricePeriod.NIGHTLY}
        mooring = {"code": f"M{number}", "mooring": MooringKind.SEA_BUOY, "currency": port.currency}
        Berth.create({"dock_id": field.id, **size, **terms, **mooring}, **of)


def _make_fields(port: CurrentPort, by: Actor) -> None:
    of: dict[str, Any] = {"resource": "berth", "currency": port.currency, "port_id": port.id, "by": by}
    for label, kind, options in FIELDS:
        made = {"label": label, "kind": kind, "options": list(options), "required": False, "help": ""}
        FieldDefinition.create(made, announce=False, **of)


def _tag(port: CurrentPort, by: Actor) -> None:
    for name, (colour, dock, count) in TAGS.items():
        tag = Tag.create(name, colour, port_id=port.id, by=by, announce=False)
        found = select(Berth).join(Dock, Dock.id == Berth.dock_id).where(Berth.port_id == port.id, Dock.name == dock)
        for berth in db.session.scalars(found.order_by(Berth.sort_place).limit(count)):
            BerthTag.put_on(berth, tag, by=by)


# What has happened to berths since: what they were, the trigger, and what it was about.
HAPPENED = (
    (BerthStatus.AVAILABLE, BerthStatus.UNDER_OFFER, Trigger.EOI_SIGNED, "Interest 1007"),
    (BerthStatus.UNDER_OFFER, BerthStatus.AVAILABLE, Trigger.INTEREST_LOST, "Interest 1003"),
    (BerthStatus.SOLD, BerthStatus.MAINTENANCE, Trigger.MAINTENANCE_OPENED, "Loose finger pontoon"),
)


def _suggest(port: CurrentPort, by: Actor) -> None:
    for was, to, trigger, because in HAPPENED:
        found = select(Berth).where(Berth.port_id == port.id, Berth.status == was).order_by(Berth.number).limit(1)
        suggest(db.session.scalars(found).one(), to, trigger, by=by, because=because)


# Of the berths in maintenance: what is done, what is known of it, what it costs.
REPAIRS = (
    ("Finger pontoon replaced", "Two bolts sheared in the swell; the new finger comes on Thursday.", Decimal(2400)),
    ("Shore power pedestal", "Breaker trips at 25 A. Waiting for the electrician.", None),
    ("Cleats tightened", "", Decimal("85.50")),
)


def _repair(port: CurrentPort, by: Actor) -> None:
    found = select(Berth).where(Berth.port_id == port.id, Berth.status == BerthStatus.MAINTENANCE)
    berths = db.session.scalars(found.order_by(Berth.number).limit(len(REPAIRS))).all()
    for berth, (what, notes, cost) in zip(berths, REPAIRS, strict=False):
        priced = {"cost": cost, "currency": port.currency if cost else None}
        MaintenanceEntry.open(berth, {"what": what, "notes": notes, **priced}, by=by)


def _vessels() -> list[Vessel]:
    """The largest last, as the berths are."""
    found = select(Vessel).options(joinedload(Vessel.client)).where(Vessel.length > 0, Vessel.archived_at.is_(None))
    return list(db.session.scalars(found.order_by(Vessel.length.desc(), Vessel.id)))


def _make_eventful(by: Actor) -> None:
    """One holder is away and the berth sublet, one boat is late, one should have left, one lies there unbooked; others
    come and go today."""
    noon = now().replace(hour=16, minute=0, second=0, microsecond=0)
    stays = db.session.scalars(
        select(Occupancy)
        .options(joinedload(Occupancy.berth).joinedload(Berth.dock))
        .join(Berth, Berth.id == Occupancy.berth_id)
        .order_by(Berth.sort_place)
    ).all()
    visits = [one for one in stays if one.kind == OccupancyKind.VISIT]
    holders = [one for one in stays if one.kind == OccupancyKind.CONTRACT and _is_sure_of(one, noon)]
    if not holders or len(visits) < 3:
        return
    holder, guest = holders[0], visits[-1]
    away = Range(noon - timedelta(days=2), noon + timedelta(days=14))
    terms = {"credit_percent": Decimal(40), "note": "Cruising to Antigua"}
    absence = Absence.create(holder, away, by=by, details=terms, announce=False)
    vessel = db.session.get_one(Vessel, guest.vessel_id)
    sublet = Occupancy.book(
        holder.berth,
        Range(noon - timedelta(days=1), noon + timedelta(days=6)),
        OccupancyKind.SUBLET,
        by=by,
        client=db.session.get_one(Client, guest.client_id),
        vessel=vessel,
        absence=absence,
        details={"price": Decimal(420), "currency": "USD"},
        announce=False,
    )
    sublet.check_in(at=noon - timedelta(days=1), by=by, announce=False)
    for stay, begins, nights, is_here in ((visits[0], -1, 5, False), (visits[1], -6, 5, True)):
        write(stay, during=Range(noon + timedelta(days=begins), noon + timedelta(days=begins + nights)))
        if is_here and stay.arrived_at is None:
            stay.check_in(at=noon + timedelta(days=begins), by=by, announce=False)
    _fill_today(noon, by)
    if empty := _an_empty_berth(noon):
        seen: dict[str, Any] = {"name": "Wandering Albatross", "note": "Blue ketch, nobody aboard"}
        Sighting.create(empty, by=by, seen_at=now() - timedelta(hours=3), announce=False, **seen)


# Of visits that begin or end today: days from now to arrival, nights, whether the boat is here.
TODAY = ((0, 3, False), (0, 5, False), (-4, 4, True), (-2, 2, True))


def _fill_today(noon: datetime, by: Actor) -> None:
    """With boats that lie nowhere else, on the first free berths that they fit."""
    somewhere = select(Occupancy.vessel_id).where(Occupancy.vessel_id.is_not(None))
    fleet = db.session.scalars(
        select(Vessel)
        .options(joinedload(Vessel.client))
        .where(Vessel.length > 0, Vessel.archived_at.is_(None), Vessel.id.not_in(somewhere))
        .order_by(Vessel.id)
    ).all()
    booked = select(Occupancy.berth_id)
    found = select(Berth).where(Berth.status == BerthStatus.AVAILABLE, Berth.id.not_in(booked))
    berths = list(db.session.scalars(found.options(joinedload(Berth.dock)).order_by(Berth.sort_place)))
    waiting = list(TODAY)
    for vessel in fleet:
        berth = next((one for one in berths if fit(size_of(vessel), one).fits), None)
        if berth is None or not waiting:
            continue
        berths.remove(berth)
        begins, nights, is_here = waiting.pop(0)
        during = Range(noon + timedelta(days=begins), noon + timedelta(days=begins + nights))
        of: dict[str, Any] = {"client": vessel.client, "vessel": vessel, "announce": False}
        stay = Occupancy.book(berth, during, OccupancyKind.VISIT, by=by, **of)
        if is_here:
            stay.check_in(at=noon + timedelta(days=begins), by=by, announce=False)


def _is_sure_of(holder: Occupancy, noon: datetime) -> bool:
    begins, ends = holder.during.lower, holder.during.upper
    if begins is None or ends is None:
        return False
    return begins < noon - timedelta(days=5) and noon + timedelta(days=20) < ends


def _an_empty_berth(noon: datetime) -> Berth | None:
    here = select(Occupancy.berth_id).where(
        Occupancy.during.overlaps(Range(noon - timedelta(days=1), noon + timedelta(days=9)))
    )
    found = select(Berth).where(Berth.status == BerthStatus.AVAILABLE, Berth.id.not_in(here))
    return db.session.scalars(found.order_by(Berth.sort_place).limit(1)).first()


# Of the berths that are sold or let, who lies there by a contract; of the available ones, who is expected: days from
# now to arrival, and for how long.
VISITS = ((0, 4), (1, 6), (-3, 5), (5, 9), (12, 3), (-1, 1))


def _take(berth: Berth, fleet: list[Vessel], chance: random.Random, by: Actor) -> None:
    """Give it to the largest boat that is left and fits."""
    vessel = next((one for one in fleet if fit(size_of(one), berth).fits), None)
    if vessel is None or berth.status not in (BerthStatus.SOLD, BerthStatus.AVAILABLE) or chance.random() < 0.35:
        return
    fleet.remove(vessel)
    is_let = berth.status == BerthStatus.SOLD
    begins, nights = (-chance.randint(40, 300), 365) if is_let else chance.choice(VISITS)
    kind = OccupancyKind.CONTRACT if is_let else OccupancyKind.VISIT
    noon = now().replace(hour=16, minute=0, second=0, microsecond=0)  # in Anguilla
    during = Range(noon + timedelta(days=begins), noon + timedelta(days=begins + nights))
    stay = Occupancy.book(berth, during, kind, by=by, client=vessel.client, vessel=vessel, announce=False)
    if begins < 0:
        stay.check_in(at=noon + timedelta(days=begins), by=by, announce=False)


def _make_berth(
    dock: Dock,
    number: int,
    loa: Decimal,
    depth: Decimal,
    price: int,
    currency: str,
    chance: random.Random,
    of: dict[str, Any],
) -> Berth:
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
        "custom_pontoon": "timber" if dock.name == "A" else "concrete",
        "custom_bollards": "4" if length > 12 else "2",
        "custom_meter_number": f"NM-{dock.name}{number:03}" if number % 3 else "",
    }
    status = chance.choices(list(STATUSES), list(STATUSES.values()))[0]
    if tenure != Tenure.FREEHOLD and status == BerthStatus.SOLD:
        fields["tenure_expires_on"] = today + timedelta(days=chance.randint(10, 900))
    berth = Berth.create(fields, **of)
    berth.change_status(status, by=of["by"], triggered_by="hand", announce=False)
    return berth
