from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.db import begin, commit, now
from app.events.models import Event
from app.events.relay import CLAIM, EVENT_WITHOUT_PORT, FINISH
from app.identity import sign_in
from tests.world import PASSWORD, Visitor

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
