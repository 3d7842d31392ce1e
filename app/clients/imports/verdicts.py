"""What becomes of a row: new, an update of somebody who is here, a duplicate to be decided on, or wrong; and why."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from ...db import db
from ...fields.models import is_custom, values_of
from ...imports.columns import Columns
from ...imports.verdicts import Judgement, Verdict
from ...sorting import sort_name
from ...tags.models import Tag
from ..labels import FIELDS
from ..models import Client, ClientTag, Contact, Note
from .vessel_rows import MARKS, OF_VESSELS, UNIQUE, Fleet, fleet_of, mark_of, vessel_of, whose

# A file may not write what the importer could not type: these fields and nothing else.
WRITTEN = Client.EDITABLE
SEVERAL = 5


@dataclass
class Here:
    """What the port has that rows may be about: each client with its values, contacts by kind, notes, names of tags,
    and vessels."""

    clients: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)
    contacts: dict[uuid.UUID, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    notes: dict[uuid.UUID, set[str]] = field(default_factory=dict)
    tags: dict[uuid.UUID, set[str]] = field(default_factory=dict)
    fleet: Fleet = field(default_factory=Fleet)
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
    add_what_rows_bring(here, rows, locks=locks)
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


def add_what_rows_bring(here: Here, rows: Sequence[Mapping[str, Any]], *, locks: bool = False) -> None:
    """Notes, tags, own fields and vessels of the clients, each where one of the rows brings some. `locks`: the vessels
    until the transaction ends."""
    here.fleet = fleet_of(rows, list(here.clients), locks=locks)
    if not here.clients:
        return
    ids = list(here.clients)
    if any(fields.get("note") for fields in rows):
        found = select(Note.client_id, Note.body).where(Note.client_id.in_(ids), Note.archived_at.is_(None))
        for client_id, body in db.session.execute(found):
            here.notes.setdefault(client_id, set()).add(body)
    if any(fields.get("tags") for fields in rows):
        on = (Tag.port_id == ClientTag.port_id) & (Tag.id == ClientTag.tag_id)
        tagged = select(ClientTag.client_id, Tag.name).join(Tag, on).where(ClientTag.client_id.in_(ids))
        for client_id, name in db.session.execute(tagged):
            here.tags.setdefault(client_id, set()).add(name.casefold())
    if any(is_custom(name) for fields in rows for name in fields):
        for client_id, values in values_of(Client.resource, ids).items():
            here.clients[client_id] |= values


# --- The verdict --------------------------------------------------------------------------------------------------


class Seen:
    """What stood in the rows above: a contact, a name without contacts, a client a row changes, a vessel → the row.

    As short digests: a file of 200,000 rows has half a million contacts. `names`, in a file with vessels: of clients
    who may get another one by their name alone, 0 where several are called so; `clients`: of rows that change
    somebody, whom.
    """

    def __init__(self, *, keeps_names: bool = False) -> None:
        self.keeps_names = keeps_names
        self.rows: dict[int, int] = {}
        self.names: dict[int, int] = {}
        self.clients: dict[int, uuid.UUID] = {}

    def above(self, keys: Iterable[tuple[str, str]]) -> tuple[int, tuple[str, str]] | None:
        for key in keys:
            if found := self.rows.get(hash(key)):
                return found, key
        return None

    def with_same_client(self, fields: Mapping[str, Any]) -> list[int]:
        """The rows above of which a row that names a vessel may bring another one."""
        if not vessel_of(fields):
            return []
        above, named = self.above(keys_of(fields)), self.names.get(hash(sort_name(fields["full_name"])))
        return [row for row in (above and above[0], named) if row]

    def add(self, keys: Iterable[tuple[str, str]], number: int) -> None:
        for key in keys:
            self.rows.setdefault(hash(key), number)

    def add_client(self, fields: Mapping[str, Any], number: int, client_id: uuid.UUID | None) -> None:
        """A row that is used: whoever is in it, and the vessel."""
        self.add(keys_of(fields), number)
        if client_id is not None:
            self.add([("client", str(client_id))], number)
            self.clients[number] = client_id
        if self.keeps_names:
            name = hash(sort_name(fields["full_name"]))
            self.names[name] = 0 if name in self.names else number
        if vessel := vessel_of(fields):
            self.add_vessel(vessel, number, client_id, number)

    def add_vessel(self, vessel: Mapping[str, Any], of: int, client_id: uuid.UUID | None, number: int) -> None:
        """`of`: the row with the client."""
        self.add([_key_of_vessel(vessel, of, client_id), *_marks(vessel)], number)


def keys_of(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What tells that two rows are about the same client."""
    if fields["contacts"]:
        return [(contact["kind"], contact["normalised"]) for contact in fields["contacts"]]
    return [("name", sort_name(fields["full_name"]))]


def _key_of_vessel(vessel: Mapping[str, Any], of: int, client_id: uuid.UUID | None) -> tuple[str, str]:
    return "vessel", f"{client_id or of}:{mark_of(vessel)}"


def _marks(vessel: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(mark, vessel[mark]) for mark in MARKS if vessel.get(mark)]


RowAt = Callable[[int], Mapping[str, Any] | None]


