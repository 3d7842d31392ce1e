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

from ..bulk import update_many
from ..bulk_edits.tagging import TAGGED, UNTAGGED, TagsBack
from ..changes.putting_back import PuttingBack
from ..changes.ways import Done, puts_back
from ..db import db
from ..events.bulk import Happening
from ..events.models import Actor
from ..fields.models import is_custom
from ..sorting import sort_name
from .imports.differences import present
from .imports.letting_in import EMPTY
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


def tell(happened: str, client_id: uuid.UUID, details: Mapping[str, Any]) -> Happening:
    return Happening(f"client:{happened}", client_id, {}, details)


@puts_back("client")
def put_clients_back(done: Sequence[Done], port_id: uuid.UUID, by: Actor) -> Mapping[uuid.UUID, str]:
    return ClientsBack(done, port_id, by).reasons()


class ClientsBack(PuttingBack):
    model, tagging = Client, ClientTag

    def __init__(self, done: Sequence[Done], port_id: uuid.UUID, by: Actor) -> None:
        super().__init__(done, port_id, by)
        self.contacts = self._by_id(Contact)
        self.notes = self._by_id(Note)
        self.tags = TagsBack(ClientTag, done, port_id, tell)
        self.contact_rows: list[dict[str, Any]] = []
        self.contact_values: list[dict[str, Any]] = []
        self.note_rows: list[dict[str, Any]] = []

    def _by_id(self, model: type[Contact] | type[Note]) -> dict[str, dict[str, Any]]:
        found = select(model.__table__).where(model.client_id.in_(list(self.records)))
        return {str(row["id"]): dict(row) for row in db.session.execute(found).mappings()}

    def put_back(self, one: Done) -> str:
        client = self.records.get(one.subject_id)
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
            names = ", ".join(sorted({self.label_of(name, FIELDS) for name in changed}))
            return _("%(fields)s: %(change)s", fields=names, change=self.who(one))
        self._restore(client, one)
        return ""

    def _archive(self, client: Mapping[str, Any], one: Done) -> str:
        if client["archived_at"] is not None:
            return ""
        if self.was_touched(one):
            return self.who(one)
        self._keep(client, archived_at=self.moment)
        self.happenings.append(Happening("client:archived", one.subject_id))
        return ""

    def _unarchive(self, client: Mapping[str, Any], one: Done) -> str:
        if client["archived_at"] is None:
            return ""
        if self.was_touched(one):
            return self.who(one)
        self._keep(client, archived_at=None)
        self.happenings.append(Happening("client:restored", one.subject_id))
        return ""

    def _put_tag_back(self, client: Mapping[str, Any], one: Done) -> str:
        reason, happening = self.tags.put_back(one)
        if happening is not None:
            self._keep(client)
            self.happenings.append(happening)
        return reason

    def _changed(self, client: Mapping[str, Any], image: Mapping[str, Any]) -> list[str]:
        """What of the act has another value by now."""
        changed = [
            name
            for name, (old, new) in image.get("fields", {}).items()
            if present(client, name) not in (old, new) or (is_custom(name) and name not in self.definitions)
        ]
        for part in image.get("contacts", ()):
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
        details = self.keep_custom(one, fields)
        if "marketing_consent" in written:
            del written["marketing_consent"]
            written["marketing_consent_at"] = image["consent_at"]
        self._keep(client, **written)
        if fields:
            self.happenings.append(Happening("client:reverted", one.subject_id, fields, details))
        for part in image.get("contacts", ()):
            self._restore_contact(self.contacts[part["id"]], part, one)
        self.take_tags_off(one)
        for note_id in image.get("notes", ()):
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
        self.rows.append(row)

    def write(self) -> None:
        update_many(Contact, self.contact_rows, also="version = t.version + 1")
        update_many(Contact, self.contact_values, also="version = t.version + 1")
        update_many(Note, self.note_rows)
        self.tags.write()
        if self.contact_rows:
            ids = {self.contacts[str(row["id"])]["client_id"] for row in self.contact_rows}
            db.session.execute(PROMOTE, {"ids": list(ids), "now": self.moment})
        super().write()
