"""Custom fields as their page lists them, and as the page of a record shows its own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Text, cast, func, select

from ..cards import card, card_of
from ..current import Member
from ..db import db
from .models import Customised, FieldDefinition, FieldValue, options_of, shown


def fields_by_resource(member: Member, *, archived: bool = False) -> dict[str, list[tuple[FieldDefinition, int]]]:
    """Of each kind of record its fields in their order, with the number of records that have a value; one statement."""
    uses = (
        select(func.count())
        .where(FieldValue.port_id == FieldDefinition.port_id, FieldValue.definition_id == FieldDefinition.id)
        .correlate(FieldDefinition)
        .scalar_subquery()
    )
    at = FieldDefinition.archived_at
    visible = FieldDefinition.visible_to(member).where(at.is_not(None) if archived else at.is_(None))
    rows = db.session.execute(
        visible.add_columns(uses.label("uses")).order_by(FieldDefinition.position, FieldDefinition.id)
    )
    found: dict[str, list[tuple[FieldDefinition, int]]] = {}
    for field, count in rows:
        found.setdefault(field.resource, []).append((field, count))
    return found


def facts_of(record: Customised) -> list[tuple[str, str]]:
    """As `custom_facts`, read with the cards of the page."""
    return [
        (row.label, shown(row.kind, row.value, options=options_of(row.options), currency=row.currency))
        for row in card_of(record, "custom")
    ]


@card("custom", "vessel", "berth")
def values_of_record(record: Customised) -> Any:
    value = func.coalesce(FieldValue.text_value, cast(FieldValue.number_value, Text), cast(FieldValue.date_value, Text))
    definition = (FieldDefinition.label, FieldDefinition.kind, FieldDefinition.options, FieldDefinition.currency)
    return (
        select(*definition, value.label("value"))
        .select_from(FieldValue)
        .join(FieldValue.definition)
        .where(
            FieldValue.port_id == record.port_id,
            getattr(FieldValue, f"{record.resource}_id") == record.id,
            FieldDefinition.archived_at.is_(None),
        )
        .order_by(FieldDefinition.position, FieldDefinition.id)
    )
