"""Waiting: never without a bound, and whoever waited in vain fails with what they waited for."""

import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

Ended = subprocess.CompletedProcess[str]

ROOT = Path(__file__).parents[1]


class Beside(Generic[T]):
    """Something that happens in a thread of its own from now on."""

    def __init__(self, act: Callable[[], T]) -> None:
        self.act = act
        self.given: list[T] = []
        self.raised: BaseException | None = None
        # One that is stuck does not keep the process from ending.
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        try:
            self.given.append(self.act())
        except BaseException as error:  # noqa: BLE001  # raised where the answer is asked for
            self.raised = error

    def is_over(self) -> bool:
        return not self.thread.is_alive()

    def answer(self, *, seconds: float = 30) -> T:
        """What it gives; what it raises is raised here."""
        self.thread.join(seconds)
        assert self.is_over(), f"after {seconds} s it is still here:\n{self.place()}"
        if self.raised is not None:
            raise self.raised
        return self.given[0]

    def place(self) -> str:
        frame = sys._current_frames().get(self.thread.ident or 0)
        return "".join(traceback.format_stack(frame)) if frame else "(nowhere)"


def together(*acts: Callable[[], T], at_a_time: int | None = None, seconds: float = 30) -> list[T]:
    """What each gives when all begin at one moment, or so many of them and the others in their turn."""
    hands = at_a_time or len(acts)
    ready = threading.Barrier(hands, timeout=seconds)

    def work_off(share: Sequence[Callable[[], T]]) -> list[T]:
        ready.wait()
        return [act() for act in share]

    running = [Beside(partial(work_off, acts[hand::hands])) for hand in range(hands)]
    given = [one.answer(seconds=seconds) for one in running]
    return [given[at % hands][at // hands] for at in range(len(acts))]


@contextmanager
def within(seconds: float, what: str, *, end: Callable[[], object]) -> Iterator[None]:
    """For what takes no bound itself: after so long `end` is called, which must let go of what is waited for."""
    is_late = threading.Event()

    def give_up() -> None:
        is_late.set()
        end()

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        assert not is_late.is_set(), f"not within {seconds} s: {what}"


def status_of(process: subprocess.Popen[bytes], *, seconds: float = 30) -> int:
    """The status it ends with by itself; one that does not is killed."""
    with within(seconds, f"the end of {process.args!r}", end=process.kill):
        return process.wait()


def run(command: Sequence[str | Path], *, environment: Mapping[str, str], seconds: float = 180) -> Ended:
    """A program to its end, from the directory of Quayside."""
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=seconds
    )
