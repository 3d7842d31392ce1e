"""`flask create-admin` and `flask user …`: what they do, what they refuse, what is recorded of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import Result
from flask import Flask

from app import create_app
from tests.servers import Installation
from tests.world import INVITED, Visitor, user_id

AGENT = "sales_agent@north.example"
STRONG = "Brisk-Tide-2027?"


@pytest.fixture(scope="module")
def app(committed: Installation) -> Flask:
    made = create_app(committed.settings, role="console")
    made.testing = True
    return made


@pytest.fixture
def owner(committed: Installation) -> Iterator[Any]:
    with committed.database.connect() as connection:
        yield connection


def run(app: Flask, *arguments: str, typed: str | None = None) -> Result:
    return app.test_cli_runner().invoke(args=list(arguments), input=typed)


def done(app: Flask, *arguments: str, typed: str | None = None) -> str:
    result = run(app, *arguments, typed=typed)
    assert result.exit_code == 0, result.output
    return result.output


def refused(app: Flask, *arguments: str, typed: str | None = None) -> str:
    result = run(app, *arguments, typed=typed)
    assert result.exit_code not in (0, None)
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)
    return result.output


def one(owner: Any, query: str, *values: object) -> Any:
    row = owner.execute(query, values).fetchone()
    return row[0] if row else None


def last_event(owner: Any, email: str) -> tuple[str, str]:
    query = (
        "SELECT e.name, e.actor_kind FROM events e JOIN users u ON u.id = e.subject_id WHERE u.email = %s"
        " ORDER BY e.id DESC LIMIT 1"
    )
    found: tuple[str, str] = owner.execute(query, (email,)).fetchone()
    return found


def test_a_first_admin_is_made_and_signs_in(app: Flask, owner: Any) -> None:
    email = "chief@quayside.example"
    output = done(app, "create-admin", email, "--name", "Chief Pilot", "--password-stdin", typed=f"{STRONG}\n")
    assert "super-admin" in output
    assert STRONG not in output
    assert last_event(owner, email) == ("user:invited", "system")
    visitor = Visitor.anonymous(app)
    assert visitor.post("/auth/login", {"email": email, "password": STRONG}).status_code == 303
    assert visitor.get("/north/clients").status_code == 200


def test_an_admin_chooses_the_password_by_a_link(app: Flask, owner: Any) -> None:
    email = "deputy@quayside.example"
    output = done(app, "create-admin", email, "--name", "Deputy", "--link")
    link = urlsplit(output.split()[-1]).path
    visitor = Visitor.anonymous(app)
    assert visitor.post(link, {"name": "Deputy", "new_password": STRONG}).status_code == 303
    assert visitor.post("/auth/login", {"email": email, "password": STRONG}).status_code == 303


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create-admin", "no at sign", "--name", "X", "--link"), "not an e-mail address"),
        (("create-admin", "a@b.example\nBcc: x@y.example", "--name", "X", "--link"), "not an e-mail address"),
        (("create-admin", "a@new.example", "--name", "X\r\nBcc: y", "--link"), "a name is one line"),
        (("create-admin", "a@new.example", "--name", "", "--link"), "a name is one line"),
        (("create-admin", AGENT, "--name", "Again", "--link"), "already"),
        (
            ("user", "invite", "a@new.example", "--name", "A", "--port", "nowhere", "--role", "viewer"),
            "no port nowhere",
        ),
        (("user", "invite", "a@new.example", "--name", "A", "--port", "north", "--role", "king"), "no role king"),
        (("user", "invite", "a@new.example", "--name", "A", "--port", "north", "--role", "super_admin"), "no role"),
        (("user", "invite", AGENT, "--name", "A", "--port", "north", "--role", "viewer"), "already"),
        (("user", "deactivate", "nobody@north.example"), "Nobody signs in with"),
        (("user", "deactivate", "gone@north.example"), "deactivated already"),
        (("user", "activate", AGENT), "active already"),
        (("user", "reset-link", "gone@north.example"), "activate the account first"),
        (("user", "reset-mfa", AGENT), "no second factor"),
        (("user", "make-super-admin", "gone@north.example"), "activate the account first"),
        (("user", "unmake-super-admin", AGENT), "no super-admin already"),
        (("user", "list", "--port", "nowhere"), "no port nowhere"),
    ],
)
def test_bad_input_is_refused_plainly(app: Flask, owner: Any, arguments: tuple[str, ...], words: str) -> None:
    before = one(owner, "SELECT count(*) FROM events"), one(owner, "SELECT count(*) FROM users")
    assert words in refused(app, *arguments)
    assert before == (one(owner, "SELECT count(*) FROM events"), one(owner, "SELECT count(*) FROM users"))


def test_a_weak_password_is_refused(app: Flask) -> None:
    command = ("create-admin", "weak@quayside.example", "--name", "Weak", "--password-stdin")
    output = refused(app, *command, typed="Password123!\n")
    assert "tried first" in output
    assert "Password123!" not in output


def test_the_list_says_who_there_is(app: Flask) -> None:
    lines = {line.split("\t")[0]: line.split("\t")[1:] for line in done(app, "user", "list").splitlines()}
    assert lines[AGENT] == ["Sales Agent North", "active", "north:sales_agent"]
    assert lines["both@quayside.example"][2] == "north:director south:director"
    assert lines["gone@north.example"][1] == "deactivated"
    assert lines[INVITED][1] == "invited"
    assert lines["super@quayside.example"][2] == "super-admin"
    assert "@south.example" not in done(app, "user", "list", "--port", "north")


def test_somebody_is_invited(app: Flask, owner: Any) -> None:
    email = "ines@north.example"
    done(app, "user", "invite", "Ines@North.example", "--name", "Ines", "--port", "north", "--role", "viewer")
    assert last_event(owner, email) == ("user:invited", "system")
    assert (
        one(
            owner,
            "SELECT count(*) FROM outbox o JOIN events e ON e.id = o.event_id WHERE e.subject_id ="
            " (SELECT id FROM users WHERE email = %s)",
            email,
        )
        == 1
    )


def test_a_deactivated_account_is_out_at_once_and_comes_back(app: Flask, owner: Any) -> None:
    email = "technician@north.example"
    with app.app_context():
        visitor = Visitor.of(app, email)
    assert visitor.get("/").status_code == 303
    done(app, "user", "deactivate", email)
    assert last_event(owner, email) == ("user:deactivated", "system")
    assert one(owner, "SELECT count(*) FROM sessions WHERE user_id = %s", user_id(email)) == 0
    assert visitor.get("/").headers["Location"].startswith("/auth/login")
    done(app, "user", "activate", email)
    assert last_event(owner, email) == ("user:activated", "system")


def test_a_printed_link_resets_the_password(app: Flask, owner: Any) -> None:
    email = "operator@north.example"
    output = done(app, "user", "reset-link", email)
    link = urlsplit(output.split()[-1]).path
    assert link.startswith("/auth/reset/")
    visitor = Visitor.anonymous(app)
    assert visitor.post(link, {"new_password": STRONG}).status_code == 303
    assert visitor.post("/auth/login", {"email": email, "password": STRONG}).status_code == 303
    assert "/auth/accept/" in done(app, "user", "reset-link", INVITED)


def test_second_factors_are_taken_away(app: Flask, owner: Any) -> None:
    email = "supervisor@north.example"
    owner.execute(
        "INSERT INTO mfa_factors (id, user_id, kind, label, counter, created_at, confirmed_at)"
        " VALUES (gen_random_uuid(), %s, 'totp', 'Phone', 0, now(), now())",
        (user_id(email),),
    )
    done(app, "user", "reset-mfa", email)
    assert one(owner, "SELECT count(*) FROM mfa_factors WHERE user_id = %s", user_id(email)) == 0
    assert last_event(owner, email) == ("user:factorsReset", "system")


def test_sessions_are_ended(app: Flask, owner: Any) -> None:
    with app.app_context():
        visitor = Visitor.of(app, "director@north.example")
    assert "1 session ended" in done(app, "user", "end-sessions", "director@north.example")
    assert visitor.get("/").headers["Location"].startswith("/auth/login")
    assert last_event(owner, "director@north.example") == ("auth:sessionsEnded", "system")


def test_super_admins_are_made_and_unmade_but_one_is_left(app: Flask, owner: Any) -> None:
    for email in [
        row[0]
        for row in owner.execute("SELECT email FROM users WHERE is_super_admin AND email !~ '^super@'").fetchall()
    ]:
        done(app, "user", "unmake-super-admin", email)
    assert "last super-admin" in refused(app, "user", "unmake-super-admin", "super@quayside.example")
    assert "last super-admin" in refused(app, "user", "deactivate", "super@quayside.example")
    done(app, "user", "make-super-admin", AGENT)
    assert one(owner, "SELECT is_super_admin FROM users WHERE email = %s", AGENT)
    assert last_event(owner, AGENT) == ("user:updated", "system")
    done(app, "user", "unmake-super-admin", "super@quayside.example")


def test_the_commands_are_there_for_an_operator(committed: Installation) -> None:
    """As it is typed, in a process of its own; without the owner of the database it refuses."""
    assert "make-super-admin" in committed.flask("user", "--help")
    ended = committed.run("user", "list", DATABASE_OWNER_URL="")
    assert ended.returncode == 1
    assert "DATABASE_OWNER_URL is not set" in ended.stderr
