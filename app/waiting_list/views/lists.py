"""Waiting lists: all of them, one with its line, create, edit, put away."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...events.timeline import timeline
from ...once import once
from ...web import find_or_404, go, page, requires, said
from ..forms import ListForm, NewListForm
from ..models import WaitingList
from ..queries import LATEST, SEES, entries_of, lists_of, with_scope
from . import bp

PLACE = "/<port>/waiting-lists"
MANAGES = "berths.manage_waiting_list"


def shown(number: int) -> WaitingList:
    found: WaitingList = find_or_404(with_scope(WaitingList.numbered(number, member)))
    return found


def locked(number: int) -> WaitingList:
    return find_or_404(WaitingList.numbered(number, member).with_for_update(of=WaitingList))


@bp.get(PLACE)
@requires(*SEES)
def index() -> ResponseReturnValue:
    archived = request.args.get("archived") == "1"
    lists = lists_of(member, archived=archived)
    return page("waiting_list/index.html", follow=["waiting_lists"], lists=lists, archived=archived)


@bp.get(f"{PLACE}/new")
@requires(MANAGES)
def new() -> ResponseReturnValue:
    return page("waiting_list/new.html", form=NewListForm(formdata=None))


@bp.post(PLACE)
@requires(MANAGES)
@once
def create() -> ResponseReturnValue:
    form = NewListForm()
    if not form.validate():
        return page("waiting_list/new.html", 422, form=form)
    made = WaitingList.create(form.written(), port_id=member.here().id, by=member)
    said(_("%(name)s was added", name=made.name))
    return go("waiting_list.show", number=made.number)


@bp.get(f"{PLACE}/<int:number>")
@requires(*SEES)
def show(number: int) -> ResponseReturnValue:
    found = shown(number)
    return page(
        "waiting_list/show.html",
        follow=[f"waiting_list:{number}"],
        waiting_list=found,
        entries=entries_of(found),
        timeline=timeline(found.subject_type, found.id, limit=LATEST),
    )


@bp.get(f"{PLACE}/<int:number>/edit")
@requires(MANAGES)
def edit(number: int) -> ResponseReturnValue:
    found = shown(number)
    form = ListForm(formdata=None, obj=found)
    form.open(found)
    return edit_page(found, form)


def edit_page(found: WaitingList, form: ListForm, status: int = 200, **more: Any) -> ResponseReturnValue:
    context = {"clashes": [], "merged": [], **more}
    return page("waiting_list/edit.html", status, waiting_list=found, form=form, **context)


@bp.put(f"{PLACE}/<int:number>")
@requires(MANAGES)
def update(number: int) -> ResponseReturnValue:
    found = locked(number)
    form = ListForm(obj=found)
    if not form.validate():
        return edit_page(found, form, 422)
    edit = form.compare(found)
    if edit.clashes:
        return edit_page(found, form, 409, clashes=edit.clashes, merged=edit.merged)
    found.check_open()
    found.update(edit.changes, by=member)
    said(edit.told(_("List saved")))
    return go("waiting_list.show", number=number)


@bp.post(f"{PLACE}/<int:number>/archival")
@requires(MANAGES)
def create_archival(number: int) -> ResponseReturnValue:
    found = locked(number)
    found.archive(by=member)
    undo = url_for("waiting_list.destroy_archival", number=number, _method="DELETE")
    said(_("%(name)s was archived", name=found.name), undo_url=undo)
    return go("waiting_list.show", number=number)


@bp.delete(f"{PLACE}/<int:number>/archival")
@requires(MANAGES)
def destroy_archival(number: int) -> ResponseReturnValue:
    found = locked(number)
    found.restore(by=member)
    said(_("%(name)s is back", name=found.name))
    return go("waiting_list.show", number=number)
