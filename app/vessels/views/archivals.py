"""Putting a vessel away, and back."""

from __future__ import annotations

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...errors import Refused
from ...web import go, kept_list, requires, said
from ..models import Taken
from . import PLACE, bp
from .vessels import locked, words_of


@bp.post(f"{PLACE}/<int:number>/archival")
@requires("clients.delete")
def create_archival(number: int) -> ResponseReturnValue:
    vessel = locked(number)
    vessel.archive(by=member)
    undo = url_for("vessels.destroy_archival", number=number, list=kept_list(), _method="DELETE")
    said(_("%(name)s was archived", name=vessel.name), undo_url=undo)
    return go("vessels.show", number=number, list=kept_list())


@bp.delete(f"{PLACE}/<int:number>/archival")
@requires("clients.delete")
def destroy_archival(number: int) -> ResponseReturnValue:
    vessel = locked(number)
    name, url = vessel.name, url_for("vessels.show", number=number)
    try:
        vessel.restore(by=member)
    except Taken as error:
        reason = _("%(name)s cannot come back: its number is in use.", name=name)
        raise Refused(f"{reason} {words_of(error)}", url=url, label=_("Open")) from error
    said(
        _("%(name)s is back", name=name),
        undo_url=url_for("vessels.create_archival", number=number, list=kept_list()),
    )
    return go("vessels.show", number=number, list=kept_list())
