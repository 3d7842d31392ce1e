"""Jobs: work that is done later, in a worker.

A job is a row, written by `.later()` in the transaction that wants it done and deleted in the transaction
that holds its effects. RQ carries only its id, so a lost, late or repeated delivery changes nothing: a worker
first locks the row, and without one there is nothing to do.
"""

from __future__ import annotations

import inspect
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, current_app, g
from sqlalchemy import CheckConstraint, ForeignKey, Index, Row, String, Text, UniqueConstraint, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from .db import Base, Identified, begin, beside, commit, db, now, rollback, wake_relay
from .events.models import System, record
from .logs import mask

if TYPE_CHECKING:
    from rq import Queue

log = structlog.get_logger("quayside.jobs")

LEASE = timedelta(seconds=60)
LONGEST_WAIT = timedelta(hours=1)
MANY = 1_000  # records after which a table may be another one than the planner knows
HANGS_AFTER = timedelta(hours=6)
TELL_EVERY = 0.3  # seconds

Id = uuid.UUID | int


@dataclass(frozen=True)
class QueueKind:
    concurrency: int
    attempts: int


QUEUES = {
    "email": QueueKind(concurrency=5, attempts=5),
    "documents": QueueKind(concurrency=3, attempts=5),
    "notifications": QueueKind(concurrency=10, attempts=3),
    "import": QueueKind(concurrency=1, attempts=1),
    "export": QueueKind(concurrency=2, attempts=3),
    "reports": QueueKind(concurrency=1, attempts=3),
    "webhooks": QueueKind(concurrency=5, attempts=3),
    "maintenance": QueueKind(concurrency=1, attempts=3),
    "ai": QueueKind(concurrency=2, attempts=3),
    "bulk": QueueKind(concurrency=2, attempts=3),
}


