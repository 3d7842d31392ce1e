"""Boats that lie somewhere without a stay: noting one, putting it aside, and back."""

from __future__ import annotations

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...db import now
from ...numbers import has_number
from ...once import once
from ...web import find_or_404, go, page, requires, said
from ..models import Sighting
from ..stay_forms import SightingForm
from . import bp

PLACE = "/<port>/sightings"


def locked(number: int) -> Sighting:
    return find_or_404(Sighting.visible_to(member).where(has_number(Sighting, number)).with_for_update())


@bp.get(f"{PLACE}/new")
@requires("berths.manage_reservations")
def new_sighting() -> ResponseReturnValue:
    """`?berth=`: the number of the berth, for links from its page."""
    form = SightingForm(formdata=None)
    form.prefill(request.args.get("berth", ""))
    return page("berths/sightings/new.html", form=form)


@bp.post(PLACE)
@requires("berths.manage_reservations")
@once
def create_sighting() -> ResponseReturnValue:
    form = SightingForm()
    if not form.validate():
        return page("berths/sightings/new.html", 422, form=form)
    seen = {"name": form.name.data or "", "note": form.note.data or "", "vessel": form.vessel.record}
    found = Sighting.create(form.berth.record, by=member, seen_at=now(), **seen)
    said(_("%(name)s is on the board", name=found.name or _("The boat")))
    return go("berths.show_board")


@bp.post(f"{PLACE}/<int:number>/dismissal")
@requires("berths.manage_reservations")
def create_dismissal(number: int) -> ResponseReturnValue:
    if locked(number).dismiss(by=member):
        undo = url_for("berths.destroy_dismissal", number=number, _method="DELETE")
        said(_("Put aside"), undo_url=undo)
    return go("berths.show_board")


@bp.delete(f"{PLACE}/<int:number>/dismissal")
@requires("berths.manage_reservations")
def destroy_dismissal(number: int) -> ResponseReturnValue:
    if locked(number).reopen(by=member):
        said(_("Back on the board"))
    return go("berths.show_board")
