"""Documents: those of a client, and each by itself."""

from __future__ import annotations

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from ..clients.models import Client
from ..current import member
from ..db import db
from ..events.timeline import timeline
from ..interests.models import Interest
from ..numbers import has_number
from ..web import find_or_404, go, page, requires, said
from .forms import VoidForm
from .labels import TONES
from .models import Document
from .queries import LATEST, document_of, documents_of

bp = Blueprint("documents", __name__)


@bp.get("/<port>/clients/<int:number>/documents")
@requires("documents.view")
def index_of_client(number: int) -> ResponseReturnValue:
    client = find_or_404(Client.numbered(number, member).options(joinedload(Client.owner)))
    documents = documents_of(client, member)
    return page(
        "documents/of_client.html", follow=[f"client:{number}"], client=client, documents=documents, tones=TONES
    )


@bp.get("/<port>/documents/<int:number>")
@requires("documents.view")
def show(number: int) -> ResponseReturnValue:
    document = document_of(number, member) or abort(404)
    return page(
        "documents/show.html",
        follow=[f"document:{number}"],
        document=document,
        tones=TONES,
        timeline=timeline(Document.subject_type, document.id, limit=LATEST),
    )


def void_page(number: int, form: VoidForm, status: int = 200) -> ResponseReturnValue:
    return page("documents/void.html", status, document=document_of(number, member) or abort(404), form=form)


@bp.get("/<port>/documents/<int:number>/void")
@requires("documents.delete")
def new_void(number: int) -> ResponseReturnValue:
    return void_page(number, VoidForm(formdata=None))


@bp.post("/<port>/documents/<int:number>/void")
@requires("documents.delete")
def create_void(number: int) -> ResponseReturnValue:
    """It stands for nothing any more; its file stays. The interest takes turns with who moves it."""
    found, form = Document.visible_to(member).where(has_number(Document, number)), VoidForm()
    about = find_or_404(found).interest_id
    if not form.validate():
        return void_page(number, form, 422)
    interests = Interest.visible_to(member).where(Interest.id == about).with_for_update()
    interest = db.session.scalars(interests).one_or_none() if about else None
    latest = found.with_for_update(of=Document).execution_options(populate_existing=True)
    if find_or_404(latest).void(str(form.reason.data), interest=interest, by=member):
        said(_("The document is void"))
    return go("documents.show", number=number)
