"""Dates, numbers, money and phone numbers as the port writes them.

What is pushed to everybody's screen is written in the port's language, locale and zone, so `use(port)` puts them in
force for a piece of rendering. Babel is slower than SQL; the results are kept per (locale, value).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import babel
import babel.dates
import babel.numbers
import phonenumbers
from flask import Flask
from flask_babel import force_locale, get_translations
from flask_babel import gettext as look_up
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from .current import CurrentPort
from .db import now

TONES = ("", "teal", "purple", "mint", "amber")


@dataclass(frozen=True, slots=True)
class Manner:
    locale: str
    timezone: str


DEFAULT = Manner("en", "UTC")
_manner: ContextVar[Manner] = ContextVar("manner", default=DEFAULT)


def manner_of(port: CurrentPort | None) -> Manner:
    return Manner(port.locale, port.timezone) if port else DEFAULT


def put_in_force(port: CurrentPort | None) -> None:
    _manner.set(manner_of(port))


def in_force() -> Manner:
    return _manner.get()


@contextmanager
def use(port: CurrentPort | None, *, locale: str | None = None) -> Iterator[None]:
    """Render in this port's language, locale and zone; `locale` is that of a reader who chose another."""
    manner = manner_of(port)
    token = _manner.set(Manner(locale, manner.timezone) if locale else manner)
    try:
        yield
    finally:
        _manner.reset(token)


@lru_cache(maxsize=5_000)
def _translated(text: str, locale: str) -> str:
    with force_locale(locale):
        return look_up(text)


@lru_cache(maxsize=5_000)
def _translated_markup(text: str, locale: str) -> Markup:
    return Markup(_translated(text, locale) % {})  # noqa: S704  (the catalogue is ours)


def _(text: str, **values: Any) -> str:
    return _translated(text, in_force().locale) % values


@pass_eval_context
def _in_template(context: EvalContext, text: str, /, **values: Any) -> str:
    """What flask-babel's own `_` answers in a template, without asking the catalogue a hundred times a page."""
    if not context.autoescape:
        return _(text, **values)
    if not values:
        return _translated_markup(text, in_force().locale)
    return Markup(_translated(text, in_force().locale)) % values  # noqa: S704  (escapes the values)


@lru_cache(maxsize=5_000)
def _plural(one: str, many: str, count: int, locale: str) -> str:
    with force_locale(locale):
        return get_translations().ngettext(one, many, count)


def ngettext(one: str, many: str, num: int, /, **values: Any) -> str:
    """As flask-babel's."""
    return _plural(one, many, num, in_force().locale) % {"num": num, **values}


@pass_eval_context
def _plural_in_template(context: EvalContext, one: str, many: str, num: int, /, **values: Any) -> str:
    """The same of flask-babel's `ngettext`; `num` is the number."""
    found, filled = _plural(one, many, num, in_force().locale), {"num": num, **values}
    return Markup(found) % filled if context.autoescape else found % filled  # noqa: S704  (escapes the values)


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=20_000)
def _datetime(minute: datetime, locale: str, timezone: str) -> str:
    local = minute.astimezone(zone(timezone))
    day = babel.dates.format_date(local.date(), "d MMM yyyy", locale=locale)
    time = babel.dates.format_time(local.time(), "HH:mm" if locale != "en_US" else "short", locale=locale)
    return f"{day}, {time}"


@lru_cache(maxsize=20_000)
def _date(day: date, locale: str, pattern: str) -> str:
    return babel.dates.format_date(day, pattern, locale=locale)


def format_long_day(value: date) -> str:
    """`Saturday 21 November`."""
    return _date(value, in_force().locale, "EEEE d MMMM")


def format_time(value: datetime) -> str:
    """`10:41` in the port's zone."""
    manner = in_force()
    local = value.astimezone(zone(manner.timezone)).time()
    return babel.dates.format_time(local, "HH:mm" if manner.locale != "en_US" else "short", locale=manner.locale)


def format_datetime(value: datetime | None) -> str:
    """`21 Nov 2026, 10:41` in the port's zone."""
    if value is None:
        return ""
    manner = in_force()
    return _datetime(value.replace(second=0, microsecond=0), manner.locale, manner.timezone)


def format_date(value: date | datetime | None) -> str:
    """`21 Nov 2026`; a moment is the day it falls on in the port's zone."""
    if value is None:
        return ""
    manner = in_force()
    day = value.astimezone(zone(manner.timezone)).date() if isinstance(value, datetime) else value
    return _date(day, manner.locale, "d MMM yyyy")


