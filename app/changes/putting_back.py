"""Taking a bulk act back for a batch of records of one kind: what modules have in common in that."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask_babel import gettext as _
from sqlalchemy import delete, select

from .. import formats
from ..bulk import update_many
from ..db import db, now
from ..events.bulk import Happening, last_events, record_many, subject_keys
from ..events.models import Actor
from ..events.timeline import FieldWords
from ..fields.models import FieldDefinition, is_custom, told, values_of, write_values
from ..tags.models import Tagging
from .ways import Done


class PuttingBack(ABC):
    """Looked at whole, then written by a few statements. `records`: the locked rows with what stands in their own
    fields; `rows`, `custom`, `untagged` and `happenings` are what is written. `tagging`: of records that carry tags."""

    model: ClassVar[Any]
    tagging: ClassVar[type[Tagging] | None] = None

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
        self.tags_there = self._tags_there()
        self.since = last_events(model.subject_type, ids)
        self.rows: list[dict[str, Any]] = []
        self.custom: list[tuple[uuid.UUID, str, str]] = []
        self.untagged: list[uuid.UUID] = []
        self.happenings: list[Happening] = []

    def _tags_there(self) -> set[str]:
        """Of the tags that the act put on, as images name them, those that were not taken off since."""
        put_on = [tag["row"] for one in self.done for tag in (one.image or {}).get("tags", ())]
        if self.tagging is None or not put_on:
            return set()
        return {str(found) for found in db.session.scalars(select(self.tagging.id).where(self.tagging.id.in_(put_on)))}

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

    def take_tags_off(self, one: Done) -> bool:
        """Those that the act put on; whether there are any left."""
        tags = [tag for tag in (one.image or {}).get("tags", ()) if tag["row"] in self.tags_there]
        for tag in tags:
            self.untagged.append(uuid.UUID(tag["row"]))
            details = {"tag_id": tag["id"], "tag": tag["name"]}
            self.happenings.append(Happening(f"{self.model.subject_type}:untagged", one.subject_id, {}, details))
        return bool(tags)

    def label_of(self, name: str, labels: Mapping[str, FieldWords]) -> str:
        """What a field is called; `labels`: of the built-in ones."""
        if not is_custom(name):
            return str(labels[name].label)
        return self.definitions[name].label if name in self.definitions else _("a field that is archived")

    def write(self) -> None:
        kind = self.model.subject_type
        update_many(self.model, self.rows, also="version = t.version + 1")
        if self.custom:
            write_values(self.model.resource, self.custom, self.definitions, port_id=self.port_id)
        if self.tagging is not None and self.untagged:
            db.session.execute(delete(self.tagging).where(self.tagging.id.in_(self.untagged)))
        keys = subject_keys(kind, {one.subject_id for one in self.happenings}, port_id=self.port_id)
        record_many(kind, self.happenings, by=self.by, port_id=self.port_id, keys=keys)
