"""Two clients become one, and two again."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range

from app.berths.models import Berth, Occupancy, OccupancyKind
from app.clients.merging.links import LINKS, STAYING
from app.clients.merging.mergers import later_in_words, not_taken
from app.clients.models import Client, ClientTag, Contact, Merge, Note
from app.clients.models.relationship import Relationship
from app.current import Member
from app.db import commit, db
from app.documents.models import Document, DocumentType
from app.errors import Refused
from app.events.audit import masked_details
from app.events.models import Event
from app.events.timeline import TELLERS, timeline
from app.fields.models import FieldDefinition
from app.identity.models import PortRoleOverride, Role
from app.imports.models import Import, ImportRow
from app.imports.verdicts import Verdict
from app.tags.models import Tag
from app.vessels.models import Vessel
from app.waiting_list.models import PriorityClass, WaitingEntry, WaitingList
from tests.world import (
    NORTH,
    Visitor,
    enter,
    make_berth,
    make_client,
    make_duplicate,
    make_file,
    make_interest,
    make_registration,
    make_reminder,
    make_waiting_list,
    user_id,
)

pytestmark = pytest.mark.usefixtures("db")

MANAGER, MATE, AGENT = "sales_manager@north.example", "teammate@north.example", "sales_agent@north.example"


@pytest.fixture
def manager(db: SQLAlchemy) -> Member:
    return enter(MANAGER)


@pytest.fixture
def quay(manager: Member) -> Quay:
    custom_fields(manager)
    tag = Tag.create("Regatta", "teal", port_id=NORTH, by=manager)
    imported = Import.create("clients", filename="old.csv", storage_key="north/general/imports/1.csv", by=manager)
    third = make_client(manager, full_name="Third")
    return Quay(manager, third, make_berth(manager), make_waiting_list(manager), tag, imported)


def names() -> list[str]:
    return [name for name in db.session.scalars(select(Event.name).order_by(Event.id)) if name.startswith("client:")]


def dump(*clients: uuid.UUID) -> dict[str, list[str]]:
    """Every row of the clients and of what belongs to them, as it stands."""
    db.session.flush()
    wanted = {"clients": "t.id = ANY (:ids)"}
    for link in LINKS:
        mine = f"(t.{link.column} = ANY (:ids) AND {link.where})"
        wanted[link.table] = f"{wanted[link.table]} OR {mine}" if link.table in wanted else mine
    rows = {}
    for table, which in wanted.items():
        found = db.session.scalars(
            text(f"SELECT to_jsonb(t)::text FROM {table} t WHERE {which} ORDER BY id"), {"ids": list(clients)}
        )
        rows[table] = list(found)
    words = "SELECT word FROM search_words WHERE subject_id = ANY (:ids) ORDER BY subject_id, word"
    rows["search_words"] = list(db.session.scalars(text(words), {"ids": list(clients)}))
    return rows


KINDS = {"Club": "text", "Berths": "number", "Deposit": "money", "Since": "date", "Hall": "choice", "Key": "yes_no"}
CUSTOM = {
    "custom_club": ["Hanko SS", "Nagu YC"],
    "custom_berths": ["2", "3.5"],
    "custom_deposit": ["50.00", "120.50"],
    "custom_since": ["2019-05-01", "2021-04-11"],
    "custom_hall": ["a", "b"],
    "custom_key": ["yes", "no"],
}


def custom_fields(by: Member) -> None:
    """One of each kind, made once."""
    if FieldDefinition.of("client", port_id=NORTH):
        return
    for label, kind in KINDS.items():
        fields = {"label": label, "kind": kind, "options": ["A", "B"] if kind == "choice" else [], "required": False}
        FieldDefinition.create({**fields, "help": ""}, resource="client", currency="EUR", port_id=NORTH, by=by)


def belonging(client: Client, by: Member, *, mail: str, kind: str = "email") -> None:
    Contact.create(client, {"kind": kind, "value": mail}, country="FI", by=by)
    Note.create(client, f"Wrote from {mail}", by=by)
    make_file(by, record=client)
    Vessel.create(client, {"name": f"Boat of {mail}"}, by=by)


@dataclass
class Quay:
    """What gives clients their belongings: of each kind one that all have alike, where that can clash, and one that is
    theirs alone."""

    by: Member
    third: Client
    berth: Berth
    line: WaitingList
    tag: Tag
    imported: Import
    numbers: Iterator[int] = field(default_factory=lambda: count(2))

    def contacts(self, client: Client) -> None:
        for mail in ("a@x.fi", f"{client.number}@x.fi"):
            Contact.create(client, {"kind": "email", "value": mail}, country="FI", by=self.by)

    def notes(self, client: Client) -> None:
        Note.create(client, "Rang, @Viewer North", by=self.by)

    def files(self, client: Client) -> None:
        make_file(self.by, record=client)

    def vessels(self, client: Client) -> None:
        Vessel.create(client, {"name": "Boat", "loa_declared": "12.30"}, by=self.by)

    def relationships(self, client: Client) -> None:
        for other in (self.third, make_client(self.by, full_name="Fourth")):
            Relationship.create(client, other, "captain", by=self.by)
            Relationship.create(other, client, "broker", by=self.by)

    def tagged(self, client: Client) -> None:
        for tag in (self.tag, Tag.create(f"Of {client.number}", "teal", port_id=NORTH, by=self.by)):
            ClientTag.put_on(client, tag, by=self.by)

    def custom(self, client: Client) -> None:
        values = {name: two[client.number % 2] for name, two in CUSTOM.items()}
        if client.full_name == "One":  # one has what the other has not
            del values["custom_key"]
        client.update(values, by=self.by)

    def interests(self, client: Client) -> None:
        make_interest(client, by=self.by)

    def documents(self, client: Client) -> None:
        file = make_file(self.by, record=client)
        Document.record_signed(DocumentType.NDA, file, client=client, sha256=b"x" * 32, by=self.by)

    def stays(self, client: Client) -> None:
        begins = datetime(2027, 1, 1, 12, tzinfo=UTC) + timedelta(days=next(self.numbers))
        during = Range(begins, begins + timedelta(hours=20))
        Occupancy.book(self.berth, during, OccupancyKind.VISIT, by=self.by, client=client)

    def registrations(self, client: Client) -> None:
        make_registration(client, by=self.by, number=next(self.numbers))

    def waits(self, client: Client) -> None:
        for line in (self.line, make_waiting_list(self.by, name=f"Of {client.number}")):
            WaitingEntry.enter(line, client, fields={"priority_class": PriorityClass.OTHER}, by=self.by)

    def reminders(self, client: Client) -> None:
        make_reminder(self.by, subject=client)

    def rows(self, client: Client) -> None:
        about = {"source": ["x"], "fields": {"full_name": "x"}, "client_id": client.id, "outcome": "created"}
        number = next(self.numbers)
        row = ImportRow(port_id=NORTH, import_id=self.imported.id, row_number=number, verdict=Verdict.NEW, **about)
        db.session.add(row)


BELONGINGS: tuple[Callable[[Quay, Client], None], ...] = (
    Quay.contacts,
    Quay.notes,
    Quay.files,
    Quay.waits,  # before there is a vessel that it could be for
    Quay.vessels,
    Quay.relationships,
    Quay.tagged,
    Quay.custom,
    Quay.interests,
    Quay.documents,
    Quay.stays,
    Quay.registrations,
    Quay.reminders,
    Quay.rows,
)


def named_by(client: Client) -> dict[tuple[str, str], int]:
    """How many rows name the client, by each link."""
    db.session.flush()
    counted = "SELECT count(*) FROM {table} t WHERE t.{column} = :client AND {where}"
    return {
        (link.table, link.column): db.session.scalar(
            text(counted.format(table=link.table, column=link.column, where=link.where)), {"client": client.id}
        )
        for link in LINKS
    }


# --- Merging ------------------------------------------------------------------------------------------------------


def test_what_belongs_to_the_merged_client_moves(manager: Member) -> None:
    a = make_client(manager, email="lea@example.com")
    b = make_client(manager, full_name="L. Marchand", email="l.marchand@example.com", phone="+33 1 42 68 53 00")
    belonging(b, manager, mail="quay@example.com")
    before = len(names())
    made = Merge.make(a, b, [], by=manager)
    assert {table: len(ids) for table, ids in made.moved.items()} == {
        "client_contacts": 3,
        "client_notes": 1,
        "files": 1,
        "vessels": 1,
        "vessel_ownerships": 1,
    }
    assert names()[before:] == ["client:merged", "client:merged"]
    assert b.archived_at is not None
    assert b.merged_into_id == a.id
    contacts = db.session.scalars(select(Contact).where(Contact.client_id == a.id).order_by(Contact.id)).all()
    first = {contact.kind for contact in contacts if contact.is_primary}
    assert first == {"email", "phone"}
    assert [contact.value for contact in contacts if contact.is_primary and contact.kind == "email"] == [
        "lea@example.com"
    ]


def test_equal_contacts_are_kept_once_and_remembered(manager: Member) -> None:
    a, b = make_client(manager, email="lea@example.com"), make_client(manager, email="LEA@example.com")
    made = Merge.make(a, b, [], by=manager)
    assert "client_contacts" not in made.moved
    (kept,) = made.opened()[0]["rows"]["client_contacts"].values()
    assert kept["before"]["value"] == "LEA@example.com"


def test_the_chosen_values_survive_and_the_others_are_told(manager: Member) -> None:
    a = make_client(manager, town="Nice", street="1 quai", marketing_consent=False)
    b = make_client(manager, full_name="Léa M. Marchand", town="Toulon", street="2 quai", marketing_consent=True)
    agreed = b.marketing_consent_at
    made = Merge.make(a, b, ["town", "marketing_consent"], by=manager)
    assert (a.town, a.street, a.full_name, a.marketing_consent_at) == ("Toulon", "1 quai", "Léa Marchand", agreed)
    assert made.opened()[0]["left"] == {"full_name": "Léa M. Marchand", "street": "2 quai"}


def test_what_was_not_taken_is_masked_for_who_may_not_open_the_client(manager: Member) -> None:
    custom_fields(manager)
    a = make_client(manager, town="Nice", languages=["fr"], custom_club="Nagu YC", owner_id=manager.id)
    b = make_client(manager, town="Toulon", languages=["sv"], custom_club="Hanko SS", owner_id=user_id(MATE))
    Merge.make(a, b, ["owner_id"], by=manager)
    entries = timeline("client", a.id)
    assert "Languages: Swedish · Town: Toulon · Club: Hanko SS" in entries[0].text
    assert entries[0].changes == [("Owner", "Sales Manager North", "Team Mate")]
    c = make_client(manager, full_name="C. North", owner_id=user_id(AGENT))
    made = Merge.make(a, c, [], by=manager)
    assert "Owner: Sales Agent North" in timeline("client", a.id)[0].text
    kept = made.opened()[0]
    assert ("Owner", "Sales Agent North") in not_taken(kept)
    assert "Owner" not in kept["left_custom"], "which is what a field of the port may be called"
    earlier = {"left": {"owner_id": str(user_id(AGENT))}, "left_custom": {"Owner": "Sales Agent North", "Club": "HSS"}}
    assert not_taken(earlier) == [("Owner", "Sales Agent North"), ("Club", "HSS")]
    assert not_taken({"left": {"owner": ""}}) == [("Owner", "A former colleague")]
    hidden = masked_details("client:merged", {"name": "B", "number": 2, "left": {"town": "T", "languages": ["sv"]}})
    assert hidden == {"name": "•••", "number": 2, "left": {"town": "•••", "languages": ["•••"]}}
    assert "Town: •••" in TELLERS["client:merged"][2](hidden)


def test_a_relationship_between_the_two_ends_and_comes_back(manager: Member) -> None:
    a, b, c = (make_client(manager, full_name=name) for name in ("Ann North", "A. North", "Cy North"))
    Relationship.create(a, b, "spouse", by=manager)
    Relationship.create(b, c, "captain", by=manager)
    Relationship.create(c, a, "spouse", by=manager)
    Relationship.create(c, b, "broker", by=manager)
    was = dump(a.id, b.id, c.id)
    made = Merge.make(a, b, [], by=manager)
    standing = db.session.execute(
        select(Relationship.from_id, Relationship.to_id, Relationship.kind).where(Relationship.archived_at.is_(None))
    ).all()
    assert set(standing) == {(a.id, c.id, "captain"), (c.id, a.id, "spouse"), (c.id, a.id, "broker")}
    made.undo(a, b, by=manager)
    assert dump(a.id, b.id, c.id) == was


@pytest.mark.parametrize("state", ["same", "archived", "merged"])
def test_it_is_refused(manager: Member, state: str) -> None:
    a, b, c = make_client(manager), make_client(manager), make_client(manager)
    if state == "archived":
        b.archive(by=manager)
    if state == "merged":
        Merge.make(c, b, [], by=manager)
    with pytest.raises(Refused):
        Merge.make(a, a if state == "same" else b, [], by=manager)


@pytest.mark.parametrize(
    ("mine", "theirs", "taken", "stands", "left"),
    [
        ("a", "b", False, "a", {"Hall": "B"}),
        ("a", "b", True, "b", {}),
        ("", "b", True, "b", {}),
        ("", "b", False, "", {"Hall": "B"}),
        ("a", "", True, "", {}),
        ("a", "", False, "a", {}),
        ("a", "a", True, "a", {}),
    ],
)
def test_a_field_that_the_port_made_up_is_chosen_like_any_other(
    manager: Member, mine: str, theirs: str, taken: bool, stands: str, left: dict[str, str]
) -> None:
    custom_fields(manager)
    a, b = (make_client(manager, full_name=name, custom_hall=value) for name, value in (("A", mine), ("B", theirs)))
    was = dump(a.id, b.id)
    made = Merge.make(a, b, ["custom_hall"] if taken else [], by=manager)
    a._custom = None
    db.session.expire_all()
    assert a.custom.get("custom_hall", "") == stands
    assert made.opened()[0]["left_custom"] == left
    assert made.undo(a, b, by=manager) == []
    assert dump(a.id, b.id) == was


# --- Undoing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("both", [False, True])
def test_rows_of_every_link_move_and_come_back(manager: Member, quay: Quay, both: bool) -> None:
    """`both`: the survivor has the like of everything, so that what can be had once only clashes."""
    a, b = make_client(manager, full_name="One"), make_client(manager, full_name="Other")
    for client in (a, b) if both else (b,):
        for belong in BELONGINGS:
            belong(quay, client)
    assert [link for link, found in named_by(b).items() if not found] == [], "say in BELONGINGS how one comes to be"
    db.session.expire_all()
    was = dump(a.id, b.id, quay.third.id)
    made = Merge.make(a, b, list(CUSTOM), by=manager)
    assert set(made.moved) == {link.table for link in LINKS}
    stay = {link for link, found in named_by(b).items() if found}
    once = {"client_contacts", "client_tags", "custom_field_values"}
    assert {table for table, _column in stay} == (once if both else set())
    after = dump(a.id, b.id, quay.third.id)
    assert {table: len(rows) for table, rows in after.items() if table != "search_words"} == {
        table: len(rows) for table, rows in was.items() if table != "search_words"
    }
    assert made.undo(a, b, by=manager) == []
    assert dump(a.id, b.id, quay.third.id) == was


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_merging_and_undoing_restores_every_row(manager: Member, quay: Quay, data: st.DataObject) -> None:
    mails = st.lists(st.sampled_from(["a@x.fi", "b@x.fi", "c@x.fi"]), unique=True, max_size=3)
    phones = st.lists(st.sampled_from(["+358405550101", "+358405550102"]), unique=True, max_size=2)
    words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
    custom = st.fixed_dictionaries({}, optional={name: st.sampled_from(two) for name, two in CUSTOM.items()})
    more = [Quay.files, Quay.tagged, Quay.interests, Quay.documents, Quay.stays, Quay.registrations, Quay.waits]
    more += [Quay.reminders, Quay.rows]
    pair = []
    other = make_client(manager, full_name="Third")
    for name in ("One", "Other"):
        fields: dict[str, Any] = {
            "town": data.draw(words),
            "languages": data.draw(st.lists(st.sampled_from(["fi", "sv"]), max_size=2)),
            **data.draw(custom),
        }
        client = make_client(manager, full_name=name, marketing_consent=data.draw(st.booleans()), **fields)
        for kind, values in (("email", data.draw(mails)), ("phone", data.draw(phones))):
            for value in values:
                contact = Contact.create(client, {"kind": kind, "value": value}, country="FI", by=manager)
                if data.draw(st.booleans()):
                    contact.archive(client, by=manager)
        for _ in range(data.draw(st.integers(0, 2))):
            Note.create(client, "Prefers " + data.draw(words), by=manager)
        if data.draw(st.booleans()):
            Vessel.create(client, {"name": "Boat", "loa_declared": "12.30"}, by=manager)
        for kind in data.draw(st.lists(st.sampled_from(["spouse", "broker", "agent"]), unique=True, max_size=2)):
            if kind != "spouse" or name == "One":
                Relationship.create(
                    *((client, other) if data.draw(st.booleans()) else (other, client)), kind, by=manager
                )
        for belong in data.draw(st.lists(st.sampled_from(more), unique=True, max_size=2)):
            belong(quay, client)
        pair.append(client)
    if data.draw(st.booleans()):
        Relationship.create(pair[0], pair[1], "captain", by=manager)
    db.session.flush()
    db.session.expire_all()
    a, b = pair
    was = dump(a.id, b.id, other.id)
    built_in = ["full_name", "town", "languages", "marketing_consent"]
    taken = data.draw(st.lists(st.sampled_from([*built_in, *CUSTOM]), unique=True))
    made = Merge.make(a, b, taken, by=manager)
    assert made.undo(a, b, by=manager) == []
    assert dump(a.id, b.id, other.id) == was


def test_what_was_changed_since_is_listed_and_stays(manager: Member) -> None:
    a, b = make_client(manager, town="Nice"), make_client(manager, town="Toulon", email="b@example.com")
    note = Note.create(b, "Before", by=manager)
    made = Merge.make(a, b, ["town"], by=manager)
    db.session.expire_all()
    a.update({"town": "Marseille", "region": "Var"}, by=manager)
    db.session.get_one(Note, note.id).body = "After"
    db.session.flush()
    later = made.undo(a, b, by=manager)
    assert {(edit.table, edit.column, edit.value) for edit in later} == {
        ("clients", "town", "Marseille"),
        ("clients", "region", "Var"),
        ("client_notes", "body", "After"),
    }
    assert (a.town, b.town, b.archived_at, b.merged_into_id) == ("Marseille", "Toulon", None, None)
    note = db.session.get_one(Note, note.id, populate_existing=True)
    assert (note.client_id, note.body) == (b.id, "After")


def test_later_edits_are_said_one_by_one(manager: Member) -> None:
    custom_fields(manager)
    a, b = make_client(manager, town="Nice"), make_client(manager, town="Toulon", custom_hall="a")
    contacts = [Contact.create(b, {"kind": "email", "value": f"{at}@x.fi"}, country="FI", by=manager) for at in "ab"]
    note, vessel = Note.create(b, "Before " * 9, by=manager), Vessel.create(b, {"name": "Maresia"}, by=manager)
    made = Merge.make(a, b, ["custom_hall"], by=manager)
    db.session.expire_all()
    a._custom = None
    a.update({"town": "Marseille", "tax_number": "", "custom_hall": "b"}, by=manager)
    contacts[0].archive(a, by=manager)
    contacts[1].update(a, {"label": "office"}, country="FI", by=manager)
    note.update(a, "After", by=manager)
    vessel.update({"registration": "FI 1"}, by=manager)
    db.session.flush()
    assert sorted(later_in_words(made.later_edits())) == [
        "Contact “a@x.fi” was removed since",
        "Contact “b@x.fi”: Label was changed since",
        "Hall was changed since",
        "Note “Before Before Before Before Before Befo…” was changed since",
        "Town is “Marseille” since",
        "Vessel “Maresia”: registration was changed since",
    ]


def test_a_field_left_empty_and_filled_since_stays_as_it_is(manager: Member) -> None:
    custom_fields(manager)
    a, b = make_client(manager, full_name="A", custom_hall="a", custom_club="Nagu YC"), make_client(manager)
    made = Merge.make(a, b, ["custom_hall", "custom_club"], by=manager)
    a._custom = None
    db.session.expire_all()
    assert a.custom == {}
    a.update({"custom_hall": "b"}, by=manager)
    assert later_in_words(made.later_edits()) == ["Hall was changed since"]
    assert [edit.table for edit in made.undo(a, b, by=manager)] == ["custom_field_values"]
    a._custom = b._custom = None
    db.session.expire_all()
    assert (a.custom, b.custom) == ({"custom_hall": "b", "custom_club": "Nagu YC"}, {})


def test_undone_twice_is_refused(manager: Member) -> None:
    a, b = make_client(manager), make_client(manager)
    made = Merge.make(a, b, [], by=manager)
    made.undo(a, b, by=manager)
    assert names()[-2:] == ["client:unmerged", "client:unmerged"]
    with pytest.raises(Refused, match="already"):
        made.undo(a, b, by=manager)


def test_after_thirty_days_it_stays(manager: Member) -> None:
    a, b = make_client(manager), make_client(manager)
    made = Merge.make(a, b, [], by=manager)
    made.created_at -= timedelta(days=31)
    with pytest.raises(Refused, match="30 days"):
        made.undo(a, b, by=manager)


def test_a_chain_is_undone_from_its_end(manager: Member) -> None:
    a, b, c = (make_client(manager, full_name=name, email=f"{name}@x.fi") for name in ("Ann", "Bo", "Cy"))
    was = dump(a.id, b.id, c.id)
    first, second = Merge.make(b, c, [], by=manager), Merge.make(a, b, [], by=manager)
    with pytest.raises(Refused, match="itself merged"):
        first.undo(b, c, by=manager)
    second.undo(a, b, by=manager)
    first.undo(b, c, by=manager)
    assert dump(a.id, b.id, c.id) == was


def test_of_two_merges_into_one_the_later_is_undone_first(manager: Member) -> None:
    a, b, c = make_client(manager), make_client(manager), make_client(manager)
    first = Merge.make(a, b, [], by=manager)
    Merge.make(a, c, [], by=manager)
    with pytest.raises(Refused, match="later"):
        first.undo(a, b, by=manager)


def test_what_was_erased_is_not_undone(manager: Member) -> None:
    a, b = make_client(manager), make_client(manager)
    made = Merge.make(a, b, [], by=manager)
    made.merged_id = uuid.uuid4()  # as if its key were gone
    with db.session.no_autoflush, pytest.raises(Refused, match="erased"):
        made.undo(a, b, by=manager)
    db.session.expunge(made)


# --- Nothing is forgotten -----------------------------------------------------------------------------------------

TO_CLIENTS = """
    SELECT conrelid::regclass::text, (SELECT string_agg(a.attname::text, ',') FROM unnest(conkey) k (attnum)
        JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.attnum WHERE a.attname <> 'port_id')
    FROM pg_constraint WHERE contype = 'f' AND confrelid = 'clients'::regclass
