import uuid
from datetime import UTC, datetime, timedelta

import pytest
import rq.job
import time_machine
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DataError

from app.db import begin, commit, db, rollback
from app.events.models import Event
from app.identity.models import Port
from app.jobs import (
    LEASE,
    MANY,
    QUEUES,
    WORKS,
    Job,
    LeaseLost,
    Steps,
    Work,
    ask_to_stop,
    clear_expired,
    describe,
    perform,
    sweep,
)
from tests.events.happenings import entries
from tests.jobs import labours
from tests.jobs.conftest import relay
from tests.jobs.labours import (
    count_up,
    efforts,
    job_row,
    keep_house,
    make_many,
    stumble,
    stumble_on_the_way,
    toil,
    want,
)
from tests.servers import Installation
from tests.waiting import Beside

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def queued(installation: Installation, queue: str) -> list[str]:
    return entries(installation, f"rq:queue:{queue}")


def elsewhere(app: Flask, job_id: uuid.UUID) -> None:
    """The same job delivered to another worker, now."""

    def deliver() -> None:
        with app.app_context():
            perform(str(job_id))

    Beside(deliver).answer()


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch) -> Work:
    """A job whose function the test sets."""
    work = Work("test.trial", lambda: None, "bulk", 3, in_steps=False, is_for_port=True, failed=None)
    monkeypatch.setitem(WORKS, work.name, work)
    return work


# --- Wanting it


def test_a_job_is_wanted_only_if_its_transaction_commits(
    inside: Flask, committed: Installation, port_id: uuid.UUID
) -> None:
    begin(port_id=port_id, scope="staff")
    lost = toil.later(number=1)
    rollback()
    kept = want(toil, port_id, number=2)

    assert job_row(committed, lost) is None
    assert job_row(committed, kept) is not None
    assert queued(committed, "maintenance") == []
    relay(inside)
    assert queued(committed, "maintenance") == [str(kept)]


def test_the_row_says_what_is_wanted_and_redis_only_which(
    inside: Flask, committed: Installation, port_id: uuid.UUID
) -> None:
    with time_machine.travel(START, tick=False):
        job_id = want(stumble, port_id, number=2)
        row = job_row(committed, job_id)
        relay(inside)

    assert row is not None
    assert (row["name"], row["args"], row["queue"]) == (stumble.name, {"number": 2}, "maintenance")
    assert (row["attempts"], row["max_attempts"], uuid.UUID(row["port_id"])) == (0, 3, port_id)
    assert datetime.fromisoformat(row["run_at"]) == START
    sent = rq.job.Job.fetch(str(job_id), connection=committed.redis)
    assert (sent.func_name, sent.args, sent.kwargs) == ("app.jobs.perform", (str(job_id),), {})


def test_a_job_takes_ids_and_its_own_arguments_only(inside: Flask, port_id: uuid.UUID) -> None:
    begin(port_id=port_id, scope="staff")
    with pytest.raises(TypeError):
        toil.later(number="secret")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        toil.later(nomber=1)
    with pytest.raises(TypeError):
        count_up.later()
    rollback()


def test_a_job_for_a_port_needs_one(inside: Flask) -> None:
    begin()
    with pytest.raises(Exception, match="is for a port, and none is set"):
        toil.later(number=1)
    rollback()


def test_a_job_is_not_sent_before_its_time(inside: Flask, committed: Installation, port_id: uuid.UUID) -> None:
    with time_machine.travel(START, tick=False) as clock:
        begin(port_id=port_id, scope="staff")
        soon = toil.later(at=START + timedelta(seconds=30), number=1)
        late = toil.later(at=START + timedelta(hours=2), number=2)
        commit()
        relay(inside)
        perform(str(soon))
        assert (queued(committed, "maintenance"), efforts(committed)) == ([], [])

        clock.shift(31)
        relay(inside)
        assert queued(committed, "maintenance") == [str(soon)]

        clock.shift(timedelta(hours=2))
        sweep_now(inside)
        assert queued(committed, "maintenance") == [str(soon), str(late)]


def test_the_queues_are_those_of_the_design() -> None:
    assert {name: (kind.concurrency, kind.attempts) for name, kind in QUEUES.items()} == {
        "email": (5, 5),
        "documents": (3, 5),
        "notifications": (10, 3),
        "import": (1, 1),
        "export": (2, 3),
        "reports": (1, 3),
        "webhooks": (5, 3),
        "maintenance": (1, 3),
        "ai": (2, 3),
        "bulk": (2, 3),
    }
    assert count_up.attempts == 1


# --- Doing it


