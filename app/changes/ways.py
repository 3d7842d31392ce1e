"""How the records of a kind are put back: each module says it for its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..events.models import Actor


@dataclass(frozen=True)
class Done:
    """What a bulk act did to one record, opened. `image` is None when the record's words were erased since."""

    item_id: uuid.UUID
    subject_id: uuid.UUID
    act: str
    image: Mapping[str, Any] | None
    event_id: uuid.UUID
    last_event_id: uuid.UUID


# What was done to some records → why one stays as it is, by its item; those not named are as before.
PutBack = Callable[[Sequence[Done], uuid.UUID, Actor], Mapping[uuid.UUID, str]]

WAYS: dict[str, PutBack] = {}


def puts_back(subject_type: str) -> Callable[[PutBack], PutBack]:
    """Register what takes a bulk act back for some records of a kind, in the current transaction. It locks them, leaves
    alone what was changed since, and may be asked again for what it did."""

    def register(way: PutBack) -> PutBack:
        WAYS[subject_type] = way
        return way

    return register
