"""How the parts of a score and their reasons read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _

from ...formats import format_money
from ...measures import in_digits
from ..labels import TENURES
from .models import Reason

PARTS = {
    "length": _("Length"),
    "width": _("Width"),
    "dates": _("Dates"),
    "price": _("Price"),
    "status": _("Status"),
    "rivals": _("Others"),
    "tenure": _("Tenure"),
    "unfit": _("Does not suit"),
}
# What needs nothing filled in.
SAID: dict[tuple[str, str], Any] = {
    ("length", "not_asked"): _("no length was asked for"),
    ("length", "unknown"): _("the length of the berth is not known"),
    ("width", "not_asked"): _("no width was asked for"),
    ("width", "unknown"): _("the width of the berth is not known"),
    ("dates", "free"): _("free all the wanted time"),
    ("price", "unknown"): _("nobody knows what it costs"),
    ("status", "available"): _("available"),
    ("status", "under_offer"): _("under offer"),
    ("status", "reserved"): _("reserved"),
    ("status", "sold"): _("sold, and its tenure ends by then"),
    ("rivals", "nobody"): _("nobody else has it in an open interest"),
    ("tenure", "not_asked"): _("any tenure"),
    ("unfit", "archived"): _("it is archived"),
    ("unfit", "size"): _("the boat does not fit"),
    ("unfit", "taken"): _("it is taken all the wanted time"),
    ("unfit", "maintenance"): _("it is under repair"),
    ("unfit", "sold"): _("it is sold"),
}
TERM_WORDS = {
    "annual": _("%(amount)s a year"),
    "seasonal": _("%(amount)s a season"),
    "nightly": _("%(amount)s for all nights"),
    "once": _("%(amount)s"),
}


def reason_words(reason: Reason) -> str:
    """Why so many points, without the points."""
    said = SAID.get((reason.part, reason.how))
    if said is not None:
        return str(said)
    if reason.part in ("length", "width"):
        return spare_words(reason)
    if reason.part == "dates":
        return gettext("free for %(free)s of %(days)s days", free=reason.value, days=reason.whole)
    if reason.part == "price":
        return price_reason(reason)
    if reason.part == "rivals":
        count = int(reason.value or 0)
        return ngettext("%(num)d other open interest has it", "%(num)d other open interests have it", count)
    if reason.part == "tenure":
        tenure = str(dict(TENURES).get(reason.value, "")).lower()
        return gettext("%(tenure)s, as wanted", tenure=tenure) if reason.how == "as_wanted" else tenure
    return str(PARTS[reason.part])


def spare_words(reason: Reason) -> str:
    spare = Decimal(reason.value)
    if not spare:
        return gettext("just as large as needed")
    if reason.part == "length":
        return gettext("%(spare)s m longer than needed", spare=in_digits(spare))
    return gettext("%(spare)s m wider than needed", spare=in_digits(spare))


def price_words(reason: Reason) -> str:
    """`€1,200.00 a year`."""
    amount = format_money(Decimal(reason.amount), reason.currency)
    return str(TERM_WORDS[reason.term]) % {"amount": amount}


def price_reason(reason: Reason) -> str:
    price = price_words(reason) if reason.amount else ""
    if reason.how == "within":
        return gettext("%(price)s, within the budget", price=price)
    if reason.how == "above":
        return gettext("%(price)s, above the budget", price=price)
    if reason.how == "elsewhere":
        return gettext("%(price)s, in another currency than the budget", price=price)
    return gettext("%(price)s, and no budget was said", price=price) if price else gettext("no budget was said")


MISSING = {
    "size": _("Nobody knows how large the boat is. Say its length or width, or choose its vessel."),
    "time": _("The wanted time is over. Say from when the berth is wanted now."),
}
