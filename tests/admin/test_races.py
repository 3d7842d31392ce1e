"""Two admins at the same settings at the same moment, each with a connection of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from tests.servers import Installation
from tests.world import NORTH, Visitor, answers_of

MINE, THEIRS = "port_admin@north.example", "super@quayside.example"
URL = "/north/admin/settings"


@pytest.fixture
def inside(committed: Installation) -> Iterator[Flask]:
    yield committed.app
    with committed.database.connect() as connection:
        connection.execute("TRUNCATE once_keys, tags, outbox, events CASCADE")
        connection.execute("UPDATE ports SET settings = '{}'")


@pytest.fixture
def pair(inside: Flask) -> tuple[Visitor, Visitor]:
    with inside.app_context():
        return Visitor.of(inside, MINE), Visitor.of(inside, THEIRS)


def row(installation: Installation, statement: str, *values: Any) -> Any:
    with installation.database.connect() as connection:
        found = connection.execute(statement, values).fetchone()
    assert found is not None
    return found[0]


def settings(installation: Installation) -> Any:
    return row(installation, "SELECT settings FROM ports WHERE id = %s", NORTH)


def test_two_groups_saved_at_once_are_both_kept(committed: Installation, pair: tuple[Visitor, Visitor]) -> None:
    mine, theirs = pair
    sales, mail = mine.form(f"{URL}/sales"), theirs.form(f"{URL}/mail")
    for turn in range(1, 6):
        sales, mail = mine.form(f"{URL}/sales"), theirs.form(f"{URL}/mail")
        answers = answers_of(
            lambda form=sales, turn=turn: mine.put(  # type: ignore[misc]
                f"{URL}/sales", {**form, "eoi_reminder_interval_days": str(turn + 20)}
            ),
            lambda form=mail, turn=turn: theirs.put(  # type: ignore[misc]
                f"{URL}/mail", {**form, "mail_reply_to": f"office{turn}@north.example"}
            ),
        )
        assert answers == [303, 303]
        kept = settings(committed)
        assert (kept["eoi_reminder_interval_days"], kept["mail_reply_to"]) == (
            turn + 20,
            f"office{turn}@north.example",
        )
    assert row(committed, "SELECT count(*) FROM events WHERE name = 'settings:updated'") == 10


def test_of_two_who_change_one_field_one_is_asked(committed: Installation, pair: tuple[Visitor, Visitor]) -> None:
    forms = [visitor.form(f"{URL}/sales") for visitor in pair]
    answers = answers_of(
        lambda: pair[0].put(f"{URL}/sales", {**forms[0], "eoi_reminder_interval_days": "8"}),
        lambda: pair[1].put(f"{URL}/sales", {**forms[1], "eoi_reminder_interval_days": "9"}),
    )
    assert sorted(answers) == [303, 409]
    assert settings(committed) == {"eoi_reminder_interval_days": 8 if answers[0] == 303 else 9}


def test_holidays_added_at_once_all_stand_and_one_day_once(committed: Installation, inside: Flask) -> None:
    days = [{"name": f"Day {at}", "day": f"2027-01-{at:02}"} for at in (1, 2, 3, 3)]
    with inside.app_context():
        admins = [Visitor.of(inside, email) for email in (MINE, THEIRS, MINE, THEIRS)]
    answers = answers_of(
        *(
            lambda admin=admin, day=day: admin.post(f"{URL}/hours/holidays", day)
            for admin, day in zip(admins, days, strict=True)
        )
    )
    assert sorted(answers) == [303, 303, 303, 422]
    assert [day["day"] for day in settings(committed)["holidays"]] == ["2027-01-01", "2027-01-02", "2027-01-03"]


def test_of_two_tags_of_one_name_one_is_made(committed: Installation, pair: tuple[Visitor, Visitor]) -> None:
    answers = answers_of(
        lambda: pair[0].post("/north/admin/tags", {"name": "VIP", "colour": "navy"}),
        lambda: pair[1].post("/north/admin/tags", {"name": "vip", "colour": "red"}),
    )
    assert sorted(answers) == [303, 422]
    assert row(committed, "SELECT count(*) FROM tags") == 1


def test_saving_settings_does_not_hold_up_who_adds_records(
    committed: Installation, pair: tuple[Visitor, Visitor]
) -> None:
    """The lock on the port lets rows that refer to it through."""
    form = pair[0].form("/north/clients/new")
    with committed.database.connect() as connection, connection.transaction():
        connection.execute("SELECT FROM ports WHERE id = %s FOR NO KEY UPDATE", (NORTH,))
        assert pair[0].post("/north/clients", {**form, "full_name": "Léa Marchand"}).status_code == 303
