"""How well a berth suits an interest: from 0 to 100, the sum of what each part gives.

    part     of   all of it                          less
    length   20   as long as the boat needs          none where it is half as long again, or nobody knows
    width    15   as wide as the boat needs          none where it is half as wide again, or nobody knows
    dates    25   free all the wanted time           at most 15, by the part of the time that it is free
    price    20   within the budget                  none a quarter above it; half where nobody can compare
    status   10   available                          under offer 4, reserved 2, sold until then 5
    rivals    5   no other open interest has it      two less for each that has
    tenure    5   as wanted                          none

What nobody asked for is met by every berth, and gives all of its part. What the boat needs is its length or width and
what the port wants free beside it. More room than that never gives points, so of two berths that are alike otherwise
the tighter one is before the other.

A berth is recommended at all only where the boat fits (`fit`), where it is in use and not under repair, where at least
a part of the wanted time is free, and where it is not sold, or its tenure ends by then. The parts are told to the
database here, since all berths of a port are compared by one statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, Numeric, and_, case, cast, func, literal, or_

from ...berths.models import Berth, BerthStatus
from ...berths.models.fit import BOUNDS, fitting
from .wish import Wish

OF = {"length": 20, "width": 15, "dates": 25, "price": 20, "status": 10, "rivals": 5, "tenure": 5}
MEASURED = {"length": "loa", "width": "beam"}
TOO_LARGE = Decimal("0.5")  # of what the boat needs, more than that
TOO_DEAR = Decimal("0.25")  # of the budget, above it
PARTLY = 15
STANDING = {BerthStatus.AVAILABLE: 10, BerthStatus.UNDER_OFFER: 4, BerthStatus.RESERVED: 2, BerthStatus.SOLD: 5}
A_RIVAL = 2


def points(
    wish: Wish, *, taken: ColumnElement[float], rivals: ColumnElement[int], amount: Any, currency: Any
) -> Mapping[str, ColumnElement[int]]:
    """Of each part. `taken`: seconds of the wanted time; `amount` and `currency`: what the berth costs."""
    return {
        **{part: room(part, wish.need(name), getattr(Berth, BOUNDS[name])) for part, name in MEASURED.items()},
        "dates": dates(taken, wish.seconds),
        "price": price(wish, amount, currency),
        "status": case(STANDING, value=Berth.status, else_=0),
        "rivals": func.greatest(OF["rivals"] - A_RIVAL * rivals, 0),
        "tenure": tenure(wish.tenure),
    }


def room(part: str, need: Any, bound: Any) -> ColumnElement[int]:
    """`need` in metres: a number, or a column; None where nobody asks."""
    if need is None:
        return literal(OF[part], Integer)
    over = bound / need - 1
    share = func.greatest(0, func.least(1, 1 - over / TOO_LARGE))
    return case((bound.is_not(None), cast(func.round(OF[part] * share, 0, type_=Numeric), Integer)), else_=0)


def dates(taken: ColumnElement[float], seconds: float) -> ColumnElement[int]:
    share = 1 - taken / literal(seconds, Float)
    partly = cast(func.floor(PARTLY * func.greatest(0, share), type_=Float), Integer)
    return case((taken <= 0, OF["dates"]), else_=partly)


def price(wish: Wish, amount: Any, currency: Any) -> ColumnElement[int]:
    """A budget of nothing is none."""
    if not wish.budget:
        return literal(OF["price"], Integer)
    above = amount / wish.budget - 1
    less = cast(func.round(OF["price"] * func.greatest(0, 1 - above / TOO_DEAR), 0, type_=Numeric), Integer)
    return case(
        (or_(amount.is_(None), currency != wish.currency), OF["price"] // 2),
        (amount <= wish.budget, OF["price"]),
        else_=less,
    )


def tenure(wanted: str | None) -> ColumnElement[int]:
    return case((Berth.tenure == wanted, OF["tenure"]), else_=0) if wanted else literal(OF["tenure"], Integer)


def suits(wish: Wish, taken: ColumnElement[float]) -> ColumnElement[bool]:
    """Whether a berth is recommended at all."""
    ends_by_then = and_(Berth.status == BerthStatus.SOLD, Berth.tenure_expires_on <= wish.begins)
    return and_(
        Berth.archived_at.is_(None),
        or_(Berth.status.in_((BerthStatus.AVAILABLE, BerthStatus.UNDER_OFFER, BerthStatus.RESERVED)), ends_by_then),
        taken < wish.seconds,
        *fitting(wish.size, wish.clearances),
    )
