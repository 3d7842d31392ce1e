import uuid
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
import redis.exceptions
import structlog
import time_machine
from flask import Flask, current_app, g
from sqlalchemy import func, insert, select

from app.db import begin, commit, db, rollback
from app.dev.processes import wait_until
from app.events.models import Event, Outbox
from app.events.reactions import on
from app.events.relay import Relay
from tests import world
from tests.events.conftest import start_follower
from tests.events.happenings import NAME, count_outbox, happen, number_of, outbox, published
from tests.servers import Installation

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def work_off(app: Flask) -> None:
    while Relay(app).work_off():
        pass


def test_a_reaction_sees_the_event_and_its_port(inside: Flask, committed: Installation, port_id: uuid.UUID) -> None:
    seen = []
    setting = func.current_setting

    @on(NAME)
    def look(event: Event) -> None:
        port, scope = db.session.execute(select(setting("app.port_id"), setting("app.scope"))).one()
        seen.append((event.port_id, port, scope, number_of(event), g.request_id))
        assert structlog.contextvars.get_contextvars()["request_id"] == "request-7"

    g.request_id = "request-7"
    happen(port_id, uuid.uuid4(), 7)
    work_off(inside)

    assert seen == [(port_id, str(port_id), "staff", 7, "request-7")]
    assert count_outbox(committed) == 0


def test_an_event_without_a_port_is_followed_as_nobody(inside: Flask, committed: Installation) -> None:
    seen = []
    setting = func.current_setting

    @on(NAME)
    def look(event: Event) -> None:
        settings = select(setting("app.port_id"), setting("app.user_id"), setting("app.scope"))
        seen.append((event.port_id, *db.session.execute(settings).one()))

    happen(None, uuid.uuid4())
    work_off(inside)

    assert seen == [(None, "", "", "")]
    assert count_outbox(committed) == 0


def test_a_reaction_does_not_see_what_another_port_has(inside: Flask, committed: Installation) -> None:
    harbours = [world.NORTH, world.SOUTH]
    seen: list[tuple[uuid.UUID | None, list[uuid.UUID | None]]] = []

    @on(NAME)
    def look(event: Event) -> None:
        db.session.get(Event, first)
        visible = db.session.scalars(select(Event.port_id).where(Event.name == NAME)).all()
        seen.append((event.port_id, sorted(set(visible), key=str)))
        assert (db.session.get(Event, first) is None) == (event.port_id != harbours[0])

    first = happen(harbours[0], uuid.uuid4())
    happen(harbours[1], uuid.uuid4())
    work_off(inside)

    assert seen == [(port, [port]) for port in harbours]


def test_what_fails_is_tried_again_while_its_subject_waits(
    inside: Flask, committed: Installation, port_id: uuid.UUID
) -> None:
    stuck, other = uuid.uuid4(), uuid.uuid4()
    seen: list[tuple[uuid.UUID, int]] = []
    fails = True

    @on(NAME)
    def look(event: Event) -> None:
        if event.subject_id == stuck and fails:
            begin(port_id=port_id, scope="staff")
            happened = Event(port_id=port_id, name="test:half", subject_type="test", subject_id=stuck)
            happened.actor_kind, happened.sealed, happened.signature = "system", b"", b""
            db.session.add(happened)
            db.session.flush()
            raise ValueError("not now")
        seen.append((event.subject_id, number_of(event)))

    with time_machine.travel(START, tick=False) as clock:
        for number in range(2):
            happen(port_id, stuck, number)
            happen(port_id, other, number)
        work_off(inside)
        assert seen == [(other, 0), (other, 1)]

        first, second = outbox(committed)
        assert (first["attempts"], first["error"]) == (1, "ValueError: not now")
        assert datetime.fromisoformat(first["retry_at"]) == START + timedelta(seconds=1)
        assert second["attempts"] == 0

        clock.shift(1)
        work_off(inside)
        assert outbox(committed)[0]["attempts"] == 2
        assert datetime.fromisoformat(outbox(committed)[0]["retry_at"]) == START + timedelta(seconds=3)

        fails = False
        clock.shift(2)
        work_off(inside)

    assert seen[2:] == [(stuck, 0), (stuck, 1)]
    assert count_outbox(committed) == 0
    begin(port_id=port_id, scope="staff")
    assert db.session.scalar(select(func.count()).where(Event.name == "test:half")) == 0
    rollback()


