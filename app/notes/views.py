"""Notes on a record: write, change, pin, remove, put back.

A module takes these addresses with `takes_notes(bp, noted)`, below the page of the record. The page includes
`templates/notes/_notes.html`, and `_form.html` for who may write one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from ..current import member
from ..errors import Refused
from ..forms import Clash, Form
from ..once import once
from ..web import find_or_404, go, kept_list, page, requires, said
from .forms import EditNoteForm, NoteForm
from .models import AnyNote
from .queries import names_here


@dataclass(frozen=True)
class Noted:
    """Records that notes are about, as the views of their module know them. `place`: where the page of one is; `edits`:
    who may write notes; `find`: the one of that number, locked; `check`: gives it, or raises Refused where it is put
    away; `refusal`: the status of a form that cannot be acted on, with the reasons in the form; `show`: the page of
    the record, as the answer of a form on it (`note_form`) with that status; `name`: what the record is called; `list`:
    the list it stands in, as (label, endpoint)."""

    note: type[AnyNote]
    place: str
    edits: str
    find: Callable[[int], Any]
    check: Callable[[Any], Any]
    refusal: Callable[[Form, Any], int | None]
    show: Callable[..., ResponseReturnValue]
    name: Callable[[Any], str]
    list: tuple[Any, str]


class Notes:
    """The addresses of the notes on one kind of record."""

    def __init__(self, module: str, of: Noted) -> None:
        self.module, self.of = module, of

    @once
    def create(self, number: int) -> ResponseReturnValue:
        record, form = self.of.find(number), NoteForm()
        if status := self.of.refusal(form, record):
            form.body.errors = [*form.body.errors, *form.form_errors]
            return self.of.show(record, status, note_form=form)
        self.of.note.create(record, str(form.body.data), pinned=bool(form.pinned.data), by=member)
        said(_("Note added"))
        return self.back_to(record)

    def edit(self, number: int, note_id: uuid.UUID) -> ResponseReturnValue:
        record = self.in_use(number)
        note = self.own_note(record, note_id)
        form = EditNoteForm(formdata=None, obj=note)
        form.open(note)
        return self.edit_page(record, note, form, 200)

    def update(self, number: int, note_id: uuid.UUID) -> ResponseReturnValue:
        record = self.of.find(number)
        note = self.own_note(record, note_id)
        form = EditNoteForm(obj=note)
        if status := self.of.refusal(form, record):
            return self.edit_page(record, note, form, status)
        edit = form.compare(note, told_in=record)
        if edit.clashes:
            return self.edit_page(record, note, form, 409, clashes=edit.clashes)
        note.update(record, edit.changes.get("body", note.body), by=member)
        said(_("Note saved"))
        return self.back_to(record, anchor=f"note-{note_id}")

    def pin(self, number: int, note_id: uuid.UUID) -> ResponseReturnValue:
        record = self.in_use(number)
        self.standing(record, note_id).pin(record, by=member)
        said(_("Note pinned"), undo_url=self.url("destroy_note_pin", record, note_id, _method="DELETE"))
        return self.back_to(record)

    def unpin(self, number: int, note_id: uuid.UUID) -> ResponseReturnValue:
        record = self.in_use(number)
        self.standing(record, note_id).unpin(record, by=member)
        said(_("Note unpinned"), undo_url=self.url("create_note_pin", record, note_id))
        return self.back_to(record)

    def destroy(self, number: int, note_id: uuid.UUID) -> ResponseReturnValue:
        record = self.in_use(number)
        self.note_of(record, note_id).archive(record, by=member)
        said(_("Note removed"), undo_url=self.url("create_note_restoration", record, note_id))
        return self.back_to(record)

    def restore(self, number: int, note_id: uuid.UUID) -> ResponseReturnValue:
        record = self.in_use(number)
        self.note_of(record, note_id).restore(record, by=member)
        said(_("Note is back"))
        return self.back_to(record)

    def edit_page(
        self, record: Any, note: AnyNote, form: EditNoteForm, status: int, *, clashes: Sequence[Clash] = ()
    ) -> ResponseReturnValue:
        return page(
            "notes/edit.html",
            status,
            record=record,
            name=self.of.name(record),
            module=self.module,
            list=self.of.list,
            note=note,
            form=form,
            clashes=list(clashes),
            colleagues=names_here(record.port_id),
        )

    def in_use(self, number: int) -> Any:
        record = self.of.find(number)
        self.of.check(record)
        return record

    def note_of(self, record: Any, note_id: uuid.UUID) -> AnyNote:
        kind = self.of.note
        return find_or_404(select(kind).where(getattr(kind, kind.HOLDER) == record.id, kind.id == note_id))

    def standing(self, record: Any, note_id: uuid.UUID) -> AnyNote:
        """One that was not removed."""
        note = self.note_of(record, note_id)
        if note.archived_at is not None:
            abort(404)
        return note

    def own_note(self, record: Any, note_id: uuid.UUID) -> AnyNote:
        """One that stands and that the member wrote."""
        note = self.standing(record, note_id)
        if note.author_id != member.id:
            url = url_for(f"{self.module}.show", number=record.number)
            text = _("Only %(name)s can change this note.", name=note.author_name or _("its author"))
            raise Refused(text, url=url, label=_("Open"))
        return note

    def url(self, name: str, record: Any, note_id: uuid.UUID, **values: Any) -> str:
        return url_for(f"{self.module}.{name}", number=record.number, note_id=note_id, list=kept_list(), **values)

    def back_to(self, record: Any, *, anchor: str | None = None) -> ResponseReturnValue:
        return go(f"{self.module}.show", number=record.number, list=kept_list(), _anchor=anchor)


def takes_notes(bp: Blueprint, of: Noted) -> None:
    """Give the records' blueprint the addresses of their notes; it is called as the address of its pages."""
    notes, one = Notes(bp.name, of), f"{of.place}/notes/<uuid:note_id>"
    ways: tuple[tuple[str, str, str, Callable[..., ResponseReturnValue]], ...] = (
        ("POST", f"{of.place}/notes", "create_note", notes.create),
        ("GET", f"{one}/edit", "edit_note", notes.edit),
        ("PUT", one, "update_note", notes.update),
        ("DELETE", one, "destroy_note", notes.destroy),
        ("POST", f"{one}/pin", "create_note_pin", notes.pin),
        ("DELETE", f"{one}/pin", "destroy_note_pin", notes.unpin),
        ("POST", f"{one}/restoration", "create_note_restoration", notes.restore),
    )
    for method, path, name, view in ways:
        bp.add_url_rule(path, name, stated(view, of), methods=[method])


def stated(view: Callable[..., ResponseReturnValue], of: Noted) -> Callable[..., ResponseReturnValue]:
    def answer(**values: Any) -> ResponseReturnValue:
        return view(**values)

    return requires(of.edits)(answer)
