"""Links that are used twice at the same moment: real connections."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from app.db import begin, commit
from app.identity.models import Purpose, Verification
from tests.servers import Installation
from tests.waiting import together
from tests.world import INVITED, NORTH, PASSWORD, Visitor, user_id

AGENT = "sales_agent@north.example"
FIRST, SECOND = "Brisk-Tide-2027?", "Calm-Water-2028!"


@pytest.fixture
def app(committed: Installation) -> Flask:
    return committed.app


def link(app: Flask, purpose: Purpose, who: str, new_email: str | None = None) -> str:
    with app.app_context():
        begin(user_id=user_id(who), port_id=NORTH, scope="staff")
        port_id = NORTH if purpose is Purpose.INVITE else None
        _row, token = Verification.issue(
            purpose, user_id=user_id(who), port_id=port_id, email=new_email, lasts=timedelta(hours=1)
        )
        commit()
    return token


def send(app: Flask, path: str, **form: str) -> Callable[[], int]:
    return lambda: Visitor.anonymous(app).post(path, form).status_code


def signs_in(app: Flask, email: str, password: str) -> bool:
    form = {"email": email, "password": password}
    return Visitor.anonymous(app).post("/auth/login", form).status_code == 303


def test_of_two_who_accept_at_once_one_wins(app: Flask) -> None:
    path = f"/auth/accept/{link(app, Purpose.INVITE, INVITED)}"
    acts = [send(app, path, name="Nina", new_password=password) for password in (FIRST, SECOND)]
    assert sorted(together(*acts)) == [303, 410]
    assert [signs_in(app, INVITED, password) for password in (FIRST, SECOND)].count(True) == 1


def test_of_two_who_reset_at_once_one_wins(app: Flask) -> None:
    path = f"/auth/reset/{link(app, Purpose.RESET, AGENT)}"
    acts = [send(app, path, new_password=password) for password in (FIRST, SECOND)]
    assert sorted(together(*acts)) == [303, 410]
    assert [signs_in(app, AGENT, password) for password in (FIRST, SECOND, PASSWORD)].count(True) == 1


def test_of_two_who_take_an_address_at_once_one_has_it(app: Flask, committed: Installation) -> None:
    people = ("operator@north.example", "technician@north.example")
    acts = [send(app, f"/auth/email/{link(app, Purpose.EMAIL, who, 'same@new.example')}") for who in people]
    assert sorted(together(*acts)) == [303, 409]
    with committed.database.connect() as owner:
        row = owner.execute("SELECT count(*) FROM users WHERE email = 'same@new.example'").fetchone()
    assert row == (1,)


def test_resets_asked_for_at_once_are_no_more_than_one_by_one(app: Flask, committed: Installation) -> None:
    """Five an hour, however quickly they are asked for."""
    form = {"email": f"{uuid.uuid4().hex}@north.example"}
    for _ in range(2):
        together(*[send(app, "/auth/reset", **form)] * 4)
    with committed.database.connect() as owner:
        query = "SELECT count(*) FROM verifications WHERE email = %s"
        assert owner.execute(query, (form["email"],)).fetchone() == (5,)
