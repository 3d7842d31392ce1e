"""Topic of a document, what its events show on open pages, and how timelines tell of it."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from flask import url_for
from flask_babel import lazy_gettext

from .. import live
from ..current import Member
from ..db import db
from ..events.models import Event
from ..events.reactions import on
from ..events.subjects import Shown, families, subjects
from ..events.timeline import one_of, tells
from ..numbers import one_numbered
from .labels import document_words
from .models import TYPES, Document


@live.topic("document")
def document_topic(member: Member, key: str | None) -> str | None:
    found = one_numbered(Document, Document.visible_to(member), key) if member.can("documents.view") else None
    return f"document:{found.id}" if found else None


@on("document:completed", "document:voided")
def show_document(event: Event) -> None:
    """Its own page, and those of whom and what it is about."""
    document = Document.of(event)
    if document is None:
        return
    live.refresh(f"document:{document.id}")
    live.refresh(f"client:{document.client_id}")
    live.refresh(f"client:{document.client_id}:own")
    if document.interest_id is not None:
        live.refresh(f"interest:{document.interest_id}")
    if document.berth_id is not None:
        live.refresh(f"berth:{document.berth_id}")


tells(
    "document:completed",
    lazy_gettext("recorded a signed document: %(type)s"),
    icon="file-text",
    tone="ok",
    words={"type": one_of(TYPES)},
)
tells(
    "document:voided",
    lazy_gettext("made a signed document void: %(type)s: %(reason)s"),
    icon="circle-x",
    tone="warn",
    words={"type": one_of(TYPES)},
)


@subjects("document", lazy_gettext("Document"))
def documents_shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    """Those of them that the member may open."""
    if not member.can("documents.view"):
        return {}
    seen = Document.visible_to(member).where(Document.id.in_(ids))
    rows = db.session.execute(seen.with_only_columns(Document.id, Document.number, Document.type))
    return {
        row.id: Shown(document_words("types", row.type), url_for("documents.show", number=row.number)) for row in rows
    }


families("document", lazy_gettext("Documents"))