class Job(Identified, Base):
    """One piece of work still to be done, or given up within the last week (`failed_at`).

    Rows without a port are the system's own and reached only through functions.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("jsonb_typeof(args) = 'object'", name="args"),
        CheckConstraint("done >= 0 AND total >= 0", name="progress"),
        Index("ix_jobs_port_id", "port_id"),
        Index("ix_jobs_started_by", "started_by"),
        Index("ix_jobs_sent_at", "sent_at", postgresql_where="failed_at IS NULL"),
        Index("ix_jobs_failed_at", "failed_at", postgresql_where="failed_at IS NOT NULL"),
    )

    port_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(String(120))
    args: Mapped[dict[str, Any]] = mapped_column(JSONB)
    queue: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int]
    max_attempts: Mapped[int]
    run_at: Mapped[datetime]
    sent_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    stop_asked_at: Mapped[datetime | None]
    done: Mapped[int]
    total: Mapped[int]
    error: Mapped[str | None] = mapped_column(Text)
    failed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    request_id: Mapped[str | None] = mapped_column(String(64))
    started_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class JobRun(Identified, Base):
    """A recurring job was started for this period, so it is not started again."""

    __tablename__ = "job_runs"
    __table_args__ = (
        UniqueConstraint("name", "port_id", "period", postgresql_nulls_not_distinct=True),
        Index("ix_job_runs_port_id", "port_id"),
    )

    port_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(String(120))
    period: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime]


# --- Saying what is to be done

ADD = text(
    "SELECT add_job(:id, :name, CAST(:args AS jsonb), :queue, :attempts, :is_for_port, :run_at, :now, :request_id)"
)


@dataclass(frozen=True)
class Work:
    """A function that runs as a job. `.later()` has it done; calling it does it now."""

    name: str
    function: Callable[..., None]
    queue: str
    attempts: int
    in_steps: bool
    is_for_port: bool
    failed: Callable[..., None] | None

    def __call__(self, *args: Any, **ids: Any) -> None:
        self.function(*args, **ids)

    def later(self, *, at: datetime | None = None, **ids: Id) -> uuid.UUID:
        """Have it done once the current transaction has committed, not before `at`; returns the job's id.

        It belongs to the port and the user of the transaction. Raises TypeError for anything but ids.
        """
        inspect.signature(self.function).bind(*((None,) if self.in_steps else ()), **ids)
        if not all(isinstance(value, Id) for value in ids.values()):
            raise TypeError(f"{self.name} takes ids only")
        job_id = uuid7()
        db.session.execute(
            ADD,
            {
                "id": job_id,
                "name": self.name,
                "args": json.dumps(ids, default=str),
                "queue": self.queue,
                "attempts": self.attempts,
                "is_for_port": self.is_for_port,
                "run_at": at or now(),
                "now": now(),
                "request_id": g.get("request_id"),
            },
        )
        wake_relay()
        return job_id


WORKS: dict[str, Work] = {}


def job(
    *,
    queue: str,
    attempts: int | None = None,
    in_steps: bool = False,
    is_for_port: bool = True,
    failed: Callable[..., None] | None = None,
) -> Callable[[Callable[..., None]], Work]:
    """Make a function of ids a job. It acts as staff of the port that wanted it, in one transaction, and must
    bear running twice.

    in_steps: it gets `Steps` first and commits in between, as whatever waits for other servers has to.
    is_for_port=False: it belongs to no port and sees none.
    failed: called with `error` and the ids in the transaction that gives the job up.
    """

    def register(function: Callable[..., None]) -> Work:
        work = Work(
            name=f"{function.__module__}.{function.__qualname__}",
            function=function,
            queue=queue,
            attempts=attempts or QUEUES[queue].attempts,
            in_steps=in_steps,
            is_for_port=is_for_port,
            failed=failed,
        )
        WORKS[work.name] = work
        return work

    return register


def ask_to_stop(job_id: uuid.UUID) -> None:
    """A job that commits in steps sees it in its next one (`Steps.is_stopping`)."""
    db.session.execute(update(Job).where(Job.id == job_id, Job.stop_asked_at.is_(None)).values(stop_asked_at=now()))


# --- Sending it to its queue

QUEUE_OF = text("SELECT queue_of_job(:id)")


def send(job_id: uuid.UUID) -> None:
    """Put the id of a job on its queue, unless it waits there already or the job is gone. For the relay."""
    name = db.session.scalar(QUEUE_OF, {"id": job_id})
    if name is None:
        return
    waiting = queue_named(name)
    if waiting.get_job_position(str(job_id)) is not None:
        return
    waiting.enqueue_call(
        "app.jobs.perform",
        args=(str(job_id),),
        job_id=str(job_id),
        timeout=int(HANGS_AFTER.total_seconds()),
        result_ttl=0,
        failure_ttl=3600,
    )


def queue_named(name: str) -> Queue:
    # Three megabytes that a process which only serves pages does without.
    from rq import Queue

    queues: dict[str, Queue] = current_app.extensions["queues"]
    if name not in queues:
        queues[name] = Queue(name, connection=current_app.extensions["redis"])
    return queues[name]


# --- Doing it

CLAIM = text("SELECT * FROM claim_job(:id, :now)")
LOCK_STEP = text("SELECT done, total, stop_asked_at FROM lock_step(:id, :held)")
RENEW = text("SELECT renew_job(:id, :held, :until, :done, :total)")
FINISH = text("SELECT finish_job(:id, :held)")
FAIL = text("SELECT fail_job(:id, :held, :attempts, :error, :run_at, :now)")
ANALYZE_GROWN = text("SELECT analyze_grown()")


class LeaseLost(Exception):
    """Somebody else has taken the job over, or it is gone."""


@dataclass
class Steps:
    """The hold of a running job on its row, for work in several transactions.

    Each step locks the row, does its share and renews the lease; a second delivery meanwhile finds the job
    leased. After a kill the lease runs out, the job is sent again, starts from its beginning and sees in
    `done` how far it was. Between steps no transaction is open: there it may wait for other servers, for less
    than a lease (60 s) at a time.
    """

    job_id: uuid.UUID
    port_id: uuid.UUID | None
    held: datetime | None
    done: int = 0
    total: int = 0
    is_stopping: bool = field(default=False, init=False)
    analyzed: int = field(default=0, init=False)
    told: float = field(default=0, init=False)

    @contextmanager
    def step(self) -> Iterator[None]:
        """One transaction, committed at its end. Raises LeaseLost, which a job lets pass."""
        try:
            act_for(self.port_id)
            found = db.session.execute(LOCK_STEP, {"id": self.job_id, "held": self.held}).first()
            if found is None:
                raise LeaseLost
            self.done, self.total, self.is_stopping = found.done, found.total, found.stop_asked_at is not None
            yield
            self.renew()
        except BaseException:
            rollback()
            raise

    def tell(self, show: Callable[[uuid.UUID], None], subject_id: uuid.UUID, *, is_last: bool = False) -> None:
        """Between two steps: show whoever watches how far it is, a few times a second."""
        if is_last or time.monotonic() - self.told > TELL_EVERY:
            act_for(self.port_id)
            show(subject_id)
            rollback()
            self.told = time.monotonic()

    def advance(self, count: int, *, total: int | None = None) -> None:
        """To be called in a step: this much more is done, of `total`."""
        self.done += count
        self.total = self.total if total is None else total

    def renew(self) -> None:
        until = now() + LEASE
        place = {"id": self.job_id, "held": self.held, "until": until, "done": self.done, "total": self.total}
        if not db.session.scalar(RENEW, place):
            raise LeaseLost
        commit()
        self.held = until
        if self.done - self.analyzed >= MANY:
            self.analyzed = self.done
            analyze_grown()


def analyze_grown() -> None:
    """Tell the planner of tables that have grown to more than twice what it knew: pages whose plans are from before
    would read such a table whole."""
    with beside("not_analyzed"):
        db.session.execute(ANALYZE_GROWN)
    commit()


def act_for(port_id: uuid.UUID | None) -> None:
    """Begin as the system: staff of the port, or of none."""
    begin(port_id=port_id, scope="staff" if port_id else "")


def perform(job_id: str) -> None:
    """What RQ runs. Does nothing when the job is done, given up, not due, leased, or being done elsewhere."""
    begin()
    row = db.session.execute(CLAIM, {"id": job_id, "now": now()}).first()
    if row is None:
        rollback()
        return
    g.request_id = row.request_id
    with structlog.contextvars.bound_contextvars(request_id=row.request_id, job=row.name, job_id=job_id):
        steps = Steps(row.id, row.port_id, row.leased_until, row.done, row.total)
        try:
            _run(row, steps)
            log.info("job_done", done=steps.done or None)
        except LeaseLost:
            rollback()
            log.warning("job_taken_over")
        except Exception as error:  # whatever a job raises is recorded as its failure, and tried again
            rollback()
            log.exception("job_failed", attempt=row.attempts + 1, of=row.max_attempts)
            _fail(row, steps, describe(error))


def _run(row: Row[Any], steps: Steps) -> None:
    work = WORKS[row.name]
    act_for(row.port_id)
    if work.in_steps:
        steps.renew()
        work.function(steps, **_ids(row))
        act_for(row.port_id)
    else:
        work.function(**_ids(row))
    if not db.session.scalar(FINISH, {"id": row.id, "held": steps.held}):
        raise LeaseLost
    commit()


def _ids(row: Row[Any]) -> dict[str, Id]:
    return {name: uuid.UUID(value) if isinstance(value, str) else value for name, value in row.args.items()}


def _fail(row: Row[Any], steps: Steps, error: str) -> None:
    """Note the failure and when to try again, or give the job up; nothing if another delivery has the job."""
    # Without a port, only the user an event is about may write the key of its words; here that is the job.
    begin(port_id=row.port_id, user_id=None if row.port_id else row.id, scope="staff" if row.port_id else "")
    wait = min(timedelta(seconds=2**row.attempts), LONGEST_WAIT)
    place = {"id": row.id, "held": steps.held, "attempts": row.attempts, "error": error}
    is_given_up = db.session.scalar(FAIL, {**place, "run_at": now() + wait, "now": now()})
    if is_given_up:
        _give_up(row, error)
    elif is_given_up is False:
        wake_relay()
    commit()


def _give_up(row: Row[Any], error: str) -> None:
    work = WORKS.get(row.name)
    if work is not None and work.failed is not None:
        with beside("job_failed_to_say_so", job=row.name):  # it is given up whatever its last word comes to
            work.failed(error=error, **_ids(row))
    record(
        "system:jobFailed",
        by=System(),
        subject_type="job",
        subject_id=row.id,
        port_id=row.port_id,
        queue=row.queue,
        job_id=str(row.id),
        error=error,
    )


QUOTED = re.compile(r'(?<=: )"[^"]*"')  # the value, where a message ends with the one it could not read


def describe(error: BaseException) -> str:
    """An error in one line, without the values that a database's answer quotes."""
    if isinstance(error, DBAPIError):
        told = str(error.orig).partition("\n")[0]
        return mask(f"{type(error.orig).__name__}: {re.sub(QUOTED, '…', told)}")
    return mask(f"{type(error).__name__}: {error}")[:2000]


# --- What keeps jobs going


@job(queue="maintenance", is_for_port=False)
def sweep() -> None:
    """Send again what is due and was forgotten: its delivery was lost, or its worker was killed."""
    if db.session.scalar(text("SELECT sweep_jobs(:now)"), {"now": now()}):
        wake_relay()


@job(queue="maintenance", is_for_port=False)
def clear_expired() -> None:
    """Delete ended sessions, old sign-in failures and once-keys, jobs given up a week ago, runs long past, mails and
    links of a month ago."""
    clear = "SELECT clear_expired(:now), clear_jobs(:now), clear_mails(:now), clear_links(:now)"
    db.session.execute(text(clear), {"now": now()})


def init_app(app: Flask) -> None:
    app.extensions["queues"] = {}
