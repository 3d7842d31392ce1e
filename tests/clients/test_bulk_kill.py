"""A bulk edit in a real worker: what pages are shown meanwhile, and a worker that is killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from flask import Flask

from app.db import commit
from app.dev.processes import wait_until
from app.tags.models import Tag
from tests.clients.killing import (
    AT_ONCE,
    has_no_worker,
    insert_clients,
    is_held,
    kill_its_child,
    one,
    send_again,
    shares_heard,
    start_worker,
    work_off_outbox,
)
from tests.servers import Installation
from tests.world import NORTH, Visitor, enter

MANAGER = "sales_manager@north.example"
ROWS = 2 * AT_ONCE + 40
NEW, URL = "/north/clients/bulk-edits/new", "/north/clients/bulk-edits"


@pytest.fixture
def inside(committed: Installation) -> Iterator[Flask]:
    app = committed.app
    insert_clients(committed, ROWS, by=MANAGER)
    with app.app_context():
        Tag.create("VIP", "navy", port_id=NORTH, by=enter(MANAGER))
        commit()
    work_off_outbox(app)
    yield app
    with committed.database.connect() as connection:
        connection.execute("TRUNCATE once_keys, clients, change_sets, tags, outbox, events, subject_keys, jobs CASCADE")


@pytest.fixture
def heard(committed: Installation) -> Iterator[Callable[[], list[str]]]:
    with shares_heard(committed, "records") as listen:
        yield listen


def begin_tagging(app: Flask) -> None:
    with app.app_context():
        manager = Visitor.of(app, MANAGER)
    form = {**manager.form(f"{NEW}?act=tag&all=1"), "name": "VIP"}
    answer = manager.post(URL, form)
    assert answer.status_code == 303, answer.text
    work_off_outbox(app)


def is_waiting_for(committed: Installation, number: int) -> Callable[[], bool]:
    return lambda: (
        one(committed, f"SELECT seen FROM change_sets WHERE seen = {number}") is not None and is_held(committed)
    )


def test_a_killed_bulk_edit_is_gone_on_with(
    committed: Installation, inside: Flask, heard: Callable[[], list[str]]
) -> None:
    worker = start_worker(committed)
    # The last client is somebody else's for now, so the worker stops in the middle of its last step.
    with psycopg.connect(committed.database.url("postgres")) as holding:
        holding.execute("SELECT FROM clients WHERE number = %s FOR UPDATE", (5000 + ROWS,))
        begin_tagging(inside)
        assert wait_until(is_waiting_for(committed, 200), seconds=30)
        held, _child = kill_its_child(committed, worker)
    assert wait_until(lambda: has_no_worker(committed, held), seconds=30)
    assert heard()[0] == "100 of 240"
    assert one(committed, "SELECT count(*) FROM client_tags") == (200,)

    send_again(inside, committed)
    assert wait_until(lambda: one(committed, "SELECT status FROM change_sets") == ("applied",), seconds=60)
    assert one(committed, "SELECT count(*), count(DISTINCT client_id) FROM client_tags") == (ROWS, ROWS)
    assert one(committed, "SELECT count(*) FROM events WHERE name = 'client:tagged'") == (ROWS,)
    assert one(committed, "SELECT count(*), count(DISTINCT subject_id) FROM change_items") == (ROWS, ROWS)
    assert one(committed, "SELECT total, seen, ending FROM change_sets") == (ROWS, ROWS, "")
    assert wait_until(lambda: one(committed, "SELECT count(*) FROM jobs") == (0,), seconds=10)
    worker.stop()
