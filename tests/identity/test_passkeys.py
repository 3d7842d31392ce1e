"""Passkeys: making one, signing in with it alone or after the password, and everything that must not be believed."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select
from webauthn.helpers import bytes_to_base64url
from werkzeug.test import TestResponse

from app.db import begin
from app.events.models import Event
from app.identity.models import FactorKind, MfaFactor
from tests.identity.authenticator import PRESENT, Authenticator
from tests.identity.conftest import SignIn
from tests.identity.test_sign_in import AGENT, cookie_of, is_in
from tests.waiting import run
from tests.world import Visitor, user_id

START = datetime.fromisoformat("2026-11-21T09:00:00+00:00")
SECURITY = "/north/settings/security"

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def agent(visit: Callable[[str], Visitor]) -> Visitor:
    return visit(AGENT)


def asked(visitor: Visitor, purpose: str) -> dict[str, Any]:
    """What the browser is to do, as the script would fetch it."""
    response = visitor.post("/auth/passkey/challenge", {"for": purpose})
    assert response.status_code == 200
    options: dict[str, Any] = json.loads(response.text)
    return options


def enrol(visitor: Visitor, phone: Authenticator, **fields: str) -> TestResponse:
    answer = phone.create(asked(visitor, "enrol"))
    return visitor.post(f"{SECURITY}/passkeys", {"_passkey": answer, **fields})


@pytest.fixture
def phone(agent: Visitor) -> Authenticator:
    """A phone with a passkey of the agent's."""
    made = Authenticator()
    assert enrol(agent, made, label="Phone").status_code == 200
    return made


def sign_in(visitor: Visitor, phone: Authenticator) -> TestResponse:
    return visitor.post("/auth/passkey", {"_passkey": phone.get(asked(visitor, "sign_in"))})


def made(db: SQLAlchemy) -> list[MfaFactor]:
    begin(user_id=user_id(AGENT), scope="staff")
    return list(db.session.scalars(MfaFactor.of(user_id(AGENT), FactorKind.PASSKEY)))


# --- Making one


def test_a_passkey_is_asked_for_as_it_must_be(agent: Visitor) -> None:
    options = asked(agent, "enrol")
    assert options["rp"]["id"] == "localhost"
    assert options["user"]["id"] == bytes_to_base64url(user_id(AGENT).bytes)
    selection = options["authenticatorSelection"]
    assert (selection["residentKey"], selection["userVerification"]) == ("required", "required")
    alone = asked(agent, "sign_in")
    assert (alone["userVerification"], alone.get("allowCredentials")) == ("required", [])


def test_the_first_one_brings_recovery_codes(db: SQLAlchemy, agent: Visitor, told: Callable[[], list[Event]]) -> None:
    response = enrol(agent, Authenticator(), label="Work laptop")
    assert response.status_code == 200
    assert len(re.findall(r"<li><code>", response.text)) == 10
    assert "Work laptop" in agent.get(SECURITY).text
    assert [event.name for event in told()] == ["user:factorAdded", "user:recoveryCodesMade"]
    assert [factor.label for factor in made(db)] == ["Work laptop"]


def test_the_same_one_is_not_added_twice(db: SQLAlchemy, agent: Visitor, phone: Authenticator) -> None:
    (known,) = asked(agent, "enrol")["excludeCredentials"]
    assert known["id"] == bytes_to_base64url(phone.credential_id)
    assert enrol(agent, phone).status_code == 422
    assert len(made(db)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://localhost.evil.example"},
        {"origin": "https://localhost"},
        {"origin": "http://localhost:81"},
        {"party": "evil.example"},
        {"flags": PRESENT},
        {"flags": 0},
    ],
)
def test_what_was_made_elsewhere_or_without_its_owner_is_refused(
    db: SQLAlchemy, agent: Visitor, wrong: dict[str, Any]
) -> None:
    refused = enrol(agent, Authenticator(**wrong))
    assert refused.status_code == 422
    assert "No passkey was made." in refused.text
    assert made(db) == []


@pytest.mark.parametrize(
    "answer", ["", "x", "{}", "[]", "null", '{"rawId": 5}', '{"id":"a","rawId":"a","response":{}}']
)
def test_what_is_no_answer_is_refused(agent: Visitor, browser: Visitor, answer: str) -> None:
    asked(agent, "enrol")
    assert agent.post(f"{SECURITY}/passkeys", {"_passkey": answer}).status_code == 422
    asked(browser, "sign_in")
    assert browser.post("/auth/passkey", {"_passkey": answer}).status_code == 422


# --- Signing in


def test_it_signs_in_without_a_password(db: SQLAlchemy, phone: Authenticator, browser: Visitor) -> None:
    response = sign_in(browser, phone)
    assert is_in(response)
    assert browser.get("/north/clients").status_code == 200
    assert browser.get(f"{SECURITY}/apps/new").status_code == 200  # fresh, and with a factor
    (factor,) = made(db)
    assert (factor.counter, factor.last_used_at) == (1, START)


def test_it_is_the_second_step(phone: Authenticator, attempt: SignIn, second: SignIn, browser: Visitor) -> None:
    assert attempt(AGENT).headers["Location"] == "/auth/mfa"
    page = browser.get("/auth/mfa").text
    assert 'data-passkey="second_step"' in page
    assert 'name="_code"' not in page
    options = asked(browser, "second_step")
    assert [known["id"] for known in options["allowCredentials"]] == [bytes_to_base64url(phone.credential_id)]
    assert is_in(second(passkey=phone.get(options)))


