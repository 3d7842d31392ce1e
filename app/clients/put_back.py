"""Taking a bulk act on clients back: who was created is archived, what was changed is as before, unless somebody
changed it since.

Archived, not removed: the number is used up and may stand in a letter, events stay, and what other modules joined to
the client since would go with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, text

from .. import formats
from ..bulk import update_many
from ..changes.ways import Done, puts_back
from ..db import db, now
from ..events.bulk import Happening, last_events, record_many, subject_keys
from ..events.models import Actor
from ..fields.models import FieldDefinition, is_custom, told, values_of, write_values
from ..sorting import sort_name
from .bulk.tagging import TAGGED, UNTAGGED, TagsBack
from .imports.letting_in import EMPTY
from .imports.verdicts import present
from .labels import FIELDS
from .models import Client, ClientTag, Contact, Note

# Who lost the contact that was used first uses the next.
PROMOTE = text(
    "UPDATE client_contacts SET is_primary = true, version = version + 1, updated_at = :now WHERE id IN ("
    " SELECT DISTINCT ON (c.client_id, c.kind) c.id FROM client_contacts c"
    " WHERE c.client_id = ANY (:ids) AND c.archived_at IS NULL AND NOT EXISTS ("
    "  SELECT FROM client_contacts p WHERE p.client_id = c.client_id AND p.kind = c.kind AND p.is_primary"
    "  AND p.archived_at IS NULL)"
    " ORDER BY c.client_id, c.kind, c.id)"
)


@puts_back("client")
def put_clients_back(done: Sequence[Done], port_id: uuid.UUID, by: Actor) -> Mapping[uuid.UUID, str]:
    return PuttingBack(done, port_id, by).reasons()


class PuttingBack:
    """One batch: looked at whole, then written by a few statements."""

    def __init__(self, done: Sequence[Done], port_id: uuid.UUID, by: Actor) -> None:
        self.done, self.port_id, self.by, self.moment = done, port_id, by, now()
        ids = sorted(one.subject_id for one in done)
        locked = select(Client.__table__).where(Client.id.in_(ids)).order_by(Client.id).with_for_update()
        self.clients = {row["id"]: dict(row) for row in db.session.execute(locked).mappings()}
        self.contacts = self._by_id(Contact)
        self.notes = self._by_id(Note)
        self.tags = TagsBack(done, port_id)
        self.definitions: dict[str, FieldDefinition] = {}
        if any(is_custom(name) for one in done for name in (one.image or {}).get("fields", ())):
            found = FieldDefinition.of(Client.resource, port_id=port_id, is_kept=True)
            self.definitions = {definition.name: definition for definition in found}
            for client_id, values in values_of(Client.resource, list(self.clients)).items():
                self.clients[client_id] |= values
        put_on = [tag["row"] for one in done for tag in (one.image or {}).get("tags", ())]
        self.tags_there = {
            str(row_id) for row_id in db.session.scalars(select(ClientTag.id).where(ClientTag.id.in_(put_on)))
        }
        self.since = last_events("client", ids)
        self.client_rows: list[dict[str, Any]] = []
        self.contact_rows: list[dict[str, Any]] = []
        self.contact_values: list[dict[str, Any]] = []
        self.note_rows: list[dict[str, Any]] = []
        self.custom: list[tuple[uuid.UUID, str, str]] = []
        self.happenings: list[Happening] = []

    def _by_id(self, model: type[Contact] | type[Note]) -> dict[str, dict[str, Any]]:
        found = select(model.__table__).where(model.client_id.in_(list(self.clients)))
        return {str(row["id"]): dict(row) for row in db.session.execute(found).mappings()}

    def reasons(self) -> dict[uuid.UUID, str]:
        found = {}
        for one in self.done:
            if reason := self._put_back(one):
                found[one.item_id] = reason
        self._write()
        return found

    def _put_back(self, one: Done) -> str:
        """Why it stays; empty when it is as before."""
        client = self.clients.get(one.subject_id)
        if client is None:
            return _("The client is not there any more.")
        if one.image is None:
            return _("What it was before has been erased.")
        if one.act == "created":
            return self._archive(client, one)
        if one.act == "archived":
            return self._unarchive(client, one)
        if client["archived_at"] is not None:
            return _("The client was archived since.")
        if one.act in (TAGGED, UNTAGGED):
            return self._put_tag_back(client, one)
        if changed := self._changed(client, one.image):
            names = ", ".join(sorted({self._label(name) for name in changed}))
            return _("%(fields)s: %(change)s", fields=names, change=self._who(one))
        self._restore(client, one)
        return ""

    def _archive(self, client: Mapping[str, Any], one: Done) -> str:
        if client["archived_at"] is not None:
            return ""
        if one.subject_id in self.since and self.since[one.subject_id][0] > one.last_event_id:
            return self._who(one)
        self._keep(client, archived_at=self.moment)
        self.happenings.append(Happening("client:archived", one.subject_id))
        return ""

    def _unarchive(self, client: Mapping[str, Any], one: Done) -> str:
        if client["archived_at"] is None:
            return ""
        if one.subject_id in self.since and self.since[one.subject_id][0] > one.last_event_id:
            return self._who(one)
        self._keep(client, archived_at=None)
        self.happenings.append(Happening("client:restored", one.subject_id))
        return ""

    def _put_tag_back(self, client: Mapping[str, Any], one: Done) -> str:
        reason, happening = self.tags.put_back(one)
        if happening is not None:
            self._keep(client)
            self.happenings.append(happening)
        return reason

    def _who(self, one: Done) -> str:
        if one.subject_id not in self.since:
            return _("changed since")
        _event, name, at = self.since[one.subject_id]
        return _("changed since by %(who)s on %(when)s", who=name, when=formats.format_datetime(at))

    def _label(self, name: str) -> str:
        if is_custom(name):
            return self.definitions[name].label if name in self.definitions else _("a field that is archived")
        return str(FIELDS[name].label)

    def _changed(self, client: Mapping[str, Any], image: Mapping[str, Any]) -> list[str]:
        """What of the act has another value by now."""
        changed = [
            name
            for name, (old, new) in image.get("fields", {}).items()
            if present(client, name) not in (old, new) or (is_custom(name) and name not in self.definitions)
        ]
        for part in image["contacts"]:
            contact = self.contacts.get(part["id"])
            if contact is None:
                changed.append("value")
            elif (
                part["act"] == "updated"
                and (
                    contact["archived_at"] is not None
                    or contact["value"] not in (part["after"]["value"], part["before"]["value"])
                    or self._is_taken(contact, part["before"]["normalised"])
                )
            ) or (part["act"] == "created" and contact["archived_at"] is None and contact["version"] > 1):
                changed.append(contact["kind"])
        return changed

    def _is_taken(self, contact: Mapping[str, Any], normalised: str) -> bool:
        return any(
            other["normalised"] == normalised
            and other["id"] != contact["id"]
            and (other["client_id"], other["kind"]) == (contact["client_id"], contact["kind"])
            and other["archived_at"] is None
            for other in self.contacts.values()
        )

    def _restore(self, client: Mapping[str, Any], one: Done) -> None:
        image = one.image or {}
        fields = {
            name: (new, old) for name, (old, new) in image.get("fields", {}).items() if present(client, name) == new
        }
        written = {name: old for name, (_new, old) in fields.items() if not is_custom(name)}
        custom = {name: pair for name, pair in fields.items() if is_custom(name)}
        self.custom += [(one.subject_id, name, old) for name, (_new, old) in custom.items()]
        if "marketing_consent" in written:
            del written["marketing_consent"]
            written["marketing_consent_at"] = image["consent_at"]
        self._keep(client, **written)
        if fields:
            details = {"event_id": one.event_id, "changed_fields": sorted(fields)}
            details |= told(custom, self.definitions)
            self.happenings.append(Happening("client:reverted", one.subject_id, fields, details))
        for part in image["contacts"]:
            self._restore_contact(self.contacts[part["id"]], part, one)
        for tag in image.get("tags", ()):
            if tag["row"] in self.tags_there:
                self.tags.coming_off.append(uuid.UUID(tag["row"]))
                details = {"tag_id": tag["id"], "tag": tag["name"]}
                self.happenings.append(Happening("client:untagged", one.subject_id, {}, details))
        for note_id in image["notes"]:
            note = self.notes.get(note_id)
            if note is not None and note["archived_at"] is None:
                self.note_rows.append({"id": note["id"], "archived_at": self.moment, "updated_at": self.moment})
                self.happenings.append(Happening("client:noteRemoved", one.subject_id, {}, {"note_id": note["id"]}))

    def _restore_contact(self, contact: Mapping[str, Any], part: Mapping[str, Any], one: Done) -> None:
        row = {"id": contact["id"], "updated_at": self.moment}
        if part["act"] == "created":
            if contact["archived_at"] is None:
                self.contact_rows.append({**row, "archived_at": self.moment})
                details = {"contact_id": contact["id"], "kind": contact["kind"]}
                changes = {contact["kind"]: (contact["value"], None)}
                self.happenings.append(Happening("contact:archived", one.subject_id, changes, details))
        elif contact["value"] != part["before"]["value"]:
            self.contact_values.append({**row, **part["before"]})
            changes = {"value": (contact["value"], part["before"]["value"])}
            details = {"contact_id": contact["id"], "event_id": one.event_id, "changed_fields": ["value"]}
            self.happenings.append(Happening("contact:reverted", one.subject_id, changes, details))

    def _keep(self, client: Mapping[str, Any], **written: Any) -> None:
        """The whole row again, so that one statement writes them all."""
        names = (*EMPTY, "full_name", "marketing_consent_at", "archived_at")
        row = {name: client[name] for name in names} | written
        row |= {"id": client["id"], "sort_name": sort_name(row["full_name"]), "updated_at": self.moment}
        self.client_rows.append(row)

    def _write(self) -> None:
        update_many(Client, self.client_rows, also="version = t.version + 1")
        update_many(Contact, self.contact_rows, also="version = t.version + 1")
        update_many(Contact, self.contact_values, also="version = t.version + 1")
        update_many(Note, self.note_rows)
        self.tags.write()
        write_values(Client.resource, self.custom, self.definitions, port_id=self.port_id)
        if self.contact_rows:
            ids = {self.contacts[str(row["id"])]["client_id"] for row in self.contact_rows}
            db.session.execute(PROMOTE, {"ids": list(ids), "now": self.moment})
        keys = subject_keys("client", {one.subject_id for one in self.happenings}, port_id=self.port_id)
        record_many("client", self.happenings, by=self.by, port_id=self.port_id, keys=keys)
