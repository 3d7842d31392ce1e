import uuid
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
import time_machine
from flask import Flask
from rq import Queue

from app import schedule
from app.db import begin, commit
from app.dev.processes import wait_until
from app.jobs import WORKS, clear_expired
from app.schedule import QUEUE, RECURRING, Clock, Recurring, last_instant, tick
from tests.jobs.labours import keep_house, toil
from tests.servers import Installation
from tests.waiting import together

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
EVERY_MINUTE = Recurring("housekeeping", keep_house.name, "* * * * *")
AT_EIGHT = Recurring("rounds", toil.name, "0 8 * * *", in_port_time=True)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two recurring jobs, which are never run here and so may lack their number."""
    for work in (keep_house, toil):
        simple = type(work)(work.name, lambda: None, work.queue, 1, False, work.is_for_port, None)
        monkeypatch.setitem(WORKS, work.name, simple)
    monkeypatch.setattr(schedule, "RECURRING", (EVERY_MINUTE, AT_EIGHT))


def jobs_of(installation: Installation) -> list[tuple[str, uuid.UUID | None]]:
    with installation.database.connect() as connection:
        return connection.execute("SELECT name, port_id FROM jobs ORDER BY created_at, port_id").fetchall()


def runs_of(installation: Installation) -> list[tuple[str, uuid.UUID | None, str]]:
    with installation.database.connect() as connection:
        return connection.execute("SELECT name, port_id, period FROM job_runs ORDER BY period, port_id").fetchall()


def scheduled(installation: Installation) -> dict[str, float]:
    entries = installation.redis.zrange("rq:scheduler:scheduled_jobs", 0, -1, withscores=True)
    return {name.decode(): score for name, score in cast(list[tuple[bytes, float]], entries)}


# --- Ticks


@pytest.mark.usefixtures("app")  # which registers the jobs of all modules
def test_every_row_of_the_table_names_a_job() -> None:
    for recurring in RECURRING:
        assert WORKS[recurring.job].is_for_port == (recurring.in_port_time or recurring.in_each_port)
        last_instant(recurring.cron, START)


@pytest.mark.parametrize(
    ("cron", "moment", "instant"),
    [
        ("0 4 * * *", START, START.replace(hour=4)),
        ("0 9 * * *", START, START),
        ("0 9 * * *", START - timedelta(microseconds=1), START - timedelta(days=1)),
        ("*/15 * * * *", START + timedelta(minutes=44), START + timedelta(minutes=30)),
        ("0 3 * * 0", START, START.replace(day=15, hour=3)),
    ],
)
def test_a_period_begins_at_the_last_instant(cron: str, moment: datetime, instant: datetime) -> None:
    assert last_instant(cron, moment) == instant


def test_a_tick_that_comes_twice_starts_one_job(inside: Flask, committed: Installation, table: None) -> None:
    with time_machine.travel(START, tick=False) as clock:
        tick("housekeeping")
        clock.shift(59)
        tick("housekeeping")
        assert jobs_of(committed) == [(keep_house.name, None)]
        assert runs_of(committed) == [("housekeeping", None, "2026-11-21T09:00Z")]
        clock.shift(1)
        tick("housekeeping")
        assert len(jobs_of(committed)) == 2


def test_the_ticks_of_two_schedulers_at_once_start_one_job(inside: Flask, committed: Installation, table: None) -> None:
    """Both come to the row of the run before either has committed."""

    def tick_here() -> None:
        with inside.app_context():
            tick("housekeeping")

    with time_machine.travel(START, tick=False):
        together(*[tick_here] * 4)
    assert jobs_of(committed) == [(keep_house.name, None)]


def test_a_tick_that_was_missed_is_made_up_for(inside: Flask, committed: Installation, table: None) -> None:
    with time_machine.travel(START + timedelta(hours=3, minutes=7), tick=False):
        tick("housekeeping")
    assert runs_of(committed) == [("housekeeping", None, "2026-11-21T12:07Z")]


def test_a_job_in_port_time_starts_once_the_hour_has_passed_there(
    inside: Flask, committed: Installation, table: None, port_id: uuid.UUID, other_port_id: uuid.UUID
) -> None:
    """Eight o'clock is 6:00 UTC in Helsinki, 12:00 UTC on Anguilla."""
    helsinki, anguilla = port_id, other_port_id
    with time_machine.travel(START.replace(hour=5, minute=45), tick=False) as clock:
        tick("rounds")
        assert jobs_of(committed) == []
        clock.shift(timedelta(minutes=15))
        tick("rounds")
        tick("rounds")
        assert jobs_of(committed) == [(toil.name, helsinki)]
        clock.shift(timedelta(hours=6))
        tick("rounds")
        assert jobs_of(committed) == [(toil.name, helsinki), (toil.name, anguilla)]
        # 22:30 UTC: the next day has begun in Helsinki, its eight o'clock has not passed.
        clock.shift(timedelta(hours=10, minutes=30))
        tick("rounds")
        assert len(jobs_of(committed)) == 2
        clock.shift(timedelta(hours=7, minutes=30))
        tick("rounds")
    assert runs_of(committed) == sorted(
        [
            ("rounds", anguilla, "2026-11-21"),
            ("rounds", helsinki, "2026-11-21"),
            ("rounds", helsinki, "2026-11-22"),
        ],
        key=lambda run: (run[2], run[1]),
    )


