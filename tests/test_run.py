"""`make run`, as somebody on a fresh machine does it: real servers, real processes, a home of its own."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from app.demo import CAST, PASSWORD
from app.dev.processes import wait_until
from app.dev.servers import Valkey, free_port
from tests.servers import Cluster
from tests.waiting import ROOT, status_of


class MakeRun:
    """Runs of one home, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "var"
        self.port = free_port()
        self.log = folder / "output"
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, **changed: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "QUAYSIDE_HOME": str(self.home), "PORT": str(self.port), **changed}
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "app.dev"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def started(self, **changed: str) -> subprocess.Popen[bytes]:
        process = self.start(**changed)
        # It is printed last, after /health/ready has answered.
        is_ready = wait_until(lambda: "Ctrl-C stops it." in self.output(), seconds=90, process=process)
        assert is_ready, self.output()
        return process

    def refused(self, **changed: str) -> str:
        """The output of a run that ends by itself with status 1."""
        assert status_of(self.start(**changed), seconds=60) == 1, self.output()
        return self.output()

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def page(self, path: str) -> str:
        with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=10) as response:
            assert response.status == 200
            page: bytes = response.read()
        return page.decode()

    def left(self) -> dict[int, str]:
        """What runs on this home, whoever started it, by process id."""
        own = {process.pid for process in self.processes}
        return {process.pid: name for process in psutil.process_iter() if (name := self.name_of(process, own))}

    def name_of(self, process: psutil.Process, own: set[int]) -> str:
        try:
            if process.pid in own or process.status() == psutil.STATUS_ZOMBIE:
                return ""
            # The servers overwrite their environment, but work in their directory.
            is_server = Path(process.cwd()).is_relative_to(self.home)
            is_of_home = is_server or process.environ().get("QUAYSIDE_HOME") == str(self.home)
            return " ".join(process.cmdline()) if is_of_home else ""
        except psutil.Error:
            return ""

    def stopped(self, process: subprocess.Popen[bytes], number: signal.Signals) -> int:
        process.send_signal(number)
        return status_of(process, seconds=60)

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                self.stopped(process, signal.SIGTERM)


@dataclass(frozen=True)
class FirstRun:
    """What the first run of a home looked like, and what Ctrl-C left of it."""

    output: str
    sign_in: str
    processes: dict[int, str]
    status: int
    left: dict[int, str]


@dataclass(frozen=True)
class SecondRun:
    """What others beside the second one were told, and what ran as it was killed."""

    same_home: str
    same_port: str
    processes: dict[int, str]


@dataclass(frozen=True)
class ThirdRun:
    """The one after the kill, and how it ended when its relay did."""

    sign_in: str
    processes: dict[int, str]
    output: str
    status: int
    left: dict[int, str]


@pytest.fixture(scope="module")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeRun]:
    run = MakeRun(tmp_path_factory.mktemp("run"))
    yield run
    run.close()


@pytest.fixture(scope="module")
def first(make_run: MakeRun) -> FirstRun:
    process = make_run.started()
    sign_in, processes = make_run.page("/auth/login"), make_run.left()
    status = make_run.stopped(process, signal.SIGINT)
    return FirstRun(make_run.output(), sign_in, processes, status, make_run.left())


@pytest.fixture(scope="module")
def second(make_run: MakeRun, first: FirstRun) -> SecondRun:
    process = make_run.started()
    same_home = make_run.refused()
    same_port = make_run.refused(QUAYSIDE_HOME=str(make_run.home.with_name("elsewhere")))
    processes = make_run.left()
    process.kill()
    status_of(process)
    return SecondRun(same_home, same_port, processes)


@pytest.fixture(scope="module")
def third(make_run: MakeRun, second: SecondRun) -> ThirdRun:
    process = make_run.started()
    sign_in, processes = make_run.page("/auth/login"), make_run.left()
    relay = next(pid for pid, line in processes.items() if "flask relay run" in line)
    os.kill(relay, signal.SIGKILL)
    status = status_of(process, seconds=60)
    return ThirdRun(sign_in, processes, make_run.output(), status, make_run.left())


