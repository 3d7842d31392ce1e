"""The list of clients: what a row shows, its filters and orders."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from types import SimpleNamespace
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import Integer, Select, Text, Uuid, column, func, literal_column, select, text
from sqlalchemy.orm import aliased, outerjoin

from ..current import Member
from ..db import db
from ..formats import today
from ..identity.models import User
from ..paging import SIZE, Columns, Cursor, Filter, Page, Sort, address, paginate, paginate_ranked
from ..vessels.models import Card
from .forms import colleagues
from .labels import KINDS, RELATIONS, SOURCES, STATUSES
from .models import Client, Contact, ContactKind, Note

SORTS = (
    Sort("name", lazy_gettext("Name"), Client.sort_name),
    Sort("updated", lazy_gettext("Last change"), Client.updated_at, descending=True),
    Sort("created", lazy_gettext("Entered"), Client.created_at, descending=True),
)


LATEST = 10  # entries of the timeline on a client's page


def filters_of(member: Member) -> list[Filter]:
    """What the toolbar offers, and what of it the query string chooses; what is not offered chooses nothing."""
    owners = [("me", _("me")), ("nobody", _("nobody")), *(who for who in colleagues() if who[0] != str(member.id))]
    offered = (
        ("status", _("Status"), [(str(v), label) for v, label in STATUSES]),
        ("kind", _("Kind"), [(str(v), label) for v, label in KINDS]),
        ("source", _("Source"), [(str(v), label) for v, label in SOURCES]),
        ("owner", _("Owner"), owners),
        ("archived", _("Archived"), [("1", _("only archived"))]),
    )
    return [
        Filter(name, label, options, value if value in dict(options) else "")
        for name, label, options in offered
        for value in [request.args.get(name, "")]
    ]


def client_page(member: Member, filters: Sequence[Filter], asked: str = "") -> Page:
    """The page of the list the query string asks for: one statement. `asked`: the words of the search box; then those
    who fit best come first."""
    chosen = {chosen.name: chosen.value for chosen in filters}
    scope = _filtered(Client.visible_to(member), chosen, member)
    if asked:
        narrowed = any(value for name, value in chosen.items() if name != "archived")
        most = FOUND_TO_NARROW if narrowed else FOUND
        hits = search(member, asked, most, archived=bool(chosen["archived"]))
        return paginate_ranked(lambda start: _ranked(hits, scope if narrowed else None, start), most=FOUND)
    return paginate(row_columns(scope), scope, id_column=Client.id, sorts=SORTS)


# As many as anybody looks through, and enough that filters still leave something of them.
FOUND, FOUND_TO_NARROW = 1_000, 20_000


def search(member: Member, asked: str, most: int, *, archived: bool = False) -> Any:
    """The clients that fit the words, the best first: `client_id`, `place`, `tier` (see migration 0014) and `why`, what
    was found that a row does not show."""
    is_own = not member.can("clients.view")
    found = func.search_clients(asked[:LONGEST], most, is_own, archived)
    return found.table_valued(
        column("client_id", Uuid()), column("place", Integer()), column("tier", Integer()), column("why", Text())
    ).render_derived()


def _ranked(hits: Any, scope: Select[Any] | None, start: int) -> Sequence[Any]:
    """The rows of a page from `start` on, and one more; each with how many there are."""
    counted = select(hits.c, func.count().over().label("total"))
    if scope is not None:
        allowed = scope.with_only_columns(Client.id).subquery()
        counted = counted.join(allowed, allowed.c.id == hits.c.client_id)
    found = counted.order_by(hits.c.place).offset(start).limit(SIZE + 1).cte("found").prefix_with("MATERIALIZED")
    return db.session.execute(found_columns(found)).all()


def found_columns(found: Any) -> Columns:
    """What `_row.html` shows of those that were found, in their order."""
    joined = found.join(JOINED, Client.id == found.c.client_id)
    return select(*ROW, found.c.tier, found.c.why, found.c.total).select_from(joined).order_by(found.c.place)


LONGEST = 200  # letters of a query; nobody types more


def _filtered(scope: Select[Any], chosen: Mapping[str, str], member: Member) -> Select[Any]:
    scope = scope.where(Client.archived_at.is_not(None) if chosen["archived"] else Client.archived_at.is_(None))
    for name in ("status", "kind", "source"):
        if chosen[name]:
            scope = scope.where(getattr(Client, name) == chosen[name])
    if owner := chosen["owner"]:
        owners = {"me": member.id, "nobody": None}
        scope = scope.where(Client.owner_id == (owners[owner] if owner in owners else uuid.UUID(owner)))
    return scope


def stays_in_order(filters: Sequence[Filter]) -> bool:
    """Whether the list shown is ordered by name and not narrowed: then a row that changes can be swapped in place."""
    is_narrowed = bool(request.args.get("q", "").strip()) or any(chosen.value for chosen in filters)
    return request.args.get("sort") in (None, "name") and not is_narrowed


EMAIL, PHONE = aliased(Contact), aliased(Contact)


def _primary(of: Any, kind: str) -> Any:
    return (
        (of.client_id == Client.id)
        & (of.port_id == Client.port_id)
        & (of.kind == literal_column(f"'{kind}'"))
        & of.is_primary
        & of.archived_at.is_(None)
    )


# Made once: building these takes longer than asking the database for fifty rows.
ROW = (
    Client.id,
    Client.number,
    Client.kind,
    Client.full_name,
    Client.company_name,
    Client.status,
    Client.updated_at,
    Client.archived_at,
    EMAIL.value.label("email"),
    PHONE.normalised.label("phone"),
    User.name.label("owner_name"),
)
JOINED = outerjoin(
    outerjoin(outerjoin(Client, EMAIL, _primary(EMAIL, ContactKind.EMAIL)), PHONE, _primary(PHONE, ContactKind.PHONE)),
    User,
    User.id == Client.owner_id,
)


def row_columns(scope: Select[Any]) -> Columns:
    """What `_row.html` shows, as tuples: entities would cost a tenth of the page."""
    return scope.with_only_columns(*ROW).select_from(JOINED)


def row_of(client_id: uuid.UUID) -> Any:
    """One row of the list, for a broadcast; None when the client is gone or put away."""
    scope = select(Client).where(Client.id == client_id, Client.archived_at.is_(None))
    return db.session.execute(row_columns(scope)).one_or_none()


def contacts_of(client: Client) -> list[Contact]:
    return list(
        db.session.scalars(
            select(Contact)
            .where(Contact.client_id == client.id, Contact.archived_at.is_(None))
            .order_by(Contact.kind, Contact.is_primary.desc(), Contact.id)
        )
    )


# --- What stands beside the client on its page


@dataclass(frozen=True)
class Related:
    """Another client, and what stands before its name. `number` and `phone` are None where the member may not open it:
    that there is a captain, and who, is known of the client one looks at."""

    id: uuid.UUID
    relation: Any
    name: str
    number: int | None
    phone: str | None


@dataclass(frozen=True)
class Beside:
    contacts: list[Any]
    people: list[Related]
    vessels: list[Card]


CONTACTS = """
    SELECT jsonb_agg(to_jsonb(c) ORDER BY c.kind, c.is_primary DESC, c.id)
    FROM (SELECT id, kind, value, value AS display, normalised, label, is_primary FROM client_contacts
          WHERE port_id = :port AND client_id = :client AND archived_at IS NULL) c
