"""What takes a berth's time: booking it, other dates, another berth, and how it stands."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import joinedload

from ...clients.models import Client
from ...current import member
from ...db import db, now
from ...errors import Refused
from ...events.timeline import timeline
from ...formats import format_date, local_day
from ...numbers import has_number
from ...once import once
from ...prices.models import Priced
from ...vessels.models import Vessel
from ...web import find_or_404, go, page, requires, said
from ..availability import Offer, nearest
from ..forms import OccupancyForm
from ..models import (
    Absence,
    Berth,
    Dock,
    Fit,
    Occupancy,
    OccupancyKind,
    Overlap,
    Sighting,
    clearances_of,
    fit,
    size_of,
)
from ..models.absence import absence_covering
from ..models.days import stay, what_is_left
from ..models.occupancy import since_left, taking
from ..models.occupancy_kind import HOLDING
from ..queries import LATEST, LONGEST, berths_named
from ..repricing import TERMS, Quote, listed, quote
from ..stay_forms import DatesForm, as_seen
from . import bp
from .berths import PLACE as BERTHS
from .berths import by_number

PLACE = "/<port>/occupancies"
MOVED = ("during", "berth_id")


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
    return nearest(berth, what_is_left(during), size_of(vessel), clearances_of(member.here()))


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
    found = {"overlap": None, "offers": [], "misfit": None, "absence": None, **found}
    found |= {"priced": listed_for(berth, form), "overstaying": Occupancy.overstaying(berth)}
    return page("berths/occupancies/new.html", status, berth=berth, form=form, **found)


@bp.get(f"{BERTHS}/<int:number>/occupancies/new")
@requires("berths.manage_reservations")
def new_occupancy(number: int) -> ResponseReturnValue:
    """`?arrives=`, `?leaves=`, `?vessel=`, `?client=`, `?kind=` fill the form; `?sighting=` is the boat that was seen
    there."""
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
    priced, kind = listed_for(berth, form), OccupancyKind(form.kind.data)
    absence = absence_covering(berth, during)
    of = {"client": form.client.record or owner_of(vessel), "vessel": vessel}
    of |= {"override": "" if found.fits else str(form.override.data)}
    of |= {"absence": absence if kind == OccupancyKind.SUBLET else None}
    try:
        if priced and not is_settled(form, priced):
            check_free(berth, during, kind)
            form.price.errors = [_("The price list has one. Take it, type another, or say that there is none.")]
            return booking_page(berth, form, 422)
        booked = Occupancy.book(berth, during, kind, by=member, details=details_of(form, priced), **of)
    except Overlap as error:
        offers, other = instead_of(berth, during, vessel), booked_already(error)
        return booking_page(berth, form, 409, overlap=other, offers=offers, absence=absence)
    except Refused as error:
        form.form_errors = [error.text]
        return booking_page(berth, form, 409, offers=instead_of(berth, during, vessel))
    if seen := sighting_asked():
        booked.check_in(at=now(), by=member)
        seen.turn_into(booked, by=member)
    said(_("Berth %(name)s is booked", name=berth.name))
    return go("berths.show_occupancy", number=booked.number)


@bp.get(f"{BERTHS}/<int:number>/occupancies/price")
@requires("berths.manage_reservations")
def show_listed_price(number: int) -> ResponseReturnValue:
    """What the stay would cost by the price list, while somebody types it."""
    berth, form = find_or_404(by_number(number)), OccupancyForm(formdata=request.args)
    return render_template("berths/occupancies/_listed.html", priced=listed_for(berth, form), form=form)


def listed_for(berth: Berth, form: OccupancyForm) -> Priced | None:
    """What the list says of the stay as it is typed; None where a price is typed, or the days are not known yet."""
    if form.price.data or form.kind.data not in TERMS:
        return None
    try:
        return listed(berth, form.kind.data, form.during(), form.vessel.record)
    except (TypeError, ValueError, OverflowError):
        return None


def is_settled(form: OccupancyForm, priced: Priced) -> bool:
    """Whether somebody has seen this price and said whether it is charged."""
    return form.charge.data in ("listed", "none") and form.listed.data == str(priced.amount)


def details_of(form: OccupancyForm, priced: Priced | None) -> dict[str, Any]:
    is_charged = priced is not None and form.charge.data == "listed"
    return {
        **form.details(),
        **({"price": priced.amount, "currency": priced.currency} if priced and is_charged else {}),
    }


def check_free(berth: Berth, during: Range[Any], kind: OccupancyKind) -> None:
    """Raises Overlap where it is taken: nobody needs a price for that."""
    is_sublet = kind == OccupancyKind.SUBLET
    during = since_left(berth, during, is_sublet=is_sublet)
    if other := taking(berth.port_id, berth.id, during, is_sublet=is_sublet):
        raise Overlap(other)


def sighting_asked() -> Sighting | None:
    """The boat that was seen there, which this stay is for."""
    number = request.args.get("sighting", type=int)
    return find_or_404(Sighting.visible_to(member).where(has_number(Sighting, number))) if number else None


def owner_of(vessel: Vessel | None) -> Client | None:
    return find_or_404(Client.visible_to(member).where(Client.id == vessel.client_id)) if vessel else None


@bp.get(f"{PLACE}/<int:number>")
@requires("berths.view")
def show_occupancy(number: int) -> ResponseReturnValue:
    found = find_or_404(numbered(number))
    return page("berths/occupancies/show.html", follow=[f"occupancy:{number}"], **detail(found))


def detail(found: Occupancy) -> dict[str, Any]:
    entries = timeline(found.subject_type, found.id, limit=LATEST)
    own = Absence.visible_to(member).where(Absence.occupancy_id == found.id, Absence.cancelled_at.is_(None))
    absences = db.session.scalars(own.order_by(Absence.begins_at)).all() if found.kind in HOLDING else []
    fits = fit_on(found.berth, found.vessel)
    credit = Absence.credit_of(found)
    return {"occupancy": found, "fits": fits, "absences": absences, "credit": credit, "timeline": entries}


def dates_page(found: Occupancy, form: DatesForm, status: int = 200, **what: Any) -> ResponseReturnValue:
    what = {"overlap": None, "misfit": None, "offers": [], "quote": None, "berth": found.berth, **what}
    return page("berths/occupancies/edit.html", status, occupancy=found, form=form, **what)


@bp.get(f"{PLACE}/<int:number>/edit")
@requires("berths.manage_reservations")
def edit_occupancy(number: int) -> ResponseReturnValue:
    """`?arrives=`, `?leaves=`, `?berth=` (its number) fill the form."""
    found = find_or_404(numbered(number))
    form = DatesForm(formdata=None, of=found, data={**dates_asked(found), "was": as_seen(found)})
    return dates_page(found, form, quote=quote_asked(found))


def dates_asked(found: Occupancy) -> dict[str, Any]:
    """What the address says, and otherwise how it is."""
    args = request.args
    days = {"arrives": local_day(found.begins_at), "leaves": local_day(found.ends_at)}
    for name in days:
        with suppress(ValueError):
            days[name] = date.fromisoformat(args[name]) if args.get(name) else days[name]
    berth = berth_asked(found)
    return {**days, "berth": f"{berth.name} · {berth.number}" if berth.id != found.berth_id else ""}


def berth_asked(found: Occupancy) -> Berth:
    """By its number, or as somebody types it; the stay's own where the address names none."""
    typed = request.args.get("berth", "")[:LONGEST]
    named = berths_named(member, f"· {typed}" if typed.isascii() and typed.isdigit() else typed)
    return named[0] if len(named) == 1 else found.berth


