"""The board of arrivals and departures of a day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from ...current import member
from ...formats import today
from ...web import page, requires
from ..board import board_of
from . import bp
from .berths import PLACE

DAY = timedelta(days=1)


@bp.get(f"{PLACE}/board")
@requires("berths.view")
def show_board() -> ResponseReturnValue:
    """`?day=`: today in the port where it says nothing."""
    day = day_asked(request.args.get("day", ""))
    back = url_for("berths.show_board", day=day.isoformat() if day != today() else None)
    near: dict[str, Any] = {
        "before": day - DAY,
        "after": day + DAY,
        "is_today": day == today(),
        "seen_on": min(day, today()),
    }
    return page("berths/board/show.html", follow=["board"], board=board_of(member, day), back=back, **near)


def day_asked(text: str) -> date:
    try:
        return min(max(date.fromisoformat(text), date(1900, 1, 1)), date(2200, 1, 1))
    except ValueError:
        return today()