@pytest.mark.parametrize("has_port", [True, False])
def test_after_ten_failures_a_row_is_set_aside_with_an_alert(
    inside: Flask, committed: Installation, port_id: uuid.UUID, has_port: bool
) -> None:
    subject, where = uuid.uuid4(), port_id if has_port else None
    seen: list[uuid.UUID] = []

    @on(NAME)
    def look(event: Event) -> None:
        if event.id == bad:
            raise ValueError("never")
        seen.append(event.id)

    with time_machine.travel(START, tick=False) as clock:
        bad, good = happen(where, subject), happen(where, subject)
        for _ in range(10):
            assert seen == []
            work_off(inside)
            clock.shift(timedelta(minutes=10))
        work_off(inside)

    assert seen == [good]
    (kept,) = outbox(committed)
    assert (uuid.UUID(kept["event_id"]), kept["attempts"], kept["set_aside_at"] is None) == (bad, 10, False)
    with committed.database.connect() as connection:
        alerts = connection.execute(
            "SELECT port_id FROM events WHERE name = 'system:alert' AND subject_id = %s", (bad,)
        ).fetchall()
    assert alerts == [(where,)]


def test_an_alert_that_cannot_be_written_stops_nobody(
    inside: Flask, committed: Installation, port_id: uuid.UUID
) -> None:
    seen: list[uuid.UUID] = []

    @on(NAME)
    def look(event: Event) -> None:
        if event.id == bad:
            raise ValueError("never")
        seen.append(event.id)

    with time_machine.travel(START, tick=False) as clock:
        bad, good = happen(port_id, uuid.uuid4()), happen(port_id, uuid.uuid4())
        with committed.database.connect() as connection:
            connection.execute(
                "INSERT INTO subject_keys (subject_type, subject_id, port_id, sealed_key)"
                " VALUES ('outbox', %s, %s, '\\x046c6f737400')",  # under a key named "lost"
                (bad, port_id),
            )
        for _ in range(10):
            work_off(inside)
            clock.shift(timedelta(minutes=10))

    assert seen == [good]
    (kept,) = outbox(committed)
    assert (uuid.UUID(kept["event_id"]), kept["set_aside_at"] is None) == (bad, False)


@pytest.mark.parametrize(
    "problem",
    [
        redis.exceptions.ConnectionError("away"),
        redis.exceptions.ResponseError("MISCONF Redis is configured to save, but is not able to persist on disk"),
    ],
)
def test_redis_away_is_nobodys_failure(
    inside: Flask, committed: Installation, port_id: uuid.UUID, problem: redis.exceptions.RedisError
) -> None:
    seen: list[uuid.UUID] = []
    is_away = True

    @on(NAME)
    def look(event: Event) -> None:
        if is_away and event.subject_id == second:
            raise problem
        seen.append(event.subject_id)

    first, second, third = (uuid.uuid4() for _ in range(3))
    for subject in (first, second, third):
        happen(port_id, subject)
    with pytest.raises(type(problem)):
        work_off(inside)

    assert seen == [first]
    assert [(row["attempts"], row["error"]) for row in outbox(committed)] == [(0, None)] * 2
    is_away = False
    work_off(inside)
    assert seen == [first, second, third]


def test_a_stopped_relay_finishes_the_row_in_hand(inside: Flask, committed: Installation, port_id: uuid.UUID) -> None:
    subjects = [uuid.uuid4() for _ in range(3)]
    relay = Relay(inside)
    on(NAME)(lambda event: relay.stop() if event.subject_id == subjects[1] else None)

    for subject in subjects:
        happen(port_id, subject)
    relay.work_off()

    assert [row["subject"] for row in outbox(committed)] == [f"test:{subjects[2]}"]


def test_a_commit_wakes_the_relay(inside: Flask, committed: Installation, port_id: uuid.UUID) -> None:
    follower = start_follower(committed, look_every=60)
    # Whichever comes first, the start or this one, it is found; the next can only come by NOTIFY.
    happen(port_id, uuid.uuid4(), 0)
    assert wait_until(lambda: len(published(committed)) == 1, seconds=20)
    happen(port_id, uuid.uuid4(), 1)
    assert wait_until(lambda: len(published(committed)) == 2, seconds=20)
    follower.kill()  # it would only look up in a minute


