"""After an erasure the name is nowhere: not in a table, not under a key that is still there, not in the storage."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from threading import Barrier, Thread
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from app import storage
from app.berths.models import Berth, Occupancy, OccupancyKind
from app.changes.models import Change, ChangeSet, note_changes
from app.clients.models import (
    Archive,
    Client,
    ClientTag,
    Contact,
    Merge,
    Note,
    Relationship,
)
from app.clients.models.erasure import erase
from app.clients.privacy.archiving import build_archive
from app.clients.privacy.forgetting import finish_erasure
from app.crypto import Unreadable, open_sealed
from app.current import Member
from app.db import begin, commit, db, now
from app.events.bulk import subject_keys
from app.events.enclosed import read, subjects_in
from app.events.models import keyring, place_of_key
from app.events.seals import seal_events
from app.fields.models import FieldDefinition
from app.imports.models import Import, ImportRow
from app.imports.verdicts import Verdict
from app.interests.models import Interest, InterestNote
from app.jobs import Job, perform
from app.mail.models import Mail
from app.registration.models import Registration
from app.reminders.models import Reminder
from app.tags.models import Tag
from app.vessels.models import Document, Vessel
from app.waiting_list.models import PriorityClass, WaitingEntry
from tests.importing import stored_files, work_off
from tests.servers import Installation
from tests.world import (
    NORTH,
    enter,
    make_berth,
    make_client,
    make_duplicate,
    make_file,
    make_interest,
    make_picture,
    make_registration,
    make_reminder,
    make_waiting_list,
    relay,
)

ADMIN = "port_admin@north.example"
WORD = "Zanzibarquux"


def seed(by: Member) -> Client:
    """A client with the word in every place where it can stand."""
    port_id, mail = NORTH, f"{WORD.lower()}@x.fi"
    names = {name: f"{WORD} {name}"[:20] for name in ("company_name", "preferred_name", "street", "postcode", "region")}
    client = make_client(by, full_name=f"Ada {WORD}", town=WORD, tax_number=WORD.upper(), email=mail, **names)
    for kind, value in (("address", f"{WORD} street 1"), ("email", f"second.{mail}")):
        Contact.create(client, {"kind": kind, "value": value, "label": WORD}, country="FI", by=by)
    client.update({"town": f"New {WORD}"}, by=by)
    note = Note.create(client, f"{WORD} rang, @Viewer North", by=by)
    note.update(client, f"{WORD} rang twice, @Viewer North", by=by)
    other = make_client(by, full_name="Other")
    Relationship.create(other, client, "captain", by=by)
    Relationship.create(client, other, "broker", by=by)
    vessel = Vessel.create(client, {"name": WORD, "registration": WORD}, by=by)
    Document.create(vessel, {"kind": "insurance", "issuer": WORD, "reference": WORD}, by=by)
    sold = Vessel.create(client, {"name": "Sold"}, by=by)
    sold.change_owner(other, on=date(2026, 1, 1), by=by)
    for resource, record in (("client", client), ("vessel", vessel)):
        club = {"label": "Boat club", "kind": "text"}
        FieldDefinition.create(club, resource=resource, currency="EUR", port_id=port_id, by=by)
        record.update({"custom_boat_club": WORD}, by=by)
    ClientTag.put_on(client, Tag.create("Regatta", "teal", port_id=port_id, by=by), by=by)
    file = make_file(by, f"{WORD}.csv", f"name\n{WORD}\n".encode(), record=client)
    make_picture(file)
    make_file(by, f"{WORD} old.csv", f"name\n{WORD}\n".encode(), record=client).archive(by=by)
    make_file(by, f"{WORD} paper.csv", f"name\n{WORD}\n".encode(), record=vessel)
    make_duplicate(client, make_client(by))
    standing = make_client(by, full_name=f"{WORD} Standing", town=WORD)
    Merge.make(client, standing, ["town"], by=by)
    once, stays = make_client(by, full_name="Once", town=""), make_client(by, full_name="Stays")
    Merge.make(once, client, ["town", "full_name"], by=by).undo(once, client, by=by)
    once.update({"town": "Hanko"}, by=by)
    Merge.make(client, stays, [], by=by).undo(client, stays, by=by)
    seed_bulk(client, by)
    seed_elsewhere(client, by)
    return client


def seed_elsewhere(client: Client, by: Member) -> None:
    """In what other modules hold."""
    interest = make_interest(client, by=by, notes=f"{WORD} looks for a berth")
    InterestNote.create(interest, f"{WORD} rang, @Viewer North", by=by)
    make_reminder(by, f"Call {WORD}", subject=client)
    waits = {"priority_class": PriorityClass.OTHER, "notes": WORD}
    WaitingEntry.enter(make_waiting_list(by), client, fields=waits, by=by)
    make_registration(client, by=by).message = WORD
    year = Range(now(), now() + timedelta(days=365))
    named = {"title": WORD, "notes": WORD}
    Occupancy.book(make_berth(by), year, OccupancyKind.CONTRACT, by=by, client=client, details=named)


def pages_of_mails() -> list[str]:
    """Where mails about the client lead."""
    places: dict[str, Any] = {
        "interests/{}#note-1": Interest,
        "reminders/{}": Reminder,
        "waiting-entries/{}": WaitingEntry,
        "registrations#registration-{}": Registration,
        "berths/{}": Berth,
    }
    return [place.format(db.session.scalars(select(model.number)).one()) for place, model in places.items()]


def seed_bulk(client: Client, by: Member) -> None:
    changes = ChangeSet.begin("bulk_edit", "Status: active", port_id=NORTH, about_id=None, by=by)
    db.session.flush()
    image = {"fields": {"town": [WORD, "x"]}, "contacts": [], "notes": []}
    keys = subject_keys("client", [client.id], port_id=NORTH)
    note_changes(changes, "client", [Change(client.id, "updated", image, [client.id])], keys=keys)
    key = storage.new_key("north", "general", "imports", "csv")
    storage.put(io.BytesIO(f"name\n{WORD}\n".encode()), key, "text/csv")
    imported = Import.create("clients", filename="contacts.csv", storage_key=key, by=by)
    imported.mapping = {"columns": [["name", "full_name"]], "samples": [[WORD]]}
    db.session.flush()
    row = {"source": [WORD], "fields": {"full_name": WORD}, "message": WORD, "differences": [["town", WORD, "x"]]}
    for number, found in ((2, {"client_id": client.id}), (3, {"twin": 2})):
        db.session.add(
            ImportRow(port_id=NORTH, import_id=imported.id, row_number=number, verdict=Verdict.UPDATE, **row, **found)
        )
    db.session.flush()


def seed_told(*pages: str) -> None:
    """Mails to a colleague that wait."""
    begin(port_id=NORTH, scope="staff")
    for page in pages:
        Mail.send(
            to="viewer@north.example", template="ping", port_id=NORTH, name=WORD, link=f"http://localhost/north/{page}"
        )


@pytest.fixture
def app(committed: Installation) -> Iterator[Flask]:
    with committed.app.app_context():
        yield committed.app


@pytest.fixture
def truth(committed: Installation) -> Iterator[psycopg.Connection]:
    with committed.database.connect() as connection:
        yield connection


# --- Looking everywhere -------------------------------------------------------------------------------------------


def places_of(truth: psycopg.Connection) -> list[str]:
    """Each table and object of the storage in which the word is found, with what can be opened opened."""
    return sorted({*in_tables(truth), *in_words(truth), *in_storage()})


def in_tables(truth: psycopg.Connection) -> Iterator[str]:
    tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    for (table,) in truth.execute(tables).fetchall():
        found = truth.execute(
            f"SELECT count(*) FROM {table} t WHERE to_jsonb(t)::text ILIKE %s",
            (f"%{WORD}%",),
        ).fetchone()
        if found and found[0]:
            yield table


def in_words(truth: psycopg.Connection) -> Iterator[str]:
    """What is sealed, under every key there is."""
    ring = keyring()
    rows = truth.execute("SELECT subject_type, subject_id, sealed_key FROM subject_keys").fetchall()
    keys = {(kind, one): ring.open(sealed, place=place_of_key(kind, one)) for kind, one, sealed in rows}
    for event_id, kind, one, sealed in truth.execute("SELECT id, subject_type, subject_id, sealed FROM events"):
        if words := plain(keys.get((kind, one)), sealed, f"events:{event_id}"):
            known = {subject: keys[subject] for subject in subjects_in(words) if subject in keys}
            yield from found_in("events", json.dumps(read(words, event_id, known), default=str))
    for item_id, kind, one, sealed in truth.execute("SELECT id, subject_type, subject_id, sealed FROM change_items"):
        yield from found_in("change_items", plain(keys.get((kind, one)), sealed, f"change_items:{item_id}"))
    merges = "SELECT id, merged_id, sealed, survivor_id, sealed_survivor FROM client_merge_log"
    for merge_id, merged, sealed, survivor, theirs in truth.execute(merges):
        for one, words in ((merged, sealed), (survivor, theirs)):
            yield from found_in("merges", plain(keys.get(("client", one)), words, f"client_merge_log:{merge_id}"))
    for table in ("notifications", "mails"):
        for row_id, sealed in truth.execute(f"SELECT id, sealed FROM {table} WHERE sealed <> ''"):
            yield from found_in(table, ring.open(sealed, place=f"{table}:{row_id}").decode())


def plain(key: bytes | None, sealed: bytes, place: str) -> str:
    try:
        return open_sealed(key, sealed, place=place).decode() if key else ""
    except Unreadable:
        return ""


def found_in(place: str, words: str) -> Iterator[str]:
    if WORD.lower() in words.lower():
        yield f"{place}, opened"


def in_storage() -> Iterator[str]:
    from flask import current_app

    for key in stored_files(current_app):
        with storage.open(key) as stream:
            content = stream.read()
        yield from found_in("storage", content.decode(errors="replace") if content[:2] != b"PK" else unzipped(content))


def unzipped(content: bytes) -> str:
    from zipfile import ZipFile

    with ZipFile(io.BytesIO(content)) as archive:
        return " ".join(archive.read(name).decode(errors="replace") for name in archive.namelist())


EVERYWHERE = {
    "berth_occupancies", "client_contacts", "client_notes", "clients", "custom_field_values", "file_versions", "files",
    "import_rows", "imports", "interest_notes", "interests", "registrations", "reminders", "search_spellings",
    "search_words", "vessel_documents", "vessels", "waiting_entries",
    *(f"{place}, opened" for place in ("change_items", "events", "mails", "merges", "notifications", "storage")),
}  # fmt: skip


def test_nothing_is_left(app: Flask, truth: psycopg.Connection, committed: Installation) -> None:
    by = enter(ADMIN)
    client = seed(by)
    client_id, number = client.id, client.number
    vessel = db.session.scalars(select(Vessel.number).where(Vessel.name == WORD)).one()
    elsewhere = pages_of_mails()
    commit()
    relay()
    by = enter(ADMIN)
    archive = Archive.ask(db.session.get_one(Client, client_id), by=by)
    assert archive is not None
    build_archive.later(archive_id=archive.id)
    commit()
    work_off()
    seed_told(f"clients/{number}", f"vessels/{vessel}", *elsewhere)
    commit()
    relay()
    assert set(places_of(truth)) >= EVERYWHERE

    by = enter(ADMIN)
    assert erase(db.session.get_one(Client, client_id), reason="Asked by letter", by=by)
    finish_erasure.later(client_id=client_id)
    commit()
    relay()
    kinds = begin_and_list()
    assert any("finish_erasure" in kind for kind in kinds)
    for job_id in jobs_named("finish_erasure"):
        perform(str(job_id))
    assert places_of(truth) == []
    assert truth.execute("SELECT full_name FROM clients WHERE number = %s AND port_id = %s", (number, NORTH)).fetchone()

    begin()
    seal_events.later()
    commit()
    begin()
    for (job_id,) in truth.execute("SELECT id FROM jobs WHERE name LIKE '%seal_events'").fetchall():
        perform(str(job_id))
    told = committed.flask("audit", "verify")
    assert "Nothing was altered, removed or inserted." in told


def begin_and_list() -> list[str]:
    begin(port_id=NORTH, scope="staff")
    return list(db.session.scalars(select(Job.name).where(Job.failed_at.is_(None))))


def jobs_named(name: str) -> list[uuid.UUID]:
    begin(port_id=NORTH, scope="staff")
    found = db.session.scalars(select(Job.id).where(Job.name.like(f"%{name}"), Job.failed_at.is_(None))).all()
    commit()
    return list(found)


# --- Two at once --------------------------------------------------------------------------------------------------


def test_two_who_erase_at_once_erase_once(app: Flask, truth: psycopg.Connection) -> None:
    client_id = make_client(enter(ADMIN), full_name="Twice").id
    commit()
    barrier, done = Barrier(2, timeout=30), []

    def run() -> None:
        with app.app_context():
            by = enter(ADMIN)
            barrier.wait()
            locked = select(Client).where(Client.id == client_id).with_for_update()
            done.append(erase(db.session.scalars(locked).one(), reason="Asked", by=by))
            commit()

    at_once(run, run)
    assert sorted(done) == [False, True]
    events = "SELECT count(*) FROM events WHERE name = 'client:erased' AND subject_id = %s"
    assert truth.execute(events, (client_id,)).fetchone() == (1,)


def test_what_is_put_beside_a_client_while_it_is_erased_is_refused(app: Flask, truth: psycopg.Connection) -> None:
    """Whoever does not look first waits for the erasure, and is then refused by the database."""
    client_id = make_client(enter(ADMIN), full_name="Raced").id
    commit()
    erased, refused = Barrier(2, timeout=30), []

    def erases() -> None:
        with app.app_context():
            by = enter(ADMIN)
            locked = select(Client).where(Client.id == client_id).with_for_update()
            erase(db.session.scalars(locked).one(), reason="Asked", by=by)
            erased.wait()
            wait_for_a_lock(truth)
            commit()

    def writes() -> None:
        with app.app_context():
            enter(ADMIN)
            erased.wait()
            db.session.add(Note(port_id=NORTH, client_id=client_id, body="Rang", author_name="", pinned=False))
            try:
                db.session.flush()
            except IntegrityError as error:
                refused.append(str(error))
            db.session.rollback()

    at_once(erases, writes)
    assert len(refused) == 1
    assert "this client was erased" in refused[0]


def wait_for_a_lock(truth: psycopg.Connection) -> None:
    """Until the other waits; a Postgres that never says so ends the test by the number of tries."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    for _ in range(20_000):
        if truth.execute(waiting).fetchone() != (0,):
            return
    raise AssertionError("nobody waits")


def at_once(*runs: Any) -> None:
    threads = [Thread(target=run) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()


def test_an_erasure_that_was_killed_before_its_end_is_ended(app: Flask, truth: psycopg.Connection) -> None:
    """The words are gone with the commit; what lies in the storage is removed by whoever takes the job over."""
    by = enter(ADMIN)
    client = make_client(by, full_name="Killed")
    file = make_file(by, record=client)
    key, client_id = file.keys()[0], client.id
    erase(client, reason="Asked", by=by)
    finish_erasure.later(client_id=client_id)
    commit()
    (job_id,) = jobs_named("finish_erasure")
    truth.execute("UPDATE jobs SET leased_until = run_at WHERE id = %s", (job_id,))  # a worker had it, and was killed
    assert key in stored_files(app)
    perform(str(job_id))
    assert key not in stored_files(app)
    perform(str(job_id))
    assert jobs_named("finish_erasure") == []