def format_day(value: Any) -> str:
    """A recorded day in words; what is none as it stands."""
    try:
        return format_date(date.fromisoformat(str(value))) if value else ""
    except ValueError:
        return str(value)


def today() -> date:
    """The day it is in the port's zone."""
    return now().astimezone(zone(in_force().timezone)).date()


def format_day_month(value: date | None) -> str:
    """`6 Dec`: a day of any year."""
    return _date(value, in_force().locale, "d MMM") if value else ""


def format_month(value: date) -> str:
    """`November 2026`"""
    return _date(value, in_force().locale, "LLLL yyyy")


def format_weekday(value: date) -> str:
    """`Sat`"""
    return _date(value, in_force().locale, "ccc")


def local_day(value: datetime | None) -> date | None:
    """The day of a moment in the port's zone."""
    return value.astimezone(zone(in_force().timezone)).date() if value else None


def iso_day(value: datetime | None) -> str:
    """`2026-11-21`, as an address or a field of a form has it."""
    day = local_day(value)
    return day.isoformat() if day else ""


def format_ago(value: datetime | None) -> str:
    """How long ago, as briefly as a column allows: `now`, `4 min`, `3 h`, `yesterday`, `18 Nov`, `18 Nov 2025`."""
    if value is None:
        return ""
    manner = in_force()
    there = zone(manner.timezone)
    local, today = value.astimezone(there), now().astimezone(there)
    days = (today.date() - local.date()).days
    minutes = int((today - local).total_seconds() // 60)
    if days <= 0 and minutes < 1:
        return _("now")
    if days <= 0 and minutes < 60:
        return _("%(count)d min", count=minutes)
    if days <= 0:
        return _("%(count)d h", count=minutes // 60)
    if days == 1:
        return _("yesterday")
    return _date(local.date(), manner.locale, "d MMM" if local.year == today.year else "d MMM yyyy")


@lru_cache(maxsize=20_000)
def _number(value: int, locale: str) -> str:
    return babel.numbers.format_decimal(value, locale=locale)


def format_number(value: float) -> str:
    return _number(value, in_force().locale)


def format_percent(value: Decimal) -> str:
    """`25.5 %` of 25.5."""
    return f"{babel.numbers.format_decimal(value, '#,##0.###', locale=in_force().locale)} %"


@lru_cache(maxsize=20_000)
def _money(value: Decimal, currency: str, locale: str) -> str:
    return babel.numbers.format_currency(value, currency, locale=locale)


def format_money(value: Decimal | None, currency: str | None) -> str:
    """`$2,940.00`; empty where there is no amount."""
    return _money(value, currency, in_force().locale) if value is not None and currency else ""


@lru_cache(maxsize=20_000)
def format_phone(value: str) -> str:
    """An E.164 number as people write it internationally; anything else as it stands."""
    try:
        parsed = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return value
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@lru_cache(maxsize=2_000)
def initials(name: str) -> str:
    words = [word for word in name.split() if word[:1].isalpha()] or [name.strip()[:1] or "?"]
    return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()


def tone_of(name: str) -> str:
    """The colour of an avatar, the same for a name everywhere."""
    return TONES[sum(name.encode()) % len(TONES)]


@lru_cache(maxsize=2_000)
def _territory(code: str, locale: str) -> str:
    return str(babel.Locale.parse(locale).territories.get(code, code))


def format_country(code: str) -> str:
    """The name of a country (ISO 3166 two letters) in the port's language."""
    return _territory(code, in_force().locale) if code else ""


@lru_cache(maxsize=2_000)
def _language(code: str, locale: str) -> str:
    return str(babel.Locale.parse(locale).languages.get(code, code))


def format_language(code: str) -> str:
    """The name of a language (ISO 639) in the port's language."""
    return _language(code, in_force().locale)


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(_=_in_template, gettext=_in_template, ngettext=_plural_in_template)
    app.jinja_env.filters.update(
        datetime=format_datetime,
        date=format_date,
        daymonth=format_day_month,
        month=format_month,
        weekday=format_weekday,
        localday=local_day,
        isoday=iso_day,
        ago=format_ago,
        number=format_number,
        percent=format_percent,
        money=format_money,
        phone=format_phone,
        country=format_country,
        language=format_language,
        initials=initials,
        tone_of=tone_of,
    )
