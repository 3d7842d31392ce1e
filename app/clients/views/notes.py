"""Notes on a client: write, change, pin, remove, put back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from flask import abort, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from ...current import member
from ...errors import Refused
from ...forms import Clash
from ...once import once
from ...web import find_or_404, go, kept_list, page, requires, said
from ..forms import EditNoteForm, NoteForm
from ..models import Client, Note
from ..queries import names_here
from . import bp
from .clients import by_number, locked, refusal, show_page, unarchived


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


def own_note(client: Client, note_id: uuid.UUID) -> Note:
    """One that stands and that the member wrote."""
    note = note_of(client, note_id)
    if note.archived_at is not None:
        abort(404)
    if note.author_id != member.id:
        url = url_for("clients.show", number=client.number)
        text = _("Only %(name)s can change this note.", name=note.author_name or _("its author"))
        raise Refused(text, url=url, label=_("Open"))
    return note


@bp.get("/<int:number>/notes/<uuid:note_id>/edit")
@requires("clients.edit")
def edit_note(number: int, note_id: uuid.UUID) -> ResponseReturnValue:
    client = unarchived(find_or_404(by_number(number)))
    note = own_note(client, note_id)
    form = EditNoteForm(formdata=None, obj=note)
    form.open(note)
    return edit_page(client, note, form, 200)


def edit_page(
    client: Client, note: Note, form: EditNoteForm, status: int, *, clashes: Sequence[Clash] = ()
) -> ResponseReturnValue:
    return page(
        "clients/notes/edit.html",
        status,
        client=client,
        note=note,
        form=form,
        clashes=list(clashes),
        colleagues=names_here(),
    )


@bp.put("/<int:number>/notes/<uuid:note_id>")
@requires("clients.edit")
def update_note(number: int, note_id: uuid.UUID) -> ResponseReturnValue:
    client = locked(number)
    note = own_note(client, note_id)
    form = EditNoteForm(obj=note)
    if status := refusal(form, client):
        return edit_page(client, note, form, status)
    edit = form.compare(note, told_in=client)
    if edit.clashes:
        return edit_page(client, note, form, 409, clashes=edit.clashes)
    note.update(client, edit.changes.get("body", note.body), by=member)
    said(_("Note saved"))
    return go("clients.show", number=number, list=kept_list(), _anchor=f"note-{note_id}")


@bp.post("/<int:number>/notes/<uuid:note_id>/pin")
@requires("clients.edit")
def create_note_pin(number: int, note_id: uuid.UUID) -> ResponseReturnValue:
    client = unarchived(locked(number))
    note_of(client, note_id).pin(client, by=member)
    undo = url_for("clients.destroy_note_pin", number=number, note_id=note_id, list=kept_list(), _method="DELETE")
    said(_("Note pinned"), undo_url=undo)
    return go("clients.show", number=number, list=kept_list())


@bp.delete("/<int:number>/notes/<uuid:note_id>/pin")
@requires("clients.edit")
def destroy_note_pin(number: int, note_id: uuid.UUID) -> ResponseReturnValue:
    client = unarchived(locked(number))
    note_of(client, note_id).unpin(client, by=member)
    undo = url_for("clients.create_note_pin", number=number, note_id=note_id, list=kept_list())
    said(_("Note unpinned"), undo_url=undo)
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
