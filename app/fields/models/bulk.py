"""The custom fields of many records at once: read and written by a few statements, whatever their number."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select, tuple_
from uuid_utils.compat import uuid7

from ...bulk import insert_many
from ...db import db, now
from .definition import FieldDefinition
from .kinds import FieldKind
from .value import FieldValue


def values_of(resource: str, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, str]]:
    """What each of these records has, by the names of the fields."""
    found: dict[uuid.UUID, dict[str, str]] = {}
    if ids:
        column = getattr(FieldValue, f"{resource}_id")
        for value in db.session.scalars(select(FieldValue).where(column.in_(list(ids)))):
            found.setdefault(getattr(value, f"{resource}_id"), {})[value.definition.name] = value.text
    return found


def write_values(
    resource: str,
    written: Sequence[tuple[uuid.UUID, str, str]],
    definitions: Mapping[str, FieldDefinition],
    *,
    port_id: uuid.UUID,
) -> None:
    """(record, name of the field, text as it is kept or empty) for records that are locked or new."""
    if not written:
        return
    column = getattr(FieldValue, f"{resource}_id")
    places = [(record_id, definitions[name].id) for record_id, name, _text in written]
    for at in range(0, len(places), 1000):
        db.session.execute(
            delete(FieldValue).where(tuple_(column, FieldValue.definition_id).in_(places[at : at + 1000]))
        )
    insert_many(
        FieldValue,
        [_row(resource, record_id, definitions[name], text, port_id) for record_id, name, text in written if text],
    )


def _row(
    resource: str, record_id: uuid.UUID, definition: FieldDefinition, text: str, port_id: uuid.UUID
) -> dict[str, Any]:
    is_number = definition.kind in (FieldKind.NUMBER, FieldKind.MONEY)
    is_date = definition.kind == FieldKind.DATE
    return {
        "id": uuid7(),
        "port_id": port_id,
        "definition_id": definition.id,
        "resource": resource,
        "kind": definition.kind,
        f"{resource}_id": record_id,
        "text_value": None if is_number or is_date else text,
        "number_value": text if is_number else None,
        "date_value": text if is_date else None,
        "updated_at": now(),
    }
