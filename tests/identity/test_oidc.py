"""Signing in through another service: a real provider in a process of its own, and one that lies."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from app.db import begin, commit
from app.dev.processes import start, stop, wait_until
from app.dev.servers import free_port
from app.events.models import Event
from app.identity.models import Session, UserIdentity
from tests.identity.conftest import Phone, SignIn
from tests.identity.provider import CLIENT, SECRET
from tests.identity.test_sign_in import AGENT, cookie_of, is_in, words_of
from tests.waiting import ROOT
from tests.world import Visitor, user_id


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


ASK = urllib.request.build_opener(Stay)
Tell = Callable[..., None]


def ask(url: str, data: dict[str, Any] | None = None) -> str:
    """What it answers with: where it leads, or nothing."""
    body = json.dumps(data).encode() if data is not None else None
    try:
        with ASK.open(urllib.request.Request(url, body, {"Content-Type": "application/json"}), timeout=5):
            return ""
    except HTTPError as answer:
        return answer.headers.get("Location", "")


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    port = free_port()
    process = start([sys.executable, "-m", "tests.identity.provider", str(port)], output=subprocess.DEVNULL, cwd=ROOT)

    def answers() -> bool:
        try:
            urllib.request.urlopen(f"http://localhost:{port}/realm/keys", timeout=1).close()
        except OSError:
            return False
        return True

    assert wait_until(answers, seconds=20, process=process)
    yield f"http://localhost:{port}/realm"
    stop(process)


@pytest.fixture
def tell(app: Flask, db: SQLAlchemy, issuer: str, monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Quayside knows the provider, and the provider who comes next: `tell(sub="17", email="a@b.example")`."""
    words = {"oidc_issuer": issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    settings = app.extensions["settings"].model_copy(update={**words, "oidc_label": "Sign in with Harbour ID"})
    monkeypatch.setitem(app.extensions, "settings", settings)

    def say(**person: Any) -> None:
        ask(issuer.replace("/realm", "/control"), {"sub": "17", "email": AGENT, **person})

    return say


def sent(visitor: Visitor, then: str = "") -> str:
    """Where the provider sends back, asked for signing in."""
    response = visitor.get("/auth/oidc", query_string={"next": then})
    assert response.status_code == 303, response.status_code
    back = urlsplit(ask(response.headers["Location"]))
    assert back.path == "/auth/oidc/callback"
    return f"{back.path}?{back.query}"


def come(visitor: Visitor, then: str = "") -> TestResponse:
    return visitor.get(sent(visitor, then))


def linked(db: SQLAlchemy, email: str = AGENT) -> list[tuple[str, str]]:
    commit()
    begin(user_id=user_id(email), scope="staff")
    return [(row.issuer, row.subject) for row in db.session.scalars(select(UserIdentity))]


def test_the_button_is_there_where_a_provider_is(browser: Visitor, tell: Tell) -> None:
    tell()
    page = browser.get("/auth/login?next=/north/clients").text
    assert 'href="/auth/oidc?next=/north/clients"' in page
    assert "Sign in with Harbour ID" in page


def test_without_a_provider_there_is_nothing(browser: Visitor) -> None:
    assert "/auth/oidc" not in browser.get("/auth/login").text
    assert "is not set up here" in browser.get("/auth/oidc").text
    assert "is not set up here" in browser.get("/auth/oidc/callback?code=x&state=y").text


@pytest.mark.parametrize("auth", ["client_secret_basic", "client_secret_post"])
def test_a_verified_address_links_once_and_signs_in(
    db: SQLAlchemy, browser: Visitor, tell: Tell, issuer: str, told: Callable[[], list[Event]], auth: str
) -> None:
    tell(auth=auth, email=AGENT.upper())
    response = come(browser, "/north/clients")
    assert is_in(response)
    assert response.headers["Location"] == "/north/clients"
    assert linked(db) == [(issuer, "17")]
    assert [event.name for event in told()] == ["user:identityLinked", "auth:login"]
    tell(email="renamed@elsewhere.example", email_verified=False, auth=auth)
    assert is_in(come(browser))
    assert linked(db) == [(issuer, "17")]
    assert [event.name for event in told()] == ["auth:login"]


def test_what_is_asked_has_state_nonce_and_pkce(browser: Visitor, tell: Tell) -> None:
    tell()
    asked = [parse_qs(urlsplit(browser.get("/auth/oidc").headers["Location"]).query) for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[0][name][0]) == 43
        assert asked[0][name] != asked[1][name]
    assert asked[0]["code_challenge_method"] == ["S256"]


def test_nobody_is_made_and_an_unverified_address_is_nobodys(db: SQLAlchemy, browser: Visitor, tell: Tell) -> None:
    nobody: tuple[dict[str, Any], ...] = (
        {"email": "new@north.example"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": None},
    )
    for person in nobody:
        tell(**person)
        refused = come(browser)
        assert refused.status_code == 422
        assert "Nobody here belongs to that account." in refused.text
        assert not cookie_of(refused)
    assert linked(db) == []


def test_an_address_that_changed_hands_is_not_linked_again(db: SQLAlchemy, browser: Visitor, tell: Tell) -> None:
    tell()
    assert is_in(come(browser))
    tell(sub="18")
    assert not is_in(come(browser))
    assert len(linked(db)) == 1


def test_who_is_deactivated_is_told_so(browser: Visitor, tell: Tell) -> None:
    tell(email="gone@north.example")
    refused = come(browser)
    assert refused.status_code == 422
    assert "Your account here is deactivated." in refused.text


def test_a_second_factor_is_asked_for_here_all_the_same(
    db: SQLAlchemy, browser: Visitor, tell: Tell, phone_of: Callable[[str], Phone], second: SignIn
) -> None:
    phone = phone_of(AGENT)
    tell()
    response = come(browser, "/north/clients")
    assert response.headers["Location"] == "/auth/mfa?next=/north/clients"
    assert not cookie_of(response)
    assert is_in(second(code=phone.code()))


@pytest.mark.parametrize(
    "lie",
    [
        {"claims": {"nonce": "of another sign-in"}},
        {"without": ["nonce"]},
        {"claims": {"iss": "https://evil.example"}},
        {"claims": {"aud": "another client"}},
        {"claims": {"aud": ["quayside", "another"], "azp": "another"}},
        {"claims": {"exp": 1_700_000_000}},
        {"without": ["exp"]},
        {"without": ["sub"]},
        {"wrong": "unsigned"},
        {"wrong": "shared secret"},
        {"wrong": "another key"},
    ],
    ids=str,
)
def test_what_cannot_be_verified_is_refused(db: SQLAlchemy, browser: Visitor, tell: Tell, lie: dict[str, Any]) -> None:
    tell(**lie)
    refused = come(browser)
    assert refused.status_code == 422
    assert "could not be verified" in refused.text
    assert not cookie_of(refused)
    assert linked(db) == []


@pytest.mark.parametrize("wrong", ["down", "name"])
def test_a_provider_that_is_away_or_another_is_said_plainly(browser: Visitor, tell: Tell, wrong: str) -> None:
    tell(wrong=wrong)
    refused = browser.get("/auth/oidc")
    assert refused.status_code == 503
    assert "The other service does not answer." in refused.text


def test_words_that_are_none_are_no_answer(browser: Visitor, tell: Tell) -> None:
    tell(wrong="garbage")
    assert come(browser).status_code == 503


def test_who_says_no_there_is_back_here(browser: Visitor, tell: Tell) -> None:
    tell(wrong="denied")
    refused = come(browser)
    assert refused.status_code == 422
    assert "The other service did not sign you in." in refused.text


def test_it_comes_back_to_the_browser_it_began_in_and_once(app: Flask, browser: Visitor, tell: Tell) -> None:
    tell()
    back, thief = sent(browser), Visitor.anonymous(app)
    assert not is_in(thief.get(back))
    sent(thief)
    assert not is_in(thief.get(back))
    assert is_in(browser.get(back))
    assert not is_in(browser.get(back))


def test_another_state_is_refused(browser: Visitor, tell: Tell) -> None:
    tell()
    back = sent(browser)
    assert not is_in(browser.get(f"{back}x"))
    assert not is_in(browser.get(back))  # used up


def test_a_code_with_another_verifier_is_refused(browser: Visitor, tell: Tell) -> None:
    tell()
    back = sent(browser)
    with browser.client.session_transaction() as cookie:
        cookie["oidc"] = {**cookie["oidc"], "verifier": "guessed"}
    assert browser.get(back).status_code == 422


def test_the_session_of_before_ends(db: SQLAlchemy, browser: Visitor, attempt: SignIn, tell: Tell) -> None:
    attempt(AGENT)
    tell()
    assert is_in(come(browser))
    begin(user_id=user_id(AGENT), scope="staff")
    assert len(db.session.scalars(select(Session)).all()) == 1


def test_a_link_is_seen_and_ended_on_the_security_page(
    db: SQLAlchemy, browser: Visitor, tell: Tell, issuer: str
) -> None:
    tell()
    come(browser)
    page = browser.get("/north/settings/security").text
    assert issuer in page
    url = page.partition('action="/north/settings/security/identities/')[2].partition("?")[0]
    browser.delete(f"/north/settings/security/identities/{url}")
    assert linked(db) == []


# --- Confirming

TOKENS = "/north/settings/tokens"
TOKEN = {"name": "Till"}  # lacks what it may do: 422 once somebody has confirmed, 403 before


@pytest.fixture
def linked_browser(db: SQLAlchemy, browser: Visitor, tell: Tell) -> Visitor:
    """Signed in through the provider, long enough ago that a fresh confirmation is asked for."""
    tell()
    assert is_in(come(browser))
    make_stale(db)
    return browser


def make_stale(db: SQLAlchemy) -> None:
    begin(user_id=user_id(AGENT), scope="staff")
    db.session.execute(update(Session).values(confirmed_at=None))
    commit()


def sent_to_confirm(visitor: Visitor, then: str = TOKENS) -> str:
    """Where the provider sends back, asked for confirming."""
    response = visitor.get("/auth/confirm/oidc", query_string={"next": then})
    assert response.status_code == 303, response.status_code
    back = urlsplit(ask(response.headers["Location"]))
    return f"{back.path}?{back.query}"


def test_who_came_through_the_provider_confirms_there(linked_browser: Visitor) -> None:
    assert linked_browser.post(TOKENS, TOKEN).status_code == 403
    assert f'href="/auth/confirm/oidc?next={TOKENS}"' in linked_browser.get(f"/auth/confirm?next={TOKENS}").text
    confirmed = linked_browser.get(sent_to_confirm(linked_browser))
    assert confirmed.headers["Location"] == TOKENS
    assert is_in(confirmed)  # with a new token
    assert linked_browser.post(TOKENS, TOKEN).status_code == 422


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ({"sub": "18"}, "another account than the one that is linked"),
        ({"without": ["auth_time"]}, "did not say that you signed in there just now"),
        ({"claims": {"auth_time": 1_700_000_000}}, "did not say that you signed in there just now"),
        ({"claims": {"auth_time": "now"}}, "did not say that you signed in there just now"),
        ({"wrong": "denied"}, "did not say that you signed in there just now"),
        ({"wrong": "garbage"}, "does not answer"),
    ],
    ids=str,
)
def test_what_the_provider_does_not_say_confirms_nothing(
    linked_browser: Visitor, tell: Tell, person: dict[str, Any], words: str
) -> None:
    tell(**person)
    refused = linked_browser.get(sent_to_confirm(linked_browser))
    assert refused.status_code in (422, 503)
    assert words in refused.text
    assert linked_browser.post(TOKENS, TOKEN).status_code == 403


