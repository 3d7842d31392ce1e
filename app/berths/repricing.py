"""What a stay costs on other dates or another berth, before it is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.dialects.postgresql import Range

from ..formats import local_day
from ..prices.models import Term, price_of
from .models import Berth, Occupancy, OccupancyKind
from .models.relocation import CENT

BY_NIGHTS = (OccupancyKind.VISIT, OccupancyKind.SUBLET)


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


def quote(stay: Occupancy, berth: Berth, during: Range[datetime]) -> Quote | None:
    """By the price list where one has a price a night, else by the nights from the stay's own price; None where it has
    none, or nothing changes."""
    if stay.price is None or stay.currency is None or (berth.id, during) == (stay.berth_id, stay.during):
        return None
    before, after = nights_of(stay.during), nights_of(during)
    begins = local_day(during.lower)
    if after and begins and stay.kind in BY_NIGHTS:
        listed = price_of(berth, term=Term.NIGHTLY, on=begins, vessel=stay.vessel, quantity=after)
        if listed and listed.currency == stay.currency:
            return Quote(stay.price, listed.amount, stay.currency, (before, after), listed.steps)
    new = (stay.price / before * after).quantize(CENT) if before and after else None
    return Quote(stay.price, new, stay.currency, (before, after))