def test_old_runs_are_cleared_but_never_the_last(inside: Flask, committed: Installation, table: None) -> None:
    with time_machine.travel(START, tick=False) as clock:
        tick("housekeeping")
        clock.shift(60)
        tick("housekeeping")
        clock.shift(timedelta(days=30))
        begin()
        clear_expired()
        commit()
    assert runs_of(committed) == [("housekeeping", None, "2026-11-21T09:01Z")]


# --- The scheduler


def test_registering_twice_leaves_one_of_each(inside: Flask, committed: Installation) -> None:
    for _ in range(2):
        clock = Clock(committed.redis)
        clock.register()
        clock.register()
    assert set(scheduled(committed)) == {f"tick-{recurring.name}" for recurring in RECURRING}


def test_what_left_the_table_or_moved_is_put_right(inside: Flask, committed: Installation) -> None:
    def table(*rows: tuple[str, str]) -> list[Recurring]:
        return [Recurring(name, keep_house.name, cron) for name, cron in rows]

    Clock(committed.redis, table(("gone", "* * * * *"), ("moved", "*/5 * * * *"))).register()
    clock = Clock(committed.redis, table(("moved", "*/10 * * * *")))
    clock.register()

    assert set(scheduled(committed)) == {"tick-moved"}
    (job,) = clock.get_jobs()
    assert job.meta["cron_string"] == "*/10 * * * *"


def test_what_is_due_is_not_passed_over_by_registering(inside: Flask, committed: Installation) -> None:
    clock = Clock(committed.redis, [EVERY_MINUTE])
    clock.register()
    due = START.timestamp() - 30
    committed.redis.zadd("rq:scheduler:scheduled_jobs", {"tick-housekeeping": due})
    Clock(committed.redis, [EVERY_MINUTE]).register()
    assert scheduled(committed) == {"tick-housekeeping": due}


def test_two_schedulers_start_one_job(inside: Flask, committed: Installation, table: None) -> None:
    clocks = [Clock(committed.redis, [EVERY_MINUTE]) for _ in range(2)]
    clocks[0].register()
    for clock in clocks:
        # As if both had read what is due before either put it off to its next instant.
        committed.redis.zadd("rq:scheduler:scheduled_jobs", {"tick-housekeeping": 0})
        clock.enqueue_jobs()

    queue = Queue(QUEUE, connection=committed.redis)
    assert [job.func_name for job in queue.jobs] == ["app.schedule.tick"] * 2
    with time_machine.travel(START, tick=False):
        for job in queue.jobs:
            job.perform()
    assert jobs_of(committed) == [(keep_house.name, None)]


def test_the_scheduler_process_keeps_the_table_and_ends_when_told(inside: Flask, committed: Installation) -> None:
    first = committed.start_scheduler()
    second = committed.start_scheduler(TZ="America/Anguilla")
    assert wait_until(lambda: len(committed.redis.keys("rq:scheduler_instance:*")) == 2, seconds=20)
    assert set(scheduled(committed)) == {f"tick-{row.name}" for row in RECURRING}
    # The next instant of a minute, wherever the machine is.
    assert scheduled(committed)["tick-outbox-sweep"] - datetime.now(UTC).timestamp() <= 60
    for scheduler in (first, second):
        scheduler.process.terminate()
        assert scheduler.process.wait(20) == 0
