"""Absences of who holds a berth: noting one, other days, being back early, cancelling."""

from __future__ import annotations

from typing import Any

from flask import redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Select
from sqlalchemy.orm import joinedload

from ...current import member
from ...db import now
from ...errors import Refused
from ...formats import format_date
from ...numbers import has_number
from ...once import once
from ...web import allowed_next, find_or_404, go, page, requires, said
from ..models import Absence, Berth, Occupancy
from ..stay_forms import AbsenceForm
from . import bp
from .occupancies import PLACE as STAYS
from .occupancies import locked as stay_locked
from .occupancies import numbered as stay_numbered

PLACE = "/<port>/absences"


def numbered(number: int) -> Select[Absence]:
    holder = joinedload(Absence.holder)
    return (
        Absence.visible_to(member)
        .where(has_number(Absence, number))
        .options(
            holder.joinedload(Occupancy.client),
            holder.joinedload(Occupancy.vessel),
            joinedload(Absence.berth).joinedload(Berth.dock),
        )
    )


def locked(number: int) -> Absence:
    return find_or_404(numbered(number).with_for_update(of=Absence))


def back(found: Absence) -> ResponseReturnValue:
    """To where it was asked for (`?next=`), or to the holder's stay."""
    place = allowed_next(request.args.get("next"))
    return redirect(place, 303) if place else go("berths.show_occupancy", number=found.holder.number)


def form_page(form: AbsenceForm, holder: Occupancy, status: int = 200, **more: Any) -> ResponseReturnValue:
    more = {"absence": None, **more}
    return page("berths/absences/form.html", status, form=form, holder=holder, **more)


@bp.get(f"{STAYS}/<int:number>/absences/new")
@requires("berths.manage_reservations")
def new_absence(number: int) -> ResponseReturnValue:
    return form_page(AbsenceForm(formdata=None), find_or_404(stay_numbered(number)))


@bp.post(f"{STAYS}/<int:number>/absences")
@requires("berths.manage_reservations")
@once
def create_absence(number: int) -> ResponseReturnValue:
    holder, form = stay_locked(number), AbsenceForm()
    if not form.validate():
        return form_page(form, holder, 422)
    try:
        Absence.create(holder, form.during(), by=member, details=form.details())
    except Refused as error:
        form.form_errors = [str(error)]
        return form_page(form, holder, 409)
    said(_("Absence noted"))
    return go("berths.show_occupancy", number=number)


@bp.get(f"{PLACE}/<int:number>/edit")
@requires("berths.manage_reservations")
def edit_absence(number: int) -> ResponseReturnValue:
    found = find_or_404(numbered(number))
    return form_page(AbsenceForm.opened(found), found.holder, absence=found)


@bp.put(f"{PLACE}/<int:number>")
@requires("berths.manage_reservations")
def update_absence(number: int) -> ResponseReturnValue:
    found = locked(number)
    form = AbsenceForm(of=found)
    if not form.validate():
        return form_page(form, found.holder, 422, absence=found)
    if form.tell_if_overtaken(found, (), present=str(found.version), words=how_long(found)):
        return form_page(form, found.holder, 409, absence=found)
    try:
        found.change(form.during(), by=member, details=form.details())
    except Refused as error:
        form.form_errors = [str(error)]
        found = find_or_404(numbered(number))
        return form_page(form, found.holder, 409, absence=found)
    said(_("Absence saved"))
    return back(found)


def how_long(found: Absence) -> str:
    if found.cancelled_at is not None:
        return _("it is cancelled")
    ends = format_date(found.ends_at) if found.ends_at else _("an open end")
    return _("it is from %(begins)s to %(ends)s", begins=format_date(found.begins_at), ends=ends)


@bp.post(f"{PLACE}/<int:number>/return")
@requires("berths.manage_reservations")
def create_return(number: int) -> ResponseReturnValue:
    """The holder is back before the absence ends."""
    found = locked(number)
    if found.end(at=now(), by=member):
        said(_("The holder is back"))
    return back(found)


@bp.post(f"{PLACE}/<int:number>/cancellation")
@requires("berths.manage_reservations")
def create_absence_cancellation(number: int) -> ResponseReturnValue:
    found = locked(number)
    if found.cancel(by=member):
        said(_("Absence cancelled"))
    return back(found)
