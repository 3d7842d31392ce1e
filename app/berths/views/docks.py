"""Docks: adding and editing one; they are listed with their harbour."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...numbers import has_number
from ...once import once
from ...web import find_or_404, go, page, requires, said
from ..forms import DockForm
from ..models import Dock
from . import bp
from .berths import refusal, taken

PLACE = "/<port>/docks"


def locked(number: int) -> Dock:
    return find_or_404(Dock.visible_to(member).where(has_number(Dock, number)).with_for_update())


@bp.get(f"{PLACE}/new")
@requires("berths.edit")
def new_dock() -> ResponseReturnValue:
    """`?harbour=` names the harbour, for links from their list."""
    form = DockForm(formdata=None, data={"harbour_id": request.args.get("harbour", "")})
    return page("docks/new.html", form=form)


@bp.post(PLACE)
@requires("berths.edit")
@once
def create_dock() -> ResponseReturnValue:
    form = DockForm()
    if not form.validate():
        return page("docks/new.html", 422, form=form)
    fields = form.written(form.values())
    if status := taken(form, "name", lambda: Dock.create(fields, port_id=member.here().id, by=member)):
        return page("docks/new.html", status, form=form)
    said(_("Dock %(name)s was added", name=fields["name"]))
    return go("berths.index_harbours")


@bp.get(f"{PLACE}/<int:number>/edit")
@requires("berths.edit")
def edit_dock(number: int) -> ResponseReturnValue:
    dock = find_or_404(Dock.visible_to(member).where(has_number(Dock, number)))
    form = DockForm(formdata=None, obj=dock)
    form.open(dock)
    return page("docks/edit.html", dock=dock, form=form, clashes=[], merged=[])


@bp.put(f"{PLACE}/<int:number>")
@requires("berths.edit")
def update_dock(number: int) -> ResponseReturnValue:
    dock = locked(number)
    form = DockForm(obj=dock)
    if status := refusal(form, dock):
        return page("docks/edit.html", status, dock=dock, form=form, clashes=[], merged=[])
    edit = form.compare(dock)
    if edit.clashes:
        return page("docks/edit.html", 409, dock=dock, form=form, clashes=edit.clashes, merged=edit.merged)
    if status := taken(form, "name", lambda: dock.update(form.written(edit.changes), by=member)):
        return page("docks/edit.html", status, dock=dock, form=form, clashes=[], merged=[])
    said(edit.told(_("Dock saved")))
    return go("berths.index_harbours")
