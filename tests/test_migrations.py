"""Migrations of a database that is in use: indexes that were left half made, and rows of before."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import psycopg
import pytest
from flask_migrate import downgrade, upgrade
from psycopg import sql
from psycopg.rows import dict_row
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app import create_app
from app.db import commit, db
from app.dev.processes import wait_until
from app.dev.servers import Valkey
from app.interests.models import Interest
from app.waiting_list.models import WaitingEntry
from tests import world
from tests.servers import Cluster, Database, Installation
from tests.waiting import Beside
from tests.world import NORTH, Visitor, enter, make_client, user_id

MANAGER = "sales_manager@north.example"
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
NUMBERS = count(1001)


@pytest.fixture(scope="module")
def early(cluster: Cluster, valkey: Valkey, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database as it was before there were interests."""
    name = f"quayside_{worker_id}_early"
    installation = Installation(cluster.empty(name), valkey.url(0), tmp_path_factory.mktemp("home"))
    to("0049", installation)
    yield name
    cluster.drop(name)


@pytest.fixture
def old(
    cluster: Cluster, early: str, valkey: Valkey, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    name = f"quayside_{worker_id}_old"
    cluster.create(name, template=early)
    yield Installation(Database(cluster.port, name), valkey.url(0), tmp_path_factory.mktemp("home"))
    cluster.drop(name)


def to(revision: str, installation: Installation, *, way: Callable[..., None] = upgrade) -> None:
    with create_app(installation.settings, role="console").app_context():
        way(revision=revision)


# --- Indexes ------------------------------------------------------------------------------------------------------


WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'virtualxid'"


@pytest.mark.parametrize(
    ("before", "revision", "index"),
    [
        ("0049", "0050", "ix_berth_occupancies_hold_expires_at"),
        ("0052", "0053", "ix_interests_active_at"),
        ("0056", "0057", "ix_interests_closes_current"),
        ("0063", "0064", "ix_interests_tenure_from"),
    ],
)
def test_an_index_that_was_left_half_made_is_made_the_next_time(
    old: Installation, before: str, revision: str, index: str
) -> None:
    """It is ended while it waits for somebody who began to read before it."""
    to(before, old)
    with old.database.connect() as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT 1")
        running = Beside(lambda: to(revision, old))
        with old.database.connect() as owner:
            assert wait_until(lambda: bool(owner.execute(WAITING).fetchall()) or running.is_over(), seconds=30)
            owner.execute(f"SELECT pg_cancel_backend(w.pid) FROM ({WAITING}) w")
        with pytest.raises(OperationalError):
            running.answer()
        reader.execute("ROLLBACK")
    assert is_valid(old.database, index) is False
    to(revision, old)
    assert is_valid(old.database, index) is True


def is_valid(database: Database, index: str) -> bool | None:
    with database.connect() as owner:
        found = owner.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", (index,)).fetchone()
    return found[0] if found else None


# --- Rows of before -----------------------------------------------------------------------------------------------


EMPTY: dict[str, Callable[[], Any]] = {
    "uuid": uuid.uuid4,
    "timestamptz": lambda: NOON,
    "varchar": str,
    "text": str,
    "int4": lambda: 0,
    "int2": lambda: 0,
    "int8": lambda: 0,
    "bool": bool,
    "jsonb": lambda: "{}",
    "_varchar": list,
    "_uuid": list,
}


class Hand:
    """Writes rows as they were then: what is not said of a column that needs something is empty."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def put(self, table: str, **said: Any) -> uuid.UUID:
        needed = self.connection.execute(
            "SELECT column_name, udt_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND table_name = %s AND is_nullable = 'NO' AND column_default IS NULL AND is_generated = 'NEVER'",
            (table,),
        ).fetchall()
        values = {name: EMPTY[kind]() for name, kind in needed if name not in said} | said
        if "port_id" in values:
            values["port_id"] = NORTH
        if "number" in values and "number" not in said:
            values["number"] = next(NUMBERS)
        row = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in values.items()}
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING id").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        )
        [(made,)] = self.connection.execute(statement, list(row.values())).fetchall()
        return uuid.UUID(str(made))

    def client(self, name: str) -> uuid.UUID:
        return self.put(
            "clients", full_name=name, sort_name=name.lower(), kind="person", status="prospect", source="manual"
        )


def rows_of(database: Database, table: str, *columns: str) -> list[dict[str, Any]]:
    with database.connect() as owner:
        what = sql.SQL(", ").join(map(sql.Identifier, columns)) if columns else sql.SQL("*")
        statement = sql.SQL("SELECT {} FROM {} ORDER BY id").format(what, sql.Identifier(table))
        return owner.cursor(row_factory=dict_row).execute(statement).fetchall()


def waiting(database: Database) -> dict[uuid.UUID, dict[str, Any]]:
    """Who is on lists, in the old shape, by their ids."""
    columns = ("id", "client_id", "requested_at", "status", "hold_id", "offered_berth_id", "offer_expires_at")
    return {row["id"]: row for row in rows_of(database, "waiting_entries", *columns)}


JOBS_GONE = {"app.waiting_list.jobs.expire_offers", "app.interests.jobs.release_holds"}
# Of the old shape, and as the new one calls them.
JOBS = {
    "app.clients.exports.exporting.run_export": "app.exports.exporting.run_export",
    "app.clients.bulk.editing.apply_bulk_edit": "app.bulk_edits.editing.apply_bulk_edit",
    "app.reminders.jobs.ring_reminders": "app.reminders.jobs.ring_reminders",
}


class Before:
    """A list with five who wait, were offered a berth and answered; an interest; an export and a bulk edit."""

    def __init__(self, owner: psycopg.Connection) -> None:
        hand = self.hand = Hand(owner)
        harbour = hand.put("harbours", name="Long Reach", sort_name="long reach")
        dock = hand.put("docks", harbour_id=harbour, name="B", sort_name="b")
        plain = {"mooring": "other", "status": "available", "tenure": "annual", "price_period": "annual"}
        self.berths = [
            hand.put("berths", dock_id=dock, code=code, sort_code=code, sort_place=code, **plain) for code in "123"
        ]
        rule: dict[str, Any] = {"tenure": "annual", "ordered_by": "date", "offer_days": 7, "after_no": "goes_back"}
        self.list_id = hand.put("waiting_lists", name="Any berth", offers_next=True, **rule)
        self.until = NOON + timedelta(days=7)
        self.held, self.let_go = (
            self.stay(self.berths[0], "planned"),
            self.stay(self.berths[1], "cancelled"),
        )
        offered = {"status": "offered", "offered_berth_id": self.berths[0], "offer_expires_at": self.until}
        self.entries = {
            "Ann": self.entry("Ann", status="waiting"),
            "Bo": self.entry("Bo", **offered, hold_id=self.held),
            "Cy": self.entry("Cy", **offered, hold_id=self.let_go),
            "Di": self.entry("Di", status="accepted"),
            "Ed": self.entry("Ed", status="waiting", source="paper list", requested_at=NOON - timedelta(days=900)),
        }
        moment = NOON + timedelta(days=1)
        about = {"entry_id": self.entries["Ed"], "by_name": "Somebody", "berth_id": self.berths[2]}
        hand.put("waiting_events", kind="offered", at=NOON, **about)
        # A moment after what it says itself.
        hand.put("waiting_events", kind="declined", at=moment, placed_at=moment + timedelta(milliseconds=1), **about)
        self.interest()
        for name in (*JOBS_GONE, *JOBS):
            hand.put("jobs", name=name, port_id=NORTH, queue="bulk", max_attempts=3)
        some = [hand.client("Fay")]
        kept = {"extent": "shown", "format": "csv", "sort": "name", "columns": ["name"], "client_ids": some}
        hand.put("exports", status="running", **kept)
        changes = hand.put("change_sets", kind="bulk_edit", title="Three clients", status="open")
        hand.put("bulk_edits", change_set_id=changes, act="edit", fields={"status": "active"}, client_ids=some)
        hand.put("client_notes", client_id=some[0], author_name="Somebody", body="Prefers the south side")

    def stay(self, berth_id: uuid.UUID, state: str, **more: Any) -> uuid.UUID:
        during = f"[{NOON.isoformat()},{(NOON + timedelta(days=400)).isoformat()})"
        return self.hand.put("berth_occupancies", berth_id=berth_id, kind="hold", state=state, during=during, **more)

    def entry(self, name: str, **fields: Any) -> uuid.UUID:
        asked = fields.pop("requested_at", NOON)
        of = {"list_id": self.list_id, "client_id": self.hand.client(name), "priority_class": "other"}
        made = self.hand.put("waiting_entries", requested_at=asked, **of, **fields)
        told = {"entry_id": made, "at": NOON, "by_name": "Somebody", "class_rank": 2}
        self.hand.put("waiting_events", kind="entered", placed_at=asked, **told)
        return made

    def interest(self) -> None:
        held = self.stay(self.berths[2], "planned", hold_expires_at=self.until)
        since = {"stage_since": NOON, "active_at": NOON, "stage": "open", "lead_category": "hot", "source": "manual"}
        of = {"client_id": self.hand.client("Gus"), "berth_id": self.berths[2], "occupancy_id": held, "loa": 9}
        self.hand.put("interests", **since, **of)


KEPT = ("waiting_lists", "interests", "exports", "change_sets", "bulk_edits", "client_notes")


def test_rows_of_before_go_there_and_back_and_there_again(old: Installation) -> None:
    to("0053", old)
    with old.database.connect("quayside_owner") as owner:
        world.build(owner)
        before = Before(owner)
    was = {table: rows_of(old.database, table) for table in KEPT}
    waited = waiting(old.database)

    to("head", old)
    check_new(old, before)
    use(old, before)

    to("0053", old, way=downgrade)
    known = {row["id"] for table in KEPT for row in was[table]}
    for table in KEPT:
        assert [row for row in rows_of(old.database, table) if row["id"] in known] == was[table], table
        assert len(rows_of(old.database, table)) == len(was[table]) + (table == "interests"), table
    nothing = dict.fromkeys(("hold_id", "offered_berth_id", "offer_expires_at"))
    # Bo has accepted meanwhile, and what was offered to Cy was not held any more.
    waited[before.entries["Bo"]] |= {**nothing, "status": "accepted"}
    waited[before.entries["Cy"]] |= {**nothing, "status": "waiting"}
    assert waiting(old.database) == waited
    assert {row["name"] for row in rows_of(old.database, "jobs", "name")} == set(JOBS)

    to("head", old)
    assert {row["status"] for row in rows_of(old.database, "waiting_entries", "status")} == {"waiting", "accepted"}


def check_new(installation: Installation, before: Before) -> None:
    database = installation.database
    entries = {row["id"]: row for row in rows_of(database, "waiting_entries")}
    assert {name: entries[entry]["status"] for name, entry in before.entries.items()} == {
        "Ann": "waiting",
        "Bo": "offered",
        "Cy": "waiting",
        "Di": "accepted",
        "Ed": "waiting",
    }
    assert {row["occupancy_id"] for row in entries.values()} == {before.held, None}
    [held] = [row for row in rows_of(database, "berth_occupancies") if row["id"] == before.held]
    assert held["hold_expires_at"] == before.until
    assert all(
        row["placed_at"] in (None, row["at"]) for row in rows_of(database, "waiting_events") if not row["asked_at"]
    )
    assert len([row for row in rows_of(database, "waiting_events") if row["asked_at"]]) == 5
    names = {row["name"] for row in rows_of(database, "jobs", "name")}
    assert names == {*JOBS.values(), "app.interests.recommendations.jobs.look_for_all"}
    for table in ("exports", "bulk_edits"):
        [row] = rows_of(database, table)
        assert (row["resource"], len(row["record_ids"])) == ("clients", 1)


def use(installation: Installation, before: Before) -> None:
    """What only the new shape can say: an offer that was accepted, one that was taken back, and work on interests."""
    with installation.app.app_context():
        visitor = Visitor.of(installation.app, MANAGER)
        [number] = [row["number"] for row in rows_of(installation.database, "waiting_lists", "number")]
        assert "Bo" in visitor.get(f"/north/waiting-lists/{number}").text
        enter(MANAGER)
        for entry in db.session.scalars(select(WaitingEntry)):
            assert visitor.get(f"/north/waiting-entries/{entry.number}").status_code == 200
        by = enter(MANAGER)
        offered = db.session.get_one(WaitingEntry, before.entries["Bo"])
        number = offered.number
        Interest.create(make_client(by), {}, by=by, owner_id=user_id(MANAGER))
        commit()
        later = datetime.now(UTC) + timedelta(days=2)
        with installation.database.connect() as owner:
            owner.execute("UPDATE berth_occupancies SET hold_expires_at = %s WHERE id = %s", (later, before.held))
        assert visitor.post(f"/north/waiting-entries/{number}/acceptance").status_code == 303
    with installation.database.connect() as owner:
        owner.execute("UPDATE berth_occupancies SET hold_expires_at = %s WHERE id = %s", (before.until, before.held))
        hand = Hand(owner)
        hand.put("waiting_events", entry_id=before.entries["Ann"], kind="taken_back", at=NOON, by_name="Somebody")
        some = {"record_ids": [uuid.uuid4()], "resource": "interests"}
        changes = hand.put("change_sets", kind="lose_interests", title="Two interests", status="open")
        hand.put("bulk_edits", change_set_id=changes, act="edit", **some)
        hand.put("exports", status="running", extent="shown", format="csv", sort="name", columns=["name"], **some)
        owner.execute(
            "DELETE FROM jobs WHERE NOT name = ANY (%s)", ([*JOBS.values(), "app.berths.jobs.release_holds"],)
        )
        hand.put("jobs", name="app.berths.jobs.release_holds", port_id=NORTH, queue="notifications", max_attempts=3)
