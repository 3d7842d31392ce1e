"""Kind: what a module brings so that many records of a list can be changed at once.

The form's page, the steps and the change set are the same for all of them. A kind is registered by `bulk_edits_of` in
`views.py`, which gives its blueprint the pages; how its records are put back, its `put_back.py` says.
"""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from ..events.bulk import Happening
from ..events.models import Actor
from ..lists.records import Records
from ..tags.models import Tagging
from .forms import BulkForm


class BulkAct(StrEnum):
    """What is written down of an act."""

    EDIT = "edit"
    ARCHIVE = "archive"
    TAG = "tag"
    UNTAG = "untag"


@dataclass(frozen=True)
class Act:
    """What is offered for the ticked rows. `change`: the kind of its change sets, which says who may take it back;
    `title` and `button` with %(many)s; `about`: what happens, above the button."""

    name: str
    label: Any
    sign: str
    permission: str
    change: str
    form: type[BulkForm]
    title: Any
    about: Any
    button: Any = ""
    is_danger: bool = False

    def titled(self, many: str) -> str:
        return str(self.title) % {"many": many}

    def button_of(self, many: str) -> str:
        return str(self.button or self.title) % {"many": many}


# What a field had, and what it gets.
Found = Mapping[str, tuple[Any, Any]]


class Kind(ABC):
    """`editable`: the fields that may be written at all; `nothing`: title and words where none is chosen,
    `icon` beside them."""

    name: ClassVar[str]
    blueprint: ClassVar[str]
    records: ClassVar[Records]
    acts: ClassVar[Sequence[Act]]
    editable: ClassVar[Sequence[str]] = ()
    tagging: ClassVar[type[Tagging] | None] = None
    nothing: ClassVar[tuple[Any, Any]]
    icon: ClassVar[str] = "file"

    @abstractmethod
    def many(self, count: int) -> str:
        """So many of them, in words."""

    @property
    def subject_type(self) -> str:
        kind: str = self.records.model.subject_type
        return kind

    @property
    def columns(self) -> Sequence[Any]:
        """What of a record has to be known besides the fields that are written; its id among it."""
        return (self.records.model.id,)

    def is_for(self, row: Any, act: BulkAct, fields: Mapping[str, Any]) -> bool:
        """Whether the change can be made to this one; where not, it stays as it is."""
        return True

    def at_once(self, act: str, fields: Mapping[str, Any]) -> int | None:
        """How many are done in one transaction, where each takes more than its part of a few statements."""
        return None

    def prepare(
        self, rows: Sequence[Any], act: BulkAct, fields: Mapping[str, Any], *, by: Actor
    ) -> Mapping[uuid.UUID, Mapping[str, Any]]:
        """What has to happen to other records before these are written, such as letting a berth go. What is to be
        known of that when one is put back, by its id."""
        return {}

    def tell(self, happened: str, row: Any, changes: Found | None = None, **details: Any) -> Happening:
        """The event that the record's own verb would record."""
        return Happening(f"{self.subject_type}:{happened}", row.id, changes or {}, details)

    def tell_change(self, row: Any, found: Found, names: Mapping[str, str]) -> Happening:
        """`names` of the owners of before and of now, by their ids."""
        return self.tell("updated", row, found, changed_fields=sorted(found), **named_in(found, names))

    def endpoint(self, name: str) -> str:
        return f"{self.blueprint}.{name}"


def named_in(found: Found, names: Mapping[str, str]) -> dict[str, Any]:
    """Whom an event about another owner names."""
    if "owner_id" not in found:
        return {}
    return {"named": {"owner_id": [names.get(owner, "") if owner else "" for owner in found["owner_id"]]}}


KINDS: dict[str, Kind] = {}
