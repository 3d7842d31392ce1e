"""The servers and processes of the bench: their own, with the settings of production."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from app.db import commit, now
from app.dev.home import held
from app.dev.processes import answers
from app.dev.servers import Postgres, Valkey
from bench import harbour
from tests import world
from tests.servers import PASSWORD, PROGRAMS, Database, Installation, Running

DATABASE = "bench"

# As `make run` has it but for the memory of a small real server; every commit reaches the disk.
POSTGRES = {"shared_buffers": "512MB", "max_connections": "200", "max_wal_size": "4GB"}
VALKEY = {"save": '""', "appendonly": "no"}

# Nobody who holds a role in the port, so that the list has no more colleagues than a port has.
WATCHERS = [f"watcher-{number}@quayside.example" for number in range(60)]
MANAGER = "sales_manager@north.example"
BOTH = "both@quayside.example"  # for the port next door, where lies what must not weigh on the rows of this one


def home() -> Path:
    return Path(os.environ.get("QUAYSIDE_HOME") or "var").resolve() / "bench"


@dataclass
class Site:
    """Everything that runs. `url` answers with the application and, below /bench/, its bare views."""

    installation: Installation
    postgres: Postgres
    rows: int

    @property
    def url(self) -> str:
        return self.installation.url

    @property
    def database(self) -> Database:
        return self.installation.database

    def connect(self) -> psycopg.Connection:
        """As the superuser, who sees everything."""
        return self.postgres.connect(DATABASE)

    def start_web(self, *, workers: int) -> Running:
        """The web process with `workers` workers on the loopback interface alone."""
        bind = f"127.0.0.1:{self.installation.port}"
        options = ["-c", "deploy/gunicorn.py", "--bind", bind, "--workers", str(workers)]
        web = self.installation.start([PROGRAMS / "gunicorn", *options, "bench.wsgi:app"], "web")
        return self.installation.when_ready(web, lambda: answers(f"{self.url}/health/live"))

    def tokens(self, emails: list[str]) -> list[str]:
        """A signed-in session for each."""
        with self.installation.app.app_context():
            tokens = [world.start_session(email) for email in emails]
            commit()
        return tokens

    def wait_for_relay(self, seconds: float = 60) -> None:
        """Until the outbox is empty."""
        end = time.monotonic() + seconds
        with self.connect() as connection:
            while connection.execute("SELECT 1 FROM outbox LIMIT 1").fetchone():
                assert time.monotonic() < end, "the relay does not keep up"
                time.sleep(0.05)


@contextmanager
def running(rows: int) -> Iterator[Site]:
    """Servers with the harbour in them; made at the first run, kept for the next."""
    place = home()
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with held(place):
        for log in place.glob("*.log"):
            log.unlink()
        postgres = Postgres(place / "postgres", PASSWORD, POSTGRES)
        valkey = Valkey(place / "valkey", PASSWORD, VALKEY)
        try:
            postgres.start()
            valkey.start()
            yield prepared(postgres, valkey, place, rows)
        finally:
            valkey.stop()
            postgres.stop()


def prepared(postgres: Postgres, valkey: Valkey, place: Path, rows: int) -> Site:
    known = f"{DATABASE} {rows} {harbour_digest()}"
    mark = place / "loaded"
    if not mark.exists() or mark.read_text() != known:
        mark.unlink(missing_ok=True)
        with postgres.connect("postgres") as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
    postgres.make_database(DATABASE)
    for role in ("quayside_owner", "quayside_app"):
        postgres.set_password(role, PASSWORD)
    installation = Installation(
        Database(postgres.port, DATABASE),
        valkey.url(),
        place,
        ENVIRONMENT="production",
        LOG_LEVEL="info",
        DB_POOL_SIZE="20",
    )
    site = Site(installation, postgres, rows)
    installation.flask("db", "upgrade")
    with site.connect() as connection:
        if not mark.exists():
            began = time.monotonic()
            people(connection)
            harbour.fill(connection, rows)
            mark.write_text(known)
            print(f"{rows:,} clients loaded in {time.monotonic() - began:.0f} s", flush=True)
        harbour.freshen(connection, now())
        connection.execute("ANALYZE clients")
    return site


def harbour_digest() -> str:
    """Changes with what the harbour is made of."""
    return hashlib.sha256(Path(harbour.__file__).read_bytes()).hexdigest()[:16]


def people(connection: psycopg.Connection) -> None:
    """The cast of the tests, and watchers for five hundred sockets at ten a user."""
    world.build(connection)
    for email in WATCHERS:
        connection.execute(
            "INSERT INTO users (id, email, name, is_super_admin, is_active, preferences, created_at, updated_at)"
            " VALUES (%s, %s, 'Watcher', true, true, '{}', %s, %s)",
            (world.user_id(email), email, now(), now()),
        )


def workers_of(web: Running) -> list[psutil.Process]:
    return psutil.Process(web.pid).children()


def memory_of(web: Running) -> int:
    """Bytes held by the workers of the web process (resident, as the kernel counts them)."""
    return sum(worker.memory_info().rss for worker in workers_of(web))
