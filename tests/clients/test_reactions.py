"""What each event shows on open pages: which rooms are told, and what."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import time_machine
from flask import Flask
from redis import Redis
from redis.client import PubSub
from sqlalchemy import select
from sqlalchemy.event import listen
from sqlalchemy.event import remove as stop_listening

from app import formats
from app.clients.models import Client, Contact, Note
from app.db import begin, commit, db
from app.events.models import Event
from app.events.reactions import react
from app.imports import jobs
from app.imports.models import Import
from app.live import TOPICS
from app.live.rooms import channel_of, room_of
from tests.importing import forget_files, send_file, work_off
from tests.world import NORTH, Visitor, enter, make_client, relay, user_id

pytestmark = pytest.mark.usefixtures("db")

MANAGER, ADMIN = "sales_manager@north.example", "port_admin@north.example"
LIST, OWN = f"port:{NORTH}:clients", f"port:{NORTH}:clients:own"
PARTS = ("header", "facts", "tags", "contacts", "people", "vessels", "notes", "timeline")


@dataclass(frozen=True)
class Said:
    room: str
    target: str
    text: str

    @property
    def kind(self) -> str:
        return "refresh" if self.text.startswith("refresh") else "replace"


class Air:
    """Everything that is published, as the web processes hear it."""

    def __init__(self, subscription: PubSub) -> None:
        self.subscription = subscription

    def heard(self) -> list[Said]:
        found = []
        while message := self.subscription.get_message(ignore_subscribe_messages=True, timeout=0.2):
            room, _, text = message["data"].decode().removeprefix("say ").partition("\n")
            parts = re.findall(r'(<hx-partial hx-target="#([^"]+)".*?</hx-partial>)', text, flags=re.S)
            found += [Said(room, target, part) for part, target in parts or [(text, text.removeprefix("refresh "))]]
        return found


@pytest.fixture
def air(app: Flask) -> Iterator[Air]:
    redis = app.extensions["redis"]
    with redis.pubsub() as subscription:
        subscription.subscribe(channel_of(redis))
        assert subscription.get_message(timeout=2)["type"] == "subscribe"
        yield Air(subscription)


@pytest.fixture
def client() -> Client:
    """A client of whom nothing is left to tell."""
    client = make_client(enter(MANAGER), email="lea@example.com")
    relay()
    enter(MANAGER)
    return client


def parts_of(client: Client) -> set[tuple[str, str, str]]:
    return {(client.room, "replace", f"client-{client.number}-{part}") for part in PARTS}


def told(air: Air) -> set[tuple[str, str, str]]:
    return {(said.room, said.kind, said.target) for said in air.heard()}


def test_a_new_client_makes_lists_look_again(air: Air) -> None:
    client = make_client(enter(MANAGER))
    relay()
    enter(MANAGER)
    everything = told(air)
    assert {(LIST, "refresh", "#main"), (OWN, "refresh", "#main")} <= everything
    assert not any(target == f"client-{client.number}" for _room, _kind, target in everything)


def test_a_change_swaps_the_row_and_each_card(air: Air, client: Client) -> None:
    air.heard()
    client.update({"town": "Toulon", "company_name": "Marchand Sailing"}, by=enter(MANAGER))
    relay()
    enter(MANAGER)
    said = air.heard()
    assert {(s.room, s.kind, s.target) for s in said} == {
        *parts_of(client),
        (f"{client.room}:own", "refresh", "#main"),
        (LIST, "replace", f"client-{client.number}"),
        (OWN, "refresh", "#main"),
    }
    words = {s.target: s.text for s in said}
    assert "Toulon" in words[f"client-{client.number}-facts"]
    assert "<ins>Toulon</ins>" in words[f"client-{client.number}-timeline"]
    assert "Marchand Sailing" in words[f"client-{client.number}"]
    assert "lea@example.com" in words[f"client-{client.number}"]


def test_lists_are_told_before_the_pages_of_the_client(air: Air, client: Client) -> None:
    air.heard()
    client.update({"town": "Toulon"}, by=enter(MANAGER))
    relay()
    enter(MANAGER)
    swapped = [said for said in air.heard() if said.kind == "replace"]
    assert swapped[0].room == LIST
    assert {said.room for said in swapped[1:]} == {client.room}


def test_no_change_is_looked_for_among_all_clients(app: Flask, client: Client) -> None:
    """Which of few rows an index finds is chance; a filter that asks another table of each row is none."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if "FROM clients" in statement:
            sent.append((statement, values))

    client.update({"town": "Toulon"}, by=enter(MANAGER))
    listen(app.extensions["engine"], "before_cursor_execute", note)
    relay()
    stop_listening(app.extensions["engine"], "before_cursor_execute", note)
    assert len(sent) == 2
    connection = db.session.connection()
    for statement, values in sent:
        [told] = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values).scalar_one()
        scans = [node for node in nodes_of(told["Plan"]) if node.get("Relation Name") == "clients"]
        assert scans
        assert not any("SubPlan" in node.get("Filter", "") for node in scans)


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes_of(part)