def test_a_relay_that_was_not_woken_looks_by_itself_and_ends_when_told(
    inside: Flask, committed: Installation, port_id: uuid.UUID
) -> None:
    follower = start_follower(committed)
    happen(port_id, uuid.uuid4())
    assert wait_until(lambda: count_outbox(committed) == 0, seconds=20)
    begin(port_id=port_id, scope="staff")
    db.session.execute(
        insert(Outbox).inline(),
        {
            "port_id": port_id,
            "subject": "job:gone",
            "job_id": uuid.uuid4(),
            "created_at": START,
            "attempts": 0,
        },
    )
    commit()
    assert wait_until(lambda: count_outbox(committed) == 0, seconds=20)

    follower.process.terminate()
    assert follower.process.wait(20) == 0


def test_nothing_is_lost_by_a_kill_between_claim_and_publish(
    inside: Flask, committed: Installation, port_id: uuid.UUID
) -> None:
    committed.redis.set("hold", 1)
    subjects = [uuid.uuid4() for _ in range(3)]
    for number in range(4):
        for subject in subjects:
            happen(port_id, subject, number)

    first = start_follower(committed)
    assert wait_until(lambda: committed.redis.llen("reached") == 1, seconds=20)
    first.kill()
    committed.redis.delete("hold")
    start_follower(committed)

    assert wait_until(lambda: count_outbox(committed) == 0, seconds=20)
    assert published_of(committed) == {subject: [0, 1, 2, 3] for subject in subjects}


def test_what_was_published_but_not_finished_is_published_again(
    inside: Flask, committed: Installation, port_id: uuid.UUID
) -> None:
    """Killed in the second row of a batch, the first one published: at least once, never less."""
    subjects = [uuid.uuid4() for _ in range(2)]
    for subject in subjects:
        happen(port_id, subject)

    @on(NAME)
    def hold_second(event: Event) -> None:
        current_app.extensions["redis"].rpush("published", f"{event.subject_id} {number_of(event)}")
        if event.subject_id == subjects[1]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Relay(inside).work_off()
    assert count_outbox(committed) == 2
    start_follower(committed)

    assert wait_until(lambda: count_outbox(committed) == 0, seconds=20)
    assert published(committed) == [(subject, 0) for subject in subjects * 2]


def test_two_relays_keep_the_order_of_each_subject(inside: Flask, committed: Installation, port_id: uuid.UUID) -> None:
    subjects = [uuid.uuid4() for _ in range(12)]
    committed.redis.set("hold", 1)
    start_follower(committed)
    start_follower(committed)
    # Each has one in hand before the rest comes.
    happen(port_id, subjects[0], 0)
    assert wait_until(lambda: committed.redis.llen("reached") == 1, seconds=20)
    happen(port_id, subjects[1], 0)
    assert wait_until(lambda: committed.redis.llen("reached") == 2, seconds=20)
    for number in range(1, 15):
        for subject in subjects:
            happen(port_id, subject, number)
    committed.redis.delete("hold")

    assert wait_until(lambda: count_outbox(committed) == 0, seconds=30)
    assert published_of(committed) == {
        subject: list(range(0 if subject in subjects[:2] else 1, 15)) for subject in subjects
    }


def published_of(installation: Installation) -> dict[uuid.UUID, list[int]]:
    """The numbers of each subject as they came."""
    numbers: dict[uuid.UUID, list[int]] = defaultdict(list)
    for subject, number in published(installation):
        numbers[subject].append(number)
    return dict(numbers)


def test_two_relays_can_work_at_once(inside: Flask, committed: Installation, port_id: uuid.UUID) -> None:
    """Of one subject only the first row may be claimed; of others whatever nobody holds."""
    same, other = uuid.uuid4(), uuid.uuid4()
    seen: list[list[uuid.UUID]] = []

    @on(NAME)
    def look(event: Event) -> None:
        seen.append([event.subject_id])
        if len(seen) == 1:
            happen_elsewhere(inside, port_id, other)
            Relay(inside).work_off()

    happen(port_id, same, 0)
    happen(port_id, same, 1)
    Relay(inside).work_off()
    assert seen == [[same], [other]]
    work_off(inside)
    assert seen == [[same], [other], [same]]


def happen_elsewhere(app: Flask, port_id: uuid.UUID, subject: uuid.UUID) -> None:
    with app.app_context():
        happen(port_id, subject)
