"""The servers and processes of a test run. All of them end with it, also when it is killed."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import psycopg
import redis
from flask import Flask
from psycopg import sql

from app import create_app
from app.config import Settings
from app.dev.processes import answers, end_group, start, stop, wait_until
from app.dev.servers import ROLES, Postgres, Server, Valkey, free_port
from tests import world
from tests.waiting import ROOT, Ended, run, status_of

PROGRAMS = Path(sys.executable).parent
PASSWORD = "only-in-tests"

Holding = Literal["nothing", "cast", "demo"]

# Nothing of a test run has to survive a power cut, and nobody waits for ever for a lock that a test forgot.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    "max_connections": "300",
    "lock_timeout": "30s",
    "statement_timeout": "180s",
}
PATIENCE = 10  # seconds for a connection and for each answer of Redis


def start_postgres(home: Path) -> Postgres:
    postgres = Postgres(home, PASSWORD, FAST)
    postgres.start()
    postgres.make_database("quayside_roles")
    for role in ("quayside_owner", "quayside_app"):
        postgres.set_password(role, PASSWORD)
    return postgres


def start_valkey(home: Path) -> Valkey:
    valkey = Valkey(home, PASSWORD, {"save": '""', "appendonly": "no"})
    valkey.start()
    return valkey


@contextmanager
def away(server: Server) -> Iterator[None]:
    """It runs again afterwards, also for the tests that come after one that failed."""
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def hanging(server: Server) -> Iterator[None]:
    """As when a cable is pulled: connections stay, and nothing comes any more."""
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


@dataclass(frozen=True)
class Database:
    port: int
    name: str

    def url(self, role: str) -> str:
        return f"postgresql://{role}:{PASSWORD}@127.0.0.1:{self.port}/{self.name}"

    def connect(self, role: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(self.url(role), autocommit=True, connect_timeout=PATIENCE)


@dataclass(frozen=True)
class Cluster:
    """The one Postgres of the run, seen from any of its workers."""

    port: int

    def connect(self) -> psycopg.Connection:
        return Database(self.port, "postgres").connect()

    def clone(self, name: str, holding: Holding = "cast") -> Database:
        """A new database with the schema in it and nothing, the cast of tests/world.py or the demo."""
        template = f"quayside_template_{holding}"
        self.make_template(template, holding)
        self.create(name, template=template)
        return Database(self.port, name)

    def empty(self, name: str) -> Database:
        """A new database as it is before the first migration."""
        self.create(name)
        database = Database(self.port, name)
        with database.connect() as connection:
            connection.execute(ROLES.read_bytes())
        return database

    def create(self, name: str, *, template: str = "template1") -> None:
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER quayside_owner STRATEGY file_copy").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )

    def drop(self, name: str) -> None:
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def make_template(self, name: str, holding: Holding) -> None:
        self.make_once("quayside_template_nothing", self.migrate)
        self.make_once(name, self.load_demo if holding == "demo" else self.build_cast)

    def make_once(self, name: str, make: Callable[[str], Database]) -> None:
        """By whichever worker comes first; the others wait for it. A database of this name is a whole one: until then
        it has another."""
        with self.connect() as connection:
            connection.execute("SET lock_timeout = '180s'")
            connection.execute("SELECT pg_advisory_lock(hashtext(%s))", (name,))
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                return
            unfinished = make(f"{name}_unfinished")
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            connection.execute(rename.format(sql.Identifier(unfinished.name), sql.Identifier(name)))

    def migrate(self, name: str) -> Database:
        with TemporaryDirectory(prefix="quayside-template-") as home:
            return self.flask_in(self.empty(name), Path(home), "db", "upgrade")

    def load_demo(self, name: str) -> Database:
        return self.flask_in(self.migrated(name), self.demo_home, "demo", "load")

    @property
    def demo_home(self) -> Path:
        """Where the files of the demo lie, beside the server's own."""
        with self.connect() as connection:
            (data,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        return Path(data).parent / "demo-home"

    def build_cast(self, name: str) -> Database:
        database = self.migrated(name)
        with database.connect("quayside_owner") as owner:
            world.build(owner)
        return database

    def migrated(self, name: str) -> Database:
        self.create(name, template="quayside_template_nothing")
        return Database(self.port, name)

    def flask_in(self, database: Database, home: Path, *arguments: str) -> Database:
        Installation(database, "redis://127.0.0.1:1", home).flask(*arguments)
        return database


class Running:
    """A process of Quayside. `kill()` is what a power cut does to it, `stop()` what an operator does."""

    def __init__(self, command: Sequence[str | Path], environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = start(command, output=output, cwd=ROOT, environment=environment)

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        self.process.kill()
        status_of(self.process)

    def stop(self) -> None:
        stop(self.process)

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


class Installation:
    """A database, a Redis, a directory: what settings name, and the processes that run on them."""

    def __init__(self, database: Database, redis_url: str, home: Path, **changed: str) -> None:
        self.database = database
        self.home = home
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.running: list[Running] = []
        self.environment = {
            "ENVIRONMENT": "development",
            "DATABASE_URL": database.url("quayside_app"),
            "DATABASE_OWNER_URL": database.url("quayside_owner"),
            "REDIS_URL": redis_url,
            "PUBLIC_URL": self.url,
            "SECRET_KEY": "a secret key that only tests know",
            "FIELD_KEYS": "test:" + "0f" * 32,
            "DB_POOL_SIZE": "5",
            "LOG_LEVEL": "warning",
            "PORT": str(self.port),
            "QUAYSIDE_HOME": str(home),
            **changed,
        }

    @cached_property
    def settings(self) -> Settings:
        values: dict[str, Any] = {name.lower(): value for name, value in self.environment.items()}
        return Settings(**values)

    @cached_property
    def app(self) -> Flask:
        return create_app(self.settings)

    @property
    def redis(self) -> "redis.Redis":
        return redis.Redis.from_url(self.settings.redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)

    def flask(self, *arguments: str) -> str:
        """Run a command of the application that succeeds, give its output."""
        ended = self.run(*arguments)
        assert ended.returncode == 0, f"flask {' '.join(arguments)} failed:\n{ended.stdout}{ended.stderr}"
        return ended.stdout

    def run(self, *arguments: str, **changed: str) -> Ended:
        return run([PROGRAMS / "flask", *arguments], environment=self.child_environment(**changed))

    def child_environment(self, **changed: str) -> dict[str, str]:
        path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
        return {
            **os.environ,
            "PATH": path,
            "FLASK_SKIP_DOTENV": "1",
            "TZ": "UTC",
            **self.environment,
            **changed,
        }

    def start_web(self, *, workers: int = 1, port: int | None = None, **changed: str) -> Running:
        port = port or self.port
        web = self.start(
            [PROGRAMS / "gunicorn", "-c", "deploy/gunicorn.py", "--workers", str(workers), "wsgi:app"],
            "web",
            **{"PORT": str(port), **changed},
        )
        return self.when_ready(web, lambda: answers(f"http://localhost:{port}/health/live"))

    def start_relay(self, **changed: str) -> Running:
        relay = self.start([PROGRAMS / "flask", "relay", "run"], "relay", **changed)
        return self.when_ready(relay, lambda: self.has_connection("quayside-relay"))

    def start_worker(self, **changed: str) -> Running:
        worker = self.start([sys.executable, "worker.py"], "worker", **changed)
        return self.when_ready(worker, lambda: self.redis.scard("rq:workers") != 0)

    def start_scheduler(self, **changed: str) -> Running:
        scheduler = self.start([PROGRAMS / "flask", "scheduler", "run"], "scheduler", **changed)
        return self.when_ready(scheduler, lambda: self.redis.zcard("rq:scheduler:scheduled_jobs") != 0)

    def start(self, command: Sequence[str | Path], name: str, **changed: str) -> Running:
        log = self.home / f"{name}-{len(self.running)}.log"
        running = Running(command, self.child_environment(**changed), log)
        self.running.append(running)
        return running

    def when_ready(self, running: Running, is_ready: Any) -> Running:
        started = wait_until(is_ready, seconds=30, process=running.process)
        assert started, f"{running.log.name}: did not start\n{running.output()[-4000:]}"
        return running

    def has_connection(self, name: str) -> bool:
        with self.database.connect() as connection:
            row = connection.execute(
                "SELECT FROM pg_stat_activity WHERE datname = %s AND application_name = %s",
                (self.database.name, name),
            ).fetchone()
        return row is not None

    def stop_all(self) -> None:
        while self.running:
            self.running.pop().stop()

    def end_all(self) -> None:
        """At once, for when nobody asks what they leave behind."""
        for running in self.running:
            end_group(running.pid)
        while self.running:
            status_of(self.running.pop().process)


@dataclass(frozen=True)
class Fragile:
    """An installation whose servers may be stopped, and start again."""

    installation: Installation
    postgres: Postgres
    valkey: Valkey
