"""Topics of price lists, what each event shows on open screens, and how timelines tell of it."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext

from .. import live
from ..current import Member
from ..events.models import Event
from ..events.reactions import on
from ..events.registry import EVENTS
from ..events.subjects import families, numbered, subjects
from ..events.timeline import describes, tells
from ..numbers import one_numbered
from .labels import FIELDS, LINE_FIELDS
from .models import PriceList

ABOUT_LISTS = tuple(name for name in EVENTS if name.startswith("priceList:"))


@live.topic("prices")
def prices_topic(member: Member, key: str | None) -> str | None:
    return f"port:{member.here().id}:prices" if member.can("berths.view") else None


@live.topic("price_list")
def price_list_topic(member: Member, key: str | None) -> str | None:
    found = one_numbered(PriceList, PriceList.visible_to(member), key) if member.can("berths.view") else None
    return f"price_list:{found.id}" if found else None


@on(*ABOUT_LISTS)
def show_prices(event: Event) -> None:
    """The list itself (a table in which something is typed stays), the list of lists and the prices of berths."""
    live.refresh(f"price_list:{event.subject_id}", target="#main")
    live.refresh(f"port:{event.port_id}:prices", target="#main")


def counted(details: Any) -> str:
    """`3 added, 2 changed, 1 removed`."""
    words = {
        "added": lazy_gettext("%(count)d added"),
        "changed": lazy_gettext("%(count)d changed"),
        "removed": lazy_gettext("%(count)d removed"),
    }
    return ", ".join(str(text) % {"count": details[name]} for name, text in words.items() if details.get(name))


@tells("priceList:linesChanged", icon="receipt", tone="info")
def tell_lines(details: Any) -> str:
    text = gettext("changed the prices: %(counts)s", counts=counted(details))
    return f"{text} ({details['source']})" if details.get("source") else text


describes(ABOUT_LISTS, {**FIELDS, **LINE_FIELDS})
tells("priceList:created", lazy_gettext("added this price list"), icon="receipt", tone="ok")
tells("priceList:updated", lazy_gettext("changed this price list"), icon="pencil")
tells("priceList:reverted", lazy_gettext("took a change back"), icon="rotate-ccw")
tells("priceList:archived", lazy_gettext("archived this price list"), icon="archive", tone="warn")
tells("priceList:restored", lazy_gettext("brought this price list back"), icon="archive-restore", tone="ok")

subjects("priceList", lazy_gettext("Price list"))(
    numbered(PriceList, PriceList.name, "prices.show", needs=("berths.view",))
)
families("priceList", lazy_gettext("Price lists"))