def test_a_new_name_moves_the_row_so_lists_look_again(air: Air, client: Client) -> None:
    air.heard()
    client.update({"full_name": "Ada Marchand"}, by=enter(MANAGER))
    relay()
    enter(MANAGER)
    assert told(air) == {
        *parts_of(client),
        (f"{client.room}:own", "refresh", "#main"),
        (LIST, "refresh", "#main"),
        (OWN, "refresh", "#main"),
    }


@pytest.mark.parametrize("verb", ["archive", "restore"])
def test_putting_away_and_back_makes_every_page_look_again(air: Air, client: Client, verb: str) -> None:
    if verb == "restore":
        client.archive(by=enter(MANAGER))
        relay()
    air.heard()
    getattr(client, verb)(by=enter(MANAGER))
    relay()
    enter(MANAGER)
    assert told(air) == {
        (client.room, "refresh", "#main"),
        (f"{client.room}:own", "refresh", "#main"),
        (LIST, "refresh", "#main"),
        (OWN, "refresh", "#main"),
        (f"port:{NORTH}:duplicates", "refresh", "#main"),
    }


def add_note(client: Client) -> None:
    Note.create(client, "Likes mornings", by=enter(MANAGER))


def remove_note(client: Client) -> None:
    note = Note(port_id=client.port_id, client_id=client.id, body="Gone soon", author_id=user_id(MANAGER))
    db.session.add(note)
    note.archive(client, by=enter(MANAGER))


def restore_note(client: Client) -> None:
    remove_note(client)
    relay()
    enter(MANAGER)
    db.session.scalars(select(Note)).one().restore(client, by=enter(MANAGER))


def contact(client: Client) -> Contact:
    return db.session.scalars(select(Contact).where(Contact.client_id == client.id)).one()


def add_contact(client: Client) -> None:
    Contact.create(client, {"kind": "phone", "value": "040 5550113"}, country="FI", by=enter(MANAGER))


def change_contact(client: Client) -> None:
    contact(client).update(client, {"value": "lea@example.org"}, country="FI", by=enter(MANAGER))


def remove_contact(client: Client) -> None:
    contact(client).archive(client, by=enter(MANAGER))


def restore_contact(client: Client) -> None:
    remove_contact(client)
    relay()
    enter(MANAGER)
    contact(client).restore(client, by=enter(MANAGER))


@pytest.mark.parametrize(
    ("act", "part", "words"),
    [
        (add_note, "notes", "Likes mornings"),
        (remove_note, "timeline", "removed a note"),
        (restore_note, "notes", "Gone soon"),
        (add_contact, "contacts", "+358 40 5550113"),
        (change_contact, "contacts", "lea@example.org"),
        (remove_contact, "contacts", "No phone number"),
        (restore_contact, "contacts", "lea@example.com"),
    ],
)
def test_what_happens_to_notes_and_contacts_is_shown(
    air: Air, client: Client, act: Callable[[Client], None], part: str, words: str
) -> None:
    act(client)
    relay()
    enter(MANAGER)
    shown = [said for said in air.heard() if said.target == f"client-{client.number}-{part}"]
    assert words in shown[-1].text


def test_a_second_delivery_shows_the_same_truth(air: Air, client: Client) -> None:
    client.update({"town": "Nice"}, by=enter(MANAGER))
    client.update({"town": "Toulon"}, by=enter(MANAGER))
    relay()
    air.heard()
    begin(port_id=NORTH, scope="staff")
    events = db.session.scalars(select(Event).where(Event.name == "client:updated").order_by(Event.id)).all()
    for event in (events[0], events[0]):
        react(event)
    rows = [said.text for said in air.heard() if said.target.endswith("-facts")]
    assert len(rows) == 2
    assert all("Toulon" in text and "Nice" not in text for text in rows)


def test_an_event_of_a_client_that_is_gone_is_let_pass(air: Air, client: Client) -> None:
    air.heard()
    begin(port_id=NORTH, scope="staff")
    event = db.session.scalars(select(Event).where(Event.name == "client:created")).one()
    db.session.expunge(event)
    event.subject_id = uuid.uuid4()
    react(event)
    assert told(air) == {(LIST, "refresh", "#main"), (OWN, "refresh", "#main")}


def test_nothing_that_is_pushed_depends_on_who_looks(air: Air, client: Client) -> None:
    """Rendered outside a request; a button of a row is inert where the page has no form for it."""
    client.update({"town": "Toulon"}, by=enter(MANAGER))
    relay()
    pushed = [said.text for said in air.heard() if said.kind == "replace"]
    assert len(pushed) > len(PARTS)
    for markup in pushed:
        assert "csrf_token" not in markup
        assert "<form" not in markup


