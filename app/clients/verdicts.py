"""What becomes of a row: new, an update of somebody who is here, a duplicate to be decided on, or wrong; and why."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from ..db import db
from .labels import FIELDS
from .models import Client, Contact, Note, Verdict
from .names import sort_name

# A file may not write what the importer could not type: these fields and nothing else.
WRITTEN = Client.EDITABLE
SEVERAL = 5


@dataclass(frozen=True)
class Judgement:
    """`client_id`: whom the row changes or resembles; `twin`: the row of the file it repeats; `differences`: field,
    old, new."""

    verdict: Verdict
    message: str = ""
    client_id: uuid.UUID | None = None
    twin: int | None = None
    differences: list[list[Any]] = field(default_factory=list)


@dataclass
class Here:
    """What the port has that rows may be about: each client with its values, contacts by kind, and notes."""

    clients: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)
    contacts: dict[uuid.UUID, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    notes: dict[uuid.UUID, set[str]] = field(default_factory=dict)
    by_contact: dict[tuple[str, str], list[uuid.UUID]] = field(default_factory=dict)
    by_name: dict[str, list[uuid.UUID]] = field(default_factory=dict)
    by_number: dict[int, uuid.UUID] = field(default_factory=dict)


def about(rows: Sequence[Mapping[str, Any]], *, ids: Collection[uuid.UUID] = (), locks: bool = False) -> Here:
    """What is here of the rows' contacts, numbers and names, and of the clients `ids`: three statements, whatever the
    number of rows. `locks`: the clients `ids` until the transaction ends."""
    here = Here()
    values = {contact["normalised"] for fields in rows for contact in fields["contacts"]}
    names = {sort_name(fields["full_name"]) for fields in rows if not fields["contacts"]}
    numbers = {fields["number"] for fields in rows if isinstance(fields.get("number"), int)}
    met = _contacts_with(values) if values else []
    columns = [column for column in Client.__table__.c if column.name not in ("created_by_id", "created_at")]
    current = select(*columns).where(Client.archived_at.is_(None))
    if locks:
        found = _rows(current.where(Client.id.in_(list(ids))).order_by(Client.id).with_for_update(of=Client.__table__))
    else:
        wanted = {row.client_id for row in met} | set(ids)
        found = _rows(current.where(Client.id.in_(list(wanted)))) if wanted else []
    if numbers:
        found += _rows(current.where(Client.number.in_(numbers)))
    if names:
        found += _rows(current.where(Client.sort_name.in_(names)))
    here.clients = {row["id"]: row for row in found}
    for client in here.clients.values():
        here.by_name.setdefault(client["sort_name"], []).append(client["id"])
        here.by_number[client["number"]] = client["id"]
    for row in met:
        here.by_contact.setdefault((row.kind, row.normalised), []).append(row.client_id)
    _add_contacts(here)
    add_notes(here, rows)
    return here


def _rows(statement: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in db.session.execute(statement).mappings()]


def _contacts_with(values: Collection[str]) -> Sequence[Any]:
    """Who has one of these contacts; clients that are put away do not count."""
    return db.session.execute(
        select(Contact.client_id, Contact.kind, Contact.normalised)
        .join(Client, (Client.port_id == Contact.port_id) & (Client.id == Contact.client_id))
        .where(Contact.normalised.in_(list(values)), Contact.archived_at.is_(None), Client.archived_at.is_(None))
    ).all()


def _add_contacts(here: Here) -> None:
    if not here.clients:
        return
    rows = db.session.execute(
        select(Contact.id, Contact.client_id, Contact.kind, Contact.value, Contact.normalised, Contact.label)
        .where(Contact.client_id.in_(list(here.clients)), Contact.archived_at.is_(None))
        .order_by(Contact.is_primary.desc(), Contact.id)
    ).mappings()
    for row in rows:
        here.contacts.setdefault(row["client_id"], {}).setdefault(row["kind"], []).append(dict(row))


def add_notes(here: Here, rows: Sequence[Mapping[str, Any]]) -> None:
    """The notes of the clients, where one of the rows brings a note."""
    if not here.clients or not any(fields.get("note") for fields in rows):
        return
    found = db.session.execute(
        select(Note.client_id, Note.body).where(Note.client_id.in_(list(here.clients)), Note.archived_at.is_(None))
    )
    for client_id, body in found:
        here.notes.setdefault(client_id, set()).add(body)


# --- The verdict --------------------------------------------------------------------------------------------------


class Seen:
    """What stood in the rows above: a contact, a name without contacts, a client that a row changes → its row.

    As short digests: a file of 200,000 rows has half a million contacts.
    """

    def __init__(self) -> None:
        self.rows: dict[int, int] = {}

    def above(self, keys: Iterable[tuple[str, str]]) -> tuple[int, tuple[str, str]] | None:
        for key in keys:
            if found := self.rows.get(hash(key)):
                return found, key
        return None

    def add(self, keys: Iterable[tuple[str, str]], number: int) -> None:
        for key in keys:
            self.rows.setdefault(hash(key), number)


def keys_of(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What tells that two rows are about the same client."""
    if fields["contacts"]:
        return [(contact["kind"], contact["normalised"]) for contact in fields["contacts"]]
    return [("name", sort_name(fields["full_name"]))]