def quote_asked(found: Occupancy) -> Quote | None:
    """For the dates and the berth in the address; None where they say nothing that can be."""
    asked = dates_asked(found)
    try:
        return quote(found, berth_asked(found), stay(asked["arrives"], asked["leaves"], kept=found.during))
    except (ValueError, OverflowError):
        return None


@bp.get(f"{PLACE}/<int:number>/quote")
@requires("berths.manage_reservations")
def show_quote(number: int) -> ResponseReturnValue:
    """What the stay would cost on other dates, while somebody chooses them."""
    found = find_or_404(numbered(number))
    return render_template("berths/occupancies/_quote.html", quote=quote_asked(found), chosen="")


@bp.put(f"{PLACE}/<int:number>")
@requires("berths.manage_reservations")
def update_occupancy(number: int) -> ResponseReturnValue:
    """Other dates, another berth. Where that changes the price it is shown first, and saved once somebody says what is
    done about it."""
    found = locked(number)
    form = DatesForm(of=found)
    if not form.validate():
        return dates_page(found, form, 422)
    berth = form.berth.record or found.berth
    during, fits = form.during(), fit_on(berth, found.vessel)
    is_other = (berth.id, during) != (found.berth_id, found.during)
    if is_other and form.tell_if_overtaken(found, MOVED, present=as_seen(found), words=where_and_when(found)):
        return dates_page(found, form, 409)
    if not (fits.fits or berth.id == found.berth_id or form.overrides()):
        return dates_page(found, form, 422, misfit=fits, berth=berth, offers=instead_of(berth, during, found.vessel))
    priced = quote(found, berth, during)
    if priced and priced.difference and not is_answered(form, priced):
        return dates_page(found, form, quote=priced, berth=berth)
    price = priced.new if priced and form.price.data == "new" else None
    try:
        found.move(berth, during, by=member, price=price, override="" if fits.fits else str(form.override.data or ""))
    except Overlap as error:
        found = find_or_404(numbered(number))
        offers = instead_of(berth, during, found.vessel)
        return dates_page(found, form, 409, overlap=booked_already(error), offers=offers, berth=berth)
    except Refused as error:
        form.form_errors = [error.text]
        return dates_page(find_or_404(numbered(number)), form, 409)
    said(_("Saved"))
    return go("berths.show_occupancy", number=number)


def where_and_when(found: Occupancy) -> str:
    """`it is on berth B 12 from 1 Jul 2027 to 8 Jul 2027`."""
    ends = format_date(found.ends_at) if found.ends_at else _("an open end")
    when = {"begins": format_date(found.begins_at), "ends": ends}
    return _("it is on berth %(name)s from %(begins)s to %(ends)s", name=found.berth.name, **when)


def is_answered(form: DatesForm, priced: Quote) -> bool:
    """Whether somebody has seen this price and said what is done about it."""
    return form.price.data in ("new", "keep") and form.quoted.data == str(priced.new)
