from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from pyotp import TOTP, random_base32
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.db import begin, commit, now
from app.db import db as database
from app.events.models import Event
from app.events.reactions import react
from app.events.relay import CLAIM, EVENT_WITHOUT_PORT, FINISH, event_of
from app.identity import sign_in
from app.identity.models import MfaFactor
from app.jobs import perform
from app.mail import outbox
from tests import world
from tests.world import PASSWORD, Visitor


@dataclass(frozen=True)
class Letter:
    to: str
    subject: str
    html: str

    @property
    def link(self) -> str:
        """The path behind its button."""
        return urlsplit(unescape(re.findall(r'class="button" href="([^"]+)"', self.html)[0])).path


Mailbox = Callable[[], list[Letter]]
SignIn = Callable[..., TestResponse]
FIND = select(Event).from_statement(EVENT_WITHOUT_PORT)


@pytest.fixture
def browser(app: Flask, db: SQLAlchemy) -> Visitor:
    """A browser that nobody is signed in with."""
    return Visitor.anonymous(app)


@pytest.fixture
def attempt(browser: Visitor) -> SignIn:
    """Send the form of the sign-in page: `attempt("a@b.example", "wrong", ip="203.0.113.7")`."""

    def send(
        email: str, password: str = PASSWORD, *, ip: str = "127.0.0.1", by: Visitor = browser, **fields: Any
    ) -> TestResponse:
        data = {"email": email, "password": password, **fields}
        return by.post("/auth/login", data, environ_base={"REMOTE_ADDR": ip})

    return send


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords compared in no time, for tests of counting."""
    monkeypatch.setattr(sign_in, "verify", lambda kept, password: kept is not None and password == PASSWORD)


@pytest.fixture
def told(db: SQLAlchemy) -> Callable[[], list[Event]]:
    """The events of no port since the last look, as the relay finds them."""

    def look() -> list[Event]:
        commit()
        begin()
        found: list[Event] = []
        # One row of a subject at a time.
        while claimed := db.session.execute(CLAIM, {"limit": 200, "now": now()}).all():
            for row in claimed:
                found.extend(db.session.scalars(FIND, {"outbox": row.id}))
            db.session.execute(FINISH, {"ids": [row.id for row in claimed]})
        db.session.expunge_all()
        commit()
        return found

    return look


def work_off() -> None:
    """What waits, done as relay and workers would do it."""
    commit()
    begin()
    while claimed := database.session.execute(CLAIM, {"limit": 200, "now": now()}).all():
        for row in claimed:
            if row.job_id is not None:
                perform(str(row.job_id))
            elif (event := event_of(row)) is not None:
                react(event)
        begin()
        database.session.execute(FINISH, {"ids": [row.id for row in claimed]})
        commit()
        begin()
    commit()


@pytest.fixture
def mailbox(app: Flask, db: SQLAlchemy) -> Mailbox:
    """The mails since the last look, oldest first, once everything that waits is done."""
    with app.app_context():
        seen = {name for name, _message in outbox.kept()}

    def look() -> list[Letter]:
        work_off()
        letters = []
        for name, message in reversed(outbox.kept()):
            if name not in seen:
                seen.add(name)
                body = message.get_body(("html",))
                html = body.get_content() if body else ""
                letters.append(Letter(str(message["To"]), str(message["Subject"]), html))
        return letters

    return look


def code_at(secret: str, steps: int = 0) -> str:
    return str(TOTP(secret).generate_otp(int(now().timestamp()) // 30 + steps))


@dataclass
class Phone:
    """Somebody's authenticator app, and the recovery codes they printed."""

    email: str
    secret: str
    recovery: list[str]

    def code(self, steps: int = 0) -> str:
        """What it shows now, or so many half minutes later. A code works once: the next one is that of the next."""
        return code_at(self.secret, steps)


@pytest.fixture
def phone_of(db: SQLAlchemy) -> Callable[[str], Phone]:
    """Set up an authenticator app for this user, half a minute ago."""

    def set_up(email: str) -> Phone:
        secret = random_base32()
        member = world.enter(email, None)
        MfaFactor.add_app(secret, code_at(secret, -1), label="Phone", by=member)
        codes = MfaFactor.make_recovery_codes(by=member)
        commit()
        return Phone(email, secret, codes)

    return set_up


@pytest.fixture
def second(browser: Visitor) -> SignIn:
    """Send the form of the second step: `second(code="123456")`."""

    def send(*, by: Visitor = browser, ip: str = "127.0.0.1", next: str = "", **shown: str) -> TestResponse:  # noqa: A002
        data = {f"_{name}": value for name, value in shown.items()}
        return by.post("/auth/mfa", {**data, "next": next}, environ_base={"REMOTE_ADDR": ip})

    return send
