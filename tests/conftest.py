"""Fixtures of two kinds. `db`: one transaction that is thrown away after the test; fast, for what happens
inside one process. `committed`: a database of the file's own; for relay, sockets, kills, races and browsers.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from app.config import Settings
from app.db import db as database
from app.dev.servers import Postgres, Valkey
from tests import world
from tests.servers import Cluster, Fragile, Holding, Installation, Running, start_postgres, start_valkey

TESTS = Path(__file__).parent
# What takes longest for how few tests are in it. The browser's come after the others: while one process makes the
# demo for them, the other is still at those.
LONG = [TESTS / name for name in ("jobs", "test_fences.py", "test_run.py", "browser")]
# Files whose tests share nothing that is dear to make: processes take them one by one.
SHARED = {TESTS / name for name in ("test_access.py",)}


class Install(Protocol):
    def __call__(self, holding: Holding, *, redis: Valkey = ...) -> Installation: ...


POSTGRES = pytest.StashKey[Postgres]()
HOME = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    # What the machine happens to set must not reach a test.
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
        os.environ.pop(f"{name.upper()}_FILE", None)
    # A run starts over a hundred processes, each of which would compile the application anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    world.hash_cheaply()
    config.stash[HOME] = Path(tempfile.mkdtemp(prefix="quayside-tests-"))


def pytest_unconfigure(config: pytest.Config) -> None:
    if POSTGRES in config.stash:
        config.stash[POSTGRES].stop()
    shutil.rmtree(config.stash[HOME])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, and what can be shared out comes last, so that the processes of a run end
    together."""

    def turn(item: pytest.Item) -> int:
        if item.path in SHARED:
            return len(LONG) + 1
        places = {item.path, *item.path.parents}
        return next((at for at, one in enumerate(LONG) if one in places), len(LONG))

    items.sort(key=turn)


class Sharing(LoadFileScheduling):  # type: ignore[misc]  # xdist is published without types
    """A file to a process, so that what is made for a file is made once; those in SHARED test by test."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return nodeid if TESTS.parent / file in SHARED else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    return Sharing(config, log) if config.getoption("dist") == "loadfile" else None


def postgres_port(config: pytest.Config) -> int:
    if POSTGRES not in config.stash:
        config.stash[POSTGRES] = start_postgres(config.stash[HOME] / "postgres")
    return config.stash[POSTGRES].port


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """The controller starts the one Postgres of a run on several processes and tells them its port."""
    node.workerinput["postgres_port"] = postgres_port(node.config)


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Cluster:
    given: dict[str, int] = getattr(request.config, "workerinput", {})
    return Cluster(given.get("postgres_port") or postgres_port(request.config))


@pytest.fixture(scope="session")
def valkey(request: pytest.FixtureRequest) -> Iterator[Valkey]:
    server = start_valkey(request.config.stash[HOME] / "valkey")
    yield server
    server.stop()


# --- db: a transaction that is thrown away ---------------------------------------------------------------


@pytest.fixture(scope="session")
def own_installation(
    cluster: Cluster, valkey: Valkey, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    database = cluster.clone(f"quayside_{worker_id}")
    return Installation(database, valkey.url(0), tmp_path_factory.mktemp("home"), PUBLIC_URL="http://localhost")


@pytest.fixture(scope="session")
def settings(own_installation: Installation) -> Settings:
    return own_installation.settings


@pytest.fixture(scope="session")
def app(own_installation: Installation) -> Flask:
    own_installation.app.testing = True
    return own_installation.app


@pytest.fixture
def db(app: Flask, own_installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[SQLAlchemy]:
    """The session inside one transaction: what the test and its requests commit is undone at its end."""
    with app.app_context():
        engine = database.engine
        connection = engine.connect()
        outer = connection.begin()
        monkeypatch.setitem(database.engines, None, connection)
        database.session.configure(join_transaction_mode="create_savepoint")
        yield database
        database.session.remove()
        database.session.configure(join_transaction_mode="conditional_savepoint")
        outer.rollback()
        connection.close()
    own_installation.redis.flushdb()


@pytest.fixture
def visit(app: Flask, db: SQLAlchemy) -> Callable[[str], world.Visitor]:
    """A browser without scripts, signed in: `visit("sales_manager@north.example")`."""
    return lambda email: world.Visitor.of(app, email)


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """The SQL statements sent from here on; BEGIN, COMMIT and savepoints are not counted."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "SAVEPOINT" not in statement:
            sent.append(statement)

    engine = app.extensions["engine"]
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def relayed(app: Flask, db: SQLAlchemy) -> Callable[[], list[str]]:
    """Run the reactions that wait in the outbox, as the relay would; gives the names of the events."""
    return world.relay


# --- committed: a database of the file's own -------------------------------------------------------------


@pytest.fixture(scope="module")
def install(
    cluster: Cluster,
    valkey: Valkey,
    worker_id: str,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Install]:
    """Make the file's own installation; its processes and its database go with the file."""
    made: list[Installation] = []

    def make(holding: Holding, *, redis: Valkey = valkey) -> Installation:
        name = f"quayside_{worker_id}_{request.node.path.stem}_{len(made)}"
        database, home = cluster.clone(name, holding), tmp_path_factory.mktemp("home")
        if holding == "demo":
            shutil.copytree(cluster.demo_home, home, dirs_exist_ok=True)
        made.append(Installation(database, redis.url(1), home))
        made[-1].redis.flushdb()
        return made[-1]

    yield make
    for installation in made:
        installation.end_all()
        cluster.drop(installation.database.name)


@pytest.fixture(scope="module")
def committed(install: Install) -> Installation:
    """With the cast of tests/world.py in it."""
    return install("cast")


@pytest.fixture(scope="module")
def server(committed: Installation) -> Running:
    """The web process, with its address in `committed.url`."""
    return committed.start_web()


@pytest.fixture(scope="session")
def fragile_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """Beside the one of the run, to be stopped and started by a test."""
    valkey = start_valkey(tmp_path_factory.mktemp("fragile") / "valkey")
    yield valkey
    valkey.stop()


@pytest.fixture(scope="session")
def fragile_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    postgres = start_postgres(tmp_path_factory.mktemp("fragile") / "postgres")
    yield postgres
    postgres.stop()


@pytest.fixture(scope="module")
def fragile(
    fragile_postgres: Postgres,
    fragile_valkey: Valkey,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Fragile]:
    """The file's own installation on servers that a test may stop and start."""
    cluster = Cluster(fragile_postgres.port)
    database = cluster.clone(f"quayside_{request.node.path.parent.name}_{request.node.path.stem}")
    installation = Installation(database, fragile_valkey.url(), tmp_path_factory.mktemp("home"))
    installation.redis.flushdb()
    yield Fragile(installation, fragile_postgres, fragile_valkey)
    installation.end_all()
    cluster.drop(database.name)


@pytest.fixture(scope="module")
def unsteady(install: Install, fragile_valkey: Valkey) -> Installation:
    """The file's own installation, of which only the Redis is one that a test may stop and start."""
    return install("cast", redis=fragile_valkey)
