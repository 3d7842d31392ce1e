"""Words of another record inside an event: kept under that record's own key, and gone when it is erased.

    client.record("relationshipAdded", by=by, person=client.full_name, other=Of("client", to.id, to.full_name))

Whoever opens the event reads the words in their place, or after the erasure that they were erased.
"""

from __future__ import annotations

import json
import re
import uuid
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from ..crypto import Unreadable, open_sealed, seal

MARK = "sealed_for"
MARKED = re.compile(r'"sealed_for": \["(\w+)", "([0-9a-f-]{36})"\]')

Subject = tuple[str, uuid.UUID]


@dataclass(frozen=True)
class Of:
    """`words`, any JSON value, about the record named."""

    subject_type: str
    subject_id: uuid.UUID
    words: Any

    def sealed(self, event_id: uuid.UUID, key: bytes) -> dict[str, Any]:
        subject = (self.subject_type, self.subject_id)
        plain = json.dumps(self.words, default=str).encode()
        return {
            MARK: [self.subject_type, str(self.subject_id)],
            "words": b64encode(seal(key, plain, place=_place(event_id, subject))).decode(),
            "is_text": isinstance(self.words, str),
        }


def written(words: Mapping[str, Any], event_id: uuid.UUID, key_of: Callable[[Subject], bytes]) -> bytes:
    """The words of an event as JSON, with what is somebody else's sealed."""

    def as_json(value: Any) -> Any:
        if isinstance(value, Of):
            return value.sealed(event_id, key_of((value.subject_type, value.subject_id)))
        return str(value)

    return json.dumps(words, default=as_json).encode()


def subjects_in(text: str) -> set[Subject]:
    """Whose words are in it besides the event's own subject."""
    return {(kind, uuid.UUID(found)) for kind, found in MARKED.findall(text)} if MARK in text else set()


def read(text: str, event_id: uuid.UUID, keys: Mapping[Subject, bytes]) -> dict[str, Any]:
    """The words again, all of them in their places; those without a key were erased."""

    def revealed(found: dict[str, Any]) -> Any:
        if MARK not in found:
            return found
        kind, subject_id = found[MARK]
        subject = (kind, uuid.UUID(subject_id))
        try:
            return json.loads(open_sealed(keys[subject], b64decode(found["words"]), place=_place(event_id, subject)))
        except (KeyError, Unreadable):
            return _("(erased)") if found["is_text"] else None

    words: dict[str, Any] = json.loads(text, object_hook=revealed if MARK in text else None)
    return words


def _place(event_id: uuid.UUID, subject: Subject) -> str:
    return f"events:{event_id}:of:{subject[0]}:{subject[1]}"
