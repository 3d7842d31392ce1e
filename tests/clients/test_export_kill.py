"""A worker is killed in the middle of an export: another writes the whole file, and nothing is left of the first."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask

from app.dev.processes import wait_until
from app.storage.disk import Disk
from tests.clients.killing import (
    children,
    has_no_worker,
    insert_clients,
    is_held,
    kill_its_child,
    one,
    send_again,
    work_off_outbox,
)
from tests.servers import Installation, Running
from tests.world import Visitor

MANAGER = "sales_manager@north.example"
ROWS = 5_400  # more than go out at the click
# The worker waits with the share that makes it so many, for as long as somebody holds the lock.
DOOR = 2_500
HOLD = f"""
CREATE FUNCTION wait_at_the_door() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock_shared({DOOR}); RETURN NEW; END $$;
CREATE TRIGGER wait_at_the_door BEFORE UPDATE ON exports
FOR EACH ROW WHEN (NEW.done = {DOOR}) EXECUTE FUNCTION wait_at_the_door();
"""


@pytest.fixture
def inside(committed: Installation) -> Iterator[Flask]:
    insert_clients(committed, ROWS, by=MANAGER)
    with committed.database.connect() as connection:
        connection.execute(HOLD)
    yield committed.app
    with committed.database.connect() as connection:
        connection.execute("DROP FUNCTION wait_at_the_door CASCADE")


def files_of(app: Flask) -> list[str]:
    store = app.extensions["storage"]
    assert isinstance(store, Disk)
    return [path.name for path in store.root.rglob("*") if path.is_file()]


def begun(manager: Visitor) -> str:
    answer = manager.post("/north/clients/exports?list=sort%3Dname", {"format": "csv", "extent": "shown"})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def kill_half_way(committed: Installation, app: Flask, worker: Running) -> None:
    with psycopg.connect(committed.database.url("postgres")) as holding:
        holding.execute("SELECT pg_advisory_xact_lock(%s)", (DOOR,))
        work_off_outbox(app)
        assert wait_until(lambda: is_held(committed), seconds=30)
        held, child = kill_its_child(committed, worker)
    assert wait_until(lambda: has_no_worker(committed, held), seconds=30)
    assert wait_until(lambda: children(worker) != [] and children(worker)[0].pid != child.pid, seconds=30)


def is_over(committed: Installation, status: str) -> bool:
    found = one(committed, "SELECT status, (SELECT count(*) FROM jobs) FROM exports ORDER BY id DESC LIMIT 1")
    return found == (status, 0)


def test_killed_it_is_written_anew_and_stopped_it_stays_so(committed: Installation, inside: Flask) -> None:
    with inside.app_context():
        manager = Visitor.of(inside, MANAGER)
    worker, url = committed.start_worker(), begun(manager)
    kill_half_way(committed, inside, worker)
    assert one(committed, "SELECT status, done, total FROM exports") == ("running", DOOR - 500, ROWS)
    page = manager.get(url).text
    assert "2,000 of 5,400" in page
    assert f"{url}/run?_method=DELETE" in page  # nobody has to wait for the next worker
    assert files_of(inside) == []
    assert manager.get(f"{url}/content").status_code == 409

    send_again(inside, committed)
    assert wait_until(lambda: is_over(committed, "finished"), seconds=60)
    assert one(committed, "SELECT done, total FROM exports") == (ROWS, ROWS)
    assert len(files_of(inside)) == 1
    for event in ("export:finished", "data:exported"):
        assert one(committed, f"SELECT count(*) FROM events WHERE name = '{event}'") == (1,)
    link = manager.get(f"{url}/content").headers["Location"]
    rows = list(csv.reader(io.StringIO(manager.get(link).data.decode("utf-8-sig"), newline="")))
    assert sorted(row[0] for row in rows[1:]) == sorted(f"Guest {at}" for at in range(1, ROWS + 1))

    stopped = begun(manager)
    kill_half_way(committed, inside, worker)
    assert manager.delete(f"{stopped}/run").status_code == 303
    send_again(inside, committed)
    assert wait_until(lambda: is_over(committed, "stopped"), seconds=30)
    assert "Nothing of it is kept" in manager.get(stopped).text
    assert len(files_of(inside)) == 1
    again = begun(manager)
    work_off_outbox(inside)
    assert wait_until(lambda: is_over(committed, "finished"), seconds=60)
    assert manager.get(f"{again}/content").status_code == 303
    assert one(committed, "SELECT count(*) FROM events WHERE name = 'export:finished'") == (2,)
