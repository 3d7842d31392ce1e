"""Putting a berth, a dock or a harbour away, and back."""

from __future__ import annotations

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...errors import Refused
from ...web import go, kept_list, requires, said
from ..models import Place, Taken
from . import bp, docks, harbours
from .berths import PLACE, locked, words_of


def restore(place: Place) -> None:
    """Raises Refused, naming who has its name by now."""
    name = place.called
    try:
        place.restore(by=member)
    except Taken as error:
        raise Refused(_("%(name)s cannot come back.", name=name) + " " + words_of(error)) from error
    said(_("%(name)s is back", name=name))


@bp.post(f"{PLACE}/<int:number>/archival")
@requires("berths.edit")
def create_archival(number: int) -> ResponseReturnValue:
    berth = locked(number)
    berth.archive(by=member)
    undo = url_for("berths.destroy_archival", number=number, list=kept_list(), _method="DELETE")
    said(_("%(name)s was archived", name=berth.name), undo_url=undo)
    return go("berths.show", number=number, list=kept_list())


@bp.delete(f"{PLACE}/<int:number>/archival")
@requires("berths.edit")
def destroy_archival(number: int) -> ResponseReturnValue:
    restore(locked(number))
    return go("berths.show", number=number, list=kept_list())


@bp.post(f"{docks.PLACE}/<int:number>/archival")
@requires("berths.edit")
def create_dock_archival(number: int) -> ResponseReturnValue:
    dock = docks.locked(number)
    dock.archive(by=member)
    undo = url_for("berths.destroy_dock_archival", number=number, _method="DELETE")
    said(_("%(name)s was archived", name=dock.name), undo_url=undo)
    return go("berths.index_harbours")


@bp.delete(f"{docks.PLACE}/<int:number>/archival")
@requires("berths.edit")
def destroy_dock_archival(number: int) -> ResponseReturnValue:
    restore(docks.locked(number))
    return go("berths.index_harbours")


@bp.post(f"{harbours.PLACE}/<int:number>/archival")
@requires("berths.edit")
def create_harbour_archival(number: int) -> ResponseReturnValue:
    harbour = harbours.locked(number)
    harbour.archive(by=member)
    undo = url_for("berths.destroy_harbour_archival", number=number, _method="DELETE")
    said(_("%(name)s was archived", name=harbour.name), undo_url=undo)
    return go("berths.index_harbours")


@bp.delete(f"{harbours.PLACE}/<int:number>/archival")
@requires("berths.edit")
def destroy_harbour_archival(number: int) -> ResponseReturnValue:
    restore(harbours.locked(number))
    return go("berths.index_harbours")
