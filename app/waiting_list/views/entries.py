"""Who waits: on the list, one entry, in which class, off the list."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...errors import Refused
from ...once import once
from ...web import find_or_404, go, page, requires, said
from ..forms import ClassForm, EntryForm, ReasonForm
from ..models import PriorityClass, WaitingEntry, WaitingList
from ..models.entry import with_all
from ..queries import SEES, history_of, merged_into, ranked_one
from . import bp
from .lists import MANAGES, PLACE, shown
from .lists import locked as locked_list

ENTRIES = "/<port>/waiting-entries"


def locked(number: int) -> WaitingEntry:
    """The list and then the entry, locked until the request ends: who answers takes turns with who offers."""
    found = find_or_404(WaitingEntry.numbered(number, member))
    WaitingList.locked(found.list_id)
    again = with_all(WaitingEntry.numbered(number, member)).with_for_update(of=WaitingEntry)
    entry: WaitingEntry = find_or_404(again.execution_options(populate_existing=True))
    return entry


@bp.get(f"{PLACE}/<int:number>/entries/new")
@requires(MANAGES)
def new_entry(number: int) -> ResponseReturnValue:
    """`?client=` fills the form."""
    form = EntryForm(formdata=None)
    form.prefill(request.args)
    return page("waiting_list/new_entry.html", waiting_list=shown(number), form=form)


@bp.post(f"{PLACE}/<int:number>/entries")
@requires(MANAGES)
@once
def create_entry(number: int) -> ResponseReturnValue:
    found, form = locked_list(number), EntryForm()
    if not form.validate():
        return page("waiting_list/new_entry.html", 422, waiting_list=found, form=form)
    try:
        entry = WaitingEntry.enter(
            found, form.client.record, vessel=form.vessel.record, fields=form.written(), by=member
        )
    except Refused as error:
        form.client.errors = [error.text]
        return page("waiting_list/new_entry.html", 409, waiting_list=found, form=form)
    said(_("%(name)s is on the list", name=form.client.record.full_name))
    return go("waiting_list.show_entry", number=entry.number)


@bp.get(f"{ENTRIES}/<int:number>")
@requires(*SEES)
def show_entry(number: int) -> ResponseReturnValue:
    return entry_page(find_or_404(with_all(WaitingEntry.numbered(number, member))))


def entry_page(entry: WaitingEntry, status: int = 200, **forms: Any) -> ResponseReturnValue:
    """Also as the answer of a form on it that was refused."""
    history = history_of(entry)
    context = {
        "class_form": ClassForm(formdata=None, data={"priority_class": entry.priority_class}),
        "reason_form": ReasonForm(formdata=None),
        **forms,
    }
    return page(
        "waiting_list/entry.html",
        status,
        follow=[f"waiting_entry:{entry.number}"],
        entry=entry,
        rank=ranked_one(entry),
        history=history,
        merged=merged_into(entry, history),
        **context,
    )


@bp.put(f"{ENTRIES}/<int:number>/class")
@requires(MANAGES)
def update_class(number: int) -> ResponseReturnValue:
    entry, form = locked(number), ClassForm()
    if not form.validate():
        return entry_page(entry, 422, class_form=form)
    entry.place(PriorityClass(form.priority_class.data), by=member, reason=str(form.reason.data))
    said(_("Saved"))
    return go("waiting_list.show_entry", number=number)


@bp.post(f"{ENTRIES}/<int:number>/withdrawal")
@requires(MANAGES)
def create_withdrawal(number: int) -> ResponseReturnValue:
    entry, form = locked(number), ReasonForm()
    if not form.validate():
        return entry_page(entry, 422, reason_form=form)
    entry.withdraw(by=member, reason=form.reason.data or "")
    said(_("%(name)s is off the list", name=entry.client.full_name))
    return go("waiting_list.show_entry", number=number)
