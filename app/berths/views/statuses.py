"""Where a berth stands, set by hand."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...web import go, kept_list, requires, said
from ..forms import StatusForm
from ..models import BerthStatus
from . import bp
from .berths import PLACE, locked, show_page


@bp.put(f"{PLACE}/<int:number>/status")
@requires("berths.edit")
def update_status(number: int) -> ResponseReturnValue:
    berth, form = locked(number), StatusForm()
    if not form.validate():
        return show_page(berth, 422, form=form)
    if berth.change_status(BerthStatus(form.status.data), by=member, triggered_by="hand", note=form.note.data or ""):
        said(_("Status changed"))
    return go("berths.show", number=number, list=kept_list())
