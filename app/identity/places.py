"""Where a port can be and how it writes, beside its country: currencies, time zones, languages; by name."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import available_timezones

from babel import Locale
from babel.numbers import list_currencies

# What the dates and numbers of a port may look like; the words are English first.
LOCALES = (
    "en",
    "en_GB",
    "en_US",
    "da",
    "de",
    "el",
    "es",
    "fi",
    "fr",
    "hr",
    "it",
    "nb_NO",
    "nl",
    "pl",
    "pt",
    "sv",
    "tr",
)
# ISO 4217 begins with an X what is no country's: metals, tests, bonds, and these, which several countries pay with.
SHARED_MONEY = frozenset({"XAF", "XCD", "XCG", "XOF", "XPF"})


@lru_cache(maxsize=16)
def currencies(locale: str) -> tuple[tuple[str, str], ...]:
    names = Locale.parse(locale).currencies
    known = sorted(code for code in list_currencies(locale) if code[0] != "X" or code in SHARED_MONEY)
    return tuple((code, f"{code} · {names.get(code, code)}") for code in known)


@lru_cache(maxsize=1)
def zones() -> tuple[tuple[str, str], ...]:
    """IANA names of places, and UTC."""
    named = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return tuple((name, name.replace("_", " ")) for name in ["UTC", *named])


@lru_cache(maxsize=16)
def locales(locale: str) -> tuple[tuple[str, str], ...]:
    return tuple((code, Locale.parse(code).get_display_name(locale) or code) for code in LOCALES)
