"""What a stay costs on other dates or another berth, before it is changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.dialects.postgresql import Range

from ..formats import local_day
from .models import Berth, Occupancy
from .models.relocation import CENT


@dataclass(frozen=True)
class Quote:
    """`new` is None where nobody can say: a stay without an end. `nights`: of the old and the new time."""

    old: Decimal
    new: Decimal | None
    currency: str
    nights: tuple[int | None, int | None]

    @property
    def difference(self) -> Decimal:
        return (self.new if self.new is not None else self.old) - self.old


def nights_of(during: Range[datetime]) -> int | None:
    """Nights in the port in force; None without an end."""
    begins, ends = local_day(during.lower), local_day(during.upper)
    return max((ends - begins).days, 1) if begins and ends else None


def quote(stay: Occupancy, berth: Berth, during: Range[datetime]) -> Quote | None:
    """By the nights, from the stay's own price; None where it has none, or nothing changes."""
    if stay.price is None or stay.currency is None or (berth.id, during) == (stay.berth_id, stay.during):
        return None
    before, after = nights_of(stay.during), nights_of(during)
    new = (stay.price / before * after).quantize(CENT) if before and after else None
    return Quote(stay.price, new, stay.currency, (before, after))
