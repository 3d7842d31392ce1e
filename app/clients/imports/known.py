"""What a port knows that the rows of a contact file may speak of: its fields, colleagues and tags."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from ...current import CurrentPort
from ...db import db
from ...identity.models import User, UserPortRole
from ...imports.columns import Columns as AnyColumns
from ...imports.models import Import
from ...imports.tags import names_of_tags
from .columns import Columns


@dataclass(frozen=True)
class Known:
    """What the port knows that rows may speak of. `country` reads national phone numbers of rows without a country;
    `colleagues`: name or e-mail in lower case → id; `tags`: name in lower case → name; `may_add_tags`: whoever brings
    the file may add those that are missing."""

    country: str
    columns: AnyColumns = field(default_factory=Columns)
    colleagues: Mapping[str, uuid.UUID] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    may_add_tags: bool = True


def known_to(found: Import, port: CurrentPort) -> Known:
    """What rows of the file may speak of: nothing that whoever brings it may not write."""
    return Known(
        country=port.country,
        columns=columns_of(found),
        colleagues=Colleagues(found.port_id).ids,
        tags=names_of_tags(found.port_id),
        may_add_tags=found.may_add_tags,
    )


def columns_of(found: Import) -> Columns:
    return Columns.of(found.port_id, may_tag=found.may_update)


class Colleagues:
    """Who works in the port: by name or e-mail as files write it, and by id as events name them."""

    def __init__(self, port_id: uuid.UUID) -> None:
        rows = db.session.execute(
            select(User.id, User.name, User.email)
            .where(User.is_active, User.id.in_(select(UserPortRole.user_id).where(UserPortRole.port_id == port_id)))
            .order_by(User.id.desc())
        ).all()
        self.ids = {word.casefold(): row.id for row in rows for word in (row.name, row.email)}
        self.names = {str(row.id): row.name for row in rows}
