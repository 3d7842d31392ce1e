"""What somebody measured of a vessel."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...formats import today
from ...once import once
from ...web import find_or_404, go, kept_list, page, requires, said
from ..forms import MeasurementForm
from . import PLACE, bp
from .vessels import by_number, locked, refusal, unarchived


@bp.get(f"{PLACE}/<int:number>/measurements/new")
@requires("clients.edit")
def new_measurement(number: int) -> ResponseReturnValue:
    vessel = unarchived(find_or_404(by_number(number)))
    form = MeasurementForm(formdata=None, data={"on": today()})
    return page("vessels/measure.html", vessel=vessel, form=form)


@bp.post(f"{PLACE}/<int:number>/measurements")
@requires("clients.edit")
@once
def create_measurement(number: int) -> ResponseReturnValue:
    vessel, form = locked(number), MeasurementForm()
    if status := refusal(form, vessel):
        return page("vessels/measure.html", status, vessel=vessel, form=form)
    if vessel.measure(form.found(), on=form.on.data or today(), by=member):
        said(_("Measures saved"))
    else:
        said(_("These measures stand there already"), category="info")
    return go("vessels.show", number=number, list=kept_list())
