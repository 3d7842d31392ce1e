"""Whether a boat came and went: arrival, departure, cancellation, no-show."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...db import now
from ...web import go, requires, said
from . import bp
from .occupancies import PLACE, locked


@bp.post(f"{PLACE}/<int:number>/arrival")
@requires("berths.manage_reservations")
def create_arrival(number: int) -> ResponseReturnValue:
    if locked(number).check_in(at=now(), by=member):
        said(_("Checked in"))
    return go("berths.show_occupancy", number=number)


@bp.post(f"{PLACE}/<int:number>/departure")
@requires("berths.manage_reservations")
def create_departure(number: int) -> ResponseReturnValue:
    if locked(number).check_out(at=now(), by=member):
        said(_("Checked out; the berth is free"))
    return go("berths.show_occupancy", number=number)


@bp.post(f"{PLACE}/<int:number>/cancellation")
@requires("berths.manage_reservations")
def create_cancellation(number: int) -> ResponseReturnValue:
    if locked(number).cancel(by=member, reason=request.form.get("reason", "").replace("\x00", "")[:200]):
        said(_("Cancelled; the berth is free"))
    return go("berths.show_occupancy", number=number)


@bp.post(f"{PLACE}/<int:number>/no-show")
@requires("berths.manage_reservations")
def create_no_show(number: int) -> ResponseReturnValue:
    if locked(number).note_no_show(by=member):
        said(_("Noted; the berth is free"))
    return go("berths.show_occupancy", number=number)
