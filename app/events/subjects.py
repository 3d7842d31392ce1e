"""What events are about: how a kind of record is called, and for whom there is a page of it.

A module's own `reactions.py` fills this; the audit log asks once a kind, whatever the number of lines.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for

from ..current import Member
from ..db import db


@dataclass(frozen=True)
class Shown:
    """A record by its present name, and the address of its page. `is_open`: the member may see all of it, personal
    values too."""

    name: str
    url: str | None = None
    is_open: bool = True


Finder = Callable[[Member, Collection[uuid.UUID]], Mapping[uuid.UUID, Shown]]

LABELS: dict[str, Any] = {}
FINDERS: dict[str, Finder] = {}
FAMILIES: dict[str, Any] = {}


def subjects(subject_type: str, label: Any) -> Callable[[Finder], Finder]:
    """Register what finds those records of a kind that a member may open; what it does not find stays without a name
    and without personal values."""

    def register(finder: Finder) -> Finder:
        LABELS[subject_type], FINDERS[subject_type] = label, finder
        return finder

    return register


def numbered(model: Any, name: Any, endpoint: str, *, needs: Collection[str] = ()) -> Finder:
    """What finds records that have a number: by the column `name`, at the page of theirs, for who holds one of `needs`
    (none: whoever sees them)."""

    def find(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
        if needs and not any(map(member.can, needs)):
            return {}
        seen = model.visible_to(member).where(model.id.in_(ids))
        rows = db.session.execute(seen.with_only_columns(model.id, model.number, name.label("name")))
        return {row.id: Shown(row.name, url_for(endpoint, number=row.number)) for row in rows}

    return find


def families(family: str, label: Any) -> None:
    """Register what the events of a family are called together."""
    FAMILIES[family] = label


def label_of(subject_type: str) -> str:
    return str(LABELS.get(subject_type) or plain(subject_type))


def label_of_family(family: str) -> str:
    return str(FAMILIES.get(family) or plain(family))


def plain(code: str) -> str:
    """`noteAdded` or `note_added` as “Note added”."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", code).lower().capitalize()


def shown_of(member: Member, found: Collection[tuple[str, uuid.UUID]]) -> dict[tuple[str, uuid.UUID], Shown]:
    """Those of the records that the member may open: one statement a kind."""
    shown: dict[tuple[str, uuid.UUID], Shown] = {}
    for kind in sorted({kind for kind, _id in found} & set(FINDERS)):
        ids = {record_id for of, record_id in found if of == kind}
        shown |= {(kind, record_id): one for record_id, one in FINDERS[kind](member, ids).items()}
    return shown
