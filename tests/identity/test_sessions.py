"""Sessions: what is kept of them, how long they last, and how they end."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from app.db import begin, commit, now
from app.identity.models import Session, hash_token
from app.live.rooms import channel_of
from app.web import SESSION_COOKIE
from tests.identity.conftest import SignIn
from tests.identity.test_sign_in import AGENT, is_in, token_of
from tests.servers import Installation
from tests.world import Visitor, user_id

START = datetime.fromisoformat("2026-11-21T09:00:00+00:00")
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def agent(visit: Callable[[str], Visitor], clock: time_machine.Traveller) -> Visitor:
    """Signed in at START."""
    return visit(AGENT)


def is_signed_in(visitor: Visitor) -> bool:
    status = visitor.get("/auth/ports").status_code
    assert status in (200, 303)
    return status == 200


def sessions_of(db: SQLAlchemy, email: str) -> list[Session]:
    commit()
    db.session.remove()
    begin(user_id=user_id(email), scope="staff")
    return list(db.session.scalars(select(Session).order_by(Session.id)))


def only_session(db: SQLAlchemy) -> Session:
    (session,) = sessions_of(db, AGENT)
    return session


# --- At rest


def test_the_token_is_kept_as_its_hash_only(db: SQLAlchemy, attempt: SignIn) -> None:
    token = token_of(attempt(AGENT))
    assert re.fullmatch(r"[\w-]{43}", token)
    assert only_session(db).token_hash == hash_token(token)
    row = json.dumps(db.session.scalar(text("SELECT to_jsonb(s) FROM sessions s")))
    assert token not in row
    assert token.encode().hex() not in row


@pytest.mark.parametrize("made_up", ["", "x", "\x00", "ä", "a" * 4000])
def test_a_made_up_token_is_nobody(browser: Visitor, made_up: str) -> None:
    browser.client.set_cookie(SESSION_COOKIE, made_up)
    assert not is_signed_in(browser)
    assert browser.get("/north/clients").status_code == 303


def test_the_hash_from_the_database_is_no_token(db: SQLAlchemy, attempt: SignIn, app: Flask) -> None:
    attempt(AGENT)
    kept = only_session(db).token_hash
    for guess in (kept.hex(), kept.decode("latin-1"), f"\\x{kept.hex()}"):
        thief = Visitor.anonymous(app)
        thief.client.set_cookie(SESSION_COOKIE, guess)
        assert not is_signed_in(thief)


# --- How long


def test_a_session_ends_after_a_day_without_use(agent: Visitor, clock: time_machine.Traveller) -> None:
    clock.shift(DAY - MINUTE)
    assert is_signed_in(agent)
    clock.shift(DAY)
    assert not is_signed_in(agent)


def test_it_is_extended_when_less_than_six_hours_remain(
    db: SQLAlchemy, agent: Visitor, clock: time_machine.Traveller
) -> None:
    assert only_session(db).expires_at == START + DAY
    clock.shift(18 * HOUR)
    agent.get("/north/clients")
    assert only_session(db).expires_at == START + DAY
    clock.shift(MINUTE)
    agent.get("/north/clients")
    assert only_session(db).expires_at == START + 18 * HOUR + MINUTE + DAY


def test_last_seen_is_written_every_five_minutes_at_most(
    db: SQLAlchemy, agent: Visitor, clock: time_machine.Traveller
) -> None:
    clock.shift(5 * MINUTE - timedelta(seconds=1))
    agent.get("/north/clients")
    assert only_session(db).last_seen_at == START
    clock.shift(timedelta(seconds=1))
    agent.get("/north/clients")
    assert only_session(db).last_seen_at == START + 5 * MINUTE
    clock.shift(MINUTE)
    agent.get("/north/clients")
    assert only_session(db).last_seen_at == START + 5 * MINUTE


def test_it_ends_after_fourteen_days_however_much_it_is_used(
    db: SQLAlchemy, agent: Visitor, clock: time_machine.Traveller
) -> None:
    for _ in range(17):
        clock.shift(19 * HOUR)
        assert is_signed_in(agent)
    clock.move_to(START + 14 * DAY - timedelta(seconds=1))
    assert is_signed_in(agent)
    assert only_session(db).expires_at == START + 14 * DAY
    clock.shift(timedelta(seconds=1))
    assert not is_signed_in(agent)


def test_near_its_end_it_is_not_written_by_every_request(
    db: SQLAlchemy, agent: Visitor, clock: time_machine.Traveller
) -> None:
    for _ in range(17):
        clock.shift(19 * HOUR)
        assert is_signed_in(agent)
    clock.move_to(START + 14 * DAY - HOUR)
    assert is_signed_in(agent)
    seen = only_session(db).last_seen_at
    clock.shift(MINUTE)
    assert is_signed_in(agent)
    assert only_session(db).last_seen_at == seen


# --- How it ends


def test_signing_in_again_ends_the_session_of_before(db: SQLAlchemy, app: Flask, attempt: SignIn) -> None:
    first, second = token_of(attempt(AGENT)), token_of(attempt(AGENT))
    assert first != second
    thief = Visitor.anonymous(app)
    thief.client.set_cookie(SESSION_COOKIE, first)
    assert not is_signed_in(thief)
    assert only_session(db).token_hash == hash_token(second)


def test_somebody_else_signing_in_at_the_same_browser_ends_it_too(db: SQLAlchemy, attempt: SignIn) -> None:
    attempt(AGENT)
    assert is_in(attempt("viewer@north.example"))
    assert sessions_of(db, AGENT) == []
    assert len(sessions_of(db, "viewer@north.example")) == 1


def test_a_wrong_password_leaves_the_session_alone(db: SQLAlchemy, browser: Visitor, attempt: SignIn) -> None:
    attempt(AGENT)
    attempt("viewer@north.example", "wrong")
    assert is_signed_in(browser)


def test_a_token_planted_in_a_browser_is_never_taken_over(browser: Visitor, attempt: SignIn) -> None:
    browser.client.set_cookie(SESSION_COOKIE, "planted")
    assert token_of(attempt(AGENT)) not in ("", "planted")


def test_signing_out_ends_this_session_and_no_other(
    db: SQLAlchemy, app: Flask, browser: Visitor, attempt: SignIn, visit: Callable[[str], Visitor]
) -> None:
    elsewhere = visit(AGENT)
    token = token_of(attempt(AGENT))
    response = browser.delete("/auth/logout")
    assert response.headers["Location"] == "/auth/login"
    assert any(cookie.startswith(f"{SESSION_COOKIE}=;") for cookie in response.headers.getlist("Set-Cookie"))
    assert not is_signed_in(browser)
    browser.client.set_cookie(SESSION_COOKIE, token)
    assert not is_signed_in(browser)
    assert is_signed_in(elsewhere)
    assert len(sessions_of(db, AGENT)) == 1


def test_signing_out_takes_a_form_of_ours(visit: Callable[[str], Visitor]) -> None:
    agent = visit(AGENT)
    assert agent.get("/auth/logout").status_code == 405
    assert agent.open("/auth/logout?_method=DELETE", method="POST").status_code == 400
    headers = {"Origin": "https://evil.example"}
    assert agent.delete("/auth/logout", headers=headers).status_code == 403
    assert is_signed_in(agent)


@pytest.mark.parametrize("end", ["out", "in again"])
def test_the_windows_of_an_ended_session_are_closed(
    db: SQLAlchemy, own_installation: Installation, browser: Visitor, attempt: SignIn, end: str
) -> None:
    attempt(AGENT)
    session_id = only_session(db).id
    client = own_installation.redis
    with client.pubsub() as subscription:  # type: ignore[no-untyped-call]
        subscription.subscribe(channel_of(client))
        assert subscription.get_message(timeout=2)
        if end == "out":
            browser.delete("/auth/logout")
        else:
            attempt("viewer@north.example")
        message = subscription.get_message(timeout=2)
    assert message
    assert message["data"].startswith(f"close session:{session_id}\n".encode())


def test_a_page_after_signing_out_is_not_in_the_cache(visit: Callable[[str], Visitor]) -> None:
    assert visit(AGENT).get("/north/clients").headers["Cache-Control"] == "no-store"


def test_expired_sessions_are_cleared(db: SQLAlchemy, agent: Visitor, clock: time_machine.Traveller) -> None:
    clock.shift(DAY + MINUTE)
    begin()
    db.session.execute(text("SELECT clear_expired(:now)"), {"now": now()})
    assert sessions_of(db, AGENT) == []