@pytest.fixture
def run(make_run: MakeRun, first: FirstRun) -> Iterator[MakeRun]:
    """A home that has been used before; what a test starts on it ends with the test."""
    yield make_run
    make_run.close()


def test_the_sign_in_page_answers(first: FirstRun) -> None:
    assert 'name="password"' in first.sign_in


def test_the_address_and_the_people_of_the_demo_are_printed(first: FirstRun, make_run: MakeRun) -> None:
    assert f"Quayside is ready: http://localhost:{make_run.port}\n" in first.output
    assert PASSWORD in first.output
    assert [email for _, email, _, _ in CAST if email not in first.output] == []


def test_every_role_and_both_servers_run(first: FirstRun) -> None:
    lines = "\n".join(first.processes.values())
    commands = (
        "gunicorn -c",
        "worker.py",
        "flask scheduler run",
        "flask relay run",
        "bin/postgres",
        "valkey-server",
    )
    assert [command for command in commands if command not in lines] == []


def test_ctrl_c_leaves_no_process_and_no_lock(first: FirstRun, make_run: MakeRun) -> None:
    assert first.status == 0
    assert first.left == {}
    assert not (make_run.home / "processes").exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", make_run.port)) != 0


@pytest.mark.usefixtures("first")
def test_nobody_else_may_look_into_the_home(make_run: MakeRun) -> None:
    assert make_run.home.stat().st_mode & 0o777 == 0o700
    assert (make_run.home / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_another_run_of_the_home_is_refused(second: SecondRun, make_run: MakeRun) -> None:
    assert f"Quayside already runs in {make_run.home}" in second.same_home


def test_another_run_on_the_port_is_refused(second: SecondRun, make_run: MakeRun) -> None:
    assert f"Port {make_run.port} is in use" in second.same_port


def test_after_a_kill_it_starts_again(second: SecondRun, third: ThirdRun) -> None:
    assert 'name="password"' in third.sign_in
    assert set(second.processes) & set(third.processes) == set()


def test_a_role_that_ends_ends_the_run_and_is_named(third: ThirdRun) -> None:
    assert third.status == 1
    assert "relay ended with status -9" in third.output
    assert third.left == {}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"PORT": "a lot"}, "PORT is malformed"),
        ({"REDIS_URL": "http://localhost"}, "REDIS_URL is malformed"),
        (
            {"DATABASE_URL": "postgresql://a:b@localhost/c"},
            "DATABASE_URL and DATABASE_OWNER_URL belong together",
        ),
    ],
    ids=["port", "address", "half"],
)
def test_bad_settings_are_refused_before_anything_starts(run: MakeRun, changed: dict[str, str], message: str) -> None:
    said = run.refused(**changed)
    assert message in said
    assert "Traceback" not in said
    assert run.left() == {}


def test_servers_that_are_given_are_used_and_a_polite_kill_leaves_nothing(
    cluster: Cluster, valkey: Valkey, worker_id: str, tmp_path: Path
) -> None:
    name = f"quayside_{worker_id}_given"
    database = cluster.empty(name)
    run = MakeRun(tmp_path)
    try:
        process = run.started(
            DATABASE_URL=database.url("quayside_app"),
            DATABASE_OWNER_URL=database.url("quayside_owner"),
            REDIS_URL=valkey.url(2),
        )
        assert 'name="password"' in run.page("/auth/login")
        assert [line for line in run.left().values() if "bin/postgres" in line or "valkey-server" in line] == []
        with database.connect() as connection:
            assert connection.execute("SELECT count(*) FROM ports").fetchone() == (2,)
        assert run.stopped(process, signal.SIGTERM) == 0
        assert run.left() == {}
    finally:
        run.close()
    assert not (run.home / "postgres").exists()
    assert not (run.home / "valkey").exists()
    cluster.drop(name)
