"""Recording what was signed on paper, by its file."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...documents.models import Document, DocumentType
from ...files.content import Content
from ...files.incoming import keep
from ...files.models import File
from ...once import once
from ...web import find_or_404, go, page, requires, said
from ..forms import SignedForm
from . import PLACE, bp
from .interests import by_number, locked, unarchived

ONE = f"{PLACE}/<int:number>/documents"


@bp.get(f"{ONE}/new")
@requires("documents.upload_signed")
def new_document(number: int) -> ResponseReturnValue:
    """`?type=` chooses what was signed."""
    interest = unarchived(find_or_404(by_number(number)))
    form = SignedForm(formdata=None, data={"type": request.args.get("type", DocumentType.EOI)})
    return page("interests/new_document.html", interest=interest, form=form)


@bp.post(ONE)
@requires("documents.upload_signed", limit="upload")
def create_document(number: int) -> ResponseReturnValue:
    interest, form = unarchived(find_or_404(by_number(number))), SignedForm()
    if not form.validate():
        return page("interests/new_document.html", 422, interest=interest, form=form)
    content = keep(form.upload.upload, by=member, entity="interests", entity_id=interest.id)
    answer: ResponseReturnValue = take_in(form, content, number=number)
    return answer


@once
def take_in(form: SignedForm, content: Content, *, number: int) -> ResponseReturnValue:
    """In the transaction that began when the file was stored."""
    interest = unarchived(locked(number))
    file = File.upload(content, port_id=interest.port_id, by=member, record=interest, category="contract")
    of: dict[str, Any] = {"client": interest.client, "interest": interest, "berth": interest.berth}
    Document.record_signed(DocumentType(form.type.data), file, sha256=content.sha256, by=member, **of)
    said(_("Document recorded"))
    return go("interests.show", number=number)
