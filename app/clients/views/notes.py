"""Notes on a client."""

from __future__ import annotations

import uuid

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from ...current import member
from ...once import once
from ...web import find_or_404, go, kept_list, requires, said
from ..forms import NoteForm
from ..models import Client, Note
from . import bp
from .clients import locked, refusal, show_page, unarchived


def note_of(client: Client, note_id: uuid.UUID) -> Note:
    return find_or_404(select(Note).where(Note.client_id == client.id, Note.id == note_id))


@bp.post("/<int:number>/notes")
@requires("clients.edit")
@once
def create_note(number: int) -> ResponseReturnValue:
    client, form = locked(number), NoteForm()
    if status := refusal(form, client):
        form.body.errors = [*form.body.errors, *form.form_errors]
        return show_page(client, status, note_form=form)
    Note.create(client, str(form.body.data), pinned=bool(form.pinned.data), by=member)
    said(_("Note added"))
    return go("clients.show", number=number, list=kept_list())


@bp.delete("/<int:number>/notes/<uuid:note_id>")
@requires("clients.edit")
def destroy_note(number: int, note_id: uuid.UUID) -> ResponseReturnValue:
    client = unarchived(locked(number))
    note_of(client, note_id).archive(client, by=member)
    undo = url_for("clients.create_note_restoration", number=number, list=kept_list(), note_id=note_id)
    said(_("Note removed"), undo_url=undo)
    return go("clients.show", number=number, list=kept_list())


@bp.post("/<int:number>/notes/<uuid:note_id>/restoration")
@requires("clients.edit")
def create_note_restoration(number: int, note_id: uuid.UUID) -> ResponseReturnValue:
    client = unarchived(locked(number))
    note_of(client, note_id).restore(client, by=member)
    said(_("Note is back"))
    return go("clients.show", number=number, list=kept_list())
