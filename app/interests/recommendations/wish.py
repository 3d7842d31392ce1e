"""Wish: what an interest asks of a berth."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.dialects.postgresql import Range

from ...admin.models.settings import HasSettings
from ...berths.models import Tenure
from ...berths.models.days import stay
from ...berths.models.fit import clearances_of
from ...formats import today
from ...prices.models import Term
from ...prices.models.pricing import MULTIHULLS, Asked
from ..models import Interest
from ..models.wanted import size_for

WISHED = {"vessel_id", "loa", "beam", "draft", "budget", "currency", "tenure", "wanted_from", "wanted_until"}
A_YEAR = timedelta(days=365)
# By which price a budget is measured; a berth that is sold outright has a price of its own only.
TERMS = {Tenure.SEASONAL: Term.SEASONAL, Tenure.VISITOR: Term.NIGHTLY, Tenure.FREEHOLD: "once"}


def days_of(interest: Interest) -> tuple[date, date | None]:
    """From today at the earliest; without an end, for a year, and None for an end that is over."""
    begins = max(interest.wanted_from or today(), today())
    ends = interest.wanted_until or begins + A_YEAR
    return begins, ends if ends > begins else None


@dataclass(frozen=True)
class Wish:
    """`size` is what `fit` asks: of the vessel, and where it does not say, what the interest says itself. `begins` and
    `ends` as `days_of` has them."""

    interest_id: uuid.UUID
    port_id: uuid.UUID
    occupancy_id: uuid.UUID | None
    size: dict[str, Decimal | None]
    clearances: dict[str, Decimal]
    begins: date
    ends: date | None
    budget: Decimal | None
    currency: str | None
    tenure: str | None
    is_multihull: bool

    @classmethod
    def of(cls, interest: Interest, port: HasSettings) -> Wish:
        """Of an interest with its vessel at hand, with the formats of its port in force."""
        vessel, (begins, ends) = interest.vessel, days_of(interest)
        return cls(
            interest.id,
            interest.port_id,
            interest.occupancy_id,
            size_for(interest, vessel),
            clearances_of(port),
            begins,
            ends,
            interest.budget,
            interest.currency,
            interest.tenure,
            vessel is not None and vessel.kind in MULTIHULLS,
        )

    @property
    def missing(self) -> str:
        """Why nothing can be recommended: `size` or `time`; empty where nothing is missing."""
        if not (self.size["loa"] or self.size["beam"]):
            return "size"
        return "" if self.ends else "time"

    @property
    def during(self) -> Range[datetime]:
        return stay(self.begins, self.ends)

    @property
    def seconds(self) -> float:
        """Of all that time, as they pass: two days of one zone are apart by the clock, which changes between them."""
        begins, ends = self.during.lower, self.during.upper
        return ends.timestamp() - begins.timestamp() if begins and ends else 0.0

    def need(self, name: str) -> Decimal | None:
        """In metres, with what has to stay free."""
        own = self.size[name]
        return own + self.clearances[name] if own else None

    @property
    def term(self) -> str:
        return str(TERMS.get(Tenure(self.tenure), Term.ANNUAL)) if self.tenure else str(Term.ANNUAL)

    @property
    def asked(self) -> Asked:
        """For what its price is asked: of nights, all of them."""
        nights: Any = (self.ends - self.begins).days if self.ends and self.term == Term.NIGHTLY else 1
        return Asked(self.begins, self.size["loa"], self.is_multihull, Decimal(nights))
