"""The dashboard, which is the first page of a port; who may not look at it goes to the first place of the sidebar."""

from __future__ import annotations

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue

from ..current import member
from ..db import now
from ..formats import format_long_day, format_time, today
from ..navigation import navigation
from ..web import page, signed_in
from .parts import PARTS

bp = Blueprint("dashboard", __name__)


@bp.get("/<port>/")
@signed_in
def show() -> ResponseReturnValue:
    if not member.can("reports.view_dashboard"):
        places = [item.url for group in navigation() for item in group.items]
        return redirect(places[0], 303) if places else page("dashboard/nothing.html")
    parts = [part for part in PARTS if part.is_for(member)]
    return page(
        "dashboard/show.html",
        follow=sorted({part.topic for part in parts}),
        parts={part.name: part.find(member) for part in parts},
        day=format_long_day(today()),
        at=format_time(now()),
    )
