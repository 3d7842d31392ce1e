"""Two people at the same client at the same moment, each with a connection of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from app.db import commit
from tests.servers import Installation
from tests.world import Visitor, answers_of, enter, make_client

MINE, THEIRS = "sales_manager@north.example", "teammate@north.example"


@pytest.fixture
def inside(committed: Installation) -> Iterator[Flask]:
    yield committed.app
    with committed.database.connect() as connection:
        connection.execute(
            "TRUNCATE once_keys, clients, client_contacts, client_notes, import_rows, outbox, events CASCADE"
        )


@pytest.fixture
def url(inside: Flask) -> str:
    with inside.app_context():
        number = make_client(enter(MINE), town="Nice").number
        commit()
    return f"/north/clients/{number}"


@pytest.fixture
def pair(inside: Flask) -> tuple[Visitor, Visitor]:
    with inside.app_context():
        return Visitor.of(inside, MINE), Visitor.of(inside, THEIRS)


def rows(installation: Installation, statement: str) -> list[tuple[object, ...]]:
    with installation.database.connect() as connection:
        return connection.execute(statement).fetchall()


def test_two_editors_of_different_fields_lose_nothing(
    committed: Installation, url: str, pair: tuple[Visitor, Visitor]
) -> None:
    mine, theirs = pair
    for turn in range(5):
        opened = mine.form(f"{url}/edit"), theirs.form(f"{url}/edit")
        answers = answers_of(
            lambda form=opened[0], turn=turn: mine.put(url, {**form, "street": f"Street {turn}"}),  # type: ignore[misc]
            lambda form=opened[1], turn=turn: theirs.put(url, {**form, "region": f"Region {turn}"}),  # type: ignore[misc]
        )
        assert answers == [303, 303]
        kept = rows(committed, "SELECT street, region, town FROM clients")
        assert kept == [(f"Street {turn}", f"Region {turn}", "Nice")]
    assert rows(committed, "SELECT count(*) FROM events WHERE name = 'client:updated'") == [(10,)]


def test_of_two_editors_of_one_field_one_is_asked(
    committed: Installation, url: str, pair: tuple[Visitor, Visitor]
) -> None:
    mine, theirs = pair
    opened_by_me, opened_by_them = mine.form(f"{url}/edit"), theirs.form(f"{url}/edit")
    answers = answers_of(
        lambda: mine.put(url, {**opened_by_me, "town": "Toulon"}),
        lambda: theirs.put(url, {**opened_by_them, "town": "Marseille"}),
    )
    assert sorted(answers) == [303, 409]
    saved = "Toulon" if answers[0] == 303 else "Marseille"
    assert rows(committed, "SELECT town FROM clients") == [(saved,)]


def test_the_same_contact_added_twice_stands_once(
    committed: Installation, url: str, pair: tuple[Visitor, Visitor]
) -> None:
    forms = [visitor.form(f"{url}/contacts/new") for visitor in pair]
    typed = [{**forms[0], "value": "lea@example.com"}, {**forms[1], "value": "LEA@example.com"}]
    answers = answers_of(
        lambda: pair[0].post(f"{url}/contacts", typed[0]), lambda: pair[1].post(f"{url}/contacts", typed[1])
    )
    assert sorted(answers) == [303, 422]
    assert rows(committed, "SELECT normalised, is_primary FROM client_contacts") == [("lea@example.com", True)]


def test_of_contacts_added_at_once_one_is_primary(
    committed: Installation, url: str, pair: tuple[Visitor, Visitor]
) -> None:
    forms = [pair[at % 2].form(f"{url}/contacts/new") for at in range(4)]
    answers = answers_of(
        *(
            lambda at=at, form=form: pair[at % 2].post(
                f"{url}/contacts", {**form, "value": f"c{at}@example.com", "is_primary": "y"}
            )
            for at, form in enumerate(forms)
        )
    )
    assert answers == [303] * 4
    primary = "SELECT count(*), count(*) FILTER (WHERE is_primary) FROM client_contacts"
    assert rows(committed, primary) == [(4, 1)]


def test_a_contact_removed_and_put_back_at_once_is_either_and_never_two(
    committed: Installation, url: str, pair: tuple[Visitor, Visitor]
) -> None:
    mine, theirs = pair
    for value in ("a@example.com", "b@example.com"):
        mine.post(f"{url}/contacts", {**mine.form(f"{url}/contacts/new"), "value": value})
    ids = re.findall(r'id="contact-([0-9a-f-]{36})"', mine.get(url).text)
    assert len(ids) == 2
    for _ in range(4):
        answers = answers_of(
            lambda: mine.delete(f"{url}/contacts/{ids[0]}"),
            lambda: theirs.post(f"{url}/contacts/{ids[0]}/restoration"),
            lambda: theirs.delete(f"{url}/contacts/{ids[1]}"),
            lambda: mine.post(f"{url}/contacts/{ids[1]}/restoration"),
        )
        assert answers == [303] * 4
        standing = rows(
            committed,
            "SELECT count(*), count(*) FILTER (WHERE is_primary) FROM client_contacts WHERE archived_at IS NULL",
        )
        assert standing in ([(0, 0)], [(1, 1)], [(2, 1)])


def test_archiving_while_somebody_saves_is_one_after_the_other(
    committed: Installation, url: str, pair: tuple[Visitor, Visitor]
) -> None:
    mine, theirs = pair
    opened = mine.form(f"{url}/edit")
    answers = answers_of(lambda: mine.put(url, {**opened, "town": "Toulon"}), lambda: theirs.post(f"{url}/archival"))
    ((town, is_archived),) = rows(committed, "SELECT town, archived_at IS NOT NULL FROM clients")
    assert is_archived
    assert (answers, town) in (([303, 303], "Toulon"), ([409, 303], "Nice"))


def test_archived_twice_at_once_is_told_once(committed: Installation, url: str, pair: tuple[Visitor, Visitor]) -> None:
    assert answers_of(*(lambda v=v: v.post(f"{url}/archival") for v in pair)) == [303, 303]
    assert rows(committed, "SELECT count(*) FROM events WHERE name = 'client:archived'") == [(1,)]
