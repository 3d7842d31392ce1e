"""Accounts by links: invitation, reset, another address; and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.db import begin, now
from app.db import db as database
from app.events.models import Event, record
from app.identity.jobs import send_reset
from app.identity.models import Purpose, Verification
from app.logs import mask
from app.web import SESSION_COOKIE
from tests.identity.conftest import Mailbox, Phone, SignIn
from tests.world import INVITED, NORTH, PASSWORD, Visitor, enter, user_id

NEW = "Brisk-Tide-2027?"
AGENT = "sales_agent@north.example"
ADMIN = "port_admin@north.example"


def invite(email: str = INVITED) -> None:
    """As who manages people does it; the link follows the event."""
    admin = enter(ADMIN)
    about: dict[str, Any] = {"by": admin, "subject_type": "user", "subject_id": user_id(email), "port_id": NORTH}
    record("user:invited", **about, email=email, roles=["Viewer"])


def events_of(email: str) -> list[str]:
    begin(user_id=user_id(email), scope="staff")
    mine = Event.subject_id == user_id(email)
    return list(database.session.scalars(select(Event.name).where(mine).order_by(Event.id)))


def title(response: TestResponse) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", response.text, re.S)
    return found[1].strip() if found else ""


@pytest.fixture
def link(mailbox: Mailbox) -> str:
    """A fresh invitation."""
    invite()
    (letter,) = mailbox()
    return letter.link


@pytest.fixture
def reset(browser: Visitor, mailbox: Mailbox) -> str:
    """A fresh link for a new password of the sales agent."""
    browser.post("/auth/reset", {"email": AGENT})
    (letter,) = mailbox()
    return letter.link


# --- Invitation


def test_an_invitation_is_sent_in_the_name_of_who_invited(mailbox: Mailbox) -> None:
    invite()
    (letter,) = mailbox()
    assert letter.to == INVITED
    assert "Port Admin North" in letter.html
    assert re.fullmatch(r"/auth/accept/[\w-]{43}", letter.link)


def test_accepting_opens_the_account_and_signing_in_works(
    browser: Visitor, link: str, attempt: SignIn, mailbox: Mailbox
) -> None:
    assert attempt(INVITED, NEW).status_code == 422
    assert INVITED in browser.get(link).text
    answer = browser.post(link, {"name": "Nina  Newcomer", "new_password": NEW})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/auth/login")
    assert "Your account is ready" in browser.get("/auth/login").text
    assert attempt(INVITED, NEW).status_code == 303
    assert "Nina Newcomer" in browser.get("/north/clients").text
    assert events_of(INVITED).count("user:accepted") == 1


def test_opening_a_link_uses_nothing(browser: Visitor, link: str) -> None:
    for _ in range(3):
        answer = browser.get(link)
        assert answer.status_code == 200
        assert browser.open(link, method="HEAD").status_code == 200
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_form_without_a_referrer_is_taken_from_a_link_only(browser: Visitor, link: str) -> None:
    """What a browser sends from a page with that policy."""
    origin = {"Origin": "null"}
    answer = browser.post(link, {"name": "Nina New", "new_password": NEW}, headers=origin)
    assert answer.status_code == 303
    assert browser.post("/auth/reset", {"email": AGENT}, headers=origin).status_code == 403
    assert browser.post(link, {}, headers={"Origin": "https://evil.example"}).status_code == 403


def test_a_link_is_used_once(browser: Visitor, link: str, attempt: SignIn) -> None:
    form = {"name": "Nina New", "new_password": NEW}
    assert browser.post(link, form).status_code == 303
    again = browser.post(link, {**form, "new_password": "Another-Tide-2027?"})
    assert (again.status_code, title(again)) == (410, "This link was used already")
    assert browser.get(link).status_code == 410
    assert attempt(INVITED, "Another-Tide-2027?").status_code == 422


def test_a_link_that_was_sent_again_replaces_the_one_before(browser: Visitor, link: str, mailbox: Mailbox) -> None:
    invite()
    (newer,) = mailbox()
    answer = browser.get(link)
    assert (answer.status_code, title(answer)) == (410, "There is a newer link")
    assert browser.post(link, {"name": "Nina New", "new_password": NEW}).status_code == 410
    assert browser.get(newer.link).status_code == 200


def test_an_invitation_runs_out_after_three_days(browser: Visitor, link: str) -> None:
    with time_machine.travel(now() + timedelta(hours=71, minutes=59)):
        assert browser.get(link).status_code == 200
    with time_machine.travel(now() + timedelta(hours=72, seconds=1)):
        answer = browser.get(link)
        assert (answer.status_code, title(answer)) == (410, "This link has run out")
        assert browser.post(link, {"name": "Nina New", "new_password": NEW}).status_code == 410


@pytest.mark.parametrize("place", ["accept", "reset", "email"])
def test_an_altered_or_foreign_link_is_not_one_of_ours(browser: Visitor, link: str, place: str) -> None:
    token = link.rpartition("/")[2]
    for wrong in (
        "x",
        f"{token}x",
        f"{'x' if token[0] != 'x' else 'y'}{token[1:]}",
        "%00",
        *(() if place == "accept" else (token,)),
    ):
        answer = browser.get(f"/auth/{place}/{wrong}")
        assert (answer.status_code, title(answer)) == (410, "This link is not one of ours"), wrong
        assert browser.post(f"/auth/{place}/{wrong}", {"new_password": NEW}).status_code == 410


def test_who_has_a_password_is_sent_to_sign_in(mailbox: Mailbox, attempt: SignIn) -> None:
    """An invitation to another port gives nobody a way past the password they have."""
    invite(AGENT)
    (letter,) = mailbox()
    assert letter.link == "/auth/login"
    assert "/auth/accept/" not in letter.html


def test_somebody_deactivated_meanwhile_is_sent_nothing(mailbox: Mailbox, db: SQLAlchemy) -> None:
    invite("gone@north.example")
    assert mailbox() == []


def test_a_name_is_one_line(browser: Visitor, link: str, mailbox: Mailbox) -> None:
    answer = browser.post(link, {"name": "Nina\r\nBcc: all@evil.example", "new_password": "weak"})
    assert answer.status_code == 422
    assert 'value="Nina Bcc: all@evil.example"' in answer.text
    for name in ("", "x" * 121, "Nina\x07New", "Nina\u202eweN"):
        assert browser.post(link, {"name": name, "new_password": NEW}).status_code == 422, name
    assert browser.post(link, {"name": "Nina\r\nBcc: all@evil.example", "new_password": NEW}).status_code == 303
    browser.post("/auth/reset", {"email": INVITED})
    for letter in mailbox():
        assert "\n" not in letter.subject + letter.to


def test_what_is_wrong_with_a_password_is_said_at_once(browser: Visitor, link: str) -> None:
    answer = browser.post(link, {"name": "Nina New", "new_password": "nina"})
    assert answer.status_code == 422
    for words in ("at least 12", "capital letter", "digit", "special character", "your name"):
        assert words in answer.text
    assert 'value="nina"' not in answer.text
    for weak in ("Password123!", "Welcome-2026!", f"{INVITED}A1", "A" + "b1!" * 400):
        assert browser.post(link, {"name": "Nina New", "new_password": weak}).status_code == 422, weak
    assert browser.post(link, {"name": "N", "new_password": "A1b!" * 2_500_000}).status_code == 413
    assert browser.get(link).status_code == 200


# --- Reset


def test_the_answer_to_a_reset_is_the_same_for_everybody(app: Flask, db: SQLAlchemy, mailbox: Mailbox) -> None:
    answers = []
    for email in (AGENT, "nobody.at.all@north.example", "gone@north.example", INVITED):
        visitor = Visitor.anonymous(app)
        answer = visitor.post("/auth/reset", {"email": email})
        answers.append((answer.status_code, answer.headers["Location"]))
    assert answers == [(303, "/auth/reset?sent=1")] * 4
    assert [letter.to for letter in mailbox()] == [AGENT]


def test_asking_for_a_reset_takes_the_same_statements_for_everybody(
    app: Flask, db: SQLAlchemy, statements: list[str]
) -> None:
    taken = []
    for email in (AGENT, "nobody.at.all@north.example"):
        statements.clear()
        Visitor.anonymous(app).post("/auth/reset", {"email": email})
        taken.append(list(statements))
    assert taken[0] == taken[1]
    assert not any("users" in statement for statement in taken[0])


def test_a_reset_sets_the_password_and_ends_every_session(
    app: Flask, browser: Visitor, attempt: SignIn, mailbox: Mailbox
) -> None:
    elsewhere = Visitor.of(app, AGENT)
    browser.post("/auth/reset", {"email": AGENT.upper()})
    (letter,) = mailbox()
    assert AGENT in browser.get(letter.link).text
    answer = browser.post(letter.link, {"new_password": NEW})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/auth/login")
    assert elsewhere.get("/north/clients").status_code == 303
    assert attempt(AGENT, PASSWORD).status_code == 422
    assert attempt(AGENT, NEW).status_code == 303
    assert "auth:passwordReset" in events_of(AGENT)
    (told,) = mailbox()
    assert (told.to, told.subject) == (AGENT, "Your password was changed")


def test_a_reset_signs_nobody_in(browser: Visitor, reset: str) -> None:
    """So that signing in asks for the second factor as always."""
    answer = browser.post(reset, {"new_password": NEW})
    cookies = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith(f"{SESSION_COOKIE}=")]
    assert all("Max-Age=0" in cookie for cookie in cookies)
    assert browser.get("/north/clients").status_code == 303


def test_a_reset_does_not_lead_past_the_second_factor(
    app: Flask, browser: Visitor, attempt: SignIn, second: SignIn, phone_of: Callable[[str], Phone], mailbox: Mailbox
) -> None:
    phone = phone_of(AGENT)
    mailbox()  # tells of the phone
    browser.post("/auth/reset", {"email": AGENT})
    (letter,) = mailbox()
    assert browser.post(letter.link, {"new_password": NEW}).status_code == 303
    assert browser.get("/north/clients").headers["Location"].startswith("/auth/login")
    assert attempt(AGENT, NEW).headers["Location"].startswith("/auth/mfa")
    assert browser.get("/north/clients").headers["Location"].startswith("/auth/login")
    assert second(code=phone.code()).status_code == 303
    assert browser.get("/north/clients").status_code == 200


def test_a_reset_ends_a_sign_in_that_was_half_finished(
    browser: Visitor, attempt: SignIn, second: SignIn, phone_of: Callable[[str], Phone], mailbox: Mailbox, app: Flask
) -> None:
    """Whoever knew the old password and waits for a code has nothing any more."""
    phone = phone_of(AGENT)
    mailbox()  # tells of the phone
    assert attempt(AGENT).headers["Location"].startswith("/auth/mfa")
    owner = Visitor.anonymous(app)
    owner.post("/auth/reset", {"email": AGENT})
    (letter,) = mailbox()
    assert owner.post(letter.link, {"new_password": NEW}).status_code == 303
    second(code=phone.code())
    assert browser.get("/north/clients").status_code == 303


def test_whoever_was_signed_in_here_is_not_any_more(app: Flask, reset: str, db: SQLAlchemy) -> None:
    somebody = Visitor.of(app, ADMIN)
    token = somebody.client.get_cookie(SESSION_COOKIE)
    assert token
    assert somebody.post(reset, {"new_password": NEW}).status_code == 303
    somebody.client.set_cookie(SESSION_COOKIE, token.value)
    assert somebody.get("/north/clients").status_code == 303


def test_a_reset_is_used_once_and_replaced_by_a_newer_one(browser: Visitor, reset: str, mailbox: Mailbox) -> None:
    browser.post("/auth/reset", {"email": AGENT})
    (newer,) = mailbox()
    assert title(browser.get(reset)) == "There is a newer link"
    assert browser.post(newer.link, {"new_password": NEW}).status_code == 303
    assert title(browser.post(newer.link, {"new_password": "Another-Tide-2027?"})) == "This link was used already"


def test_a_reset_runs_out_after_an_hour(browser: Visitor, reset: str) -> None:
    with time_machine.travel(now() + timedelta(minutes=61)):
        assert title(browser.get(reset)) == "This link has run out"


def test_resets_are_limited_without_a_word(app: Flask, db: SQLAlchemy, mailbox: Mailbox) -> None:
    def ask(email: str, ip: str) -> tuple[int, str]:
        answer = Visitor.anonymous(app).post("/auth/reset", {"email": email}, environ_base={"REMOTE_ADDR": ip})
        return answer.status_code, answer.headers["Location"]

    assert {ask(AGENT, f"203.0.113.{at}") for at in range(7)} == {(303, "/auth/reset?sent=1")}
    assert len(mailbox()) == 5
    assert {ask(f"nobody.{at}@north.example", "198.51.100.1") for at in range(20)} == {(303, "/auth/reset?sent=1")}
    ask(ADMIN, "198.51.100.1")
    assert mailbox() == []
    with time_machine.travel(now() + timedelta(minutes=61)):
        ask(AGENT, "203.0.113.1")
        assert [letter.to for letter in mailbox()] == [AGENT]


def test_a_job_that_runs_again_sends_no_second_link(browser: Visitor, reset: str, mailbox: Mailbox) -> None:
    begin(user_id=user_id(AGENT), scope="staff")
    row = database.session.scalars(select(Verification).where(Verification.purpose == Purpose.RESET)).one()
    begin()
    send_reset(verification_id=row.id)
    assert mailbox() == []
    assert browser.get(reset).status_code == 200


def test_a_reset_goes_nowhere_else(browser: Visitor, reset: str) -> None:
    for place in (reset, "/auth/reset"):
        assert "evil" not in browser.get(f"{place}?next=https://evil.example/").text
    answer = browser.post(f"{reset}?next=https://evil.example/", {"new_password": NEW, "next": "//evil.example"})
    assert answer.headers["Location"] == "/auth/login"


@pytest.mark.parametrize("email", ["", "no at sign", "a@b", "a@b.example\nBcc: x@y.example", "x" * 400 + "@b.example"])
def test_what_is_no_address_is_refused(browser: Visitor, db: SQLAlchemy, email: str) -> None:
    answer = browser.post("/auth/reset", {"email": email})
    assert answer.status_code == 422
    assert "aria-invalid" in answer.text


def test_a_link_is_in_no_log(link: str, mailbox: Mailbox) -> None:
    token = link.rpartition("/")[2]
    for line in (link, f"GET {link}?x=1", f'"http://localhost{link}"', f"error in {link}/"):
        assert token not in mask(line)
    assert mask("/auth/reset?sent=1") == "/auth/reset?sent=1"


def test_tokens_are_stored_as_digests(link: str, db: SQLAlchemy) -> None:
    token = link.rpartition("/")[2]
    enter(ADMIN)
    row = db.session.scalars(select(Verification).where(Verification.purpose == Purpose.INVITE)).one()
    assert row.token_hash is not None
    assert token.encode() not in row.token_hash
    assert row.expires_at - row.created_at == timedelta(hours=72)
