"""What is done again and again, and the process that starts it.

rq-scheduler only enqueues `tick(name)` at the moments below. A tick notes in `job_runs` that the job was
started for this period and writes its row, in one transaction, so a tick that comes twice, late, or from two
schedulers starts one job.
"""

from __future__ import annotations

import signal
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from croniter import croniter
from flask import Flask, current_app
from flask.cli import AppGroup
from redis import Redis
from redis.exceptions import RedisError
from rq_scheduler import Scheduler
from sqlalchemy import text
from uuid_utils.compat import uuid7

from .config import Settings, extend_environment
from .db import begin, commit, db, now
from .events.seals import seal_events
from .files.jobs import clean_up
from .jobs import WORKS, act_for, clear_expired, sweep
from .notifications.jobs import send_digests

log = structlog.get_logger("quayside.schedule")


@dataclass(frozen=True)
class Recurring:
    """A job and when it is due, as cron writes it: in UTC, or in each port's own time.

    In port time it is done once a day, on the first tick after the hour has passed there. `in_each_port`: at the same
    instant, once for every port.
    """

    name: str
    job: str
    cron: str
    in_port_time: bool = False
    in_each_port: bool = False

    @property
    def ticks(self) -> str:
        """When to look whether it is due: what is rare every quarter of an hour, so that an instant missed
        while something was away is made up for."""
        return self.cron if self.cron.startswith("*") else "*/15 * * * *"


RECURRING = (
    Recurring("session-cleanup", clear_expired.name, "0 4 * * *"),
    Recurring("outbox-sweep", sweep.name, "* * * * *"),
    Recurring("event-seal", seal_events.name, "*/5 * * * *"),
    Recurring("temp-file-cleanup", clean_up.name, "0 5 * * *", in_port_time=True),
    # Named, since the core imports no module.
    Recurring("document-expiry", "app.vessels.jobs.remind_of_documents", "0 9 * * *", in_port_time=True),
    Recurring("tenure-expiry-check", "app.berths.jobs.check_tenures", "0 8 * * *", in_port_time=True),
    Recurring("image-cleanup", "app.changes.jobs.forget_images", "0 3 * * *", in_port_time=True),
    Recurring("privacy-cleanup", "app.clients.privacy.forgetting.forget_old", "0 3 * * *", in_port_time=True),
    Recurring("search-cleanup", "app.search.forgetting.forget_words", "0 4 * * *", in_port_time=True),
    Recurring("duplicate-scan", "app.clients.duplicates.scan.scan_for_duplicates", "0 1 * * *", in_port_time=True),
    Recurring("hold-and-offer-expiry", "app.berths.jobs.release_holds", "*/5 * * * *", in_each_port=True),
    # Ahead of tenure-expiry-check, so that the one before is not told to have ended with nobody to follow.
    Recurring("tenure-begin", "app.interests.jobs.begin_tenures", "0 6 * * *", in_port_time=True),
    Recurring("lead-category", "app.interests.jobs.cool_leads", "0 7 * * *", in_port_time=True),
    Recurring("follow-up-check", "app.interests.jobs.follow_up_interests", "0 7 * * *", in_port_time=True),
    Recurring("recommendations", "app.interests.recommendations.jobs.look_for_all", "0 2 * * *", in_port_time=True),
    Recurring("reminder-check", "app.reminders.jobs.ring_reminders", "*/5 * * * *", in_each_port=True),
    Recurring("reminder-overdue-check", "app.reminders.jobs.tell_of_overdue", "0 8 * * *", in_port_time=True),
    Recurring("notification-digest", send_digests.name, "0 17 * * *", in_port_time=True),
)

# --- A tick, in a worker

START = text("SELECT start_run(:id, :name, :period, :now)")
PORTS = text("SELECT id, timezone FROM ports_by_zone()")


