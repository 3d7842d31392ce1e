"""Jobs that no module knows. What they do are rows of the table `efforts`, which `make_efforts` makes.

While the key `hold-effort` of Redis is the number of an effort, that effort stops after its row is written
and before it is committed, and says so, with the process it runs in, in the list `efforts-reached`.
"""

import os
import uuid
from typing import Any

import redis
from flask import current_app
from sqlalchemy import text

from app.db import begin, commit, db
from app.dev.processes import wait_until
from app.jobs import Steps, Work, job
from tests.servers import Database, Installation

EFFORT = text("INSERT INTO efforts (port, number, pid) VALUES (current_setting('app.port_id'), :number, :pid)")


def make_efforts(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("CREATE TABLE efforts (port text, number int, pid int)")
        connection.execute("ALTER TABLE efforts OWNER TO quayside_owner")
        connection.execute("GRANT SELECT, INSERT ON efforts TO quayside_app")


def efforts(installation: Installation) -> list[int]:
    with installation.database.connect() as connection:
        return [number for (number,) in connection.execute("SELECT number FROM efforts ORDER BY number, pid")]


def job_row(installation: Installation, job_id: uuid.UUID) -> dict[str, Any] | None:
    with installation.database.connect() as connection:
        row = connection.execute("SELECT to_jsonb(j) FROM jobs j WHERE id = %s", (job_id,)).fetchone()
    return row[0] if row else None


def want(work: Work, port_id: uuid.UUID | None, **ids: int) -> uuid.UUID:
    """One committed job."""
    begin(port_id=port_id, scope="staff" if port_id else "")
    job_id = work.later(at=None, **ids)
    commit()
    return job_id


def make_effort(number: int) -> None:
    db.session.execute(EFFORT, {"number": number, "pid": os.getpid()})
    server: redis.Redis = current_app.extensions["redis"]
    if server.get("hold-effort") == str(number).encode():
        server.rpush("efforts-reached", os.getpid())
        assert wait_until(lambda: not server.exists("hold-effort"), seconds=60)


@job(queue="maintenance")
def toil(*, number: int) -> None:
    make_effort(number)


@job(queue="maintenance", is_for_port=False)
def keep_house(*, number: int) -> None:
    make_effort(number)


@job(queue="import", in_steps=True)
def count_up(steps: Steps, *, until: int) -> None:
    while steps.done < until:
        with steps.step():
            if steps.is_stopping:
                make_effort(1000)
                return
            make_effort(steps.done)
            steps.advance(1, total=until)


@job(queue="import", in_steps=True)
def make_many(steps: Steps, *, until: int) -> None:
    many = text("INSERT INTO efforts SELECT current_setting('app.port_id'), i FROM generate_series(1, :until) AS i")
    with steps.step():
        db.session.execute(many, {"until": until})
        steps.advance(until)


def note_failure(*, error: str, number: int) -> None:
    make_effort(-number)


@job(queue="maintenance", attempts=3, failed=note_failure)
def stumble(*, number: int) -> None:
    make_effort(number)
    raise ValueError("write to mats.berg@nimara.example")


@job(queue="import", in_steps=True)
def stumble_on_the_way(steps: Steps, *, until: int) -> None:
    with steps.step():
        make_effort(0)
        steps.advance(1, total=until)
    with steps.step():
        make_effort(1)
        raise ValueError("broken row")