"""
# Columns that hold ids without a reference: what may be a client's has to be in the registry.
LOOSE = """
    SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.atttypid = 'uuid'::regtype AND a.attnum > 0
      AND NOT a.attisdropped AND a.attname NOT IN ('id', 'port_id')
      AND NOT EXISTS (SELECT FROM pg_constraint k
                      WHERE k.contype = 'f' AND k.conrelid = c.oid AND a.attnum = ANY (k.conkey))
"""
NEVER_CLIENTS = {
    ("change_items", "event_id"),
    ("change_items", "last_event_id"),
    ("change_sets", "about_id"),
    ("event_mentions", "event_id"),
    ("events", "actor_id"),
    ("notifications", "event_id"),
    ("once_keys", "actor_id"),
    ("outbox", "event_id"),
    ("outbox", "job_id"),
    ("unsealed_events", "event_id"),
}


def test_every_reference_to_a_client_says_how_it_follows(db: SQLAlchemy) -> None:
    known = {(link.table, link.column) for link in LINKS} | set(STAYING)
    references = {(table, column) for table, column in db.session.execute(text(TO_CLIENTS))}
    assert references - known == set(), "say in app/clients/following.py how these follow a merge"
    loose = {(table, column) for table, column in db.session.execute(text(LOOSE))}
    assert loose - known - NEVER_CLIENTS == set(), "may this hold the id of a client? Then say how it follows"
    there = {
        (t, c) for t, c in db.session.execute(text("SELECT table_name, column_name FROM information_schema.columns"))
    }
    assert known - there == set()


# --- Pages --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    id: uuid.UUID
    number: int


def two(manager: Member, *, merged: bool = False) -> tuple[Known, ...]:
    """Two clients, committed; `merged`: the second into the first, and that into a third."""
    a = make_client(manager, full_name="Ann North", town="Nice", email="ann@example.com")
    b = make_client(manager, full_name="A. North", town="Toulon", phone="+33 1 42 68 53 00")
    Note.create(b, "Prefers the inner harbour", by=manager)
    known = [a, b]
    if merged:
        known.append(make_client(manager))
        Merge.make(a, b, [], by=manager)
        Merge.make(known[2], a, [], by=manager)
    found = tuple(Known(one.id, one.number) for one in known)
    commit()
    return found


def test_merging_by_the_page_and_back(manager: Member, visit: Callable[[str], Visitor]) -> None:
    a, b = two(manager)
    visitor = visit(MANAGER)
    page = f"/north/clients/{a.number}/mergers/new?other={b.number}"
    shown = visitor.get(page).text
    assert all(word in shown for word in ("Nice", "Toulon", "Notes", "Contacts"))
    form = {**visitor.form(page), "take-town": "merged"}
    answer = visitor.post(f"/north/clients/{a.number}/mergers", form)
    assert answer.status_code == 303
    told = visitor.get(answer.headers["Location"]).text
    assert "Toulon" in told
    assert "Prefers the inner harbour" in told
    assert "A. North" in told  # in the timeline
    events = visitor.get(f"/north/clients/{a.number}/events").text
    link = events.partition("/mergers/")[2][:36]
    merger = f"/north/clients/{a.number}/mergers/{link}"
    assert "added this client" in visitor.get(merger).text
    assert visitor.delete(merger).status_code == 303
    assert visitor.get(f"/north/clients/{b.number}").status_code == 200
    assert "undone on" in visitor.get(merger).text


@pytest.mark.parametrize("below", ["", "/edit", "/events", "/files", "/contacts/new", "/vessels"])
def test_a_merged_number_leads_on(manager: Member, visit: Callable[[str], Visitor], below: str) -> None:
    _a, b, c = two(manager, merged=True)
    answer = visit(MANAGER).get(f"/north/clients/{b.number}{below}?list=q%3Dx")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"/north/clients/{c.number}{below}?list=")


def test_a_merged_client_is_neither_listed_nor_found_nor_changed(
    manager: Member, visit: Callable[[str], Visitor]
) -> None:
    _a, b, _c = two(manager, merged=True)
    visitor = visit(MANAGER)
    for query in ("", "?archived=1", "?q=A.+North", "?q=North&archived=1"):
        assert f'id="client-{b.number}"' not in visitor.get(f"/north/clients{query}").text
    answer = visitor.delete(f"/north/clients/{b.number}/archival")
    assert answer.status_code == 409
    assert "Léa Marchand" in answer.text


def test_what_is_added_to_a_merged_client_is_added_to_who_stands_for_it(
    manager: Member, visit: Callable[[str], Visitor]
) -> None:
    _a, b, c = two(manager, merged=True)
    visitor = visit(MANAGER)
    form = visitor.form(f"/north/clients/{c.number}/contacts/new")
    for below, typed in (("notes", {"body": "Hello"}), ("contacts", {**form, "value": "quay@example.com"})):
        answer = visitor.post(f"/north/clients/{b.number}/{below}", typed)
        assert (answer.status_code, answer.headers["Location"]) == (307, f"/north/clients/{c.number}/{below}")
        assert visitor.post(answer.headers["Location"], typed).status_code == 303
    shown = visitor.get(f"/north/clients/{c.number}").text
    assert [words for words in ("Hello", "quay@example.com", "it is added there") if words not in shown] == []


def test_who_may_not_see_both_makes_no_two_of_them(manager: Member, visit: Callable[[str], Visitor]) -> None:
    """Somebody who may merge, but sees only their own: neither merges nor parts others' clients."""
    role = db.session.scalars(select(Role.id).where(Role.name == "sales_agent")).one()
    own = {"clients": {"view": False, "view_own": True, "merge": True}}
    db.session.add(PortRoleOverride(port_id=NORTH, role_id=role, permission_overrides=own))
    mine, theirs = (
        make_client(manager, full_name=name, owner_id=user_id(owner))
        for name, owner in (("Mine", AGENT), ("Not", MATE))
    )
    too = make_client(manager, full_name="Mine too", owner_id=user_id(AGENT))
    made = Merge.make(mine, theirs, [], by=manager)
    make_duplicate(mine, theirs)
    make_duplicate(mine, too)
    numbers = [one.number for one in (mine, theirs, too)]
    merge_id = made.id
    commit()
    agent = visit(AGENT)
    page = f"/north/clients/{numbers[0]}/mergers/{merge_id}"
    assert "Undo the merge" not in agent.get(page).text
    assert agent.delete(page).status_code == 403
    assert agent.get(f"/north/clients/{numbers[0]}/mergers/new?other={numbers[1]}").status_code == 404
    assert visit(MANAGER).delete(page).status_code == 303
    queue = agent.get("/north/clients/duplicates").text
    assert "Mine too" in queue
    assert f"/clients/{numbers[1]}" not in queue
    assert agent.get(f"/north/clients/{numbers[0]}/mergers/new?other={numbers[1]}").status_code == 404
    form = agent.form(f"/north/clients/{numbers[0]}/mergers/new?other={numbers[2]}")
    assert agent.post(f"/north/clients/{numbers[0]}/mergers", {**form, "other": numbers[1]}).status_code == 404
    assert agent.post(f"/north/clients/{numbers[0]}/mergers", form).status_code == 303


