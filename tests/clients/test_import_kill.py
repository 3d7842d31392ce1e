"""A worker is killed in the middle of an import: another goes on, and no row comes in twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

from app.db import begin, commit
from app.dev.processes import wait_until
from app.events.seals import seal_next
from tests.clients.killing import (
    AT_ONCE,
    children,
    has_no_worker,
    is_held,
    kill_its_child,
    one,
    send_again,
    shares_heard,
    start_worker,
    work_off_outbox,
)
from tests.importing import send_file
from tests.servers import Installation
from tests.world import Visitor

ADMIN = "port_admin@north.example"
ROWS = 2 * AT_ONCE + 7


def has_status(installation: Installation, status: str) -> bool:
    return one(installation, "SELECT status FROM imports") == (status,)


@pytest.fixture
def heard(committed: Installation) -> Iterator[Callable[[], list[str]]]:
    with shares_heard(committed, "rows") as listen:
        yield listen


def test_a_killed_import_is_gone_on_with(committed: Installation, heard: Callable[[], list[str]]) -> None:
    app = committed.app
    with app.app_context():
        admin = Visitor.of(app, ADMIN)
    head = "Name,E-mail,Vessel name,Note\n"
    content = "".join([head, *(f"Client {at:02},c{at}@example.com,Vega {at},\n" for at in range(ROWS - 1))])
    url = send_file(admin, f"{content}Last one,last@example.com,Nova,with a note\n".encode()).headers["Location"]
    work_off_outbox(app)
    worker = start_worker(committed)
    assert wait_until(lambda: has_status(committed, "preview"), seconds=30)
    assert heard()[0] == "100 of 207"

    # Only the last row has a note, so the worker stops in the middle of its last share.
    with psycopg.connect(committed.database.url("postgres")) as holding:
        holding.execute("LOCK TABLE client_notes IN ACCESS EXCLUSIVE MODE")
        assert admin.post(f"{url}/run").status_code == 303
        work_off_outbox(app)
        assert wait_until(lambda: is_held(committed), seconds=30)
        assert one(committed, "SELECT created_count, done FROM imports") == (200, 200)
        held, child = kill_its_child(committed, worker)
    assert wait_until(lambda: has_no_worker(committed, held), seconds=30)
    assert heard()[0] == "100 of 207"
    assert one(committed, "SELECT count(*) FROM clients") == (200,)

    send_again(app, committed)
    assert wait_until(lambda: has_status(committed, "finished"), seconds=60)
    assert one(committed, "SELECT count(*), count(DISTINCT full_name) FROM clients") == (ROWS, ROWS)
    assert one(committed, "SELECT count(*) FROM client_contacts") == (ROWS,)
    assert one(committed, "SELECT count(*) FROM client_notes") == (1,)
    assert one(committed, "SELECT created_count, done, new_count FROM imports") == (ROWS, ROWS, ROWS)
    assert one(committed, "SELECT count(*) FROM events WHERE name = 'client:created'") == (ROWS,)
    assert one(committed, "SELECT count(*) FROM events WHERE name = 'import:finished'") == (1,)
    assert wait_until(lambda: one(committed, "SELECT count(*) FROM jobs") == (0,), seconds=10)
    assert children(worker)[0].pid != child.pid
    assert heard()[-1] == "207 of 207"
    assert one(committed, "SELECT count(*), count(DISTINCT client_id) FROM vessels") == (ROWS, ROWS)
    assert one(committed, "SELECT count(*), count(DISTINCT subject_id) FROM change_items") == (2 * ROWS, 2 * ROWS)
    check_what_was_recorded(committed)

    # One client in the middle is held, so the worker stops while it takes back.
    with psycopg.connect(committed.database.url("postgres")) as holding:
        holding.execute("SELECT FROM clients WHERE full_name = 'Client 100' FOR UPDATE")
        assert admin.post("/north/changes/1001/roll-back").status_code == 303
        work_off_outbox(app)
        assert wait_until(lambda: is_held(committed), seconds=30)
        row = one(committed, "SELECT put_back FROM change_sets")
        assert row is not None
        assert 0 < int(str(row[0])) < 2 * ROWS
        held, child = kill_its_child(committed, worker)
    assert wait_until(lambda: has_no_worker(committed, held), seconds=30)
    assert one(committed, "SELECT put_back FROM change_sets") == row
    send_again(app, committed)
    rolled_back = "SELECT status, total, put_back, kept FROM change_sets"
    end = ("rolled_back", 2 * ROWS, 2 * ROWS, 0)
    assert wait_until(lambda: one(committed, rolled_back) == end, seconds=60), one(committed, rolled_back)
    for table, event in (("clients", "client:archived"), ("vessels", "vessel:archived")):
        assert one(committed, f"SELECT count(*) FROM {table} WHERE archived_at IS NULL") == (0,)
        told = f"SELECT count(*), count(DISTINCT subject_id) FROM events WHERE name = '{event}'"
        assert one(committed, told) == (ROWS, ROWS)
    check_what_was_recorded(committed)


def check_what_was_recorded(installation: Installation) -> None:
    """Every event of the bulk act is genuine, and sealed."""
    with installation.app.app_context():
        begin()
        while seal_next():
            pass
        commit()
    said = installation.flask("audit", "verify")
    assert ", 0 not sealed yet;" in said
    assert "Nothing was altered, removed or inserted." in said
