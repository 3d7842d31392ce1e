"""The second step of signing in: codes, recovery codes, and what is counted, replayed and refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from app.db import begin, commit
from app.events.models import Event
from app.identity.models import FactorKind, MfaFactor, Session
from app.identity.views.sign_in import TICKET_COOKIE
from app.web import SESSION_COOKIE
from tests.identity.conftest import Phone, SignIn
from tests.identity.test_sign_in import AGENT, cookie_of, is_in, plain, token_of, words_of
from tests.world import Visitor, user_id

START = datetime.fromisoformat("2026-11-21T09:00:00+00:00")
STEP = timedelta(seconds=30)
VIEWER = "viewer@north.example"

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def phone(phone_of: Callable[[str], Phone]) -> Phone:
    return phone_of(AGENT)


def sessions_of(db: SQLAlchemy, email: str) -> list[Session]:
    commit()
    db.session.remove()
    begin(user_id=user_id(email), scope="staff")
    return list(db.session.scalars(select(Session).order_by(Session.id)))


def codes_left(db: SQLAlchemy) -> int:
    begin(user_id=user_id(AGENT), scope="staff")
    return len(db.session.scalars(MfaFactor.of(user_id(AGENT), FactorKind.RECOVERY)).all())


# --- From the password to the code


def test_a_right_password_is_only_half_of_it(db: SQLAlchemy, phone: Phone, attempt: SignIn, browser: Visitor) -> None:
    before = len(sessions_of(db, AGENT))
    response = attempt(AGENT, next="/north/clients")
    assert response.status_code == 303
    assert response.headers["Location"] == "/auth/mfa?next=/north/clients"
    assert not cookie_of(response)
    assert len(sessions_of(db, AGENT)) == before
    assert browser.get("/north/clients").headers["Location"].startswith("/auth/login")
    ticket = next(c for c in response.headers.getlist("Set-Cookie") if c.startswith(TICKET_COOKIE))
    assert {"HttpOnly", "Path=/auth", "SameSite=Lax", "Max-Age=600"} <= {part.strip() for part in ticket.split(";")}
    page = browser.get("/auth/mfa?next=/north/clients").text
    assert "Code from your app" in page
    assert "Recovery code" in page
    assert "data-passkey=" not in page


def test_a_code_is_the_other_half(db: SQLAlchemy, phone: Phone, attempt: SignIn, second: SignIn) -> None:
    attempt(AGENT)
    response = second(code=phone.code(), next="/north/clients")
    assert is_in(response)
    assert response.headers["Location"] == "/north/clients"
    newest = sessions_of(db, AGENT)[-1]
    assert (newest.mfa_at, newest.confirmed_at) == (START, START)


def test_a_password_alone_proves_it_where_there_is_no_factor(db: SQLAlchemy, attempt: SignIn) -> None:
    attempt(AGENT)
    (session,) = sessions_of(db, AGENT)
    assert (session.mfa_at, session.confirmed_at) == (None, START)


def test_a_wrong_password_reads_and_asks_the_same_with_and_without(
    phone: Phone, attempt: SignIn, statements: list[str]
) -> None:
    sent, pages = [], []
    for email in (AGENT, VIEWER, "nobody.at.all@north.example"):
        statements.clear()
        pages.append(plain(attempt(email, "wrong").text))
        sent.append(list(statements))
    assert pages[0] == pages[1] == pages[2]
    assert sent[0] == sent[1] == sent[2]


def test_signing_in_is_recorded_once_it_is_whole(
    phone: Phone, attempt: SignIn, second: SignIn, told: Callable[[], list[Event]]
) -> None:
    told()
    attempt(AGENT)
    assert told() == []
    second(code=phone.code())
    assert [event.name for event in told()] == ["auth:login"]


def test_the_second_step_makes_a_new_session_and_ends_the_one_of_before(
    db: SQLAlchemy, phone: Phone, attempt: SignIn, second: SignIn, browser: Visitor
) -> None:
    browser.client.set_cookie(SESSION_COOKIE, "planted")
    browser.client.set_cookie(TICKET_COOKIE, "planted.ticket", path="/auth")
    attempt(AGENT)
    first = token_of(second(code=phone.code()))
    assert first not in ("", "planted")
    count = len(sessions_of(db, AGENT))
    attempt(AGENT)
    again = token_of(second(code=phone.code(1)))
    assert again not in ("", first)
    assert len(sessions_of(db, AGENT)) == count


# --- A code works once, and near its time


def test_a_code_works_once(phone: Phone, attempt: SignIn, second: SignIn, app: Flask) -> None:
    attempt(AGENT)
    code = phone.code()
    assert is_in(second(code=code))
    thief = Visitor.anonymous(app)
    attempt(AGENT, by=thief)
    refused = second(code=code, by=thief)
    assert refused.status_code == 422
    assert "This code is not right, or it was used already." in refused.text
    assert not cookie_of(refused)


def test_the_code_it_was_set_up_with_is_used(phone: Phone, attempt: SignIn, second: SignIn) -> None:
    attempt(AGENT)
    assert second(code=phone.code(-1)).status_code == 422


@pytest.mark.parametrize(("steps", "is_good"), [(-2, False), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_wrong(
    phone: Phone, attempt: SignIn, second: SignIn, steps: int, is_good: bool
) -> None:
    attempt(AGENT)
    assert is_in(second(code=phone.code(steps))) == is_good


def test_the_code_of_before_is_good_until_it_was_passed(
    phone: Phone, attempt: SignIn, second: SignIn, clock: time_machine.Traveller
) -> None:
    clock.shift(3 * STEP)
    attempt(AGENT)
    assert is_in(second(code=phone.code(-1)))
    attempt(AGENT)
    assert is_in(second(code=f" {phone.code()[:3]} {phone.code()[3:]} "))
    attempt(AGENT)
    assert second(code=phone.code(-1)).status_code == 422


@pytest.mark.parametrize("shown", ["", "000000", "12345", "١٢٣٤٥٦", "x" * 5000, "-1", "123456789"])
def test_what_is_no_code_is_refused_with_the_page(phone: Phone, attempt: SignIn, second: SignIn, shown: str) -> None:
    attempt(AGENT)
    response = second(code=shown)
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.text


def test_the_code_of_somebody_else_is_refused(
    phone: Phone, phone_of: Callable[[str], Phone], attempt: SignIn, second: SignIn
) -> None:
    other = phone_of(VIEWER)
    attempt(AGENT)
    assert second(code=other.code()).status_code == 422
    assert second(recovery=other.recovery[0]).status_code == 422


# --- Recovery codes


def test_a_recovery_code_lets_in_and_is_gone(
    db: SQLAlchemy, phone: Phone, attempt: SignIn, second: SignIn, told: Callable[[], list[Event]]
) -> None:
    told()
    attempt(AGENT)
    assert is_in(second(recovery=phone.recovery[3]))
    assert codes_left(db) == 9
    used, login = told()
    assert (used.name, login.name) == ("user:recoveryCodeUsed", "auth:login")
    assert words_of(db, used)["details"] == {"left": 9}
    attempt(AGENT)
    assert second(recovery=phone.recovery[3]).status_code == 422
    assert is_in(second(recovery=phone.recovery[4].replace("-", " ").upper()))


def test_recovery_codes_are_kept_as_digests_only(db: SQLAlchemy, phone: Phone) -> None:
    assert len(set(phone.recovery)) == 10
    assert all(re.fullmatch(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", code) for code in phone.recovery)
    begin(user_id=user_id(AGENT), scope="staff")
    kept = str(db.session.scalars(text("SELECT to_jsonb(f) FROM mfa_factors f")).all())
    secrets = [factor.secret for factor in db.session.scalars(MfaFactor.of(user_id(AGENT)))]
    for secret in (phone.secret, *phone.recovery):
        assert secret not in kept
        assert secret.encode().hex() not in kept
    assert not {code.encode() for code in phone.recovery} & set(secrets)
    assert not {code.replace("-", "").encode() for code in phone.recovery} & set(secrets)


# --- Failures


def test_wrong_codes_pause_like_wrong_passwords(
    phone: Phone, attempt: SignIn, second: SignIn, told: Callable[[], list[Event]]
) -> None:
    told()
    attempt(AGENT)
    assert [second(code="000000").status_code for _ in range(5)] == [422] * 4 + [429]
    assert second(code=phone.code()).status_code == 429
    assert second(recovery=phone.recovery[0]).status_code == 429
    assert attempt(AGENT).status_code == 429
    assert [event.name for event in told()] == ["auth:failed"] * 5


def test_codes_and_passwords_are_counted_together(phone: Phone, attempt: SignIn, second: SignIn) -> None:
    for _ in range(2):
        attempt(AGENT, "wrong")
    attempt(AGENT)
    assert [second(code="000000").status_code for _ in range(3)] == [422, 422, 429]


def test_a_failure_says_what_was_shown_and_not_what_it_was(
    db: SQLAlchemy, phone: Phone, attempt: SignIn, second: SignIn, told: Callable[[], list[Event]]
) -> None:
    told()
    attempt(AGENT)
    second(code="424242")
    second(recovery="abcd-efgh-jkmn")
    words = [words_of(db, event) for event in told()]
    assert [found["details"] for found in words] == [
        {"email": AGENT, "reason": "totp"},
        {"email": AGENT, "reason": "recovery"},
    ]
    assert "424242" not in str(words)
    assert "abcd" not in str(words)


def test_a_right_code_uses_the_step_up(phone: Phone, attempt: SignIn, second: SignIn, browser: Visitor) -> None:
    response = attempt(AGENT)
    ticket = next(c for c in response.headers.getlist("Set-Cookie") if c.startswith(TICKET_COOKIE))
    value = ticket.partition("=")[2].partition(";")[0]
    assert is_in(second(code=phone.code()))
    browser.client.set_cookie(TICKET_COOKIE, value, path="/auth")
    again = second(code=phone.code(1))
    assert again.status_code == 422
    assert "Sign in with your password once more." in again.text


def test_the_second_step_waits_ten_minutes(
    phone: Phone, attempt: SignIn, second: SignIn, browser: Visitor, clock: time_machine.Traveller
) -> None:
    attempt(AGENT)
    clock.shift(timedelta(minutes=10))
    assert "Sign in with your password first." in browser.get("/auth/mfa").text
    response = second(code=phone.code())
    assert response.status_code == 422
    assert "That took too long." in response.text


@pytest.mark.parametrize(
    "ticket", ["", "x", ".", "a.b", f"{user_id(AGENT).hex}.", f"{user_id(AGENT).hex}.guess", "ä.ö"]
)
def test_a_made_up_ticket_leads_nowhere(phone: Phone, browser: Visitor, second: SignIn, ticket: str) -> None:
    browser.client.set_cookie(TICKET_COOKIE, ticket, path="/auth")
    assert "Sign in with your password first." in browser.get("/auth/mfa").text
    assert not is_in(second(code=phone.code()))


def test_a_ticket_is_for_its_own_user(
    phone: Phone, phone_of: Callable[[str], Phone], attempt: SignIn, second: SignIn, browser: Visitor
) -> None:
    other = phone_of(VIEWER)
    response = attempt(AGENT)
    ticket = next(c for c in response.headers.getlist("Set-Cookie") if c.startswith(TICKET_COOKIE))
    token = ticket.partition(".")[2].partition(";")[0]
    browser.client.set_cookie(TICKET_COOKIE, f"{user_id(VIEWER).hex}.{token}", path="/auth")
    assert not is_in(second(code=other.code()))


def test_without_its_token_the_second_step_does_nothing(phone: Phone, attempt: SignIn, browser: Visitor) -> None:
    attempt(AGENT)
    response = browser.open("/auth/mfa", method="POST", data={"_code": phone.code()})
    assert response.status_code == 400
    assert not cookie_of(response)
    foreign = browser.post("/auth/mfa", {"_code": phone.code()}, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403


def test_two_at_once_with_one_code(db: SQLAlchemy, phone: Phone) -> None:
    """Both looked at the app before either had used it; one statement settles who was first."""
    begin(user_id=user_id(AGENT), scope="staff")
    (factor,) = db.session.scalars(MfaFactor.of(user_id(AGENT), FactorKind.TOTP)).all()
    step = int(START.timestamp()) // 30
    assert factor._use(step)
    assert not factor._use(step)
    assert not factor._use(step - 1)
