"""`make run`: Quayside on one machine, with the servers it needs, in one terminal.

With a command behind it (`python -m app.dev flask db revision -m docks`) only the servers start, and the command runs
with the same settings, while `make run` itself is stopped.
"""

import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from types import FrameType, TracebackType

from flask_migrate import upgrade

from app import create_app, demo
from app.config import LocalSettings, extend_environment, load_local_settings, load_settings
from app.dev.home import held, own_secrets
from app.dev.processes import Record, answers, start, stop, wait_until
from app.dev.servers import NotStarted, Postgres, Valkey

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
DATABASE = "quayside"


class Interrupted(Exception):
    """Ctrl-C, or a polite kill."""


def main() -> None:
    local = load_local_settings()
    if bool(local.database_url) != bool(local.database_owner_url):
        raise SystemExit("DATABASE_URL and DATABASE_OWNER_URL belong together: set both, or neither.")
    home = local.quayside_home.resolve()
    for number in STOP_SIGNALS:
        signal.signal(number, interrupt)
    try:
        with held(home), Run(home, local) as run:
            run.start_servers()
            if command := sys.argv[1:]:
                raise SystemExit(subprocess.run(parts_of(shlex.join(command)), cwd=ROOT, check=False).returncode)
            run.prepare_database()
            run.start_roles()
            run.announce()
            run.wait()
    except Interrupted:
        print("Stopped.", flush=True)
    except NotStarted as problem:
        raise SystemExit(str(problem)) from None


def interrupt(number: int, frame: FrameType | None) -> None:
    # Once: a second signal must not cut the stopping short.
    for stop_signal in STOP_SIGNALS:
        signal.signal(stop_signal, signal.SIG_IGN)
    raise Interrupted


class Run:
    """Everything of one run; leaving it stops what it started, last first."""

    def __init__(self, home: Path, local: LocalSettings) -> None:
        self.home = home
        self.local = local
        self.url = f"http://localhost:{local.port}"
        self.record = Record(home)
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None
        self.roles: dict[str, subprocess.Popen[bytes]] = {}
        self.readers: list[threading.Thread] = []
        self.one_ended = threading.Event()

    def __enter__(self) -> "Run":
        self.record.end_leftovers()
        refuse_taken(self.local.port)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for process in self.roles.values():
            process.terminate()
        for process in self.roles.values():
            stop(process)
        for reader in self.readers:
            reader.join()
        for server in (self.valkey, self.postgres):
            if server is not None:
                server.stop()
        self.record.clear()

    def start_servers(self) -> None:
        """Those no address was given for. All settings are known and checked before the first one starts."""
        own = own_secrets(self.home)
        values = {
            "ENVIRONMENT": "development",
            "PORT": str(self.local.port),
            "PUBLIC_URL": self.local.public_url or self.url,
            "QUAYSIDE_HOME": str(self.home),
            "FLASK_SKIP_DOTENV": "1",
            "TZ": "UTC",
        }
        if not self.local.secret_key:
            values["SECRET_KEY"] = own["SECRET_KEY"]
        if not self.local.field_keys:
            values["FIELD_KEYS"] = own["FIELD_KEYS"]
        if not self.local.database_url:
            options = {"shared_buffers": "256MB", "max_connections": "200"}
            self.postgres = Postgres(self.home / "postgres", own["postgres"], options)
            values["DATABASE_URL"] = self.postgres.url(DATABASE, "quayside_app", own["quayside_app"])
            values["DATABASE_OWNER_URL"] = self.postgres.url(DATABASE, "quayside_owner", own["quayside_owner"])
        if not self.local.redis_url:
            options = {"appendonly": "yes", "loglevel": "warning"}
            self.valkey = Valkey(self.home / "valkey", own["valkey"], options)
            values["REDIS_URL"] = self.valkey.url()
        extend_environment(values)
        load_settings()
        for server in (self.postgres, self.valkey):
            if server is not None:
                self.record.add(server.start())
        if self.postgres is not None:
            self.postgres.make_database(DATABASE)
            for role in ("quayside_owner", "quayside_app"):
                self.postgres.set_password(role, own[role])

    def prepare_database(self) -> None:
        """Here rather than by two commands, each of which would import the application once more."""
        app = create_app(role="console")
        with app.app_context():
            upgrade()
            demo.load()

    def start_roles(self) -> None:
        for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines():
            name, _, command = line.partition(": ")
            process = start(parts_of(command), output=subprocess.PIPE, cwd=ROOT)
            self.roles[name] = process
            self.record.add(process)
            self.readers.append(threading.Thread(target=self.show_output, args=(name, process.stdout)))
            self.readers[-1].start()

    def show_output(self, name: str, output: Iterable[bytes]) -> None:
        for line in output:
            # In one piece: print() would let another role's line come before the end of this one.
            sys.stdout.write(f"{name:9} | {line.decode(errors='replace').rstrip()}\n")
            sys.stdout.flush()
        self.roles[name].wait()
        self.one_ended.set()

    def announce(self) -> None:
        """Once the application says that it is ready."""
        is_ready = wait_until(lambda: self.one_ended.is_set() or answers(f"{self.url}/health/ready"), seconds=60)
        if self.one_ended.is_set():
            self.wait()
        if not is_ready:
            raise NotStarted(f"{self.url}/health/ready did not answer within a minute.")
        where = f"Quayside is ready: {self.url}\nThe mail it sends: {self.url}/dev/mail"
        print(f"\n{where}\n\n{sign_ins()}\n\nCtrl-C stops it.\n", flush=True)

    def wait(self) -> None:
        """Until a signal, or until a role ends that should not have."""
        self.one_ended.wait()
        for name, process in self.roles.items():
            if process.poll() is not None:
                raise NotStarted(f"{name} ended with status {process.returncode}; the lines above say why.")
        raise NotStarted("A role closed its output, which it never should.")


def parts_of(command: str) -> list[str | Path]:
    program, *arguments = shlex.split(command)
    return [PROGRAMS / program, *arguments]


def sign_ins() -> str:
    """Who can sign in to the demo."""
    names = {port["slug"]: port["name"] for port in demo.PORTS}
    people = {
        email: "everything" if is_admin else ", ".join(f"{role} of {names[port]}" for port, role in roles.items())
        for _, email, is_admin, roles in demo.CAST
    }
    lines = [f"  {email:28} {may.replace('_', ' ')}" for email, may in people.items()]
    return "\n".join([f"The people of the demo, all with the password {demo.PASSWORD}", *lines])


def refuse_taken(port: int) -> None:
    """What a run that was killed just now leaves behind needs a moment to let go of it."""
    if not wait_until(lambda: is_free(port), seconds=5):
        raise NotStarted(f"Port {port} is in use. Choose another one: make run PORT={port + 1}")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


if __name__ == "__main__":
    main()
