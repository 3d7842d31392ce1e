"""A form sent twice acts once: one after the other, at the same moment, with a file, with other words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.clients.models import Client
from app.db import begin, commit, db
from app.dev.processes import wait_until
from app.files.models import LooseKey
from app.imports.models import Import
from app.once import OnceKey
from tests.importing import forget_files, opened_form, send_file, stored_files
from tests.servers import Installation
from tests.waiting import Beside, together
from tests.world import NORTH, Visitor, enter, fields_of, user_id

MANAGER, ADMIN = "sales_manager@north.example", "port_admin@north.example"


def count(model: Any) -> int:
    enter(ADMIN)
    return int(db.session.query(model).count())


def test_the_same_form_again_gives_the_same_answer(db: SQLAlchemy, visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    form = {**manager.form("/north/clients/new"), "full_name": "Aino Laine", "anyway": "y"}
    answers = [manager.post("/north/clients", form) for _ in range(3)]
    assert [(answer.status_code, answer.headers["Location"]) for answer in answers] == [
        (303, answers[0].headers["Location"])
    ] * 3
    assert count(Client) == 1


def test_other_words_under_the_same_key_are_kept_and_may_be_sent_as_new(
    db: SQLAlchemy, visit: Callable[[str], Visitor]
) -> None:
    manager = visit(MANAGER)
    form = {**manager.form("/north/clients/new"), "full_name": "Aino Laine", "anyway": "y"}
    saved = manager.post("/north/clients", form).headers["Location"]
    answer = manager.post("/north/clients", {**form, "full_name": "Aino & Eero", "town": "Hanko"})
    assert answer.status_code == 409
    assert f'href="{saved}"' in answer.text
    kept = fields_of(answer.text)
    assert (kept["full_name"], kept["town"]) == ("Aino & Eero", "Hanko")
    assert kept["_key"] != form["_key"]
    assert count(Client) == 1
    assert manager.post("/north/clients", kept).status_code == 303
    assert count(Client) == 2


def test_a_fragment_gets_the_refusal_in_its_place(db: SQLAlchemy, visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    form = {**manager.form("/north/clients/new"), "full_name": "Aino Laine", "anyway": "y"}
    manager.post("/north/clients", form)
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    answer = manager.post("/north/clients", {**form, "full_name": "Eero"}, headers=headers)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (409, "#errors")
    assert "Send as new" in answer.text


def test_a_refusal_lets_the_form_be_sent_again(db: SQLAlchemy, visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    form = manager.form("/north/clients/new")
    refused = manager.post("/north/clients", {**form, "full_name": ""})
    assert refused.status_code == 422
    assert count(OnceKey) == 0
    assert manager.post("/north/clients", {**form, "full_name": "Aino Laine", "anyway": "y"}).status_code == 303


def test_a_key_belongs_to_one_member_one_form_and_one_port(db: SQLAlchemy, visit: Callable[[str], Visitor]) -> None:
    first, second = visit(MANAGER), visit("teammate@north.example")
    both = visit("both@quayside.example")
    form = {**first.form("/north/clients/new"), "full_name": "Aino Laine", "anyway": "y", "owner_id": ""}
    del form["csrf_token"]
    addresses = {first.post("/north/clients", form).headers["Location"]}
    addresses.add(second.post("/north/clients", form).headers["Location"])
    for port in ("north", "south"):
        addresses.add(both.post(f"/{port}/clients", form).headers["Location"])
    assert len(addresses) == 4
    assert count(Client) == 3
    saved = first.post("/north/clients", form).headers["Location"]
    assert first.post(f"{saved}/notes", {"_key": form["_key"], "body": "Another form"}).status_code == 303


def test_a_form_without_a_key_just_acts(db: SQLAlchemy, visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    form = {**manager.form("/north/clients/new"), "full_name": "Aino Laine", "anyway": "y", "_key": ""}
    for _ in range(2):
        manager.post("/north/clients", form)
    assert count(Client) == 2


# --- With a file --------------------------------------------------------------------------------------------------


def test_a_file_is_part_of_what_was_sent(app: Flask, db: SQLAlchemy, visit: Callable[[str], Visitor]) -> None:
    forget_files(app)
    admin = visit(ADMIN)
    form = opened_form(admin)
    first, again = (send_file(admin, b"Name\nAino\n", **form) for _ in range(2))
    assert first.status_code == again.status_code == 303
    assert first.headers["Location"] == again.headers["Location"]
    for content, name in ((b"Name\nEero\n", "clients.csv"), (b"Name\nAino\n", "other.csv")):
        other = send_file(admin, content, name, **form)
        assert other.status_code == 409
        assert "Open the form again" in other.text
        assert "Send as new" not in other.text
    assert count(Import) == 1
    # What was sent in vain belongs to nothing, and is removed like all that does.
    loose = set(db.session.scalars(select(LooseKey.storage_key)))
    assert set(stored_files(app)) - loose == {db.session.query(Import).one().storage_key}


# --- At the same moment -------------------------------------------------------------------------------------------


@pytest.fixture
def at_once(committed: Installation) -> Iterator[Flask]:
    yield committed.app
    with committed.database.connect() as connection:
        connection.execute("TRUNCATE once_keys, clients, client_contacts, client_notes, import_rows, outbox CASCADE")


def visitor_of(app: Flask, email: str) -> Visitor:
    with app.app_context():
        return Visitor.of(app, email)


def send_together(app: Flask, forms: list[dict[str, Any]], browser: Visitor) -> list[TestResponse]:
    """Each form from a browser window of its own with the same sign-in, all at one moment."""
    windows = [Visitor(app, app.test_client()) for _ in forms]
    for window in windows:
        window.client._cookies = browser.client._cookies
    return together(
        *(
            partial(window.open, "/north/clients", method="POST", data=form)
            for window, form in zip(windows, forms, strict=True)
        )
    )


def clients_in(installation: Installation) -> list[str]:
    with installation.database.connect() as connection:
        return [name for (name,) in connection.execute("SELECT full_name FROM clients ORDER BY full_name")]


def test_a_form_sent_four_times_at_once_creates_once(at_once: Flask, committed: Installation) -> None:
    browser = visitor_of(at_once, MANAGER)
    form = {**browser.form("/north/clients/new"), "full_name": "Aino Laine", "anyway": "y"}
    answers = send_together(at_once, [form] * 4, browser)
    assert [answer.status_code for answer in answers] == [303] * 4
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert clients_in(committed) == ["Aino Laine"]


def test_two_forms_of_one_key_at_once_act_for_one_and_refuse_the_other(at_once: Flask, committed: Installation) -> None:
    browser = visitor_of(at_once, MANAGER)
    form = browser.form("/north/clients/new")
    answers = send_together(at_once, [{**form, "full_name": name} for name in ("Aino", "Eero")], browser)
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    (saved,) = clients_in(committed)
    (refused,) = [answer for answer in answers if answer.status_code == 409]
    found = re.search(r'name="full_name" value="([^"]+)"', refused.text)
    assert found
    assert {saved, unescape(found[1])} == {"Aino", "Eero"}


def test_who_waited_for_a_refused_one_acts(at_once: Flask, committed: Installation) -> None:
    """The second request waits for the first one's key, which is rolled back."""
    browser = visitor_of(at_once, MANAGER)
    form = {**browser.form("/north/clients/new"), "full_name": "Aino Laine", "anyway": "y"}
    with committed.database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute(
            "INSERT INTO once_keys (id, port_id, actor_id, route, key, input_hash, expires_at)"
            " VALUES (gen_random_uuid(), %s, %s, %s, %s, '', now() + interval '1 day')",
            (NORTH, user_id(MANAGER), "north clients.create []", form["_key"]),
        )
        sending = Beside(partial(browser.post, "/north/clients", form))
        assert wait_until(lambda: is_waiting(committed), seconds=20)
        assert not sending.is_over()
        connection.execute("ROLLBACK")
        assert sending.answer().status_code == 303
    assert clients_in(committed) == ["Aino Laine"]


def is_waiting(installation: Installation) -> bool:
    with installation.database.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'",
            (installation.database.name,),
        ).fetchone()
    return row is not None and row[0] > 0


def test_keys_are_forgotten_after_a_day(at_once: Flask, committed: Installation) -> None:
    browser = visitor_of(at_once, MANAGER)
    browser.post("/north/clients", {**browser.form("/north/clients/new"), "full_name": "Aino Laine", "anyway": "y"})
    with committed.database.connect() as connection:
        kept = connection.execute("SELECT extract(epoch FROM expires_at - now()) / 3600 FROM once_keys").fetchall()
    assert [round(hours) for (hours,) in kept] == [24]
    with at_once.app_context():
        begin(port_id=NORTH, user_id=user_id("teammate@north.example"), scope="staff")
        assert db.session.query(OnceKey).count() == 0  # of somebody else
        commit()
