"""The kinds of custom fields: how what somebody typed is read, and how what is kept is shown.

A value is a text everywhere but in its row: `1250.5`, `2026-05-01`, `yes`, the key of an option; empty where there is
none. So forms compare, events tell, files carry and merges move all kinds alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

import babel.numbers
from flask_babel import gettext as _

from ... import formats
from ...sorting import sort_name

LONGEST = 500
LARGEST = Decimal(10) ** 12


class FieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"


class Unfit(ValueError):
    """What was typed cannot be read; the text says why in words for the page."""


@dataclass(frozen=True)
class Option:
    """`key` is what values keep, so that an option can be called otherwise."""

    key: str
    label: str


def options_of(kept: Iterable[Mapping[str, str]]) -> list[Option]:
    """As the definition of a field keeps them."""
    return [Option(**option) for option in kept]


YES = frozenset(["yes", "y", "true", "1", "on", "x", "ja", "j", "kylla", "oui", "si", "sim"])
NO = frozenset(["no", "n", "false", "0", "off", "nein", "nej", "ei", "non", "nao", "nee"])


def read(kind: str, typed: Any, options: Iterable[Option] = ()) -> str:
    """The value as it is kept, empty for nothing. Raises Unfit."""
    text = " ".join(str(typed if typed is not None else "").replace("\x00", "").split())
    if not text:
        return ""
    if kind == FieldKind.TEXT:
        return _text(text)
    if kind in (FieldKind.NUMBER, FieldKind.MONEY):
        return _number(text, decimals=2 if kind == FieldKind.MONEY else 6)
    if kind == FieldKind.DATE:
        return _date(text)
    return _yes_no(text) if kind == FieldKind.YES_NO else _choice(text, options)


def _text(text: str) -> str:
    if len(text) > LONGEST:
        raise Unfit(_("This is longer than %(max)d characters.", max=LONGEST))
    return text


def _number(text: str, *, decimals: int) -> str:
    """In any spelling of the decimal sign; where one could be either, it is that of the port."""
    bare = re.sub(r"[\s'’\u00a0\u202f]", "", text).replace("−", "-")
    if not re.fullmatch(r"[+-]?[\d.,]*\d", bare, re.ASCII):
        raise Unfit(_("“%(text)s” is not a number.", text=text[:40]))
    point, comma = bare.rfind("."), bare.rfind(",")
    last = bare[max(point, comma)] if max(point, comma) >= 0 else ""
    is_decimal = bool(last) and bare.count(last) == 1
    if is_decimal and min(point, comma) < 0 and re.search(r"^[+-]?\d{1,3}[.,]\d{3}$", bare):
        is_decimal = last == babel.numbers.get_decimal_symbol(formats.in_force().locale)
    whole, _sign, part = bare.rpartition(last) if is_decimal else (bare, "", "")
    digits = re.sub(r"[.,]", "", whole) or "0"
    try:
        value = Decimal(f"{digits}.{part}" if part else digits)
    except InvalidOperation:
        raise Unfit(_("“%(text)s” is not a number.", text=text[:40])) from None
    if abs(value) >= LARGEST:
        raise Unfit(_("This number is too large."))
    if round(value, decimals) != value:
        raise Unfit(_("At most %(count)d decimals.", count=decimals))
    return written(value, decimals=2 if decimals == 2 else None)


def written(value: Decimal, *, decimals: int | None = None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}"
    return f"{value.normalize():f}" if value else "0"


def _date(text: str) -> str:
    parts = re.fullmatch(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", text, re.ASCII)
    try:
        day = date(int(parts[3]), int(parts[2]), int(parts[1])) if parts else date.fromisoformat(text)
    except ValueError:
        raise Unfit(_("“%(text)s” is not a day. Write it as 2026-05-31.", text=text[:40])) from None
    if not 1800 <= day.year <= 2200:
        raise Unfit(_("The year is from 1800 to 2200."))
    return day.isoformat()


def _yes_no(text: str) -> str:
    word = sort_name(text)
    if word in YES or word in NO:
        return "yes" if word in YES else "no"
    raise Unfit(_("“%(text)s” is neither yes nor no.", text=text[:40]))


def _choice(text: str, options: Iterable[Option]) -> str:
    offered = list(options)
    for option in offered:
        if text in (option.key, option.label) or text.casefold() == option.label.casefold():
            return option.key
    raise Unfit(_("“%(text)s” is none of the choices.", text=text[:40]))


def shown(kind: str, text: str, *, options: Iterable[Option] = (), currency: str | None = None) -> str:
    """A kept value in words, as the port writes numbers and days."""
    if not text:
        return ""
    locale = formats.in_force().locale
    if kind == FieldKind.NUMBER:
        return babel.numbers.format_decimal(Decimal(text), "#,##0.######", locale=locale)
    if kind == FieldKind.MONEY:
        return babel.numbers.format_currency(Decimal(text), currency or "", locale=locale)
    if kind == FieldKind.DATE:
        return formats.format_date(date.fromisoformat(text))
    if kind == FieldKind.YES_NO:
        return _("Yes") if text == "yes" else _("No")
    if kind == FieldKind.CHOICE:
        return next((option.label for option in options if option.key == text), text)
    return text
