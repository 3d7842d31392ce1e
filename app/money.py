"""Amounts of money as somebody writes them, and the currencies that are offered."""

from __future__ import annotations

import re
from decimal import Decimal

from flask_babel import gettext

AMOUNT = re.compile(r"(?P<whole>\d+|\d{1,3}(?:[.,]\d{3})+)(?:[.,](?P<cents>\d{1,2}))?")
# Few are written in a marina; the port's own stands first.
CURRENCIES = ("EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CAD", "AUD", "NZD", "ZAR", "JPY", "XCD")


def read_amount(typed: str) -> Decimal:
    """`5,000,000`, `5 000 000,00`, `5000000` → an amount. Raises ValueError."""
    found = AMOUNT.fullmatch(re.sub(r"[\s'’]", "", typed))
    if not found or len(typed) > 30:
        raise ValueError(gettext("Write an amount such as 5,000,000."))
    amount = Decimal(re.sub(r"[.,]", "", found["whole"]) + "." + (found["cents"] or "0"))
    if not 0 < amount < 10**12:
        raise ValueError(gettext("This amount is too small or too large."))
    return amount


def currency_choices(own: str, kept: str | None = None) -> list[tuple[str, str]]:
    """For a select, with none at the top. `kept`: what the record has, should it be another."""
    offered = dict.fromkeys([own, *CURRENCIES, kept])
    return [("", ""), *((code, code) for code in offered if code)]