def test_a_confirmation_is_of_the_session_it_began_in(db: SQLAlchemy, linked_browser: Visitor, attempt: SignIn) -> None:
    back = sent_to_confirm(linked_browser)
    with linked_browser.client.session_transaction() as cookie:
        kept = cookie["oidc"]
    attempt(AGENT)
    make_stale(db)
    with linked_browser.client.session_transaction() as cookie:
        cookie["oidc"] = kept
    assert linked_browser.get(back).status_code == 422
    assert linked_browser.post(TOKENS, TOKEN).status_code == 403


def test_a_form_that_waits_goes_on_once_another_tab_has_confirmed(linked_browser: Visitor) -> None:
    waits = linked_browser.post(TOKENS, TOKEN)
    assert 'href="/auth/confirm/oidc" target="_blank"' in waits.text
    refused = linked_browser.post("/auth/confirm", {"_action": TOKENS, **TOKEN})
    assert refused.status_code == 422
    linked_browser.get(sent_to_confirm(linked_browser))
    sent_on = linked_browser.post("/auth/confirm", {"_action": TOKENS, **TOKEN})
    assert (sent_on.status_code, sent_on.headers["Location"]) == (307, TOKENS)


def test_a_second_factor_is_not_replaced_by_the_provider(
    linked_browser: Visitor, phone_of: Callable[[str], Phone]
) -> None:
    phone_of(AGENT)
    refused = linked_browser.get(sent_to_confirm(linked_browser))
    assert refused.status_code == 422
    assert "/auth/confirm/oidc" not in refused.text


def test_who_is_not_linked_is_not_sent_there(browser: Visitor, tell: Tell, attempt: SignIn) -> None:
    tell()
    attempt(AGENT)
    assert "/auth/confirm/oidc" not in browser.get("/auth/confirm").text


def test_without_a_provider_nothing_is_confirmed(browser: Visitor, attempt: SignIn) -> None:
    attempt(AGENT)
    asked = browser.get("/auth/confirm/oidc?next=/north/clients")
    assert (asked.status_code, asked.headers["Location"]) == (303, "/auth/confirm?next=/north/clients")


# --- What is recorded


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        ({"email": "new@north.example"}, "oidc_unknown"),
        ({"email": "gone@north.example"}, "oidc_inactive"),
        ({"wrong": "another key"}, "oidc_not_believed"),
    ],
)
def test_a_refused_sign_in_is_recorded(
    db: SQLAlchemy,
    browser: Visitor,
    tell: Tell,
    told: Callable[[], list[Event]],
    person: dict[str, Any],
    reason: str,
) -> None:
    tell(**person)
    assert not is_in(come(browser))
    (failed,) = told()
    assert failed.name == "auth:failed"
    assert words_of(db, failed)["details"] == {"email": person.get("email", ""), "reason": reason}
