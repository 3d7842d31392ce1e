import sys
import uuid
from collections.abc import Iterator

import pytest
from flask import Flask

from app.events import reactions
from app.events.registry import EVENTS
from tests import world
from tests.events.happenings import NAME
from tests.servers import Installation, Running


@pytest.fixture
def port_id() -> uuid.UUID:
    return world.NORTH


@pytest.fixture
def happenings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event `test:happened` exists, and nothing follows it yet."""
    monkeypatch.setitem(EVENTS, NAME, ())
    monkeypatch.setitem(reactions._reactions, NAME, [])


@pytest.fixture
def inside(committed: Installation, happenings: None) -> Iterator[Flask]:
    """Inside the application, with an empty outbox and an empty Redis before and after."""
    with committed.app.app_context():
        yield committed.app
    committed.stop_all()
    committed.redis.flushdb()
    with committed.database.connect() as connection:
        connection.execute("TRUNCATE outbox, jobs, job_runs")


def start_follower(installation: Installation, *, look_every: float = 0.2) -> Running:
    """A relay process that follows `test:happened`."""
    return installation.start([sys.executable, "-m", "tests.events.happenings", str(look_every)], "follower")
