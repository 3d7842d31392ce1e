"""What the kinds, states and fields of berths, docks and harbours are called."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _

from ..admin.models import Trigger
from ..events.timeline import FieldWords, one_of
from ..formats import format_date, format_day
from ..measures import show_length
from .models import BerthStatus, MooringKind, OccupancyKind, OccupancyState, PricePeriod, Side, Tenure
from .models.berth import DIMENSIONS

STATUSES = [
    (BerthStatus.AVAILABLE, _("Available")),
    (BerthStatus.UNDER_OFFER, _("Under offer")),
    (BerthStatus.RESERVED, _("Reserved")),
    (BerthStatus.SOLD, _("Sold or let")),
    (BerthStatus.MAINTENANCE, _("Maintenance")),
]
# The tone of the badge of each.
TONES = {
    BerthStatus.AVAILABLE: "ok",
    BerthStatus.UNDER_OFFER: "warn",
    BerthStatus.RESERVED: "hold",
    BerthStatus.SOLD: "up",
    BerthStatus.MAINTENANCE: "",
}
# What a rule of the port answers to.
TRIGGERS = {
    Trigger.INTEREST_LINKED: _("An interest is linked"),
    Trigger.EOI_SIGNED: _("The expression of interest is signed"),
    Trigger.DEPOSIT_RECEIVED: _("The deposit is paid"),
    Trigger.CONTRACT_SIGNED: _("The contract is signed"),
    Trigger.SALE_COMPLETED: _("The sale is completed"),
    Trigger.INTEREST_LOST: _("The interest is lost"),
    Trigger.MAINTENANCE_OPENED: _("A repair begins"),
    Trigger.MAINTENANCE_CLOSED: _("The repairs are done"),
    Trigger.TENURE_EXPIRED: _("The tenure ends"),
}
KINDS = [
    (OccupancyKind.CONTRACT, _("Contract")),
    (OccupancyKind.SEASON, _("Season")),
    (OccupancyKind.VISIT, _("Visit")),
    (OccupancyKind.HOLD, _("Hold")),
    (OccupancyKind.MAINTENANCE, _("Maintenance")),
    (OccupancyKind.SUBLET, _("Sublet")),
]
# What the signs on the map say: where a berth stands, or who lies there.
SIGNS = {str(status): words for status, words in STATUSES} | {
    "free": _("Free"),
    "here": _("Here"),
    "booked": _("Booked"),
    "hold": _("Hold"),
    "repair": _("Maintenance"),
}
STATES = [
    (OccupancyState.PLANNED, _("Planned")),
    (OccupancyState.CONFIRMED, _("Confirmed")),
    (OccupancyState.ACTIVE, _("Here")),
    (OccupancyState.COMPLETED, _("Left")),
    (OccupancyState.CANCELLED, _("Cancelled")),
    (OccupancyState.NO_SHOW, _("Did not come")),
]
TENURES = [
    (Tenure.FREEHOLD, _("Freehold")),
    (Tenure.LEASE, _("Lease")),
    (Tenure.ANNUAL, _("Annual")),
    (Tenure.SEASONAL, _("Seasonal")),
    (Tenure.VISITOR, _("Visitor")),
]
MOORINGS = [
    (MooringKind.FINGER, _("Finger pontoon")),
    (MooringKind.SINGLE_SLIP, _("Single slip")),
    (MooringKind.SIDE_SLIP, _("Side slip")),
    (MooringKind.STERN_BUOY, _("Stern buoy")),
    (MooringKind.STERN_POLE, _("Stern pole")),
    (MooringKind.STERN_TO, _("Stern-to")),
    (MooringKind.NO_STERN_TO, _("No stern-to mooring")),
    (MooringKind.ALONGSIDE, _("Alongside a quay")),
    (MooringKind.SEA_BUOY, _("Sea buoy")),
    (MooringKind.DINGHY, _("Dinghy place")),
    (MooringKind.TRAILER, _("Trailer place")),
    (MooringKind.OTHER, _("Other mooring")),
]
SIDES = [
    ("", _("Not known")),
    (Side.LEFT, _("Left, seen from the land")),
    (Side.RIGHT, _("Right, seen from the land")),
    (Side.END, _("At the head")),
]
PERIODS = [
    (PricePeriod.ANNUAL, _("a year")),
    (PricePeriod.SEASONAL, _("a season")),
    (PricePeriod.MONTHLY, _("a month")),
    (PricePeriod.NIGHTLY, _("a night")),
    (PricePeriod.ONCE, _("once")),
]
PHASES = [("", _("Not known")), ("1", _("One phase")), ("3", _("Three phases"))]
TIERS = [("", _("None")), *((str(tier), str(tier)) for tier in range(1, 10))]
MEASURES = {
    "min_loa": _("Shortest boat"),
    "max_loa": _("Length"),
    "max_beam": _("Width"),
    "depth": _("Depth"),
    "max_height": _("Height"),
}


def _length(value: Any) -> str:
    return show_length(Decimal(str(value))) if value is not None else ""


FIELDS = {
    "dock_id": FieldWords(_("Dock")),
    "code": FieldWords(_("Berth number")),
    "status": FieldWords(_("Status"), one_of(STATUSES)),
    "mooring": FieldWords(_("Mooring"), one_of(MOORINGS)),
    "side": FieldWords(_("Side"), one_of(SIDES)),
    **{name: FieldWords(MEASURES[name], _length) for name in DIMENSIONS},
    "sounded_on": FieldWords(_("Sounded on"), format_day),
    "datum": FieldWords(_("Datum")),
    "tenure": FieldWords(_("Tenure"), one_of(TENURES)),
    "tenure_expires_on": FieldWords(_("Tenure expires"), format_day),
    "price": FieldWords(_("Price")),
    "currency": FieldWords(_("Currency")),
    "price_period": FieldWords(_("Price for"), one_of(PERIODS)),
    "power_amps": FieldWords(_("Shore power in amperes")),
    "power_phases": FieldWords(_("Phases"), one_of(PHASES)),
    "has_water": FieldWords(_("Water")),
    "has_fuel": FieldWords(_("Fuel")),
    "notes": FieldWords(_("Notes")),
}


def as_time(text: Any) -> str:
    """A recorded time of a stay in words."""
    begins, _slash, ends = str(text).partition("/")
    days = [format_date(datetime.fromisoformat(end)) if end else str(_("open")) for end in (begins, ends)]
    return " – ".join(days)


OCCUPANCY_FIELDS = {
    "berth_id": FieldWords(_("Berth")),
    "during": FieldWords(_("Time"), as_time),
    "price": FieldWords(_("Price")),
}
MAINTENANCE_FIELDS = {
    "what": FieldWords(_("What is done")),
    "notes": FieldWords(_("Notes")),
    "cost": FieldWords(_("Cost")),
    "currency": FieldWords(_("Currency")),
}
DOCK_FIELDS = {
    "harbour_id": FieldWords(_("Harbour")),
    "name": FieldWords(_("Name")),
    "price_tier": FieldWords(_("Price tier")),
    "has_power": FieldWords(_("Electricity")),
    "has_water": FieldWords(_("Water")),
    "has_gate": FieldWords(_("Gate")),
    "has_lighting": FieldWords(_("Lighting")),
    "latitude": FieldWords(_("Latitude")),
    "longitude": FieldWords(_("Longitude")),
    "plan_x": FieldWords(_("Metres from the left of the map")),
    "plan_y": FieldWords(_("Metres from the top of the map")),
    "plan_turn": FieldWords(_("Turned by degrees")),
}
PLACE_FIELDS = {
    "x": FieldWords(_("Metres from the left of the map")),
    "y": FieldWords(_("Metres from the top of the map")),
    "turn": FieldWords(_("Turned by degrees")),
    "label_x": FieldWords(_("Its number: metres to the right of the middle")),
    "label_y": FieldWords(_("Its number: metres below the middle")),
}
PLAN_FIELDS = {
    "x": FieldWords(_("Metres from the left of the map")),
    "y": FieldWords(_("Metres from the top of the map")),
    "width": FieldWords(_("Width in metres")),
    "opacity": FieldWords(_("How strongly it is drawn")),
}
HARBOUR_FIELDS = {
    "name": FieldWords(_("Name")),
    "address": FieldWords(_("Address")),
    "postcode": FieldWords(_("Postcode")),
    "region": FieldWords(_("Region")),
    "latitude": FieldWords(_("Latitude")),
    "longitude": FieldWords(_("Longitude")),
}
