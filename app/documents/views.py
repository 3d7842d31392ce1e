"""Documents: those of a client, and each by itself."""

from __future__ import annotations

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from ..clients.models import Client
from ..current import member
from ..events.timeline import timeline
from ..web import find_or_404, page, requires
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
