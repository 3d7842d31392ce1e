"""Signing in with a password: what is told, what is counted, what is let through."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import pytest
from argon2 import Type, extract_parameters
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from app.db import begin, commit, now
from app.events.models import Event, SubjectKey, keyring, place_of_key
from app.identity import passwords, sign_in
from app.identity.models import Session, hash_token
from app.web import SESSION_COOKIE
from tests.identity.conftest import SignIn
from tests.world import NORTH, PASSWORD, REAL_HASHER, REAL_NOBODY, SOUTH, Visitor, user_id

AGENT = "sales_agent@north.example"
UNKNOWN = "nobody.at.all@north.example"


def cookie_of(response: TestResponse) -> str:
    """The Set-Cookie of the session; empty where there is none."""
    return next((c for c in response.headers.getlist("Set-Cookie") if c.startswith(f"{SESSION_COOKIE}=")), "")


def token_of(response: TestResponse) -> str:
    return cookie_of(response).partition("=")[2].partition(";")[0]


def is_in(response: TestResponse) -> bool:
    return response.status_code == 303 and bool(token_of(response))


def plain(html: str) -> str:
    """The page without what is different in each: nonce, CSRF token, request id, and the address typed."""
    return re.sub(r'(?:nonce|value)="[^"]*"|[0-9a-f]{32}', "", html)


def test_right_is_in_and_led_to_the_port(browser: Visitor, attempt: SignIn) -> None:
    response = attempt(AGENT)
    assert is_in(response)
    assert response.headers["Location"] == "/"
    home = browser.get("/")
    assert home.headers["Location"] == "/north/"
    assert browser.get("/north/").status_code == 200
    assert browser.get("/auth/login").headers["Location"] == home.headers["Location"]


@pytest.mark.parametrize("spelling", ["Sales_Agent@North.Example", "  sales_agent@north.example ", AGENT.upper()])
def test_an_address_is_read_in_any_case(attempt: SignIn, spelling: str) -> None:
    assert is_in(attempt(spelling))


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(attempt: SignIn) -> None:
    parts = {part.strip() for part in cookie_of(attempt(AGENT)).split(";")[1:]}
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=1209600"} <= parts
    assert not any(part.startswith("Domain") for part in parts)


def test_the_cookie_is_secure_where_the_site_is(app: Flask, attempt: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Secure" not in cookie_of(attempt(AGENT))
    monkeypatch.setitem(app.config, "SESSION_COOKIE_SECURE", True)
    assert "; Secure" in cookie_of(attempt(AGENT))


def test_wrong_and_unknown_read_the_same(attempt: SignIn) -> None:
    wrong, unknown, gone = attempt(AGENT, "wrong"), attempt(UNKNOWN, "wrong"), attempt("gone@north.example", PASSWORD)
    assert {wrong.status_code, unknown.status_code, gone.status_code} == {422}
    assert "E-mail and password do not belong together." in wrong.text
    assert plain(wrong.text) == plain(unknown.text) == plain(gone.text)
    assert not any(map(cookie_of, (wrong, unknown, gone)))
    assert "wrong" not in re.findall(r'value="([^"]*)"', wrong.text)


def test_wrong_and_unknown_send_the_same_statements(attempt: SignIn, statements: list[str]) -> None:
    sent = []
    for email in (AGENT, UNKNOWN, "gone@north.example"):
        statements.clear()
        attempt(email, "wrong")
        sent.append(list(statements))
    assert sent[0] == sent[1] == sent[2]


def test_wrong_and_unknown_hash_the_same(attempt: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once each, with the same parameters; a malformed hash would be refused at once."""
    hashed: list[str] = []
    check = passwords._verify

    def note(kept: str, typed: str) -> bool:
        hashed.append(kept)
        return check(kept, typed)

    monkeypatch.setattr(passwords, "_verify", note)
    attempt(AGENT, "wrong")
    attempt(UNKNOWN, "wrong")
    own, nobody = hashed
    assert extract_parameters(own) == extract_parameters(nobody)
    assert not passwords.needs_rehash(nobody)


def test_a_password_costs_who_guesses_it_as_much_as_the_docs_say() -> None:
    """64 MB, three passes, four lanes; and so for nobody's."""
    costs = extract_parameters(REAL_NOBODY)
    assert (costs.type, costs.memory_cost, costs.time_cost, costs.parallelism) == (Type.ID, 65536, 3, 4)
    assert not REAL_HASHER.check_needs_rehash(REAL_NOBODY)


