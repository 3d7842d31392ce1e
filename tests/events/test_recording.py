"""An event keeps who, what and when; its words under the key of its subject."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select, text

from app.db import begin, commit
from app.events.models import Event, Outbox, record
from app.events.timeline import timeline
from tests.servers import Installation
from tests.world import NORTH, enter, make_client

MANAGER = "sales_manager@north.example"


def test_one_verb_one_event_one_outbox_row(db: SQLAlchemy) -> None:
    member = enter(MANAGER)
    client = make_client(member)
    client.update({"town": "Toulon"}, by=member)
    names = db.session.scalars(select(Event.name).where(Event.subject_id == client.id).order_by(Event.id)).all()
    waiting = db.session.scalar(select(func.count()).where(Outbox.subject == f"client:{client.id}"))
    assert names == ["client:created", "client:updated"]
    assert waiting == 2


def test_an_update_that_changes_nothing_records_nothing(db: SQLAlchemy) -> None:
    member = enter(MANAGER)
    client = make_client(member, town="Toulon")
    assert client.update({"town": "Toulon"}, by=member) is False
    assert db.session.scalar(select(func.count()).where(Event.subject_id == client.id)) == 1


def test_values_are_not_in_the_table_in_clear(db: SQLAlchemy) -> None:
    member = enter(MANAGER)
    client = make_client(member)
    client.update({"tax_number": "FR32555014022"}, by=member)
    row = db.session.execute(text("SELECT events::text FROM events WHERE name = 'client:updated'")).scalar_one()
    assert "tax_number" in row
    assert b"FR32555014022".hex() not in row
    assert "FR32555014022" not in row
    changes = timeline("client", client.id)[0].changes
    assert changes[0][1:] == ("", "FR32555014022")


def test_without_its_key_the_event_stays_and_the_words_are_gone(committed: Installation) -> None:
    with committed.app.app_context():
        member = enter(MANAGER)
        client_id = make_client(member).id
        commit()
        with committed.database.connect("quayside_owner") as owner:
            owner.execute("DELETE FROM subject_keys WHERE subject_id = %s", (client_id,))
        enter(MANAGER)
        entry = timeline("client", client_id)[0]
    assert entry.who == "Somebody"
    assert "erased" in entry.text
    assert entry.changes == []


def test_an_unknown_event_or_a_missing_field_is_refused(db: SQLAlchemy) -> None:
    member = enter(MANAGER)
    known: dict[str, Any] = {
        "by": member,
        "subject_type": "client",
        "subject_id": member.id,
        "port_id": NORTH,
    }
    with pytest.raises(KeyError):
        record("client:vanished", **known)
    with pytest.raises(TypeError, match="source"):
        record("client:created", **known, name="Léa")


def test_the_application_can_neither_change_nor_delete_events(app: Flask, db: SQLAlchemy) -> None:
    make_client(enter(MANAGER))
    for statement in ("UPDATE events SET name = 'client:merged'", "DELETE FROM events", "TRUNCATE events"):
        with pytest.raises(Exception, match="permission denied"), db.session.begin_nested():
            db.session.execute(text(statement))


def test_settings_of_one_unit_do_not_leak_into_the_next(db: SQLAlchemy) -> None:
    make_client(enter(MANAGER))
    begin()
    assert db.session.scalar(select(func.count()).select_from(Event)) == 0
