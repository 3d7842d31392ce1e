"""Lengths of vessels and berths, and weights: read in any usual spelling, kept in metres and tonnes, shown in metres
with feet for who prefers them.

`23.10` is metres. Feet are meant only where a sign or a word says so: `23'10"`, `23 ft 10 in`, `62′`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import babel.numbers
from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import StringField

from . import formats

CENTIMETRE = Decimal("0.01")
INCH = Decimal("0.0254")
INCHES_A_FOOT = 12
LONGEST_INPUT = 40


@dataclass(frozen=True)
class Limit:
    """What a measure can be at most, in metres or tonnes, and what is said of one that is more."""

    most: Decimal
    refusal: Any


LENGTH = Limit(Decimal(200), lazy_gettext("%(given)s is longer than any vessel here; perhaps %(meant)s was meant"))
BEAM = Limit(Decimal(40), lazy_gettext("%(given)s is wider than any vessel here; perhaps %(meant)s was meant"))
DRAFT = Limit(Decimal(15), lazy_gettext("%(given)s is deeper than any vessel here; perhaps %(meant)s was meant"))
HEIGHT = Limit(Decimal(95), lazy_gettext("%(given)s is higher than any vessel here; perhaps %(meant)s was meant"))
WEIGHT = Limit(Decimal(9000), lazy_gettext("%(given)s is heavier than any vessel here; perhaps %(meant)s was meant"))


class Unread(ValueError):
    """This is no such measure. The text says why, in words for the page."""


# --- Reading

# Signs of feet and inches as keyboards, phones and word processors write them.
SIGNS = str.maketrans(
    {
        **dict.fromkeys("′’‘`´ʹ＇", "'"),
        **dict.fromkeys("″“”„ʺ＂", '"'),
        "\u00a0": " ",
        "\u202f": " ",
        "½": " 1/2",
        "¼": " 1/4",
        "¾": " 3/4",
        "⁄": "/",
    }
)
NUMBER = r"\d+(?:[.,]\d+)?"
FRACTION = r"\d+\s*/\s*\d+"
INCHES = rf"(?P<inches>{NUMBER})?(?:\s*[-\s]\s*)?(?P<part>{FRACTION})?"
METRIC = re.compile(
    rf"(?P<number>{NUMBER})\s*(?P<unit>m|cm|mm|metre|meter|metres|meters|mtr|metri|mètres?|metros?)?\.?"
)
FEET = re.compile(
    rf"(?P<feet>{NUMBER})\s*(?:'|ft\.?|feet|foot|pieds?|jalkaa|fot|fuß|fuss)\s*[-,]?\s*"
    rf"(?:{INCHES}\s*(?:\"|''|in\.?|ins\.?|inch|inches|pouces?|tum|zoll)?)?"
)
IN_METRES = {"cm": Decimal("0.01"), "mm": Decimal("0.001")}
TONNES = re.compile(rf"(?P<number>{NUMBER})\s*(?P<unit>t|to|ton|tons|tonne|tonnes|tonnia|kg|kgs)?\.?")


def read_length(text: str, limit: Limit = LENGTH) -> Decimal:
    """Metres, to the centimetre. Raises Unread for what is no length, nothing, or more than the limit."""
    metres = _metres(text)
    if metres is None:
        raise Unread(_("Write metres, such as 18.90, or feet and inches, such as 62' or 23'10\"."))
    return _within(metres, limit, unit="m")


def read_weight(text: str) -> Decimal:
    """Tonnes, to ten kilograms. Raises Unread."""
    found = TONNES.fullmatch(_plain(text))
    if found is None:
        raise Unread(_("Write tonnes, such as 24.5."))
    tonnes = _decimal(found["number"])
    return _within(tonnes / 1000 if (found["unit"] or "").startswith("kg") else tonnes, WEIGHT, unit="t")


def _plain(text: str) -> str:
    if len(text) > LONGEST_INPUT:
        return ""
    return " ".join(text.translate(SIGNS).split()).lower()


def _metres(text: str) -> Decimal | None:
    plain = _plain(text)
    if found := METRIC.fullmatch(plain):
        return _decimal(found["number"]) * IN_METRES.get(found["unit"] or "m", Decimal(1))
    found = FEET.fullmatch(plain)
    if found is None:
        return None
    inches = _decimal(found["inches"] or "0") + _fraction(found["part"])
    if inches >= INCHES_A_FOOT:
        raise Unread(_("A foot has twelve inches; write 24'2\" rather than 23'14\"."))
    return (_decimal(found["feet"]) * INCHES_A_FOOT + inches) * INCH


def _decimal(number: str) -> Decimal:
    return Decimal(number.replace(",", "."))


def _fraction(part: str | None) -> Decimal:
    if not part:
        return Decimal(0)
    above, _slash, below = part.partition("/")
    try:
        return Decimal(above.strip()) / Decimal(below.strip())
    except (ArithmeticError, InvalidOperation):
        return Decimal(0)


def _within(value: Decimal, limit: Limit, *, unit: str) -> Decimal:
    rounded = value.quantize(CENTIMETRE, ROUND_HALF_UP)
    if rounded <= 0:
        raise Unread(_("This must be more than nothing."))
    if rounded > limit.most:
        meant = rounded
        while meant > limit.most:
            meant /= 10
        meant = max(meant.quantize(CENTIMETRE, ROUND_HALF_UP), CENTIMETRE)
        shown = {"given": f"{in_digits(rounded)} {unit}", "meant": f"{in_digits(meant)} {unit}"}
        raise Unread(str(limit.refusal) % shown)
    return rounded


# --- Showing


@lru_cache(maxsize=20_000)
def _in_digits(value: Decimal, locale: str) -> str:
    return babel.numbers.format_decimal(value, "0.00", locale=locale)


def in_digits(value: Decimal) -> str:
    """`18.90` of 18.9, with the decimal sign of the port."""
    return _in_digits(value, formats.in_force().locale)


def show_length(value: Decimal | None) -> str:
    """`18.90 m`."""
    return f"{in_digits(value)} m" if value is not None else ""


def show_weight(value: Decimal | None) -> str:
    """`24.50 t`."""
    return f"{in_digits(value)} t" if value is not None else ""


QUARTERS = {1: "¼", 2: "½", 3: "¾"}


@lru_cache(maxsize=20_000)
def show_feet(value: Decimal | None) -> str:
    """`62′`, `23′10″`: as few parts of an inch as lead back to the same centimetre."""
    if value is None:
        return ""
    for parts in (1, 2, 4):
        count = (value / INCH * parts).quantize(Decimal(1), ROUND_HALF_UP)
        if (count * INCH / parts).quantize(CENTIMETRE, ROUND_HALF_UP) == value:
            break
    inches, part = divmod(int(count), parts)
    feet, inches = divmod(inches, INCHES_A_FOOT)
    quarters = QUARTERS.get(part * 4 // parts, "")
    beyond = f"{inches or ''}{quarters}″" if inches or quarters else ""
    return f"{feet}′{beyond}" if feet or not beyond else f"0′{beyond}"


# --- In a form


class MeasureField(StringField):
    """A measure as somebody writes it. `data` is the same in digits with a point, or empty; what was typed is shown
    again as it was typed."""

    data: Any

    def __init__(self, label: Any, *args: Any, read: Callable[[str], Decimal], **kwargs: Any) -> None:
        super().__init__(label, *args, **kwargs)
        self.read = read
        self._typed: tuple[str, Any] | None = None

    @property
    def value(self) -> Decimal | None:
        """None also where what was typed is no measure: what compares it is asked all the same."""
        return Decimal(self.data) if self.data and not self.process_errors else None

    def process_data(self, value: Any) -> None:
        self.data = f"{Decimal(value):.2f}" if value else ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist:
            return
        typed = self.data = str(valuelist[0]).replace("\x00", "").strip()
        self._typed = (typed, typed)
        if typed:
            self.data = f"{self.read(typed):.2f}"
            self._typed = (typed, self.data)

    def _value(self) -> str:
        if self._typed and self.data == self._typed[1]:
            return self._typed[0]
        try:
            return in_digits(Decimal(self.data)) if self.data else ""
        except InvalidOperation:
            return str(self.data)


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(metres=show_length, feet=show_feet, tonnes=show_weight, digits=in_digits)
