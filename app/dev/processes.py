"""Child processes that end with the one that started them."""

import ctypes
import os
import pwd
import signal
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

LIBC = ctypes.CDLL(None, use_errno=True)

# From linux/prctl.h, linux/securebits.h and linux/capability.h
PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
NO_SETUID_FIXUP = 1 << 2
CAP_VERSION_3, CAP_DAC_OVERRIDE = 0x20080522, 1


def die_with_parent(signal_number: int) -> None:
    """Ask the kernel to end this process when its parent is gone, even by kill -9. Elsewhere than on Linux
    the next start finds such a process by its record."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)


def become_nobody() -> None:
    """Give up root, which Postgres refuses to run as, but still reach files below directories that only root
    may enter, such as /root or a temporary directory: opening those to everybody would be the other way."""
    mask = 1 << CAP_DAC_OVERRIDE
    nobody = pwd.getpwnam("nobody")
    # Else setuid() would drop all capabilities, and access(), which Postgres asks, would overlook them.
    LIBC.prctl(PR_SET_SECUREBITS, NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
    LIBC.capset(struct.pack("Ii", CAP_VERSION_3, 0), struct.pack("6I", mask, mask, mask, 0, 0, 0))
    LIBC.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


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

    def prepare() -> None:
        if unprivileged and os.geteuid() == 0 and sys.platform == "linux":
            become_nobody()
        die_with_parent(last_signal)

    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=environment,
        start_new_session=True,
        preexec_fn=prepare,
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
