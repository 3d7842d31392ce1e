"""The fence in the database: what the application's role can reach with its own hands.

Both ports are filled with something in every table; then quayside_app asks with psycopg, past all of the
application. Every table, policy, foreign key and SECURITY DEFINER function is found in the catalogue, so a new one is
part of this at once.
"""

from __future__ import annotations

import ast
import json
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine
from psycopg import sql
from psycopg.errors import InsufficientPrivilege
from psycopg.rows import scalar_row
from psycopg.types.json import Jsonb
from sqlalchemy import select, text

from app import storage
from app.berths.models import BerthTag, HarbourPlan, Position, Sighting, TenureReminder, TenureStep, lay
from app.bulk_edits.kinds import KINDS as BULK_KINDS
from app.bulk_edits.kinds import BulkAct
from app.bulk_edits.models import BulkEdit
from app.changes.models import Change, ChangeSet, note_changes
from app.clients.models import (
    Archive,
    Client,
    ClientTag,
    DuplicateScan,
    Merge,
    Note,
    Relationship,
)
from app.current import Member
from app.db import begin, commit, db, now
from app.documents.models import Document as SignedDocument
from app.documents.models import DocumentType
from app.events.bulk import subject_keys
from app.events.seals import seal_events
from app.exports.kinds import KINDS
from app.exports.models import Export
from app.fields.models import FieldDefinition
from app.files.models import FilePicture, FileVersion, Folder, LooseKey
from app.identity.models import (
    ApiToken,
    Challenge,
    FactorKind,
    MfaFactor,
    Purpose,
    Team,
    TeamMember,
    UserIdentity,
    Verification,
    hash_token,
)
from app.imports.jobs import check_import
from app.imports.models import Import, ImportMapping, ImportRow
from app.imports.verdicts import Verdict
from app.interests.models import InterestNote, InterestTag
from app.interests.recommendations.models import Recommendation
from app.interests.recommendations.renewing import mark_interest
from app.jobs import WORKS, perform
from app.mail.models import Mail
from app.notifications.models import Notification, NotificationPreference
from app.prices.models import PriceList
from app.saved_views.models import SavedView
from app.scratchpad.models import ScratchpadNote
from app.tags.models import Tag
from app.vessels.models import Document, Vessel
from app.waiting_list.models import WaitingEntry
from tests.servers import Installation
from tests.world import (
    NORTH,
    SOUTH,
    Visitor,
    enter,
    make_absence,
    make_berth,
    make_client,
    make_duplicate,
    make_file,
    make_interest,
    make_registration,
    make_reminder,
    make_repair,
    make_stay,
    make_suggestion,
    make_waiting_list,
    price_line,
    start_session,
    user_id,
)

ROOT = Path(__file__).parents[1]
MANAGER = {NORTH: "port_admin@north.example", SOUTH: "port_admin@south.example"}
SLUG = {NORTH: "north", SOUTH: "south"}
FAR = datetime.fromisoformat("2100-01-01T00:00:00+00:00")


@dataclass
class Harbour:
    """What stands in one port."""

    port_id: uuid.UUID
    user_id: uuid.UUID
    client_id: uuid.UUID
    import_id: uuid.UUID
    job_id: uuid.UUID
    session_id: uuid.UUID
    token: str
    file_key: str
    mail_id: uuid.UUID
    outbox_ids: list[int] = field(default_factory=list)
    attempt: uuid.UUID = field(default_factory=uuid.uuid4)
    challenge: str = ""


def fill(port_id: uuid.UUID) -> Harbour:
    """Something of this port in every table the application writes."""
    email, slug = MANAGER[port_id], SLUG[port_id]
    token = start_session(email)
    manager = enter(email, slug)
    client = make_client(manager, email=f"lea@{slug}.example", phone="+33 1 42 68 53 00")
    Note.create(client, f"Prefers the inner harbour, @Viewer {slug.title()}", by=manager)
    Relationship.create(make_client(manager, full_name="Erwan Kerlann"), client, "captain", by=manager)
    vessel = Vessel.create(client, {"name": "Belle Étoile"}, by=manager)
    berth = make_berth(manager)
    make_stay(berth, client, by=manager)
    make_suggestion(berth, by=manager)
    make_registration(client, by=manager)
    prices = {"name": "Berths 2027", "currency": "EUR", "valid_from": date(2027, 1, 1)}
    PriceList.create(prices, port_id=port_id, by=manager).change_lines([price_line()], by=manager)
    make_repair(berth, by=manager)
    berth.update({"tenure_expires_on": date(2027, 7, 8)}, by=manager)
    TenureReminder.tell(berth, TenureStep.AHEAD, by=manager)
    lay(berth, Position(Decimal(12), Decimal(30), 0), by=manager)
    drawing = make_file(manager, "chart.pdf", record=berth.dock.harbour)
    HarbourPlan.show(berth.dock.harbour, drawing, width=Decimal(80), by=manager)
    make_reminder(manager)
    interest = make_interest(client, by=manager)
    interest.record_deposit(Decimal(100), "EUR", received_on=now().date(), by=manager)
    Recommendation.recommend(interest, berth, "Near the crane", by=manager)
    mark_interest(interest)
    signed = make_file(manager, "signed.pdf", record=interest)
    of: dict[str, Any] = {"client": client, "interest": interest, "sha256": b"1" * 32, "by": manager}
    SignedDocument.record_signed(DocumentType.EOI, signed, **of)
    make_absence(make_berth(manager, berth.dock, code="14"), client, by=manager)
    Sighting.create(berth, by=manager, seen_at=now(), name="Wandering Albatross", vessel=vessel)
    WaitingEntry.enter(make_waiting_list(manager), client, by=manager)
    ends = {"kind": "insurance", "valid_until": now().date()}
    Document.create(vessel, ends, by=manager).remind(vessel, now().date(), by=manager)
    club = {"label": "Boat club", "kind": "text"}
    FieldDefinition.create(club, resource="client", currency="EUR", port_id=port_id, by=manager)
    client.update({"custom_boat_club": "HSS"}, by=manager)
    tag = Tag.create("Regatta", "teal", port_id=port_id, by=manager)
    ClientTag.put_on(client, tag, by=manager)
    BerthTag.put_on(berth, tag, by=manager)
    InterestTag.put_on(interest, tag, by=manager)
    InterestNote.create(interest, f"Ask @{manager.name} first", by=manager)
    key = storage.new_key(slug, "general", "imports", "csv")
    storage.put(BytesIO(b"full_name,email\nAda North,ada@example.com\n"), key, "text/csv")
    imported = Import.create("clients", filename="contacts.csv", storage_key=key, by=manager)
    db.session.flush()
    row = {"row_number": 2, "source": ["Ada"], "fields": {"full_name": "Ada"}, "verdict": Verdict.NEW, "message": ""}
    db.session.add(ImportRow(port_id=port_id, import_id=imported.id, **row))
    ImportMapping.remember(port_id, "clients", "0" * 64, ["full_name"])
    changes = ChangeSet.begin("import", "contacts.csv", port_id=port_id, about_id=imported.id, by=manager)
    db.session.flush()
    keys = subject_keys("client", [client.id], port_id=port_id)
    note_changes(changes, "client", [Change(client.id, "updated", {}, [client.id])], keys=keys)
    chosen = {"format": "csv", "extent": "all", "chosen": {}, "sort": "name", "descending": False, "columns": []}
    Export.start(KINDS["clients"], chosen, record_ids=None, total=1, by=manager)
    of_act: dict[str, Any] = {"change": "bulk_archive", "title": "Archive", "expected": 0, "chosen": {}, "by": manager}
    BulkEdit.begin(BULK_KINDS["clients"], BulkAct.ARCHIVE, {}, record_ids=[], **of_act)
    job_id = check_import.later(import_id=imported.id)
    fill_files(manager, client)
    make_duplicate(client, make_client(manager))
    DuplicateScan.locked(port_id)
    Merge.make(client, make_client(manager), [], by=manager)
    db.session.add(Archive(port_id=port_id, client_id=client.id, asked_by_id=manager.id))
    db.session.execute(
        text(
            "INSERT INTO once_keys (id, port_id, actor_id, route, key, input_hash, expires_at)"
            " VALUES (gen_random_uuid(), :port, :user, 'clients.create', 'k', '\\x00', :until)"
        ),
        {"port": port_id, "user": manager.id, "until": now() + timedelta(hours=1)},
    )
    fill_administration(manager)
    db.session.execute(text("SELECT start_run(gen_random_uuid(), 'rounds', '2026-11-21', :now)"), {"now": now()})
    session_id = manager.session_id
    mail_id = Mail.send(to=email, template="ping", port_id=port_id, name=slug, link="https://quayside.example/")
    harbour = Harbour(port_id, manager.id, client.id, imported.id, job_id, session_id, token, key, mail_id)
    harbour.challenge = Challenge.issue(purpose="enrol", user=str(manager.id))
    db.session.execute(
        text("SELECT attempt_sign_in(:id, :email, NULL, :now)"),
        {"id": harbour.attempt, "email": email, "now": now()},
    )
    commit()
    return harbour


