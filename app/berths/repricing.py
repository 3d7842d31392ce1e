"""What a stay costs: before it is booked, and on other dates or another berth before it is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.dialects.postgresql import Range

from ..formats import local_day
from ..prices.models import Priced, Term, price_of
from ..vessels.models import Vessel
from .models import Berth, Occupancy, OccupancyKind
from .models.relocation import CENT

BY_NIGHTS = (OccupancyKind.VISIT, OccupancyKind.SUBLET)
# For what a stay of a kind is paid at once; the others are nobody's, and cost nothing.
TERMS = {
    **dict.fromkeys(BY_NIGHTS, Term.NIGHTLY),
    OccupancyKind.SEASON: Term.SEASONAL,
    OccupancyKind.CONTRACT: Term.ANNUAL,
}
YEAR = 365.25
# Days by which a contract may miss its years: who says the last day rather than the first one after it.
NEARLY = 3


@dataclass(frozen=True)
class Quote:
    """`new` is None where nobody can say: a stay without an end. `nights`: of the old and the new time; `steps`: how a
    price list comes to it, empty where it is the stay's own price by the night."""

    old: Decimal
    new: Decimal | None
    currency: str
    nights: tuple[int | None, int | None]
    steps: Sequence[str] = ()

    @property
    def difference(self) -> Decimal:
        return (self.new if self.new is not None else self.old) - self.old


def nights_of(during: Range[datetime]) -> int | None:
    """Nights in the port in force; None without an end."""
    begins, ends = local_day(during.lower), local_day(during.upper)
    return max((ends - begins).days, 1) if begins and ends else None


def listed(berth: Berth, kind: str, during: Range[datetime], vessel: Vessel | None) -> Priced | None:
    """By the berth's own price or the price list of the first day: by nights, for a season, or for the whole years of a
    contract, one where it has no end. None where nothing says, as of a part of a year."""
    begins, nights = local_day(during.lower), nights_of(during)
    term = TERMS.get(OccupancyKind(kind))
    if term is None or begins is None:
        return None
    many = {Term.NIGHTLY: nights, Term.ANNUAL: years_of(nights)}.get(term, 1)
    return price_of(berth, term=term, on=begins, vessel=vessel, quantity=many) if many else None


def years_of(nights: int | None) -> int | None:
    """Whole years, one without an end; None where they are not whole within a few days."""
    if nights is None:
        return 1
    years = round(nights / YEAR)
    return years if years and abs(nights - years * YEAR) <= NEARLY else None


def quote(stay: Occupancy, berth: Berth, during: Range[datetime]) -> Quote | None:
    """By the price list where one has a price a night, else by the nights from the stay's own price; None where it has
    none, or nothing changes."""
    if stay.price is None or stay.currency is None or (berth.id, during) == (stay.berth_id, stay.during):
        return None
    before, after = nights_of(stay.during), nights_of(during)
    if stay.kind in BY_NIGHTS:
        found = listed(berth, stay.kind, during, stay.vessel)
        if found and found.currency == stay.currency:
            return Quote(stay.price, found.amount, stay.currency, (before, after), found.steps)
    new = (stay.price / before * after).quantize(CENT) if before and after else None
    return Quote(stay.price, new, stay.currency, (before, after))
