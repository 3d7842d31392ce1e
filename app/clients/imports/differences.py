"""What a row would change of a client who is here, and how that reads."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from flask_babel import gettext as _

from ...fields.models import is_custom
from ...imports.columns import Columns
from ...imports.tags import new_tags
from ..labels import FIELDS
from ..models import Client
from .here import Here
from .vessel_rows import vessel_of

# A file may not write what the importer could not type: these fields and nothing else.
WRITTEN = Client.EDITABLE


def differences(
    fields: Mapping[str, Any], client_id: uuid.UUID, here: Here, *, renames: bool = True
) -> list[list[Any]]:
    """Field, old, new of what the row would change: an empty cell erases nothing, a contact that is not there is
    added, and replaces the one of its kind where both sides have just one."""
    client, found = here.clients[client_id], []
    for name in (*WRITTEN, *filter(is_custom, fields)):
        new = fields.get(name)
        if new in (None, "", []) or (name == "full_name" and not renames):
            continue
        old = present(client, name)
        if old != new:
            found.append([name, old, new])
    there = here.contacts.get(client_id, {})
    for kind in ("email", "phone", "whatsapp", "address"):
        ours = [contact for contact in fields["contacts"] if contact["kind"] == kind]
        theirs = there.get(kind, [])
        known = {contact["normalised"] for contact in theirs}
        added = [contact for contact in ours if contact["normalised"] not in known]
        replaces = len(ours) == len(theirs) == len(added) == 1
        found += [[kind, theirs[0]["value"] if replaces else None, contact["shown"]] for contact in added]
    if tags := new_tags(fields, here.tags.get(client_id, ())):
        found.append(["tags", None, ", ".join(tags)])
    if new_note := _new_note(fields, here.notes.get(client_id, ())):
        found.append(["note", None, new_note])
    return found + here.fleet.differences(vessel_of(fields), client_id)


def _new_note(fields: Mapping[str, Any], kept: Collection[str]) -> str:
    """Columns of notes become one note, and may be several here already."""
    note = fields.get("note")
    if not note or note in kept:
        return ""
    return "\n".join(one for one in fields.get("notes", [note]) if one not in kept)


def present(client: Mapping[str, Any], name: str) -> Any:
    """A client's value as a row would have it."""
    if name == "marketing_consent":
        return client["marketing_consent_at"] is not None
    if name == "owner_id":
        return str(client["owner_id"]) if client["owner_id"] else None
    return client.get(name, "") if is_custom(name) else client[name]


def in_words(name: str, value: Any, colleagues: Mapping[str, str], columns: Columns) -> str:
    """A value of a difference as people read it."""
    if value in (None, "", []):
        return ""
    if name == "owner_id":
        return colleagues.get(str(value), "")
    if name in columns.read:
        return str(columns.read[name].words(value))
    return ", ".join(value) if isinstance(value, list) else str(value)


def label_of(name: str, columns: Columns) -> str:
    """What a field of a difference is called."""
    if name == "vessel":
        return _("Vessel")
    return str(FIELDS[name].label) if name in FIELDS else columns.label_of(name)
