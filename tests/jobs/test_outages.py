"""A service goes away under the running processes and comes back: nothing is lost, nothing doubled."""

import uuid
from collections.abc import Iterator

import pytest
from flask import Flask

from app.db import db, rollback
from app.dev.processes import wait_until
from app.events.registry import EVENTS
from tests.events.conftest import start_follower
from tests.events.happenings import NAME, count_outbox, happen, outbox, published
from tests.jobs.labours import efforts, make_efforts, toil, want
from tests.jobs.workers import held_child, hold, is_done, let_go, start_worker
from tests.servers import Fragile, away


@pytest.fixture(scope="module")
def efforts_of_fragile(fragile: Fragile) -> None:
    make_efforts(fragile.installation.database)


@pytest.fixture
def within(fragile: Fragile, efforts_of_fragile: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setitem(EVENTS, NAME, ())
    with fragile.installation.app.app_context():
        yield fragile.installation.app
    fragile.installation.stop_all()
    fragile.installation.redis.flushdb()
    with fragile.installation.database.connect() as connection:
        connection.execute("TRUNCATE outbox, jobs, efforts")


def test_redis_stopped_and_started(within: Flask, fragile: Fragile, port_id: uuid.UUID) -> None:
    here, subjects = fragile.installation, [uuid.uuid4() for _ in range(3)]
    relay, worker, scheduler = start_follower(here), start_worker(here), here.start_scheduler()
    happen(port_id, subjects[0])
    assert wait_until(lambda: len(published(here)) == 1, seconds=20)

    with away(fragile.valkey):
        for number in range(2):
            for subject in subjects:
                happen(port_id, subject, number)
        job_id = want(toil, port_id, number=1)
        assert wait_until(lambda: "relay_waits" in relay.output(), seconds=20)
        waiting = outbox(here)
        assert [(row["attempts"], row["error"]) for row in waiting] == [(0, None)] * 7

    assert wait_until(lambda: count_outbox(here) == 0, seconds=30)
    assert sorted(published(here)) == sorted((subject, number) for subject in subjects for number in range(2))
    assert wait_until(lambda: is_done(here, job_id), seconds=30)
    assert efforts(here) == [1]
    assert wait_until(lambda: here.redis.zcard("rq:scheduler:scheduled_jobs") != 0, seconds=30)
    assert [running.process.poll() for running in (relay, worker, scheduler)] == [None] * 3


def test_postgres_restarted(within: Flask, fragile: Fragile, port_id: uuid.UUID) -> None:
    here, subject = fragile.installation, uuid.uuid4()
    relay, worker = start_follower(here), start_worker(here)
    happen(port_id, subject, 0)
    assert wait_until(lambda: len(published(here)) == 1, seconds=20)
    hold(here, 1)
    job_id = want(toil, port_id, number=1)
    held_child(here)

    with away(fragile.postgres):
        assert wait_until(lambda: "relay_waits" in relay.output(), seconds=20)
    let_go(here)
    rollback()
    db.engine.dispose()

    happen(port_id, subject, 1)
    assert wait_until(lambda: count_outbox(here) == 0, seconds=30)
    assert published(here) == [(subject, 0), (subject, 1)]
    assert wait_until(lambda: is_done(here, job_id), seconds=30)
    assert efforts(here) == [1]
    assert [running.process.poll() for running in (relay, worker)] == [None] * 2
