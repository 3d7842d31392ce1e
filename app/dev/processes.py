"""Child processes that end with the one that started them."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

LAUNCH = Path(__file__).with_name("launch.py")


def start(
    command: Sequence[str | Path],
    *,
    output: IO[bytes] | int | None,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    last_signal: int = signal.SIGKILL,
    unprivileged: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own: Ctrl-C in the terminal reaches only the one who supervises it.

    To be called from the main thread: the kernel counts the thread that starts a child as its parent.
    """
    asked = {"parent": os.getpid(), "last_signal": int(last_signal), "unprivileged": unprivileged}
    return subprocess.Popen(
        [sys.executable, "-IS", LAUNCH, json.dumps(asked), *map(str, command)],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=environment,
        start_new_session=True,
    )


def stop(process: subprocess.Popen[bytes], *, signal_number: int = signal.SIGTERM, patience: float = 10) -> None:
    """End a process, and after `patience` seconds its whole group."""
    if process.poll() is None:
        process.send_signal(signal_number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    end_group(process.pid)
    process.wait()


def end_group(group: int) -> None:
    """Kill what is left of a process group that `start` made."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


class Record:
    """The groups started for one home, so that the next start can end what a killed one left behind."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = home / "processes"

    def add(self, process: subprocess.Popen[bytes]) -> None:
        born = psutil.Process(process.pid).create_time()
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{process.pid} {born!r}\n")

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)

    def end_leftovers(self) -> None:
        groups = {int(pid): float(born) for pid, born in map(str.split, self.lines())}
        leftovers = [process for process in psutil.process_iter() if self.is_ours(process, groups)]
        for process in leftovers:
            process.send_signal(signal.SIGQUIT)  # Postgres takes its backends along
        if not wait_until(lambda: all(map(is_gone, leftovers)), seconds=5):
            for process in leftovers:
                process.kill()
        self.clear()

    def lines(self) -> list[str]:
        return self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []

    def is_ours(self, process: psutil.Process, groups: Mapping[int, float]) -> bool:
        """Never another process that was given the number since: a leader is known by the moment it was born,
        the children of a dead leader by their environment."""
        try:
            group = os.getpgid(process.pid)
            if group not in groups:
                return False
            if process.pid == group:
                return abs(process.create_time() - groups[group]) < 1
            return process.environ().get("QUAYSIDE_HOME") == str(self.home)
        except (ProcessLookupError, psutil.Error):
            return False


def is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(is_ready: Callable[[], bool], *, seconds: float, process: subprocess.Popen[bytes] | None = None) -> bool:
    """Look again and again; False when the time is over or `process` has ended."""
    end = time.monotonic() + seconds
    while not is_ready():
        if time.monotonic() > end or (process is not None and process.poll() is not None):
            return False
        time.sleep(0.05)
    return True


def answers(url: str) -> bool:
    """Whether the address answers with a success."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 (our own address)
            return bool(response.status == 200)
    except OSError:  # refused, reset, timed out, or an answer that says no
        return False