def test_the_same_job_delivered_twice_runs_once(inside: Flask, committed: Installation, port_id: uuid.UUID) -> None:
    job_id = want(toil, port_id, number=1)
    perform(str(job_id))
    perform(str(job_id))
    assert efforts(committed) == [1]
    assert job_row(committed, job_id) is None


def test_the_same_job_delivered_to_two_workers_at_once_runs_once(
    inside: Flask, committed: Installation, port_id: uuid.UUID, trial: Work
) -> None:
    def meet() -> None:
        labours.make_effort(1)
        elsewhere(inside, job_id)

    object.__setattr__(trial, "function", meet)
    job_id = want(trial, port_id)
    perform(str(job_id))
    assert efforts(committed) == [1]


def test_a_job_sees_its_own_port_only(
    inside: Flask, committed: Installation, port_id: uuid.UUID, other_port_id: uuid.UUID, trial: Work
) -> None:
    seen: list[uuid.UUID] = []

    def look() -> None:
        seen.extend(db.session.scalars(select(Port.id)))
        seen.extend(job.port_id for job in db.session.scalars(select(Job)) if job.port_id)

    object.__setattr__(trial, "function", look)
    want(toil, other_port_id, number=1)
    perform(str(want(trial, port_id)))
    assert seen == [port_id, port_id]


def test_a_job_reaching_for_another_port_finds_nothing(
    inside: Flask, committed: Installation, port_id: uuid.UUID, other_port_id: uuid.UUID, trial: Work
) -> None:
    """Every function that jobs run through, asked by one port for the job of another."""
    with time_machine.travel(START, tick=False):
        theirs = want(toil, other_port_id, number=1)
        before = job_row(committed, theirs)
        place = {"id": theirs, "now": START, "until": START + LEASE}
        answers: list[object] = []

        def reach() -> None:
            for call in (
                "SELECT id FROM claim_job(:id, :now)",
                "SELECT queue_of_job(:id)",
                "SELECT id FROM lock_step(:id, NULL)",
                "SELECT renew_job(:id, NULL, :until, 1, 1)",
                "SELECT finish_job(:id, NULL)",
                "SELECT fail_job(:id, NULL, 0, 'no', :now, :now)",
                "SELECT id FROM ports_by_zone()",
                "SELECT nullif(sweep_jobs(CAST(:until AS timestamptz) + interval '1 hour'), 0)",
            ):
                answers.append(db.session.scalar(text(call), place))
            ask_to_stop(theirs)

        object.__setattr__(trial, "function", reach)
        perform(str(want(trial, port_id)))

    assert answers == [None] * 8
    assert job_row(committed, theirs) == before


def test_a_job_of_no_port_sees_none(inside: Flask, committed: Installation, port_id: uuid.UUID) -> None:
    begin(port_id=port_id, scope="staff")
    job_id = keep_house.later(number=5)
    assert db.session.scalar(select(func.count()).select_from(Job)) == 0
    commit()
    perform(str(job_id))
    with committed.database.connect() as connection:
        assert connection.execute("SELECT port, number FROM efforts").fetchall() == [("", 5)]


# --- Failing


