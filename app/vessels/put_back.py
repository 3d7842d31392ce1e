"""Taking a bulk act on vessels back: what was added is archived, what was changed is as before, unless somebody
changed it since."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from .. import formats
from ..bulk import update_many
from ..changes.ways import Done, puts_back
from ..db import db, now
from ..events.bulk import Happening, last_events, record_many, subject_keys
from ..events.models import Actor
from ..fields.models import FieldDefinition, is_custom, told, values_of, write_values
from ..sorting import sort_name
from .labels import FIELDS
from .models import Vessel
from .models.bulk import row_of


@puts_back("vessel")
def put_vessels_back(done: Sequence[Done], port_id: uuid.UUID, by: Actor) -> Mapping[uuid.UUID, str]:
    return PuttingBack(done, port_id, by).reasons()


class PuttingBack:
    """One batch: looked at whole, then written by a few statements."""

    def __init__(self, done: Sequence[Done], port_id: uuid.UUID, by: Actor) -> None:
        self.done, self.port_id, self.by, self.moment = done, port_id, by, now()
        ids = sorted(one.subject_id for one in done)
        locked = select(Vessel.__table__).where(Vessel.id.in_(ids)).order_by(Vessel.id).with_for_update()
        self.vessels = {row["id"]: dict(row) for row in db.session.execute(locked).mappings()}
        self.definitions: dict[str, FieldDefinition] = {}
        if any(is_custom(name) for one in done for name in (one.image or {}).get("fields", ())):
            found = FieldDefinition.of(Vessel.resource, port_id=port_id, is_kept=True)
            self.definitions = {definition.name: definition for definition in found}
            for vessel_id, values in values_of(Vessel.resource, ids).items():
                self.vessels[vessel_id] |= values
        self.since = last_events("vessel", ids)
        self.rows: list[dict[str, Any]] = []
        self.custom: list[tuple[uuid.UUID, str, str]] = []
        self.happenings: list[Happening] = []

    def reasons(self) -> dict[uuid.UUID, str]:
        found = {}
        for one in self.done:
            if reason := self._put_back(one):
                found[one.item_id] = reason
        self._write()
        return found

    def _put_back(self, one: Done) -> str:
        """Why it stays; empty when it is as before."""
        vessel = self.vessels.get(one.subject_id)
        if vessel is None:
            return _("The vessel is not there any more.")
        if one.image is None:
            return _("What it was before has been erased.")
        if one.act == "created":
            return self._archive(vessel, one)
        if vessel["archived_at"] is not None:
            return _("The vessel was archived since.")
        if changed := self._changed(vessel, one.image["fields"]):
            return _("%(fields)s: %(change)s", fields=", ".join(changed), change=self._who(one))
        self._restore(vessel, one)
        return ""

    def _archive(self, vessel: Mapping[str, Any], one: Done) -> str:
        if vessel["archived_at"] is not None:
            return ""
        if one.subject_id in self.since and self.since[one.subject_id][0] > one.last_event_id:
            return self._who(one)
        self._keep(vessel, archived_at=self.moment)
        self._tell("archived", vessel)
        return ""

    def _changed(self, vessel: Mapping[str, Any], fields: Mapping[str, Any]) -> list[str]:
        """What of the act has another value by now, or a field that is not there any more."""
        changed = []
        for name, (old, new) in fields.items():
            if is_custom(name) and name not in self.definitions:
                changed.append(_("a field that is archived"))
            elif as_kept(vessel.get(name, "")) not in (as_kept(old), as_kept(new)):
                changed.append(self.definitions[name].label if is_custom(name) else str(FIELDS[name].label))
        return sorted(changed)

    def _restore(self, vessel: Mapping[str, Any], one: Done) -> None:
        fields = {
            name: (new, old)
            for name, (old, new) in (one.image or {})["fields"].items()
            if as_kept(vessel.get(name, "")) == as_kept(new)
        }
        if not fields:
            return
        self._keep(vessel, **{name: old for name, (_new, old) in fields.items() if not is_custom(name)})
        custom = {name: pair for name, pair in fields.items() if is_custom(name)}
        self.custom += [(one.subject_id, name, old) for name, (_new, old) in custom.items()]
        words = {"event_id": one.event_id, "changed_fields": sorted(fields), **told(custom, self.definitions)}
        self._tell("reverted", vessel, fields, **words)

    def _who(self, one: Done) -> str:
        if one.subject_id not in self.since:
            return _("changed since")
        _event, name, at = self.since[one.subject_id]
        return _("changed since by %(who)s on %(when)s", who=name, when=formats.format_datetime(at))

    def _tell(
        self, happened: str, vessel: Mapping[str, Any], changes: Mapping[str, Any] | None = None, **details: Any
    ) -> None:
        words, owner = {"name": vessel["name"], **details}, ("client", vessel["client_id"])
        self.happenings.append(Happening(f"vessel:{happened}", vessel["id"], changes or {}, words, told_in=[owner]))

    def _keep(self, vessel: Mapping[str, Any], **written: Any) -> None:
        """The whole row again, so that one statement writes them all."""
        row = {**row_of(vessel), "archived_at": vessel["archived_at"], **written}
        self.rows.append({**row, "sort_name": sort_name(row["name"]), "updated_at": self.moment})

    def _write(self) -> None:
        update_many(Vessel, self.rows, also="version = t.version + 1")
        write_values(Vessel.resource, self.custom, self.definitions, port_id=self.port_id)
        keys = subject_keys("vessel", {one.subject_id for one in self.happenings}, port_id=self.port_id)
        record_many("vessel", self.happenings, by=self.by, port_id=self.port_id, keys=keys)


def as_kept(value: Any) -> Any:
    """As images have it, which are JSON."""
    return f"{value:.2f}" if isinstance(value, Decimal) else value
