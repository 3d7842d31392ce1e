"""The demo: two ports with their people, loaded once, quickly, and believable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import Result

from app import create_app, demo
from app.config import Settings
from app.identity.passwords import verify
from tests.servers import Cluster, Installation


@pytest.fixture(scope="module")
def empty(cluster: Cluster, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Migrated, with nothing in it."""
    name = f"quayside_{worker_id}_before_demo"
    home: Path = tmp_path_factory.mktemp("demo")
    installation = Installation(cluster.clone(name, "nothing"), "redis://127.0.0.1:1", home)
    yield installation
    with installation.app.app_context():
        installation.app.extensions["engine"].dispose()
    cluster.drop(name)


@pytest.fixture(scope="module")
def loaded(empty: Installation) -> Installation:
    with empty.app.app_context():
        assert demo.load()
    return empty


@pytest.fixture
def connection(loaded: Installation) -> Iterator[psycopg.Connection]:
    with loaded.database.connect() as connection:
        yield connection


def command(settings: Settings, *arguments: str) -> Result:
    return create_app(settings, role="console").test_cli_runner().invoke(args=arguments)


def counts(connection: psycopg.Connection) -> list[tuple[str, int]]:
    return connection.execute(
        "SELECT p.slug, count(*) FROM ports p JOIN clients c ON c.port_id = p.id GROUP BY p.slug ORDER BY p.slug"
    ).fetchall()


def test_there_are_two_hundred_clients_in_two_ports_and_some_that_were_entered_twice(
    connection: psycopg.Connection,
) -> None:
    assert counts(connection) == [("hanko-itasatama", 70 + 2), ("port-nimara", 130 + 8 + 1 + 4 + 2)]


def test_those_entered_twice_are_found_and_one_pair_was_merged(connection: psycopg.Connection) -> None:
    pairs = connection.execute(
        "SELECT a.full_name, b.full_name, reasons ->> 0 FROM client_duplicates JOIN clients a ON a.id = a_id"
        " JOIN clients b ON b.id = b_id WHERE state = 'open' ORDER BY score DESC, a.full_name"
    ).fetchall()
    assert pairs == [
        ("Clémence Vaillant", "Vaillant Clemence", "email"),
        ("Skagern Charters AB", "Skagern Yacht Charter", "registration"),
        ("Robert Ashcombe", "Bob Ashcombe", "phone"),
        ("Yrjö Lindroos", "Y. Lindroos", "phone"),
    ]
    merged = connection.execute(
        "SELECT a.full_name, b.full_name, undone_at, moved ? 'vessels' FROM client_merge_log m"
        " JOIN clients a ON a.id = survivor_id JOIN clients b ON b.id = merged_id WHERE b.merged_into_id = a.id"
    ).fetchall()
    assert merged == [("Isabel Fontes", "Isabel M. Fontes", None, True)]


def test_a_file_was_imported_with_rows_that_did_not_come_in(connection: psycopg.Connection) -> None:
    imports = connection.execute("SELECT status, total, created_count, wrong_count, error FROM imports").fetchall()
    assert imports == [("finished", 7, 4, 3, "")]
    wrong = connection.execute("SELECT row_number, message FROM import_rows WHERE verdict = 'wrong' ORDER BY 1")
    assert [(number, bool(message)) for number, message in wrong] == [(4, True), (5, True), (7, True)]
    boats = connection.execute(
        "SELECT count(*) FROM vessels v JOIN import_rows r ON r.client_id = v.client_id WHERE r.outcome = 'created'"
    ).fetchone()
    assert boats == (3,)
    assert connection.execute("SELECT status FROM change_sets WHERE kind = 'import'").fetchall() == [("applied",)]


def test_a_client_was_erased_and_nothing_is_left_of_them(connection: psycopg.Connection) -> None:
    erased = connection.execute("SELECT id, full_name LIKE 'Erased client %' FROM clients WHERE erased_at IS NOT NULL")
    ((client_id, is_nameless),) = erased.fetchall()
    assert is_nameless
    for table in ("client_contacts", "vessels"):
        found = connection.execute(f"SELECT count(*) FROM {table} WHERE client_id = %s", (client_id,)).fetchone()
        assert found == (0,), table
    for table in ("search_words", "search_spellings"):
        assert connection.execute(f"SELECT count(*) FROM {table} WHERE word = 'tolland'").fetchone() == (0,)
    waiting = "SELECT name FROM jobs WHERE name LIKE 'app.clients.%%' OR strpos(args::text, %s) > 0"
    assert connection.execute(waiting, (str(client_id),)).fetchall() == []


def test_papers_of_vessels_have_files(connection: psycopg.Connection) -> None:
    files = connection.execute(
        "SELECT p.slug, f.filename, d.kind FROM vessel_documents d JOIN files f ON f.id = d.file_id"
        " JOIN ports p ON p.id = d.port_id ORDER BY p.slug"
    ).fetchall()
    assert files == [("hanko-itasatama", "Policy.pdf", "insurance"), ("port-nimara", "Policy.pdf", "insurance")]