def judge(
    fields: Mapping[str, Any],
    number: int,
    here: Here,
    seen: Seen,
    *,
    may_update: bool,
    row_at: RowAt = lambda _row: None,
) -> Judgement:
    """The verdict on a row that can be read; it is remembered in `seen` when the row will be used. `row_at`: the fields
    of a row above, to tell whether it has the same client and only another vessel."""
    vessel = vessel_of(fields)
    if above := seen.above(keys_of(fields)):
        row, (kind, _value) = above
        if vessel and (twin := row_at(row)):
            return _another_vessel(fields, number, row, twin, here, seen)
        text = _("Same %(what)s as row %(row)d of this file. Row %(row)d is used, this one is left out.")
        return Judgement(Verdict.DUPLICATE, text % {"what": _what(kind), "row": row}, twin=row)
    if (
        vessel
        and not fields["contacts"]
        and (named := seen.names.get(hash(sort_name(fields["full_name"])))) is not None
    ):
        if not named:
            text = _("Several rows above are of a %(name)s. Say by e-mail or phone which of them has this vessel.")
            return Judgement(Verdict.DUPLICATE, text % {"name": fields["full_name"]})
        if twin := row_at(named):
            return _another_vessel(fields, number, named, twin, here, seen)
    found = _compared(fields, here, may_update=may_update)
    if found.verdict == Verdict.UPDATE and (above := seen.above([("client", str(found.record_id))])):
        if vessel and (twin := row_at(above[0])) and not _says_otherwise(fields, twin):
            return _another_vessel(fields, number, above[0], twin, here, seen)
        text = _("Row %(row)d of this file changes %(name)s already.")
        name = here.clients[found.record_id]["full_name"] if found.record_id else ""
        return Judgement(Verdict.DUPLICATE, text % {"row": above[0], "name": name}, found.record_id, above[0])
    if found.verdict in (Verdict.NEW, Verdict.UPDATE):
        found = _its_vessel(vessel, found, here, seen)
    if found.verdict in (Verdict.NEW, Verdict.UPDATE):
        seen.add_client(fields, number, found.record_id)
    return found


def _its_vessel(vessel: Mapping[str, Any], found: Judgement, here: Here, seen: Seen) -> Judgement:
    """The same verdict, unless somebody else has the vessel, or it stands above."""
    if taken := here.fleet.taken(vessel, found.record_id):
        mark, other = taken
        if mark in UNIQUE:
            return Judgement(Verdict.WRONG, whose(mark, other), problem=OF_VESSELS + mark)
        return Judgement(Verdict.DUPLICATE, whose(mark, other), found.record_id, differences=found.differences)
    if above := seen.above(_marks(vessel)):
        row, (mark, value) = above
        text = _("The vessel %(value)s stands in row %(row)d of this file already.") % {"value": value, "row": row}
        if mark in UNIQUE:
            return Judgement(Verdict.WRONG, text, problem=OF_VESSELS + mark)
        return Judgement(Verdict.DUPLICATE, text, found.record_id, row, found.differences)
    return found


def _another_vessel(
    fields: Mapping[str, Any], number: int, row: int, twin: Mapping[str, Any], here: Here, seen: Seen
) -> Judgement:
    """The row has the client of a row above, `twin`, and is used for its vessel alone."""
    vessel, client_id = vessel_of(fields), seen.clients.get(row)
    if other := _says_otherwise(fields, twin):
        text = _("Row %(row)d has the same client, with another %(field)s. Where only the vessel differs, it is added.")
        return Judgement(Verdict.DUPLICATE, text % {"row": row, "field": other}, client_id, row)
    if above := seen.above([_key_of_vessel(vessel, row, client_id)]):
        text = _("Row %(row)d of this file names the same vessel of %(name)s.")
        return Judgement(Verdict.DUPLICATE, text % {"row": above[0], "name": fields["full_name"]}, client_id, above[0])
    differences = here.fleet.differences(vessel, client_id)
    if not differences:
        text = _("%(vessel)s of %(name)s is here already, and nothing differs.")
        words = {"vessel": vessel["name"], "name": fields["full_name"]}
        return Judgement(Verdict.DUPLICATE, text % words, client_id, row)
    found = _its_vessel(vessel, Judgement(Verdict.UPDATE, "", client_id, row, differences), here, seen)
    if found.verdict == Verdict.UPDATE:
        seen.add_vessel(vessel, row, client_id, number)
    return found


def _says_otherwise(fields: Mapping[str, Any], twin: Mapping[str, Any]) -> str:
    """The field, as it is called, in which a row differs from one of the same client above; an empty cell does not."""
    if not is_same_name(fields, twin):
        return str(FIELDS["full_name"].label)
    there = {(contact["kind"], contact["normalised"]) for contact in twin["contacts"]}
    for contact in fields["contacts"]:
        if (contact["kind"], contact["normalised"]) not in there:
            return _what(contact["kind"])
    apart = {"full_name", "contacts", "assumed"}
    for name, value in fields.items():
        if name not in apart and not name.startswith(OF_VESSELS) and value not in (None, "", [], twin.get(name)):
            return str(FIELDS[name].label) if name in FIELDS else _("field of the client")
    return ""


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
    has = here.tags.get(client_id, ())
    if new_tags := [tag for tag in fields.get("tags", ()) if tag.casefold() not in has]:
        found.append(["tags", None, ", ".join(new_tags)])
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
