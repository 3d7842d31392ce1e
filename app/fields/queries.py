"""Custom fields as their page lists them."""

from __future__ import annotations

from sqlalchemy import func, select

from ..current import Member
from ..db import db
from .models import FieldDefinition, FieldValue


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
