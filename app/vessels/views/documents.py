"""Documents of a vessel: add, change, remove, put back; verify and take that back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from ...current import member
from ...files.content import Content
from ...forms import Clash
from ...once import once
from ...web import find_or_404, go, kept_list, page, requires, said
from ..forms import DocumentForm
from ..models import Document, DocumentKind, Vessel
from . import PLACE, bp
from .vessels import by_number, locked, put_away, refusal, unarchived

ONE = f"{PLACE}/<int:number>/documents/<uuid:document_id>"


def document_of(vessel: Vessel, document_id: uuid.UUID) -> Document:
    """Also one that was removed: removing twice and putting back find it."""
    found = select(Document).where(Document.vessel_id == vessel.id, Document.id == document_id)
    return find_or_404(found.options(joinedload(Document.attached)))


@bp.get(f"{PLACE}/<int:number>/documents/new")
@requires("clients.edit")
def new_document(number: int) -> ResponseReturnValue:
    vessel = unarchived(find_or_404(by_number(number)))
    kind = request.args.get("kind")
    kind = kind if kind in list(DocumentKind) else DocumentKind.INSURANCE
    form = DocumentForm(formdata=None, data={"kind": kind, "cover_currency": ""})
    return page("vessels/documents/new.html", vessel=vessel, form=form)


@bp.post(f"{PLACE}/<int:number>/documents")
@requires("clients.edit", limit="upload")
def create_document(number: int) -> ResponseReturnValue:
    vessel, form = find_or_404(by_number(number)), DocumentForm()
    if status := refusal(form, vessel):
        return page("vessels/documents/new.html", status, vessel=vessel, form=form)
    answer: ResponseReturnValue = take_in(form, form.kept(vessel), number=number)
    return answer


@once
def take_in(form: DocumentForm, content: Content | None, *, number: int) -> ResponseReturnValue:
    """In the transaction that began when the file was stored."""
    vessel = locked(number)
    if status := put_away(form, vessel):
        return page("vessels/documents/new.html", status, vessel=vessel, form=form)
    document = Document.create(vessel, form.written(form.values()), by=member)
    if content is not None:
        document.attach(vessel, content, by=member)
    said(_("Document added"))
    return go("vessels.show", number=number, list=kept_list())


@bp.get(f"{ONE}/edit")
@requires("clients.edit")
def edit_document(number: int, document_id: uuid.UUID) -> ResponseReturnValue:
    vessel = unarchived(find_or_404(by_number(number)))
    document = document_of(vessel, document_id)
    if document.archived_at is not None:
        abort(404)
    form = DocumentForm(formdata=None, obj=document)
    form.open(document)
    return edit_page(vessel, document, form, 200)


def edit_page(
    vessel: Vessel, document: Document, form: DocumentForm, status: int, *, clashes: Sequence[Clash] = ()
) -> ResponseReturnValue:
    context: dict[str, Any] = {"vessel": vessel, "document": document, "form": form, "clashes": list(clashes)}
    return page("vessels/documents/edit.html", status, **context)


@bp.put(ONE)
@requires("clients.edit", limit="upload")
def update_document(number: int, document_id: uuid.UUID) -> ResponseReturnValue:
    vessel = find_or_404(by_number(number))
    document = document_of(vessel, document_id)
    form = DocumentForm(obj=document)
    if status := refusal(form, vessel) or removed(form, document):
        return edit_page(vessel, document, form, status)
    return write(form, form.kept(vessel), number=number, document_id=document_id)


def write(form: DocumentForm, content: Content | None, *, number: int, document_id: uuid.UUID) -> ResponseReturnValue:
    vessel = locked(number)
    document = document_of(vessel, document_id)
    if status := put_away(form, vessel) or removed(form, document):
        return edit_page(vessel, document, form, status)
    edit = form.compare(document, told_in=vessel)
    if edit.clashes:
        return edit_page(vessel, document, form, 409, clashes=edit.clashes)
    document.update(vessel, form.written(edit.changes), by=member)
    if content is not None:
        document.attach(vessel, content, by=member)
    said(_("Document saved"))
    return go("vessels.show", number=number, list=kept_list())


def removed(form: DocumentForm, document: Document) -> int | None:
    if document.archived_at is None:
        return None
    form.form_errors = [_("Somebody removed this document meanwhile. Add it anew to keep it.")]
    return 409


@bp.delete(ONE)
@requires("clients.edit")
def destroy_document(number: int, document_id: uuid.UUID) -> ResponseReturnValue:
    vessel = unarchived(locked(number))
    document_of(vessel, document_id).archive(vessel, by=member)
    undo = url_for("vessels.create_document_restoration", number=number, list=kept_list(), document_id=document_id)
    said(_("Document removed"), undo_url=undo)
    return go("vessels.show", number=number, list=kept_list())


@bp.post(f"{ONE}/restoration")
@requires("clients.edit")
def create_document_restoration(number: int, document_id: uuid.UUID) -> ResponseReturnValue:
    vessel = unarchived(locked(number))
    document_of(vessel, document_id).restore(vessel, by=member)
    said(_("Document is back"))
    return go("vessels.show", number=number, list=kept_list())


@bp.post(f"{ONE}/verification")
@requires("clients.edit")
def create_verification(number: int, document_id: uuid.UUID) -> ResponseReturnValue:
    vessel = unarchived(locked(number))
    document_of(vessel, document_id).verify(vessel, by=member)
    undo = url_for(
        "vessels.destroy_verification", number=number, list=kept_list(), document_id=document_id, _method="DELETE"
    )
    said(_("Document verified"), undo_url=undo)
    return go("vessels.show", number=number, list=kept_list())


@bp.delete(f"{ONE}/verification")
@requires("clients.edit")
def destroy_verification(number: int, document_id: uuid.UUID) -> ResponseReturnValue:
    vessel = unarchived(locked(number))
    document_of(vessel, document_id).unverify(vessel, by=member)
    said(_("The document counts as not verified"))
    return go("vessels.show", number=number, list=kept_list())
