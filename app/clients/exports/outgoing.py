"""What goes out of a client, and under which headings: the columns that the list shows, or all that an import reads.

The headings of a full file are those by which `Columns.match` knows them, so that it comes back without a question.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, func, select

from ...db import db
from ...exports.kinds import Column, as_read_again, day_there, moment_there
from ...fields.models import FieldDefinition, FieldValue, values_of
from ...identity.models import User, UserPortRole
from ...imports.columns import Field
from ...imports.reading import SEPARATOR, in_a_cell
from ...tables.unfolding import MOST_COLUMNS
from ...tags.models import Tag
from ...vessels.models import Vessel
from ..imports.columns import Columns
from ..imports.vessel_rows import OF_VESSELS
from ..labels import STATUSES, source_word
from ..models import Client, ClientTag, Contact, ContactKind, Note
from ..queries import JOINED, ROW

# Of one kind that have columns of their own; what is beyond stands in the last of them.
MOST_OF_A_KIND = 10


@dataclass(frozen=True)
class Outgoing:
    """One client with what goes out of it, or with one more of its vessels. `client`: the columns of the list and its
    own; contacts by kind, the one that is used first at the head; custom fields by name, and the vessel by its."""

    client: Any
    contacts: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    tags: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    custom: Mapping[str, str] = field(default_factory=dict)
    vessels: list[Mapping[str, Any]] = field(default_factory=list)
    vessel: Mapping[str, Any] = field(default_factory=dict)

    @property
    def by_vessel(self) -> list[Outgoing]:
        """As rows of a table: one, or one for each vessel, as an import takes them together again. Notes stand in the
        first alone."""
        first, *others = self.vessels or [{}]
        return [replace(self, vessel=first), *(replace(self, vessel=other, notes=[]) for other in others)]


OWN = [column for column in Client.__table__.columns if column.name not in {one.key for one in ROW if one.key}]


def outgoing(ids: Sequence[uuid.UUID], *, is_whole: bool) -> list[Outgoing]:
    """These clients in this order, but for those who are gone. Three statements, with all there is of them seven,
    whatever their number."""
    found = db.session.execute(select(*ROW, *OWN).select_from(JOINED).where(Client.id.in_(ids)))
    custom = values_of(Client.resource, ids) if is_whole else {}
    clients = {row.id: Outgoing(row, custom=custom.get(row.id, {})) for row in found}
    contacts = (
        select(Contact.client_id, Contact.kind, Contact.value, Contact.normalised, Contact.label)
        .where(Contact.client_id.in_(clients), Contact.archived_at.is_(None))
        .order_by(Contact.is_primary.desc(), Contact.id)
    )
    for contact in db.session.execute(contacts):
        clients[contact.client_id].contacts[contact.kind].append(contact)
    tags = (
        select(ClientTag.client_id, Tag.name)
        .join(Tag, (Tag.port_id == ClientTag.port_id) & (Tag.id == ClientTag.tag_id))
        .where(ClientTag.client_id.in_(clients))
        .order_by(func.lower(Tag.name))
    )
    for client_id, name in db.session.execute(tags):
        clients[client_id].tags.append(name)
    if is_whole:
        _add_the_rest(clients)
    return [clients[client_id] for client_id in ids if client_id in clients]


def _add_the_rest(clients: Mapping[uuid.UUID, Outgoing]) -> None:
    notes = select(Note.client_id, Note.body).where(Note.client_id.in_(clients), Note.archived_at.is_(None))
    for client_id, body in db.session.execute(notes.order_by(Note.id)):
        clients[client_id].notes.append(body)
    found = _vessels_of(list(clients)).order_by(Vessel.sort_name, Vessel.id)
    vessels = [dict(row) for row in db.session.execute(found).mappings()]
    custom = values_of(Vessel.resource, [vessel["id"] for vessel in vessels])
    for vessel in vessels:
        clients[vessel["client_id"]].vessels.append(vessel | custom.get(vessel["id"], {}))


def _vessels_of(ids: Sequence[uuid.UUID]) -> Select[Any]:
    columns = (Vessel.id, Vessel.client_id, Vessel.number, *(getattr(Vessel, name) for name in Vessel.EDITABLE))
    return select(*columns).where(Vessel.client_id.in_(ids), Vessel.archived_at.is_(None))


# --- As the list shows it


def shown_columns(keys: Sequence[str]) -> list[Column]:
    """Name, company and tags, which stand in one column of the list, and those of its columns that are shown."""
    return [
        Column(_("Name"), lambda one: one.client.full_name),
        Column(_("Company"), lambda one: one.client.company_name),
        Column(_("Tags"), lambda one: in_a_cell(one.tags)),
        *(column for key in keys for column in SHOWN.get(key, list)()),
    ]


def _first(kind: ContactKind) -> Callable[[Outgoing], str]:
    return lambda one: one.contacts[kind][0].value if one.contacts.get(kind) else ""


def _status() -> Callable[[Outgoing], str]:
    words, put_away = {str(value): str(label) for value, label in STATUSES}, _("Archived")
    return lambda one: put_away if one.client.archived_at else words[one.client.status]


# By the keys of `listing.COLUMNS`.
SHOWN: dict[str, Callable[[], list[Column]]] = {
    "contact": lambda: [
        Column(_("E-mail"), _first(ContactKind.EMAIL)),
        Column(_("Phone"), _first(ContactKind.PHONE)),
    ],
    "status": lambda: [Column(_("Status"), _status())],
    "owner": lambda: [Column(_("Owner"), lambda one: one.client.owner_name or "")],
    "source": lambda: [Column(_("Source"), lambda one: source_word(one.client.source))],
    "town": lambda: [Column(_("Town"), lambda one: one.client.town)],
    "created": lambda: [Column(_("Entered"), lambda one: day_there(one.client.created_at))],
    "updated": lambda: [Column(_("Last change"), lambda one: moment_there(one.client.updated_at))],
}


# --- All there is


@dataclass
class Widths:
    """Which columns the clients need: of each kind of contact as many as one of them has, likewise of notes; labels of
    those kinds that have any; custom fields that one of them has; and whether there are vessels."""

    most: dict[str, int] = field(default_factory=dict)
    labelled: set[str] = field(default_factory=set)
    custom: set[str] = field(default_factory=set)
    has_vessels: bool = False

    def look_at(self, ids: Sequence[uuid.UUID]) -> None:
        """Take these clients in: five statements."""
        contacts = (
            select(Contact.kind, func.count().label("count"), func.bool_or(Contact.label != "").label("labelled"))
            .where(Contact.client_id.in_(ids), Contact.archived_at.is_(None))
            .group_by(Contact.client_id, Contact.kind)
            .subquery()
        )
        widest = select(contacts.c.kind, func.max(contacts.c.count), func.bool_or(contacts.c.labelled))
        for kind, count, is_labelled in db.session.execute(widest.group_by(contacts.c.kind)):
            self._take(kind, count)
            if is_labelled:
                self.labelled.add(kind)
        notes = (
            select(func.count().label("count"))
            .where(Note.client_id.in_(ids), Note.archived_at.is_(None))
            .group_by(Note.client_id)
            .subquery()
        )
        self._take("note", db.session.scalar(select(func.max(notes.c.count))) or 0)
        vessels = _vessels_of(ids).with_only_columns(Vessel.id)
        self.has_vessels = self.has_vessels or db.session.scalar(select(vessels.exists())) is True
        for begins, column, held in (("", FieldValue.client_id, ids), (OF_VESSELS, FieldValue.vessel_id, vessels)):
            definitions = select(FieldValue.definition_id).where(column.in_(held))
            keys = select(FieldDefinition).where(FieldDefinition.id.in_(definitions))
            self.custom |= {begins + definition.name for definition in db.session.scalars(keys)}

    def _take(self, name: str, count: int) -> None:
        self.most[name] = max(self.most.get(name, 0), count)


def all_columns(port_id: uuid.UUID, widths: Widths) -> list[Column]:
    """Codes rather than words where a word could be another in the next language."""
    known = Columns.of(port_id)
    columns = [
        *(_own(known, name) for name in ("number", "kind", "full_name", "preferred_name", "company_name")),
        *(column for kind in ContactKind for column in _contact_columns(known, kind, widths)),
        *(_own(known, name) for name in ("street", "postcode", "town", "region", "country", "nationality")),
        Column(known.label_of("languages"), lambda one: ", ".join(one.client.languages)),
        *(_own(known, name) for name in ("tax_number", "status", "source")),
        Column(known.label_of("owner"), _owner(port_id)),
        Column(known.label_of("marketing_consent"), lambda one: "yes" if one.client.marketing_consent_at else "no"),
        Column(known.label_of("tags"), lambda one: in_a_cell(one.tags)),
        *(_custom(known, found) for found in known.fields if found.key in widths.custom),
    ]
    if widths.has_vessels:
        columns += [_of_vessel(known, name) for name in ("number", *Vessel.EDITABLE)]
    return [*columns, *_note_columns(known, min(widths.most.get("note", 0), MOST_COLUMNS - len(columns)))]


def _own(known: Columns, name: str) -> Column:
    return Column(known.label_of(name), lambda one: str(getattr(one.client, name)))


def _of_vessel(known: Columns, name: str) -> Column:
    def cell(one: Outgoing) -> str:
        value = one.vessel.get(name)
        return "" if value is None else str(value)

    return Column(known.label_of(OF_VESSELS + name), cell)


def _custom(known: Columns, found: Field) -> Column:
    write = as_read_again(known.read[found.key])
    if not found.key.startswith(OF_VESSELS):
        return Column(known.label_of(found.key), lambda one: write(one.custom.get(found.key, "")))
    name = found.key.removeprefix(OF_VESSELS)
    return Column(known.label_of(found.key), lambda one: write(one.vessel.get(name, "")))


def _contact_columns(known: Columns, kind: ContactKind, widths: Widths) -> list[Column]:
    """Each with its label before it, where any has one."""
    most = min(widths.most.get(kind, 0), MOST_OF_A_KIND)
    columns = []
    for at in range(most):
        if kind in widths.labelled:
            columns.append(Column(known.label_of("label"), _label_at(kind, at)))
        heading = _numbered(known.label_of(kind), at + 1 if most > 1 else 0)
        columns.append(Column(heading, _contact_at(kind, at, is_last=at + 1 == MOST_OF_A_KIND)))
    return columns


def _numbered(heading: str, number: int) -> str:
    return f"{heading} {number}" if number else heading


def _contact_at(kind: ContactKind, at: int, *, is_last: bool) -> Callable[[Outgoing], str]:
    def cell(one: Outgoing) -> str:
        there = [contact.value for contact in one.contacts.get(kind, ())[at : None if is_last else at + 1]]
        return SEPARATOR.join(there)

    return cell


def _label_at(kind: ContactKind, at: int) -> Callable[[Outgoing], str]:
    def cell(one: Outgoing) -> str:
        there = one.contacts.get(kind, ())
        return there[at].label if at < len(there) else ""

    return cell


def _owner(port_id: uuid.UUID) -> Callable[[Outgoing], str]:
    """By the e-mail address, which is one person's alone; who does not work here any more could not be read back."""
    here = select(UserPortRole.user_id).where(UserPortRole.port_id == port_id)
    rows = db.session.execute(select(User.id, User.email).where(User.is_active, User.id.in_(here)))
    colleagues: Mapping[uuid.UUID | None, str] = {row.id: row.email for row in rows}
    return lambda one: colleagues.get(one.client.owner_id, "")


def _note_columns(known: Columns, most: int) -> list[Column]:
    heading = known.label_of("note")
    return [
        Column(_numbered(heading, at + 1 if most > 1 else 0), _note_at(at, is_last=at + 1 == most))
        for at in range(most)
    ]


def _note_at(at: int, *, is_last: bool) -> Callable[[Outgoing], str]:
    return lambda one: "\n\n".join(one.notes[at : None if is_last else at + 1])
