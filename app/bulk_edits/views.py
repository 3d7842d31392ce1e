"""Changing many records of a list at once: what and how many, then doing it.

A module takes these addresses with `bulk_edits_of(bp, kind)`, below its own and with the permissions of its acts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func

from ..changes.models import ChangeSet
from ..current import member
from ..db import db
from ..formats import format_number
from ..lists.addresses import give
from ..lists.selection import Chosen
from ..once import once
from ..tags.models import Tag
from ..web import go, kept_list, list_url, page, said
from .editing import AT_THE_CLICK, apply_bulk_edit, do_all
from .forms import BulkForm, BulkTagForm
from .kinds import KINDS, Act, BulkAct, Kind
from .models import BulkEdit


class BulkEdits:
    """The addresses of one kind's bulk edits."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def allowed_act(self, sent: str | None) -> Act:
        """The one that was asked for, which must be allowed; where none was, the first that is."""
        acts = {act.name: act for act in self.kind.acts}
        act = acts.get(sent or "") or next((one for one in self.kind.acts if member.can(one.permission)), None)
        if act is None or not member.can(act.permission):
            abort(403)
        return act

    def chosen(self, sent: Any) -> Chosen:
        return Chosen.sent(self.kind.records, sent, kept_list() or "", member)

    def new(self) -> ResponseReturnValue:
        act = self.allowed_act(request.args.get("act"))
        return self.form_page(act.form(formdata=None), act, self.chosen(request.args))

    def form_page(self, form: BulkForm, act: Act, chosen: Chosen, status: int = 200) -> ResponseReturnValue:
        return page(
            "bulk_edits/new.html",
            status,
            kind=self.kind,
            form=form,
            act=act,
            chosen=chosen,
            tags=names_of_tags() if isinstance(form, BulkTagForm) else [],
            back=list_url(self.kind.records.listing.endpoint),
        )

    @once
    def create(self) -> ResponseReturnValue:
        act = self.allowed_act(request.form.get("act"))
        form, chosen = act.form(), self.chosen(request.form)
        status = self.refusal(form, chosen)
        deed = deed_of(form, act) if status is None else None
        if deed is None:
            return self.form_page(form, act, chosen, status or 422)
        edit, change_set = BulkEdit.begin(
            self.kind,
            **deed,
            change=act.change,
            expected=chosen.count,
            chosen=chosen.chosen,
            record_ids=chosen.ids,
            by=member,
        )
        return self.answer(edit, change_set, chosen.count)

    def refusal(self, form: BulkForm, chosen: Chosen) -> int | None:
        """The status with which the form is shown again; None when it can be done."""
        if not form.validate():
            return 422
        if not chosen.count:
            form.form_errors = [f"{self.kind.nothing[0]}."]
            return 422
        if form.count.data != chosen.count:
            count = format_number(chosen.count)
            form.form_errors = [
                _("The list has changed: there are %(count)s by now. Look again before you go on.", count=count)
            ]
            return 409
        return None

    def answer(self, edit: BulkEdit, change_set: ChangeSet, count: int) -> ResponseReturnValue:
        if count > min(AT_THE_CLICK, self.kind.at_once(edit.act, edit.fields) or AT_THE_CLICK):
            apply_bulk_edit.later(change_set_id=edit.change_set_id, user_id=member.id)
            return go("changes.show", number=change_set.number)
        do_all(edit, change_set, by=member)
        if not (changed := change_set.total):
            said(_("Nothing to change: all of them are so already"), category="info")
        else:
            undo = url_for("changes.create_roll_back", number=change_set.number)
            said(_("%(many)s changed", many=self.kind.many(changed)), undo_url=undo)
        return redirect(list_url(self.kind.records.listing.endpoint), 303)


def names_of_tags() -> Sequence[str]:
    offered = Tag.visible_to(member).where(Tag.archived_at.is_(None)).with_only_columns(Tag.name)
    return db.session.scalars(offered.order_by(func.lower(Tag.name))).all()


def deed_of(form: BulkForm, act: Act) -> dict[str, Any] | None:
    """What is done to all of them, and how it is called; None, with the reason beside its field, where there is nothing
    to do."""
    if act.name == BulkAct.ARCHIVE:
        return {"act": BulkAct.ARCHIVE, "fields": {}, "title": form.title()}
    if isinstance(form, BulkTagForm):
        return tagging_of(form)
    fields = form.fields()
    if not fields:
        form.form_errors = [_("Choose what to change.")]
        return None
    return {"act": BulkAct.EDIT, "fields": fields, "title": form.title()}


def tagging_of(form: BulkTagForm) -> dict[str, Any] | None:
    tag = form.tag_carried() if form.comes_off else form.tag()
    if tag is None:
        return None
    title = _("Tag taken off: %(tag)s", tag=tag.name) if form.comes_off else _("Tag: %(tag)s", tag=tag.name)
    return {"act": BulkAct.UNTAG if form.comes_off else BulkAct.TAG, "fields": {}, "title": title, "tag_id": tag.id}


def bulk_edits_of(bp: Blueprint, kind: Kind, *, place: str = "") -> None:
    """Give the kind's blueprint the addresses of its bulk edits, below `place`."""
    KINDS[kind.name] = kind
    bulk, permissions = BulkEdits(kind), dict.fromkeys(act.permission for act in kind.acts)
    ways = (
        ("GET", f"{place}/bulk-edits/new", "new_bulk_edit", bulk.new),
        ("POST", f"{place}/bulk-edits", "create_bulk_edit", bulk.create),
    )
    give(bp, ways, *permissions, limit="bulk")
