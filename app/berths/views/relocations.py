"""Moving a boat that is here to another berth."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import Range

from ...current import member
from ...db import now
from ...web import find_or_404, go, page, requires, said
from ..models import Berth, Occupancy, Overlap, relocate
from ..stay_forms import RelocationForm
from . import bp
from .berths import by_number
from .occupancies import PLACE, booked_already, fit_on, instead_of, locked, numbered


def relocation_page(stay: Occupancy, form: RelocationForm, status: int = 200, **found: Any) -> ResponseReturnValue:
    found = {"overlap": None, "misfit": None, "berth": stay.berth, "offers": [], **found}
    return page("berths/occupancies/relocate.html", status, occupancy=stay, form=form, **found)


def near(stay: Occupancy, berth: Berth) -> list[Any]:
    """Berths for what is left of the stay: none where it should be over."""
    begins, ends = now(), stay.during.upper
    return instead_of(berth, Range(begins, ends), stay.vessel) if ends is None or ends > begins else []


@bp.get(f"{PLACE}/<int:number>/relocation/new")
@requires("berths.manage_reservations")
def new_relocation(number: int) -> ResponseReturnValue:
    stay = find_or_404(numbered(number))
    return relocation_page(stay, RelocationForm(formdata=None), offers=near(stay, stay.berth))


@bp.post(f"{PLACE}/<int:number>/relocation")
@requires("berths.manage_reservations")
def create_relocation(number: int) -> ResponseReturnValue:
    stay, form = locked(number), RelocationForm()
    if not form.validate():
        return relocation_page(stay, form, 422, offers=near(stay, stay.berth))
    berth = find_or_404(by_number(form.berth.record.number))
    found = fit_on(berth, stay.vessel)
    if not (found.fits or form.overrides()):
        return relocation_page(stay, form, 422, misfit=found, berth=berth, offers=near(stay, berth))
    override = "" if found.fits else str(form.override.data)
    try:
        moved = relocate(stay, berth, at=now(), by=member, override=override)
    except Overlap as error:
        overlap = booked_already(error)
        return relocation_page(stay, form, 409, overlap=overlap, berth=berth, offers=near(stay, berth))
    said(_("The boat is on berth %(name)s now", name=berth.name))
    return go("berths.show_occupancy", number=moved.number)
