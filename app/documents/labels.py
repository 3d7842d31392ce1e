"""What the states of documents are called."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from .models import TYPES, DocumentStatus

STATUSES = [
    (DocumentStatus.DRAFT, _("Draft")),
    (DocumentStatus.SENT, _("Sent")),
    (DocumentStatus.PARTIALLY_SIGNED, _("Partly signed")),
    (DocumentStatus.COMPLETED, _("Signed")),
    (DocumentStatus.DECLINED, _("Declined")),
    (DocumentStatus.EXPIRED, _("Expired")),
    (DocumentStatus.VOID, _("Void")),
]
# How a state looks, as badges know it; the others are plain.
TONES = {
    DocumentStatus.COMPLETED: "ok",
    DocumentStatus.DECLINED: "bad",
    DocumentStatus.EXPIRED: "warn",
    DocumentStatus.VOID: "warn",
}
WORDS: dict[str, dict[Any, Any]] = {"types": dict(TYPES), "statuses": dict(STATUSES)}


def document_words(kind: str, value: str) -> str:
    """What the type or the state of a document is called, for templates."""
    return str(WORDS[kind][value])