def test_everybody_signs_in_with_the_password_of_the_demo(connection: psycopg.Connection) -> None:
    people = connection.execute("SELECT email::text, password_hash FROM users ORDER BY email").fetchall()
    assert {email for email, _hash in people} >= {
        "admin@quayside.example",
        "ines.rocha@nimara.example",
        "mats.berg@nimara.example",
        "dana.fields@nimara.example",
        "vera.lund@nimara.example",
        "aino.laine@hanko.example",
        "olli.saari@hanko.example",
        "petra.holm@quayside.example",
    }
    assert verify(people[0][1], demo.PASSWORD)
    held = connection.execute(
        "SELECT u.email::text, p.slug, r.name FROM user_port_roles x JOIN users u ON u.id = x.user_id"
        " JOIN ports p ON p.id = x.port_id JOIN roles r ON r.id = x.role_id"
    ).fetchall()
    assert ("ines.rocha@nimara.example", "port-nimara", "sales_manager") in held
    assert len([row for row in held if row[0] == "petra.holm@quayside.example"]) == 2


def test_each_client_can_be_reached_and_belongs_to_who_works_there(connection: psycopg.Connection) -> None:
    without = connection.execute(
        "SELECT count(*) FROM clients c WHERE c.merged_into_id IS NULL AND c.erased_at IS NULL"
        " AND NOT EXISTS (SELECT FROM client_contacts k WHERE k.client_id = c.id AND k.kind = 'email'"
        " AND k.is_primary AND k.value LIKE '%@example.com')"
    ).fetchone()
    assert without == (0,)
    strangers = connection.execute(
        "SELECT count(*) FROM clients c WHERE c.owner_id IS NOT NULL AND NOT EXISTS (SELECT FROM user_port_roles x"
        " WHERE x.user_id = c.owner_id AND x.port_id = c.port_id)"
    ).fetchone()
    assert strangers == (0,)
    kinds = connection.execute("SELECT DISTINCT kind, status FROM clients").fetchall()
    assert len(kinds) == 6


def test_the_timeline_agrees_with_the_record(connection: psycopg.Connection) -> None:
    wrong = connection.execute(
        "SELECT count(*) FROM clients c JOIN (SELECT subject_id, min(occurred_at) AS first, max(occurred_at) AS last"
        " FROM events GROUP BY subject_id) e ON e.subject_id = c.id"
        " WHERE c.created_at <> e.first OR c.updated_at <> e.last"
    ).fetchone()
    assert wrong == (0,)
    notes = connection.execute("SELECT count(*) FROM client_notes").fetchone()
    told = connection.execute(
        "SELECT count(*) FROM events JOIN clients c ON c.id = subject_id WHERE name = 'client:noteAdded'"
        " AND c.erased_at IS NULL"
    ).fetchone()
    assert notes == told
    assert notes is not None
    assert notes[0] > 20
    assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


def test_what_happened_can_be_verified_and_stands_in_order(
    loaded: Installation, connection: psycopg.Connection
) -> None:
    assert "0 events in 0 seals" in command(loaded.settings, "audit", "verify").output
    by_id, by_time = (
        connection.execute(f"SELECT id FROM events WHERE subject_type = 'client' ORDER BY {order}").fetchall()
        for order in ("id", "occurred_at, id")
    )
    assert by_id == by_time
    assert connection.execute("SELECT count(*) FROM events WHERE name = 'client:updated'").fetchone() != (0,)


def test_loading_again_changes_nothing(loaded: Installation, connection: psycopg.Connection) -> None:
    before = counts(connection)
    with loaded.app.app_context():
        assert not demo.load()
    assert counts(connection) == before


def test_an_interrupted_load_goes_on_with_the_port_that_is_empty(
    loaded: Installation, connection: psycopg.Connection
) -> None:
    before = counts(connection)
    connection.execute("DELETE FROM clients WHERE port_id = (SELECT id FROM ports WHERE slug = 'hanko-itasatama')")
    with loaded.app.app_context():
        assert demo.load()
    assert counts(connection) == before


def test_a_database_that_is_in_use_is_left_alone(committed: Installation) -> None:
    with committed.app.app_context():
        assert not demo.load()
    with committed.database.connect() as connection:
        assert counts(connection) == []


@pytest.mark.parametrize(
    ("changed", "arguments", "said"),
    [
        ({"environment": "production"}, ("demo", "load"), "not for production"),
        ({"database_owner_url": None}, ("demo", "load"), "DATABASE_OWNER_URL is not set"),
        ({"database_owner_url": None}, ("db", "upgrade"), "DATABASE_OWNER_URL is not set"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    committed: Installation, changed: dict[str, Any], arguments: tuple[str, ...], said: str
) -> None:
    done = command(committed.settings.model_copy(update=changed), *arguments)
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert said in done.output
