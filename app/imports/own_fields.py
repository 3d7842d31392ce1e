"""Fields that the port made up, which rows bring under the names of their definitions."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from flask_babel import gettext as _

from ..fields.models import FieldDefinition, Unfit, is_custom


def own_of(fields: Mapping[str, Any]) -> dict[str, str]:
    """What a row has in them."""
    return {name: value for name, value in fields.items() if is_custom(name) and value}


def definitions_of(resource: str, names: Collection[str], *, port_id: uuid.UUID) -> dict[str, FieldDefinition]:
    """Those in use by name, which stay as they are until the transaction ends; asked for where rows have some."""
    if not names:
        return {}
    return {found.name: found for found in FieldDefinition.of(resource, port_id=port_id, is_kept=True)}


def unfit(own: Mapping[str, str], definitions: Mapping[str, FieldDefinition]) -> str:
    """Why what a row has in them cannot be written any more; empty where it can."""
    for name, value in own.items():
        if name not in definitions:
            return _("A field of this row was archived since the file was checked.")
        try:
            definitions[name].read(value)
        except Unfit as error:
            return f"{definitions[name].label}: {error}"
    return ""
