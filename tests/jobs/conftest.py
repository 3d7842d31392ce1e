import uuid
from collections.abc import Iterator

import pytest
from flask import Flask

from app.events.relay import Relay
from tests import world
from tests.jobs.labours import make_efforts
from tests.servers import Installation


@pytest.fixture
def port_id() -> uuid.UUID:
    return world.NORTH


@pytest.fixture
def other_port_id() -> uuid.UUID:
    return world.SOUTH


@pytest.fixture(scope="module")
def efforts_table(committed: Installation) -> None:
    make_efforts(committed.database)


@pytest.fixture
def inside(committed: Installation, efforts_table: None) -> Iterator[Flask]:
    """Inside the application, with nothing to be done and an empty Redis after each test."""
    with committed.app.app_context():
        yield committed.app
    committed.stop_all()
    committed.redis.flushdb()
    with committed.database.connect() as connection:
        connection.execute("TRUNCATE outbox, jobs, job_runs, efforts")


def relay(app: Flask) -> None:
    """What the relay would do now."""
    while Relay(app).work_off():
        pass