def tick(name: str) -> None:
    """Start what is due and not started yet for this period. Raises KeyError for a name not in the table."""
    recurring = {row.name: row for row in RECURRING}[name]
    if recurring.in_port_time:
        tick_ports(recurring)
        return
    period = f"{last_instant(recurring.cron, now()):%Y-%m-%dT%H:%MZ}"
    for port_id in all_ports() if recurring.in_each_port else [None]:
        start(recurring, port_id, period)


def all_ports() -> list[uuid.UUID]:
    begin()
    return [port.id for port in db.session.execute(PORTS)]


def tick_ports(recurring: Recurring) -> None:
    begin()
    ports = db.session.execute(PORTS).all()
    for port in ports:
        local = now().astimezone(ZoneInfo(port.timezone)).replace(tzinfo=None)
        due = last_instant(recurring.cron, local)
        if due.date() == local.date():
            start(recurring, port.id, due.date().isoformat())


def last_instant(cron: str, moment: datetime) -> datetime:
    """The latest instant of the cron expression at or before the moment."""
    # get_prev() never answers its own starting point, so it starts a little later.
    instant: datetime = croniter(cron, moment.replace(microsecond=999_999)).get_prev(datetime)
    return instant


def start(recurring: Recurring, port_id: uuid.UUID | None, period: str) -> None:
    act_for(port_id)
    place = {"id": uuid7(), "name": recurring.name, "period": period, "now": now()}
    if db.session.scalar(START, place):
        WORKS[recurring.job].later()
    commit()


# --- The scheduler

LOOK_EVERY = 5
WAIT = 2.0
# Ticks take a moment each, and so stand on the queue that most workers serve: a long clean-up must not hold
# them up.
QUEUE = "notifications"


class Clock(Scheduler):  # type: ignore[misc]  # rq-scheduler carries no types
    """rq-scheduler that keeps its schedule the same as the table, while it holds the lock that only one can
    hold."""

    def __init__(self, connection: Redis, table: Iterable[Recurring] = RECURRING) -> None:
        super().__init__(connection=connection, interval=LOOK_EVERY)
        self.table = {f"tick-{row.name}": row for row in table}

    def enqueue_jobs(self) -> Any:
        self.register()
        return super().enqueue_jobs()

    def register(self) -> None:
        """Drop what is not in the table, or at another time; add what is missing. What is there stays as it
        is: written anew, an instant that is due but not yet enqueued would be passed over."""
        kept = set()
        for job in list(self.get_jobs()):
            row = self.table.get(job.id)
            if row is not None and job.meta.get("cron_string") == row.ticks:
                kept.add(job.id)
            else:
                self.cancel(job)
        for job_id, row in self.table.items():
            if job_id not in kept:
                self.cron(row.ticks, "app.schedule.tick", args=(row.name,), id=job_id, queue_name=QUEUE)

    def _install_signal_handlers(self) -> None:
        """Left to `run_scheduler`: rq-scheduler's own first speak to Redis, which may be what is away."""


def run_scheduler(settings: Settings) -> None:
    """Until stopped. While another scheduler is active this one waits for its turn; while Redis is away, for
    Redis."""
    # rq-scheduler reads cron in the machine's zone.
    extend_environment({"TZ": "UTC"})
    time.tzset()
    is_stopping = False

    def stop(*_: object) -> None:
        nonlocal is_stopping
        is_stopping = True
        raise SystemExit

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    connection = Redis.from_url(settings.redis_url, socket_connect_timeout=5, socket_timeout=10)
    while True:
        clock = Clock(connection)
        try:
            clock.run()
        except RedisError as error:
            if is_stopping:
                return
            log.warning("scheduler_waits", error=str(error), seconds=WAIT)
            time.sleep(WAIT)


cli = AppGroup("scheduler", help="The process that starts recurring jobs.")


@cli.command("run")
def run() -> None:
    """Enqueue the ticks of recurring jobs until stopped."""
    run_scheduler(current_app.extensions["settings"])


def init_app(app: Flask) -> None:
    app.cli.add_command(cli)
