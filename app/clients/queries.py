"""The list of clients: what a row shows, its filters and orders."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from string import ascii_lowercase
from types import SimpleNamespace
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import Boolean, Integer, Select, Text, bindparam, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased, outerjoin

from ..current import Member
from ..db import db, now
from ..fields.models import FieldValue, is_custom, options_of, shown
from ..fields.narrowing import having, offered
from ..formats import today
from ..identity.models import User
from ..notes.queries import NAMES, ShownNote, notes_on
from ..paging import HITS, Columns, Cursor, Filter, Page, Sort, address, chosen_of, paginate, paginate_ranked
from ..vessels.models import Card, Vessel
from .labels import KINDS, RELATIONS, SOURCES, STATUSES
from .models import Client, ClientTag, Contact, ContactKind, Duplicate, DuplicateState, Note
from .models.finding import LONGEST, hits, search
from .models.merge import UNDONE_WITHIN

SORTS = (
    Sort("name", lazy_gettext("Name"), Client.sort_name),
    Sort("updated", lazy_gettext("Last change"), Client.updated_at, descending=True),
    Sort("created", lazy_gettext("Entered"), Client.created_at, descending=True),
)


LATEST = 10  # entries of the timeline on a client's page


def filters_of(member: Member) -> list[Filter]:
    """What the toolbar offers, and what of it the query string chooses; what is not offered chooses nothing."""
    there = offers_of(member)
    others = [(who, name) for who, name in there.people or () if who != str(member.id)]
    owners = [("me", _("me")), ("nobody", _("nobody")), *others]
    tags = [(tag_id, name) for tag_id, name in there.tags or ()]
    offers = (
        ("status", _("Status"), [(str(v), label) for v, label in STATUSES]),
        ("kind", _("Kind"), [(str(v), label) for v, label in KINDS]),
        ("source", _("Source"), [(str(v), label) for v, label in SOURCES]),
        ("owner", _("Owner"), owners),
        *([("tag", _("Tag"), tags)] if tags else []),
        *offered(there.fields or ()),
        ("archived", _("Archived"), [("1", _("only archived"))]),
    )
    return chosen_of(offers)


# Tags that are put away can still be asked for while somebody carries them.
OFFERS = text("""
    SELECT (SELECT jsonb_agg(jsonb_build_array(u.id, u.name) ORDER BY u.name) FROM users u
            WHERE u.is_active AND u.id IN (SELECT r.user_id FROM user_port_roles r WHERE r.port_id = :port)) AS people,
           (SELECT jsonb_agg(jsonb_build_array(t.id, t.name) ORDER BY lower(t.name), t.id) FROM tags t
            WHERE t.port_id = :port AND (t.archived_at IS NULL OR EXISTS (
                SELECT FROM client_tags c WHERE c.port_id = t.port_id AND c.tag_id = t.id))) AS tags,
           (SELECT jsonb_agg(jsonb_build_array(d.key, d.label, d.kind, d.options) ORDER BY d.position, d.id)
            FROM custom_field_definitions d
            WHERE d.port_id = :port AND d.resource = 'client' AND d.archived_at IS NULL
              AND d.kind IN ('choice', 'yes_no')) AS fields
