"""API tokens: made once, shown once, good in one port for what their user may at that moment."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from werkzeug.test import TestResponse

from app import limits
from app.db import begin, commit, db, now
from app.identity.models import ApiToken, hash_token
from tests.servers import Installation
from tests.world import NORTH, Visitor, enter, user_id

AGENT = "sales_agent@north.example"
URL = "/north/settings/tokens"
Visit = Callable[[str], Visitor]


def make_token(email: str = AGENT, *scopes: str, slug: str = "north", days: int = 7) -> str:
    member = enter(email, slug)
    _token, words = ApiToken.create("Till", scopes or ["*"], lasts=timedelta(days=days), by=member)
    commit()
    return words


def ask(app: Flask, words: str | None, path: str = "/api/v1/me", **kwargs: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {words}"} if words is not None else {}
    return Visitor.anonymous(app).open(path, headers=headers, **kwargs)


def typed(**fields: Any) -> dict[str, Any]:
    return {"name": "Accounting", "days": "30", "reach": "chosen", "scopes": ["clients.view", "berths.view"], **fields}


def tokens() -> list[ApiToken]:
    begin(port_id=NORTH, user_id=user_id(AGENT), scope="staff")
    return list(db.session.scalars(db.select(ApiToken).order_by(ApiToken.id)))


# --- The pages


def test_a_token_is_shown_once_and_kept_as_a_digest(app: Flask, visit: Visit, relayed: Callable[[], list[str]]) -> None:
    visitor = visit(AGENT)
    answer = visitor.post(URL, typed())
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    (words,) = re.findall(r"<code>(qs_[\w-]{43})</code>", answer.text)
    (token,) = tokens()
    assert token.token_hash == hash_token(words)
    assert token.scopes == ["berths.view", "clients.view"]
    assert timedelta(days=29) < token.expires_at - now() < timedelta(days=30)
    assert words not in visitor.get(URL).text
    assert "2 permissions" in visitor.get(URL).text
    assert relayed() == ["token:created"]
    assert ask(app, words).get_json()["scopes"] == ["berths.view", "clients.view"]


def test_a_token_sent_twice_is_made_once(visit: Visit) -> None:
    visitor = visit(AGENT)
    assert [visitor.post(URL, typed()).status_code for _ in range(2)] == [201, 422]
    assert len(tokens()) == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "Type what it is for."),
        ({"name": "x" * 81}, "longer than 80"),
        ({"days": "3650"}, "Not a valid choice"),
        ({"scopes": []}, "Choose at least one."),
        ({"scopes": ["admin.manage_users"]}, "not a valid choice"),
        ({"reach": "beyond"}, "Not a valid choice"),
    ],
)
def test_a_token_that_cannot_be_is_told_and_kept(visit: Visit, fields: dict[str, Any], words: str) -> None:
    answer = visit(AGENT).post(URL, typed(**fields))
    assert answer.status_code == 422
    assert words.lower() in answer.text.lower()
    assert f'value="{fields.get("name", "Accounting")}"' in answer.text
    assert tokens() == []


def test_a_scope_that_is_not_held_is_refused_by_the_model_too(db: SQLAlchemy) -> None:
    with pytest.raises(ValueError, match="not held"):
        ApiToken.create("Till", ["admin.manage_users"], lasts=timedelta(days=1), by=enter(AGENT))


def test_a_revoked_token_opens_nothing(app: Flask, visit: Visit, relayed: Callable[[], list[str]]) -> None:
    words, visitor = make_token(), visit(AGENT)
    relayed()
    token_id = tokens()[0].id
    assert ask(app, words).status_code == 200
    assert visitor.delete(f"{URL}/{token_id}").status_code == 303
    assert ask(app, words).status_code == 401
    assert "No tokens yet" in visitor.get(URL).text
    assert visitor.delete(f"{URL}/{token_id}").status_code == 404
    assert relayed() == ["token:revoked"]


def test_nobody_sees_or_revokes_a_token_of_somebody_else(app: Flask, visit: Visit) -> None:
    words = make_token()
    token_id = tokens()[0].id
    admin = visit("port_admin@north.example")
    assert "Till" not in admin.get(URL).text
    assert admin.delete(f"{URL}/{token_id}").status_code == 404
    assert ask(app, words).status_code == 200


def test_the_list_takes_two_statements(visit: Visit, statements: list[str]) -> None:
    for _ in range(5):
        make_token()
    visitor = visit(AGENT)
    statements.clear()
    assert visitor.get(URL).text.count('<li id="token-') == 5
    assert len(statements) <= 2


# --- GET /api/v1/me


def test_it_says_whose_it_is_and_what_it_may(app: Flask, db: SQLAlchemy, statements: list[str]) -> None:
    words = make_token()
    statements.clear()
    answer = ask(app, words)
    assert len(statements) <= 1
    told = answer.get_json()
    assert answer.status_code == 200
    assert told["user"] == {"id": str(user_id(AGENT)), "name": "Sales Agent North", "email": AGENT}
    assert told["port"]["slug"] == "north"
    assert told["scopes"] == sorted(enter(AGENT).permissions)
    assert told["token"] == "Till"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"):
        assert answer.headers[name].isdecimal()


def test_its_port_is_the_tokens(app: Flask, db: SQLAlchemy) -> None:
    both = "both@quayside.example"
    north, south = make_token(both), make_token(both, slug="south")
    assert [ask(app, words).get_json()["port"]["slug"] for words in (north, south)] == ["north", "south"]


def test_its_scopes_never_go_beyond_what_the_user_may_now(app: Flask, db: SQLAlchemy) -> None:
    some, everything = make_token(AGENT, "clients.view", "berths.view"), make_token()
    begin(port_id=NORTH, user_id=user_id("super@quayside.example"), scope="staff")
    db.session.execute(
        text(
            "INSERT INTO port_role_overrides (id, port_id, role_id, permission_overrides, created_at, updated_at)"
            ' SELECT gen_random_uuid(), :port, id, \'{"clients": {"view": false}}\', :at, :at FROM roles'
            " WHERE name = 'sales_agent'"
        ),
        {"port": NORTH, "at": now()},
    )
    commit()
    assert ask(app, some).get_json()["scopes"] == ["berths.view"]
    assert "clients.view" not in ask(app, everything).get_json()["scopes"]


def test_the_last_use_is_noted_once_a_minute(app: Flask, db: SQLAlchemy) -> None:
    words = make_token()
    noted = []
    with time_machine.travel(now(), tick=False) as clock:
        for seconds in (0, 59, 1):
            clock.shift(seconds)
            ask(app, words)
            noted.append(tokens()[0].last_used_at)
    assert noted[0] == noted[1]
    assert noted[2] - noted[0] == timedelta(minutes=1)  # type: ignore[operator]


@pytest.mark.parametrize("words", [None, "", "qs_guessed", "x" * 5000])
def test_without_a_good_token_it_is_401_in_json(app: Flask, db: SQLAlchemy, words: str | None) -> None:
    answer = ask(app, words)
    assert answer.status_code == 401
    told = answer.get_json()
    assert set(told) == {"error", "code", "details", "request_id"}
    assert (told["code"], told["details"]) == ("UNAUTHENTICATED", [])
    assert told["request_id"]
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "X-RateLimit-Remaining" in answer.headers


def test_a_cookie_does_not_sign_in_here(visit: Visit) -> None:
    assert visit(AGENT).get("/api/v1/me").status_code == 401


def test_a_token_does_not_open_the_pages(app: Flask, db: SQLAlchemy) -> None:
    answer = ask(app, make_token(), "/north/clients")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/auth/login")


def test_an_expired_one_is_over(app: Flask, db: SQLAlchemy) -> None:
    words = make_token(days=7)
    with time_machine.travel(now() + timedelta(days=7, seconds=1)):
        assert ask(app, words).status_code == 401


def test_who_was_shut_out_is_out(committed: Installation) -> None:
    with committed.app.app_context():
        words = make_token()
    user = "WHERE email = 'sales_agent@north.example'"
    with committed.database.connect() as connection:
        for change, back in (
            (f"UPDATE users SET is_active = false {user}", f"UPDATE users SET is_active = true {user}"),
            ("UPDATE ports SET is_active = false", "UPDATE ports SET is_active = true"),
            (f"DELETE FROM user_port_roles x USING users u {user} AND u.id = x.user_id", "SELECT 1"),
        ):
            assert ask(committed.app, words).status_code == 200
            connection.execute(change)
            assert ask(committed.app, words).status_code == 401, change
            connection.execute(back)


def test_other_errors_are_json_too(app: Flask, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(app, None, "/api/v1/nothing").get_json()["code"] == "NOT_FOUND"
    assert ask(app, None, method="POST").get_json()["code"] == "METHOD_NOT_ALLOWED"
    monkeypatch.setitem(limits.AMOUNTS, "requests", "1 per minute")
    words = make_token()
    assert ask(app, words).status_code == 200
    answer = ask(app, words)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "RATE_LIMITED")
    assert 1 <= answer.get_json()["retry_after"] <= 60
    assert answer.headers["Retry-After"]
