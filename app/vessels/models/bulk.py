"""Writing many vessels: gathered first, then a handful of statements with their events and before-images.

What stands here must come to the same as `Vessel.create` and `Vessel.update` one by one; a test compares them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from uuid_utils.compat import uuid7

from ...bulk import insert_many, update_many
from ...changes.models import Change, ChangeSet, note_changes
from ...db import now
from ...events.bulk import Happening, record_many, subject_keys
from ...events.models import Actor
from ...fields.models import FieldDefinition, is_custom, told, write_values
from ...numbers import reserve
from ...sorting import sort_name
from .dimensions import DECLARED
from .ownership import Ownership
from .vessel import Vessel, VesselKind

# A file that does not say the kind does not mean a sailing yacht.
EMPTY: dict[str, Any] = {
    "kind": VesselKind.OTHER,
    "flag": "",
    "registration": "",
    "imo": "",
    "mmsi": "",
    **dict.fromkeys(DECLARED),
    "power_amps": None,
    "power_phases": None,
}
Differences = Sequence[tuple[str, Any, Any]]


@dataclass
class VesselWriting:
    """One batch. `definitions`: of the vessels' own fields, by name."""

    port_id: uuid.UUID
    by: Actor
    definitions: Mapping[str, FieldDefinition] = field(default_factory=dict)
    moment: datetime = field(default_factory=now)
    created: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    custom: list[tuple[uuid.UUID, str, str]] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def create(self, fields: Mapping[str, Any], client_id: uuid.UUID) -> dict[str, Any]:
        """A new vessel of the client; gives its row."""
        values = EMPTY | {name: fields[name] for name in Vessel.EDITABLE if name in fields}
        row = {
            **values,
            "id": uuid7(),
            "port_id": self.port_id,
            "client_id": client_id,
            "sort_name": sort_name(values["name"]),
            "archived_at": None,
            "version": 1,
            "created_at": self.moment,
            "updated_at": self.moment,
        }
        self.created.append(row)
        changes = {name: (None, values[name]) for name in Vessel.EDITABLE if values[name]}
        custom = {name: ("", text) for name, text in fields.items() if is_custom(name) and text}
        self._tell("created", row, changes, custom, client_id=client_id)
        self._note(row, "created", {})
        return row

    def update(self, there: Mapping[str, Any], differences: Differences) -> None:
        """Field, old, new, written to a locked vessel."""
        changes = {name: (old, new) for name, old, new in differences if not is_custom(name)}
        custom = {name: (old, new) for name, old, new in differences if is_custom(name)}
        row = row_of(there) | {name: new for name, (_old, new) in changes.items()}
        self.updates.append({**row, "sort_name": sort_name(row["name"]), "updated_at": self.moment})
        self._tell("updated", row, changes, custom, changed_fields=sorted({*changes, *custom}))
        self._note(row, "updated", {"fields": {name: list(pair) for name, pair in (changes | custom).items()}})

    def _tell(
        self,
        happened: str,
        row: Mapping[str, Any],
        changes: Mapping[str, tuple[Any, Any]],
        custom: Mapping[str, tuple[str, str]],
        **details: Any,
    ) -> None:
        self.custom += [(row["id"], name, new) for name, (_old, new) in custom.items()]
        words = {"name": row["name"], **details, **told(custom, self.definitions)}
        self.happenings.append(
            Happening(
                f"vessel:{happened}",
                row["id"],
                {**changes, **custom},
                words,
                told_in=[("client", row["client_id"])],
            )
        )

    def _note(self, row: Mapping[str, Any], act: str, image: Mapping[str, Any]) -> None:
        self.changes.append(Change(row["id"], act, image, [self.happenings[-1].id]))

    def write(self, change_set: ChangeSet) -> None:
        """All of it, in the current transaction."""
        if not self.changes:
            return
        created = [row["id"] for row in self.created]
        if self.created:
            numbers = reserve(self.port_id, "vessel", len(created))
            insert_many(Vessel, [{**row, "number": at} for row, at in zip(self.created, numbers, strict=True)])
            insert_many(Ownership, [self._ownership(row) for row in self.created])
        update_many(Vessel, self.updates, also="version = t.version + 1")
        write_values("vessel", self.custom, self.definitions, port_id=self.port_id)
        keys = subject_keys("vessel", created, port_id=self.port_id, are_new=True)
        if others := {change.subject_id for change in self.changes} - set(created):
            keys |= subject_keys("vessel", others, port_id=self.port_id)
        record_many("vessel", self.happenings, by=self.by, port_id=self.port_id, keys=keys)
        note_changes(change_set, "vessel", self.changes, keys=keys)

    def _ownership(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": uuid7(),
            "port_id": self.port_id,
            "vessel_id": row["id"],
            "client_id": row["client_id"],
            "since": None,
            "until": None,
            "created_at": self.moment,
            "updated_at": self.moment,
        }


def row_of(there: Mapping[str, Any]) -> dict[str, Any]:
    """What an update writes again, so that one statement writes them all."""
    return {name: there[name] for name in ("id", "client_id", *Vessel.EDITABLE)}