""")


def offers_of(member: Member) -> Any:
    """What of the port the list can be narrowed to: `people` and `tags` as [id, name], `fields` as [key, label,
    kind, options]; one statement."""
    return db.session.execute(OFFERS, {"port": member.here().id}).one()


def client_page(member: Member, filters: Sequence[Filter], asked: str = "") -> Page:
    """The page of the list the query string asks for: one statement. `asked`: the words of the search box; then those
    who fit best come first."""
    chosen = {chosen.name: chosen.value for chosen in filters}
    if asked and not any(chosen.values()):
        return paginate_ranked(lambda start: _found(member, asked, start), most=FOUND)
    scope = _filtered(Client.visible_to(member), chosen, member)
    if asked:  # among the archived stand the merged, which are not shown
        best = search(member, asked, FOUND_TO_NARROW, archived=bool(chosen["archived"]))
        return paginate_ranked(lambda start: db.session.execute(_ranked(best, scope, start)).all(), most=FOUND)
    return paginate(row_columns(scope), scope, id_column=Client.id, sorts=SORTS)


# As many as anybody looks through, and enough that filters still leave something of them.
FOUND, FOUND_TO_NARROW = 1_000, 20_000


def _ranked(best: Any, scope: Select[Any] | None, start: Any) -> Columns:
    """The rows of a page from `start` on, and one more; each with how many there are."""
    counted = select(best.c, func.count().over().label("total"))
    if scope is not None:
        allowed = scope.with_only_columns(Client.id).subquery()
        counted = counted.join(allowed, allowed.c.id == best.c.client_id)
    found = counted.order_by(best.c.place).offset(start).limit(HITS + 1).cte("found").prefix_with("MATERIALIZED")
    return found_columns(found)


def _found(member: Member, asked: str, start: int) -> Sequence[Any]:
    is_own = not member.can("clients.view")
    values = {"asked": asked[:LONGEST], "most": FOUND, "is_own": is_own, "archived": False, "start": start}
    return db.session.execute(_found_statement(), values).all()


@cache
def _found_statement() -> Columns:
    """Made once: people search as they type, and making it takes two milliseconds."""
    types: dict[str, Any] = {"asked": Text(), "most": Integer(), "is_own": Boolean(), "archived": Boolean()}
    best = hits(*(bindparam(name, type_=kind) for name, kind in types.items()))
    return _ranked(best, None, bindparam("start", type_=Integer()))


def best_clients(member: Member, asked: str, most: int) -> Sequence[Any]:
    """A few that fit the words best, for search and palette."""
    best = search(member, asked, most)
    found = select(best.c, literal_column("0").label("total")).cte("found").prefix_with("MATERIALIZED")
    return db.session.execute(found_columns(found)).all()


def found_columns(found: Any) -> Columns:
    """What `_row.html` shows of those that were found, in their order."""
    joined = found.join(JOINED, Client.id == found.c.client_id)
    return select(*ROW, found.c.tier, found.c.why, found.c.total).select_from(joined).order_by(found.c.place)


def _filtered(scope: Select[Any], chosen: Mapping[str, str], member: Member) -> Select[Any]:
    return narrowed(scope, chosen, port_id=member.here().id, me=member.id)


def narrowed(
    scope: Select[Any], chosen: Mapping[str, str], *, port_id: uuid.UUID, me: uuid.UUID | None = None
) -> Select[Any]:
    """The filters laid over a scope; `me`: whom the owner "me" means."""
    put_away = (Client.archived_at.is_not(None), Client.merged_into_id.is_(None))
    scope = scope.where(*put_away) if chosen["archived"] else scope.where(Client.archived_at.is_(None))
    for name in ("status", "kind", "source"):
        if chosen[name]:
            scope = scope.where(getattr(Client, name) == chosen[name])
    for name, value in chosen.items():
        if value and is_custom(name):
            its = having(FieldValue.client_id, Client.resource, name, value, port_id=port_id)
            scope = scope.where(Client.id.in_(its))
    if tag := chosen.get("tag"):
        tagged = select(ClientTag.client_id).where(ClientTag.port_id == port_id)
        scope = scope.where(Client.id.in_(tagged.where(ClientTag.tag_id == uuid.UUID(tag))))
    if owner := chosen["owner"]:
        owners = {"me": me, "nobody": None}
        scope = scope.where(Client.owner_id == (owners[owner] if owner in owners else uuid.UUID(owner)))
    return scope


EMAIL, PHONE = aliased(Contact), aliased(Contact)


def _primary(of: Any, kind: str) -> Any:
    return (
        (of.client_id == Client.id)
        & (of.port_id == Client.port_id)
        & (of.kind == literal_column(f"'{kind}'"))
        & of.is_primary
        & of.archived_at.is_(None)
    )


ROW_TAGS = ClientTag.shown_on(Client)
# Made once: building these takes longer than asking the database for fifty rows.
ROW = (
    Client.id,
    Client.number,
    Client.kind,
    Client.full_name,
    Client.company_name,
    Client.status,
    Client.source,
    Client.town,
    Client.created_at,
    Client.updated_at,
    Client.archived_at,
    EMAIL.value.label("email"),
    PHONE.normalised.label("phone"),
    User.name.label("owner_name"),
    ROW_TAGS.label("tags"),
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
    """`merges`: those into the client that can be undone, each as .id .number .name .at"""

    contacts: list[Any]
    people: list[Related]
    vessels: list[Card]
    merges: list[Any]


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
MERGES = """
    SELECT jsonb_agg(to_jsonb(m) ORDER BY m.id DESC)
    FROM (SELECT l.id, c.number, c.full_name AS name, l.created_at AS at FROM client_merge_log l
          JOIN clients c ON c.port_id = l.port_id AND c.id = l.merged_id
          WHERE l.port_id = :port AND l.survivor_id = :client AND l.undone_at IS NULL AND l.created_at > :undone_since
          ORDER BY l.id DESC LIMIT 5) m
"""


def _related(person: Mapping[str, Any], member: Member | None) -> Related:
    owner_id, created_by_id = (person[name] and uuid.UUID(person[name]) for name in ("owner_id", "created_by_id"))
    is_open = member is None or Client.may_see(member, owner_id=owner_id, created_by_id=created_by_id)
    of, has = RELATIONS[person["kind"]]
    number, phone = (person["number"], person["phone"]) if is_open else (None, None)
    return Related(uuid.UUID(person["id"]), of if person["is_of"] else has, person["full_name"], number, phone)


@dataclass(frozen=True)
class ShownTag:
    id: str
    name: str
    colour: str
    is_archived: bool = False


@dataclass(frozen=True)
class Kept:
    """What people keep about a client. `fields`: custom ones as (label, words); `offered`: the tags there are;
    `colleagues`: who can be named in a note."""

    notes: list[ShownNote]
    tags: list[ShownTag]
    fields: list[tuple[str, str]]
    offered: list[ShownTag]
    colleagues: list[str]


SHOWN_TAG = "jsonb_build_array(t.id, t.name, t.colour, t.archived_at IS NOT NULL) ORDER BY lower(t.name), t.id"
TAGS = f"""
    SELECT jsonb_agg({SHOWN_TAG}) FROM client_tags ct JOIN tags t ON t.port_id = ct.port_id AND t.id = ct.tag_id
    WHERE ct.port_id = :port AND ct.client_id = :client
