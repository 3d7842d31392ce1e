"""The port's own fields in a merge: what both have in them, and whose value stays."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from ...db import db, now
from ...fields.models import FieldDefinition, FieldValue

if TYPE_CHECKING:
    from ..models import Client


@dataclass(frozen=True)
class CustomPair:
    """What the two have in one of them, as text; empty where one has nothing."""

    definition: FieldDefinition
    mine: str
    theirs: str

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def label(self) -> str:
        return self.definition.label

    def is_left(self, taken: Collection[str]) -> bool:
        return bool(self.theirs) and self.name not in taken


def custom_pairs(survivor: Client, merged: Client) -> list[CustomPair]:
    """The fields in use in which either has something, in their order; one statement."""
    found = select(FieldValue).where(
        FieldValue.port_id == survivor.port_id, FieldValue.client_id.in_([survivor.id, merged.id])
    )
    values: dict[uuid.UUID, dict[uuid.UUID | None, str]] = {}
    definitions = {}
    for value in db.session.scalars(found):
        if value.definition.archived_at is None:
            definitions[value.definition_id] = value.definition
            values.setdefault(value.definition_id, {})[value.client_id] = value.text
    ordered = sorted(definitions.values(), key=lambda one: (one.position, one.id))
    return [CustomPair(one, values[one.id].get(survivor.id, ""), values[one.id].get(merged.id, "")) for one in ordered]


# What the survivor shall not have stays with, or goes to, the merged client: nothing is deleted.
GIVE = text("""
    UPDATE custom_field_values SET client_id = :merged
    WHERE client_id = :survivor AND definition_id = ANY (:ids) RETURNING id
""")
OVERWRITE = text("""
    UPDATE custom_field_values s
    SET text_value = t.text_value, number_value = t.number_value, date_value = t.date_value, updated_at = :now
    FROM custom_field_values t
    WHERE s.client_id = :survivor AND t.client_id = :merged AND t.definition_id = s.definition_id
      AND s.definition_id = ANY (:ids)
""")


def choose(survivor: Client, merged: Client, pairs: Iterable[CustomPair], taken: Collection[str]) -> list[str]:
    """After the rows have moved: the chosen values. The ids of those that the survivor shall not have."""
    empty, other = [], []
    for pair in pairs:
        if not (pair.theirs if pair.name in taken else pair.mine):
            empty.append(pair.definition.id)
        elif pair.mine and pair.name in taken:
            other.append(pair.definition.id)
    both = {"survivor": survivor.id, "merged": merged.id}
    if other:
        db.session.execute(OVERWRITE, {**both, "ids": other, "now": now()})
    given = db.session.scalars(GIVE, {**both, "ids": empty}) if empty else ()
    return [str(row_id) for row_id in given]
