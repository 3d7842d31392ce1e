"""What goes out of a client, and under which headings: the columns that the list shows, or all that an import reads.

The headings of a full file are those that `columns.match` knows by itself, so that it comes back without a question.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from ..admin.models import Tag
from ..db import db
from ..formats import in_force, zone
from ..identity.models import User, UserPortRole
from ..spreadsheet import MOST_COLUMNS
from .labels import STATUSES, source_word
from .models import Client, ClientTag, Contact, ContactKind, Note
from .queries import JOINED, ROW

# Of one kind that have columns of their own; what is beyond stands in the last of them.
MOST_OF_A_KIND = 10
SEPARATOR = " ::: "  # between several in one cell, as Google has it


@dataclass(frozen=True)
class Outgoing:
    """One client with what goes out of it. `client`: the columns of the list and its own; contacts by kind, the one
    that is used first at the head."""

    client: Any
    contacts: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    notes: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Column:
    heading: str
    cell: Callable[[Outgoing], str]


OWN = [column for column in Client.__table__.columns if column.name not in {one.key for one in ROW if one.key}]


def outgoing(ids: Sequence[uuid.UUID]) -> list[Outgoing]:
    """These clients in this order, but for those who are gone: four statements, whatever their number."""
    found = db.session.execute(select(*ROW, *OWN).select_from(JOINED).where(Client.id.in_(ids)))
    clients = {row.id: Outgoing(row) for row in found}
    contacts = (
        select(Contact.client_id, Contact.kind, Contact.value, Contact.normalised, Contact.label)
        .where(Contact.client_id.in_(ids), Contact.archived_at.is_(None))
        .order_by(Contact.is_primary.desc(), Contact.id)
    )
    for contact in db.session.execute(contacts):
        if contact.client_id in clients:
            clients[contact.client_id].contacts[contact.kind].append(contact)
    notes = select(Note.client_id, Note.body).where(Note.client_id.in_(ids), Note.archived_at.is_(None))
    for client_id, body in db.session.execute(notes.order_by(Note.id)):
        if client_id in clients:
            clients[client_id].notes.append(body)
    tags = (
        select(ClientTag.client_id, Tag.name)
        .join(Tag, (Tag.port_id == ClientTag.port_id) & (Tag.id == ClientTag.tag_id))
        .where(ClientTag.client_id.in_(ids))
        .order_by(func.lower(Tag.name))
    )
    for client_id, name in db.session.execute(tags):
        if client_id in clients:
            clients[client_id].tags.append(name)
    return [clients[client_id] for client_id in ids if client_id in clients]


# --- As the list shows it


def shown_columns(keys: Sequence[str]) -> list[Column]:
    """Name, company and tags, which stand in one column of the list, and those of its columns that are shown."""
    return [
        Column(_("Name"), lambda one: one.client.full_name),
        Column(_("Company"), lambda one: one.client.company_name),
        Column(_("Tags"), lambda one: ", ".join(one.tags)),
        *(column for key in keys for column in SHOWN.get(key, list)()),
    ]


def _first(kind: ContactKind) -> Callable[[Outgoing], str]:
    return lambda one: one.contacts[kind][0].value if one.contacts.get(kind) else ""


def _day(name: str) -> Callable[[Outgoing], str]:
    return lambda one: getattr(one.client, name).astimezone(zone(in_force().timezone)).date().isoformat()


def _moment(name: str) -> Callable[[Outgoing], str]:
    return lambda one: f"{getattr(one.client, name).astimezone(zone(in_force().timezone)):%Y-%m-%d %H:%M}"


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
    "created": lambda: [Column(_("Entered"), _day("created_at"))],
    "updated": lambda: [Column(_("Last change"), _moment("updated_at"))],
}


# --- All there is

# Known to `columns.match` whatever the language of the port.
HEADINGS = {
    "number": "Client number",
    "kind": "Kind",
    "full_name": "Full name",
    "preferred_name": "Preferred name",
    "company_name": "Company",
    "email": "E-mail",
    "phone": "Phone",
    "whatsapp": "WhatsApp",
    "address": "Other address",
    "street": "Street",
    "postcode": "Postcode",
    "town": "Town",
    "region": "Region",
    "country": "Country",
    "nationality": "Nationality",
    "languages": "Languages",
    "tax_number": "Tax number",
    "status": "Status",
    "source": "Source",
    "owner": "Owner",
    "marketing_consent": "News and offers",
    "note": "Note",
}


def heading_of(key: str, number: int | None = None) -> str:
    return f"{HEADINGS[key]} {number}" if number else HEADINGS[key]


def label_heading_of(kind: str, number: int | None = None) -> str:
    return f"Label of {heading_of(kind, number)}"


@dataclass
class Widths:
    """How many columns the clients need: of each kind of contact the most that one of them has, and of notes; which
    kinds have labels."""

    most: dict[str, int] = field(default_factory=dict)
    labelled: set[str] = field(default_factory=set)

    def look_at(self, ids: Sequence[uuid.UUID]) -> None:
        """Take these clients in: two statements."""
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

    def _take(self, name: str, count: int) -> None:
        self.most[name] = max(self.most.get(name, 0), count)


def all_columns(port_id: uuid.UUID, widths: Widths) -> list[Column]:
    """Codes rather than words where a word could be another in the next language."""
    columns = [
        *(_own(name) for name in ("number", "kind", "full_name", "preferred_name", "company_name")),
        *(column for kind in ContactKind for column in _contact_columns(kind, widths)),
        *(_own(name) for name in ("street", "postcode", "town", "region", "country", "nationality")),
        Column(heading_of("languages"), lambda one: ", ".join(one.client.languages)),
        *(_own(name) for name in ("tax_number", "status", "source")),
        _owner_column(port_id),
        Column(heading_of("marketing_consent"), lambda one: "yes" if one.client.marketing_consent_at else "no"),
    ]
    return [*columns, *_note_columns(min(widths.most.get("note", 0), MOST_COLUMNS - len(columns)))]


def _own(name: str) -> Column:
    return Column(heading_of(name), lambda one: str(getattr(one.client, name)))


def _contact_columns(kind: ContactKind, widths: Widths) -> list[Column]:
    """Each with its label before it, where any has one."""
    most = min(widths.most.get(kind, 0), MOST_OF_A_KIND)
    columns = []
    for at in range(most):
        number = at + 1 if most > 1 else None
        if kind in widths.labelled:
            columns.append(Column(label_heading_of(kind, number), _label_at(kind, at)))
        columns.append(Column(heading_of(kind, number), _contact_at(kind, at, is_last=at + 1 == MOST_OF_A_KIND)))
    return columns


def _contact_at(kind: ContactKind, at: int, *, is_last: bool) -> Callable[[Outgoing], str]:
    def cell(one: Outgoing) -> str:
        there = [contact.value for contact in one.contacts.get(kind, ())[at : None if is_last else at + 1]]
        return SEPARATOR.join(there)

    return cell


def _label_at(kind: ContactKind, at: int) -> Callable[[Outgoing], str]:
    def cell(one: Outgoing) -> str:
        there = one.contacts.get(kind, ())
        label = there[at].label if at < len(there) else ""
        # An import takes a phone that is called so for a WhatsApp number.
        return "" if kind == ContactKind.PHONE and label.strip(" *").casefold() == "whatsapp" else label

    return cell


def _owner_column(port_id: uuid.UUID) -> Column:
    """By the e-mail address, which is one person's alone; who does not work here any more could not be read back."""
    here = select(UserPortRole.user_id).where(UserPortRole.port_id == port_id)
    rows = db.session.execute(select(User.id, User.email).where(User.is_active, User.id.in_(here)))
    colleagues: Mapping[uuid.UUID | None, str] = {row.id: row.email for row in rows}
    return Column(heading_of("owner"), lambda one: colleagues.get(one.client.owner_id, ""))


def _note_columns(most: int) -> list[Column]:
    return [
        Column(heading_of("note", at + 1 if most > 1 else None), _note_at(at, is_last=at + 1 == most))
        for at in range(most)
    ]


def _note_at(at: int, *, is_last: bool) -> Callable[[Outgoing], str]:
    return lambda one: "\n\n".join(one.notes[at : None if is_last else at + 1])
