"""What is held about a client is told in full, handed out as a file, and erased."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from zipfile import ZipFile

import pytest
import time_machine
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from app import storage
from app.changes.jobs import forget_images, put_back
from app.changes.models import Change, ChangeItem, ChangeSet, note_changes
from app.clients.models import (
    Archive,
    Client,
    ClientTag,
    Merge,
    Note,
    Relationship,
)
from app.clients.models.erasure import erase
from app.clients.models.holding import FOLLOWS, HOLDINGS, KEEPERS, UNHELD, Keeping, held, keeps
from app.clients.privacy.forgetting import finish_erasure, forget_old, pages_gone_with
from app.current import Member
from app.db import begin, commit, db, now
from app.errors import Refused
from app.events.bulk import subject_keys
from app.events.models import Event, SubjectKey
from app.events.registry import EVENTS
from app.events.reverts import WAYS, NotReverted, revert
from app.events.timeline import timeline
from app.exports.kinds import KINDS
from app.exports.models import Export
from app.fields.models import FieldDefinition
from app.files.models import File, LooseKey
from app.identity.models import PortRoleOverride, Role
from app.imports.models import Import, ImportRow
from app.search.forgetting import forget_words
from app.search.recent import remember
from app.storage.store import NotStored
from app.tags.models import Tag
from app.vessels.models import Document, Vessel
from tests.importing import work_off
from tests.world import NORTH, SOUTH, Visitor, enter, make_client, make_file, make_vessel, user_id

pytestmark = pytest.mark.usefixtures("db")

MANAGER = "sales_manager@north.example"


@pytest.fixture
def manager(db: SQLAlchemy) -> Member:
    return enter(MANAGER)


def furnished(by: Member, name: str = "Zelda Zwart") -> Client:
    """Something of everything, with the name in all of it."""
    word = name.split()[0]
    client = make_client(by, full_name=name, email=f"{word.lower()}@x.fi", phone="+358405550101", town=word)
    other = make_client(by, full_name="Other")
    Note.create(client, f"{word} rang", by=by)
    Relationship.create(client, other, "captain", by=by)
    vessel = Vessel.create(client, {"name": f"{word} II", "registration": "FIN 7"}, by=by)
    Document.create(vessel, {"kind": "insurance", "issuer": word}, by=by)
    ClientTag.put_on(client, Tag.create("Regatta", "teal", port_id=by.here().id, by=by), by=by)
    FieldDefinition.create(
        {"label": "Boat club", "kind": "text"}, resource="client", currency="EUR", port_id=by.here().id, by=by
    )
    client.update({"custom_boat_club": word}, by=by)
    client.update({"town": "Hanko"}, by=by)
    make_file(by, f"{word}.pdf", record=client)
    return client


def names_of(client: Client) -> list[str]:
    about = select(Event.name).where(Event.subject_id == client.id).order_by(Event.id)
    return list(db.session.scalars(about))


# --- Nothing is forgotten -----------------------------------------------------------------------------------------

# Tables that refer to clients, or to what does.
REACHED = """
    WITH RECURSIVE reached AS (
        SELECT 'clients'::regclass::oid AS oid
        UNION SELECT k.conrelid FROM pg_constraint k JOIN reached r ON k.confrelid = r.oid WHERE k.contype = 'f')
    SELECT k.conrelid::regclass::text, a.attname::text FROM reached r
    JOIN pg_constraint k ON k.confrelid = r.oid AND k.contype = 'f'
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND a.attname <> 'port_id'
"""
# Columns that hold ids without a reference.
LOOSE = """
    SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.atttypid = 'uuid'::regtype AND a.attnum > 0
      AND a.attname IN ('subject_id', 'entity_id', 'client_id', 'vessel_id', 'last_id', 'event_id', 'about_id')
