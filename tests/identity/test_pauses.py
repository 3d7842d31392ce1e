"""Too many failures pause sign-in: of an account from an address, of an account, from an address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from app.db import db as database
from app.db import now
from tests.identity.conftest import SignIn
from tests.identity.test_sign_in import AGENT, UNKNOWN, is_in
from tests.world import Visitor

pytestmark = pytest.mark.usefixtures("quick")

MINUTE = timedelta(minutes=1)
PAUSED = "Sign-in is paused"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2026-11-21T09:00:00Z", tick=False) as traveller:
        yield traveller


def fail(attempt: SignIn, times: int, email: str = AGENT, *, ip: str = "127.0.0.1") -> list[int]:
    return [attempt(email, "wrong", ip=ip).status_code for _ in range(times)]


@pytest.mark.parametrize("email", [AGENT, UNKNOWN])
def test_the_fifth_failure_pauses_whoever_it_is(attempt: SignIn, email: str) -> None:
    assert fail(attempt, 4, email) == [422] * 4
    fifth = attempt(email, "wrong")
    assert fifth.status_code == 429
    assert PAUSED in fifth.text
    assert "do not belong together" not in fifth.text
    assert PAUSED in attempt(email, "wrong").text


def test_while_paused_the_right_password_is_refused_too(attempt: SignIn) -> None:
    fail(attempt, 5)
    response = attempt(AGENT)
    assert response.status_code == 429
    assert not is_in(response)
    assert is_in(attempt("viewer@north.example"))


def test_another_address_may_still_sign_in(attempt: SignIn) -> None:
    fail(attempt, 5, ip="203.0.113.1")
    assert is_in(attempt(AGENT, ip="203.0.113.2"))


def test_other_spellings_of_an_address_are_the_same_account(attempt: SignIn) -> None:
    for email in (AGENT, AGENT.upper(), f" {AGENT}", AGENT.title(), f"{AGENT}\x00"):
        attempt(email, "wrong")
    assert attempt(AGENT).status_code == 429


def test_twenty_failures_of_an_account_pause_it_everywhere(attempt: SignIn) -> None:
    for at in range(1, 6):
        codes = fail(attempt, 4, ip=f"203.0.113.{at}")
        assert codes == [422] * (4 if at < 5 else 3) + [429] * (0 if at < 5 else 1)
    assert attempt(AGENT, ip="198.51.100.1").status_code == 429
    assert is_in(attempt("viewer@north.example", ip="203.0.113.1"))


@pytest.mark.parametrize("ip", ["203.0.113.9", "2001:db8::1", ""])
def test_fifty_failures_from_an_address_pause_it_for_everybody(attempt: SignIn, ip: str) -> None:
    for at in range(49):
        assert attempt(f"guess{at}@north.example", "wrong", ip=ip).status_code == 422
    assert attempt("guess49@north.example", "wrong", ip=ip).status_code == 429
    assert attempt(AGENT, ip=ip).status_code == 429
    assert is_in(attempt(AGENT, ip="198.51.100.1"))


def test_the_addresses_of_one_network_are_one(attempt: SignIn) -> None:
    for at in range(5):
        attempt(AGENT, "wrong", ip=f"2001:db8:0:1::{at + 1}")
    assert attempt(AGENT, ip="2001:db8:0:1:ffff::1").status_code == 429
    assert is_in(attempt(AGENT, ip="2001:db8:0:2::1"))
    for _ in range(5):
        attempt("viewer@north.example", "wrong", ip="::ffff:203.0.113.7")
    assert attempt("viewer@north.example", ip="203.0.113.7").status_code == 429


def test_a_pause_lasts_fifteen_minutes_from_the_failure_that_began_it(
    attempt: SignIn, clock: time_machine.Traveller
) -> None:
    for _ in range(5):
        attempt(AGENT, "wrong")
        clock.shift(3 * MINUTE)
    # Twelve minutes lie between the first and the fifth, three have passed since.
    clock.shift(11 * MINUTE)
    assert attempt(AGENT).status_code == 429
    clock.shift(MINUTE)
    assert is_in(attempt(AGENT))


def test_trying_while_paused_does_not_prolong_it(attempt: SignIn, clock: time_machine.Traveller) -> None:
    fail(attempt, 5)
    for _ in range(14):
        clock.shift(MINUTE)
        assert attempt(AGENT, "wrong").status_code == 429
    clock.shift(MINUTE)
    assert fail(attempt, 4) == [422] * 4
    assert is_in(attempt(AGENT))


def test_failures_further_apart_pause_nothing(attempt: SignIn, clock: time_machine.Traveller) -> None:
    for _ in range(12):
        assert attempt(AGENT, "wrong").status_code == 422
        clock.shift(4 * MINUTE)
    assert is_in(attempt(AGENT))


def test_successes_do_not_count(attempt: SignIn) -> None:
    fail(attempt, 4)
    for _ in range(60):
        assert is_in(attempt(AGENT))
    assert fail(attempt, 1) == [429]


def test_a_success_does_not_wipe_failures_away(attempt: SignIn) -> None:
    fail(attempt, 4)
    assert is_in(attempt(AGENT))
    assert fail(attempt, 1) == [429]


def test_a_pause_does_not_end_who_is_signed_in(attempt: SignIn, browser: Visitor) -> None:
    attempt(AGENT)
    other = Visitor.anonymous(browser.app)
    for _ in range(5):
        attempt(AGENT, "wrong", by=other)
    assert browser.get("/north/clients").status_code == 200


def test_old_failures_are_cleared_and_recent_ones_kept(attempt: SignIn, clock: time_machine.Traveller) -> None:
    fail(attempt, 5)
    clock.shift(10 * MINUTE)
    database.session.remove()
    database.session.execute(select(func.clear_expired(now())))
    database.session.commit()
    assert attempt(AGENT).status_code == 429