def test_wrong_and_unknown_take_about_the_same_time(attempt: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", REAL_HASHER)
    monkeypatch.setattr(passwords, "NOBODY", REAL_NOBODY)
    assert is_in(attempt(AGENT))  # whose hash is renewed by that

    def shortest(email: str) -> float:
        times = []
        for at in range(3):
            started = time.process_time()  # of a processor that others use too
            attempt(email, "wrong", ip=f"203.0.113.{at}")
            times.append(time.process_time() - started)
        return min(times)

    ratio = shortest(AGENT) / shortest(UNKNOWN)
    assert 0.4 < ratio < 2.5


def test_nobodys_password_is_nothing() -> None:
    for guess in ("", "password", PASSWORD, passwords.NOBODY):
        assert not passwords.verify(None, guess)


def test_an_outdated_hash_is_renewed(db: SQLAlchemy, attempt: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    def kept() -> str:
        with_attempt = text("SELECT attempt_sign_in(:id, :email, NULL, :now)")
        attempt_id = uuid.uuid4()
        db.session.execute(with_attempt, {"id": attempt_id, "email": AGENT, "now": now()})
        return str(db.session.execute(sign_in.FIND, {"attempt": attempt_id}).one().password_hash)

    before = kept()
    assert is_in(attempt(AGENT))
    assert kept() == before
    with monkeypatch.context() as patched:
        patched.setattr(sign_in, "needs_rehash", lambda kept: True)
        assert is_in(attempt(AGENT))
    assert kept() != before
    assert is_in(attempt(AGENT))
    assert not is_in(attempt(AGENT, "wrong"))


@pytest.mark.parametrize("fields", [{"email": ""}, {"password": ""}, {"email": "a" * 321}, {"password": "x" * 1025}])
def test_what_cannot_be_right_is_said_and_not_counted(attempt: SignIn, fields: dict[str, str]) -> None:
    for _ in range(6):
        response = attempt(**{"email": AGENT, "password": PASSWORD, **fields})
        assert response.status_code == 422
        assert "You are not signed in yet" in response.text
    assert is_in(attempt(AGENT))


@pytest.mark.parametrize(
    "email", ["a\x00@b.example", "\x00", "a\r\nSet-Cookie: x=y@b.example", "'; --", "%", "\ud7ff" * 300]
)
def test_strange_addresses_are_only_wrong(attempt: SignIn, quick: None, email: str) -> None:
    response = attempt(email, "wrong\x00\r\n")
    assert response.status_code == 422
    assert "x=y" not in str(response.headers)


def test_a_password_is_taken_as_typed(attempt: SignIn) -> None:
    for changed in (f" {PASSWORD}", f"{PASSWORD} ", PASSWORD.lower(), f"{PASSWORD}\x00"):
        assert not is_in(attempt(AGENT, changed, ip="203.0.113.7"))


def test_a_huge_password_is_refused_before_anything_is_done_with_it(attempt: SignIn, statements: list[str]) -> None:
    for email in (AGENT, "b" * 10_000_000):
        assert attempt(email, "x" * 10_000_000).status_code == 413
    assert statements == []


@pytest.mark.parametrize("ip", ["", "unix:", "fe80::1%eth0", "::ffff:203.0.113.7", "not an address"])
def test_a_server_may_give_any_address(db: SQLAlchemy, attempt: SignIn, ip: str) -> None:
    assert not is_in(attempt(AGENT, "wrong", ip=ip))
    assert is_in(attempt(AGENT, ip=ip))


def test_a_forged_address_counts_for_nothing(db: SQLAlchemy, browser: Visitor) -> None:
    data = {"email": AGENT, "password": PASSWORD}
    response = browser.post("/auth/login", data, headers={"X-Forwarded-For": "198.51.100.1", "User-Agent": "B" * 900})
    begin(user_id=user_id(AGENT), scope="staff")
    session = db.session.scalars(select(Session).where(Session.token_hash == hash_token(token_of(response)))).one()
    assert str(session.ip) == "127.0.0.1"
    assert session.user_agent == "B" * 300


# --- The form itself


def test_without_its_token_the_form_does_nothing(app: Flask, db: SQLAlchemy, browser: Visitor) -> None:
    data = {"email": AGENT, "password": PASSWORD}
    for _ in range(6):
        response = browser.open("/auth/login", method="POST", data=data)
        assert response.status_code == 400
        assert not cookie_of(response)
        assert PASSWORD not in response.text
    stranger = Visitor.anonymous(app)
    response = browser.open("/auth/login", method="POST", data={**data, "csrf_token": stranger.csrf_token()})
    assert response.status_code == 400


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example", "http://localhost:81"]
)
def test_from_another_site_the_form_does_nothing(browser: Visitor, origin: str) -> None:
    data = {"email": AGENT, "password": PASSWORD}
    response = browser.post("/auth/login", data, headers={"Origin": origin})
    assert response.status_code == 403
    assert not cookie_of(response)
    assert is_in(browser.post("/auth/login", data, headers={"Origin": "http://localhost"}))


def test_signing_in_makes_a_new_csrf_secret(browser: Visitor, attempt: SignIn) -> None:
    before = browser.csrf_token()
    assert is_in(attempt(AGENT))
    stale = browser.open("/auth/preferences?_method=PUT", method="POST", data={"csrf_token": before, "theme": "dark"})
    assert stale.status_code == 400


SAFE = ["/north/clients", "/north/clients?sort=name&status=active", "/north/clients/1042#notes", "/"]
UNSAFE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "https://evil.example",
    "https:evil.example",
    "HTTPS:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "/north\r\nLocation: https://evil.example",
    "/auth/logout",
    "/auth/login?next=//evil.example",
    "",
]