def test_what_is_pushed_is_written_in_the_time_of_the_port(air: Air) -> None:
    with formats.use(None), time_machine.travel("2026-03-01T22:30:00Z", tick=False):
        make_client(enter(MANAGER)).update({"town": "Hanko"}, by=enter(MANAGER))
        relay()
    (timeline, *_rest) = [said.text for said in air.heard() if said.target.endswith("-timeline")]
    assert "2 Mar 2026, 00:30" in timeline


# --- Imports ------------------------------------------------------------------------------------------------------


def test_an_import_shows_how_far_it_is_and_then_its_outcome(
    app: Flask, air: Air, visit: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("CHECKED_AT_ONCE", 100), ("LET_IN_AT_ONCE", 25)):
        monkeypatch.setattr(jobs, name, value)
    monkeypatch.setattr("app.jobs.TELL_EVERY", 0)
    forget_files(app)
    admin = visit(ADMIN)
    content = "".join(["Name,E-mail\n", *(f"Client {at},c{at}@example.com\n" for at in range(120))])
    url = send_file(admin, content.encode()).headers["Location"]
    relay_events()
    enter(ADMIN)
    room = db.session.scalars(select(Import)).one().room
    imports = f"port:{NORTH}:imports"
    assert told(air) == {(room, "refresh", "#main"), (imports, "refresh", "#main")}

    work_off()
    said = [s for s in air.heard() if s.room == room]
    assert [re.findall(r"(\d+ of \d+) rows</span>", s.text) for s in said] == [["100 of 120"], ["120 of 120"], []]
    assert said[-1].kind == "refresh"

    admin.post(f"{url}/run")
    relay_events()
    assert told(air) == {(room, "refresh", "#main"), (imports, "refresh", "#main")}
    work_off()
    said = [s for s in air.heard() if s.room == room]
    shares = [re.findall(r"(\d+ of \d+) rows</span>", s.text) for s in said]
    assert shares == [[f"{done} of 120"] for done in (25, 50, 75, 100, 120)]
    assert all(s.target == f"import-{url.rpartition('/')[2]}" for s in said)

    relay_events()
    assert told(air) == {
        (room, "refresh", "#main"),
        (imports, "refresh", "#main"),
        (LIST, "refresh", "#main"),
        (OWN, "refresh", "#main"),
    }


def test_a_failed_import_is_shown(app: Flask, air: Air, visit: Callable[[str], Visitor]) -> None:
    forget_files(app)
    send_file(visit(ADMIN), b"Colour\nred\n")
    work_off()
    air.heard()
    relay_events()
    enter(ADMIN)
    room = db.session.scalars(select(Import)).one().room
    assert (room, "refresh", "#main") in told(air)


def relay_events() -> None:
    commit()
    relay()


def test_without_redis_an_import_goes_on(
    app: Flask, visit: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_files(app)
    url = send_file(visit(ADMIN), b"Name\nAino\n").headers["Location"]
    nowhere = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.1)
    with monkeypatch.context() as patched:
        patched.setitem(app.extensions, "redis", nowhere)
        work_off()
    enter(ADMIN)
    assert db.session.scalars(select(Import.status)).one() == "preview"
    assert "Import 1 row" in visit(ADMIN).get(url).text


# --- Who may follow what ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "topic", "room"),
    [
        (MANAGER, "clients", LIST),
        (MANAGER, "clients:narrowed", OWN),
        ("viewer@north.example", "clients", LIST),
        ("operator@north.example", "clients", OWN),
        ("technician@north.example", "clients", None),
        (MANAGER, "imports", f"port:{NORTH}:imports"),  # who imports berths
        ("viewer@north.example", "imports", None),
        (ADMIN, "imports", f"port:{NORTH}:imports"),
        (MANAGER, "client", None),
        (MANAGER, "client:x", None),
        (MANAGER, "client:٣", None),
        (MANAGER, "client:99999999999999", None),
        (MANAGER, "client:2147483648", None),
        (ADMIN, "import:2147483648", None),
    ],
)
def test_each_topic_has_its_room(email: str, topic: str, room: str | None) -> None:
    assert room_of(topic, enter(email)) == room


def test_a_client_is_followed_by_who_may_open_it(client: Client) -> None:
    topic = f"client:{client.number}"
    assert room_of(topic, enter("viewer@north.example")) == client.room
    assert room_of(topic, enter("operator@north.example")) is None
    assert room_of(topic, enter("sales_manager@south.example", "south")) is None
    client.update({"owner_id": user_id("operator@north.example")}, by=enter(MANAGER))
    db.session.flush()
    assert room_of(topic, enter("operator@north.example")) == f"{client.room}:own"
    assert {"clients", "client", "imports", "import"} <= set(TOPICS)
