"""Taking a bulk act back for a batch of records of one kind: what modules have in common in that."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask_babel import gettext as _
from sqlalchemy import select

from .. import formats
from ..bulk import update_many
from ..db import db, now
from ..events.bulk import Happening, last_events, record_many, subject_keys
from ..events.models import Actor
from ..fields.models import FieldDefinition, is_custom, told, values_of, write_values
from .ways import Done


class PuttingBack(ABC):
    """Looked at whole, then written by a few statements. `records`: the locked rows with what stands in their own
    fields; `rows`, `custom` and `happenings` are what is written."""

    model: ClassVar[Any]

    def __init__(self, done: Sequence[Done], port_id: uuid.UUID, by: Actor) -> None:
        self.done, self.port_id, self.by, self.moment = done, port_id, by, now()
        model, ids = self.model, sorted(one.subject_id for one in done)
        locked = select(model.__table__).where(model.id.in_(ids)).order_by(model.id).with_for_update()
        self.records = {row["id"]: dict(row) for row in db.session.execute(locked).mappings()}
        self.definitions: dict[str, FieldDefinition] = {}
        if any(is_custom(name) for one in done for name in (one.image or {}).get("fields", ())):
            found = FieldDefinition.of(model.resource, port_id=port_id, is_kept=True)
            self.definitions = {definition.name: definition for definition in found}
            for record_id, values in values_of(model.resource, list(self.records)).items():
                self.records[record_id] |= values
        self.since = last_events(model.subject_type, ids)
        self.rows: list[dict[str, Any]] = []
        self.custom: list[tuple[uuid.UUID, str, str]] = []
        self.happenings: list[Happening] = []

    def reasons(self) -> dict[uuid.UUID, str]:
        """Why one stays as it is, by its item."""
        found = {one.item_id: reason for one in self.done if (reason := self.put_back(one))}
        self.write()
        return found

    @abstractmethod
    def put_back(self, one: Done) -> str:
        """Why it stays; empty when it is as before."""

    def was_touched(self, one: Done) -> bool:
        return one.subject_id in self.since and self.since[one.subject_id][0] > one.last_event_id

    def who(self, one: Done) -> str:
        if one.subject_id not in self.since:
            return _("changed since")
        _event, name, at = self.since[one.subject_id]
        return _("changed since by %(who)s on %(when)s", who=name, when=formats.format_datetime(at))

    def keep_custom(self, one: Done, fields: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
        """Put the port's own fields among these (new and old value) back; what the event says of all of them."""
        custom = {name: pair for name, pair in fields.items() if is_custom(name)}
        self.custom += [(one.subject_id, name, old) for name, (_new, old) in custom.items()]
        return {"event_id": one.event_id, "changed_fields": sorted(fields), **told(custom, self.definitions)}

    def write(self) -> None:
        kind = self.model.subject_type
        update_many(self.model, self.rows, also="version = t.version + 1")
        if self.custom:
            write_values(self.model.resource, self.custom, self.definitions, port_id=self.port_id)
        keys = subject_keys(kind, {one.subject_id for one in self.happenings}, port_id=self.port_id)
        record_many(kind, self.happenings, by=self.by, port_id=self.port_id, keys=keys)
