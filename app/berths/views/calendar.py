"""The calendar: what lies on the berths of a dock from day to day."""

from __future__ import annotations

from typing import Any

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...current import member
from ...db import db, now
from ...web import page, requires
from ..calendar import Calendar, calendar_of, line_of, span_of
from ..models import Occupancy
from . import bp
from .berths import PLACE
from .occupancies import numbered


@bp.get(f"{PLACE}/calendar")
@requires("berths.view")
def show_calendar() -> ResponseReturnValue:
    """`?harbour=`, `?dock=`: which; `?from=`, `?days=`: when; `?stay=`: which stay is opened beside it."""
    args = request.args
    span = span_of(args.get("from", ""), args.get("days", ""))
    found = calendar_of(member, span=span, harbour=args.get("harbour", type=int), dock=args.get("dock", type=int))
    opened = stay_of(args.get("stay", type=int))
    kept = kept_of(found)
    back = url_for("berths.show_calendar", **kept)
    follow = ["calendar", *([f"occupancy:{opened.number}"] if opened else [])]
    about: dict[str, Any] = {"calendar": found, "span": span, "opened": opened}
    return page("berths/calendar/show.html", follow=follow, moment=now(), kept=kept, back=back, **about)


@bp.get(f"{PLACE}/<int:number>/calendar")
@requires("berths.view")
def show_line(number: int) -> ResponseReturnValue:
    """The row of one berth, for a calendar that stands open while something changes."""
    span = span_of(request.args.get("from", ""), request.args.get("days", ""))
    line = line_of(member, number, span)
    if line is None:
        abort(404)
    kept = {name: request.args[name] for name in ("dock", "from", "days", "after", "before") if name in request.args}
    return render_template("berths/calendar/_line.html", line=line, span=span, kept=kept, member=member)


def kept_of(found: Calendar) -> dict[str, Any]:
    """What every link of the page carries on: which dock, and when."""
    kept = {"dock": found.dock.number} if found.dock else {}
    paged = {name: request.args[name] for name in ("after", "before") if name in request.args}
    return {**kept, "from": found.span.first.isoformat(), "days": found.span.days, **paged}


def stay_of(number: int | None) -> Occupancy | None:
    return db.session.scalars(numbered(number)).one_or_none() if number else None
