"""Writing the rows of an import: a thousand at a time, by a handful of statements, with their events and before-images.

What stands here must come to the same as `Client.create`, `Client.update`, `Contact.create`, `Note.create` and
`ClientTag.put_on` one by one; a test compares them.
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
from ...events.models import Actor, user_id_of
from ...fields.models import FieldDefinition, is_custom, told, write_values
from ...notes.models import preview_of
from ...numbers import reserve
from ...sorting import sort_name
from ..models import Client, ClientTag, Contact, Note
from ..models.client import ClientSource, ClientStatus
from .here import Here

EMPTY: dict[str, Any] = {
    "kind": "person",
    "company_name": "",
    "preferred_name": "",
    "nationality": "",
    "languages": [],
    "source": ClientSource.MANUAL,
    "status": ClientStatus.PROSPECT,
    "tax_number": "",
    "street": "",
    "postcode": "",
    "town": "",
    "region": "",
    "country": "",
    "owner_id": None,
}


@dataclass
class Writing:
    """One batch: rows of each table, events and changes, gathered first and written at the end. `owners`: names of
    colleagues by id; `definitions`: of the clients' own fields, by name; `tag_ids`: by name in lower case."""

    port_id: uuid.UUID
    by: Actor
    owners: Mapping[str, str] = field(default_factory=dict)
    definitions: Mapping[str, FieldDefinition] = field(default_factory=dict)
    tag_ids: Mapping[str, uuid.UUID] = field(default_factory=dict)
    moment: datetime = field(default_factory=now)
    clients: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    contacts: list[dict[str, Any]] = field(default_factory=list)
    contact_updates: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    tags: list[dict[str, Any]] = field(default_factory=list)
    custom: list[tuple[uuid.UUID, str, str]] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    @property
    def author_id(self) -> uuid.UUID | None:
        return user_id_of(self.by)

    def create(self, fields: Mapping[str, Any], number: int) -> uuid.UUID:
        """A new client with contacts, tags and note."""
        client_id, first = uuid7(), len(self.happenings)
        values = EMPTY | fields.get("assumed", {}) | {name: fields[name] for name in Client.EDITABLE if name in fields}
        consents = bool(values.pop("marketing_consent", False))
        self.clients.append(
            {
                **values,
                "id": client_id,
                "port_id": self.port_id,
                "number": number,
                "sort_name": sort_name(values["full_name"]),
                "created_by_id": self.author_id,
                "marketing_consent_at": self.moment if consents else None,
                "archived_at": None,
                "version": 1,
                "created_at": self.moment,
                "updated_at": self.moment,
            }
        )
        shown = {**values, "marketing_consent": consents}
        changes = {name: (None, shown[name]) for name in Client.EDITABLE if shown[name]}
        custom = {name: ("", value) for name, value in fields.items() if is_custom(name) and value}
        details = {"name": values["full_name"], "source": values["source"], **self._named(changes, custom)}
        self._tell("client:created", client_id, {**changes, **custom}, details)
        self.custom += [(client_id, name, value) for name, (_none, value) in custom.items()]
        kinds: set[str] = set()
        for contact in fields["contacts"]:
            self._add_contact(client_id, contact, is_primary=contact["kind"] not in kinds)
            kinds.add(contact["kind"])
        for tag in fields.get("tags", ()):
            self._put_tag_on(client_id, tag)
        if note := fields.get("note"):
            self._add_note(client_id, note)
        self._note(client_id, "created", {}, first)
        return client_id

    def update(
        self,
        client_id: uuid.UUID,
        fields: Mapping[str, Any],
        differences: Sequence[Sequence[Any]],
        here: Here,
    ) -> None:
        """The differences (field, old, new) written to a locked client."""
        client, first = here.clients[client_id], len(self.happenings)
        image: dict[str, Any] = {"contacts": [], "notes": [], "tags": []}
        changes = {name: (old, new) for name, old, new in differences if name in Client.EDITABLE}
        written = {name: client[name] for name in EMPTY} | {name: new for name, (_old, new) in changes.items()}
        consent_at = client["marketing_consent_at"]
        if "marketing_consent" in written:
            consent_at = self.moment if written.pop("marketing_consent") else None
        name = written.get("full_name", client["full_name"])
        self.updates.append(
            {
                "id": client_id,
                **written,
                "full_name": name,
                "sort_name": sort_name(name),
                "marketing_consent_at": consent_at,
                "updated_at": self.moment,
            }
        )
        custom = {name: (old, new) for name, old, new in differences if is_custom(name)}
        self.custom += [(client_id, name, new) for name, (_old, new) in custom.items()]
        if changes or custom:
            image["fields"] = {name: list(change) for name, change in (changes | custom).items()}
            image["consent_at"] = client["marketing_consent_at"]
            details = {"changed_fields": sorted({*changes, *custom}), **self._named(changes, custom)}
            self._tell("client:updated", client_id, {**changes, **custom}, details)
        there = here.contacts.get(client_id, {})
        by_shown = {(contact["kind"], contact["shown"]): contact for contact in fields["contacts"]}
        has = {kind for kind, found in there.items() if found}
        for kind, old, new in differences:
            if kind not in ("email", "phone", "whatsapp", "address"):
                continue
            contact = by_shown[kind, new]
            if old is None:
                made = self._add_contact(client_id, contact, is_primary=kind not in has)
                image["contacts"].append({"id": made, "act": "created"})
                has.add(kind)
            else:
                image["contacts"].append(self._change_contact(client_id, there[kind][0], contact))
        has_tags = here.tags.get(client_id, ())
        for tag in fields.get("tags", ()):
            if tag.casefold() not in has_tags:
                image["tags"].append(self._put_tag_on(client_id, tag))
        for note in (new for name, _old, new in differences if name == "note"):
            image["notes"].append(self._add_note(client_id, note))
        self._note(client_id, "updated", image, first)

    def _add_contact(self, client_id: uuid.UUID, contact: Mapping[str, str], *, is_primary: bool) -> uuid.UUID:
        contact_id, kind = uuid7(), contact["kind"]
        self.contacts.append(
            {
                "id": contact_id,
                "port_id": self.port_id,
                "client_id": client_id,
                "kind": kind,
                "value": contact["shown"],
                "normalised": contact["normalised"],
                "label": contact.get("label", ""),
                "is_primary": is_primary,
                "archived_at": None,
                "version": 1,
                "created_at": self.moment,
                "updated_at": self.moment,
            }
        )
        details = {"contact_id": contact_id, "kind": kind}
        self._tell("contact:created", client_id, {kind: (None, contact["shown"])}, details)
        return contact_id

    def _change_contact(
        self, client_id: uuid.UUID, there: Mapping[str, Any], contact: Mapping[str, str]
    ) -> dict[str, Any]:
        after = {"value": contact["shown"], "normalised": contact["normalised"]}
        self.contact_updates.append({"id": there["id"], **after, "updated_at": self.moment})
        changes = {"value": (there["value"], after["value"])}
        details = {"contact_id": there["id"], "changed_fields": ["value"]}
        self._tell("contact:updated", client_id, changes, details)
        before = {"value": there["value"], "normalised": there["normalised"]}
        return {"id": there["id"], "act": "updated", "before": before, "after": after}

    def _put_tag_on(self, client_id: uuid.UUID, name: str) -> dict[str, Any]:
        row_id, tag_id = uuid7(), self.tag_ids[name.casefold()]
        row = {"id": row_id, "port_id": self.port_id, "client_id": client_id, "tag_id": tag_id}
        self.tags.append({**row, "created_at": self.moment})
        self._tell("client:tagged", client_id, {}, {"tag_id": tag_id, "tag": name})
        return {"id": tag_id, "row": row_id, "name": name}

    def _add_note(self, client_id: uuid.UUID, body: str) -> uuid.UUID:
        note_id = uuid7()
        self.notes.append(
            {
                "id": note_id,
                "port_id": self.port_id,
                "client_id": client_id,
                "author_id": self.author_id,
                "author_name": self.by.name,
                "body": body,
                "pinned": False,
                "archived_at": None,
                "created_at": self.moment,
                "updated_at": self.moment,
            }
        )
        told = {"note_id": note_id, "author": self.by.name, "preview": preview_of(body)}
        self._tell("client:noteAdded", client_id, {}, told)
        return note_id

    def _tell(
        self,
        name: str,
        client_id: uuid.UUID,
        changes: Mapping[str, tuple[Any, Any]],
        details: Mapping[str, Any],
    ) -> None:
        self.happenings.append(Happening(name, client_id, changes, details))

    def _named(self, changes: Mapping[str, tuple[Any, Any]], custom: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
        """The names of owners and what own fields read as, as `Client` records them."""
        words, named = told(custom, self.definitions), {}
        if "owner_id" in changes:
            named["owner_id"] = [self.owners.get(str(owner), "") if owner else "" for owner in changes["owner_id"]]
        named |= words.get("named", {})
        return {**words, "named": named} if named else {}

    def _note(self, client_id: uuid.UUID, act: str, image: Mapping[str, Any], first: int) -> None:
        events = [one.id for one in self.happenings[first:]]
        self.changes.append(Change(client_id, act, image, events))

    def write(self, change_set: ChangeSet) -> None:
        """All of it, in the current transaction."""
        created = [row["id"] for row in self.clients]
        others = {change.subject_id for change in self.changes} - set(created)
        insert_many(Client, self.clients)
        update_many(Client, self.updates, also="version = t.version + 1")
        update_many(Contact, self.contact_updates, also="version = t.version + 1")
        insert_many(Contact, self.contacts)
        insert_many(Note, self.notes)
        insert_many(ClientTag, self.tags, ends="ON CONFLICT DO NOTHING RETURNING id")
        write_values(Client.resource, self.custom, self.definitions, port_id=self.port_id)
        keys = subject_keys("client", created, port_id=self.port_id, are_new=True)
        if others:
            keys |= subject_keys("client", others, port_id=self.port_id)
        record_many("client", self.happenings, by=self.by, port_id=self.port_id, keys=keys)
        note_changes(change_set, "client", self.changes, keys=keys)


def numbers_for(port_id: uuid.UUID, count: int) -> Sequence[int]:
    """Numbers for so many new clients; those that a kill leaves unused stay so."""
    return reserve(port_id, "client", count) if count else ()
