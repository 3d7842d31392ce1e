"""Changing many clients at once: what and to how many, then doing it."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from ...changes.models import ChangeSet
from ...current import member
from ...formats import format_number
from ...once import once
from ...web import go, kept_list, list_url, page, requires, said
from ..bulk_editing import AT_THE_CLICK, apply_bulk_edit, do_all
from ..forms import BulkEditForm
from ..models.bulk_edit import BulkAct, BulkEdit
from ..selection import Selection
from . import bp

# What is offered, and which permission it takes.
ACTS = {"edit": "clients.edit", "assign": "clients.edit", "archive": "clients.delete"}


def allowed_act(sent: str) -> str:
    act = sent if sent in ACTS else "edit"
    if not member.can(ACTS[act]):
        abort(403)
    return act


@bp.get("/bulk-edits/new")
@requires("clients.edit", "clients.delete")
def new_bulk_edit() -> ResponseReturnValue:
    asked = request.args.get("act") or ("edit" if member.can("clients.edit") else "archive")
    selection = Selection.sent(request.args, kept_list() or "", member)
    return form_page(BulkEditForm(formdata=None), allowed_act(asked), selection)


def form_page(form: BulkEditForm, act: str, selection: Selection, status: int = 200) -> ResponseReturnValue:
    return page(
        "clients/bulk_edits/new.html", status, form=form, act=act, selection=selection, back=list_url("clients.index")
    )


@bp.post("/bulk-edits")
@requires("clients.edit", "clients.delete", limit="bulk")
@once
def create_bulk_edit() -> ResponseReturnValue:
    act = allowed_act(request.form.get("act") or ("edit" if member.can("clients.edit") else "archive"))
    form, selection = BulkEditForm(), Selection.sent(request.form, kept_list() or "", member)
    if status := refusal(form, act, selection):
        return form_page(form, act, selection, status)
    fields = {} if act == "archive" else form.fields_of(act)
    edit, change_set = BulkEdit.begin(
        BulkAct.ARCHIVE if act == "archive" else BulkAct.EDIT,
        fields,
        title=title_of(form, act, fields),
        expected=selection.count,
        chosen=selection.chosen,
        client_ids=selection.client_ids,
        by=member,
    )
    return answer(edit, change_set, selection.count)


def refusal(form: BulkEditForm, act: str, selection: Selection) -> int | None:
    """The status with which the form is shown again; None when it can be done."""
    if not form.validate():
        return 422
    if not selection.count:
        form.form_errors = [_("Nobody is selected.")]
        return 422
    if act != "archive" and not form.fields_of(act):
        form.form_errors = [_("Choose what to change.")]
        return 422
    if form.count.data != selection.count:
        count = format_number(selection.count)
        form.form_errors = [
            _("The list has changed: there are %(count)s by now. Look again before you go on.", count=count)
        ]
        return 409
    return None


def title_of(form: BulkEditForm, act: str, fields: dict[str, Any]) -> str:
    if act == "archive":
        return _("Archive")
    return ", ".join(f"{form[name].label.text}: {form.word_of(name)}" for name in fields)


def answer(edit: BulkEdit, change_set: ChangeSet, count: int) -> ResponseReturnValue:
    if count > AT_THE_CLICK:
        apply_bulk_edit.later(change_set_id=edit.change_set_id, user_id=member.id)
        return go("changes.show", number=change_set.number)
    do_all(edit, change_set, by=member)
    if not (changed := change_set.total):
        said(_("Nothing to change: all of them are so already"), category="info")
    else:
        text = ngettext("%(count)s client changed", "%(count)s clients changed", changed, count=format_number(changed))
        said(text, undo_url=url_for("changes.create_roll_back", number=change_set.number))
    return redirect(list_url("clients.index"), 303)
