"""Harbours with their docks: the list, adding and editing a harbour."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...numbers import has_number
from ...once import once
from ...web import find_or_404, go, page, requires, said
from ..forms import HarbourForm
from ..models import Harbour
from ..queries import docks_with_counts
from . import bp
from .berths import refusal, taken

PLACE = "/<port>/harbours"


def locked(number: int) -> Harbour:
    return find_or_404(Harbour.visible_to(member).where(has_number(Harbour, number)).with_for_update())


@bp.get(PLACE)
@requires("berths.view")
def index_harbours() -> ResponseReturnValue:
    return page("harbours/index.html", follow=["harbours"], harbours=docks_with_counts(member))


@bp.get(f"{PLACE}/new")
@requires("berths.edit")
def new_harbour() -> ResponseReturnValue:
    return page("harbours/new.html", form=HarbourForm(formdata=None))


@bp.post(PLACE)
@requires("berths.edit")
@once
def create_harbour() -> ResponseReturnValue:
    form = HarbourForm()
    if not form.validate():
        return page("harbours/new.html", 422, form=form)
    fields = form.written(form.values())
    if status := taken(form, "name", lambda: Harbour.create(fields, port_id=member.here().id, by=member)):
        return page("harbours/new.html", status, form=form)
    said(_("%(name)s was added", name=fields["name"]))
    return go("berths.index_harbours")


@bp.get(f"{PLACE}/<int:number>/edit")
@requires("berths.edit")
def edit_harbour(number: int) -> ResponseReturnValue:
    harbour = find_or_404(Harbour.visible_to(member).where(has_number(Harbour, number)))
    form = HarbourForm(formdata=None, obj=harbour)
    form.open(harbour)
    return page("harbours/edit.html", harbour=harbour, form=form, clashes=[], merged=[])


@bp.put(f"{PLACE}/<int:number>")
@requires("berths.edit")
def update_harbour(number: int) -> ResponseReturnValue:
    harbour = locked(number)
    form = HarbourForm(obj=harbour)
    if status := refusal(form, harbour):
        return page("harbours/edit.html", status, harbour=harbour, form=form, clashes=[], merged=[])
    edit = form.compare(harbour)
    if edit.clashes:
        return page("harbours/edit.html", 409, harbour=harbour, form=form, clashes=edit.clashes, merged=edit.merged)
    if status := taken(form, "name", lambda: harbour.update(form.written(edit.changes), by=member)):
        return page("harbours/edit.html", status, harbour=harbour, form=form, clashes=[], merged=[])
    said(edit.told(_("Harbour saved")))
    return go("berths.index_harbours")