def fill_files(manager: Member, client: Client) -> None:
    port_id = manager.here().id
    Folder.create("Plans", port_id=port_id, by=manager)
    file = make_file(manager, record=client)
    version_id = db.session.scalars(select(FileVersion.id).where(FileVersion.file_id == file.id)).one()
    place, size = storage.new_key(manager.here().slug, "clients", client.id, "webp"), {"width": 1, "height": 1}
    db.session.add(FilePicture(port_id=port_id, version_id=version_id, page=1, storage_key=place, **size))
    LooseKey.note([storage.new_key(manager.here().slug, "general", "files", "pdf")], port_id=port_id)


def fill_administration(manager: Member) -> None:
    until, own = now() + timedelta(hours=1), {"user_id": manager.id}
    team = Team(port_id=manager.here().id, name="Harbour", supervisor_id=manager.id)
    token_hash = hash_token(f"a token of {manager.email}")
    db.session.add_all(
        [
            team,
            Tag(port_id=team.port_id, name="VIP"),
            Notification(port_id=team.port_id, **own, type="system_alert", event_id=uuid.uuid4(), sealed=b""),
            ApiToken(port_id=team.port_id, **own, name="Till", token_hash=token_hash, scopes=[], expires_at=until),
            Verification(port_id=team.port_id, **own, purpose=Purpose.INVITE, token_hash=token_hash, expires_at=until),
            UserIdentity(**own, issuer="https://id.example", subject=manager.email),
            MfaFactor(**own, kind=FactorKind.RECOVERY),
            NotificationPreference(**own, type="system_alert", in_app=True, email=False, digest=True),
            SavedView(port_id=team.port_id, **own, resource="clients", name="Mine", query="status=active"),
            ScratchpadNote(port_id=team.port_id, **own, body="Ring the crane"),
        ]
    )
    db.session.flush()
    db.session.add(TeamMember(port_id=team.port_id, team_id=team.id, user_id=manager.id))


def seal_all() -> None:
    """Two seals, and two events that wait for theirs."""
    begin()
    for _ in range(2):
        job_id = seal_events.later()
        commit()
        perform(str(job_id))
        for port_id in (NORTH, SOUTH):
            make_client(enter(MANAGER[port_id], SLUG[port_id]))
        commit()
        begin()


@pytest.fixture(scope="module")
def harbours(committed: Installation) -> dict[uuid.UUID, Harbour]:
    with committed.app.app_context():
        filled = {port_id: fill(port_id) for port_id in (NORTH, SOUTH)}
        seal_all()
    with committed.database.connect() as owner:
        for port_id, harbour in filled.items():
            owner.execute(
                "INSERT INTO port_role_overrides (id, port_id, role_id, permission_overrides, created_at, updated_at)"
                " SELECT gen_random_uuid(), %s, id, '{}', now(), now() FROM roles WHERE name = 'viewer'",
                (port_id,),
            )
            ids = owner.execute("SELECT id FROM outbox WHERE port_id = %s", (port_id,)).fetchall()
            harbour.outbox_ids = [outbox_id for (outbox_id,) in ids]
    return filled


@pytest.fixture
def north(harbours: dict[uuid.UUID, Harbour]) -> Harbour:
    return harbours[NORTH]


@pytest.fixture
def south(harbours: dict[uuid.UUID, Harbour]) -> Harbour:
    return harbours[SOUTH]


class Hand:
    """The application's role at the database, in one transaction that is thrown away."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def act_for(self, *, port: str = "", user: str = "", scope: str = "") -> None:
        self.scalar(
            "SELECT set_config('app.port_id', %s, true) || set_config('app.user_id', %s, true)"
            " || set_config('app.scope', %s, true)",
            port,
            user,
            scope,
        )

    def act_in(self, harbour: Harbour) -> None:
        self.act_for(port=str(harbour.port_id), user=str(harbour.user_id), scope="staff")

    def rows(self, query: str | sql.Composed, *values: object) -> list[Any]:
        return self.connection.execute(query, values).fetchall()

    def scalar(self, query: str | sql.Composed, *values: object) -> Any:
        with self.connection.cursor(row_factory=scalar_row) as cursor:
            return cursor.execute(query, values).fetchone()

    def count(self, table: str, where: str = "true", *values: object) -> int:
        return int(self.scalar(f"SELECT count(*) FROM {table} WHERE {where}", *values))

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undone at the end, so that a refusal does not end the transaction."""
        with self.connection.transaction(force_rollback=True):
            yield


@pytest.fixture
def hand(committed: Installation, harbours: dict[uuid.UUID, Harbour]) -> Iterator[Hand]:
    with psycopg.connect(committed.database.url("quayside_app")) as connection:
        yield Hand(connection)
        connection.rollback()


@pytest.fixture
def truth(committed: Installation, harbours: dict[uuid.UUID, Harbour]) -> Iterator[Hand]:
    """Everything, as the superuser sees it."""
    with committed.database.connect() as connection:
        yield Hand(connection)


# --- Tables ------------------------------------------------------------------------------------------------

# What has no port: whose rows they are instead.
WITHOUT_PORT = {
    "ports": "the row itself",
    "users": "who shares the port, and oneself",
    "roles": "the same in every port",
    "sessions": "one's own",
    "sign_in_failures": "nobody's",
    "user_identities": "one's own",
    "mfa_factors": "one's own",
    "challenges": "nobody's",
    "user_notification_preferences": "one's own, and the system's for who is in the port",
    "unsealed_events": "the system's",
    "event_seals": "the system's",
}
# What is still seen of a port with one setting missing. Without a user everything but what is somebody's own; without a
# port only that.
OWN = {"once_keys", "api_tokens", "saved_views", "scratchpad_notes"}
OWN_IN_ALL_PORTS = {"user_port_roles", "verifications"}
IDENTITY = {"sessions", "users"}
TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'alembic_version' ORDER BY 1
"""
WITH_PORT = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'port_id'
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1
"""


def tables(truth: Hand, query: str = TABLES) -> list[str]:
    return [name for (name,) in truth.rows(query)]


def test_every_table_belongs_to_a_port_or_says_to_whom(truth: Hand) -> None:
    assert set(tables(truth)) - set(tables(truth, WITH_PORT)) == set(WITHOUT_PORT)


def test_both_ports_have_something_in_every_table(truth: Hand) -> None:
    """Otherwise the tests below would show nothing."""
    empty = [
        (table, SLUG[port])
        for table in tables(truth, WITH_PORT)
        for port in (NORTH, SOUTH)
        if truth.count(table, "port_id = %s", port) == 0
    ]
    assert empty == []
    assert [table for table in WITHOUT_PORT if truth.count(table) < 2] == []


def test_with_nothing_set_there_are_no_rows(hand: Hand, truth: Hand) -> None:
    seen = {table: hand.count(table) for table in tables(truth)}
    assert {table: count for table, count in seen.items() if count} == {}


@pytest.mark.parametrize("missing", ["port", "user", "scope"])
def test_with_one_setting_missing_nothing_of_a_port_is_seen(
    hand: Hand, truth: Hand, north: Harbour, missing: str
) -> None:
    settings = {"port": str(north.port_id), "user": str(north.user_id), "scope": "staff"}
    hand.act_for(**{**settings, missing: ""})
    for table in tables(truth, WITH_PORT):
        count = hand.count(table, "port_id IS NOT NULL")
        is_seen = table in OWN_IN_ALL_PORTS if missing == "port" else missing == "user" and table not in OWN
        assert bool(count) == is_seen, table


def test_in_a_port_there_are_its_rows_and_no_others(hand: Hand, truth: Hand, north: Harbour) -> None:
    hand.act_in(north)
    for table in tables(truth, WITH_PORT):
        assert hand.count(table, "port_id = %s", NORTH) > 0, table
        assert hand.count(table, "port_id = %s", SOUTH) == 0, table


def test_what_has_no_port_is_seen_by_whom_it_concerns(hand: Hand, north: Harbour) -> None:
    hand.act_in(north)
    assert hand.rows("SELECT id FROM ports") == [(NORTH,)]
    assert hand.rows("SELECT DISTINCT user_id FROM sessions") == [(north.user_id,)]
    assert hand.count("sign_in_failures") == 0
    seen = {email for (email,) in hand.rows("SELECT email FROM users")}
    assert {"viewer@north.example", "both@quayside.example", MANAGER[NORTH]} <= seen
    assert not {email for email in seen if email.endswith("@south.example")}
    assert not seen & {"super@quayside.example", "nowhere@quayside.example"}
    without_port = hand.rows("SELECT DISTINCT actor_id FROM events WHERE port_id IS NULL")
    assert [actor for (actor,) in without_port if actor != north.user_id] == []


def test_a_password_hash_cannot_be_read(hand: Hand, north: Harbour) -> None:
    hand.act_in(north)
    with pytest.raises(InsufficientPrivilege), hand.attempt():
        hand.rows("SELECT password_hash FROM users")


@pytest.mark.parametrize("scope", ["client:0197e1a0-0000-7000-8000-000000000000", "client:", "Staff", "staff ", "%"])
def test_another_scope_sees_no_table_of_staff(hand: Hand, truth: Hand, north: Harbour, scope: str) -> None:
    hand.act_for(port=str(north.port_id), user=str(north.user_id), scope=scope)
    assert {table: n for table in tables(truth) if (n := hand.count(table))} == {}


def columns(truth: Hand, table: str) -> list[str]:
    """Those that can be given a value."""
    query = (
        "SELECT attname FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attidentity = '' AND attgenerated = ''"
    )
    return [name for (name,) in truth.rows(query, table)]


