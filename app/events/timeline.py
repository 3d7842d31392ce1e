"""The timeline of a record: its events, newest first, in words."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, union_all

from ..crypto import Unreadable
from ..db import db
from .models import Event, EventMention, SubjectKey, keyring, open_events, place_of_key

# event name → (icon, tone, words: details → sentence continuing the actor's name)
Teller = Callable[[Mapping[str, Any]], str]
TELLERS: dict[str, tuple[str, str, Teller]] = {}
# The details of an event that are personal, by its name.
PERSONAL: dict[str, frozenset[str]] = {}


def shown(value: Any) -> str:
    """A recorded value as text."""
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def one_of(choices: list[tuple[Any, Any]]) -> Callable[[Any], str]:
    """How a recorded value reads where it is one of these (value, label)."""
    words = {str(value): label for value, label in choices}
    return lambda value: str(words.get(str(value), shown(value)))


@dataclass(frozen=True)
class FieldWords:
    """What a changed field is called, and how its values read. `personal`: hidden in the audit log from who may not
    open the record."""

    label: Any
    words: Callable[[Any], str] = shown
    personal: bool = False


FIELDS: dict[str, Mapping[str, FieldWords]] = {}


@dataclass(frozen=True)
class Entry:
    """One line of a timeline. `changes`: (label, old, new) as shown."""

    id: uuid.UUID
    icon: str
    tone: str
    who: str
    text: str
    at: datetime
    changes: list[tuple[str, str, str]] = field(default_factory=list)


def describes(names: Iterable[str], fields: Mapping[str, FieldWords]) -> None:
    """Register what the changed fields of these events are called."""
    for name in names:
        FIELDS[name] = fields


class Told(dict[str, Any]):
    """The details of an event, for a sentence that may name some it lacks."""

    def __missing__(self, name: str) -> str:
        return ""


def tells(
    name: str,
    text: str | None = None,
    *,
    icon: str,
    tone: str = "",
    personal: Iterable[str] = (),
    words: Mapping[str, Callable[[Any], str]] | None = None,
) -> Callable[[Teller], Teller]:
    """Register the sentence that tells of one event: `text`, which names details as `%(name)s`, or what the decorated
    function makes of them. `personal`: the details of which it says what the audit log hides from who may not open the
    record. `words`: how the value of a detail reads."""

    def register(teller: Teller) -> Teller:
        if name in TELLERS:
            raise ValueError(f"{name} is told already")
        TELLERS[name] = (icon, tone, teller)
        PERSONAL[name] = frozenset(personal)
        return teller

    def say(details: Mapping[str, Any]) -> str:
        told = type(details)(details) if isinstance(details, Told) else Told(details)
        told.update({detail: read(told[detail]) for detail, read in (words or {}).items()})
        return str(text) % told

    if text is not None:
        register(say)
    return register


def timeline(
    subject_type: str,
    subject_id: uuid.UUID,
    *,
    limit: int = 20,
    before: uuid.UUID | None = None,
    only: str | None = None,
) -> list[Entry]:
    """The record's entries, its own and those that mention it, newest first; one statement, and one more where they
    tell of other records. `before`: the id of an entry already shown; `only`: which of its own
    events."""
    own = select(Event.id).where(Event.subject_type == subject_type, Event.subject_id == subject_id)
    if only is not None:
        own = own.where(Event.name == only)
    mentions = select(EventMention.event_id).where(
        EventMention.subject_type == subject_type, EventMention.subject_id == subject_id
    )
    if before is not None:
        own, mentions = own.where(Event.id < before), mentions.where(EventMention.event_id < before)
    parts = [(own, Event.id), (mentions, EventMention.event_id)][: 1 if only else 2]
    newest = [select(part.order_by(column.desc()).limit(limit).subquery()) for part, column in parts]
    rows = db.session.execute(
        select(Event, SubjectKey.sealed_key)
        .outerjoin(
            SubjectKey,
            (SubjectKey.subject_type == Event.subject_type) & (SubjectKey.subject_id == Event.subject_id),
        )
        .where(Event.id.in_(union_all(*newest)))
        .order_by(Event.id.desc())
        .limit(limit)
    ).all()
    keys = {(event.subject_type, event.subject_id): sealed for event, sealed in rows}
    opened = {subject: open_key(sealed, *subject) for subject, sealed in keys.items()}
    words = open_events((one.id, one.sealed, opened[one.subject_type, one.subject_id]) for one, _sealed in rows)
    return [_entry(event, said) for (event, _sealed), said in zip(rows, words, strict=True)]


def open_key(sealed: bytes | None, subject_type: str, subject_id: uuid.UUID) -> bytes | None:
    try:
        return keyring().open(sealed, place=place_of_key(subject_type, subject_id)) if sealed else None
    except Unreadable:  # FIELD_KEYS lacks its key: the page opens all the same
        return None


def _entry(event: Event, words: Mapping[str, Any] | None) -> Entry:
    icon, tone, teller = TELLERS.get(event.name, ("pencil", "", lambda details: _("changed this")))
    if words is None:
        return Entry(event.id, icon, tone, _("Somebody"), _("did something that was erased since"), event.occurred_at)
    details = words["details"]
    return Entry(event.id, icon, tone, words["actor"], teller(details), event.occurred_at, _changes(event, words))


def _changes(event: Event, words: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What changed, in words. Values that are ids were recorded with the names they stood for (`named`)."""
    fields, named = FIELDS.get(event.name, {}), words["details"].get("named", {})
    labels = words["details"].get("labels", {})  # of fields that a port made up, as they were called then
    changes = []
    for name, values in words["changes"].items():
        field = fields.get(name) or FieldWords(labels.get(name, name))
        old, new = named.get(name, values)
        changes.append((str(field.label), field.words(old), field.words(new)))
    return changes
