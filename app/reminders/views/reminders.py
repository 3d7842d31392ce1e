"""Reminders: list, page, create, edit."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from ...current import member
from ...db import db, now
from ...errors import Refused
from ...events.timeline import timeline
from ...once import once
from ...web import allowed_next, find_or_404, go, kept_list, page, requires, said
from ..forms import AssigneeForm, NewReminderForm, QuickForm, ReminderForm, SnoozeForm
from ..labels import words_of_repeat
from ..models import Reminder
from ..queries import LATEST, VIEWS, Day, asked_for, counts, filters_of, reminder_page, subjects_of
from . import bp

SEES = ("reminders.view_own", "reminders.view_all")
EDITS = ("reminders.edit_own", "reminders.edit_all")


def shown(number: int) -> Reminder:
    """With whose it is, and who did it."""
    people = (joinedload(Reminder.assigned_to), joinedload(Reminder.completed_by))
    return find_or_404(Reminder.numbered(number, member).options(*people))


def locked(number: int) -> Reminder:
    """The reminder, locked until the request ends: two who act take turns. 403 for who may only look."""
    found = find_or_404(Reminder.numbered(number, member).with_for_update(of=Reminder))
    if not found.may_edit(member):
        abort(403)
    return found


def back_to(reminder: Reminder) -> ResponseReturnValue:
    """Where somebody came from, else the reminder's own page."""
    here = url_for("reminders.show", number=reminder.number, list=kept_list())
    return redirect(allowed_next(request.args.get("next")) or here, 303)


@bp.get("")
@requires(*SEES)
def index() -> ResponseReturnValue:
    view = request.args.get("view", VIEWS[0])
    view = view if view in VIEWS else VIEWS[0]
    day, filters = Day.of(member.here().timezone), filters_of(member)
    scope = asked_for(member, filters)
    reminders = reminder_page(scope, view, day)
    return page(
        "reminders/index.html",
        follow=["reminders"],
        reminders=reminders,
        subjects=subjects_of(member, reminders.rows),
        counts=counts(scope, day),
        filters=filters,
        kept={one.name: one.value for one in filters if one.value},
        view=view,
        day=day,
        now=now(),
        form=QuickForm(formdata=None),
    )


@bp.get("/new")
@requires("reminders.create")
def new() -> ResponseReturnValue:
    """`?about=client:<id>` names the record it is about."""
    form = NewReminderForm(formdata=None, data={"about": request.args.get("about", "")})
    form.fill()
    return page("reminders/new.html", form=form, about=form.subject())


@bp.post("")
@requires("reminders.create")
@once
def create() -> ResponseReturnValue:
    form = NewReminderForm()
    if not form.validate():
        return page("reminders/new.html", 422, form=form, about=form.subject())
    fields = form.written(form.values())
    made = Reminder.create(
        fields.pop("title"),
        assigned_to=form.assigned_to_id.chosen(),
        subject=form.subject(),
        port_id=member.here().id,
        by=member,
        **fields,
    )
    said(_("Reminder added: %(name)s", name=made.title))
    return back_to(made)


@bp.get("/<int:number>")
@requires(*SEES)
def show(number: int) -> ResponseReturnValue:
    return show_page(shown(number))


def show_page(reminder: Reminder, status: int = 200, **forms: Any) -> ResponseReturnValue:
    """Also as the answer of a form on it that was refused."""
    followed = Reminder.visible_to(member).where(Reminder.id == reminder.follows_id)
    return page(
        "reminders/show.html",
        status,
        follow=[f"reminder:{reminder.number}"],
        reminder=reminder,
        repeats=words_of_repeat(reminder.repeat, reminder.recurrence),
        may_edit=reminder.may_edit(member),
        subjects=subjects_of(member, [reminder]),
        followed=db.session.scalars(followed).one_or_none() if reminder.follows_id else None,
        timeline=timeline(reminder.subject_type, reminder.id, limit=LATEST),
        day=Day.of(member.here().timezone),
        now=now(),
        **{
            "snooze_form": SnoozeForm(formdata=None, zone=reminder.zone),
            "assignee_form": AssigneeForm(
                formdata=None, kept=reminder, data={"assigned_to_id": reminder.assigned_to_id or ""}
            ),
            **forms,
        },
    )


@bp.get("/<int:number>/edit")
@requires(*EDITS)
def edit(number: int) -> ResponseReturnValue:
    reminder = shown(number)
    if not reminder.may_edit(member):
        abort(403)
    if not reminder.is_open:
        url = url_for("reminders.show", number=number)
        raise Refused(_("Only what is still to be done is changed."), url=url, label=_("Open"))
    form = ReminderForm(formdata=None, obj=reminder)
    form.open(reminder)
    return page("reminders/edit.html", reminder=reminder, form=form, clashes=[], merged=[])


@bp.put("/<int:number>")
@requires(*EDITS)
def update(number: int) -> ResponseReturnValue:
    reminder = locked(number)
    form = ReminderForm(obj=reminder)
    if not form.validate():
        return page("reminders/edit.html", 422, reminder=reminder, form=form, clashes=[], merged=[])
    edit = form.compare(reminder)
    if edit.clashes:
        return page("reminders/edit.html", 409, reminder=reminder, form=form, clashes=edit.clashes, merged=edit.merged)
    reminder.update(form.written(edit.changes, reminder), by=member)
    if "assigned_to_id" in edit.changes:
        hand_over(reminder, form)
    said(edit.told(_("Reminder saved")))
    return go("reminders.show", number=number, list=kept_list())


def hand_over(reminder: Reminder, form: ReminderForm | AssigneeForm) -> str:
    """Give it to whom the form names; gives the name, empty for nobody."""
    field = form.assigned_to_id
    user_id = field.chosen()
    name: str = field.name_of(user_id)
    reminder.assign(user_id, by=member, named=(field.name_of(reminder.assigned_to_id), name))
    return name
