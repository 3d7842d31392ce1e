"""Who asks too often waits; a Redis that is away or hangs holds nobody up and opens nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from app import limits
from app.db import commit
from app.dev.processes import wait_until
from app.dev.servers import Valkey
from app.web import SESSION_COOKIE
from tests.servers import Installation, away, hanging
from tests.world import Visitor, enter, make_client, start_session

MANAGER = "sales_manager@north.example"


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.AMOUNTS, "requests", "3 per hour")


def test_headers_tell_what_is_left(app: Flask, db: SQLAlchemy, three: None) -> None:
    visitor = Visitor.of(app, MANAGER)
    answers = [visitor.get("/auth/ports") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"3"}
    assert int(answers[0].headers["X-RateLimit-Reset"]) >= time.time() - 1
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 3600
    assert "A little slower" in answers[3].text


def test_a_fragment_is_refused_as_a_fragment(app: Flask, db: SQLAlchemy, three: None) -> None:
    visitor = Visitor.of(app, MANAGER)
    answer = [visitor.fragment("/auth/ports") for _ in range(4)][-1]
    assert answer.status_code == 429
    assert "<html" not in answer.text
    assert answer.headers["HX-Retarget"] == "#errors"


def test_the_user_counts_not_the_session(app: Flask, db: SQLAlchemy, three: None) -> None:
    first, second = Visitor.of(app, MANAGER), Visitor.of(app, MANAGER)
    other = Visitor.of(app, "teammate@north.example")
    assert [first.get("/auth/ports").status_code for _ in range(3)] == [200] * 3
    assert second.get("/auth/ports").status_code == 429
    assert other.get("/auth/ports").status_code == 200


def test_a_denial_counts_as_well(app: Flask, db: SQLAlchemy, three: None) -> None:
    visitor = Visitor.of(app, "technician@north.example")
    assert [visitor.get("/north/clients").status_code for _ in range(4)] == [403, 403, 403, 429]


def test_a_port_one_is_not_in_counts_as_well(app: Flask, db: SQLAlchemy, three: None) -> None:
    visitor = Visitor.of(app, MANAGER)
    assert [visitor.get("/south/clients").status_code for _ in range(4)] == [404, 404, 404, 429]


def test_writes_have_a_limit_of_their_own(visit: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.AMOUNTS, "writes", "2 per hour")
    url = f"/north/clients/{make_client(enter(MANAGER)).number}"
    visitor = visit(MANAGER)
    answers = [visitor.post(f"{url}/notes", {"body": "A note"}).status_code for _ in range(3)]
    assert answers == [303, 303, 429]
    assert visitor.get(url).status_code == 200


@pytest.mark.parametrize(
    ("one", "other", "are_the_same"),
    [
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ],
)
def test_an_address_is_a_household(one: str, other: str, are_the_same: bool) -> None:
    assert (limits.network(one) == limits.network(other)) is are_the_same


def test_without_redis_the_process_counts(
    unsteady: Installation, fragile_valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.AMOUNTS, "requests", "4 per hour")
    app = unsteady.app
    with app.app_context():
        token = start_session(MANAGER)
        commit()
    browser = app.test_client()
    browser.set_cookie(SESSION_COOKIE, token)
    assert [browser.get("/auth/ports").status_code for _ in range(2)] == [200] * 2
    with away(fragile_valkey):
        assert [browser.get("/auth/ports").status_code for _ in range(5)] == [200] * 4 + [429]
    # Redis had counted two; the process stops counting for itself once it has found Redis again.
    assert wait_until(lambda: browser.get("/auth/ports").status_code == 200, seconds=60)


def test_a_redis_that_hangs_holds_up_one_request(
    unsteady: Installation, fragile_valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    """The first one waits for it; the others are counted here and do not ask."""
    app = unsteady.app
    with app.app_context():
        token = start_session("viewer@north.example")
        commit()
    browser = app.test_client()
    browser.set_cookie(SESSION_COOKIE, token)
    assert browser.get("/auth/ports").status_code == 200
    with hanging(fragile_valkey):
        assert {browser.get("/auth/ports").status_code for _ in range(30)} == {200}
    assert [line.name for line in caplog.records if "unreachable" in line.getMessage()] == ["flask-limiter"]
