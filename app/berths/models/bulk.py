"""Writing many harbours, docks or berths: gathered first, then a handful of statements with their events and
before-images.

What stands here must come to the same as their `create`, `update` and `archive` one by one; a test compares them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from uuid_utils.compat import uuid7

from ...bulk import insert_many, update_many
from ...changes.models import Change, ChangeItem, ChangeSet, note_changes
from ...db import db, now
from ...events.bulk import Happening, record_many, subject_keys
from ...events.models import Actor
from ...fields.models import FieldDefinition, is_custom, told, write_values
from ...numbers import reserve
from .berth import Berth
from .place import Place
from .suggestion import StatusSuggestion
from .tagging import BerthTag


def blank(model: type[Place]) -> dict[str, Any]:
    """A new row of which nothing is said yet; columns that the database computes are not in it."""
    own = [column for column in model.__table__.columns if column.computed is None]
    return {
        column.name: column.default.arg if column.default is not None and column.default.is_scalar else None
        for column in own
    }


UNLESS_ON = "ON CONFLICT DO NOTHING RETURNING id"  # somebody was faster
EMPTY = {name: value for name, value in blank(Berth).items() if name in Berth.EDITABLE}


class PlaceWriting:
    """One batch of one kind of place. Rows are as the table has them; one that was created may be updated, too."""

    def __init__(self, model: type[Place], port_id: uuid.UUID, by: Actor) -> None:
        self.model, self.port_id, self.by, self.moment = model, port_id, by, now()
        self.created: dict[uuid.UUID, dict[str, Any]] = {}
        self.before: dict[uuid.UUID, dict[str, Any]] = {}
        self.updated: dict[uuid.UUID, dict[str, Any]] = {}

    def create(self, **values: Any) -> dict[str, Any]:
        """A new one; gives its row."""
        its = {"id": uuid7(), "port_id": self.port_id, "version": 1}
        row = {**blank(self.model), **its, "created_at": self.moment, "updated_at": self.moment, **values}
        self.created[row["id"]] = row
        return row

    def update(self, there: dict[str, Any], **values: Any) -> None:
        """Write these into a locked row, which says them from now on."""
        if there["id"] not in self.created:
            self.before.setdefault(there["id"], dict(there))
            self.updated[there["id"]] = there
        there |= values

    def archive(self, there: dict[str, Any]) -> None:
        self.update(there, archived_at=self.moment)

    def write(self, change_set: ChangeSet) -> None:
        """All of it, in the current transaction."""
        if not self.created and not self.updated:
            return
        happened = {**self._creations(), **self._updates()}
        kind = self.model.subject_type
        if self.created:
            numbers = reserve(self.port_id, kind, len(self.created))
            new = self.created.values()
            names = blank(self.model)
            rows = [{name: row[name] for name in names} for row in new]
            insert_many(self.model, [{**row, "number": at} for row, at in zip(rows, numbers, strict=True)])
        rows = [self._written(row) for row in self.updated.values()]
        update_many(self.model, rows, also="version = t.version + 1")
        keys = subject_keys(kind, self.created, port_id=self.port_id, are_new=True)
        if self.updated:
            keys |= subject_keys(kind, self.updated, port_id=self.port_id)
        events = [event for found in happened.values() for event in found]
        record_many(kind, events, by=self.by, port_id=self.port_id, keys=keys)
        self._note(change_set, happened, keys)

    def _creations(self) -> dict[uuid.UUID, list[Happening]]:
        found = {}
        for row in self.created.values():
            changes = {name: (None, row[name]) for name in self.model.EDITABLE if row[name]}
            events = [self._event("created", row, changes | self._own_changes(row)), *self._tagged(row)]
            found[row["id"]] = [*events, *([self._event("archived", row)] if row["archived_at"] else [])]
        return found

    def _updates(self) -> dict[uuid.UUID, list[Happening]]:
        found = {}
        for row in self.updated.values():
            changes, events = self._changes(row) | self._own_changes(row), []
            if changes:
                events.append(self._event("updated", row, changes, changed_fields=sorted(changes)))
            events += self._tagged(row)
            if self._is_put_away(row):
                events.append(self._event("archived", row))
            found[row["id"]] = events
        return found

    def _event(
        self, happened: str, row: Mapping[str, Any], changes: Mapping[str, Any] | None = None, **details: Any
    ) -> Happening:
        words = {"name": row[self.model.CALLED], **details, **self._named(changes or {})}
        return Happening(f"{self.model.subject_type}:{happened}", row["id"], changes or {}, words)

    def _changes(self, row: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        before = self.before[row["id"]]
        return {name: (before[name], row[name]) for name in self.model.EDITABLE if before[name] != row[name]}

    def _own_changes(self, row: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
        """What is said in fields that the port made up."""
        return {}

    def _named(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """What an event keeps of changed fields besides."""
        return {}

    def _tagged(self, row: Mapping[str, Any]) -> list[Happening]:
        return []

    def _image(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """What it takes to put a changed one back."""
        fields = {name: list(pair) for name, pair in (self._changes(row) | self._own_changes(row)).items()}
        return {"fields": fields, "archived": self._is_put_away(row)}

    def _is_put_away(self, row: Mapping[str, Any]) -> bool:
        return row["archived_at"] is not None and self.before[row["id"]]["archived_at"] is None

    def _written(self, row: Mapping[str, Any]) -> dict[str, Any]:
        names = ("id", *self.model.EDITABLE, "archived_at")
        return {**{name: row[name] for name in names}, "updated_at": self.moment}

    def _note(
        self, change_set: ChangeSet, happened: Mapping[uuid.UUID, list[Happening]], keys: Mapping[uuid.UUID, bytes]
    ) -> None:
        """One that the same act made earlier is its creation still: what was added to it is no change of anybody's."""
        last = {place_id: [event.id for event in events] for place_id, events in happened.items() if events}
        earlier = self._made_earlier(change_set)
        update_many(
            ChangeItem,
            [{"id": item_id, "last_event_id": last[place_id][-1]} for place_id, item_id in earlier.items()],
        )
        changes = []
        for place_id, events in last.items():
            if place_id in self.created:
                changes.append(Change(place_id, "created", {}, events))
            elif place_id not in earlier:
                changes.append(Change(place_id, "updated", self._image(self.updated[place_id]), events))
        note_changes(change_set, self.model.subject_type, changes, keys=keys)

    def _made_earlier(self, change_set: ChangeSet) -> dict[uuid.UUID, uuid.UUID]:
        """Of those that are updated, the change items of their creation."""
        if not self.updated:
            return {}
        made = select(ChangeItem.subject_id, ChangeItem.id).where(
            ChangeItem.change_set_id == change_set.id,
            ChangeItem.subject_type == self.model.subject_type,
            ChangeItem.subject_id.in_(list(self.updated)),
            ChangeItem.act == "created",
        )
        return {row.subject_id: row.id for row in db.session.execute(made)}


