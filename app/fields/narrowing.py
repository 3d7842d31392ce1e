"""Lists that are narrowed to a choice in a custom field."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, select

from ..db import db
from .models import LISTED, PREFIX, FieldDefinition, FieldKind, FieldValue, options_of

Offered = tuple[str, str, list[tuple[str, str]]]


def offered(rows: Iterable[Any]) -> list[Offered]:
    """Name, label and choices of each filter, of rows with key, label, kind and options."""
    return [(f"{PREFIX}{key}", label, _choices(kind, options)) for key, label, kind, options in rows]


def offered_of(resource: str, *, port_id: uuid.UUID) -> list[Offered]:
    its = select(FieldDefinition.key, FieldDefinition.label, FieldDefinition.kind, FieldDefinition.options).where(
        FieldDefinition.port_id == port_id,
        FieldDefinition.resource == resource,
        FieldDefinition.kind.in_(LISTED),
        FieldDefinition.archived_at.is_(None),
    )
    return offered(db.session.execute(its.order_by(FieldDefinition.position, FieldDefinition.id)))


def _choices(kind: str, options: Any) -> list[tuple[str, str]]:
    if kind == FieldKind.YES_NO:
        return [("yes", _("Yes")), ("no", _("No"))]
    return [(option.key, option.label) for option in options_of(options)]


def having(column: Any, resource: str, name: str, value: str, *, port_id: uuid.UUID) -> Select[Any]:
    """`column` of the values that have this choice in the field called `name`."""
    field = select(FieldDefinition.id).where(
        FieldDefinition.port_id == port_id,
        FieldDefinition.resource == resource,
        FieldDefinition.key == name.removeprefix(PREFIX),
    )
    return select(column).where(
        FieldValue.port_id == port_id,
        FieldValue.definition_id == field.scalar_subquery(),
        FieldValue.text_value == value,
        FieldValue.kind.in_(LISTED),
    )
