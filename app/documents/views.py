"""Documents: those of a client, and each by itself."""

from __future__ import annotations

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from ..clients.models import Client
from ..current import member
from ..db import db
from ..events.timeline import timeline
from ..numbers import has_number
from ..web import find_or_404, page, requires
from .labels import TONES
from .models import Document
from .queries import LATEST, documents_of, row_columns

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
    found = row_columns(Document.visible_to(member).where(has_number(Document, number)))
    document = db.session.execute(found).one_or_none() or abort(404)
    return page(
        "documents/show.html",
        follow=[f"document:{number}"],
        document=document,
        tones=TONES,
        timeline=timeline(Document.subject_type, document.id, limit=LATEST),
    )
