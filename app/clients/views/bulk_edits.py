"""Changing many clients at once: what and to how many, then doing it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func

from ...changes.models import ChangeSet
from ...current import member
from ...db import db
from ...formats import format_number
from ...once import once
from ...tags.models import Tag
from ...web import go, kept_list, list_url, page, requires, said
from ..bulk.editing import AT_THE_CLICK, apply_bulk_edit, do_all
from ..bulk.selection import Selection
from ..forms import BulkEditForm, BulkTagForm
from ..models.bulk_edit import BulkAct, BulkEdit
from . import bp

# What is offered, and which permission it takes.
ACTS = {"edit": "clients.edit", "assign": "clients.edit", "tag": "clients.edit", "archive": "clients.delete"}


def allowed_act(sent: str) -> str:
    act = sent if sent in ACTS else "edit"
    if not member.can(ACTS[act]):
        abort(403)
    return act


def form_of(act: str, **values: Any) -> BulkEditForm | BulkTagForm:
    return BulkTagForm(**values) if act == "tag" else BulkEditForm(**values)


@bp.get("/bulk-edits/new")
@requires("clients.edit", "clients.delete")
def new_bulk_edit() -> ResponseReturnValue:
    act = allowed_act(request.args.get("act") or ("edit" if member.can("clients.edit") else "archive"))
    selection = Selection.sent(request.args, kept_list() or "", member)
    return form_page(form_of(act, formdata=None), act, selection)


def form_page(
    form: BulkEditForm | BulkTagForm, act: str, selection: Selection, status: int = 200
) -> ResponseReturnValue:
    return page(
        "clients/bulk_edits/new.html",
        status,
        form=form,
        act=act,
        selection=selection,
        tags=names_of_tags() if act == "tag" else [],
        back=list_url("clients.index"),
    )


def names_of_tags() -> Sequence[str]:
    offered = Tag.visible_to(member).where(Tag.archived_at.is_(None)).with_only_columns(Tag.name)
    return db.session.scalars(offered.order_by(func.lower(Tag.name))).all()


@bp.post("/bulk-edits")
@requires("clients.edit", "clients.delete", limit="bulk")
@once
def create_bulk_edit() -> ResponseReturnValue:
    act = allowed_act(request.form.get("act") or ("edit" if member.can("clients.edit") else "archive"))
    form, selection = form_of(act), Selection.sent(request.form, kept_list() or "", member)
    status = refusal(form, selection)
    deed = deed_of(form, act) if status is None else None
    if deed is None:
        return form_page(form, act, selection, status or 422)
    edit, change_set = BulkEdit.begin(
        **deed,
        expected=selection.count,
        chosen=selection.chosen,
        client_ids=selection.client_ids,
        by=member,
    )
    return answer(edit, change_set, selection.count)


def refusal(form: BulkEditForm | BulkTagForm, selection: Selection) -> int | None:
    """The status with which the form is shown again; None when it can be done."""
    if not form.validate():
        return 422
    if not selection.count:
        form.form_errors = [_("Nobody is selected.")]
        return 422
    if form.count.data != selection.count:
        count = format_number(selection.count)
        form.form_errors = [
            _("The list has changed: there are %(count)s by now. Look again before you go on.", count=count)
        ]
        return 409
    return None


def deed_of(form: BulkEditForm | BulkTagForm, act: str) -> dict[str, Any] | None:
    """What is done to all of them, and how it is called; None, with the reason beside its field, where there is nothing
    to do."""
    if act == "archive":
        return {"act": BulkAct.ARCHIVE, "fields": {}, "title": _("Archive")}
    if isinstance(form, BulkTagForm):
        return tagging_of(form)
    fields = form.fields_of(act)
    if not fields:
        form.form_errors = [_("Choose what to change.")]
        return None
    title = ", ".join(f"{form[name].label.text}: {form.word_of(name)}" for name in fields)
    return {"act": BulkAct.EDIT, "fields": fields, "title": title}


def tagging_of(form: BulkTagForm) -> dict[str, Any] | None:
    comes_off = form.way.data == BulkAct.UNTAG
    tag = form.tag_carried() if comes_off else form.tag()
    if tag is None:
        return None
    title = _("Tag taken off: %(tag)s", tag=tag.name) if comes_off else _("Tag: %(tag)s", tag=tag.name)
    return {"act": BulkAct.UNTAG if comes_off else BulkAct.TAG, "fields": {}, "title": title, "tag_id": tag.id}


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