def insert_like(truth: Hand, table: str, port: uuid.UUID) -> tuple[sql.Composed, Jsonb]:
    """An INSERT of a row as there is one in this port."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns(truth, table)))
    row = truth.scalar(f"SELECT to_jsonb(t) FROM {table} t WHERE port_id = %s LIMIT 1", port)
    query = sql.SQL("INSERT INTO {t} ({names}) SELECT {names} FROM jsonb_populate_record(NULL::{t}, %s)")
    return query.format(t=sql.Identifier(table), names=names), Jsonb(row)


def may(truth: Hand, table: str, privilege: str) -> bool:
    column = " OR has_any_column_privilege('quayside_app', %s, %s)" if privilege != "DELETE" else ""
    values = (table, privilege, table, privilege) if column else (table, privilege)
    return bool(truth.scalar(f"SELECT has_table_privilege('quayside_app', %s, %s){column}", *values))


def test_nothing_is_written_into_another_port(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    for table in tables(truth, WITH_PORT):
        theirs, own = (insert_like(truth, table, port) for port in (SOUTH, NORTH))
        hand.act_in(north)
        with pytest.raises(InsufficientPrivilege), hand.attempt():
            hand.connection.execute(*_with_values(theirs))
        # The same row of the own port comes as far as the table's own rules, where it may be written at all.
        try:
            with hand.attempt():
                hand.connection.execute(*_with_values(own))
        except psycopg.errors.IntegrityError:
            pass
        except InsufficientPrivilege:
            assert not may(truth, table, "INSERT"), table


def _with_values(given: tuple[sql.Composed, Jsonb]) -> tuple[sql.Composed, list[Jsonb]]:
    return given[0], [given[1]]


def test_nothing_is_moved_into_another_port(hand: Hand, truth: Hand, north: Harbour) -> None:
    hand.act_in(north)
    for table in tables(truth, WITH_PORT):
        with pytest.raises(InsufficientPrivilege), hand.attempt():
            hand.connection.execute(f"UPDATE {table} SET port_id = %s WHERE port_id = %s", (SOUTH, NORTH))


def test_nothing_of_another_port_is_changed_or_deleted(hand: Hand, truth: Hand, north: Harbour) -> None:
    hand.act_in(north)
    for table in tables(truth, WITH_PORT):
        query = (
            "SELECT attname FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
        )
        names = [name for (name,) in truth.rows(query, table)]
        check = "SELECT has_column_privilege('quayside_app', %s, %s, 'UPDATE')"
        writable = [name for name in names if truth.scalar(check, table, name)]
        for name in writable:
            with hand.attempt():
                changed = hand.connection.execute(
                    f'UPDATE {table} SET "{name}" = "{name}" WHERE port_id = %s', (SOUTH,)
                )
                assert changed.rowcount == 0, (table, name)
        if may(truth, table, "DELETE"):
            with hand.attempt():
                deleted = hand.connection.execute(f"DELETE FROM {table} WHERE port_id = %s", (SOUTH,))
                assert deleted.rowcount == 0, table


def test_nobody_else_is_changed(hand: Hand, north: Harbour, south: Harbour) -> None:
    hand.act_in(north)
    preferring = "UPDATE users SET preferences = '{}' WHERE id = %s"
    assert hand.connection.execute(preferring, (north.user_id,)).rowcount == 1
    assert hand.connection.execute(preferring, (south.user_id,)).rowcount == 0
    with pytest.raises(InsufficientPrivilege), hand.attempt():
        hand.connection.execute(preferring, (user_id("viewer@north.example"),))
    for column in ("is_super_admin = true", "email = 'x@y.example'", "is_active = true", "password_hash = ''"):
        with pytest.raises(InsufficientPrivilege), hand.attempt():
            hand.connection.execute(f"UPDATE users SET {column} WHERE id = %s", (north.user_id,))


def test_no_session_is_made_for_somebody_else(hand: Hand, north: Harbour, south: Harbour) -> None:
    hand.act_in(north)
    for who in (south.user_id, user_id("viewer@north.example")):
        with pytest.raises(InsufficientPrivilege), hand.attempt():
            hand.connection.execute(
                "INSERT INTO sessions (id, user_id, token_hash, created_at, expires_at, last_seen_at, user_agent)"
                " VALUES (gen_random_uuid(), %s, '\\x00', now(), now(), now(), '')",
                (who,),
            )


def test_no_event_is_written_in_the_name_of_somebody_else(hand: Hand, north: Harbour, south: Harbour) -> None:
    hand.act_in(north)
    query = (
        "INSERT INTO events (id, name, subject_type, subject_id, actor_kind, actor_id, changed_fields, sealed,"
        " signature, occurred_at)"
        " VALUES (gen_random_uuid(), 'auth:login', 'user', %s, 'user', %s, '{}', '\\x00', '\\x00', now())"
    )
    with hand.attempt():
        hand.connection.execute(query, (north.user_id, north.user_id))
    with pytest.raises(InsufficientPrivilege), hand.attempt():
        hand.connection.execute(query, (south.user_id, south.user_id))


def test_a_reference_does_not_reach_into_another_port(hand: Hand, north: Harbour, south: Harbour) -> None:
    """Foreign keys look through policies: only the composite key keeps a foreign id out."""
    hand.act_in(north)
    with pytest.raises(psycopg.errors.ForeignKeyViolation), hand.attempt():
        hand.connection.execute(
            "UPDATE client_contacts SET client_id = %s, is_primary = false WHERE kind = 'email'", (south.client_id,)
        )


# --- Walks through the catalogue ---------------------------------------------------------------------------


def test_every_table_is_fenced_and_the_fence_binds_its_owner_too(truth: Hand) -> None:
    query = (
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND relname <> 'alembic_version' AND NOT (relrowsecurity AND relforcerowsecurity)"
    )
    assert truth.rows(query) == []


def test_every_policy_names_the_scope_on_both_sides(truth: Hand) -> None:
    query = "SELECT tablename, policyname, permissive, cmd, roles, qual, with_check FROM pg_policies"
    seen = set()
    for table, name, permissive, command, roles, using, check in truth.rows(query):
        if permissive == "RESTRICTIVE":  # it only takes away from what the others let through
            continue
        if roles == ["quayside_search"]:  # owns what searches, and reads
            assert (command, using, check) == ("SELECT", "true", None), name
            continue
        assert command == "ALL", name
        if roles == ["quayside_owner"]:
            continue
        assert roles == ["quayside_app"], name
        for side in (using, check):
            assert side == "false" or "app.scope" in side, name
        if table in tables(truth, WITH_PORT):
            assert "app.port_id" in using, name
            assert "app.port_id" in check or check == "false", name
        seen.add(table)
    assert seen == set(tables(truth))


def test_settings_are_read_once_a_statement(truth: Hand) -> None:
    """In a sub-select; a bare call would be made for every row."""
    sides = "SELECT unnest(ARRAY[qual, with_check]) FROM pg_policies WHERE 'quayside_app' = ANY (roles)"
    for side in filter(None, (side for (side,) in truth.rows(sides))):
        in_selects = re.findall(r"\( SELECT (?:\(NULLIF\()?current_setting\(", side)
        assert len(in_selects) == side.count("current_setting("), side


def test_nothing_is_open_to_everybody(truth: Hand) -> None:
    for table in tables(truth):
        granted = (
            "SELECT privilege_type FROM information_schema.role_table_grants WHERE table_name = %s AND grantee = %s"
        )
        assert truth.rows(granted, table, "PUBLIC") == [], table
        columns_of = granted.replace("role_table_grants", "column_privileges")
        assert truth.rows(columns_of, table, "PUBLIC") == [], table
    assert not truth.scalar("SELECT has_schema_privilege('public', 'public', 'USAGE, CREATE')")


def test_the_application_owns_nothing_and_is_nobody_special(truth: Hand) -> None:
    special = "rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication OR rolinherit"
    assert truth.rows(f"SELECT rolname FROM pg_roles WHERE rolname = 'quayside_app' AND ({special})") == []
    assert truth.rows("SELECT rolname FROM pg_roles WHERE rolname ~ '^quayside' AND (rolsuper OR rolbypassrls)") == []
    for catalogue, owner in (("pg_class", "relowner"), ("pg_proc", "proowner"), ("pg_namespace", "nspowner")):
        owned = f"SELECT oid FROM {catalogue} WHERE {owner} = 'quayside_app'::regrole"
        assert truth.rows(owned) == [], catalogue
    assert truth.rows("SELECT roleid FROM pg_auth_members WHERE member = 'quayside_app'::regrole") == []
    assert not truth.scalar("SELECT has_schema_privilege('quayside_app', 'public', 'CREATE')")


def test_the_application_has_the_rights_it_needs_and_no_more(truth: Hand) -> None:
    rights = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    granted = {
        table: " ".join(
            right
            for right in rights
            if truth.scalar("SELECT has_table_privilege('quayside_app', %s, %s)", table, right)
        )
        for table in tables(truth)
    }
    written = "SELECT INSERT UPDATE DELETE"
    assert granted == {
        "ports": "SELECT INSERT",  # and UPDATE of what is settings
        "users": "",  # column by column
        "roles": written,
        "user_port_roles": "SELECT INSERT DELETE",
        "port_role_overrides": written,
        "sessions": "SELECT INSERT DELETE",  # and UPDATE of some
        "verifications": "SELECT INSERT",  # and UPDATE of used_at
        "user_identities": written,
        "mfa_factors": written,
        "challenges": "SELECT",
        "api_tokens": "SELECT INSERT",  # and UPDATE of last_used_at, revoked_at
        "teams": written,
        "team_members": written,
        "saved_views": written,
        "bulk_edits": written,
        "scratchpad_notes": written,
        "tags": written,
        "notifications": "SELECT INSERT",  # and UPDATE of read_at, digested_at
        "user_notification_preferences": written,
        "mails": "INSERT",  # and SELECT of all but the words
        "sign_in_failures": "SELECT",
        "number_blocks": "SELECT INSERT UPDATE",
        "once_keys": written,
        "subject_keys": "SELECT INSERT",
        "events": "SELECT INSERT",
        "unsealed_events": "SELECT",  # and the policy shows none
        "event_seals": "SELECT",
        "outbox": "SELECT INSERT",
        "jobs": "SELECT",  # and UPDATE of stop_asked_at
        "job_runs": "SELECT",
        "clients": written,
        "client_contacts": written,
        "client_notes": written,
        "client_relationships": written,
        "event_mentions": "SELECT INSERT",
        "harbours": written,
        "docks": written,
        "berths": written,
        "berth_map_data": written,
        "harbour_plans": written,
        "berth_occupancies": written,
        "reminders": written,
        "waiting_lists": written,
        "waiting_entries": "SELECT INSERT DELETE",  # and UPDATE of all but when somebody asked
        "waiting_events": "SELECT INSERT",
        "interests": written,
        "interest_stage_changes": written,
        "interest_deposits": written,
        "berth_recommendations": written,
        "berth_lookouts": written,
        "interest_notes": written,
        "interest_note_mentions": written,
        "interest_tags": written,
        "documents": written,
        "berth_status_suggestions": written,
        "registrations": written,
        "price_lists": written,
        "price_lines": written,
        "berth_maintenance_log": written,
        "berth_tags": written,
        "berth_tenure_reminders": written,
        "berth_absences": written,
        "berth_sightings": written,
        "vessels": written,
        "vessel_ownerships": written,
        "vessel_documents": written,
        "vessel_document_reminders": written,
        "client_note_mentions": written,
        "client_tags": written,
        "custom_field_definitions": written,
        "custom_field_values": written,
        "exports": written,
        "imports": written,
        "import_rows": written,
        "folders": written,
        "files": written,
        "file_versions": written,
        "file_pictures": written,
        "loose_keys": written,
        "search_words": "SELECT",  # written by a trigger
        "search_spellings": "SELECT",
        "import_mappings": written,
        "change_sets": written,
        "change_items": written,
        "client_duplicates": written,
        "duplicate_scans": written,
        "client_merge_log": written,
        "client_archives": written,
    }


FOREIGN_KEYS = """
    SELECT conname, conrelid::regclass::text, confrelid::regclass::text, confdeltype::text,
           (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(conkey) WITH ORDINALITY k (attnum, n)
            JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.attnum),
           (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(confkey) WITH ORDINALITY k (attnum, n)
            JOIN pg_attribute a ON a.attrelid = confrelid AND a.attnum = k.attnum),
           convalidated
    FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY 1