"""
PEOPLE = """
    SELECT jsonb_agg(to_jsonb(p) ORDER BY p.is_of, p.sort_name, p.id)
    FROM (SELECT r.id, r.kind, r.from_id = :client AS is_of, o.number, o.full_name, o.sort_name, o.owner_id,
                 o.created_by_id,
                 (SELECT c.value FROM client_contacts c
                  WHERE c.port_id = o.port_id AND c.client_id = o.id AND c.kind = 'phone' AND c.is_primary
                    AND c.archived_at IS NULL) AS phone
          FROM (SELECT id, kind, from_id, to_id, to_id AS other_id FROM client_relationships
                WHERE port_id = :port AND from_id = :client AND archived_at IS NULL
                UNION ALL
                SELECT id, kind, from_id, to_id, from_id FROM client_relationships
                WHERE port_id = :port AND to_id = :client AND archived_at IS NULL) r
          JOIN clients o ON o.port_id = :port AND o.id = r.other_id) p
"""
BESIDE = text(f"SELECT ({CONTACTS}) AS contacts, ({PEOPLE}) AS people, ({Card.SQL}) AS vessels")  # our own


def beside(client: Client, member: Member | None = None) -> Beside:
    """Contacts, related clients and vessels of the client: one statement for three cards. `member`: who looks; None
    for those who see every client."""
    row = db.session.execute(BESIDE, {"port": client.port_id, "client": client.id}).one()
    return Beside(
        [SimpleNamespace(**contact) for contact in row.contacts or ()],
        [_related(person, member) for person in row.people or ()],
        Card.of(row.vessels, today()),
    )


def _related(person: Mapping[str, Any], member: Member | None) -> Related:
    owner_id, created_by_id = (person[name] and uuid.UUID(person[name]) for name in ("owner_id", "created_by_id"))
    is_open = member is None or Client.may_see(member, owner_id=owner_id, created_by_id=created_by_id)
    of, has = RELATIONS[person["kind"]]
    number, phone = (person["number"], person["phone"]) if is_open else (None, None)
    return Related(uuid.UUID(person["id"]), of if person["is_of"] else has, person["full_name"], number, phone)


def notes_of(client: Client) -> list[Note]:
    return list(
        db.session.scalars(
            select(Note)
            .where(Note.client_id == client.id, Note.archived_at.is_(None))
            .order_by(Note.pinned.desc(), Note.id.desc())
            .limit(100)
        )
    )


def letters() -> list[tuple[str, str]]:
    """Go to a letter: the list by name from there on."""
    url = address(sort="name", direction="asc", after="")
    return [(letter, url + cursor) for letter, cursor in LETTERS]


LETTERS = [(letter.upper(), Cursor(letter, uuid.UUID(int=0)).written()) for letter in ascii_lowercase]
