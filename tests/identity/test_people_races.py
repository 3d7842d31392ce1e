"""Two administrators at the same moment, each with a connection of their own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from app.db import begin, commit, db
from tests.servers import Installation
from tests.world import NORTH, Visitor, answers_of, user_id

ADMIN, DIRECTOR, BOTH = "port_admin@north.example", "director@north.example", "both@quayside.example"


def role_id(installation: Installation, name: str) -> uuid.UUID:
    return uuid.UUID(str(rows(installation, f"SELECT id FROM roles WHERE name = '{name}'")[0][0]))


def rows(installation: Installation, statement: str) -> list[tuple[Any, ...]]:
    with installation.database.connect() as connection:
        return connection.execute(statement).fetchall()


@pytest.fixture
def two(committed: Installation) -> Iterator[tuple[Visitor, Visitor]]:
    """The only two who manage people in Port North: both port admins, so that each may touch the other."""
    app: Flask = committed.app
    with committed.database.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT * FROM user_port_roles")
        connection.execute(
            "DELETE FROM user_port_roles WHERE port_id = %s AND user_id = ANY(%s)",
            (NORTH, [user_id(DIRECTOR), user_id(BOTH)]),
        )
        connection.execute(
            "INSERT INTO user_port_roles SELECT gen_random_uuid(), %s, port_id, role_id, created_at, updated_at"
            " FROM kept WHERE user_id = %s AND port_id = %s",
            (user_id(DIRECTOR), user_id(ADMIN), NORTH),
        )
    with app.app_context():
        yield Visitor.of(app, ADMIN), Visitor.of(app, DIRECTOR)
    with committed.database.connect() as connection:
        connection.execute("TRUNCATE user_port_roles, outbox, events, sessions")
        connection.execute("INSERT INTO user_port_roles SELECT * FROM kept")
        connection.execute("UPDATE users SET is_active = true WHERE email <> 'gone@north.example'")
        connection.execute("TRUNCATE port_role_overrides")
        connection.execute("DROP TABLE kept")


def administrators(installation: Installation) -> int:
    return len(
        rows(
            installation,
            "SELECT DISTINCT u.id FROM users u JOIN user_port_roles x ON x.user_id = u.id JOIN roles r"
            f" ON r.id = x.role_id WHERE x.port_id = '{NORTH}' AND u.is_active AND r.name = 'port_admin'",
        )
    )


def page_of(email: str) -> str:
    return f"/north/admin/users/{user_id(email)}"


@pytest.mark.parametrize("way", ["deactivate", "remove", "demote"])
def test_two_administrators_who_end_each_other_leave_one(
    committed: Installation, two: tuple[Visitor, Visitor], way: str
) -> None:
    def end(by: Visitor, email: str) -> Callable[[], TestResponse]:
        if way == "deactivate":
            return lambda: by.post(f"{page_of(email)}/deactivation")
        if way == "remove":
            return lambda: by.delete(page_of(email))
        form = by.form(f"{page_of(email)}/roles")
        form.pop(role_id(committed, "port_admin").hex)
        form[role_id(committed, "viewer").hex] = "y"
        return lambda: by.put(f"{page_of(email)}/roles", form)

    statuses = answers_of(end(two[0], DIRECTOR), end(two[1], ADMIN))
    assert sorted(statuses) != [303, 303]
    assert 303 in statuses
    assert administrators(committed) == 1


def test_two_who_invite_the_same_person_make_one_account(committed: Installation, two: tuple[Visitor, Visitor]) -> None:
    form = {"email": "twice@north.example", "name": "Twice", "roles": [str(role_id(committed, "viewer"))]}
    statuses = answers_of(*(lambda by=by: by.post("/north/admin/users", form) for by in two))
    assert sorted(statuses) == [303, 409]
    assert rows(committed, "SELECT count(*) FROM users WHERE email = 'twice@north.example'") == [(1,)]
    assert rows(committed, "SELECT count(*) FROM events WHERE name = 'user:invited'") == [(1,)]


def test_two_overrides_at_once_both_stand(committed: Installation, two: tuple[Visitor, Visitor]) -> None:
    url = f"/north/admin/roles/{role_id(committed, 'viewer')}/override"
    first, second = two[0].form(url), two[1].form(url)
    statuses = answers_of(
        lambda: two[0].put(url, {**first, "clients.edit": "on"}),
        lambda: two[1].put(url, {**second, "berths.edit": "on"}),
    )
    assert statuses == [303, 303]
    kept = rows(committed, f"SELECT permission_overrides FROM port_role_overrides WHERE port_id = '{NORTH}'")
    assert kept == [({"clients": {"edit": True}, "berths": {"edit": True}},)]


def test_an_account_that_ends_while_it_is_used_is_out(committed: Installation, two: tuple[Visitor, Visitor]) -> None:
    viewer = Visitor.of(committed.app, "viewer@north.example")
    answers_of(
        lambda: two[0].post(f"{page_of('viewer@north.example')}/deactivation"),
        *(lambda: viewer.get("/north/clients") for _ in range(3)),
    )
    assert viewer.get("/north/clients").status_code == 303
    begin(user_id=user_id("viewer@north.example"), scope="staff")
    assert db.session.scalar(text("SELECT count(*) FROM sessions")) == 0
    commit()