"""
INDEXES = """
    SELECT (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY k (attnum, n)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum)
    FROM pg_index i WHERE i.indrelid = %s::regclass AND i.indisvalid
    AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) ~ '^.[a-z_]+_id IS NOT NULL.$')
"""


def test_references_between_tables_of_a_port_stay_inside_it(truth: Hand) -> None:
    of_a_port = set(tables(truth, WITH_PORT))
    keys = truth.rows(FOREIGN_KEYS)
    assert len(keys) > 15
    for name, table, referred, _on_delete, names, referred_names, is_valid in keys:
        assert is_valid, name
        if table in of_a_port and referred in of_a_port:
            assert names[0] == referred_names[0] == "port_id", name


def test_a_reference_says_what_becomes_of_it_and_has_an_index(truth: Hand) -> None:
    for name, table, _referred, on_delete, names, _referred_names, _is_valid in truth.rows(FOREIGN_KEYS):
        # 'a' is NO ACTION, which is what comes of saying nothing.
        assert on_delete in ("r", "c", "n"), f"{name} does not state ON DELETE"
        led = [index[0][: len(names)] for index in truth.rows(INDEXES, table)]
        assert any(set(columns) == set(names) for columns in led), f"{name} has no index"


def test_a_port_is_never_deleted_through(truth: Hand) -> None:
    keys = truth.rows(FOREIGN_KEYS)
    assert {on_delete for _n, _t, referred, on_delete, *_rest in keys if referred == "ports"} == {"r"}


def test_constraints_are_named_by_one_rule(truth: Hand) -> None:
    prefix = {"p": "pk", "u": "uq", "f": "fk", "c": "ck", "x": "ex"}
    query = """
        SELECT conname, contype::text, conrelid::regclass::text FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f', 'c', 'x') AND conrelid <> 0
          AND conrelid::regclass::text <> 'alembic_version'
    """
    wrong = [n for n, kind, table in truth.rows(query) if not n.startswith(f"{prefix[kind]}_{table}")]
    assert wrong == []


def test_records_with_a_number_have_it_once_a_port(truth: Hand) -> None:
    query = """
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'number'
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
          AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'u'
                          AND pg_get_constraintdef(k.oid) = 'UNIQUE (port_id, number)')
    """
    assert truth.rows(query) == []


# --- Functions that see more than who calls them -----------------------------------------------------------


@dataclass(frozen=True)
class Definer:
    """Why it may exist and who calls it."""

    why: str
    callers: frozenset[str]


def definer(why: str, *callers: str) -> Definer:
    return Definer(why, frozenset(callers))


DEFINERS = {
    "enter": definer("who has the token is in, and only where they have a role", "app/web.py"),
    "open_port": definer("what strangers may know of a port with a public page", "app/identity/models/port.py"),
    "receive_registration": definer("who is nobody writes one sealed row", "app/registration/models.py"),
    "describe_port": definer("the port in force, for what runs outside a request", "app/identity/models/port.py"),
    "is_session_good": definer("sockets outlive the request that opened them", "app/live/hub.py"),
    "clear_expired": definer("housekeeping of no port", "app/jobs.py"),
    "is_sign_in_paused": definer("says no more than that", "app/identity/sign_in.py"),
    "attempt_sign_in": definer("failures are counted before anybody is known", "app/identity/sign_in.py"),
    "find_for_sign_in": definer("the hash for an attempt that was counted", "app/identity/sign_in.py"),
    "enter_with_token": definer("which port a token is good in is in its row", "app/web.py"),
    "note_sign_in": definer("of the user whose attempt it was", "app/identity/sign_in.py"),
    "note_proof": definer("of the user whose attempt it was", "app/identity/sign_in.py", "app/identity/accounts.py"),
    "keep_challenge": definer("kept before anybody is known", "app/identity/models/challenge.py"),
    "take_challenge": definer("who has the challenge was given it", "app/identity/models/challenge.py"),
    "reset_factors": definer("somebody of the port in force lost theirs", "app/identity/models/factor.py"),
    "find_identity": definer("who comes from another service is not known yet", "app/identity/oidc.py"),
    "end_session": definer("who has the token may end it", "app/identity/sign_in.py"),
    "find_link": definer("who has the token may know what it is for", "app/identity/accounts.py"),
    "accept_invitation": definer("who has the token of an account without a password", "app/identity/accounts.py"),
    "use_reset": definer("who has the token", "app/identity/accounts.py"),
    "use_email_change": definer("who has the token", "app/identity/accounts.py"),
    "ask_for_reset": definer("asks about an address, and learns nothing", "app/identity/accounts.py"),
    "answer_reset": definer("the job that looks an address up acts for nobody", "app/identity/jobs.py"),
    "has_password": definer(
        "of somebody in the port in force, or of oneself", "app/identity/jobs.py", "app/identity/accounts.py"
    ),
    "change_password": definer("of the user whose attempt it was", "app/identity/accounts.py"),
    "clear_links": definer("housekeeping of no port", "app/jobs.py"),
    "invite_user": definer("an address may have an account that the port does not see", "app/identity/models/user.py"),
    "is_only_here": definer("says no more of other ports than that", "app/identity/models/user.py"),
    "set_user_active": definer("an account is nobody's row but its own", "app/identity/models/user.py"),
    "end_access": definer("tokens and links are seen by their user only", "app/identity/models/user.py"),
    "all_ports": definer("the list of super-admins", "app/identity/models/port.py"),
    "claim_outbox": definer("the relay serves all ports", "app/events/relay.py"),
    "finish_outbox": definer("the relay serves all ports", "app/events/relay.py"),
    "fail_outbox": definer("the relay serves all ports", "app/events/relay.py"),
    "event_without_port": definer("the relay follows signing in too", "app/events/relay.py"),
    "note_unsealed": definer("a trigger: no event is written without waiting for its seal"),
    "lock_unsealed": definer("seals hold the events of all ports", "app/events/seals.py"),
    "write_seal": definer("seals hold the events of all ports", "app/events/seals.py"),
    "seals_after": definer("seals hold the events of all ports", "app/events/seals.py"),
    "events_by_id": definer("seals hold the events of all ports", "app/events/seals.py"),
    "unsealed_after": definer("seals hold the events of all ports", "app/events/seals.py"),
    "events_in_no_seal": definer("seals hold the events of all ports", "app/events/seals.py"),
    "search_index": definer("a trigger: the words of a record are those of the record"),
    "berths_taken": definer("policies switch off the indexes over times", "app/berths/letting.py"),
    "berths_time_taken": definer(
        "policies switch off the indexes over times", "app/interests/recommendations/finding.py"
    ),
    "search_vessels": definer("policies switch off the indexes of a search", "app/vessels/models/finding.py"),
    "search_clients": definer("policies switch off the indexes of a search", "app/clients/models/finding.py"),
    "add_job": definer("a job belongs to the port in force", "app/jobs.py"),
    "claim_job": definer("which port a job is of is in its row", "app/jobs.py"),
    "queue_of_job": definer("the relay sends jobs of all ports", "app/jobs.py"),
    "lock_step": definer("a job of the port in force", "app/jobs.py"),
    "renew_job": definer("a job of the port in force", "app/jobs.py"),
    "finish_job": definer("a job of the port in force", "app/jobs.py"),
    "fail_job": definer("a job of the port in force", "app/jobs.py"),
    "analyze_grown": definer("how much is in a table is what the planner must know of all ports", "app/jobs.py"),
    "sweep_jobs": definer("lost deliveries of all ports", "app/jobs.py"),
    "clear_jobs": definer("housekeeping of no port", "app/jobs.py"),
    "take_mail": definer("a job of the port in force reads what nobody else may", "app/mail/jobs.py"),
    "end_mail": definer("a mail of the port in force", "app/mail/jobs.py"),
    "forget_subjects": definer("the keys of who was erased, and nothing else", "app/clients/models/erasure.py"),
    "unsent_mails": definer("a job of the port in force looks for a link in them", "app/clients/privacy/forgetting.py"),
    "withdraw_mail": definer("a mail of the port in force", "app/clients/privacy/forgetting.py"),
    "search_unused": definer("words of the port in force that nobody has", "app/search/forgetting.py"),
    "search_forget": definer("words of the port in force that nobody has", "app/search/forgetting.py"),
    "clear_mails": definer("housekeeping of no port", "app/jobs.py"),
    "start_run": definer("a run of the port in force", "app/schedule.py"),
    "ports_by_zone": definer("the scheduler's list of ports", "app/schedule.py"),
}
FUNCTIONS = """
    SELECT p.proname, p.oid, p.proconfig, p.proowner::regrole::text, p.prosecdef,
           has_function_privilege('public', p.oid, 'EXECUTE'), has_function_privilege('quayside_app', p.oid, 'EXECUTE')
    FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""


