"""What is done with a reminder: done, put off, given to somebody, put away; and each of it taken back."""

from __future__ import annotations

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...formats import format_datetime
from ...web import requires, said
from ..forms import AssigneeForm, SnoozeForm
from ..models import Reminder
from . import bp
from .reminders import EDITS, back_to, hand_over, locked, show_page, shown


def done(reminder: Reminder, words: str, *, undo: str = "") -> ResponseReturnValue:
    """Say what was done, with the endpoint that takes it back, and go where somebody came from."""
    number, came_from = reminder.number, request.args.get("next")
    said(
        words, undo_url=url_for(f"reminders.{undo}", number=number, next=came_from, _method="DELETE") if undo else None
    )
    return back_to(reminder)


@bp.post("/<int:number>/completion")
@requires(*EDITS)
def create_completion(number: int) -> ResponseReturnValue:
    reminder = locked(number)
    reminder.complete(by=member)
    return done(reminder, _("Done: %(name)s", name=reminder.title), undo="destroy_completion")


@bp.delete("/<int:number>/completion")
@requires(*EDITS)
def destroy_completion(number: int) -> ResponseReturnValue:
    reminder = locked(number)
    reminder.reopen(by=member)
    return done(reminder, _("Open again: %(name)s", name=reminder.title))


@bp.post("/<int:number>/snooze")
@requires(*EDITS)
def create_snooze(number: int) -> ResponseReturnValue:
    reminder = locked(number)
    form = SnoozeForm(zone=reminder.zone)
    if not form.validate():
        return show_page(shown(number), 422, snooze_form=form)
    until = form.moment()
    reminder.snooze(until, by=member)
    return done(reminder, _("Put off until %(when)s", when=format_datetime(until)), undo="destroy_snooze")


@bp.delete("/<int:number>/snooze")
@requires(*EDITS)
def destroy_snooze(number: int) -> ResponseReturnValue:
    reminder = locked(number)
    reminder.wake(by=member)
    return done(reminder, _("No longer put off"))


@bp.put("/<int:number>/assignee")
@requires(*EDITS)
def update_assignee(number: int) -> ResponseReturnValue:
    reminder = locked(number)
    form = AssigneeForm(kept=reminder)
    if not form.validate():
        return show_page(shown(number), 422, assignee_form=form)
    name = hand_over(reminder, form)
    return done(reminder, _("Given to %(name)s", name=name) if name else _("It is nobody’s now"))


@bp.post("/<int:number>/archival")
@requires(*EDITS)
def create_archival(number: int) -> ResponseReturnValue:
    reminder = locked(number)
    reminder.archive(by=member)
    return done(reminder, _("Archived: %(name)s", name=reminder.title), undo="destroy_archival")


@bp.delete("/<int:number>/archival")
@requires(*EDITS)
def destroy_archival(number: int) -> ResponseReturnValue:
    reminder = locked(number)
    reminder.restore(by=member)
    return done(reminder, _("Back: %(name)s", name=reminder.title))
