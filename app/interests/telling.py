"""What cards of the board say. A page of them is made of few texts: what a template formats, chooses or looks up for
each card costs several times as much there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..berths.models.berth import berth_name
from ..current import CurrentPort
from ..formats import _, format_money, initials, ngettext
from ..measures import in_digits
from .models import LeadCategory, Outcome

WARMS = ((28, "a3"), (14, "a2"), (7, "a1"))  # days in a stage, from when on a card looks older
# How each looks, the youngest first, with its days.
AGES = (("a0", "0–6"), ("a1", "7–13"), ("a2", "14–27"), ("a3", "28+"))


class Told(NamedTuple):
    """A card, in the order in which it is read. `lead` is what the badge at its top looks like, `age` its days."""

    number: str
    stage: str
    is_over: bool
    name: str
    url: str
    lead: str
    lead_word: str
    boat: str
    berth_url: str
    berth: str
    value: str
    age: str
    days: str
    owner: str
    initials: str


def told(rows: Sequence[Any], port: CurrentPort, moment: datetime) -> Iterator[Told]:
    """`rows` of the list; in the words of the port in force."""
    place, unnamed, no_berth, won = f"/{port.slug}", _("No vessel yet"), _("no berth"), _("Won")
    leads = {
        LeadCategory.HOT: _("Hot"),
        LeadCategory.WARM: _("Warm"),
        LeadCategory.COLD: _("Cold"),
        LeadCategory.DORMANT: _("Dormant"),
    }
    for row in rows:
        number, days = str(row.number), (moment - row.stage_since).days
        is_won, boat = row.outcome == Outcome.WON, row.vessel_name or unnamed
        yield Told(
            number,
            row.stage,
            row.outcome is not None,
            row.client_name,
            f"{place}/interests/{number}",
            "ok" if is_won else row.lead_category,
            won if is_won else leads[row.lead_category],
            f"{boat} · {in_digits(row.loa)} m" if row.loa else boat,
            f"{place}/berths/{row.berth_number}" if row.berth_code else "",
            berth_name(row.dock_name, row.berth_code) if row.berth_code else no_berth,
            format_money(row.expected_value, row.currency),
            next((age for least, age in WARMS if days >= least), "a0"),
            ngettext("%(num)d day", "%(num)d days", days),
            row.owner_name or "",
            initials(row.owner_name) if row.owner_name else "",
        )