def test_a_failure_leaves_nothing_and_is_tried_again(
    inside: Flask, committed: Installation, port_id: uuid.UUID
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        job_id = want(stumble, port_id, number=1)
        relay(inside)
        committed.redis.flushdb()
        perform(str(job_id))

        row = job_row(committed, job_id)
        assert row is not None
        assert (row["attempts"], row["error"], row["failed_at"]) == (
            1,
            "ValueError: write to m***@nimara.example",
            None,
        )
        assert datetime.fromisoformat(row["run_at"]) == START + timedelta(seconds=1)
        assert efforts(committed) == []

        perform(str(job_id))
        row = job_row(committed, job_id)
        assert row is not None
        assert row["attempts"] == 1

        relay(inside)
        assert queued(committed, "maintenance") == []
        clock.shift(1)
        relay(inside)
        assert queued(committed, "maintenance") == [str(job_id)]
        perform(str(job_id))
        row = job_row(committed, job_id)
        assert row is not None
        assert datetime.fromisoformat(row["run_at"]) == START + timedelta(seconds=3)


def test_the_last_failure_gives_the_job_up(inside: Flask, committed: Installation, port_id: uuid.UUID) -> None:
    with time_machine.travel(START, tick=False) as clock:
        job_id = want(stumble, port_id, number=7)
        for _ in range(5):
            perform(str(job_id))
            clock.shift(timedelta(minutes=1))

        row = job_row(committed, job_id)
        assert row is not None
        assert (row["attempts"], datetime.fromisoformat(row["failed_at"])) == (
            3,
            START + timedelta(minutes=2),
        )
        assert efforts(committed) == [-7]
        begin(port_id=port_id, scope="staff")
        found = select(Event.name).where(Event.subject_id == job_id, Event.subject_type == "job")
        assert db.session.scalars(found).all() == ["system:jobFailed"]
        rollback()

        clock.shift(timedelta(days=6))
        clear(inside)
        assert job_row(committed, job_id) is not None
        clock.shift(timedelta(days=1))
        clear(inside)
        assert job_row(committed, job_id) is None


def clear(app: Flask) -> None:
    begin()
    clear_expired()
    commit()


def test_a_job_of_no_port_is_given_up_too(
    inside: Flask, committed: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall() -> None:
        raise ValueError("no")

    work = Work("test.fall", fall, "bulk", 1, in_steps=False, is_for_port=False, failed=None)
    monkeypatch.setitem(WORKS, work.name, work)
    job_id = want(work, None)
    perform(str(job_id))

    row = job_row(committed, job_id)
    assert row is not None
    assert row["failed_at"] is not None
    with committed.database.connect() as connection:
        events = connection.execute("SELECT name, port_id FROM events WHERE subject_id = %s", (job_id,)).fetchall()
    assert events == [("system:jobFailed", None)]


def test_a_job_whose_last_word_fails_is_given_up_all_the_same(
    inside: Flask, committed: Installation, port_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall() -> None:
        raise ValueError("no")

    def say_so(error: str) -> None:
        db.session.execute(text("INSERT INTO efforts (number) VALUES (-99)"))
        raise LookupError(error)

    work = Work("test.fall", fall, "bulk", 1, in_steps=False, is_for_port=True, failed=say_so)
    monkeypatch.setitem(WORKS, work.name, work)
    job_id = want(work, port_id)
    perform(str(job_id))

    row = job_row(committed, job_id)
    assert row is not None
    assert row["failed_at"] is not None
    assert efforts(committed) == []
    with committed.database.connect() as connection:
        events = connection.execute("SELECT name, port_id FROM events WHERE subject_id = %s", (job_id,)).fetchall()
    assert events == [("system:jobFailed", port_id)]


def test_an_unknown_job_waits_for_a_newer_worker(
    inside: Flask, committed: Installation, port_id: uuid.UUID, trial: Work
) -> None:
    job_id = want(trial, port_id)
    del WORKS[trial.name]
    perform(str(job_id))
    row = job_row(committed, job_id)
    assert row is not None
    assert (row["attempts"], row["failed_at"], row["error"]) == (1, None, "KeyError: 'test.trial'")
    WORKS[trial.name] = trial


# --- In steps


def test_each_step_is_committed_and_shows_how_far_it_is(
    inside: Flask, committed: Installation, port_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int, list[int]]] = []
    make_effort = labours.make_effort

    def look(number: int) -> None:
        row = job_row(committed, job_id)
        assert row is not None
        seen.append((row["done"], row["total"], efforts(committed)))
        make_effort(number)

    monkeypatch.setattr(labours, "make_effort", look)
    job_id = want(count_up, port_id, until=3)
    perform(str(job_id))

    assert seen == [(0, 0, []), (1, 3, [0]), (2, 3, [0, 1])]
    assert efforts(committed) == [0, 1, 2]
    assert job_row(committed, job_id) is None


def pages_known(installation: Installation) -> int:
    with installation.database.connect() as connection:
        row = connection.execute("SELECT relpages FROM pg_class WHERE relname = 'efforts'").fetchone()
    assert row is not None
    return int(row[0])


def test_the_planner_is_told_of_a_table_that_a_job_fills(
    inside: Flask, committed: Installation, port_id: uuid.UUID
) -> None:
    perform(str(want(make_many, port_id, until=MANY - 1)))
    assert pages_known(committed) == 0

    perform(str(want(make_many, port_id, until=5 * MANY)))
    known = pages_known(committed)
    assert known > 0

    # Not again before it has doubled.
    perform(str(want(make_many, port_id, until=MANY)))
    assert pages_known(committed) == known


def test_a_second_delivery_of_a_leased_job_does_nothing(
    inside: Flask, committed: Installation, port_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_effort = labours.make_effort

    def meet(number: int) -> None:
        if number < 2:
            elsewhere(inside, job_id)
        make_effort(number)

    monkeypatch.setattr(labours, "make_effort", meet)
    job_id = want(count_up, port_id, until=3)
    perform(str(job_id))
    assert efforts(committed) == [0, 1, 2]


def test_a_job_goes_on_where_it_was_when_its_lease_is_over(
    inside: Flask, committed: Installation, port_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_effort = labours.make_effort

    def die(number: int) -> None:
        make_effort(number)
        if number == 2:
            raise KeyboardInterrupt

    with time_machine.travel(START, tick=False) as clock:
        job_id = want(count_up, port_id, until=4)
        monkeypatch.setattr(labours, "make_effort", die)
        with pytest.raises(KeyboardInterrupt):
            perform(str(job_id))
        monkeypatch.setattr(labours, "make_effort", make_effort)
        assert efforts(committed) == [0, 1]

        relay(inside)
        committed.redis.flushdb()
        perform(str(job_id))
        sweep_now(inside)
        assert (efforts(committed), queued(committed, "import")) == ([0, 1], [])

        clock.shift(LEASE)
        sweep_now(inside)
        assert queued(committed, "import") == [str(job_id)]
        perform(str(job_id))

    assert efforts(committed) == [0, 1, 2, 3]
    assert job_row(committed, job_id) is None


def sweep_now(app: Flask) -> None:
    begin()
    sweep()
    commit()
    relay(app)


def test_who_lost_the_lease_stops_at_the_next_step(
    inside: Flask, committed: Installation, port_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dawdle(steps: Steps) -> None:
        with steps.step():
            labours.make_effort(steps.done)
            steps.advance(1)
        if steps.done == 1:
            clock.shift(LEASE)
            elsewhere(inside, job_id)
        with pytest.raises(LeaseLost), steps.step():
            labours.make_effort(100)
        raise LeaseLost

    def take_over(steps: Steps) -> None:
        with steps.step():
            labours.make_effort(steps.done)
            steps.advance(1)

    works = iter([dawdle, take_over])
    work = Work("test.slow", lambda steps: next(works)(steps), "bulk", 3, in_steps=True, is_for_port=True, failed=None)
    monkeypatch.setitem(WORKS, work.name, work)
    with time_machine.travel(START, tick=False) as clock:
        job_id = want(work, port_id)
        perform(str(job_id))

    assert efforts(committed) == [0, 1]
    assert job_row(committed, job_id) is None


def test_a_failure_in_a_step_keeps_the_steps_before(inside: Flask, committed: Installation, port_id: uuid.UUID) -> None:
    job_id = want(stumble_on_the_way, port_id, until=2)
    perform(str(job_id))
    row = job_row(committed, job_id)
    assert row is not None
    assert efforts(committed) == [0]
    assert (row["done"], row["total"], row["attempts"], row["failed_at"] is None) == (1, 2, 1, False)


def test_a_job_asked_to_stop_sees_it_in_its_next_step(
    inside: Flask, committed: Installation, port_id: uuid.UUID
) -> None:
    job_id = want(count_up, port_id, until=5)
    begin(port_id=port_id, scope="staff")
    ask_to_stop(job_id)
    commit()
    perform(str(job_id))
    assert efforts(committed) == [1000]
    assert job_row(committed, job_id) is None


# --- The sweep


def test_the_sweep_sends_what_was_forgotten_and_nothing_twice(
    inside: Flask, committed: Installation, port_id: uuid.UUID
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        job_id = want(toil, port_id, number=1)
        clock.shift(timedelta(minutes=2))
        sweep_now(inside)  # it is still in the outbox
        assert queued(committed, "maintenance") == [str(job_id)]

        clock.shift(timedelta(minutes=2))
        sweep_now(inside)  # it is still in its queue
        assert queued(committed, "maintenance") == [str(job_id)]

        committed.redis.flushdb()
        sweep_now(inside)  # it was swept a moment ago
        assert queued(committed, "maintenance") == []
        clock.shift(timedelta(minutes=1))
        sweep_now(inside)
        assert queued(committed, "maintenance") == [str(job_id)]


def test_the_sweep_leaves_alone_what_is_being_done(
    inside: Flask, committed: Installation, port_id: uuid.UUID, trial: Work
) -> None:
    swept: list[int] = []

    def look() -> None:
        with committed.database.connect("quayside_app") as connection:
            row = connection.execute("SELECT sweep_jobs(now() + interval '1 day')").fetchone()
            assert row is not None
            swept.append(row[0])

    object.__setattr__(trial, "function", look)
    perform(str(want(trial, port_id)))
    assert swept == [0]


def test_what_a_database_could_not_read_is_not_told() -> None:
    answer = 'invalid input syntax for type uuid: "Ada Lovelace ada@example.com"\nLINE 1: SELECT 1'
    told = describe(DataError("SELECT 1", {}, ValueError(answer)))
    assert told == "ValueError: invalid input syntax for type uuid: …"
