"""What is done with a reminder: done, put off, given to somebody, put away; and each of it taken back."""

from __future__ import annotations

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...formats import format_datetime
from ...web import requires, said
from ..forms import AssigneeForm, SnoozeForm
from . import bp
from .reminders import EDITS, back_to, hand_over, locked, show_page, shown


def undo(endpoint: str, number: int) -> str:
    return url_for(f"reminders.{endpoint}", number=number, next=request.args.get("next"), _method="DELETE")


@bp.post("/<int:number>/completion")
@requires(*EDITS)
def create_completion(number: int) -> ResponseReturnValue:
    reminder = locked(number)
    reminder.complete(by=member)
    said(_("Done: %(name)s", name=reminder.title), undo_url=undo("destroy_completion", number))
    return back_to(reminder)


@bp.delete("/<int:number>/completion")
@requires(*EDITS)
def destroy_completion(number: int) -> ResponseReturnValue:
    reminder = locked(number)
    reminder.reopen(by=member)
    said(_("Open again: %(name)s", name=reminder.title))
    return back_to(reminder)


@bp.post("/<int:number>/snooze")
@requires(*EDITS)
def create_snooze(number: int) -> ResponseReturnValue:
    reminder = locked(number)
    form = SnoozeForm(zone=reminder.zone)
    if not form.validate():
        return show_page(shown(number), 422, snooze_form=form)
    until = form.moment()
    reminder.snooze(until, by=member)
    told = _("Put off until %(when)s", when=format_datetime(until))
    said(told, undo_url=undo("destroy_snooze", number))
    return back_to(reminder)


@bp.delete("/<int:number>/snooze")
@requires(*EDITS)
def destroy_snooze(number: int) -> ResponseReturnValue:
    reminder = locked(number)
    reminder.wake(by=member)
    said(_("No longer put off"))
    return back_to(reminder)


@bp.put("/<int:number>/assignee")
@requires(*EDITS)
def update_assignee(number: int) -> ResponseReturnValue:
    reminder = locked(number)
    form = AssigneeForm(kept=reminder)
    if not form.validate():
        return show_page(shown(number), 422, assignee_form=form)
    name = hand_over(reminder, form)
    said(_("Given to %(name)s", name=name) if name else _("It is nobody’s now"))
    return back_to(reminder)


@bp.post("/<int:number>/archival")
@requires(*EDITS)
def create_archival(number: int) -> ResponseReturnValue:
    reminder = locked(number)
    reminder.archive(by=member)
    said(_("Archived: %(name)s", name=reminder.title), undo_url=undo("destroy_archival", number))
    return back_to(reminder)


@bp.delete("/<int:number>/archival")
@requires(*EDITS)
def destroy_archival(number: int) -> ResponseReturnValue:
    reminder = locked(number)
    reminder.restore(by=member)
    said(_("Back: %(name)s", name=reminder.title))
    return back_to(reminder)