def test_it_confirms(phone: Authenticator, agent: Visitor, clock: time_machine.Traveller) -> None:
    clock.shift(timedelta(minutes=11))
    assert agent.get(f"{SECURITY}/passkeys/new").status_code == 303
    done = agent.post("/auth/confirm", {"_passkey": phone.get(asked(agent, "confirm"))})
    assert done.status_code == 303
    assert agent.get(f"{SECURITY}/passkeys/new").status_code == 200


def test_an_answer_works_once(app: Flask, phone: Authenticator, browser: Visitor) -> None:
    answer = phone.get(asked(browser, "sign_in"))
    assert is_in(browser.post("/auth/passkey", {"_passkey": answer}))
    again = browser.post("/auth/passkey", {"_passkey": answer})
    assert again.status_code == 422
    assert not cookie_of(again)


def test_a_challenge_is_used_up_by_a_wrong_answer(phone: Authenticator, browser: Visitor) -> None:
    options = asked(browser, "sign_in")
    with browser.client.session_transaction() as cookie:
        challenge = cookie["challenge"]
    stranger = Authenticator(user_handle=phone.user_handle, credential_id=phone.credential_id)
    assert not is_in(browser.post("/auth/passkey", {"_passkey": stranger.get(options)}))
    with browser.client.session_transaction() as cookie:
        cookie["challenge"] = challenge
    assert not is_in(browser.post("/auth/passkey", {"_passkey": phone.get(options)}))


def test_a_challenge_is_this_browsers_and_lasts_five_minutes(
    app: Flask, phone: Authenticator, browser: Visitor, clock: time_machine.Traveller
) -> None:
    answer = phone.get(asked(browser, "sign_in"))
    thief = Visitor.anonymous(app)
    assert not is_in(thief.post("/auth/passkey", {"_passkey": answer}))
    clock.shift(timedelta(minutes=5))
    assert not is_in(browser.post("/auth/passkey", {"_passkey": answer}))


def test_a_challenge_is_for_its_purpose(phone: Authenticator, agent: Visitor, browser: Visitor) -> None:
    answer = phone.get(asked(browser, "second_step"))
    assert not is_in(browser.post("/auth/passkey", {"_passkey": answer}))
    answer = phone.get(asked(agent, "sign_in"))
    assert agent.post("/auth/confirm", {"_passkey": answer}).status_code == 422


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("origin", "http://localhost.evil.example"),
        ("origin", "https://localhost"),
        ("party", "evil.example"),
        ("flags", PRESENT),
        ("user_handle", b""),
        ("user_handle", user_id("viewer@north.example").bytes),
        ("user_handle", b"x" * 16),
        ("credential_id", b"another"),
    ],
)
def test_a_passkey_of_another_place_or_person_is_refused(
    phone: Authenticator, browser: Visitor, name: str, value: Any
) -> None:
    setattr(phone, name, value)
    refused = sign_in(browser, phone)
    assert refused.status_code == 422
    assert "That passkey was not accepted." in refused.text
    assert not cookie_of(refused)


def test_a_copy_is_noticed_by_its_counter(phone: Authenticator, browser: Visitor) -> None:
    assert is_in(sign_in(browser, phone))
    assert is_in(sign_in(browser, phone))
    phone.count = 0
    assert not is_in(sign_in(browser, phone))


def test_one_that_does_not_count_is_good_again_and_again(agent: Visitor, browser: Visitor) -> None:
    phone = Authenticator(counts=False)
    enrol(agent, phone)
    assert is_in(sign_in(browser, phone))
    assert is_in(sign_in(browser, phone))


def test_wrong_answers_are_counted_and_pause(phone: Authenticator, browser: Visitor) -> None:
    stranger = Authenticator(user_handle=phone.user_handle, credential_id=phone.credential_id)
    assert [sign_in(browser, stranger).status_code for _ in range(5)] == [422] * 4 + [429]
    assert sign_in(browser, phone).status_code == 429


def test_a_removed_one_signs_in_no_more(agent: Visitor, phone: Authenticator, browser: Visitor) -> None:
    (url,) = re.findall(rf'action="({SECURITY}/factors/[\w-]+)\?', agent.get(SECURITY).text)
    agent.delete(url)
    assert not is_in(sign_in(browser, phone))


def test_it_takes_a_form_of_ours(phone: Authenticator, browser: Visitor) -> None:
    answer = phone.get(asked(browser, "sign_in"))
    response = browser.open("/auth/passkey", method="POST", data={"_passkey": answer})
    assert response.status_code == 400
    assert browser.open("/auth/passkey/challenge", method="POST").status_code == 400


def test_the_library_is_loaded_by_who_needs_it(app: Flask) -> None:
    """A process that only serves pages is smaller without it."""
    words = "import app, sys; app.create_app; import app.identity.views; print('webauthn' in sys.modules)"
    done = run([sys.executable, "-c", words], environment=dict(os.environ))
    assert done.stdout.strip() == "False", done.stderr


def test_keys_are_sealed(db: SQLAlchemy, phone: Authenticator) -> None:
    begin(user_id=user_id(AGENT), scope="staff")
    (sealed,) = db.session.scalars(select(MfaFactor.sealed_secret).where(MfaFactor.kind == "passkey")).all()
    numbers = phone.key.public_key().public_numbers()
    assert numbers.x.to_bytes(32, "big") not in (sealed or b"")