"""  # noqa: S608  (constants)
FIELDS = """
    SELECT jsonb_agg(jsonb_build_array(d.label, d.kind, d.options, d.currency,
                                       coalesce(v.text_value, v.number_value::text, v.date_value::text))
                     ORDER BY d.position, d.id)
    FROM custom_field_values v JOIN custom_field_definitions d ON d.port_id = v.port_id AND d.id = v.definition_id
    WHERE v.port_id = :port AND v.client_id = :client AND d.archived_at IS NULL
"""
OFFERED = f"SELECT jsonb_agg({SHOWN_TAG}) FROM tags t WHERE t.port_id = :port AND t.archived_at IS NULL"  # noqa: S608  # constants
ABOUT = text(
    f"SELECT ({CONTACTS}) AS contacts, ({PEOPLE}) AS people, ({Card.SQL}) AS vessels, ({MERGES}) AS merges,"  # our own
    f" ({notes_on(Note)}) AS notes, ({TAGS}) AS tags, ({FIELDS}) AS fields,"
    f" CASE WHEN :offers THEN ({OFFERED}) END AS offered, CASE WHEN :offers THEN ({NAMES}) END AS colleagues"
)


def about(client: Client, member: Member | None = None, *, offers: bool = False) -> tuple[Beside, Kept]:
    """What stands beside the client and what people keep of them: one statement for all of it. `member`: who looks;
    None for those who see every client. `offers`: also what can be chosen."""
    of = {"port": client.port_id, "client": client.id, "record": client.id, "offers": offers}
    row = db.session.execute(ABOUT, {**of, "undone_since": now() - UNDONE_WITHIN}).one()
    beside = Beside(
        [SimpleNamespace(**contact) for contact in row.contacts or ()],
        [_related(person, member) for person in row.people or ()],
        Card.of(row.vessels, today()),
        [SimpleNamespace(**{**merge, "at": datetime.fromisoformat(merge["at"])}) for merge in row.merges or ()],
    )
    kept = Kept(
        [ShownNote.of(note) for note in row.notes or ()],
        [ShownTag(*tag) for tag in row.tags or ()],
        [
            (label, shown(kind, value, options=options_of(choices), currency=currency))
            for label, kind, choices, currency, value in row.fields or ()
        ],
        [ShownTag(*tag) for tag in row.offered or ()],
        row.colleagues or [],
    )
    return beside, kept


def letters() -> list[tuple[str, str]]:
    """Go to a letter: the list by name from there on."""
    url = address(sort="name", direction="asc", after="")
    return [(letter, url + cursor) for letter, cursor in LETTERS]


LETTERS = [(letter.upper(), Cursor(letter, uuid.UUID(int=0)).written()) for letter in ascii_lowercase]


BY_SCORE = (Sort("score", lazy_gettext("Likelihood"), Duplicate.score, descending=True),)


def duplicate_page(member: Member) -> Page:
    """Open pairs that the member may see both of, the likeliest first."""
    scope = Duplicate.visible_to(member).where(Duplicate.state == DuplicateState.OPEN)
    a, b = aliased(Client), aliased(Client)
    sides = [
        column
        for side, of in (("a", a), ("b", b))
        for column in (
            *(getattr(of, name).label(f"{side}_{name}") for name in SHOWN_OF_A_PAIR),
            _reach_of(of).label(f"{side}_reach"),
            _boats_of(of).label(f"{side}_boats"),
        )
    ]
    joined = scope.join(a, a.id == Duplicate.a_id).join(b, b.id == Duplicate.b_id)
    rows = joined.with_only_columns(Duplicate.id, Duplicate.score, Duplicate.reasons, *sides)
    return paginate(rows, scope, id_column=Duplicate.id, sorts=BY_SCORE)


SHOWN_OF_A_PAIR = ("number", "kind", "full_name", "company_name", "street", "town", "country", "status", "created_at")


def _reach_of(of: Any) -> Any:
    """[kind, as it was typed, as it is compared] of each contact."""
    each = func.jsonb_build_array(Contact.kind, Contact.value, Contact.normalised)
    return (
        select(func.jsonb_agg(aggregate_order_by(each, Contact.kind, Contact.id)))
        .where(Contact.client_id == of.id, Contact.port_id == of.port_id, Contact.archived_at.is_(None))
        .scalar_subquery()
    )


def _boats_of(of: Any) -> Any:
    """[name, registration, the name as it is compared] of each vessel."""
    each = func.jsonb_build_array(Vessel.name, Vessel.registration, Vessel.sort_name)
    return (
        select(func.jsonb_agg(aggregate_order_by(each, Vessel.sort_name, Vessel.id)))
        .where(Vessel.client_id == of.id, Vessel.port_id == of.port_id, Vessel.archived_at.is_(None))
        .scalar_subquery()
    )