@pytest.mark.parametrize("target", SAFE)
def test_one_goes_on_to_where_one_was(browser: Visitor, attempt: SignIn, target: str) -> None:
    assert attempt(AGENT, next=target).headers["Location"] == target
    assert browser.get("/auth/login", query_string={"next": target}).headers["Location"] == target


@pytest.mark.parametrize("target", UNSAFE)
def test_one_goes_nowhere_else(browser: Visitor, attempt: SignIn, target: str) -> None:
    page = browser.get("/auth/login", query_string={"next": target})
    assert 'name="next"' not in page.text
    assert attempt(AGENT, next=target).headers["Location"] == "/"
    signed_in = browser.get("/auth/login", query_string={"next": target})
    assert signed_in.headers["Location"] == "/north/"


@pytest.mark.parametrize(
    "encoded", ["%2F%2Fevil.example", "/%2Fevil.example", "%5C%5Cevil.example", "/%5Cevil.example"]
)
def test_an_encoded_way_out_is_decoded_first(browser: Visitor, attempt: SignIn, encoded: str) -> None:
    assert 'name="next"' not in browser.get(f"/auth/login?next={encoded}").text
    attempt(AGENT)
    assert browser.get(f"/auth/login?next={encoded}").headers["Location"] == "/north/"


def test_the_way_back_survives_a_wrong_password(attempt: SignIn) -> None:
    assert 'name="next" value="/north/clients"' in attempt(AGENT, "wrong", next="/north/clients").text


# --- What is recorded


def words_of(db: SQLAlchemy, event: Event) -> dict[str, object]:
    begin(user_id=event.subject_id, scope="staff")
    about = (SubjectKey.subject_type == event.subject_type) & (SubjectKey.subject_id == event.subject_id)
    sealed = db.session.scalars(select(SubjectKey.sealed_key).where(about)).one()
    return event.opened(keyring().open(sealed, place=place_of_key(event.subject_type, event.subject_id)))


def test_signing_in_and_out_is_recorded(
    db: SQLAlchemy, attempt: SignIn, browser: Visitor, told: Callable[[], list[Event]]
) -> None:
    attempt(AGENT)
    browser.delete("/auth/logout")
    login, logout = told()
    assert (login.name, logout.name) == ("auth:login", "auth:logout")
    for event in (login, logout):
        assert (event.port_id, event.actor_id, event.subject_id) == (None, user_id(AGENT), user_id(AGENT))
    words = words_of(db, login)
    assert (words["details"], words["ip"]) == ({"email": AGENT}, "127.0.0.1")
    assert PASSWORD not in str(words)


@pytest.mark.parametrize("email", [AGENT, UNKNOWN])
def test_a_failure_is_recorded_apart(
    db: SQLAlchemy, attempt: SignIn, told: Callable[[], list[Event]], email: str
) -> None:
    attempt(email, "a wrong password")
    (failed,) = told()
    assert (failed.name, failed.port_id, failed.actor_id) == ("auth:failed", None, None)
    words = words_of(db, failed)
    assert words["details"] == {"email": email, "reason": "password"}
    assert "a wrong password" not in str(words)


def test_what_is_refused_while_paused_writes_nothing(
    attempt: SignIn, quick: None, told: Callable[[], list[Event]]
) -> None:
    for _ in range(12):
        attempt(AGENT, "wrong")
    assert [event.name for event in told()] == ["auth:failed"] * 5


def test_events_of_signing_in_are_read_by_their_user_and_who_looks_after_them(db: SQLAlchemy, attempt: SignIn) -> None:
    attempt(AGENT)
    attempt(AGENT, "wrong")
    commit()
    of_signing_in = select(Event.name).where(Event.name.like("auth:%"))
    begin(port_id=NORTH, user_id=user_id(AGENT), scope="staff")
    assert db.session.scalars(of_signing_in).all() == ["auth:login"]
    for port_id, email, seen in (
        (NORTH, "port_admin@north.example", ["auth:login"]),
        (SOUTH, "port_admin@south.example", []),
        (SOUTH, "super@quayside.example", ["auth:login", "auth:failed"]),
    ):
        begin(port_id=port_id, user_id=user_id(email), scope="staff")
        assert db.session.scalars(of_signing_in.order_by(Event.id)).all() == seen
