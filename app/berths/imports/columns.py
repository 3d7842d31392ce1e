"""What the columns of a file of berths fill, and how each is read. Values are as JSON keeps them: a measure is a text
with a point, a day is `2026-05-31`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from ...current import CurrentPort
from ...db import db
from ...events.timeline import FieldWords
from ...fields.models import FieldKind, RecordField, Unfit, read
from ...formats import today
from ...imports import columns
from ...measures import read_length
from ...money import CURRENCIES, read_amount
from ...sorting import sort_name
from ..forms import LIMITS, read_degrees
from ..labels import FIELDS as BERTH_FIELDS
from ..labels import MOORINGS, PERIODS, SIDES, TENURES
from ..models import Harbour, MooringKind, Side
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
    """`harbour`: where the berths of a file lie that does not say it; empty where it has to."""

    GROUPS = GROUPS

    def __init__(self, harbour: str = "") -> None:
        super().__init__(FIELDS, built_in_fields())
        self.harbour = harbour

    @classmethod
    def of(cls, port: CurrentPort) -> Columns:
        """One statement: where a port has one harbour, or none yet, a file need not say which."""
        own = select(Harbour.name).where(Harbour.port_id == port.id, Harbour.archived_at.is_(None)).limit(2)
        names = db.session.scalars(own).all() or [port.name]
        return cls(names[0] if len(names) == 1 else "")

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
    readers = _readers()
    words = {**BERTH_FIELDS, **GROUND, ACTIVE: FieldWords("")}
    return {key: _field(key, words[key], reader) for key, reader in readers.items()}


def _field(key: str, words: FieldWords, reader: Callable[[str], Any]) -> RecordField:
    is_number = key in (*DIMENSIONS, "price", "power_amps")
    return RecordField(
        key=key,
        label=str(words.label),
        kind=FieldKind.NUMBER if is_number else FieldKind.TEXT,
        words=words.words,
        read=reader,
    )


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
        **{name: partial(_length, name) for name in DIMENSIONS},
        **{name: partial(_one_of, name) for name in CHOICES},
        **dict.fromkeys(booleans, _yes_or_no),
        **dict.fromkeys(("harbour_address", "harbour_postcode", "harbour_region", "datum", "notes"), str.strip),
        "code": str.strip,
        "dock_price_tier": _tier,
        "dock_latitude": partial(_degrees, 90),
        "dock_longitude": partial(_degrees, 180),
        "power_amps": _amperes,
        "power_phases": _phases,
        "sounded_on": _past_day,
        "tenure_expires_on": partial(read, FieldKind.DATE),
        "price": _amount,
        "currency": _currency,
    }


def _length(name: str, typed: str) -> str:
    return _fit(lambda: f"{read_length(typed, LIMITS[name]):.2f}")


def _amount(typed: str) -> str:
    return _fit(lambda: f"{read_amount(typed):.2f}")


def _degrees(most: int, typed: str) -> str:
    return _fit(lambda: f"{read_degrees(typed, most):f}")


def _fit(reader: Callable[[], str]) -> str:
    try:
        return reader()
    except ValueError as error:
        raise Unfit(str(error)) from error


def _one_of(name: str, typed: str) -> str:
    """By key, by label in the port's language, or as other systems say it."""
    words = {sort_name(word): str(key) for key, label in CHOICES[name] if key for word in (str(key), str(label))}
    words |= {word: str(key) for word, key in SYNONYMS.get(name, {}).items()}
    found = words.get(sort_name(typed))
    if found is None:
        offered = ", ".join(str(label) for key, label in CHOICES[name] if key)
        raise Unfit(_("“%(text)s” is none of these: %(offered)s.", text=typed[:40], offered=offered))
    return found


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


def _past_day(typed: str) -> str:
    day = read(FieldKind.DATE, typed)
    if date.fromisoformat(day) > today():
        raise Unfit(_("This day is still to come."))
    return day


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
