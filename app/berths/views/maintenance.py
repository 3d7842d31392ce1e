"""The maintenance log of a berth: open, change, close and reopen an entry; all of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...forms import Clash
from ...once import once
from ...web import find_or_404, go, kept_list, page, requires, said
from ..forms import MaintenanceForm, NewMaintenanceForm
from ..models import Berth, MaintenanceEntry, Overlap
from ..queries import maintenance_page
from . import bp
from .berths import PLACE, by_number, locked, refusal, unarchived
from .occupancies import booked_already

LOG = f"{PLACE}/<int:number>/maintenance"
ONE = f"{LOG}/<uuid:entry_id>"


def entry_of(berth: Berth, entry_id: uuid.UUID) -> MaintenanceEntry:
    return find_or_404(MaintenanceEntry.of_berth(berth).where(MaintenanceEntry.id == entry_id))


@bp.get(LOG)
@requires("berths.view")
def index_maintenance(number: int) -> ResponseReturnValue:
    berth = find_or_404(by_number(number))
    entries = maintenance_page(berth)
    return page("berths/maintenance/index.html", follow=[f"berth:{number}"], berth=berth, entries=entries)


@bp.get(f"{LOG}/new")
@requires("berths.edit")
def new_maintenance(number: int) -> ResponseReturnValue:
    berth = find_or_404(by_number(number))
    unarchived(berth, "berths.show")
    return new_page(berth, NewMaintenanceForm(formdata=None))


def new_page(
    berth: Berth, form: NewMaintenanceForm, status: int = 200, error: Overlap | None = None
) -> ResponseReturnValue:
    overlap = booked_already(error) if error else None
    return page("berths/maintenance/new.html", status, berth=berth, form=form, overlap=overlap)


@bp.post(LOG)
@requires("berths.edit")
@once
def create_maintenance(number: int) -> ResponseReturnValue:
    berth, form = locked(number), NewMaintenanceForm()
    if status := refusal(form, berth):
        return new_page(berth, form, status)
    fields = form.written(form.own(), member.here().currency)
    try:
        MaintenanceEntry.open(berth, fields, by=member, during=form.during())
    except Overlap as error:
        return new_page(berth, form, 409, error)
    said(_("Written into the maintenance log"))
    return go("berths.show", number=number, list=kept_list())


@bp.get(f"{ONE}/edit")
@requires("berths.edit")
def edit_maintenance(number: int, entry_id: uuid.UUID) -> ResponseReturnValue:
    berth = find_or_404(by_number(number))
    entry = entry_of(berth, entry_id)
    form = MaintenanceForm(formdata=None, obj=entry)
    form.open(entry)
    return edit_page(berth, entry, form, 200)


def edit_page(
    berth: Berth, entry: MaintenanceEntry, form: MaintenanceForm, status: int, clashes: Sequence[Clash] = ()
) -> ResponseReturnValue:
    return page("berths/maintenance/edit.html", status, berth=berth, entry=entry, form=form, clashes=list(clashes))


@bp.put(ONE)
@requires("berths.edit")
def update_maintenance(number: int, entry_id: uuid.UUID) -> ResponseReturnValue:
    berth = locked(number)
    entry = entry_of(berth, entry_id)
    form = MaintenanceForm(obj=entry)
    if not form.validate():
        return edit_page(berth, entry, form, 422)
    edit = form.compare(entry, told_in=berth)
    if edit.clashes:
        return edit_page(berth, entry, form, 409, edit.clashes)
    entry.update(berth, form.written(edit.changes, entry.currency or member.here().currency), by=member)
    said(edit.told(_("Maintenance log saved")))
    return go("berths.show", number=number, list=kept_list())


@bp.post(f"{ONE}/closure")
@requires("berths.edit")
def create_closure(number: int, entry_id: uuid.UUID) -> ResponseReturnValue:
    berth = locked(number)
    if entry_of(berth, entry_id).close(berth, by=member):
        said(_("Noted as done"))
    return go("berths.show", number=number, list=kept_list())


@bp.delete(f"{ONE}/closure")
@requires("berths.edit")
def destroy_closure(number: int, entry_id: uuid.UUID) -> ResponseReturnValue:
    berth = locked(number)
    if entry_of(berth, entry_id).reopen(berth, by=member):
        said(_("Open again"))
    return go("berths.show", number=number, list=kept_list())
