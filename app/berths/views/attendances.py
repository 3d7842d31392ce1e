"""Whether a boat came and went: arrival, departure, cancellation, no-show; and taking an arrival or departure back."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...db import now
from ...errors import Refused
from ...web import allowed_next, go, requires, said
from ..models import Overlap
from . import bp
from .occupancies import PLACE, locked


def back(number: int) -> ResponseReturnValue:
    """To where it was asked for (`?next=`), or to the page of the stay."""
    place = allowed_next(request.args.get("next"))
    return redirect(place, 303) if place else go("berths.show_occupancy", number=number)


def undo_of(endpoint: str, number: int) -> str:
    return url_for(endpoint, number=number, next=request.args.get("next"), _method="DELETE")


@bp.post(f"{PLACE}/<int:number>/arrival")
@requires("berths.manage_reservations")
def create_arrival(number: int) -> ResponseReturnValue:
    if locked(number).check_in(at=now(), by=member):
        said(_("Checked in"), undo_url=undo_of("berths.destroy_arrival", number))
    return back(number)


@bp.delete(f"{PLACE}/<int:number>/arrival")
@requires("berths.manage_reservations")
def destroy_arrival(number: int) -> ResponseReturnValue:
    if locked(number).undo_check_in(by=member):
        said(_("Taken back: nobody has arrived"))
    return back(number)


@bp.post(f"{PLACE}/<int:number>/departure")
@requires("berths.manage_reservations")
def create_departure(number: int) -> ResponseReturnValue:
    if locked(number).check_out(at=now(), by=member):
        said(_("Checked out; the berth is free"), undo_url=undo_of("berths.destroy_departure", number))
    return back(number)


@bp.delete(f"{PLACE}/<int:number>/departure")
@requires("berths.manage_reservations")
def destroy_departure(number: int) -> ResponseReturnValue:
    found = locked(number)
    try:
        if found.undo_check_out(by=member):
            said(_("Taken back: the boat is here"))
    except Overlap as error:
        url = url_for("berths.show_occupancy", number=error.other.number if error.other else number)
        raise Refused(_("Somebody else has the berth by now."), url=url, label=_("Open")) from error
    return back(number)


@bp.post(f"{PLACE}/<int:number>/cancellation")
@requires("berths.manage_reservations")
def create_cancellation(number: int) -> ResponseReturnValue:
    if locked(number).cancel(by=member, reason=request.form.get("reason", "").replace("\x00", "")[:200]):
        said(_("Cancelled; the berth is free"))
    return back(number)


@bp.post(f"{PLACE}/<int:number>/no-show")
@requires("berths.manage_reservations")
def create_no_show(number: int) -> ResponseReturnValue:
    if locked(number).note_no_show(by=member):
        said(_("Noted; the berth is free"))
    return back(number)
