"""A bulk edit in a real worker: what pages are shown meanwhile, and a worker that is killed."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator

import psutil
import psycopg
import pytest
from flask import Flask

from app.admin.models import Tag
from app.db import commit
from app.dev.processes import wait_until
from app.live.rooms import channel_of
from tests.clients.test_import_kill import (
    backends,
    children,
    has_no_worker,
    is_held,
    one,
    send_again,
    work_off_outbox,
)
from tests.servers import Installation
from tests.world import NORTH, Visitor, enter, user_id

MANAGER = "sales_manager@north.example"
ROWS = 2_400
NEW, URL = "/north/clients/bulk-edits/new", "/north/clients/bulk-edits"
CLIENTS = """
INSERT INTO clients (id, port_id, number, kind, full_name, sort_name, company_name, preferred_name, nationality,
                     languages, source, status, tax_number, street, postcode, town, region, country, created_by_id,
                     version, created_at, updated_at)
SELECT ('01900000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, %s, 5000 + i, 'person', 'Guest ' || i,
       'guest ' || i, '', '', '', '{}', 'manual', 'prospect', '', '', '', '', '', '', %s, 1, now(), now()
FROM generate_series(1, %s) AS i
"""


@pytest.fixture
def inside(committed: Installation) -> Iterator[Flask]:
    app = committed.app
    with committed.database.connect() as connection:
        connection.execute(CLIENTS, (NORTH, user_id(MANAGER), ROWS))
    with app.app_context():
        Tag.create("VIP", "navy", port_id=NORTH, by=enter(MANAGER))
        commit()
    work_off_outbox(app)
    yield app
    with committed.database.connect() as connection:
        connection.execute("TRUNCATE once_keys, clients, change_sets, tags, outbox, events, subject_keys, jobs CASCADE")


@pytest.fixture
def heard(committed: Installation) -> Iterator[Callable[[], list[str]]]:
    """How far it is, as pages are shown, in their order."""
    with committed.redis.pubsub() as subscription:  # type: ignore[no-untyped-call]
        subscription.subscribe(channel_of(committed.redis))
        assert subscription.get_message(timeout=2)["type"] == "subscribe"

        def listen() -> list[str]:
            said = ""
            while message := subscription.get_message(ignore_subscribe_messages=True, timeout=0.5):
                said += message["data"].decode()
            return re.findall(r"([\d,]+ of [\d,]+) records</span>", said)

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
    worker = committed.start_worker()
    # The last client is somebody else's for now, so the worker stops in the middle of its last step.
    with psycopg.connect(committed.database.url("postgres")) as holding:
        holding.execute("SELECT FROM clients WHERE number = %s FOR UPDATE", (5000 + ROWS,))
        begin_tagging(inside)
        assert wait_until(is_waiting_for(committed, 2000), seconds=30)
        held, child = backends(committed), children(worker)[0]
        os.kill(child.pid, signal.SIGKILL)
        assert wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, seconds=10)
    assert wait_until(lambda: has_no_worker(committed, held), seconds=30)
    assert heard()[0] == "1,000 of 2,400"
    assert one(committed, "SELECT count(*) FROM client_tags") == (2000,)

    send_again(inside, committed)
    assert wait_until(lambda: one(committed, "SELECT status FROM change_sets") == ("applied",), seconds=60)
    assert one(committed, "SELECT count(*), count(DISTINCT client_id) FROM client_tags") == (ROWS, ROWS)
    assert one(committed, "SELECT count(*) FROM events WHERE name = 'client:tagged'") == (ROWS,)
    assert one(committed, "SELECT count(*), count(DISTINCT subject_id) FROM change_items") == (ROWS, ROWS)
    assert one(committed, "SELECT total, seen, ending FROM change_sets") == (ROWS, ROWS, "")
    assert wait_until(lambda: one(committed, "SELECT count(*) FROM jobs") == (0,), seconds=10)
    worker.stop()