class BerthWriting(PlaceWriting):
    """With tags, and with fields that the port made up, which stand in the rows by their names. `definitions`: of those
    fields; `tag_ids`: by name in lower case."""

    def __init__(
        self,
        port_id: uuid.UUID,
        by: Actor,
        *,
        definitions: Mapping[str, FieldDefinition],
        tag_ids: Mapping[str, uuid.UUID],
    ) -> None:
        super().__init__(Berth, port_id, by)
        self.definitions, self.tag_ids = definitions, tag_ids
        self.tags: dict[uuid.UUID, list[dict[str, Any]]] = {}

    def tag(self, there: dict[str, Any], names: Sequence[str]) -> None:
        """Put tags on that it does not carry."""
        if names:
            self.update(there)
            found = [{"row": uuid7(), "id": self.tag_ids[name.casefold()], "name": name} for name in names]
            self.tags.setdefault(there["id"], []).extend(found)

    def write(self, change_set: ChangeSet) -> None:
        super().write(change_set)
        ends = [one for one, row in self.updated.items() if "tenure_expires_on" in self._changes(row)]
        StatusSuggestion.forget_ends(ends, port_id=self.port_id)
        rows = [*self.created.values(), *self.updated.values()]
        own = [(row["id"], name, new) for row in rows for name, (_old, new) in self._own_changes(row).items()]
        write_values(Berth.resource, own, self.definitions, port_id=self.port_id)
        insert_many(BerthTag, [self._put_on(one, tag) for one in self.tags for tag in self.tags[one]], ends=UNLESS_ON)

    def _put_on(self, berth_id: uuid.UUID, tag: Mapping[str, Any]) -> dict[str, Any]:
        its = {"id": tag["row"], "port_id": self.port_id, "berth_id": berth_id, "tag_id": tag["id"]}
        return {**its, "created_at": self.moment}

    def _own_changes(self, row: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
        before = self.before.get(row["id"], {})
        pairs = {name: (before.get(name, ""), new) for name, new in row.items() if is_custom(name)}
        return {name: (old, new) for name, (old, new) in pairs.items() if old != new}

    def _named(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        return told({name: pair for name, pair in changes.items() if is_custom(name)}, self.definitions)

    def _tagged(self, row: Mapping[str, Any]) -> list[Happening]:
        put_on = self.tags.get(row["id"], ())
        details = [{"tag_id": tag["id"], "tag": tag["name"]} for tag in put_on]
        return [Happening(f"{Berth.subject_type}:tagged", row["id"], {}, one) for one in details]

    def _image(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {**super()._image(row), "tags": self.tags.get(row["id"], [])}