def test_a_change_meanwhile_is_shown_before_merging(manager: Member, visit: Callable[[str], Visitor]) -> None:
    a, b = two(manager)
    visitor = visit(MANAGER)
    form = {**visitor.form(f"/north/clients/{a.number}/mergers/new?other={b.number}"), "take-town": "merged"}
    enter(MANAGER)
    db.session.get_one(Client, b.id).update({"town": "Marseille"}, by=manager)
    commit()
    answer = visitor.post(f"/north/clients/{a.number}/mergers", form)
    assert answer.status_code == 409
    assert "Marseille" in answer.text
    assert 'name="take-town" value="merged" checked' in answer.text
    db.session.rollback()
    enter(MANAGER)
    assert db.session.scalars(select(Merge)).all() == []


def test_who_sees_only_their_own_merges_nothing_else(manager: Member, visit: Callable[[str], Visitor]) -> None:
    a, b = two(manager)
    south = visit("sales_manager@south.example")
    assert south.get(f"/south/clients/{a.number}/mergers/new?other={b.number}").status_code == 404
    assert visit("sales_agent@north.example").get(f"/north/clients/{a.number}/mergers/new").status_code == 403


def test_comparing_takes_a_bounded_number_of_statements(
    manager: Member, visit: Callable[[str], Visitor], statements: list[str]
) -> None:
    a, b = two(manager)
    visitor = visit(MANAGER)
    statements.clear()
    visitor.get(f"/north/clients/{a.number}/mergers/new?other={b.number}")
    assert len(statements) <= 5
