"""One's own scratchpad: read, write."""

from __future__ import annotations

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ..current import member
from ..web import go, page, said, signed_in
from .forms import LONGEST, ScratchpadForm
from .models import SavedMeanwhile, ScratchpadNote

bp = Blueprint("scratchpad", __name__, url_prefix="/<port>/scratchpad")


@bp.get("")
@signed_in
def show() -> ResponseReturnValue:
    note = ScratchpadNote.of_member(member)
    form = ScratchpadForm(
        formdata=None, data={"body": note.body if note else "", "version": note.version if note else 0}
    )
    return page("scratchpad/show.html", form=form, saved_at=note.updated_at if note else None, longest=LONGEST)


@bp.put("")
@signed_in
def update() -> ResponseReturnValue:
    form = ScratchpadForm()
    if not form.validate():
        if form.version.errors:
            abort(400)
        return page("scratchpad/show.html", 422, form=form, saved_at=None, longest=LONGEST)
    try:
        ScratchpadNote.locked(member).write(form.body.data or "", opened=form.version.data or 0)
    except SavedMeanwhile as meanwhile:
        form.body.data, form.version.data = meanwhile.body, meanwhile.version
        form.form_errors = [
            _("Another window saved its words meanwhile. Both stand below: take out what is too much, then save.")
        ]
        return page("scratchpad/show.html", 409, form=form, saved_at=None, longest=LONGEST)
    said(_("Your notes are saved"))
    return go("scratchpad.show")
