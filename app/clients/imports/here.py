"""What a port has that the rows of a contact file may be about."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from ...db import db
from ...fields.models import is_custom, values_of
from ...sorting import sort_name
from ..models import Client, ClientTag, Contact, Note
from .vessel_rows import Fleet, fleet_of


@dataclass
class Here:
    """What the port has that rows may be about: each client with its values, contacts by kind, notes, names of tags,
    and vessels."""

    clients: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)
    contacts: dict[uuid.UUID, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    notes: dict[uuid.UUID, set[str]] = field(default_factory=dict)
    tags: dict[uuid.UUID, dict[str, str]] = field(default_factory=dict)
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
        here.tags = ClientTag.names_on(ids)
    if any(is_custom(name) for fields in rows for name in fields):
        for client_id, values in values_of(Client.resource, ids).items():
            here.clients[client_id] |= values
