"""The relay: takes what commits have left in the outbox, oldest first, and lets the reactions follow it or
sends the job to its queue.

A row is deleted in the transaction that claimed it, after everything has been done, so a killed relay does a
row again rather than never. Rows of one subject come one after the other, also with several relays. What
fails is tried again, later and later, while its subject waits; after ten times it is set aside with an alert.
"""

from __future__ import annotations

import signal
import time
from datetime import timedelta
from types import FrameType
from typing import Any

import psycopg
import redis.exceptions
import structlog
from flask import Flask, current_app, g
from flask.cli import AppGroup
from sqlalchemy import Row, select, text
from sqlalchemy.exc import DBAPIError

from ..config import Settings
from ..db import begin, beside, commit, db, now
from ..jobs import describe, send
from .models import Event, System, record
from .reactions import react

log = structlog.get_logger("quayside.relay")

BATCH = 50
# NOTIFY wakes the relay at once; this is for what was committed by somebody who then died.
LOOK_EVERY = 0.2
FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0

# Redis is not there, or not able to take anything: nobody's failure, so the rows just wait.
REDIS_AWAY = (
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.ReadOnlyError,
)


def is_redis_away(error: BaseException) -> bool:
    """Also one that is there and cannot write to its disk: redis-py has no class of its own for that."""
    return isinstance(error, REDIS_AWAY) or (
        isinstance(error, redis.exceptions.ResponseError) and str(error).startswith("MISCONF")
    )


CLAIM = text("SELECT * FROM claim_outbox(:limit, :now)")
FINISH = text("SELECT finish_outbox(:ids)")
FAIL = text("SELECT fail_outbox(:id, :error, :retry_at, :now)")
EVENT_WITHOUT_PORT = text("SELECT * FROM event_without_port(:outbox)")


class Relay:
    def __init__(self, app: Flask) -> None:
        self.app = app
        self.settings: Settings = app.extensions["settings"]
        self.is_stopping = False
        self.wait = FIRST_WAIT

    def run(self) -> None:
        """Until told to stop; waits for Postgres and Redis as long as it takes."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        while not self.is_stopping:
            try:
                self.follow()
            except (DBAPIError, psycopg.Error, redis.exceptions.RedisError) as error:
                log.warning("relay_waits", error=describe(error), seconds=self.wait)
                time.sleep(self.wait)
                self.wait = min(self.wait * 2, LONGEST_WAIT)

    def stop(self, _signal: int = signal.SIGTERM, _frame: FrameType | None = None) -> None:
        """After the row in hand."""
        self.is_stopping = True

    def follow(self) -> None:
        address = self.settings.database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        with psycopg.connect(
            address, autocommit=True, connect_timeout=10, application_name="quayside-relay-listen"
        ) as connection:
            connection.execute("LISTEN outbox")
            while not self.is_stopping:
                if not self.work_off():
                    for _ in connection.notifies(timeout=LOOK_EVERY, stop_after=1):
                        pass

    def work_off(self) -> bool:
        """Claim one batch and do it; whether there was anything."""
        with self.app.app_context():
            begin()
            rows = db.session.execute(CLAIM, {"limit": BATCH, "now": now()}).all()
            done: list[int] = []
            try:
                for row in rows:
                    if not self.is_stopping and deal_with(row):
                        done.append(row.id)
            except redis.exceptions.RedisError:
                finish(done)
                raise
            finish(done)
            self.wait = FIRST_WAIT
            return bool(rows)


def finish(done: list[int]) -> None:
    if done:
        begin()  # the outbox of all ports is dealt with while no port is in force
        db.session.execute(FINISH, {"ids": done})
    commit()


def deal_with(row: Row[Any]) -> bool:
    """Do what the row says, all of it or nothing; whether that is done."""
    g.request_id = row.request_id
    with structlog.contextvars.bound_contextvars(request_id=row.request_id, outbox_id=row.id):
        try:
            with db.session.begin_nested():
                carry(row)
            return True
        except Exception as error:  # whatever a reaction raises holds up its own subject only
            if is_redis_away(error) or (isinstance(error, DBAPIError) and error.connection_invalidated):
                raise
            log.exception("reaction_failed", attempt=row.attempts + 1)
            put_off(row, describe(error))
            return False


def carry(row: Row[Any]) -> None:
    # What was read for another port must not be found in the session.
    db.session.expunge_all()
    if row.job_id is not None:
        begin()
        send(row.job_id)
    elif (event := event_of(row)) is not None:
        react(event)


def event_of(row: Row[Any]) -> Event | None:
    """The event, with its port in force; for one without a port, its actor."""
    if row.port_id is not None:
        begin(port_id=row.port_id, scope="staff")
        return db.session.get(Event, row.event_id)
    begin()
    found = select(Event).from_statement(EVENT_WITHOUT_PORT)
    event: Event | None = db.session.scalar(found, {"outbox": row.id})
    begin(user_id=event.actor_id if event else None)
    return event


def put_off(row: Row[Any], error: str) -> None:
    retry_at = now() + timedelta(seconds=2**row.attempts)
    place = {"id": row.id, "error": error, "retry_at": retry_at, "now": now()}
    begin()
    if db.session.scalar(FAIL, place):
        log.error("set_aside", subject=row.subject, error=error)
        with beside("alert_not_raised", subject=row.subject):  # the log has said it, and the other subjects go on
            raise_alert(row, error)


def raise_alert(row: Row[Any], error: str) -> None:
    about = row.event_id or row.job_id
    # Without a port, only the user whom an event is about may write the key of its words; here, this id.
    begin(port_id=row.port_id, user_id=None if row.port_id else about, scope="staff" if row.port_id else "")
    record(
        "system:alert",
        by=System(),
        subject_type="outbox",
        subject_id=about,
        port_id=row.port_id,
        severity="error",
        text=f"Set aside after ten attempts: {row.subject}. {error}",
    )


cli = AppGroup("relay", help="The process that follows events.")


@cli.command("run")
def run() -> None:
    """Follow the outbox until stopped."""
    from .. import create_app  # the package that imports this module

    Relay(create_app(current_app.extensions["settings"], role="relay")).run()


def init_app(app: Flask) -> None:
    app.cli.add_command(cli)
