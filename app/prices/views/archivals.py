"""Putting a price list away, and back."""

from __future__ import annotations

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...errors import Refused
from ...web import go, requires, said
from ..models import Clash
from . import bp
from .lists import PLACE, locked, words_of


@bp.post(f"{PLACE}/<int:number>/archival")
@requires("berths.edit")
def create_archival(number: int) -> ResponseReturnValue:
    found = locked(number)
    found.archive(by=member)
    undo = url_for("prices.destroy_archival", number=number, _method="DELETE")
    said(_("%(name)s was archived", name=found.name), undo_url=undo)
    return go("prices.show", number=number)


@bp.delete(f"{PLACE}/<int:number>/archival")
@requires("berths.edit")
def destroy_archival(number: int) -> ResponseReturnValue:
    found = locked(number)
    name = found.name
    try:
        found.restore(by=member)
    except Clash as error:
        raise Refused(_("%(name)s cannot come back.", name=name) + " " + words_of(error)) from error
    said(_("%(name)s is back", name=name))
    return go("prices.show", number=number)
