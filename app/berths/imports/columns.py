"""What the columns of a file of berths fill, and how each is read. Values are as JSON keeps them: a measure is a text
with a point, a day is `2026-05-31`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from ...current import CurrentPort
from ...db import db
from ...events.timeline import FieldWords
from ...fields.models import FieldDefinition, FieldKind, RecordField, Unfit, read
from ...imports import columns, readers
from ...imports.columns import readable
from ...money import CURRENCIES, read_amount
from ..forms import LIMITS, read_degrees
from ..labels import FIELDS as BERTH_FIELDS
from ..labels import MOORINGS, PERIODS, SIDES, TENURES
from ..models import Berth, Harbour, MooringKind, Side
from ..models.berth import DIMENSIONS
from .targets import ACTIVE, FIELDS, GROUND, GROUPS

MOST_AMPERES = 2000
HIGHEST_TIER = 9
# As other systems and offices call them.
SYNONYMS: Mapping[str, Mapping[str, str]] = {
    "mooring": {
        **dict.fromkeys(
            ("finger", "finger berth", "boom", "y-boom", "catway", "aisa", "aisapaikka"), MooringKind.FINGER
        ),
        **dict.fromkeys(("bom", "y-bom"), MooringKind.FINGER),
        **dict.fromkeys(("slip", "box"), MooringKind.SINGLE_SLIP),
        **dict.fromkeys(("buoy", "poiju", "perapoiju", "boj", "akterboj"), MooringKind.STERN_BUOY),
        **dict.fromkeys(("pole", "pile", "paalu", "perapaalu", "pale", "dalben"), MooringKind.STERN_POLE),
        **dict.fromkeys(("stern to", "med", "med mooring", "mediterranean mooring"), MooringKind.STERN_TO),
        **dict.fromkeys(("quay", "quayside", "alongside", "side-on", "kylki"), MooringKind.ALONGSIDE),
        **dict.fromkeys(("kylkikiinnitys", "langsides", "langsseits"), MooringKind.ALONGSIDE),
        **dict.fromkeys(("mooring", "mooring buoy", "swing mooring"), MooringKind.SEA_BUOY),
        **dict.fromkeys(("dinghy", "jolla", "jolle"), MooringKind.DINGHY),
        **dict.fromkeys(("trailer", "traileri", "dry berth"), MooringKind.TRAILER),
        **dict.fromkeys(("other", "muu", "annan"), MooringKind.OTHER),
    },
    "side": {
        **dict.fromkeys(("port", "vasen", "vanster", "links"), Side.LEFT),
        **dict.fromkeys(("starboard", "oikea", "hoger", "rechts"), Side.RIGHT),
        **dict.fromkeys(("head", "paa", "ande"), Side.END),
    },
}
CHOICES: Mapping[str, Sequence[tuple[Any, Any]]] = {
    "mooring": MOORINGS,
    "side": SIDES,
    "tenure": TENURES,
    "price_period": PERIODS,
}


class Columns(columns.Columns):
    """`harbour`: where the berths of a file lie that does not say it; empty where it has to. `own`: the fields that
    the port made up. `may_tag`: whoever brings the file may put tags on berths."""

    GROUPS, MEASURES = GROUPS, DIMENSIONS

    def __init__(self, harbour: str = "", own: Iterable[RecordField] = (), *, may_tag: bool = True) -> None:
        super().__init__([field for field in FIELDS if may_tag or field.key != "tags"], built_in_fields())
        self.harbour = harbour
        self.offer_own(own)

    @classmethod
    def of(cls, port: CurrentPort, *, may_tag: bool = True) -> Columns:
        """Two statements. Where a port has one harbour, or none yet, a file need not say which."""
        harbours = select(Harbour.name).where(Harbour.port_id == port.id, Harbour.archived_at.is_(None)).limit(2)
        names = db.session.scalars(harbours).all() or [port.name]
        own = map(RecordField.custom, FieldDefinition.of(Berth.resource, port_id=port.id))
        return cls(names[0] if len(names) == 1 else "", own, may_tag=may_tag)

    def missing(self, keys: Collection[str]) -> str:
        if "code" not in keys:
            return _("Say which column holds the number of the berth.")
        if "harbour" not in keys and not self.harbour:
            return _("Say which column holds the harbour: this port has several.")
        if ("dock_latitude" in keys) != ("dock_longitude" in keys):
            return _("Latitude and longitude go together.")
        return ""

    def label_of(self, target: str) -> str:
        """Of what a row says of its dock alone, without a column, too."""
        if target == "dock_has_water":
            return _("Water of the dock")
        return super().label_of(target)


def built_in_fields() -> dict[str, RecordField]:
    words = {**BERTH_FIELDS, **GROUND, ACTIVE: FieldWords("")}
    numbers = (*DIMENSIONS, "price", "power_amps")
    return {
        key: readable(key, words[key].label, read, words=words[key].words, is_number=key in numbers)
        for key, read in _readers().items()
    }


def _readers() -> dict[str, Callable[[str], Any]]:
    booleans = (
        "has_water",
        "has_fuel",
        ACTIVE,
        "dock_has_power",
        "dock_has_water",
        "dock_has_gate",
        "dock_has_lighting",
    )
    return {
        **{name: partial(readers.length, limit=LIMITS[name]) for name in DIMENSIONS},
        **{name: partial(readers.one_of, offered, SYNONYMS.get(name, {})) for name, offered in CHOICES.items()},
        **dict.fromkeys(booleans, _yes_or_no),
        **dict.fromkeys(("harbour_address", "harbour_postcode", "harbour_region", "datum", "notes"), str.strip),
        "code": str.strip,
        "dock_price_tier": _tier,
        "dock_latitude": partial(_degrees, 90),
        "dock_longitude": partial(_degrees, 180),
        "power_amps": _amperes,
        "power_phases": _phases,
        "sounded_on": lambda typed: readers.past_day(typed, _("This day is still to come.")),
        "tenure_expires_on": partial(read, FieldKind.DATE),
        "price": _amount,
        "currency": _currency,
    }


def _amount(typed: str) -> str:
    return _fit(lambda: f"{read_amount(typed):.2f}")


def _degrees(most: int, typed: str) -> str:
    return _fit(lambda: f"{read_degrees(typed, most):f}")


def _fit(reader: Callable[[], str]) -> str:
    try:
        return reader()
    except ValueError as error:
        raise Unfit(str(error)) from error


def _yes_or_no(typed: str) -> bool:
    return read(FieldKind.YES_NO, typed) == "yes"


def _whole(typed: str) -> int | None:
    """`3`, and `3.0` as a spreadsheet may have it."""
    digits = typed.strip().removesuffix(".0")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 6 else None


def _tier(typed: str) -> int:
    tier = _whole(typed)
    if tier is None or not 1 <= tier <= HIGHEST_TIER:
        raise Unfit(_("“%(text)s” is no price tier. They go from 1 to 9.", text=typed[:40]))
    return tier


def _amperes(typed: str) -> int:
    amperes = _whole(typed.strip().rstrip("Aa ").strip())
    if amperes is None or not 1 <= amperes <= MOST_AMPERES:
        raise Unfit(_("Write amperes such as 32, at most 2000."))
    return amperes


def _phases(typed: str) -> int:
    phases = _whole(typed)
    if phases not in (1, 3):
        raise Unfit(_("Write 1 or 3 phases."))
    return phases


def _currency(typed: str) -> str:
    code = typed.strip().upper()
    if code not in CURRENCIES:
        raise Unfit(_("“%(text)s” is no currency. Write a code such as EUR.", text=typed[:40]))
    return code


def as_stored(name: str, value: Any) -> Any:
    """A value of a row as the model takes it."""
    if value is None or not isinstance(value, str):
        return value
    if name in (*DIMENSIONS, "price", "latitude", "longitude"):
        return Decimal(value)
    return date.fromisoformat(value) if name in ("sounded_on", "tenure_expires_on") else value


def as_read(name: str, value: Any) -> Any:
    """A stored value as a row would have it."""
    if isinstance(value, Decimal):
        return f"{value:.6f}" if name in ("latitude", "longitude") else f"{value:.2f}"
    return value.isoformat() if isinstance(value, date) else value