"""
COLUMNS = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
NOT_ABOUT_CLIENTS = {
    ("change_sets", "about_id"),
    ("outbox", "event_id"),
    ("unsealed_events", "event_id"),
    ("change_items", "event_id"),
}


def test_every_table_that_refers_to_a_client_is_told_of(db: SQLAlchemy) -> None:
    told = {(one.table, column) for one in HOLDINGS for column in one.columns} | set(UNHELD)
    reached = {(table, column) for table, column in db.session.execute(text(REACHED))}
    assert reached - told == set(), "say in the module's held.py what an archive shows of it and what an erasure does"
    loose = {(table, column) for table, column in db.session.execute(text(LOOSE))}
    assert loose - told - NOT_ABOUT_CLIENTS == set(), "may this be about a client? Then say so in held.py"
    there = {(table, column) for table, column in db.session.execute(text(COLUMNS))}
    assert told - there == set()


def test_every_column_of_what_is_held_is_shown_or_left_out(db: SQLAlchemy) -> None:
    """A column that is new is shown in the archive, or it is said that nobody wants to see it."""
    there: dict[str, set[str]] = {}
    for table, column in db.session.execute(text(COLUMNS)):
        there.setdefault(table, set()).add(column)
    for one in HOLDINGS:
        shown = set(one.fields) - set(one.also)
        assert shown & one.left_out == set(), one.table
        assert shown | one.left_out == there[one.table], one.table


def test_what_follows_is_deleted_by_the_database(db: SQLAlchemy) -> None:
    deleted = "SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND confdeltype = 'c'"
    assert {one.table for one in HOLDINGS if one.erased == FOLLOWS} <= set(db.session.scalars(text(deleted)))


# --- Erasing ------------------------------------------------------------------------------------------------------


def test_what_was_kept_is_gone_and_the_number_stays(manager: Member) -> None:
    client = furnished(manager)
    other = db.session.scalars(select(Client).where(Client.full_name == "Other")).one()
    first = select(Event.sealed).where(Event.name == "client:created", Event.subject_id == client.id)
    before = db.session.scalar(first)
    number = client.number
    assert erase(client, reason="Asked by letter", by=manager)
    assert (client.full_name, client.town, client.tax_number, client.is_archived) == (
        f"Erased client {number}",
        "",
        "",
        True,
    )
    assert held([client.id]) == []
    assert names_of(client)[-1] == "client:erased"
    entries = timeline("client", client.id, limit=50)
    assert entries[0].text == "erased what was kept about this client, for good: Asked by letter"
    assert {entry.text for entry in entries[1:]} == {"did something that was erased since"}
    told = timeline("client", other.id)
    assert [entry.text for entry in told][:2] == [
        "removed: (erased), captain of Other",
        "did something that was erased since",
    ]
    assert "Zelda" not in str(told)
    assert db.session.scalar(first) == before, "the row stays as it was sealed"


def test_twice_is_once(manager: Member) -> None:
    client = furnished(manager)
    assert erase(client, reason="Asked", by=manager)
    assert not erase(client, reason="Asked again", by=manager)
    assert names_of(client).count("client:erased") == 1


def test_who_was_merged_goes_too_and_who_was_once_is_told_of_without_a_name(manager: Member) -> None:
    client, merged, once = (make_client(manager, full_name=name, town=name) for name in ("Ann", "Bo", "Cyrano"))
    Note.create(merged, "Bo rang", by=manager)
    Merge.make(client, merged, ["town"], by=manager)
    Merge.make(client, once, ["town"], by=manager).undo(client, once, by=manager)
    assert "Cyrano" in str(timeline("client", client.id))
    erase(once, reason="Asked", by=manager)
    told = str(timeline("client", client.id))
    assert "Cyrano" not in told
    assert "merged (erased)" in told
    erase(client, reason="Asked", by=manager)
    assert (merged.full_name, merged.is_erased) == (f"Erased client {merged.number}", True)
    assert db.session.scalars(select(Note)).all() == []
    assert db.session.scalars(select(Merge)).all() == []


def test_a_vessel_that_was_sold_stays_without_the_name(manager: Member) -> None:
    client, buyer = make_client(manager, full_name="Zelda"), make_client(manager, full_name="Buyer")
    vessel = make_vessel(manager, client)
    vessel.change_owner(buyer, on=date(2026, 1, 1), by=manager)
    assert "Zelda" in str(timeline("vessel", vessel.id))
    erase(client, reason="Asked", by=manager)
    assert "Zelda" not in str(timeline("vessel", vessel.id))
    assert "Buyer" in str(timeline("vessel", vessel.id))
    assert "Belle" not in str(timeline("client", client.id))
    assert db.session.scalars(select(Vessel)).one().client_id == buyer.id


@pytest.fixture
def keeper() -> Iterator[None]:
    @keeps
    def invoices(clients: Sequence[uuid.UUID]) -> Iterator[Keeping]:
        found = select(File.id).where(File.category == "invoice", File.client_id.in_(clients))
        ids = db.session.scalars(found).all()
        yield Keeping("Invoices", "Bookkeeping Act, ten years", "files", ids, until=date(2036, 12, 31))

    yield
    KEEPERS.remove(invoices)


@pytest.mark.usefixtures("keeper")
def test_what_a_law_wants_stays_with_a_number_that_has_no_name(
    manager: Member, visit: Callable[[str], Visitor]
) -> None:
    client = furnished(manager)
    number = client.number
    invoice = make_file(manager, "2026-17.pdf", record=client, category="invoice")
    invoice_number = invoice.number
    commit()
    visitor = visit(MANAGER)
    shown = visitor.get(f"/north/clients/{number}/erasure/new").text
    assert all(words in shown for words in ("Invoices", "Bookkeeping Act, ten years", "2036"))
    form = {**visitor.form(f"/north/clients/{number}/erasure/new"), "typed": str(number), "reason": "Asked"}
    assert visitor.post(f"/north/clients/{number}/erasure", form).status_code == 303
    work_off()
    after = visitor.get(f"/north/clients/{number}").text
    assert "Bookkeeping Act, ten years" in after
    assert visitor.get(f"/north/files/{invoice_number}").status_code == 200
    enter(MANAGER)
    (file,) = db.session.scalars(select(File)).all()
    with storage.open(file.keys()[0]) as stream:
        assert stream.read(4) == b"%PDF"


def test_an_erased_client_is_left_alone(manager: Member) -> None:
    client, other = make_client(manager), make_client(manager)
    changes = ChangeSet.begin("import", "x.csv", port_id=NORTH, about_id=None, by=manager)
    db.session.flush()
    erase(client, reason="Asked", by=manager)
    with pytest.raises(Refused, match="gone"):
        client.restore(by=manager)
    with pytest.raises(Refused, match="nothing is kept"):
        Merge.make(other, client, [], by=manager)
    assert changes.total == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE clients SET full_name = 'Zelda' WHERE id = :id",
        "UPDATE clients SET archived_at = NULL WHERE id = :id",
        "UPDATE clients SET erased_at = NULL WHERE id = :id",
        "UPDATE clients SET town = 'Hanko' WHERE id = :id",
        "INSERT INTO client_tags (id, port_id, client_id, tag_id, created_at)"
        " SELECT gen_random_uuid(), port_id, :id, id, created_at FROM tags",
        "UPDATE client_notes SET client_id = :id",
        "UPDATE vessels SET client_id = :id",
        "UPDATE files SET entity_id = :id",
    ],
)
def test_the_database_keeps_it_so(manager: Member, statement: str) -> None:
    client, other = make_client(manager), make_client(manager, full_name="Other")
    Note.create(other, "Rang", by=manager)
    make_vessel(manager, other)
    make_file(manager, record=other)
    Tag.create("Regatta", "teal", port_id=NORTH, by=manager)
    erase(client, reason="Asked", by=manager)
    db.session.flush()
    with pytest.raises(Exception, match="erased"), db.session.begin_nested():
        db.session.execute(text(statement), {"id": client.id})


def test_what_a_bulk_act_or_a_change_did_is_not_taken_back(manager: Member) -> None:
    client = make_client(manager)
    client.update({"town": "Hanko"}, by=manager)
    changes = ChangeSet.begin("bulk_edit", "Status: active", port_id=NORTH, about_id=None, by=manager)
    db.session.flush()
    keys = subject_keys("client", [client.id], port_id=NORTH)
    image = {"fields": {"town": ["Hanko", "Turku"]}, "contacts": [], "notes": []}
    note_changes(changes, "client", [Change(client.id, "updated", image, [client.id])], keys=keys)
    changes.note_applied(by=manager)
    erase(client, reason="Asked", by=manager)
    items = db.session.scalars(select(ChangeItem)).all()
    put_back(changes, items, by=manager)
    db.session.expire_all()
    assert [(item.outcome, item.reason) for item in db.session.scalars(select(ChangeItem))] == [
        ("kept", "What it was before has been erased.")
    ]
    event = db.session.scalars(select(Event).where(Event.name == "client:updated")).one()
    with pytest.raises(NotReverted) as refused:
        revert(event, WAYS["client:updated"], manager)
    assert refused.value.reasons[0].text == "what it was before has been erased"


def test_what_waits_in_the_outbox_does_not_break_over_it(manager: Member, relayed: Callable[[], list[str]]) -> None:
    """The words of an event that nobody followed yet may be gone by then."""
    client = furnished(manager)
    erase(client, reason="Asked", by=manager)
    commit()
    assert {"client:noteAdded", "vessel:created", "client:relationshipRemoved", "client:erased"} <= set(relayed())


def test_the_palette_offers_it_no_more(app: Flask, manager: Member, relayed: Callable[[], list[str]]) -> None:
    client = make_client(manager)
    remember(manager, client)
    opened = f"recent:{NORTH}:{manager.id}"
    assert app.extensions["redis"].llen(opened) == 1
    erase(client, reason="Asked", by=manager)
    commit()
    relayed()
    assert app.extensions["redis"].llen(opened) == 0


# --- By the pages -------------------------------------------------------------------------------------------------


def test_erasing_by_the_page(manager: Member, visit: Callable[[str], Visitor]) -> None:
    client = furnished(manager)
    number, key = client.number, File.keys(db.session.scalars(select(File)).one())[0]
    commit()
    visitor = visit(MANAGER)
    assert "Zelda" in visitor.get("/north/clients?q=zelda").text
    privacy = visitor.get(f"/north/clients/{number}/privacy").text
    assert all(words in privacy for words in ("Contacts", "Vessels", "Put an archive together", "Erase this client"))
    form = {
        **visitor.form(f"/north/clients/{number}/erasure/new"),
        "typed": "zelda  zwart",
        "reason": "Asked by letter",
    }
    answer = visitor.post(f"/north/clients/{number}/erasure", form)
    assert answer.headers["Location"] == f"/north/clients/{number}"
    assert visitor.post(f"/north/clients/{number}/erasure", form).status_code == 303
    work_off()
    shown = visitor.get(f"/north/clients/{number}").text
    assert f"Erased client {number}" in shown
    assert "Asked by letter" in shown
    assert "Zelda" not in shown
    for below in ("privacy", "events", "vessels", "files"):
        assert "Zelda" not in visitor.get(f"/north/clients/{number}/{below}").text
    assert visitor.get(f"/north/clients/{number}/edit").status_code == 409
    assert visitor.delete(f"/north/clients/{number}/archival").status_code == 409
    assert visitor.post(f"/north/clients/{number}/archives").status_code == 409
    with pytest.raises(NotStored), storage.open(key):
        pass
    enter(MANAGER)
    spelled = text("SELECT count(*) FROM search_spellings WHERE word LIKE 'zel%' OR word LIKE 'zwart%'")
    assert db.session.scalar(spelled) == 0
    assert db.session.scalars(select(LooseKey)).all() == []


@pytest.mark.parametrize(("typed", "reason"), [("", "Asked"), ("Zelda", "Asked"), ("zelda zwart", "")])
def test_nothing_is_erased_by_mistake(
    manager: Member, visit: Callable[[str], Visitor], typed: str, reason: str
) -> None:
    client = furnished(manager)
    number = client.number
    commit()
    visitor = visit(MANAGER)
    form = {**visitor.form(f"/north/clients/{number}/erasure/new"), "typed": typed, "reason": reason}
    answer = visitor.post(f"/north/clients/{number}/erasure", form)
    assert answer.status_code == 422
    assert typed in answer.text
    assert reason in answer.text
    enter(MANAGER)
    assert db.session.scalars(select(Client.erased_at)).all() == [None, None]


def test_who_may(manager: Member, visit: Callable[[str], Visitor]) -> None:
    number = make_client(manager).number
    commit()
    for email, status in (
        ("sales_agent@north.example", 403),
        ("viewer@north.example", 403),
        ("operator@north.example", 403),
        ("director@north.example", 200),
    ):
        for page in ("privacy", "erasure/new"):
            assert visit(email).get(f"/north/clients/{number}/{page}").status_code == status, (email, page)
    assert visit("sales_manager@south.example").get(f"/south/clients/{number}/privacy").status_code == 404


def test_the_way_there_asks_once_more_who_it_is(manager: Member, visit: Callable[[str], Visitor]) -> None:
    number = make_client(manager).number
    commit()
    visitor = visit(MANAGER)
    with time_machine.travel(now() + timedelta(minutes=11), tick=False):
        answer = visitor.get(f"/north/clients/{number}/erasure/new")
        assert answer.headers["Location"].startswith("/auth/confirm?")
        assert visitor.get(f"/north/clients/{number}/privacy").status_code == 200


def test_the_pages_take_a_bounded_number_of_statements(
    manager: Member, visit: Callable[[str], Visitor], statements: list[str]
) -> None:
    number = furnished(manager).number
    commit()
    visitor = visit(MANAGER)
    for page in ("privacy", "erasure/new"):
        statements.clear()
        visitor.get(f"/north/clients/{number}/{page}")
        assert len(statements) <= 6, page


# --- The archive --------------------------------------------------------------------------------------------------


def archive_of(visitor: Visitor, number: int) -> ZipFile:
    """Asked for, made, downloaded."""
    assert visitor.post(f"/north/clients/{number}/archives").status_code == 303
    work_off()
    enter(MANAGER)
    archive = db.session.scalars(select(Archive).order_by(Archive.id.desc()).limit(1)).one()
    assert archive.status == "ready"
    link = visitor.get(f"/north/clients/{number}/archives/{archive.id}").headers["Location"]
    return ZipFile(io.BytesIO(visitor.get(link).get_data()))


def test_everything_stands_in_the_archive(manager: Member, visit: Callable[[str], Visitor], app: Flask) -> None:
    client = furnished(manager)
    merged = make_client(manager, full_name="Zelda Z.", email="old@x.fi")
    Merge.make(client, merged, [], by=manager)
    number = client.number
    commit()
    archive = archive_of(visit(MANAGER), number)
    page, data = archive.read("index.html").decode(), json.loads(archive.read("data.json"))
    for words in (
        "Zelda Zwart", "Zelda Z.", "zelda@x.fi", "old@x.fi", "+358 40 5550101", "Zelda rang", "Captain of", "Other",
        "Zelda II", "FIN 7", "Insurance", "Regatta", "Boat club", "Zelda.pdf", "changed the details", "Port North",
    ):  # fmt: skip
        assert words in page, words
    assert "<del>Zelda</del> → Hanko" in page
    assert "<script" not in page
    assert data["clients"][0]["full_name"] == "Zelda Zwart"
    assert {row["value"] for row in data["client_contacts"]} >= {"zelda@x.fi", "old@x.fi"}
    (path,) = [name for name in archive.namelist() if name.startswith("files/")]
    assert archive.read(path).startswith(b"%PDF")
    assert f'href="{path}"' in page
    assert data["file_versions"][0]["path"] == path


def test_it_is_made_once_and_recorded_and_told(
    manager: Member, visit: Callable[[str], Visitor], relayed: Callable[[], list[str]]
) -> None:
    number = make_client(manager, full_name="Zelda").number
    commit()
    relayed()
    visitor = visit(MANAGER)
    for _ in range(2):
        assert visitor.post(f"/north/clients/{number}/archives").status_code == 303
    work_off()
    enter(MANAGER)
    assert len(db.session.scalars(select(Archive)).all()) == 1
    assert relayed() == ["data:exported"]
    assert "What is held about Zelda is ready" in visitor.get("/north/notifications").text
    assert "put an archive together" in visitor.get(f"/north/clients/{number}").text


def test_who_does_not_see_files_neither_makes_nor_fetches_an_archive(
    manager: Member, visit: Callable[[str], Visitor]
) -> None:
    number = furnished(manager).number
    commit()
    archive_of(visit(MANAGER), number)
    archive_id = db.session.scalars(select(Archive.id)).one()
    role_id = db.session.scalars(select(Role.id).where(Role.name == "operator")).one()
    granted = {"clients": {"view": True, "export": True}, "files": {"view": False}}
    db.session.add(PortRoleOverride(port_id=NORTH, role_id=role_id, permission_overrides=granted))
    commit()
    visitor = visit("operator@north.example")
    assert "Hand it out" not in visitor.get(f"/north/clients/{number}/privacy").text
    assert visitor.get(f"/north/clients/{number}/archives/{archive_id}").status_code == 409
    assert visitor.post(f"/north/clients/{number}/archives").status_code == 409


def test_an_archive_is_gone_after_a_week(manager: Member, visit: Callable[[str], Visitor]) -> None:
    number = make_client(manager).number
    commit()
    visitor = visit(MANAGER)
    archive_of(visitor, number)
    archive = db.session.scalars(select(Archive)).one()
    archive_id, key = archive.id, archive.storage_key
    commit()
    with time_machine.travel(now() + timedelta(days=8), tick=False):
        begin(port_id=NORTH, scope="staff")
        forget_old.later()
        commit()
        work_off()
        begin(port_id=NORTH, scope="staff")
        assert db.session.scalars(select(Archive)).all() == []
        assert db.session.scalars(select(LooseKey.storage_key)).all() == [key]
    assert visitor.get(f"/north/clients/{number}/archives/{archive_id}").status_code == 404


def test_an_archive_goes_with_who_it_is_about(manager: Member, visit: Callable[[str], Visitor]) -> None:
    client = furnished(manager)
    number, client_id = client.number, client.id
    commit()
    archive_of(visit(MANAGER), number)
    key = db.session.scalars(select(Archive.storage_key)).one()
    by = enter(MANAGER)
    erase(db.session.get_one(Client, client_id), reason="Asked", by=by)
    finish_erasure.later(client_id=client_id)
    commit()
    work_off()
    with pytest.raises(NotStored), storage.open(key):
        pass


def test_an_erasure_of_earlier_told_of_vessels_alone(manager: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EVENTS, "client:erased", ("reason", "kept", "vessels"))
    client = make_client(manager)
    client.record("erased", by=manager, reason="Asked", kept=[], vessels=[(client.id, 7)])
    db.session.flush()
    assert pages_gone_with(client) == [f"clients/{client.number}", "vessels/7"]


# --- What is not kept for ever ------------------------------------------------------------------------------------


def test_before_images_go_after_thirty_days(manager: Member, visit: Callable[[str], Visitor]) -> None:
    client = make_client(manager)
    found = ChangeSet.begin("bulk_edit", "Status: active", port_id=NORTH, about_id=None, by=manager)
    db.session.flush()
    keys = subject_keys("client", [client.id], port_id=NORTH)
    note_changes(found, "client", [Change(client.id, "updated", {"fields": {}}, [client.id])], keys=keys)
    found.note_applied(by=manager)
    number, found_id = found.number, found.id
    commit()

    def left() -> list[bool]:
        begin(port_id=NORTH, scope="staff")
        forget_images.later()
        commit()
        work_off()
        begin(port_id=NORTH, scope="staff")
        return [bool(sealed) for sealed in db.session.scalars(select(ChangeItem.sealed))]

    with time_machine.travel(now() + timedelta(days=29)):
        assert left() == [True]
    with time_machine.travel(now() + timedelta(days=31)):
        assert left() == [False]
        assert left() == [False]
        assert db.session.get_one(ChangeSet, found_id).forgotten_at is not None
        commit()
        visitor = visit(MANAGER)
        shown = visitor.get(f"/north/changes/{number}").text
        assert "What the records were before is not kept any longer" in shown
        assert visitor.post(f"/north/changes/{number}/roll-back").status_code in (303, 409)


def test_before_images_of_merges_go_after_thirty_days(manager: Member, visit: Callable[[str], Visitor]) -> None:
    client, merged = make_client(manager), make_client(manager, town="Hanko")
    made = Merge.make(client, merged, [], by=manager)
    number, made_id = client.number, made.id
    commit()

    def left() -> bool:
        begin(port_id=NORTH, scope="staff")
        forget_old.later()
        commit()
        work_off()
        begin(port_id=NORTH, scope="staff")
        return bool(db.session.scalars(select(Merge.sealed)).one())

    assert left()
    with time_machine.travel(now() + timedelta(days=31)):
        assert not left()
        commit()
        shown = visit(MANAGER).get(f"/north/clients/{number}/mergers/{made_id}")
        assert shown.status_code == 200
        assert "that time is over" in shown.text


def test_the_search_forgets_words_that_nobody_has(manager: Member) -> None:
    client = make_client(manager, full_name="Zelda Zwart")
    make_client(manager, full_name="Zelda Other")
    client.update({"full_name": "Anna"}, by=manager)
    commit()
    begin(port_id=NORTH, scope="staff")
    forget_words.later()
    commit()
    work_off()
    begin(port_id=NORTH, scope="staff")
    known = set(db.session.scalars(text("SELECT word FROM search_spellings")))
    assert {"zelda", "other", "anna"} <= known
    assert "zwart" not in known


def test_the_keys_of_another_port_are_not_touched(manager: Member) -> None:
    south = enter("sales_manager@south.example", "south")
    theirs = make_client(south).id
    commit()
    enter(MANAGER)
    assert db.session.scalar(text("SELECT forget_subjects('client', :ids)"), {"ids": [theirs]}) == []
    commit()
    begin(port_id=SOUTH, scope="staff")
    assert db.session.get(SubjectKey, ("client", theirs)) is not None


def test_a_file_that_nobody_lets_in_is_given_up(manager: Member) -> None:
    client = make_client(manager)
    imported = Import.create("clients", filename="x.csv", storage_key="north/general/imports/x.csv", by=manager)
    imported.status = "preview"
    db.session.flush()
    row: dict[str, Any] = {"source": ["Zelda"], "fields": {}, "verdict": "wrong", "import_id": imported.id}
    db.session.add_all(
        ImportRow(port_id=NORTH, row_number=at, client_id=one, **row) for at, one in ((2, client.id), (3, None))
    )
    imported_id = imported.id
    commit()

    def left() -> list[int]:
        begin(port_id=NORTH, scope="staff")
        forget_old.later()
        commit()
        work_off()
        begin(port_id=NORTH, scope="staff")
        return list(db.session.scalars(select(ImportRow.row_number).order_by(ImportRow.row_number)))

    assert left() == [2, 3]
    with time_machine.travel(now() + timedelta(days=31)):
        assert left() == [2]
        assert db.session.get_one(Import, imported_id).status == "failed"


def test_who_sees_only_their_own_hands_out_and_erases_only_their_own(
    manager: Member, visit: Callable[[str], Visitor]
) -> None:
    operator = user_id("operator@north.example")
    own = make_client(manager, full_name="Own", owner_id=operator).number
    other = make_client(manager, full_name="Other", owner_id=manager.id).number
    role_id = db.session.scalars(select(Role.id).where(Role.name == "operator")).one()
    granted = {"clients": {"export": True, "delete": True}}
    db.session.add(PortRoleOverride(port_id=NORTH, role_id=role_id, permission_overrides=granted))
    commit()
    visitor = visit("operator@north.example")
    for page in ("privacy", "erasure/new"):
        assert visitor.get(f"/north/clients/{own}/{page}").status_code == 200, page
        assert visitor.get(f"/north/clients/{other}/{page}").status_code == 404, page
    filled = {"typed": str(other), "reason": "Asked"}
    assert visitor.post(f"/north/clients/{other}/erasure", filled).status_code == 404
    assert visitor.post(f"/north/clients/{other}/archives").status_code == 404
    assert visitor.post(f"/north/clients/{own}/erasure", {**filled, "typed": "own"}).status_code == 303
    enter(MANAGER)
    erased = db.session.execute(select(Client.number, Client.erased_at)).all()
    assert {number: at is not None for number, at in erased} == {own: True, other: False}


def test_files_of_many_clients_that_wait_to_be_fetched_go_with_who_is_erased(manager: Member) -> None:
    fields = {"format": "csv", "extent": "all", "chosen": {}, "sort": "name", "descending": False, "columns": []}
    client = make_client(manager, full_name="Zelda")
    of: dict[str, Any] = {"record_ids": [client.id], "total": 1, "by": manager}
    ready, running = (Export.start(KINDS["clients"], fields, **of) for _ in range(2))
    ready.note_finished("north/general/exports/x.csv", count=1, size=9, by=manager)
    db.session.flush()
    erase(client, reason="Asked", by=manager)
    db.session.expire_all()
    assert (ready.status, ready.storage_key, ready.is_there) == ("finished", "", False)
    assert (running.status, running.record_ids) == ("stopped", None)