def test_every_definer_function_is_in_the_table(truth: Hand) -> None:
    assert {name for name, *_rest, is_definer, _public, _app in truth.rows(FUNCTIONS) if is_definer} == set(DEFINERS)


def test_no_function_is_open_to_everybody_or_finds_its_tables_elsewhere(truth: Hand) -> None:
    for name, _oid, config, owner, is_definer, is_public, is_granted in truth.rows(FUNCTIONS):
        assert not is_public, name
        path = [setting for setting in config if setting.startswith("search_path=")]
        assert path in (["search_path=public, pg_temp"], ["search_path=pg_catalog, pg_temp"]), name
        assert owner in ("quayside_owner", "quayside_search"), name
        # What is not a definer function is a part of one, and of no use to anybody else.
        assert is_granted == is_definer, name


@cache
def callers() -> dict[str, set[str]]:
    """The files of the application that call a function of the database: in SQL, or as `func.name`."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            for name in called_in(node):
                found[name].add(path.relative_to(ROOT).as_posix())
    return found


def called_in(node: ast.AST) -> list[str]:
    match node:
        case ast.Constant(value=str(statement)) if "SELECT" in statement:
            return re.findall(r"\b(\w+)\(", statement)
        case ast.Attribute(value=ast.Name(id="func"), attr=name):
            return [name]
    return []


@pytest.mark.parametrize("name", DEFINERS)
def test_a_definer_function_is_called_where_the_table_says(name: str) -> None:
    assert callers().get(name, set()) == DEFINERS[name].callers


Proof = Callable[[Hand, Hand, Harbour, Harbour], None]
PROOFS: dict[str, Proof] = {}


def proves(name: str) -> Callable[[Proof], Proof]:
    """Register what shows that the function, called in one port with what is another's, gives and changes nothing.

    The proof is handed the application's hand, which acts in the first harbour, the superuser's, and both harbours.
    """

    def register(proof: Proof) -> Proof:
        PROOFS[name] = proof
        return proof

    return register


@proves("enter")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    answer = hand.scalar("SELECT enter(%s, 'south', %s)", hash_token(north.token), now())
    assert answer["port"] is None
    assert answer["roles"] == []
    assert [port["slug"] for port in answer["ports"]] == ["north"]
    assert hand.count("clients") == 0
    assert hand.scalar("SELECT enter(%s, 'south', %s)", hash_token("guessed"), now()) is None
    assert hand.scalar("SELECT current_setting('app.user_id') || current_setting('app.scope')") == ""


@proves("enter_with_token")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    enter_with = "SELECT enter_with_token(%s, %s)"
    answer = hand.scalar(enter_with, hash_token(f"a token of {MANAGER[SOUTH]}"), now())
    assert (answer["port"]["slug"], answer["user"]["id"]) == ("south", str(south.user_id))
    assert hand.rows("SELECT DISTINCT port_id FROM clients") == [(SOUTH,)], "its port, whatever was in force before"
    for nothing in (hash_token("guessed"), south.session_id.bytes, hash_token(south.token)):
        assert hand.scalar(enter_with, nothing, now()) is None
        assert hand.scalar("SELECT current_setting('app.user_id') || current_setting('app.scope')") == ""
        assert hand.count("clients") == 0
    assert hand.scalar(enter_with, hash_token(f"a token of {MANAGER[SOUTH]}"), FAR) is None


@proves("open_port")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    """Of a port that has no public page nothing; of another one its name and look, and none of its settings."""
    assert hand.scalar("SELECT open_port('south')") is None
    with opened(truth, SOUTH):
        told = hand.scalar("SELECT open_port('south')")
        assert set(told["settings"]) == {"registration_open"}
        assert set(told) == {
            *("id", "name", "slug", "currency", "timezone", "locale", "country", "branding", "settings"),
        }


@contextmanager
def opened(truth: Hand, port_id: uuid.UUID) -> Iterator[None]:
    """The port takes registrations meanwhile."""
    change = "UPDATE ports SET settings = settings {} WHERE id = %s"
    truth.connection.execute(change.format("""|| '{"registration_open": true, "tax": {}}'"""), (port_id,))
    truth.connection.commit()
    try:
        yield
    finally:
        truth.connection.execute(change.format("- 'registration_open' - 'tax'"), (port_id,))
        truth.connection.commit()


@proves("receive_registration")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    """Of no scope: one row comes into the port in force if it takes any, once a key, and can be read by nobody."""
    ask = "SELECT receive_registration(gen_random_uuid(), %s, 'sealed', now())"
    hand.act_for(port=str(NORTH), scope="public")
    assert hand.scalar(ask, b"key") == "closed"
    hand.act_for(scope="public")
    assert hand.scalar(ask, b"key") == "closed"
    with opened(truth, NORTH):
        hand.act_for(port=str(NORTH), scope="public")
        assert [hand.scalar(ask, key) for key in (b"key", b"key", b"other")] == ["received", "again", "received"]
        assert {table: count for table in tables(truth) if (count := hand.count(table))} == {}
        hand.act_in(north)
        assert hand.count("registrations", "status = 'received'") == 2
        hand.act_in(south)
        assert hand.count("registrations", "status = 'received'") == 0


@proves("describe_port")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.scalar("SELECT describe_port(%s)", NORTH)["slug"] == "north"
    assert hand.scalar("SELECT describe_port(%s)", SOUTH) is None


@proves("is_session_good")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    good = "SELECT is_session_good(%s, %s)"
    assert hand.scalar(good, south.session_id, now()) is False
    hand.act_for()
    assert hand.scalar(good, south.session_id, now()) is True


@proves("clear_expired")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    kept = ("sessions", "sign_in_failures", "once_keys")
    before = [truth.count(table) for table in kept]
    hand.scalar("SELECT clear_expired(%s)", FAR)
    hand.connection.commit()
    assert [truth.count(table) for table in kept] == before


@proves("is_sign_in_paused")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.scalar("SELECT is_sign_in_paused(%s, '203.0.113.9', %s)", MANAGER[SOUTH], now()) is False


@proves("attempt_sign_in")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.scalar("SELECT attempt_sign_in(%s, 'x@y.example', NULL, %s)", uuid.uuid4(), now()) is True
    assert hand.count("sign_in_failures") == 0


@proves("find_for_sign_in")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.rows("SELECT * FROM find_for_sign_in(%s)", uuid.uuid4()) == []
    gone, nobody = uuid.uuid4(), uuid.uuid4()
    hand.scalar("SELECT attempt_sign_in(%s, 'gone@north.example', NULL, %s)", gone, now())
    hand.scalar("SELECT attempt_sign_in(%s, 'unknown@north.example', NULL, %s)", nobody, now())
    assert hand.rows("SELECT * FROM find_for_sign_in(%s)", gone) == []
    assert hand.rows("SELECT * FROM find_for_sign_in(%s)", nobody) == []
    assert [row[0] for row in hand.rows("SELECT * FROM find_for_sign_in(%s)", south.attempt)] == [south.user_id]


@proves("note_sign_in")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.scalar("SELECT note_sign_in(%s, 'mine now', %s)", south.attempt, now()) is None
    assert hand.scalar("SELECT note_sign_in(%s, 'mine now', %s)", uuid.uuid4(), now()) is None
    hand.connection.commit()
    assert truth.count("users", "password_hash = 'mine now'") == 0
    assert truth.count("sign_in_failures", "id = %s", south.attempt) == 1


@proves("note_proof")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.scalar("SELECT note_proof(%s, 'mine now')", south.attempt) is None
    assert hand.scalar("SELECT note_proof(%s, 'mine now')", uuid.uuid4()) is None
    hand.connection.commit()
    assert truth.count("users", "password_hash = 'mine now'") == 0
    assert truth.count("sign_in_failures", "id = %s", south.attempt) == 1


@proves("keep_challenge")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    keep = "SELECT keep_challenge(%s, %s, '\\x00', %s, %s)"
    with pytest.raises(psycopg.errors.UniqueViolation), hand.attempt():
        hand.scalar(keep, uuid.uuid4(), hash_token(south.challenge), FAR, now())
    before = truth.count("challenges")
    with hand.attempt():
        hand.scalar(keep, uuid.uuid4(), hash_token("new"), FAR, now())
        assert hand.count("challenges") == 0
    assert truth.count("challenges") == before


@proves("take_challenge")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    take = "SELECT * FROM take_challenge(%s, %s)"
    assert hand.rows(take, hash_token("guessed"), now()) == []
    assert hand.rows(take, hash_token(south.challenge), FAR) == []
    # Who has it may take it; it is tied to its row's id by its seal, and to a user by its words.
    with hand.attempt():
        assert len(hand.rows(take, hash_token(south.challenge), now())) == 1
        assert hand.rows(take, hash_token(south.challenge), now()) == []


@proves("reset_factors")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    before = truth.count("mfa_factors"), truth.count("sessions")
    for email in (MANAGER[SOUTH], MANAGER[NORTH], "super@quayside.example", "nowhere@quayside.example"):
        assert hand.scalar("SELECT reset_factors(%s)", user_id(email)) is None
    hand.act_for(user=str(north.user_id), scope="staff")
    assert hand.scalar("SELECT reset_factors(%s)", user_id("viewer@north.example")) is None
    hand.connection.commit()
    assert (truth.count("mfa_factors"), truth.count("sessions")) == before
    hand.act_in(north)
    with hand.attempt():
        assert hand.scalar("SELECT reset_factors(%s)", user_id("viewer@north.example")) == 0


@proves("find_identity")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    find = "SELECT * FROM find_identity('https://id.example', %s, %s)"
    assert hand.rows(find, MANAGER[SOUTH], MANAGER[SOUTH]) == []
    assert hand.rows(find, MANAGER[NORTH], None) == []
    hand.act_for()
    assert [row[0] for row in hand.rows(find, MANAGER[SOUTH], None)] == [south.user_id]
    assert hand.rows(find, "unknown", None) == []


@proves("end_session")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    before = truth.count("sessions")
    assert hand.scalar("SELECT end_session(%s)", hash_token("guessed")) is None
    assert hand.scalar("SELECT end_session(%s)", south.session_id.bytes) is None
    hand.connection.commit()
    assert truth.count("sessions") == before


LINK = "a token of {}"  # as fill_administration() writes them


@proves("find_link")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    find = "SELECT * FROM find_link(%s, %s, %s)"
    assert hand.rows(find, "invite", hash_token("guessed"), now()) == []
    assert hand.rows(find, "invite", None, now()) == []
    theirs = hash_token(LINK.format(MANAGER[SOUTH]))
    assert hand.rows(find, "reset", theirs, now()) == []
    ((state, who, *_rest),) = hand.rows(find, "invite", theirs, now())
    assert (state, who) == ("used", south.user_id)  # they have a password


@proves("accept_invitation")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    accept = "SELECT * FROM accept_invitation(%s, 'mine now', 'Mine', %s)"
    for token in (hash_token("guessed"), hash_token(LINK.format(MANAGER[SOUTH])), None):
        assert hand.rows(accept, token, now()) == []
    hand.connection.commit()
    assert truth.count("users", "password_hash = 'mine now' OR name = 'Mine'") == 0


@proves("use_reset")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    sessions = truth.count("sessions")
    for token in (hash_token("guessed"), hash_token(LINK.format(MANAGER[SOUTH])), None):
        assert hand.rows("SELECT * FROM use_reset(%s, 'mine now', %s)", token, now()) == []
    hand.connection.commit()
    assert truth.count("users", "password_hash = 'mine now'") == 0
    assert truth.count("sessions") == sessions


@proves("use_email_change")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    for token in (hash_token("guessed"), hash_token(LINK.format(MANAGER[SOUTH])), None):
        assert hand.rows("SELECT * FROM use_email_change(%s, %s)", token, now()) == []


@proves("ask_for_reset")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    ask = "SELECT ask_for_reset(%s, %s, NULL, %s)"
    assert hand.scalar(ask, uuid.uuid4(), MANAGER[SOUTH], now()) is True
    assert hand.scalar(ask, uuid.uuid4(), "nobody@north.example", now()) is True
    assert hand.count("verifications", "purpose = 'reset'") == 0


@proves("answer_reset")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    request_id, answer = uuid.uuid4(), "SELECT id FROM answer_reset(%s, %s, %s, %s)"
    hand.scalar("SELECT ask_for_reset(%s, %s, NULL, %s)", request_id, MANAGER[SOUTH], now())
    assert hand.rows(answer, request_id, b"x", FAR, now()) == []
    hand.act_for(user=str(north.user_id))
    assert hand.rows(answer, request_id, b"x", FAR, now()) == []
    hand.act_for()
    assert hand.rows(answer, request_id, b"x", FAR, now()) == [(south.user_id,)]
    assert hand.rows(answer, request_id, b"y", FAR, now()) == []  # once


@proves("has_password")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    has = "SELECT has_password(%s)"
    assert hand.scalar(has, north.user_id) is True
    assert hand.scalar(has, user_id("viewer@north.example")) is True
    assert hand.scalar(has, south.user_id) is None
    hand.act_for()
    assert hand.scalar(has, north.user_id) is None


@proves("change_password")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.scalar("SELECT change_password(%s, 'mine now', %s)", south.attempt, now()) is None
    assert hand.scalar("SELECT change_password(%s, 'mine now', %s)", uuid.uuid4(), now()) is None
    hand.connection.commit()
    assert truth.count("users", "password_hash = 'mine now'") == 0


@proves("clear_links")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    before = truth.count("verifications")
    hand.scalar("SELECT clear_links(%s)", FAR)
    hand.connection.commit()
    assert truth.count("verifications") == before


MANAGED = ("viewer@north.example", "viewer@south.example", "both@quayside.example")


@proves("invite_user")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    invite = "SELECT id FROM invite_user(%s, %s, 'Somebody', %s)"
    known = hand.rows(invite, uuid.uuid4(), MANAGER[SOUTH], now())
    assert known == [(south.user_id,)]  # found, and still out of sight without a role here
    assert hand.count("users", "id = %s", south.user_id) == 0
    hand.act_for(port=str(NORTH), user=str(user_id("viewer@north.example")), scope="staff")
    assert hand.rows(invite, uuid.uuid4(), "fresh@north.example", now()) == []
    hand.act_for(port=str(SOUTH), user=str(north.user_id), scope="staff")
    assert hand.rows(invite, uuid.uuid4(), "fresh@north.example", now()) == []
    hand.act_for(user=str(north.user_id), scope="staff")
    assert hand.rows(invite, uuid.uuid4(), "fresh@north.example", now()) == []
    hand.connection.commit()
    assert truth.count("users", "email = 'fresh@north.example' OR name = 'Somebody'") == 0


@proves("is_only_here")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert [hand.scalar("SELECT is_only_here(%s)", user_id(email)) for email in MANAGED] == [True, False, False]
    hand.act_for(port=str(SOUTH), user=str(north.user_id), scope="staff")
    assert not any(hand.scalar("SELECT is_only_here(%s)", user_id(email)) for email in MANAGED)


@proves("set_user_active")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    end = "SELECT set_user_active(%s, false, %s)"
    for email in ("both@quayside.example", MANAGER[SOUTH], "super@quayside.example", MANAGER[NORTH]):
        assert hand.scalar(end, user_id(email), now()) is False, email
    for port, user in ((SOUTH, north.user_id), (NORTH, user_id("viewer@north.example")), ("", north.user_id)):
        hand.act_for(port=str(port), user=str(user), scope="staff")
        assert hand.scalar(end, user_id("operator@north.example"), now()) is False
        assert hand.scalar(end, user_id("operator@south.example"), now()) is False
    hand.connection.commit()
    assert truth.count("users", "NOT is_active") == 1  # who was so from the beginning
    assert truth.count("sessions", "user_id = %s", south.user_id) > 0


@proves("end_access")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.scalar("SELECT end_access(%s, %s)", south.user_id, now()) is False
    hand.act_for(port=str(SOUTH), user=str(north.user_id), scope="staff")
    assert hand.scalar("SELECT end_access(%s, %s)", south.user_id, now()) is False
    hand.connection.commit()
    assert truth.count("api_tokens", "revoked_at IS NOT NULL") == 0
    assert truth.count("verifications", "used_at IS NOT NULL") == 0


@proves("all_ports")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.rows("SELECT * FROM all_ports()") == []
    hand.act_for(port=str(NORTH), user=str(user_id("super@quayside.example")))
    assert hand.rows("SELECT * FROM all_ports()") == []
    hand.act_for(port=str(NORTH), user=str(user_id("super@quayside.example")), scope="staff")
    assert len(hand.rows("SELECT * FROM all_ports()")) == 2


@proves("claim_outbox")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.rows("SELECT * FROM claim_outbox(100, %s)", FAR) == []
    hand.act_for()
    assert hand.rows("SELECT * FROM claim_outbox(100, %s)", FAR)


@proves("finish_outbox")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    before = truth.count("outbox")
    hand.scalar("SELECT finish_outbox(%s)", south.outbox_ids)
    hand.connection.commit()
    assert truth.count("outbox") == before


@proves("fail_outbox")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.scalar("SELECT fail_outbox(%s, 'no', %s, %s)", south.outbox_ids[0], FAR, now()) is None
    hand.connection.commit()
    assert truth.count("outbox", "attempts > 0") == 0


@proves("event_without_port")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    for outbox_id in south.outbox_ids:
        assert hand.rows("SELECT * FROM event_without_port(%s)", outbox_id) == []
    hand.act_for()
    for outbox_id in south.outbox_ids:
        assert hand.rows("SELECT * FROM event_without_port(%s)", outbox_id) == []


@proves("note_unsealed")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    with pytest.raises(psycopg.errors.FeatureNotSupported), hand.attempt():
        hand.scalar("SELECT note_unsealed()")


@proves("lock_unsealed")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.rows("SELECT * FROM lock_unsealed(10)") == []
    hand.act_for()
    assert hand.rows("SELECT * FROM lock_unsealed(10)")


@proves("write_seal")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    waiting, seals = truth.count("unsealed_events"), truth.count("event_seals")
    ids = [event_id for (event_id,) in truth.rows("SELECT event_id FROM unsealed_events")]
    assert hand.scalar("SELECT write_seal(99, %s, '', '', '', %s)", ids, now()) is False
    hand.connection.commit()
    assert (truth.count("unsealed_events"), truth.count("event_seals")) == (waiting, seals)


@proves("seals_after")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    for after in (0, None):
        assert hand.rows("SELECT * FROM seals_after(%s, 10)", after) == []
    hand.act_for()
    assert hand.rows("SELECT id FROM seals_after(NULL, 10)") == [(2,)]


@proves("events_by_id")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    ids = [event_id for (event_id,) in truth.rows("SELECT id FROM events")]
    assert hand.rows("SELECT * FROM events_by_id(%s)", ids) == []
    hand.act_for()
    assert len(hand.rows("SELECT * FROM events_by_id(%s)", ids)) == len(ids)


@proves("unsealed_after")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.rows("SELECT * FROM unsealed_after(%s, 10)", uuid.UUID(int=0)) == []
    hand.act_for()
    assert hand.rows("SELECT * FROM unsealed_after(%s, 10)", uuid.UUID(int=0))


@proves("events_in_no_seal")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    # Inside one transaction of the superuser an event is in no seal; nobody in a port is told.
    assert hand.rows("SELECT * FROM events_in_no_seal(%s, 10)", uuid.UUID(int=0)) == []
    assert "port_in_force() IS NULL" in truth.scalar("SELECT prosrc FROM pg_proc WHERE proname = 'events_in_no_seal'")


@proves("search_index")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    with pytest.raises(psycopg.errors.FeatureNotSupported), hand.attempt():
        hand.scalar("SELECT search_index()")


@proves("berths_taken")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    asked = "SELECT occupancy_id FROM berths_taken('2000-01-01', '2100-01-01')"
    own = truth.rows("SELECT id FROM berth_occupancies WHERE port_id = %s", NORTH)
    assert own
    assert hand.rows(asked) == own
    assert len(truth.rows("SELECT id FROM berth_occupancies")) > len(own)


@proves("berths_time_taken")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    asked = "SELECT berth_id FROM berths_time_taken('2000-01-01', '2100-01-01', NULL) ORDER BY berth_id"
    query = "SELECT DISTINCT berth_id FROM berth_occupancies WHERE port_id = %s ORDER BY berth_id"
    own = truth.rows(query, NORTH)
    assert own
    assert hand.rows(asked) == own
    assert truth.rows(query, SOUTH)


@proves("search_vessels")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    search = "SELECT v.port_id FROM search_vessels(%s, 100, false) s JOIN vessels v ON v.id = s.vessel_id"
    names = {name for (name,) in truth.rows("SELECT name FROM vessels")}
    assert names
    for name in names:
        found = hand.rows("SELECT vessel_id FROM search_vessels(%s, 100, false)", name)
        assert len(found) == len(hand.rows(search, name)), "whatever it finds is in sight"
    owners = "SELECT client_id FROM search_clients(%s, 100, false, false)"
    assert not [name for name in names if (south.client_id,) in hand.rows(owners, name)]
    hand.act_for(port=str(NORTH), user=str(user_id("operator@north.example")), scope="staff")
    assert not [name for name in names if hand.rows("SELECT * FROM search_vessels(%s, 9, true)", name)]


@proves("search_clients")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    search = "SELECT client_id FROM search_clients(%s, 10, false, false)"
    names = ("Léa Marchand", "marchand", "marchnad", "+33142685300", "inner harbour")
    words = (*names, "lea@south.example", "south.example")
    for asked in words:
        found = {client_id for (client_id,) in hand.rows(search, asked)}
        assert south.client_id not in found, asked
        assert north.client_id in found or asked not in names, asked
    for port, user, scope in (("", north.user_id, "staff"), (NORTH, "", "staff"), (NORTH, north.user_id, "client:x")):
        hand.act_for(port=str(port), user=str(user), scope=scope)
        assert [hand.rows(search, asked) for asked in words if hand.rows(search, asked)] == []
    hand.act_for(port=str(NORTH), user=str(user_id("operator@north.example")), scope="staff")
    assert hand.rows("SELECT * FROM search_clients('marchand', 10, true, false)") == []


@proves("add_job")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    add = "SELECT add_job(%s, 'x', '{}', 'bulk', 1, %s, %s, %s, NULL)"
    for is_for_port, port in ((True, NORTH), (False, None)):
        job_id = uuid.uuid4()
        with hand.attempt():
            hand.scalar(add, job_id, is_for_port, FAR, now())
            # The row of no port is seen by nobody here.
            seen = hand.rows("SELECT port_id, started_by FROM jobs WHERE id = %s", job_id)
            assert seen == ([(port, north.user_id)] if port else [])
    hand.act_for()
    with pytest.raises(psycopg.errors.RaiseException), hand.attempt():
        hand.scalar(add, uuid.uuid4(), True, FAR, now())


@proves("claim_job")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.rows("SELECT * FROM claim_job(%s, %s)", south.job_id, FAR) == []
    hand.act_for()
    assert hand.rows("SELECT * FROM claim_job(%s, %s)", south.job_id, FAR)


@proves("queue_of_job")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.scalar("SELECT queue_of_job(%s)", south.job_id) is None
    hand.act_for()
    assert hand.scalar("SELECT queue_of_job(%s)", south.job_id) == "import"


def untouched(truth: Hand, job_id: uuid.UUID) -> bool:
    where = "id = %s AND attempts = 0 AND done = 0 AND leased_until IS NULL AND failed_at IS NULL"
    return truth.count("jobs", where, job_id) == 1


@proves("lock_step")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.rows("SELECT * FROM lock_step(%s, NULL)", south.job_id) == []
    assert hand.rows("SELECT * FROM lock_step(%s, NULL)", north.job_id)


@proves("renew_job")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.scalar("SELECT renew_job(%s, NULL, %s, 1, 1)", south.job_id, FAR) is None
    hand.connection.commit()
    assert untouched(truth, south.job_id)


@proves("finish_job")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.scalar("SELECT finish_job(%s, NULL)", south.job_id) is None
    hand.connection.commit()
    assert untouched(truth, south.job_id)


@proves("fail_job")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.scalar("SELECT fail_job(%s, NULL, 0, 'no', %s, %s)", south.job_id, FAR, now()) is None
    hand.connection.commit()
    assert untouched(truth, south.job_id)


@proves("sweep_jobs")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    before = truth.count("outbox")
    assert hand.scalar("SELECT sweep_jobs(%s)", FAR) == 0
    hand.connection.commit()
    assert truth.count("outbox") == before


@proves("analyze_grown")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    """It tells how many tables had grown, and changes no row."""
    before = truth.count("client_tags"), truth.count("events")
    assert isinstance(hand.scalar("SELECT analyze_grown()"), int)
    hand.connection.rollback()
    assert (truth.count("client_tags"), truth.count("events")) == before


@proves("clear_jobs")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    with truth.connection.transaction():
        truth.connection.execute("UPDATE jobs SET failed_at = %s WHERE id = %s", (now(), south.job_id))
    runs = truth.count("job_runs")
    hand.scalar("SELECT clear_jobs(%s)", FAR)
    hand.connection.commit()
    assert truth.count("jobs", "id = %s", south.job_id) == 1
    assert truth.count("job_runs") == runs
    truth.connection.execute("UPDATE jobs SET failed_at = NULL WHERE id = %s", (south.job_id,))


@proves("take_mail")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    take = "SELECT * FROM take_mail(%s)"
    assert hand.rows(take, north.mail_id) == []  # a job has no user
    assert hand.rows(take, south.mail_id) == []
    hand.act_for(port=str(NORTH), scope="staff")
    assert hand.rows(take, south.mail_id) == []
    with hand.attempt():
        assert hand.rows(take, north.mail_id)
    with pytest.raises(InsufficientPrivilege), hand.attempt():
        hand.rows("SELECT sealed FROM mails")
    hand.act_for()
    assert hand.rows(take, south.mail_id) == []


@proves("end_mail")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    end = "SELECT * FROM end_mail(%s, 'sent', NULL, %s)"
    assert hand.rows(end, south.mail_id, now()) == []
    hand.act_for()
    assert hand.rows(end, south.mail_id, now()) == []
    hand.connection.commit()
    assert truth.count("mails", "id = %s AND status = 'waiting' AND sealed <> ''", south.mail_id) == 1


@proves("clear_mails")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    truth.connection.execute("UPDATE mails SET status = 'failed' WHERE id = %s", (south.mail_id,))
    hand.scalar("SELECT clear_mails(%s)", FAR)
    hand.connection.commit()
    assert truth.count("mails", "id = %s", south.mail_id) == 1
    truth.connection.execute("UPDATE mails SET status = 'waiting' WHERE id = %s", (south.mail_id,))


@proves("forget_subjects")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    kept = ("subject_keys", "event_mentions", "notifications")
    before = [truth.count(table) for table in kept]
    forget = "SELECT forget_subjects('client', %s)"
    assert hand.scalar(forget, [south.client_id]) == []
    hand.act_for(port=str(NORTH), user=str(north.user_id), scope=f"client:{north.client_id}")
    assert hand.scalar(forget, [north.client_id]) == []
    hand.act_for(user=str(north.user_id), scope="staff")
    assert hand.scalar(forget, [north.client_id]) == []
    hand.connection.commit()
    assert [truth.count(table) for table in kept] == before
    hand.act_in(north)
    with hand.attempt():
        hand.scalar(forget, [north.client_id])
        assert hand.count("subject_keys", "subject_id = %s", north.client_id) == 0


@proves("unsent_mails")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.rows("SELECT * FROM unsent_mails()") == []  # a job has no user
    hand.act_for(port=str(NORTH), scope="staff")
    assert [mail_id for mail_id, _sealed in hand.rows("SELECT * FROM unsent_mails()")] == [north.mail_id]
    hand.act_for()
    assert hand.rows("SELECT * FROM unsent_mails()") == []


@proves("withdraw_mail")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    hand.scalar("SELECT withdraw_mail(%s)", north.mail_id)
    hand.act_for(port=str(NORTH), scope="staff")
    hand.scalar("SELECT withdraw_mail(%s)", south.mail_id)
    hand.connection.commit()
    assert truth.count("mails", "status = 'failed'") == 0


@proves("search_unused")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    words = "INSERT INTO search_spellings (port_id, spelling, word) VALUES (%s, %s, %s)"
    for port, word in ((NORTH, "unusedinnorth"), (SOUTH, "unusedinsouth")):
        truth.connection.execute(words, (port, word, word))
    unused = "SELECT * FROM search_unused(1000)"
    found = {word for (word,) in hand.rows(unused)}
    assert "unusedinnorth" in found
    assert "unusedinsouth" not in found
    hand.act_for(port=str(NORTH), user=str(north.user_id), scope="client:x")
    assert hand.rows(unused) == []


@proves("search_forget")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    words = "INSERT INTO search_spellings (port_id, spelling, word) VALUES (%s, %s, %s)"
    truth.connection.execute(words, (SOUTH, "stillinsouth", "stillinsouth"))
    assert hand.scalar("SELECT search_forget(%s)", ["stillinsouth", "marchand"]) is True
    hand.connection.commit()
    assert truth.count("search_spellings", "word = 'stillinsouth'") == 1
    assert truth.count("search_spellings", "word = 'marchand' AND port_id = %s", NORTH) > 0
    hand.act_for(port=str(SOUTH), user=str(south.user_id), scope="client:x")
    assert hand.scalar("SELECT search_forget(%s)", ["stillinsouth"]) is False


@proves("start_run")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    run_id = uuid.uuid4()
    assert hand.scalar("SELECT start_run(%s, 'rounds', '2026-11-22', %s)", run_id, now()) is True
    assert hand.rows("SELECT port_id FROM job_runs WHERE id = %s", run_id) == [(NORTH,)]


@proves("ports_by_zone")
def _(hand: Hand, truth: Hand, north: Harbour, south: Harbour) -> None:
    assert hand.rows("SELECT * FROM ports_by_zone()") == []
    hand.act_for()
    assert len(hand.rows("SELECT * FROM ports_by_zone()")) == 2


@pytest.mark.parametrize("name", DEFINERS)
def test_a_definer_function_lets_nothing_cross(
    hand: Hand, truth: Hand, north: Harbour, south: Harbour, name: str
) -> None:
    hand.act_in(north)
    PROOFS[name](hand, truth, north, south)
    # Whatever was called, the fence stands where it stood.
    hand.act_in(north)
    assert hand.rows("SELECT DISTINCT port_id FROM clients") == [(NORTH,)]


# --- Jobs and files ----------------------------------------------------------------------------------------


def test_every_job_given_what_is_another_ports_sees_nothing(
    committed: Installation, truth: Hand, north: Harbour, south: Harbour
) -> None:
    theirs: dict[str, Any] = {
        "import_id": south.import_id,
        "client_id": south.client_id,
        "archive_id": truth.scalar("SELECT id FROM client_archives WHERE port_id = %s", SOUTH),
        "change_set_id": truth.scalar("SELECT id FROM change_sets WHERE port_id = %s", SOUTH),
        "mail_id": south.mail_id,
        "registration_id": truth.scalar("SELECT id FROM registrations WHERE port_id = %s", SOUTH),
        "user_id": south.user_id,
        "event_id": uuid.uuid4(),
        "notification_id": truth.scalar("SELECT id FROM notifications WHERE port_id = %s", SOUTH),
        "version_id": truth.scalar("SELECT id FROM file_versions WHERE port_id = %s", SOUTH),
        "hold_id": truth.scalar("SELECT id FROM berth_occupancies WHERE port_id = %s LIMIT 1", SOUTH),
        "export_id": truth.scalar("SELECT id FROM exports WHERE port_id = %s", SOUTH),
        **{
            f"{kind}_id": truth.scalar(f"SELECT id FROM {kind}s WHERE port_id = %s LIMIT 1", SOUTH)
            for kind in ("interest", "berth", "vessel")
        },
    }
    for name, work in WORKS.items():
        if not work.is_for_port or not name.startswith("app."):
            continue
        before = contents(truth, SOUTH)
        with committed.app.app_context():
            begin(port_id=NORTH, user_id=north.user_id, scope="staff")
            job_id = work.later(**{of: theirs[of] for of in parameters(work.function)})
            commit()
            perform(str(job_id))
        # Nothing is left to do, whether it found nothing or was given up.
        assert truth.count("jobs", "id = %s AND failed_at IS NULL AND attempts = 0", job_id) == 0, name
        assert contents(truth, SOUTH) == before, name


def parameters(function: Callable[..., None]) -> list[str]:
    return [name for name in function.__annotations__ if name not in ("steps", "return")]


def contents(truth: Hand, port: uuid.UUID) -> dict[str, str]:
    """Everything in the port, as one comparable thing a table."""
    return {
        table: json.dumps(truth.rows(f"SELECT to_jsonb(t) FROM {table} t WHERE port_id = %s ORDER BY 1", port))
        for table in tables(truth, WITH_PORT)
    }


def test_a_file_link_is_good_in_its_port_only(committed: Installation, north: Harbour, south: Harbour) -> None:
    app = committed.app
    with app.test_request_context():
        link = storage.link(north.file_key, "contacts.csv")
    with app.app_context():
        mine, theirs, both = (
            Visitor.of(app, email) for email in (MANAGER[NORTH], MANAGER[SOUTH], "both@quayside.example")
        )
    assert mine.get(link).status_code == 200
    assert theirs.get(link).status_code == 404
    for visitor in (mine, theirs, both):
        assert visitor.get(link.replace("/north/", "/south/")).status_code == 404
    assert mine.get(f"{link}x").status_code == 404
    assert mine.get(link.replace("link=", "link=x")).status_code == 404
    assert mine.get("/north/files/content").status_code == 404
    assert Visitor.anonymous(app).get(link).status_code == 303
    with time_machine.travel(now() + timedelta(minutes=15, seconds=2)):
        assert mine.get(link).status_code == 404
