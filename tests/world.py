"""The cast of the tests: two ports, one person for each role in each, and a few who are special.

Built once into the template database, so every test finds it. `sales_manager@north.example` holds that role in Port
North; `@south.example` are the colleagues of another port. Everybody's password is PASSWORD.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from io import BytesIO
from typing import Any

import psycopg
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from uuid_utils.compat import uuid7
from werkzeug.test import TestResponse

from app import storage
from app.berths.jobs import release_hold, release_holds
from app.berths.models import (
    Absence,
    Berth,
    BerthStatus,
    Dock,
    Harbour,
    MaintenanceEntry,
    Occupancy,
    OccupancyKind,
    StatusSuggestion,
)
from app.berths.models.holding import run_out
from app.berths.models.status_rules import Trigger, suggest, suggestions_of
from app.berths.queries import with_place
from app.clients.models import Client, Contact, Duplicate
from app.clients.queries import about
from app.current import Member
from app.db import begin, commit, db, now
from app.events.models import Event
from app.events.reactions import react
from app.files.content import Content, examined
from app.files.models import NOBODY, Category, File, FileVersion, Folder, LooseKey, holder_of
from app.files.rendering import Picture
from app.identity import passwords
from app.identity.models import Session, hash_token
from app.identity.permissions import SYSTEM_ROLES
from app.interests.models import Interest
from app.notes.queries import ShownNote
from app.notifications.models import Notification, notify
from app.registration.models import Registration
from app.reminders.models import Reminder
from app.vessels.models import Vessel
from app.waiting_list.models import WaitingList
from app.web import SESSION_COOKIE, member_of
from tests.waiting import together

PASSWORD = "Harbour-2026!"
INVITED = "invited@north.example"  # has no password yet

# What the product hashes with, for the few tests that are about that.
REAL_HASHER, REAL_NOBODY = passwords.hasher, passwords.NOBODY


def hash_cheaply() -> None:
    """From here on in this process: a hash as the product makes it costs a fifth of a second."""
    passwords.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords.NOBODY = passwords.hasher.hash(uuid.uuid4().hex)


SPACE = uuid.UUID("5e9b1e80-0000-4000-8000-000000000000")

NORTH, SOUTH = uuid.uuid5(SPACE, "north"), uuid.uuid5(SPACE, "south")
PORTS = (
    (NORTH, "Port North", "north", "EUR", "Europe/Helsinki", "FI"),
    (SOUTH, "Port South", "south", "USD", "America/Anguilla", "AI"),
)
# Who can sign in to the staff application, by role; a client has a portal, not a role here.
ROLES = tuple(name for name in SYSTEM_ROLES if name not in ("super_admin", "client"))


def user_id(email: str) -> uuid.UUID:
    return uuid.uuid5(SPACE, email)


def cast() -> list[tuple[str, str, bool, bool, list[tuple[uuid.UUID, str]]]]:
    """(e-mail, name, super admin, active, [(port, role)])."""
    people = [
        (
            f"{role}@{slug}.example",
            f"{role.replace('_', ' ').title()} {slug.title()}",
            False,
            True,
            [(port, role)],
        )
        for port, _name, slug, *_rest in PORTS
        for role in ROLES
    ]
    return [
        *people,
        ("super@quayside.example", "Super Admin", True, True, []),
        ("both@quayside.example", "Both Ports", False, True, [(NORTH, "director"), (SOUTH, "director")]),
        (
            "two_roles@north.example",
            "Two Roles",
            False,
            True,
            [(NORTH, "technician"), (NORTH, "sales_agent")],
        ),
        ("teammate@north.example", "Team Mate", False, True, [(NORTH, "sales_manager")]),
        ("nowhere@quayside.example", "No Port", False, True, []),
        (INVITED, "Nina New", False, True, [(NORTH, "viewer")]),
        ("gone@north.example", "Gone Away", False, False, [(NORTH, "sales_manager")]),
    ]


def build(owner: psycopg.Connection) -> None:
    """Write the cast, as the owner of the schema."""
    moment, password = now(), passwords.hash_password(PASSWORD)
    for port_id, name, slug, currency, timezone, country in PORTS:
        owner.execute(
            "INSERT INTO ports (id, name, slug, default_currency, timezone, locale, country, settings, branding,"
            " is_active, version, created_at, updated_at)"
            " VALUES (%s, %s, %s, %s, %s, 'en', %s, '{}', '{}', true, 1, %s, %s)",
            (port_id, name, slug, currency, timezone, country, moment, moment),
        )
    for email, name, is_super_admin, is_active, held in cast():
        own_password = None if email == INVITED else password
        owner.execute(
            "INSERT INTO users (id, email, name, password_hash, email_verified_at, is_super_admin, is_active,"
            " preferences, created_at, updated_at) VALUES (%s, %s, %s, %s, %s, %s, %s, '{}', %s, %s)",
            (user_id(email), email, name, own_password, moment, is_super_admin, is_active, moment, moment),
        )
        for port_id, role in held:
            owner.execute(
                "INSERT INTO user_port_roles (id, user_id, port_id, role_id, created_at, updated_at)"
                " SELECT %s, %s, %s, id, %s, %s FROM roles WHERE name = %s",
                (uuid.uuid5(SPACE, f"{email}{port_id}{role}"), user_id(email), port_id, moment, moment, role),
            )


def start_session(email: str) -> str:
    """A session of this user in the current transaction; gives its token."""
    begin(user_id=user_id(email), scope="staff")
    _session, token = Session.start(user_id(email), ip="127.0.0.1", user_agent="tests")
    db.session.flush()
    return token


def enter(email: str, slug: str | None = "north") -> Member:
    """Become this member: what follows in the current transaction acts as them, in this port."""
    token = start_session(email)
    answer = db.session.scalar(
        text("SELECT enter(:hash, :slug, :now)"), {"hash": hash_token(token), "slug": slug, "now": now()}
    )
    assert answer is not None, email
    return member_of(answer)


def make_client(by: Member, /, *, email: str | None = None, phone: str | None = None, **fields: Any) -> Client:
    client = Client.create({"full_name": "Léa Marchand", **fields}, port_id=by.here().id, by=by)
    for kind, value in (("email", email), ("phone", phone)):
        if value:
            Contact.create(client, {"kind": kind, "value": value}, country=by.here().country, by=by, is_new=True)
    db.session.flush()
    return client


def contacts_of(client: Client) -> list[Contact]:
    """Those that stand, the first of each kind before the others."""
    standing = select(Contact).where(Contact.client_id == client.id, Contact.archived_at.is_(None))
    return list(db.session.scalars(standing.order_by(Contact.kind, Contact.is_primary.desc(), Contact.id)))


def notes_of(client: Client) -> list[ShownNote]:
    """As its page shows them."""
    return about(client)[1].notes


def make_duplicate(one: Client, other: Client, *, score: int = 80, reasons: tuple[str, ...] = ("name",)) -> Duplicate:
    a_id, b_id = sorted((one.id, other.id))
    pair = Duplicate(port_id=one.port_id, a_id=a_id, b_id=b_id, score=score, reasons=list(reasons))
    db.session.add(pair)
    db.session.flush()
    return pair


PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF"


def make_file(
    by: Member,
    /,
    name: str = "plan.pdf",
    content: bytes = PDF,
    *,
    record: Any = None,
    folder: Folder | None = None,
    category: str = Category.OTHER,
) -> File:
    """A file that lies in the storage, in the current transaction."""
    upload = examined(BytesIO(content), name)
    entity, entity_id = (holder_of(record).entity, record.id) if record else (NOBODY, "files")
    key = storage.new_key(by.here().slug, entity, entity_id, upload.kind.extensions[0])
    LooseKey.note([key], port_id=by.here().id)
    storage.put(BytesIO(content), key, upload.kind.mime)
    kept = Content(key, upload.filename, upload.kind.mime, upload.size, upload.sha256)
    return File.upload(kept, port_id=by.here().id, by=by, record=record, folder=folder, category=category)


def make_picture(file: File) -> None:
    """The picture of its first page."""
    version = db.session.scalars(select(FileVersion).where(FileVersion.file_id == file.id)).one()
    key = storage.new_key("north", "general", "files", "webp")
    storage.put(BytesIO(b"RIFF"), key, "image/webp")
    LooseKey.note([key], port_id=file.port_id)
    version.note_look(1, {key: Picture(1, 1, 1, b"")})
    db.session.flush()


def make_vessel(by: Member, client: Client | None = None, /, **fields: Any) -> Vessel:
    return Vessel.create(client or make_client(by), {"name": "Belle Étoile", **fields}, by=by)


def make_dock(by: Member, /, name: str = "B", harbour: Harbour | None = None, **fields: Any) -> Dock:
    """On a harbour of its own unless one is given."""
    of: dict[str, Any] = {"port_id": by.here().id, "by": by}
    harbour = harbour or Harbour.create({"name": f"Harbour of {name}"}, **of)
    return Dock.create({"harbour_id": harbour.id, "name": name, **fields}, **of)


def make_berth(by: Member, dock: Dock | None = None, /, code: str = "12", **fields: Any) -> Berth:
    """With its dock and harbour at hand."""
    dock = dock or make_dock(by)
    berth = Berth.create({"dock_id": dock.id, "code": code, **fields}, port_id=by.here().id, by=by)
    placed: Berth = db.session.scalars(with_place(select(Berth).where(Berth.id == berth.id))).one()
    return placed


def make_stay(berth: Berth, client: Client, /, *, by: Member) -> Occupancy:
    """A week of July 2027."""
    begins = datetime(2027, 7, 1, 12, tzinfo=UTC)
    during = Range(begins, begins + timedelta(days=7))
    return Occupancy.book(berth, during, OccupancyKind.VISIT, by=by, client=client)


def make_suggestion(berth: Berth, /, *, by: Member, to: BerthStatus = BerthStatus.UNDER_OFFER) -> StatusSuggestion:
    suggest(berth, to, Trigger.EOI_SIGNED, by=by, because="Interest 1042")
    return suggestions_of(berth)[0]


def make_registration(client: Client, /, *, by: Member, number: int = 1001) -> Registration:
    """One that was taken in."""
    about = {"once_key": uuid.uuid4().bytes, "status": "new", "message": "With power, please"}
    registration = Registration(port_id=by.here().id, number=number, client_id=client.id, **about)
    db.session.add(registration)
    db.session.flush()
    return registration


def price_line(**fields: Any) -> dict[str, Any]:
    """An annual price by the width of the berth, unless it says otherwise; numbers as text."""
    plain = {
        "id": None,
        "term": "annual",
        "measure": "berth_width",
        "harbour_id": None,
        "mooring": "",
        "tier": 0,
        "above": "0",
        "up_to": None,
        "amount": "100",
        "is_per_unit": False,
        "hull_coefficient": "1",
        "rounding": "0.01",
        "minimum": "0",
    }
    found = {**plain, **fields}
    numbers = ("above", "up_to", "amount", "hull_coefficient", "rounding", "minimum")
    return found | {name: None if found[name] is None else Decimal(found[name]) for name in numbers}


def make_repair(berth: Berth, /, *, by: Member, **fields: Any) -> MaintenanceEntry:
    return MaintenanceEntry.open(berth, {"what": "Loose cleat", **fields}, by=by)


def make_waiting_list(by: Member, /, **fields: Any) -> WaitingList:
    """For any berth, by date of request."""
    plain = {"name": "Any berth", "tenure": "annual", "order": "date", "offer_days": 7, "after_no": "leaves"}
    return WaitingList.create({**plain, "offers_next": True, **fields}, port_id=by.here().id, by=by)


def make_reminder(by: Member, title: str = "Call about the mooring", /, **fields: Any) -> Reminder:
    """Of the member, on a Monday of July 2027, at nine by the clock of Port North."""
    due_at = datetime(2027, 7, 5, 6, tzinfo=UTC)
    values = {"due_at": due_at, "assigned_to": by.id, "subject": None, "port_id": by.here().id, **fields}
    return Reminder.create(title, by=by, **values)


def make_absence(berth: Berth, client: Client, /, *, by: Member) -> Absence:
    """A contract for the year 2027, away in its August."""
    begins = datetime(2027, 1, 1, 12, tzinfo=UTC)
    year = Range(begins, begins + timedelta(days=365))
    holder = Occupancy.book(berth, year, OccupancyKind.CONTRACT, by=by, client=client)
    august = Range(datetime(2027, 8, 1, 12, tzinfo=UTC), datetime(2027, 9, 1, 12, tzinfo=UTC))
    return Absence.create(holder, august, by=by, details={"credit_percent": Decimal(40)})


def make_interest(client: Client, /, *, by: Member, berth: Berth | None = None, **fields: Any) -> Interest:
    """Of 1000 euros from July 2027 on, without an end, unless it says otherwise."""
    values = {"expected_value": Decimal(1000), "currency": "EUR", "wanted_from": date(2027, 7, 1), **fields}
    return Interest.create(client, values, by=by, berth=berth, owner_id=by.id)


def let_holds_go() -> None:
    """What time does to holds: the recurring job, and those it has done later."""
    release_holds()
    for hold_id in db.session.scalars(run_out()).all():
        release_hold(hold_id)


def make_notification(
    user: uuid.UUID, /, type_name: str = "system_alert", *, title: str = "Work failed", **words: Any
) -> Notification:
    """One for the user in the port in force, about an event that nobody recorded."""
    event = Event(id=uuid7())
    notify(user, type_name, event=event, title=title, **words)
    return db.session.scalars(select(Notification).where(Notification.event_id == event.id)).one()


def relay() -> list[str]:
    """Run what waits in the outbox, as the relay would; gives the names of the events, oldest first."""
    commit()
    begin()
    names = []
    while rows := db.session.execute(
        text("SELECT id, event_id, port_id FROM claim_outbox(100, :now)"), {"now": now()}
    ).all():
        for row in rows:
            begin(port_id=row.port_id, scope="staff")
            event = db.session.scalars(select(Event).where(Event.id == row.event_id)).one_or_none()
            if event is not None:
                names.append(event.name)
                react(event)
        begin()
        db.session.execute(text("SELECT finish_outbox(:ids)"), {"ids": [row.id for row in rows]})
    commit()
    return names


def answers_of(*acts: Callable[[], TestResponse]) -> list[int]:
    """What each is answered when all begin at one moment."""
    return [answer.status_code for answer in together(*acts)]


class Visitor:
    """Somebody with a browser that runs no scripts: keeps cookies, sends the CSRF token."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client

    @classmethod
    def anonymous(cls, app: Flask) -> Visitor:
        return cls(app, app.test_client())

    @classmethod
    def of(cls, app: Flask, email: str) -> Visitor:
        client = app.test_client()
        token = start_session(email)
        commit()
        client.set_cookie(SESSION_COOKIE, token)
        return cls(app, client)

    def open(self, url: str, **kwargs: Any) -> TestResponse:
        """A request with a `g` and a session of its own, whatever context the test stands in."""
        with self.app.app_context():
            return self.client.open(url, **kwargs)

    def get(self, url: str, **kwargs: Any) -> TestResponse:
        return self.open(url, **kwargs)

    def fragment(self, url: str, **kwargs: Any) -> TestResponse:
        return self.open(url, headers={"HX-Request": "true", "HX-Request-Type": "partial"}, **kwargs)

    def post(self, url: str, data: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        return self.open(url, method="POST", data={"csrf_token": self.csrf_token(), **(data or {})}, **kwargs)

    def put(self, url: str, data: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        return self.post(f"{url}?_method=PUT", data, **kwargs)

    def delete(self, url: str, data: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        return self.post(f"{url}?_method=DELETE", data, **kwargs)

    def csrf_token(self) -> str:
        """A token that fits the browser's form cookie, as any page would carry it."""
        with self.client.session_transaction() as cookie:
            raw = cookie.setdefault("csrf_token", uuid.uuid4().hex)
        return str(URLSafeTimedSerializer(str(self.app.secret_key), salt="wtf-csrf-token").dumps(raw))

    def form(self, url: str) -> dict[str, Any]:
        """The fields of the page's main form as a browser would send them untouched."""
        return fields_of(self.get(url).text)


def fields_of(html: str) -> dict[str, Any]:
    """Names and values of the inputs, chosen options and areas of a page's longest form inside <main>."""
    forms = re.findall(r"<form\b.*?</form>", html.partition("<main")[2], re.S)
    assert forms, "no form on the page"
    form = max(forms, key=len)
    values: dict[str, Any] = {}
    for tag in re.findall(r"<input\b[^>]*>", form):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if found.get("type") in ("checkbox", "radio") and " checked" not in tag:
            continue
        if "name" in found:
            values[found["name"]] = unescape(found.get("value", ""))
    for name, options in re.findall(r'<select\b[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option selected value="([^"]*)"', options)
        values[name] = chosen[1] if chosen else ""
    for name, content in re.findall(r'<textarea\b[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.S):
        values[name] = unescape(content.strip())
    return values
