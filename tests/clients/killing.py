"""What tests of killed workers share: a real one is held in the middle of its job, killed, and its job sent again."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
from flask import Flask

from app.db import begin, commit
from app.dev.processes import wait_until
from app.events.relay import Relay
from app.jobs import sweep
from app.live.rooms import channel_of
from tests.servers import Installation, Running
from tests.world import NORTH, user_id

AT_ONCE = 100

CLIENTS = """
INSERT INTO clients (id, port_id, number, kind, full_name, sort_name, company_name, preferred_name, nationality,
                     languages, source, status, tax_number, street, postcode, town, region, country, created_by_id,
                     version, created_at, updated_at)
SELECT ('01900000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, %s, 5000 + i, 'person', 'Guest ' || i,
       'guest ' || i, '', '', '', '{}', 'manual', 'prospect', '', '', '', '', '', '', %s, 1, now(), now()
FROM generate_series(1, %s) AS i
"""


def insert_clients(installation: Installation, count: int, *, by: str) -> None:
    """Guest 1 and so on, with the numbers from 5001 on."""
    with installation.database.connect() as connection:
        connection.execute(CLIENTS, (NORTH, user_id(by), count))


def start_worker(installation: Installation) -> Running:
    """One that takes AT_ONCE records at once."""
    worker = installation.start([sys.executable, "-m", "tests.clients", str(AT_ONCE)], "worker")
    return installation.when_ready(worker, lambda: installation.redis.scard("rq:workers") != 0)


def work_off_outbox(app: Flask) -> None:
    while Relay(app).work_off():
        pass


def one(installation: Installation, statement: str) -> tuple[object, ...] | None:
    with installation.database.connect() as connection:
        return connection.execute(statement).fetchone()


def is_held(installation: Installation) -> bool:
    return one(
        installation,
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'quayside-worker'"
        " AND wait_event_type = 'Lock' AND datname = current_database()",
    ) == (1,)


def has_no_worker(installation: Installation, pids: set[int]) -> bool:
    """Whether Postgres, too, has noticed that the killed child is gone."""
    with installation.database.connect() as connection:
        found = {
            pid
            for (pid,) in connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'quayside-worker'"
            )
        }
    return not found & pids


def backends(installation: Installation) -> set[int]:
    with installation.database.connect() as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'quayside-worker'"
            " AND wait_event_type = 'Lock' AND datname = current_database()"
        ).fetchall()
    return {pid for (pid,) in rows}


def children(worker: Running) -> list[psutil.Process]:
    return psutil.Process(worker.pid).children()


def send_again(app: Flask, installation: Installation) -> None:
    """A minute later the lease of the killed child is over, and the sweep sends its job again."""
    with installation.database.connect() as connection:
        connection.execute(
            "UPDATE jobs SET leased_until = now() - interval '1 second', sent_at = now() - interval '1 hour'"
        )
    with app.app_context():
        begin()
        sweep()
        commit()
    work_off_outbox(app)


def kill_its_child(installation: Installation, worker: Running) -> tuple[set[int], psutil.Process]:
    """What it had open in the database, and what it was."""
    held, child = backends(installation), children(worker)[0]
    os.kill(child.pid, signal.SIGKILL)
    assert wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, seconds=10)
    return held, child


@contextmanager
def shares_heard(installation: Installation, what: str) -> Iterator[Callable[[], list[str]]]:
    """How far it is, as pages are shown (`100 of 207`), in their order."""
    with installation.redis.pubsub() as subscription:  # type: ignore[no-untyped-call]
        subscription.subscribe(channel_of(installation.redis))
        assert subscription.get_message(timeout=2)["type"] == "subscribe"

        def listen() -> list[str]:
            said = ""
            while message := subscription.get_message(ignore_subscribe_messages=True, timeout=0.5):
                said += message["data"].decode()
            return re.findall(rf"([\d,]+ of [\d,]+) {what}</span>", said)

        yield listen
