"""How long `make run` takes in a home that it has used before."""

from __future__ import annotations

import signal
import tempfile
import time
from pathlib import Path

from tests.test_run import MakeRun


def measure_start() -> float:
    """Seconds from the command to the announcement, which follows `/health/ready`; the quickest of three."""
    with tempfile.TemporaryDirectory() as folder:
        run = MakeRun(Path(folder))
        try:
            run.stopped(run.started(), signal.SIGINT)
            return min(timed(run) for _ in range(3))
        finally:
            run.close()


def timed(run: MakeRun) -> float:
    began = time.monotonic()
    process = run.started()
    seconds = time.monotonic() - began
    run.stopped(process, signal.SIGINT)
    return seconds
