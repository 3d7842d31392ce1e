"""RecordField: a field of a kind of record, built in or custom, as whoever reads files or makes columns takes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from .definition import FieldDefinition
from .kinds import Option


@dataclass(frozen=True)
class RecordField:
    """`key` is what the record's verbs and events call it. `read` makes of a text what they take and raises Unfit;
    `words` says a value as people read it. A field without `read` is chosen, not typed."""

    key: str
    label: str
    kind: str
    words: Callable[[Any], str]
    read: Callable[[str], Any] | None = None
    options: Sequence[Option] = ()
    is_custom: bool = False

    @classmethod
    def custom(cls, field: FieldDefinition) -> Self:
        return cls(
            key=field.name,
            label=field.label,
            kind=field.kind,
            words=field.shown,
            read=field.read,
            options=field.offered,
            is_custom=True,
        )
