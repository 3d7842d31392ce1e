"""The demo: two ports with their people and two hundred clients, some of them entered twice, loaded into an empty
database only."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import uuid4

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy import Connection, create_engine, insert, select, text, update
from uuid_utils.compat import uuid7

from . import formats, storage
from .berths.demo import make_berths
from .berths.demo_plan import draw_plan, lay_behind
from .clients.duplicates.scan import scan_port
from .clients.models import (
    Client,
    ClientTag,
    Contact,
    ContactKind,
    DuplicateScan,
    Merge,
    Note,
    Relationship,
)
from .clients.models.erasure import erase
from .clients.privacy.forgetting import finish_erasure
from .crypto import open_sealed, seal
from .current import CurrentPort, Member
from .db import begin, commit, db, now
from .events.audit import first_id
from .events.models import Actor, System, keyring, message_of, place_of_key
from .fields.models import FieldDefinition
from .files.content import Content, examined
from .files.models import NOBODY, Category, File, Folder, LooseKey
from .identity.models import (
    Port,
    PortRoleOverride,
    Purpose,
    Role,
    Team,
    TeamMember,
    User,
    UserPortRole,
    Verification,
    current_port_of,
)
from .identity.models.verification import INVITATION_LASTS
from .identity.passwords import hash_password
from .identity.permissions import LEAVES, as_overrides
from .imports.jobs import check_import, run_import
from .imports.models import Import
from .interests.demo import look_for_berths, make_interests
from .jobs import perform
from .notifications.models import Notification, Words
from .prices.demo import make_prices
from .registration.demo import make_registrations
from .reminders.demo import make_reminders
from .saved_views.models import SavedView
from .sorting import sort_name
from .tags.models import Tag
from .vessels.models import Document, Vessel
from .vessels.models.dimensions import NAMES as DIMENSIONS
from .waiting_list.demo import make_waiting_lists

PASSWORD = "Harbour-2026!"  # noqa: S105  # of the demo alone, and printed where it starts

PORTS: tuple[dict[str, Any], ...] = (
    {
        "name": "Port Nimara",
        "slug": "port-nimara",
        "default_currency": "USD",
        "timezone": "America/Anguilla",
        "locale": "en",
        "country": "AI",
    },
    {
        "name": "Hanko Itäsatama",
        "slug": "hanko-itasatama",
        "default_currency": "EUR",
        "timezone": "Europe/Helsinki",
        "locale": "en",
        "country": "FI",
        "branding": {"primary": "#0f766e", "secondary": "#b45309", "version": "demo"},
    },
)

# name, e-mail, super admin?, roles by port
CAST: tuple[tuple[str, str, bool, dict[str, str]], ...] = (
    ("Avery Quay", "admin@quayside.example", True, {}),
    ("Dana Fields", "dana.fields@nimara.example", False, {"port-nimara": "port_admin"}),
    ("Inês Rocha", "ines.rocha@nimara.example", False, {"port-nimara": "sales_manager"}),
    ("Mats Berg", "mats.berg@nimara.example", False, {"port-nimara": "sales_agent"}),
    ("Vera Lund", "vera.lund@nimara.example", False, {"port-nimara": "viewer"}),
    ("Aino Laine", "aino.laine@hanko.example", False, {"hanko-itasatama": "sales_manager"}),
    ("Olli Saari", "olli.saari@hanko.example", False, {"hanko-itasatama": "sales_agent"}),
    (
        "Petra Holm",
        "petra.holm@quayside.example",
        False,
        {"port-nimara": "director", "hanko-itasatama": "director"},
    ),
)


class Land(NamedTuple):
    """Invented people of one country. Numbers begin with ranges kept for fiction where a country has them."""

    country: str
    language: str
    prefix: str
    street: str
    postcode: str
    town: str
    firsts: str
    families: str


LANDS = (
    Land(
        "PT",
        "pt",
        "+351912555",
        "Rua da Barca",
        "8600",
        "Lagos",
        "Ana João Inês Rui Marta Tiago",
        "Pereira, Beltrão, Sousa, Carvalho, Nunes",
    ),
    Land(
        "FR",
        "fr",
        "+33655551",
        "quai des Voiliers",
        "83000",
        "Toulon",
        "Léa Erwan Colette Hugo Maëlle Yann",
        "Marchand, Kerlann, Le Goff, Riou, Daniel",
    ),
    Land(
        "FI",
        "fi",
        "+358405550",
        "Rantakatu",
        "10900",
        "Hanko",
        "Heikki Aino Eero Tuuli Pekka Saara",
        "Koskinen, Lehtomäki, Virtanen, Niemi, Salo",
    ),
    Land(
        "IT",
        "it",
        "+393475559",
        "via del Molo",
        "16126",
        "Genova",
        "Giulia Marco Chiara Paolo Elena Luca",
        "Santoro, Ricci, Moretti, Conti, Gallo",
    ),
    Land(
        "GB",
        "en",
        "+441632960",
        "Harbour Terrace",
        "TR11 3QH",
        "Falmouth",
        "Rosalind Oliver Harriet Edmund Imogen Jasper",
        "St. Clair-Featherstonehaugh, Whitlock, Hargreave, Penrose, Ashdown",
    ),
    Land(
        "SE",
        "sv",
        "+46701740",
        "Hamngatan",
        "411 06",
        "Göteborg",
        "Sigrid Mats Elin Nils Freja Anders",
        "Ørsted, Lindqvist, Bergström, Dahl, Åkesson",
    ),
    Land(
        "PL",
        "pl",
        "+48601555",
        "ulica Portowa",
        "81-339",
        "Gdynia",
        "Wojciech Zofia Kamil Łucja Jan Hanna",
        "Adamczyk, Nowak, Mazur, Wrona, Kowal",
    ),
    Land(
        "JP",
        "ja",
        "+819055551",
        "Minatomachi",
        "231-0023",
        "Yokohama",
        "Yuki Haruto Aoi Ren Sakura Daichi",
        "Okada, Tanaka, Mori, Fujii, Hayashi",
    ),
    Land(
        "ZA",
        "en",
        "+27825557",
        "Dock Road",
        "8001",
        "Cape Town",
        "Thandeka Sipho Naledi Pieter Lerato Johan",
        "Nkosi, Dlamini, van Wyk, Botha, Mokoena",
    ),
    Land(
        "US",
        "en",
        "+14105550",
        "Compromise Street",
        "21401",
        "Annapolis",
        "Eleanor Wyatt Grace Caleb Maya Theodore",
        "Holloway, Brandt, Castellano, Whitaker, Reyes",
    ),
)
COMPANIES = ["Charters", "Yachting", "Marine", "Sailing", "Atelier", "Boatworks", "Rederi"]
NOTES = (
    "Prefers WhatsApp. On passage they keep night watches, so no calls before 10:00.",
    "Would like shore power on the port side before Easter.",
    "Asked about a larger berth from next season; send the price list when it is out.",
    "Pays by bank transfer, always in the first week of the month.",
    "The bow thruster is out of order: needs help when mooring in a cross wind.",
    "Back at the end of the month; @Petra Holm has the keys.",
)


class Entry(NamedTuple):
    """Somebody as one colleague entered them; the phone as it was typed."""

    full_name: str
    mailbox: str
    phone: str
    street: str
    boat: str = ""
    registration: str = ""
    note: str = ""


class Twice(NamedTuple):
    """Entered by two colleagues."""

    kind: str
    country: str
    town: str
    one: Entry
    other: Entry


TWICE = {
    "port-nimara": (
        Twice(
            "person",
            "GB",
            "Falmouth",
            Entry("Robert Ashcombe", "robert.ashcombe", "+44 1632 960417", "Harbour Terrace 12"),
            Entry("Bob Ashcombe", "bob", "01632 960 417", "", note="Rang about winter storage; wants a call back."),
        ),
        Twice(
            "person",
            "FR",
            "Toulon",
            Entry("Clémence Vaillant", "clemence.vaillant", "+33655551408", "quai des Voiliers 31"),
            Entry("Vaillant Clemence", "Clemence.Vaillant", "", "31, quai des Voiliers"),
        ),
        Twice(
            "company",
            "SE",
            "Göteborg",
            Entry("Skagern Charters AB", "office.skagern", "+46701740655", "Hamngatan 4", "Skagern Star", "SE 40417"),
            Entry("Skagern Yacht Charter", "booking.skagern", "", "", "Skagern Star", "SE-40417"),
        ),
    ),
    "hanko-itasatama": (
        Twice(
            "person",
            "FI",
            "Hanko",
            Entry("Yrjö Lindroos", "yrjo.lindroos", "040 555 0161", "Rantakatu 8"),
            Entry("Y. Lindroos", "lindroos", "+358 40 5550161", ""),
        ),
    ),
}
# The other was merged into the one some days ago.
MERGED = {
    "port-nimara": Twice(
        "person",
        "PT",
        "Lagos",
        Entry("Isabel Fontes", "isabel.fontes", "+351912555702", "Rua da Barca 17"),
        Entry("Isabel M. Fontes", "fontes.lisboa", "+351912555719", "Cais do Sodré 3", "Maresia", "PT 55719"),
    ),
}
MERGED_SINCE = timedelta(days=4)
# What somebody did in the port this morning: a file was imported, and a client who asked for it was erased.
WORKED_IN = "port-nimara"
LOOKS_AFTER = "dana.fields@nimara.example"
GUESTS = """\
Name,E-mail,Phone,Town,Country,Vessel name,Length
Yvonne Delacourt,yvonne.delacourt@example.com,+33655551861,Toulon,France,Grand Large,13.40
Zacharias Lindemann,zacharias.lindemann@example.com,+46701740862,Göteborg,Sweden,Sjöbris,9.80
Zeno Marchetti,zeno.marchetti@example,+393475559863,Genova,Italy,,
Zita Halvorsen,zita.halvorsen@example.com,+46701740864,Göteborg,Sweden,Havsutter,about twelve
Wim Terlouw,wim.terlouw@example.com,+441632960865,Falmouth,United Kingdom,Zilvermeeuw,11.10
,harbour.guest@example.com,,,,,
Zenobia Castellan,zenobia.castellan@example.com,+14105550867,Annapolis,United States,,
"""
ERASED = "Winifred Tolland"
CLIENT, VESSEL, HARBOUR, INTEREST = "of a client", "of a vessel", "of a harbour", "of an interest"
CLIENTS = {"port-nimara": 130, "hanko-itasatama": 70}


def load() -> bool:
    """Load the demo; False when there is nothing to do. Each port is filled in one transaction, so a load that was
    interrupted goes on with the ports that are still empty."""
    engine = create_engine(current_app.extensions["settings"].database_owner_url)
    try:
        with engine.begin() as connection:
            is_empty = connection.execute(select(Port.id).limit(1)).first() is None
            if is_empty:
                connection.execute(insert(Port), [_port_row(port) for port in PORTS])
                _people(connection)
            waiting = _unfilled(connection)
        for slug, port_id in waiting:
            _fill_port(slug, port_id)
            with engine.begin() as connection:
                _backdate(connection, port_id)
            if slug == WORKED_IN:
                _work_in(slug, port_id)
                with engine.begin() as connection:
                    connection.execute(AGREE, {"port": port_id})
                    connection.execute(QUIET, {"port": port_id})
    finally:
        engine.dispose()
    return bool(waiting)


def _unfilled(connection: Connection) -> list[tuple[str, uuid.UUID]]:
    """The ports of the demo without clients; none in a database that holds anything else."""
    if not connection.execute(select(User.id).where(User.email == CAST[0][1])).first():
        return []
    filled = select(Client.port_id).where(Client.port_id == Port.id).exists()
    rows = connection.execute(select(Port.slug, Port.id).where(Port.slug.in_(CLIENTS), ~filled).order_by(Port.name))
    return [(row.slug, row.id) for row in rows]


# What happened to a client of the demo happened when it was entered; only the owner of the tables may say so.
BACKDATE = text(
    "UPDATE client_notes n SET created_at = c.updated_at, updated_at = c.updated_at FROM clients c"
    " WHERE c.id = n.client_id AND c.port_id = :port"
)
EVENTS = text(
    "SELECT e.*, k.sealed_key, CASE WHEN e.name IN ('client:created', 'contact:created') THEN c.created_at"
    " WHEN e.name = 'vessel:created' THEN v.created_at ELSE coalesce(c.updated_at, v.updated_at) END AS moment"
    " FROM events e JOIN subject_keys k USING (subject_type, subject_id)"
    " LEFT JOIN clients c ON e.subject_type = 'client' AND c.id = e.subject_id"
    " LEFT JOIN vessels v ON e.subject_type = 'vessel' AND v.id = e.subject_id"
    " WHERE e.port_id = :port AND (c.id IS NOT NULL OR v.id IS NOT NULL)"
)
MOVE = text(
    "WITH waiting AS (UPDATE unsealed_events SET event_id = :id WHERE event_id = :old),"
    " told AS (UPDATE event_mentions SET event_id = :id WHERE event_id = :old)"
    " UPDATE events SET id = :id, occurred_at = :occurred_at, sealed = :sealed, signature = :signature WHERE id = :old"
)
# What was written at once has one moment for the record and one for the event.
AGREE = text(
    "UPDATE clients c SET created_at = e.first, updated_at = e.last FROM (SELECT subject_id, min(occurred_at) AS first,"
    " max(occurred_at) AS last FROM events WHERE port_id = :port GROUP BY subject_id) e"
    " WHERE e.subject_id = c.id AND c.port_id = :port AND (c.created_at, c.updated_at) <> (e.first, e.last)"
)
# Nobody looks yet, so there is nobody to tell.
QUIET = text("DELETE FROM outbox WHERE port_id = :port")


def _backdate(connection: Connection, port_id: uuid.UUID) -> None:
    """Events as if they had been recorded then: their ids sort by age, and they are sealed and signed anew."""
    connection.execute(BACKDATE, {"port": port_id})
    rows = connection.execute(EVENTS, {"port": port_id}).all()
    moved = []
    for count, row in enumerate(sorted(rows, key=lambda row: (row.moment, row.id))):
        # A UUIDv7 of that moment: its order within the millisecond, then what makes it the only one.
        event_id = uuid.UUID(int=first_id(row.moment).int | 7 << 76 | count << 64 | 2 << 62 | uuid4().int >> 66)
        key = keyring().open(row.sealed_key, place=place_of_key(row.subject_type, row.subject_id))
        words = open_sealed(key, row.sealed, place=f"events:{row.id}")
        new = {"id": event_id, "occurred_at": row.moment, "sealed": seal(key, words, place=f"events:{event_id}")}
        signature = keyring().sign(message_of(SimpleNamespace(**{**row._mapping, **new})))
        moved.append({**new, "signature": signature, "old": row.id})
    connection.execute(MOVE, moved)
    connection.execute(QUIET, {"port": port_id})


def _port_row(port: dict[str, Any]) -> dict[str, Any]:
    stamps = {"created_at": now(), "updated_at": now()}
    return {
        "id": uuid7(),
        "settings": SETTINGS[port["slug"]],
        "branding": {},
        "is_active": True,
        "version": 1,
        **stamps,
        **port,
    }


def _people(connection: Connection) -> None:
    ports = {row.slug: row.id for row in connection.execute(select(Port.slug, Port.id))}
    roles = {row.name: row.id for row in connection.execute(select(Role.name, Role.id))}
    password = hash_password(PASSWORD)
    for name, email, is_super_admin, held in CAST:
        user_id = uuid7()
        connection.execute(
            insert(User).values(
                id=user_id,
                email=email,
                name=name,
                password_hash=password,
                email_verified_at=now(),
                is_super_admin=is_super_admin,
                is_active=True,
                preferences={},
                created_at=now(),
                updated_at=now(),
            )
        )
        for slug, role in held.items():
            connection.execute(
                insert(UserPortRole).values(
                    id=uuid7(),
                    user_id=user_id,
                    port_id=ports[slug],
                    role_id=roles[role],
                    created_at=now(),
                    updated_at=now(),
                )
            )
    _administration(connection, ports, roles)


# Somebody invited who has not been here yet; teams as (port, name, supervisor, members); what a port lays over a role.
INVITED = ("Noor Haddad", "noor.haddad@nimara.example", "port-nimara", "technician")
TEAMS = (
    (
        "port-nimara",
        "Front office",
        "ines.rocha@nimara.example",
        ("mats.berg@nimara.example", "vera.lund@nimara.example"),
    ),
    ("port-nimara", "Dock crew", None, ("mats.berg@nimara.example",)),
    ("hanko-itasatama", "Office", "aino.laine@hanko.example", ("olli.saari@hanko.example",)),
)
OVERRIDES = {("port-nimara", "viewer"): {"clients.export": True, "invoices.view": False}}


def _administration(connection: Connection, ports: dict[str, uuid.UUID], roles: dict[str, uuid.UUID]) -> None:
    moment = now()
    stamps = {"created_at": moment, "updated_at": moment}
    name, email, slug, role = INVITED
    invited, port_id = uuid7(), ports[slug]
    connection.execute(
        insert(User).values(
            id=invited, email=email, name=name, is_super_admin=False, is_active=True, preferences={}, **stamps
        )
    )
    given = {"user_id": invited, "port_id": port_id}
    connection.execute(insert(UserPortRole).values(id=uuid7(), role_id=roles[role], **given, **stamps))
    sent = {"email": email, "created_at": moment, "expires_at": moment + INVITATION_LASTS}
    connection.execute(
        insert(Verification).values(id=uuid7(), purpose=Purpose.INVITE, token_hash=uuid7().bytes, **given, **sent)
    )
    people = {row.email: row.id for row in connection.execute(select(User.email, User.id))}
    for slug, name, supervisor, members in TEAMS:
        team = {"id": uuid7(), "port_id": ports[slug], "name": name, "version": 1}
        connection.execute(insert(Team).values(**team, supervisor_id=people.get(supervisor or ""), **stamps))
        rows = [{"id": uuid7(), "port_id": ports[slug], "team_id": team["id"], "user_id": people[m]} for m in members]
        connection.execute(insert(TeamMember), rows)
    for (slug, role), laid in OVERRIDES.items():
        values = {"port_id": ports[slug], "role_id": roles[role], "permission_overrides": as_overrides(laid)}
        connection.execute(insert(PortRoleOverride).values(id=uuid7(), **values, **stamps))


SETTINGS: dict[str, dict[str, Any]] = {
    "port-nimara": {
        "business_hours": {
            **{day: [["08:00", "12:00"], ["13:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
            "sat": [["09:00", "13:00"]],
            "sun": [],
        },
        "holidays": [
            {"day": "12-25", "name": "Christmas Day"},
            {"day": "12-26", "name": "Boxing Day"},
            {"day": "2027-05-31", "name": "Anguilla Day regatta"},
        ],
        "invoice_numbering": {"prefix": "INV-", "padding": 4, "first": 1, "yearly": True},
        "tax": {
            "mode": "exclusive",
            "rates": [{"name": "GST", "percent": "13"}, {"name": "Zero", "percent": "0"}],
            "default": "GST",
        },
        "mail_reply_to": "office@nimara.example",
        "registration_open": True,
        "registration_intro": "We have berths from 6 to 22 metres. Tell us about your boat, and we look for one.",
    },
    "hanko-itasatama": {},
}
TAGS = {
    "VIP": "navy",
    "Winters aboard": "teal",
    "Late payer": "red",
    "Charter": "purple",
    "Owner’s association": "green",
    "Surveyor": "amber",
}


# What a port wants to know of its clients: label, kind, choices.
FIELDS: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "port-nimara": (
        ("Boat club", "text", ()),
        ("Winter place", "choice", ("Hall A", "Hall B", "On the hard")),
        ("Key deposit", "money", ()),
        ("Member since", "date", ()),
        ("Has a gate key", "yes_no", ()),
    ),
    "hanko-itasatama": (("Home club", "text", ()), ("Sauna shift", "choice", ("Early", "Late"))),
}
CLUBS = ("Nimara Yacht Club", "Sandy Ground Sailing", "Blowing Point Boat Club", "Royal Channel Cruisers")


def _some_values(fields: list[FieldDefinition], chance: random.Random) -> dict[str, str]:
    """What a client has in some of the custom fields."""
    said: dict[str, Callable[[FieldDefinition], str]] = {
        "text": lambda field: chance.choice(CLUBS),
        "choice": lambda field: chance.choice(field.options)["key"],
        "money": lambda field: str(chance.choice((25, 50, 100))),
        "date": lambda field: f"{chance.randint(2004, 2026)}-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}",
        "yes_no": lambda field: chance.choice(("yes", "yes", "no")),
    }
    return {field.name: said[field.kind](field) for field in fields if chance.random() < 0.7}


def _fill_port(slug: str, port_id: uuid.UUID) -> None:
    chance = random.Random(slug)  # noqa: S311  # the same demo everywhere
    papers = _papers(slug)
    begin(port_id=port_id, scope="staff")
    port = current_port_of(port_id)
    sellers = _holders("sales_manager", "sales_agent")
    if db.session.scalar(select(Tag.id).limit(1)) is None:
        for name, colour in TAGS.items():
            Tag.create(name, colour, port_id=port.id, by=sellers[0], announce=False)
    tags = list(db.session.scalars(select(Tag).order_by(Tag.name)))
    made = (
        {"label": label, "kind": kind, "options": list(options), "required": False, "help": ""}
        for label, kind, options in FIELDS[slug]
    )
    of_port: dict[str, Any] = {"resource": "client", "currency": port.currency, "port_id": port.id, "by": sellers[0]}
    custom = FieldDefinition.of("client", port_id=port.id) or [
        FieldDefinition.create(values, announce=False, **of_port) for values in made
    ]
    for age, fields in enumerate(_clients(chance, CLIENTS[slug])):
        by = chance.choice(sellers)
        fields["tags"] = chance.sample(tags, chance.choices((0, 1, 2, 3), (82, 12, 5, 1))[0])
        if chance.random() < 0.12:
            fields |= _some_values(custom, chance)
        _one_client(fields, by, port, chance, age=timedelta(hours=age * 7 + chance.random() * 5))
    if slug == WORKED_IN:
        leaving: dict[str, Any] = {"kind": "person", "full_name": ERASED, "status": "former", "tags": []}
        leaving |= {"town": "Falmouth", "country": "GB", "phone": "+441632960871"}
        chance = random.Random(ERASED)  # noqa: S311  # the same demo everywhere
        _one_client(leaving, sellers[0], port, chance, age=timedelta(days=300))
    _fleet(port, random.Random(f"vessels of {slug}"), sellers[0])  # noqa: S311  # the same fleet each time; nothing secret
    _entered_twice(port, sellers)
    _files(papers, port, sellers[0])
    if port.slug == "port-nimara":
        make_berths(port, sellers[0])
        lay_behind(next(paper.content for paper in papers if paper.folder == HARBOUR), port, sellers[0])
        make_waiting_lists(port, sellers[0])
        with formats.use(port):
            make_interests(port, sellers, next(paper.content for paper in papers if paper.folder == INTEREST))
        make_reminders(port, [sellers[0], *_holders("port_admin")[:1]])
        make_prices(port, sellers[0])
        look_for_berths(port)
        make_registrations(port)
    _notifications(port)
    _views(port, sellers[0])
    commit()


def _entered_twice(port: CurrentPort, sellers: Sequence[Seller]) -> None:
    """Pairs that look like one, found as each night finds them; and one that was merged and can be undone."""
    for at, twice in enumerate(TWICE[port.slug]):
        age = timedelta(days=170 - 20 * at)
        _entry(twice, twice.one, sellers[0], port, age=age)
        _entry(twice, twice.other, sellers[-1], port, age=age - timedelta(days=90))
    if port.slug in MERGED:
        twice, age = MERGED[port.slug], timedelta(days=60)
        one, other = (_entry(twice, entry, sellers[0], port, age=age) for entry in (twice.one, twice.other))
        merge = Merge.make(one, other, [], by=sellers[0])
        merge.created_at = now() - MERGED_SINCE
        for client in (one, other):
            _stamp(client, updated_at=merge.created_at)
    scan = DuplicateScan.locked(port.id)
    compared, found = scan_port(port.id)
    scan.note_finished(compared=compared, found=found, by=System())


def _entry(twice: Twice, entry: Entry, by: Seller, port: CurrentPort, *, age: timedelta) -> Client:
    fields = {"kind": twice.kind, "full_name": entry.full_name, "status": "active", "owner_id": by.actor_id}
    fields |= {"street": entry.street, "town": twice.town, "country": twice.country}
    client = Client.create(fields, port_id=port.id, by=by, announce=False)
    for kind, value in ((ContactKind.EMAIL, f"{entry.mailbox}@example.com"), (ContactKind.PHONE, entry.phone)):
        if value:
            contact = {"kind": kind, "value": value}
            Contact.create(client, contact, country=twice.country, by=by, announce=False, is_new=True)
    if entry.note:
        Note.create(client, entry.note, by=by, announce=False)
    moment = now() - age
    stamps = {"created_at": moment, "updated_at": moment}
    if entry.boat:
        boat = {"name": entry.boat, "kind": "sail", "flag": twice.country, "registration": entry.registration}
        _stamp(Vessel.create(client, boat, by=by, announce=False), **stamps)
    _stamp(client, **stamps)
    return client


def _stamp(record: Client | Vessel, **stamps: datetime) -> None:
    db.session.flush()
    kind = type(record)
    db.session.execute(update(kind).where(kind.id == record.id).values(**stamps))


def _views(port: CurrentPort, by: Seller) -> None:
    """One that everybody has, and one of whoever sells most."""
    begin(port_id=port.id, user_id=by.actor_id, scope="staff")
    if db.session.scalar(select(SavedView.id).limit(1)) is not None:
        return
    for name, query, is_shared in (
        ("Prospects without an owner", "status=prospect&owner=nobody", True),
        ("My active clients", "status=active&owner=me&sort=updated&columns=contact%2Ctown%2Cupdated", False),
    ):
        SavedView.create(
            name,
            query,
            resource="clients",
            is_shared=is_shared,
            port_id=port.id,
            user_id=by.actor_id,
            by=by,
            announce=False,
        )


# Invented. Kind, length, beam, draft, air draft and tonnes of each size; flags follow the owner.
VESSELS = (
    "Belle Étoile, Vesper, Tramontana, Saudade, Merenneito, Albatross, Stella Maris, Windrose, Petrel, Halcyon, Lumi, "
    "Skaldi, Aurora, Kaiku, Marisol, Nordlys, Bonaventure, Sirocco, Tuulia, Calypso, Zephyr, Kittiwake, Miranda, "
    "Suvituuli, Estrela do Mar, Whimbrel, Ondine, Fair Isle, Pelagia, Santa Rita, Thalassa, Valkyrian, Gannet, Ilona"
)
SIZES = (
    ("sail", "11.20", "3.75", "1.95", "16.40", "6.80"),
    ("sail", "13.90", "4.20", "2.15", "20.10", "11.30"),
    ("sail", "18.90", "4.62", "2.85", "26.40", "24.50"),
    ("motor", "12.50", "4.05", "1.10", "4.60", "9.80"),
    ("motor", "21.30", "5.60", "1.75", "7.90", "46.00"),
    ("catamaran", "12.80", "7.05", "1.30", "19.20", "10.90"),
    ("rib", "7.30", "2.60", "0.60", "2.10", "1.40"),
    ("trimaran", "10.60", "8.10", "1.90", "15.80", "3.90"),
)
INSURERS = ("Harbour Mutual", "Nordhav Forsikring", "Assurance du Large", "Seguros Atlântida")
# Days until the insurance ends, once for every so many vessels; None has none.
ENDS = (12, 240, 310, 45, 190, 333, -9, 150, None, 275, 6, 120)
PAIRS = ("captain", "company", "broker", "spouse", "crew", "agent")


def _fleet(port: CurrentPort, chance: random.Random, by: Seller) -> None:
    """A vessel for every second client, with papers in every state; and who is what to whom."""
    clients = db.session.scalars(select(Client).order_by(Client.number)).all()
    names = VESSELS.split(", ")
    for at, client in enumerate(clients[::2]):
        name = names[at % len(names)] + (f" {at // len(names) + 1}" if at >= len(names) else "")
        vessel = _one_vessel(client, name, at, chance, by)
        _stamp(vessel, created_at=client.created_at, updated_at=client.updated_at)
    for at, kind in enumerate(PAIRS * 3):
        Relationship.create(clients[at * 2 + 1], clients[at * 2], kind, by=by)
    for client, updated_at in [(client, client.created_at) for client in clients[1:36:2]]:
        _stamp(client, updated_at=updated_at)


def _one_vessel(client: Client, name: str, at: int, chance: random.Random, by: Seller) -> Vessel:
    kind, *sizes = SIZES[at * 5 % len(SIZES)]
    declared = {f"{dimension}_declared": Decimal(size) for dimension, size in zip(DIMENSIONS, sizes, strict=True)}
    fields = {"name": name, "kind": kind, "flag": client.country, "power_amps": chance.choice([16, 32, 63])}
    registration = f"{client.country} {chance.randint(10000, 99999)}"
    fields |= {**declared, "registration": registration, "power_phases": 1 if kind == "rib" else 3}
    vessel = Vessel.create(client, fields, by=by, announce=False)
    if at % 3 == 0:
        found = {"loa_measured": Decimal(sizes[0]), "beam_measured": Decimal(sizes[1]) + Decimal("0.07")}
        vessel.measure(found, on=(now() - timedelta(days=28)).date(), by=by)
    if (days := ENDS[at % len(ENDS)]) is not None:
        end = (now() + timedelta(days=days)).date()
        cover = {"cover_amount": Decimal(chance.choice([1, 3, 5]) * 10**6), "cover_currency": "EUR"}
        policy = {"issuer": INSURERS[at % 4], "reference": f"MR-{chance.randint(1000, 9999)}-{2000 + at}"}
        term = {"valid_from": end - timedelta(days=364), "valid_until": end}
        insurance = Document.create(vessel, {"kind": "insurance", **policy, **cover, **term}, by=by, announce=False)
        if at % 2:
            insurance.verify(vessel, by=by)
    if at % 7 != 5:
        issued = {"issuer": "Ship register", "reference": registration}
        Document.create(vessel, {"kind": "registration", **issued}, by=by, announce=False)
    return vessel


# folder (nobody's without one), name, kind, lines. Of a client where the folder is the word for it.
PAPERS = (
    (
        "Rules",
        "Harbour rules.pdf",
        Category.OTHER,
        ("Harbour rules", "Speed in the harbour: 3 knots", "Quiet: 22 to 7"),
    ),
    ("Rules", "Waste and fuel.pdf", Category.OTHER, ("Waste and fuel", "Oil and batteries: shed 4", "Fuel: 8 to 18")),
    ("Prices", "Prices of the season.csv", Category.OTHER, ("Length,Night,Month", "8 m,38,620", "12 m,61,990")),
    ("", "The piers from above.png", Category.PHOTO, ("The piers",)),
    (CLIENT, "Contract of the berth.pdf", Category.CONTRACT, ("Contract of the berth", "One year from 1 April")),
    (CLIENT, "Insurance.pdf", Category.INSURANCE, ("Insurance of the vessel", "Liability: 3,000,000")),
    (VESSEL, "Policy.pdf", Category.INSURANCE, ("Policy", "Liability of the owner", "Premium paid in full")),
    (HARBOUR, "Inner harbour.png", Category.PHOTO, ()),
    (INTEREST, "Expression of interest.pdf", Category.CONTRACT, ("Expression of interest", "Signed in the office")),
)


@dataclass(frozen=True)
class Paper:
    folder: str
    category: Category
    content: Content


def _papers(slug: str) -> list[Paper]:
    """The files of a port, put into the storage before anything is written."""
    found = []
    for folder, name, category, lines in PAPERS:
        if folder in (HARBOUR, INTEREST) and slug != WORKED_IN:
            continue
        upload = examined(draw_plan() if folder == HARBOUR else _drawn(name, lines), name)
        holder = {CLIENT: "clients", VESSEL: "vessels", HARBOUR: "harbours", INTEREST: "interests"}.get(folder, NOBODY)
        key = storage.new_key(slug, holder, "demo", upload.kind.extensions[0])
        storage.put(upload.stream, key, upload.kind.mime)
        found.append(Paper(folder, category, Content(key, name, upload.kind.mime, upload.size, upload.sha256)))
    return found


def _drawn(name: str, lines: Sequence[str]) -> BytesIO:
    """A page with the lines on it."""
    if name.endswith(".csv"):
        return BytesIO("\n".join(lines).encode())
    from PIL import Image, ImageDraw, ImageFont

    is_photo, written = name.endswith(".png"), BytesIO()
    page = Image.new("RGB", (900, 600) if is_photo else (827, 1169), "#1f6f8b" if is_photo else "white")
    pen = ImageDraw.Draw(page)
    if is_photo:
        for at in range(6):
            pen.rectangle((120, 70 + at * 84, 780, 78 + at * 84), fill="#e8e2d4")
            for berth in range(10):
                pen.ellipse((140 + berth * 62, 84 + at * 84, 164 + berth * 62, 140 + at * 84), fill="#f7f8fa")
    else:
        for at, line in enumerate(lines):
            font = ImageFont.load_default(38 if at == 0 else 24)
            pen.text((90, 100 + at * 64 + (at > 0) * 40), line, fill="#1e2844", font=font)
    page.save(written, "PNG" if is_photo else "PDF", resolution=100)
    return written


def _files(papers: Sequence[Paper], port: CurrentPort, by: Actor) -> None:
    folders: dict[str, Folder] = {}
    is_again = db.session.scalar(select(Folder.id).limit(1)) is not None
    client = db.session.scalars(select(Client).where(Client.port_id == port.id).order_by(Client.sort_name)).first()
    LooseKey.note([paper.content.key for paper in papers], port_id=port.id)
    for paper in papers:
        if paper.folder == VESSEL:
            _attach(paper, port, by)
        if paper.folder in (VESSEL, HARBOUR, INTEREST):
            continue
        is_its = paper.folder == CLIENT
        if is_again and not is_its:
            continue
        if paper.folder and not is_its and paper.folder not in folders:
            folders[paper.folder] = Folder.create(paper.folder, port_id=port.id, by=by)
        where: dict[str, Any] = {"record": client if is_its else None, "folder": folders.get(paper.folder)}
        File.upload(paper.content, port_id=port.id, by=by, category=paper.category, **where)


def _attach(paper: Paper, port: CurrentPort, by: Actor) -> None:
    """To the first insurance there is."""
    insured = select(Vessel, Document).join(Document, Document.vessel_id == Vessel.id)
    its = insured.where(Vessel.port_id == port.id, Document.kind == "insurance").order_by(Vessel.number).limit(1)
    vessel, document = db.session.execute(its).one()
    changed_at = vessel.updated_at
    document.attach(vessel, paper.content, by=by)
    _stamp(vessel, updated_at=changed_at)


def _work_in(slug: str, port_id: uuid.UUID) -> None:
    """As it is done in the browser, and by the worker."""
    begin(port_id=port_id, scope="staff")
    user = db.session.scalars(select(User).where(User.email == LOOKS_AFTER)).one()
    by = _member(user, current_port_of(port_id))
    key = storage.new_key(slug, "general", "imports", "csv")
    storage.put(BytesIO(GUESTS.encode()), key, "text/csv")
    imported = Import.create("clients", filename="Guests of the regatta.csv", storage_key=key, by=by)
    _at_once(check_import.later(import_id=imported.id))
    begin(port_id=port_id, user_id=by.id, scope="staff")
    db.session.get_one(Import, imported.id).start(by=by)
    _at_once(run_import.later(import_id=imported.id))
    begin(port_id=port_id, user_id=by.id, scope="staff")
    client = db.session.scalars(select(Client).where(Client.full_name == ERASED).with_for_update()).one()
    erase(client, reason="Asked by letter not to be kept any longer", by=by)
    _at_once(finish_erasure.later(client_id=client.id))


def _member(user: User, port: CurrentPort) -> Member:
    return Member(
        id=user.id,
        session_id=uuid7(),
        name=user.name,
        email=user.email,
        is_super_admin=False,
        port=port,
        ports=(),
        permissions=LEAVES,
        roles=("port_admin",),
        role_label="",
        timezone=None,
        locale=None,
        preferences={},
    )


def _at_once(job_id: uuid.UUID) -> None:
    """What waits for a worker, done here."""
    commit()
    perform(str(job_id))


# type, title, what more, whose: of everybody or of who looks after the port; hours ago; read?
TOLD = (
    ("security", "Signed in from a new device", "Safari on iPhone", False, 3, False),
    (
        "system_alert",
        "Work in the background failed for good (reports)",
        "The printer is out of paper.",
        True,
        9,
        False,
    ),
    ("system_alert", "A mail could not be sent", "550 5.1.1 No such box", True, 30, True),
    ("security", "Your password was changed", "", False, 200, True),
)


def _notifications(port: CurrentPort) -> None:
    """Under the bell of everybody in the port in force; nothing of it is mailed any more."""
    people = select(UserPortRole.user_id, Role.name).join(Role, Role.id == UserPortRole.role_id)
    for user_id, role in db.session.execute(people.where(UserPortRole.port_id == port.id)).all():
        for type_name, title, body, is_for_admins, hours, is_read in TOLD:
            if is_for_admins and role != "port_admin":
                continue
            notification_id, moment = uuid7(), now() - timedelta(hours=hours)
            link = f"/{port.slug}/settings/security" if type_name == "security" else None
            db.session.add(
                Notification(
                    id=notification_id,
                    port_id=port.id,
                    user_id=user_id,
                    type=type_name,
                    event_id=uuid7(),
                    sealed=Words(title, body, link).sealed(notification_id),
                    created_at=moment,
                    read_at=moment if is_read else None,
                    digested_at=moment,
                )
            )


@dataclass(frozen=True)
class Seller:
    """Who entered a client."""

    actor_id: uuid.UUID
    name: str
    actor_kind: str = "user"


def _holders(*roles: str) -> list[Seller]:
    """Who has one of the roles in the port in force."""
    selling = select(UserPortRole.user_id).join(Role, Role.id == UserPortRole.role_id)
    rows = db.session.execute(
        select(User.id, User.name).where(User.id.in_(selling.where(Role.name.in_(roles)))).order_by(User.email)
    )
    return [Seller(row.id, row.name) for row in rows]


def _clients(chance: random.Random, count: int) -> Iterator[dict[str, Any]]:
    taken: set[str] = set()
    while len(taken) < count:
        land = chance.choice(LANDS)
        first, family = chance.choice(land.firsts.split()), chance.choice(land.families.split(", "))
        is_company = chance.random() < 0.15
        name = f"{family} {chance.choice(COMPANIES)}" if is_company else f"{first} {family}"
        if name in taken:
            continue
        taken.add(name)
        yield {
            "kind": "company" if is_company else "person",
            "full_name": name,
            "company_name": "" if is_company or chance.random() < 0.8 else f"{family} {chance.choice(COMPANIES)}",
            "preferred_name": "" if is_company else first,
            "nationality": "" if is_company else land.country,
            "languages": sorted({land.language, "en"}),
            "source": chance.choice(["website", "manual", "referral", "referral", "broker", "event"]),
            "status": chance.choices(["active", "prospect", "former"], [6, 3, 1])[0],
            "street": f"{land.street} {chance.randint(1, 90)}",
            "postcode": land.postcode,
            "town": land.town,
            "country": land.country,
            "marketing_consent": chance.random() < 0.4,
            "phone": f"{land.prefix}{chance.randint(100, 999)}",
        }


def _one_client(
    fields: dict[str, Any], by: Seller, port: CurrentPort, chance: random.Random, *, age: timedelta
) -> None:
    phone, tags = fields.pop("phone"), fields.pop("tags")
    owner = by.actor_id if chance.random() < 0.85 else None
    status = fields["status"]
    begun = "prospect" if status == "active" and chance.random() < 0.25 else status
    client = Client.create({**fields, "status": begun, "owner_id": owner}, port_id=port.id, by=by, announce=False)
    mailbox = ".".join(sort_name(client.full_name).replace(".", "").split())
    for kind, value, label in (
        (ContactKind.EMAIL, f"{mailbox}@example.com", ""),
        (ContactKind.PHONE, phone, "Mobile"),
    ):
        if kind == ContactKind.EMAIL or chance.random() < 0.9:
            Contact.create(
                client,
                {"kind": kind, "value": value, "label": label},
                country=port.country,
                by=by,
                announce=False,
                is_new=True,
            )
    created_at = updated_at = now() - age
    if client.update({"status": status}, by=by):
        created_at -= timedelta(days=12)
    if chance.random() < 0.3:
        created_at -= timedelta(days=40)
        Note.create(client, chance.choice(NOTES), pinned=chance.random() < 0.3, by=by, announce=False)
    for tag in tags:
        ClientTag.put_on(client, tag, by=by)
    _stamp(client, created_at=created_at, updated_at=updated_at)


commands = AppGroup("demo", help="The demo ports.")


@commands.command("load")
def load_command() -> None:
    """Load the demo ports into an empty database."""
    settings = current_app.extensions["settings"]
    if settings.environment == "production":
        raise click.ClickException("The demo has passwords that everybody knows; it is not for production.")
    if settings.database_owner_url is None:
        raise click.ClickException("DATABASE_OWNER_URL is not set; the demo is loaded by the owner of the database.")
    if load():
        click.echo("The demo ports are loaded.")


def init_app(app: Flask) -> None:
    app.cli.add_command(commands)
