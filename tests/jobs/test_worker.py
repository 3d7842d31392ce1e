import os
import signal
import uuid

import psutil
import pytest
from flask import Flask

from app.dev.processes import wait_until
from app.jobs import QUEUES, Work, sweep
from tests.jobs.conftest import relay
from tests.jobs.labours import count_up, efforts, toil, want
from tests.jobs.workers import has_heard_the_stop, held_child, hold, is_done, let_go, send_again, start_worker
from tests.servers import Installation
from worker import plan


def test_a_plan_names_the_queues_of_each_child() -> None:
    assert plan([]) == [tuple(QUEUES)]
    assert plan(["export", "import"]) == [("export",), ("export",), ("import",)]
    assert len(plan(list(QUEUES))) == 32


@pytest.mark.parametrize(("work", "ids", "held"), [(count_up, {"until": 6}, 3), (toil, {"number": 3}, 3)])
def test_a_child_killed_in_a_job_loses_nothing_and_doubles_nothing(
    inside: Flask, committed: Installation, port_id: uuid.UUID, work: Work, ids: dict[str, int], held: int
) -> None:
    hold(committed, held)
    job_id = want(work, port_id, **ids)
    relay(inside)
    start_worker(committed)
    child = held_child(committed)
    done_before = list(range(held)) if work is count_up else []
    assert efforts(committed) == done_before

    os.kill(child, signal.SIGKILL)
    let_go(committed)
    send_again(inside, committed, job_id)

    assert wait_until(lambda: is_done(committed, job_id), seconds=30)
    assert efforts(committed) == (list(range(6)) if work is count_up else [3])
    with committed.database.connect() as connection:
        pids = {pid for (pid,) in connection.execute("SELECT pid FROM efforts WHERE number >= %s", (held,))}
    assert len(pids) == 1
    assert child not in pids


def test_a_stopped_worker_finishes_the_job_in_hand(inside: Flask, committed: Installation, port_id: uuid.UUID) -> None:
    hold(committed, 1)
    in_hand = want(toil, port_id, number=1)
    relay(inside)
    worker = start_worker(committed)
    held_child(committed)
    waiting = want(toil, port_id, number=2)
    relay(inside)

    worker.process.send_signal(signal.SIGTERM)
    assert wait_until(lambda: has_heard_the_stop(committed), seconds=20)
    let_go(committed)

    assert worker.process.wait(20) == 0
    assert efforts(committed) == [1]
    assert (is_done(committed, in_hand), is_done(committed, waiting)) == (True, False)


def test_the_children_of_a_killed_worker_end_with_it(
    inside: Flask, committed: Installation, port_id: uuid.UUID
) -> None:
    hold(committed, 1)
    want(toil, port_id, number=1)
    relay(inside)
    worker = start_worker(committed)
    child = psutil.Process(held_child(committed))
    assert child.ppid() == worker.pid
    worker.kill()
    assert wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, seconds=10)
    assert efforts(committed) == []


def test_a_child_is_replaced_after_its_share_of_jobs(
    inside: Flask, committed: Installation, port_id: uuid.UUID
) -> None:
    jobs = [want(toil, port_id, number=number) for number in range(4)]
    relay(inside)
    start_worker(committed, jobs_each=2)
    assert wait_until(lambda: all(is_done(committed, job_id) for job_id in jobs), seconds=40)
    with committed.database.connect() as connection:
        counts = connection.execute("SELECT count(*) FROM efforts GROUP BY pid").fetchall()
    assert counts == [(2,), (2,)]


def test_the_processes_of_the_procfile_do_a_job(inside: Flask, committed: Installation) -> None:
    committed.start_relay()
    worker = committed.start_worker(WORKER_QUEUES="maintenance,reports")
    job_id = want(sweep, None)
    assert wait_until(lambda: is_done(committed, job_id), seconds=30)
    assert len(psutil.Process(worker.pid).children()) == 2
