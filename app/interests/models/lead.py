"""How warm an interest is: by when somebody last did something about it, unless a person says otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum


class LeadCategory(StrEnum):
    HOT = "hot"
    WARM = "warm"
    COLD = "cold"
    DORMANT = "dormant"


# How long after the last activity an interest is of each kind.
COOLING = (
    (timedelta(days=7), LeadCategory.HOT),
    (timedelta(days=21), LeadCategory.WARM),
    (timedelta(days=60), LeadCategory.COLD),
)


def category_at(active_at: datetime, moment: datetime) -> LeadCategory:
    return next((category for within, category in COOLING if moment - active_at < within), LeadCategory.DORMANT)
