"""Arranging the map: where docks and single berths lie on the plan, dropped there or typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...numbers import has_number
from ...web import find_or_404, go, page, requires, said
from ..models import Berth, Dock, Harbour, Position, lay, position_of
from ..views import bp
from ..views.berths import PLACE, by_number, locked, unarchived
from ..views.docks import PLACE as DOCKS
from ..views.docks import locked as locked_dock
from .forms import BerthPlaceForm, DockPlaceForm, place_of
from .layout import Placed, Plan, begins, drawn, lies
from .queries import Look, OnMap, harbours_with_berths, kept, rows_of, spots_of

UNPLACED = dict.fromkeys(("plan_x", "plan_y", "plan_turn"))


@bp.get(f"{PLACE}/map/edit")
@requires("berths.edit")
def edit_map() -> ResponseReturnValue:
    """`?harbour=` by its number, the first one unless it is said; `?berth=` or `?dock=` opens the form of its place."""
    number, dock = request.args.get("berth", type=int), request.args.get("dock", type=int)
    if number is not None:
        berth = find_or_404(by_number(number))
        return arranged(berth.dock.harbour, berth=berth)
    if dock is not None:
        found = find_or_404(Dock.visible_to(member).where(has_number(Dock, dock)))
        return arranged(harbour_of(found), dock=found)
    harbours = harbours_with_berths(member)
    if not harbours:
        return page("berths/map/none.html")
    asked = request.args.get("harbour", type=int)
    seen = next((one for one in harbours if one.harbour.number == asked), harbours[0])
    return arranged(seen.harbour, harbours=harbours)


def harbour_of(dock: Dock) -> Harbour:
    return find_or_404(Harbour.visible_to(member).where(Harbour.id == dock.harbour_id))


def arranged(
    harbour: Harbour,
    status: int = 200,
    *,
    harbours: Sequence[OnMap] = (),
    berth: Berth | None = None,
    dock: Dock | None = None,
    form: Any = None,
) -> ResponseReturnValue:
    """The map to arrange, with the form of the one that is chosen beside it."""
    look = Look()
    spots = spots_of(rows_of(harbour.id, member.here().id), look, member.here())
    harbours = harbours or harbours_with_berths(member)
    picture = next((one.picture for one in harbours if one.harbour.id == harbour.id), None)
    plan = drawn((spot.row for spot in spots), picture.box if picture else None)
    if form is None and berth is not None:
        form = form_of_berth(berth, plan)
    if form is None and dock is not None:
        form = form_of_dock(dock, plan)
    return page(
        "berths/map/edit.html",
        status,
        follow=["map:narrowed", f"plan:{harbour.number}"],
        harbour=harbour,
        harbours=harbours,
        picture=picture,
        spots={spot.row.id: spot for spot in spots},
        plan=plan,
        keep=kept(harbour.number, look),
        berth=berth,
        dock=dock,
        form=form,
    )


def form_of_berth(berth: Berth, plan: Plan) -> BerthPlaceForm:
    """With its own place, or where the map has it."""
    own = position_of(berth)
    shown = asdict(own)
    if own.x is None and not berth.is_archived:
        place = lies(plan, berth.id)
        shown = {"x": place.x / 10, "y": place.y / 10, "turn": place.turn}
    return BerthPlaceForm(formdata=None, data={**shown, "was": str(own)})


def form_of_dock(dock: Dock, plan: Plan) -> DockPlaceForm:
    place = begins(plan, dock.number) or Placed(0, 0, 0)
    shown = {"plan_x": round(place.x / 10), "plan_y": round(place.y / 10), "plan_turn": place.turn}
    return DockPlaceForm(formdata=None, data={**shown, "was": place_of(dock)})


def where_it_is(x: Any, y: Any, turn: Any) -> str:
    if x is None:
        return _("it lies where the map finds a place now")
    return _("it lies %(x)s m from the left and %(y)s m from the top now, turned by %(turn)s°", x=x, y=y, turn=turn)


@bp.put(f"{PLACE}/<int:number>/place")
@requires("berths.edit")
def update_place(number: int) -> ResponseReturnValue:
    """What was before can stand in the address, so that a place is taken back the same way."""
    berth = locked(number)
    unarchived(berth, "berths.show")
    form, was = BerthPlaceForm(request.values), position_of(berth)
    if not form.validate():
        return arranged(berth.dock.harbour, 422, berth=berth, form=form)
    position, words = form.position(), where_it_is(was.x, was.y, was.turn)
    if position != was and form.tell_if_overtaken(berth, ("x", "y", "turn"), present=str(was), words=words):
        return arranged(berth.dock.harbour, 409, berth=berth, form=form)
    if lay(berth, position, by=member):
        said(_("Berth %(name)s has its place", name=berth.name), undo_url=way_back(berth, was, position))
    return go("berths.edit_map", berth=number)


@bp.delete(f"{PLACE}/<int:number>/place")
@requires("berths.edit")
def destroy_place(number: int) -> ResponseReturnValue:
    berth = locked(number)
    unarchived(berth, "berths.show")
    was = position_of(berth)
    if lay(berth, Position(), by=member):
        said(_("The map finds a place for berth %(name)s", name=berth.name), undo_url=way_back(berth, was, Position()))
    return go("berths.edit_map", berth=number)


def way_back(berth: Berth, was: Position, now: Position) -> str:
    if was.x is None:
        return url_for("berths.destroy_place", number=berth.number, _method="DELETE")
    return url_for("berths.update_place", number=berth.number, was=str(now), _method="PUT", **asdict(was))


@bp.put(f"{DOCKS}/<int:number>/place")
@requires("berths.edit")
def update_dock_place(number: int) -> ResponseReturnValue:
    dock = locked_dock(number)
    unarchived(dock, "berths.edit_dock")
    form, was = DockPlaceForm(request.values), place_of(dock)
    if not form.validate():
        return arranged(harbour_of(dock), 422, dock=dock, form=form)
    now = " ".join(map(str, form.place().values()))
    words = where_it_is(dock.plan_x, dock.plan_y, dock.plan_turn or 0)
    if now != was and form.tell_if_overtaken(dock, list(UNPLACED), present=was, words=words):
        return arranged(harbour_of(dock), 409, dock=dock, form=form)
    back = way_back_of(dock, now)
    if dock.update(form.place(), by=member):
        said(_("Dock %(name)s has its place", name=dock.name), undo_url=back)
    return go("berths.edit_map", dock=number)


@bp.delete(f"{DOCKS}/<int:number>/place")
@requires("berths.edit")
def destroy_dock_place(number: int) -> ResponseReturnValue:
    dock = locked_dock(number)
    unarchived(dock, "berths.edit_dock")
    back = way_back_of(dock, "")
    if dock.update(UNPLACED, by=member):
        said(_("The map finds a place for dock %(name)s", name=dock.name), undo_url=back)
    return go("berths.edit_map", dock=number)


def way_back_of(dock: Dock, now: str) -> str:
    if dock.plan_x is None:
        return url_for("berths.destroy_dock_place", number=dock.number, _method="DELETE")
    was = {name: getattr(dock, name) for name in UNPLACED}
    return url_for("berths.update_dock_place", number=dock.number, was=now, _method="PUT", **was)
