"""The database: base classes, columns every table shares, and the unit of work.

A unit of work is one transaction: a request, a job, a reaction. It begins with `begin()` (or with the `enter()`
statement of a request), which sets who acts and for which port, so that row-level security lets the right rows
through; unset means no rows. Only this module commits.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
from flask import current_app, g
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    DateTime,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    UniqueConstraint,
    Uuid,
    event,
    text,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    declared_attr,
    mapped_column,
    registry,
)
from uuid_utils.compat import uuid7

log = structlog.get_logger()

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


TAKE_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended('turn of ' || :id, 0))")


class Base(DeclarativeBase):
    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={datetime: DateTime(timezone=True), uuid.UUID: Uuid(), str: String()},
    )


db = SQLAlchemy(model_class=Base, disable_autonaming=True)


def now() -> datetime:
    """The present moment in UTC; the one clock of the application, so that tests can move it."""
    return datetime.now(UTC)


class Identified:
    """A UUIDv7 key made here rather than in the database, so ids sort by age and are known before the insert."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)


class Timestamped:
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class Versioned:
    """Optimistic locking: a write based on an older version raises StaleDataError (answered with 409)."""

    version: Mapped[int] = mapped_column(Integer)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class PortScoped(Identified):
    """A row of one port. `(port_id, id)` is unique so that other tables can refer to it inside the port only."""

    @declared_attr
    def port_id(cls) -> Mapped[uuid.UUID]:
        return mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"))

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        return cls.port_scoped()

    @classmethod
    def port_scoped(cls, *arguments: Any) -> tuple[Any, ...]:
        """Table arguments of a port-scoped table, for classes that have arguments of their own."""
        return (UniqueConstraint("port_id", "id"), *arguments)


def write(record: Base, **values: Any) -> None:
    """Into a new record or one that is there, inside a savepoint: an index decides between two who come at once, and
    the unit of work goes on. Raises IntegrityError."""
    with db.session.begin_nested():
        for name, value in values.items():
            setattr(record, name, value)
        db.session.add(record)
        db.session.flush()


# --- The unit of work

SET_UNIT = text(
    "SELECT set_config('app.port_id', :port, true), set_config('app.user_id', :user, true),"
    " set_config('app.scope', :scope, true)"
)


PORT_IN_FORCE = text("SELECT nullif(current_setting('app.port_id', true), '')::uuid")


def begin(*, port_id: uuid.UUID | None = None, user_id: uuid.UUID | None = None, scope: str = "") -> None:
    """Say for whom the transaction acts from here on. Settings survive a released savepoint, so each unit of
    work starts with this (a request's `enter()` does the same)."""
    db.session.execute(SET_UNIT, {"port": str(port_id or ""), "user": str(user_id or ""), "scope": scope})


def port_in_force() -> uuid.UUID | None:
    """For which port the unit of work acts."""
    port_id: uuid.UUID | None = db.session.scalar(PORT_IN_FORCE)
    return port_id


def after_commit(act: Callable[[], None]) -> None:
    """Run `act` once the unit of work has committed; forgotten when it rolls back. (SQLAlchemy's own after_commit
    event also fires for savepoints.)"""
    _after_commit().append(act)


def _after_commit() -> list[Callable[[], None]]:
    if "after_commit" not in g:
        g.after_commit = []
    acts: list[Callable[[], None]] = g.after_commit
    return acts


def take_turn(record_id: uuid.UUID) -> None:
    """Until the end of the transaction, and in the order of asking. A row that a job locks step after step goes to
    whoever is fastest, which is the job: who wants to stop it asks for a turn, and so does each step, before the row.
    """
    db.session.execute(TAKE_TURN, {"id": record_id.hex})


def commit() -> None:
    """End the unit of work: commit, then what waited for it."""
    db.session.commit()
    acts = _after_commit()
    while acts:
        acts.pop(0)()


@contextmanager
def beside(failure: str, **about: Any) -> Iterator[None]:
    """For what is not worth the unit of work: in a savepoint, and whatever fails is logged as `failure`. Only a lost
    connection is raised."""
    try:
        with db.session.begin_nested():
            yield
    except Exception as error:  # whatever it is, the unit of work goes on without it
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        log.exception(failure, **about)


def rollback() -> None:
    db.session.rollback()
    _after_commit().clear()
    g.pop("wake_relay", None)


def wake_relay() -> None:
    """Tell the relay that something waits in the outbox, once per unit of work and as a statement of its own:
    NOTIFY inside the transaction would serialise all commits."""
    if "wake_relay" not in g:
        g.wake_relay = True
        after_commit(_notify)


def _notify() -> None:
    g.pop("wake_relay", None)
    try:
        with own_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("NOTIFY outbox"))
    except SQLAlchemyError as error:
        # What it tells of is committed: that must not be answered as a failure, and the relay looks by itself.
        log.warning("relay_not_woken", error=str(error)[:300])


def own_engine() -> Engine:
    """The engine, for what must be committed whatever becomes of the unit of work."""
    engine: Engine = current_app.extensions["engine"]
    return engine


# Connections of a process by role; web takes DB_POOL_SIZE. A worker's child does one job at a time, and its second
# connection is for what is committed apart: blocks of numbers, NOTIFY.
POOL_SIZES = {"worker": 2, "relay": 3, "console": 2}


def engine_options(pool_size: int, *, role: str) -> dict[str, Any]:
    """Engine options: bounded waits everywhere, so that a busy database answers 503 instead of hanging.

    Web requests get a statement timeout of 5 s; jobs and the relay, which wait for nobody, none.
    """
    # A page's statement is over before parallel workers have started: 16 ms with them, 2 ms without.
    timeout = "-c statement_timeout=5000 -c max_parallel_workers_per_gather=0" if role == "web" else ""
    return {
        "pool_size": POOL_SIZES.get(role, pool_size),
        "max_overflow": 0,
        "pool_timeout": 3,
        "pool_recycle": 1800,
        "hide_parameters": True,  # an error in the log names no client
        "connect_args": {
            "connect_timeout": 10,
            "application_name": f"quayside-{role}",
            "options": f"{timeout} -c lock_timeout=4000 -c timezone=UTC".strip(),
        },
    }


def count_statements(engine: Engine) -> None:
    """Note on `g` how many statements the request has sent; shown in the log and bounded in tests."""

    @event.listens_for(engine, "before_cursor_execute")
    def count(*_: object) -> None:
        if current_app:
            g.statements = g.get("statements", 0) + 1


__all__ = [
    "Base",
    "Identified",
    "PortScoped",
    "Timestamped",
    "Versioned",
    "after_commit",
    "begin",
    "beside",
    "commit",
    "count_statements",
    "db",
    "engine_options",
    "now",
    "own_engine",
    "rollback",
    "wake_relay",
    "write",
]
