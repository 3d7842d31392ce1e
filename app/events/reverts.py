"""Taking a change back: as a new change through the model's own verb, or the reasons why not."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from .. import formats
from ..crypto import Unreadable
from ..current import Member
from ..db import db
from ..forms import last_changes
from .models import Event, SubjectKey, keyring, place_of_key
from .registry import EVENTS
from .timeline import FIELDS


@dataclass(frozen=True)
class Reason:
    """Why not; `label` names the field, nothing stands for all of it."""

    text: str
    label: str = ""


class NotReverted(Exception):
    """The change stays. Nothing was written."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


# (event, its words, who asks) → whether anything was written
Reverter = Callable[[Event, Mapping[str, Any], Member], bool]


@dataclass(frozen=True)
class Way:
    permission: str
    reverter: Reverter


WAYS: dict[str, Way] = {}


def reverts(*names: str, permission: str) -> Callable[[Reverter], Reverter]:
    """Register what takes these events back for who holds the permission. It answers False where everything is as it
    was already, so that asking twice is asking once, and raises NotReverted."""
    for name in names:
        if name not in EVENTS:
            raise KeyError(name)

    def register(reverter: Reverter) -> Reverter:
        WAYS.update({name: Way(permission, reverter) for name in names})
        return reverter

    return register


def revert(event: Event, way: Way, member: Member) -> bool:
    """Write the event's old values back as a new change; False when they are there already. Raises NotReverted."""
    found = db.session.get(SubjectKey, (event.subject_type, event.subject_id))
    try:
        sealed = found.sealed_key if found else b""
        words = event.opened(keyring().open(sealed, place=place_of_key(event.subject_type, event.subject_id)))
    except Unreadable as error:
        raise NotReverted(Reason(_("what it was before has been erased"))) from error
    return way.reverter(event, words, member)


def what_to_write(
    event: Event, words: Mapping[str, Any], record: Any, *, told_in: Any = None
) -> dict[str, tuple[Any, Any]]:
    """Field → the event's (old, new), for those that still have the event's new value; those that have the old one
    again are left out. `record` is locked. Raises NotReverted when a field was changed again since."""
    written, again = {}, []
    for name, (old, new) in words["changes"].items():
        present = as_recorded(getattr(record, name))
        if present == new:
            written[name] = (old, new)
        elif present != old:
            again.append(name)
    if again:
        labels = words["details"].get("labels", {})
        part = record.id if told_in else None
        raise NotReverted(*changed_again(event, told_in or record, again, part=part, labels=labels))
    return written


def changed_again(
    event: Event,
    record: Any,
    names: Iterable[str],
    *,
    part: uuid.UUID | None,
    labels: Mapping[str, str],
) -> list[Reason]:
    fields, reasons = FIELDS.get(event.name, {}), []
    authors = last_changes(record, list(names), part=part)
    for name in names:
        label = str(fields[name].label) if name in fields else labels.get(name, name)
        if name in authors:
            who, at = authors[name]
            text = _("changed again since by %(who)s on %(time)s", who=who, time=formats.format_datetime(at))
        else:
            text = _("changed again since")
        reasons.append(Reason(text, label))
    return reasons


def as_recorded(value: Any) -> Any:
    """As the value stands in an event."""
    return json.loads(json.dumps(value, default=str))