def judge(fields: Mapping[str, Any], number: int, here: Here, seen: Seen, *, may_update: bool) -> Judgement:
    """The verdict on a row that can be read; it is remembered in `seen` when the row will be used."""
    keys = keys_of(fields)
    if above := seen.above(keys):
        row, (kind, _value) = above
        text = _("Same %(what)s as row %(row)d of this file. Row %(row)d is used, this one is left out.")
        return Judgement(Verdict.DUPLICATE, text % {"what": _what(kind), "row": row}, twin=row)
    found = _compared(fields, here, may_update=may_update)
    if found.verdict == Verdict.UPDATE:
        changed = [("client", str(found.client_id))]
        if above := seen.above(changed):
            text = _("Row %(row)d of this file changes %(name)s already.")
            name = here.clients[found.client_id]["full_name"] if found.client_id else ""
            return Judgement(Verdict.DUPLICATE, text % {"row": above[0], "name": name}, found.client_id, above[0])
        seen.add(changed, number)
    if found.verdict in (Verdict.NEW, Verdict.UPDATE):
        seen.add(keys, number)
    return found


def _compared(fields: Mapping[str, Any], here: Here, *, may_update: bool) -> Judgement:
    met: dict[uuid.UUID, str] = {}
    for contact in fields["contacts"]:
        for client_id in here.by_contact.get((contact["kind"], contact["normalised"]), ()):
            met.setdefault(client_id, contact["kind"])
    numbered = here.by_number.get(fields["number"]) if isinstance(fields.get("number"), int) else None
    if numbered and (numbered in met or is_same_name(fields, here.clients[numbered])):
        return _update(fields, numbered, here, renames=True, may_update=may_update)
    if not fields["contacts"]:
        for client_id in here.by_name.get(sort_name(fields["full_name"]), ())[:1]:
            text = _("%(name)s is here already. The row has no e-mail or phone that could tell them apart.")
            name = here.clients[client_id]["full_name"]
            return Judgement(Verdict.DUPLICATE, text % {"name": name}, client_id)
    if not met:
        return Judgement(Verdict.NEW)
    if len(met) > 1:
        return Judgement(Verdict.DUPLICATE, _belongs_to_several(met, here), next(iter(met)))
    ((client_id, kind),) = met.items()
    if is_same_name(fields, here.clients[client_id]):
        return _update(fields, client_id, here, renames=False, may_update=may_update)
    words = {"what": _what(kind), "name": here.clients[client_id]["full_name"]}
    if is_close_name(fields["full_name"], words["name"]):
        text = _("Same %(what)s as %(name)s, and a name close to it.", **words)
    else:
        text = _("Same %(what)s as %(name)s, under another name.", **words)
    return Judgement(Verdict.DUPLICATE, text, client_id)


def _update(
    fields: Mapping[str, Any], client_id: uuid.UUID, here: Here, *, renames: bool, may_update: bool
) -> Judgement:
    found, name = differences(fields, client_id, here, renames=renames), here.clients[client_id]["full_name"]
    if not found:
        return Judgement(Verdict.DUPLICATE, _("%(name)s is here already, and nothing differs.", name=name), client_id)
    if not may_update:
        text = _("%(name)s is here already. You may add clients, not change them.", name=name)
        return Judgement(Verdict.DUPLICATE, text, client_id, differences=found)
    return Judgement(Verdict.UPDATE, "", client_id, differences=found)


def _belongs_to_several(met: Mapping[uuid.UUID, str], here: Here) -> str:
    shown = list(met.items())[:SEVERAL]
    said = [_("%(what)s: %(name)s", what=_what(kind), name=here.clients[who]["full_name"]) for who, kind in shown]
    return _("What is in this row belongs to several clients (%(list)s).", list=", ".join(said))


def _what(kind: str) -> str:
    words = {"email": _("e-mail"), "phone": _("phone"), "whatsapp": _("WhatsApp number"), "address": _("address")}
    return words.get(kind) or _("name")


def is_same_name(fields: Mapping[str, Any], client: Mapping[str, Any]) -> bool:
    """`Koskinen, Heikki` and `Heikki Koskinen` are the same."""
    return _parts(fields["full_name"]) == _parts(client["full_name"])


def _parts(name: str) -> list[str]:
    return sorted(re.findall(r"[^\s,.]+", sort_name(name)))


def is_close_name(one: str, other: str) -> bool:
    from rapidfuzz import fuzz  # only in the worker

    ours, theirs = _parts(one), _parts(other)
    if ours and theirs and {part[0] for part in ours} <= {part[0] for part in theirs} and set(ours) & set(theirs):
        return True
    return bool(fuzz.token_set_ratio(" ".join(ours), " ".join(theirs)) >= 80)


# --- What an update changes ---------------------------------------------------------------------------------------


def differences(
    fields: Mapping[str, Any], client_id: uuid.UUID, here: Here, *, renames: bool = True
) -> list[list[Any]]:
    """Field, old, new of what the row would change: an empty cell erases nothing, a contact that is not there is
    added, and replaces the one of its kind where both sides have just one."""
    client, found = here.clients[client_id], []
    for name in WRITTEN:
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
    note = fields.get("note")
    if note and note not in here.notes.get(client_id, ()):
        found.append(["note", None, note])
    return found


def present(client: Mapping[str, Any], name: str) -> Any:
    """A client's value as a row would have it."""
    if name == "marketing_consent":
        return client["marketing_consent_at"] is not None
    if name == "owner_id":
        return str(client["owner_id"]) if client["owner_id"] else None
    return client[name]


def in_words(name: str, value: Any, colleagues: Mapping[str, str]) -> str:
    """A value of a difference as people read it."""
    if value in (None, "", []):
        return ""
    if name == "owner_id":
        return colleagues.get(str(value), "")
    words = FIELDS[name].words if name in FIELDS else str
    return str(words(value))
