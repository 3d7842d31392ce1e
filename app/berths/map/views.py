"""The map of a harbour, and what it says of one berth."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from ...current import member
from ...formats import today
from ...web import find_or_404, is_partial, page, requires
from ..availability import now_and_next
from ..models import Harbour
from ..views import bp
from ..views.berths import PLACE, by_number
from ..wanted import Wanted
from .layout import drawn
from .queries import Look, counted, harbours_with_berths, kept, rows_of, spots_of

# Nobody asks for another century, and dates end somewhere.
YEARS = 100


def looked_at() -> tuple[Look, Wanted]:
    """What the address says: `?view=stays`, `?on=` a day, `?sign=` one kind alone, `?fits=` a vessel or a size."""
    wanted, here = Wanted(request.args.get("fits", "")), today()
    day = request.args.get("on", type=date.fromisoformat)
    if day is not None and abs(day.year - here.year) > YEARS:
        day = None
    if day is None and request.args.get("view") == "stays":
        day = here
    look = Look(on=day, size=wanted.size or None)
    sign = request.args.get("sign", "")
    return (Look(day, sign, look.size) if sign in look.signs else look), wanted


def followed(look: Look, harbour: Harbour) -> str:
    """One berth at a time where each berth stands for itself; else the page is to be looked at again."""
    if look.sign or look.size or look.on not in (None, today()):
        return "map:narrowed"
    return f"map:{'stays' if look.on else 'statuses'}-{harbour.number}"


@bp.get(f"{PLACE}/map")
@requires("berths.view")
def show_map() -> ResponseReturnValue:
    """`?harbour=` by its number, the first one unless it is said; `?berth=` opens that berth beside the map;
    `?as=list` has the berths as a list."""
    harbours = harbours_with_berths(member)
    if not harbours:
        return page("berths/map/none.html")
    asked = request.args.get("harbour", type=int)
    seen = next((one for one in harbours if one.harbour.number == asked), harbours[0])
    harbour, picture = seen.harbour, seen.picture
    look, wanted = looked_at()
    spots = spots_of(rows_of(harbour.id, member.here().id), look, member.here())
    number = request.args.get("berth", type=int)
    return page(
        "berths/map/show.html",
        follow=[followed(look, harbour), f"plan:{harbour.number}"],
        harbours=harbours,
        harbour=harbour,
        look=look,
        wanted=wanted,
        spots={spot.row.id: spot for spot in spots},
        plan=drawn((spot.row for spot in spots), picture.box if picture else None),
        picture=picture,
        counts=counted(spots, look),
        keep=kept(harbour.number, look, wanted.typed),
        fitting=sum(spot.fits is True for spot in spots),
        today=today(),
        day=timedelta(days=1),
        **(beside(number, wanted) if number else {"berth": None}),
    )


def beside(number: int, wanted: Wanted) -> dict[str, Any]:
    """What stands beside the map of one berth."""
    berth = find_or_404(by_number(number))
    stays = now_and_next(berth, most=4)
    return {"berth": berth, "stays": stays, "found": wanted.fits(berth)}


@bp.get(f"{PLACE}/<int:number>/brief")
@requires("berths.view")
def show_brief(number: int) -> ResponseReturnValue:
    """What the map shows beside it; by itself the map with it."""
    wanted = Wanted(request.args.get("fits", ""))
    found = beside(number, wanted)
    return page(
        "berths/map/_panel.html" if is_partial() else "berths/map/brief.html", closes=None, wanted=wanted, **found
    )
