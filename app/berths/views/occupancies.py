"""What takes a berth's time: booking it, other dates, another berth, and how it stands."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import joinedload

from ...clients.models import Client
from ...current import member
from ...db import db
from ...events.timeline import timeline
from ...numbers import has_number
from ...once import once
from ...vessels.models import Vessel
from ...web import find_or_404, go, page, requires, said
from ..availability import Offer, clearances_of, day_of, nearest, size_of
from ..forms import OccupancyForm, StayForm
from ..models import Berth, Dock, Fit, Occupancy, OccupancyKind, Overlap, fit
from ..queries import LATEST
from . import bp
from .berths import PLACE as BERTHS
from .berths import by_number

PLACE = "/<port>/occupancies"


def with_all(statement: Select[Any]) -> Select[Any]:
    """With the berth, and whose stay it is."""
    place = joinedload(Occupancy.berth).joinedload(Berth.dock).joinedload(Dock.harbour)
    return statement.options(place, joinedload(Occupancy.client), joinedload(Occupancy.vessel))


def numbered(number: int) -> Select[Occupancy]:
    return with_all(Occupancy.visible_to(member).where(has_number(Occupancy, number)))


def locked(number: int) -> Occupancy:
    return find_or_404(numbered(number).with_for_update(of=Occupancy))


def fit_on(berth: Berth, vessel: Vessel | None) -> Fit:
    return fit(size_of(vessel), berth, clearances_of(member.here()))


def instead_of(berth: Berth, during: Range[Any], vessel: Vessel | None) -> list[Offer]:
    """The nearest berths that are free then, and fit."""
    return nearest(berth, during, size_of(vessel), clearances_of(member.here()))


def booked_already(error: Overlap) -> Occupancy | None:
    """What is in the way, with whose it is."""
    if error.other is None:
        return None
    found: Occupancy = db.session.scalars(
        with_all(Occupancy.visible_to(member).where(Occupancy.id == error.other.id))
    ).one()
    return found


def booking_page(berth: Berth, form: OccupancyForm, status: int = 200, **found: Any) -> ResponseReturnValue:
    """`overlap`: what is there already; `misfit`: why the vessel does not fit; `offers`: berths that would do."""
    found = {"overlap": None, "offers": [], "misfit": None, **found}
    return page("berths/occupancies/new.html", status, berth=berth, form=form, **found)


@bp.get(f"{BERTHS}/<int:number>/occupancies/new")
@requires("berths.manage_reservations")
def new_occupancy(number: int) -> ResponseReturnValue:
    """`?arrives=`, `?leaves=`, `?vessel=`, `?client=` fill the form."""
    berth, form = find_or_404(by_number(number)), OccupancyForm(formdata=None)
    form.prefill(request.args)
    return booking_page(berth, form)


@bp.post(f"{BERTHS}/<int:number>/occupancies")
@requires("berths.manage_reservations")
@once
def create_occupancy(number: int) -> ResponseReturnValue:
    berth, form = find_or_404(by_number(number)), OccupancyForm()
    if not form.validate():
        return booking_page(berth, form, 422)
    vessel, during = form.vessel.record, form.during()
    found = fit_on(berth, vessel)
    if not (found.fits or form.overrides()):
        return booking_page(berth, form, 422, misfit=found, offers=instead_of(berth, during, vessel))
    override = "" if found.fits else str(form.override.data)
    of = {"client": form.client.record or owner_of(vessel), "vessel": vessel, "override": override}
    try:
        booked = Occupancy.book(berth, during, OccupancyKind(form.kind.data), by=member, details=form.details(), **of)
    except Overlap as error:
        offers = instead_of(berth, during, vessel)
        return booking_page(berth, form, 409, overlap=booked_already(error), offers=offers)
    said(_("Berth %(name)s is booked", name=berth.name))
    return go("berths.show_occupancy", number=booked.number)


def owner_of(vessel: Vessel | None) -> Client | None:
    return find_or_404(Client.visible_to(member).where(Client.id == vessel.client_id)) if vessel else None


@bp.get(f"{PLACE}/<int:number>")
@requires("berths.view")
def show_occupancy(number: int) -> ResponseReturnValue:
    found = find_or_404(numbered(number))
    return page("berths/occupancies/show.html", follow=[f"occupancy:{number}"], **detail(found))


def detail(found: Occupancy) -> dict[str, Any]:
    entries = timeline(found.subject_type, found.id, limit=LATEST)
    return {"occupancy": found, "fits": fit_on(found.berth, found.vessel), "timeline": entries}


def dates_page(found: Occupancy, form: StayForm, status: int = 200, **what: Any) -> ResponseReturnValue:
    what = {"overlap": None, "offers": [], **what}
    return page("berths/occupancies/edit.html", status, occupancy=found, form=form, **what)


@bp.get(f"{PLACE}/<int:number>/edit")
@requires("berths.manage_reservations")
def edit_occupancy(number: int) -> ResponseReturnValue:
    found = find_or_404(numbered(number))
    days = {"arrives": day_of(found.begins_at), "leaves": day_of(found.ends_at)}
    return dates_page(found, StayForm(formdata=None, data=days))


@bp.put(f"{PLACE}/<int:number>")
@requires("berths.manage_reservations")
def update_occupancy(number: int) -> ResponseReturnValue:
    """Other dates, on this berth or on the one that is chosen of the offers."""
    found, form = locked(number), StayForm()
    if not form.validate():
        return dates_page(found, form, 422)
    other = request.form.get("berth", type=int)
    berth = find_or_404(by_number(other)) if other else found.berth
    during = form.during()
    try:
        found.move(berth, during, by=member)
    except Overlap as error:
        offers = instead_of(berth, during, found.vessel)
        return dates_page(found, form, 409, overlap=booked_already(error), offers=offers)
    said(_("Saved"))
    return go("berths.show_occupancy", number=number)
