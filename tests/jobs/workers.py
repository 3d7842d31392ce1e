"""A worker process whose jobs can be held up and whose children can be killed."""

import sys
import uuid

from flask import Flask
from sqlalchemy import text

from app.db import begin, commit, db, now, rollback
from app.dev.processes import wait_until
from tests.events.happenings import entries
from tests.jobs.conftest import relay
from tests.jobs.labours import job_row
from tests.servers import Installation, Running


def start_worker(installation: Installation, *, jobs_each: int = 1000) -> Running:
    return installation.start([sys.executable, "-m", "tests.jobs", str(jobs_each)], "worker")


def hold(installation: Installation, number: int) -> None:
    installation.redis.set("hold-effort", number)


def held_child(installation: Installation) -> int:
    """The process that has come to the effort that is held up."""
    assert wait_until(lambda: installation.redis.llen("efforts-reached") == 1, seconds=30)
    return int(entries(installation, "efforts-reached")[0])


def let_go(installation: Installation) -> None:
    installation.redis.delete("hold-effort")


def has_heard_the_stop(installation: Installation) -> bool:
    """A worker's child was told to stop and has noted it; it takes no other job."""
    names = installation.redis.smembers("rq:workers")
    return any(installation.redis.hexists(name, "shutdown_requested_date") for name in names)


def is_done(installation: Installation, job_id: uuid.UUID) -> bool:
    return job_row(installation, job_id) is None


def send_again(app: Flask, installation: Installation, job_id: uuid.UUID) -> None:
    """What the sweep does a minute later, when the lease is over."""

    def is_lease_over() -> bool:
        begin()
        found = db.session.execute(text("SELECT id FROM claim_job(:id, :now)"), {"id": job_id, "now": now()}).first()
        rollback()
        return found is not None

    assert wait_until(is_lease_over, seconds=20)
    with installation.database.connect() as connection:
        connection.execute("UPDATE jobs SET sent_at = sent_at - interval '1 hour'")
    begin()
    db.session.execute(text("SELECT sweep_jobs(:now)"), {"now": now()})
    commit()
    relay(app)
