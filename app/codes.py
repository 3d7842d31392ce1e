"""Countries (ISO 3166, two letters) and languages (ISO 639): offered by name, read in many spellings."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale
from babel.core import get_global

from .sorting import sort_name

# Languages in which the offices of marinas write names of countries and languages.
READ_IN = ("en", "fi", "sv", "fr", "de", "es", "it", "nl", "pt")
# What CLDR lists beside countries: unions, pseudo-locales, "unknown".
NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
SHORT_FOR = {"uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "holland": "NL", "usa": "US"}


def _is_country(code: str) -> bool:
    return len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES


@lru_cache(maxsize=32)
def countries(locale: str) -> tuple[tuple[str, str], ...]:
    """(code, name) in the language of the locale, in the order of the names. Kept: Babel is slow."""
    listed = [(code, name) for code, name in Locale.parse(locale).territories.items() if _is_country(code)]
    return tuple(sorted(listed, key=lambda pair: sort_name(pair[1])))


@lru_cache(maxsize=16)
def country_codes(locale: str) -> frozenset[str]:
    return frozenset(code for code, _name in countries(locale))


@lru_cache(maxsize=1)
def _country_codes() -> dict[str, str]:
    names: dict[str, str] = {}
    for locale in READ_IN:
        for code, name in countries(locale):
            names.setdefault(sort_name(name), code)
            names.setdefault(code.lower(), code)
    for alias, codes in get_global("territory_aliases").items():
        if len(alias) == 3 and alias.isalpha() and len(codes) == 1:
            names.setdefault(alias.lower(), codes[0])
    return names | SHORT_FOR


def country_code(name: str) -> str | None:
    """`France`, `Ranska`, `FRA`, `fr` → `FR`; None for what is no country."""
    return _country_codes().get(sort_name(name))


@lru_cache(maxsize=1)
def _language_codes() -> dict[str, str]:
    names: dict[str, str] = {}
    for locale in READ_IN:
        for code, name in Locale.parse(locale).languages.items():
            if code.isalpha():
                names.setdefault(sort_name(name), code)
                names.setdefault(code, code)
    for alias, code in get_global("language_aliases").items():
        if len(alias) == 3 and code.isalpha():
            names.setdefault(alias, code)
    return names


def language_code(name: str) -> str | None:
    """`French`, `ranska`, `fra`, `fr-FR`, `French (France)` → `fr`; None for what is no language."""
    codes, plain = _language_codes(), sort_name(name)
    return codes.get(plain) or codes.get(plain.replace("_", "-").partition("-")[0].partition("(")[0].strip())


def language_codes(names: str) -> list[str]:
    """`French, en` → ["fr", "en"], each once. Raises LookupError with the first name that is no language."""
    found: list[str] = []
    for name in filter(None, (part.strip() for part in names.replace(";", ",").split(","))):
        code = language_code(name)
        if code is None:
            raise LookupError(name)
        if code not in found:
            found.append(code)
    return found
