"""Sign-in with several people at once, and what only the owner of the database does: real connections."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import psycopg
import pytest
from flask import Flask

from app.db import now
from app.dev.processes import wait_until
from app.identity import sign_in
from app.web import SESSION_COOKIE
from tests.servers import Installation
from tests.waiting import Beside, together
from tests.world import PASSWORD, Visitor, user_id

AGENT = "sales_agent@north.example"
POOL = 4  # at once, which is what the pool of connections bears


@pytest.fixture
def app(committed: Installation) -> Iterator[Flask]:
    yield committed.app
    with committed.database.connect() as owner:
        owner.execute("TRUNCATE sign_in_failures, sessions")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "verify", lambda kept, password: kept is not None and password == PASSWORD)


def attempt(app: Flask, email: str, password: str, ip: str = "203.0.113.7") -> int:
    visitor = Visitor.anonymous(app)
    data = {"email": email, "password": password}
    return visitor.post("/auth/login", data, environ_base={"REMOTE_ADDR": ip}).status_code


def failures(committed: Installation) -> int:
    with committed.database.connect() as owner:
        row = owner.execute("SELECT count(*) FROM sign_in_failures").fetchone()
    assert row
    return int(row[0])


def test_guesses_made_at_once_are_not_more_than_guesses_one_by_one(
    committed: Installation, app: Flask, quick: None
) -> None:
    codes = together(*[partial(attempt, app, AGENT, "wrong")] * 24, at_a_time=POOL)
    assert set(codes) <= {422, 429}
    assert failures(committed) == 5
    assert codes.count(422) <= 4


def test_guesses_at_many_accounts_at_once_are_not_more_either(committed: Installation, app: Flask, quick: None) -> None:
    guesses = [partial(attempt, app, f"guess{at}@north.example", "wrong") for at in range(64)]
    codes = together(*guesses, at_a_time=POOL)
    assert set(codes) <= {422, 429}
    assert failures(committed) == 50


def test_right_ones_made_at_once_all_get_in_and_leave_nothing(committed: Installation, app: Flask, quick: None) -> None:
    assert together(*[partial(attempt, app, AGENT, PASSWORD)] * 4) == [303] * 4
    assert failures(committed) == 0


@contextmanager
def application(committed: Installation) -> Iterator[psycopg.Connection]:
    with psycopg.connect(committed.database.url("quayside_app")) as connection:
        yield connection
        connection.rollback()


TRY = "SELECT attempt_sign_in(%s, %s, %s, %s)"


@pytest.mark.parametrize(
    ("counted", "then"),
    [
        ([(AGENT, "203.0.113.7")] * 4, (AGENT, "203.0.113.7")),
        ([(f"guess{at}@north.example", "203.0.113.7") for at in range(49)], ("another@north.example", "203.0.113.7")),
        ([(AGENT, f"203.0.113.{at}") for at in range(19)], (AGENT, "198.51.100.1")),
    ],
    ids=["account and address", "address", "account"],
)
def test_the_last_free_attempt_is_taken_once(
    committed: Installation, app: Flask, counted: list[tuple[str, str]], then: tuple[str, str]
) -> None:
    """While somebody takes it and has not committed, the next one waits and is then refused."""
    email, ip = then
    last = counted[-1]
    with committed.database.connect() as owner:
        for at in counted:
            owner.execute(TRY, (uuid.uuid4(), *at, now()))

    def second() -> bool:
        with application(committed) as connection:
            row = connection.execute(TRY, (uuid.uuid4(), email, ip, now())).fetchone()
        assert row
        return bool(row[0])

    def is_waiting() -> bool:
        with committed.database.connect() as owner:
            query = "SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE NOT granted AND datname = %s"
            return owner.execute(query, (committed.database.name,)).fetchone() is not None

    with application(committed) as first:
        taken = first.execute(TRY, (uuid.uuid4(), *last, now())).fetchone()
        assert taken == (True,)
        waiting = Beside(second)
        assert wait_until(is_waiting, seconds=20)
        first.commit()
        assert waiting.answer() is False


def test_whoever_is_deactivated_is_out_at_once(committed: Installation, app: Flask, quick: None) -> None:
    with app.app_context():
        agent = Visitor.of(app, AGENT)
    assert agent.get("/north/clients").status_code == 200
    activate = "UPDATE users SET is_active = %s WHERE id = %s"
    with committed.database.connect() as owner:
        owner.execute(activate, (False, user_id(AGENT)))
        try:
            assert agent.get("/north/clients").headers["Location"].startswith("/auth/login")
            assert agent.fragment("/north/clients").status_code == 401
            assert attempt(app, AGENT, PASSWORD) == 422
            (is_good,) = owner.execute("SELECT is_session_good(id, %s) FROM sessions", (now(),)).fetchone() or (None,)
            assert is_good is False
        finally:
            owner.execute(activate, (True, user_id(AGENT)))
    assert agent.get("/north/clients").status_code == 200


def test_whoever_is_deactivated_while_signing_in_stays_out(
    committed: Installation, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    activate = "UPDATE users SET is_active = %s WHERE id = %s"
    with committed.database.connect() as owner:

        def deactivate(_kept: str | None, _password: str) -> bool:
            owner.execute(activate, (False, user_id(AGENT)))
            return True

        monkeypatch.setattr(sign_in, "verify", deactivate)
        try:
            assert attempt(app, AGENT, PASSWORD) == 422
        finally:
            owner.execute(activate, (True, user_id(AGENT)))
        assert owner.execute("SELECT count(*) FROM sessions").fetchone() == (0,)


def test_a_role_taken_away_closes_the_port_at_once(committed: Installation, app: Flask) -> None:
    with app.app_context():
        agent = Visitor.of(app, AGENT)
    with committed.database.connect() as owner:
        owner.execute("CREATE TEMP TABLE kept AS SELECT * FROM user_port_roles WHERE user_id = %s", (user_id(AGENT),))
        owner.execute("DELETE FROM user_port_roles WHERE user_id = %s", (user_id(AGENT),))
        try:
            assert agent.get("/north/clients").status_code == 404
            assert agent.get("/auth/ports").status_code == 200
        finally:
            owner.execute("INSERT INTO user_port_roles SELECT * FROM kept")


def test_an_inactive_port_is_closed(committed: Installation, app: Flask) -> None:
    with app.app_context():
        visitors = [Visitor.of(app, email) for email in (AGENT, "super@quayside.example")]
    with committed.database.connect() as owner:
        owner.execute("UPDATE ports SET is_active = false WHERE slug = 'north'")
        try:
            for visitor in visitors:
                assert visitor.get("/north/clients").status_code == 404
                assert "Port North" not in visitor.get("/auth/ports").text
        finally:
            owner.execute("UPDATE ports SET is_active = true WHERE slug = 'north'")


def test_an_override_of_the_port_gives_and_takes_one_leaf(committed: Installation, app: Flask) -> None:
    with app.app_context():
        viewer = Visitor.of(app, "viewer@north.example")
        stranger = Visitor.of(app, "viewer@south.example")
    override = (
        "INSERT INTO port_role_overrides (id, port_id, role_id, permission_overrides, created_at, updated_at)"
        " SELECT gen_random_uuid(), p.id, r.id, %s, now(), now() FROM ports p, roles r"
        " WHERE p.slug = 'north' AND r.name = 'viewer'"
    )
    changed = '{"clients": {"create": true, "view": false, "view_own": false, "fly": true}, "dragons": {"view": true}}'
    with committed.database.connect() as owner:
        owner.execute(override, (changed,))
        try:
            assert viewer.get("/north/clients/new").status_code == 200
            assert viewer.get("/north/clients").status_code == 403
            assert stranger.get("/south/clients/new").status_code == 403
            assert stranger.get("/south/clients").status_code == 200
        finally:
            owner.execute("DELETE FROM port_role_overrides")
    assert viewer.get("/north/clients/new").status_code == 403


def test_nobody_waits_for_a_session_that_somebody_extends(committed: Installation, app: Flask) -> None:
    """Two requests of one browser at once: the second does not stand behind the first."""
    with app.app_context():
        agent = Visitor.of(app, AGENT)
    assert agent.client.get_cookie(SESSION_COOKIE)
    earlier = now() - timedelta(minutes=10)
    with committed.database.connect() as owner:
        owner.execute("UPDATE sessions SET last_seen_at = %s", (earlier,))
        with owner.transaction():
            owner.execute("SELECT FROM sessions FOR UPDATE")
            assert agent.get("/north/clients").status_code == 200
        assert agent.get("/north/clients").status_code == 200
        assert owner.execute("SELECT count(*) FROM sessions WHERE last_seen_at = %s", (earlier,)).fetchone() == (0,)
