"""That no wait of a test is without an end."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from tests.waiting import Beside, status_of, together, within


def test_what_is_done_together_is_answered_in_its_order() -> None:
    acts = [lambda at=at: at for at in range(7)]
    assert together(*acts, at_a_time=3) == list(range(7))


def test_what_one_of_them_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        together(lambda: 1, lambda: 1 // 0)


def test_where_somebody_is_stuck_is_told() -> None:
    never = threading.Event()
    stuck = Beside(never.wait)
    with pytest.raises(AssertionError, match=r"threading\.py.*wait"):
        stuck.answer(seconds=0.05)
    never.set()
    assert stuck.answer()


def test_what_has_no_bound_is_ended() -> None:
    released = threading.Event()
    with pytest.raises(AssertionError, match="the tide"), within(0.05, "the tide", end=released.set):
        released.wait()


def test_a_program_that_does_not_end_is_killed() -> None:
    program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with pytest.raises(AssertionError, match=r"time\.sleep"):
        status_of(program, seconds=0.05)
    assert program.poll() is not None
