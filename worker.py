"""The worker: imports the application once, then forks a child for each unit of a queue's concurrency.

WORKER_QUEUES names the queues; without it one child serves them all. A child that dies or has done its share
of jobs is replaced. A job whose child was killed is done by another: see app/jobs.py.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

import structlog
from flask import Flask
from redis import Redis
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.worker import DequeueStrategy

from app import create_app
from app.config import Settings, load_settings
from app.db import db
from app.jobs import QUEUES

log = structlog.get_logger("quayside.worker")

JOBS_EACH = 1000
PR_SET_PDEATHSIG = 1  # linux/prctl.h
# A child that died young found nothing to work with; starting the next one at once would only make heat.
YOUNG, REST = 5.0, 2.0
# Where web and worker share a machine, whoever waits for a page goes first.
YIELDS = 10


class Child(SimpleWorker):
    """Does one job after the other in this process, each in an application context of its own."""

    log_job_description = False
    max_connection_wait_time = 5.0

    def __init__(self, app: Flask, queues: Sequence[str]) -> None:
        settings: Settings = app.extensions["settings"]
        super().__init__(list(queues), connection=Redis.from_url(settings.redis_url, socket_connect_timeout=5))
        self.app = app

    def execute_job(self, job: Job, queue: Queue) -> None:
        with self.app.app_context():
            super().execute_job(job, queue)

    def _install_signal_handlers(self) -> None:
        # Ctrl-C reaches the whole group; the parent passes it on as SIGTERM, and twice would be a cold stop.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self.request_stop)


def plan(names: Sequence[str]) -> list[tuple[str, ...]]:
    """The queues of each child."""
    if not names:
        return [tuple(QUEUES)]
    return [(name,) for name in names for _ in range(QUEUES[name].concurrency)]


class Parent:
    def __init__(self, app: Flask, children: Sequence[tuple[str, ...]]) -> None:
        self.app = app
        self.waiting = list(children)
        self.running: dict[int, tuple[tuple[str, ...], float]] = {}
        self.is_stopping = False

    def run(self) -> None:
        """Until stopped: then the children finish the job in hand."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        while self.running or not self.is_stopping:
            while self.waiting and not self.is_stopping:
                self.fork(self.waiting.pop())
            if self.running:
                self.replace_ended()

    def stop(self, *_: object) -> None:
        self.is_stopping = True
        for pid in self.running:
            with suppress(ProcessLookupError):  # it ended, and its note is about to be struck out
                os.kill(pid, signal.SIGTERM)

    def fork(self, queues: tuple[str, ...]) -> None:
        # A stop that comes between the fork and the note of its pid would miss the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            serve(self.app, queues, parent)
        self.running[pid] = queues, time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})

    def replace_ended(self) -> None:
        pid, status = os.wait()
        queues, born = self.running.pop(pid)
        self.waiting.append(queues)
        if status != 0:
            log.error("child_died", queues=queues, status=os.waitstatus_to_exitcode(status))
        if time.monotonic() - born < YOUNG and not self.is_stopping:
            time.sleep(REST)


def serve(app: Flask, queues: tuple[str, ...], parent: int) -> None:
    """The life of a child; does not return."""
    status = 1
    try:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() == parent:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
            os.nice(YIELDS)
            with app.app_context():
                db.engine.dispose(close=False)  # these connections are the parent's
            # Of each job app/jobs.py has written a line of its own.
            Child(app, queues).work(
                logging_level="WARNING", max_jobs=JOBS_EACH, dequeue_strategy=DequeueStrategy.ROUND_ROBIN
            )
            status = 0
    except Exception:  # the last stop of a process: said, then ended
        log.exception("child_failed", queues=queues)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    settings = load_settings()
    app = create_app(settings, role="worker")
    Parent(app, plan(settings.worker_queues)).run()


if __name__ == "__main__":
    main()
