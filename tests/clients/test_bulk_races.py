"""Two bulk edits at one moment, and one beside somebody who edits: each with a connection of its own, nobody waits for
ever and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.db import commit
from app.tags.models import Tag
from tests.servers import Installation
from tests.world import NORTH, Visitor, answers_of, enter, make_client

MINE, THEIRS, ADMIN = (f"{name}@north.example" for name in ("sales_manager", "teammate", "port_admin"))
NEW, URL = "/north/clients/bulk-edits/new", "/north/clients/bulk-edits"
Pair = tuple[Visitor, Visitor]
COUNT = 60


@pytest.fixture
def inside(committed: Installation) -> Iterator[Flask]:
    yield committed.app
    with committed.database.connect() as connection:
        connection.execute("TRUNCATE once_keys, clients, change_sets, tags, outbox, events, subject_keys, jobs CASCADE")
    committed.redis.flushdb()


@pytest.fixture
def numbers(inside: Flask) -> list[int]:
    with inside.app_context():
        by = enter(MINE)
        Tag.create("VIP", "navy", port_id=NORTH, by=by)
        found = [make_client(by, full_name=f"Person {at:02}").number for at in range(COUNT)]
        commit()
    return found


@pytest.fixture
def pair(inside: Flask) -> Pair:
    with inside.app_context():
        return Visitor.of(inside, MINE), Visitor.of(inside, THEIRS)


def bulk(visitor: Visitor, numbers: list[int], act: str, **typed: Any) -> Callable[[], TestResponse]:
    asked = "&".join(f"number={number}" for number in numbers)
    form = {**visitor.form(f"{NEW}?act={act}&{asked}"), "number": numbers, **typed}
    return lambda: visitor.post(URL, form)


def rows(committed: Installation, statement: str) -> list[tuple[object, ...]]:
    with committed.database.connect() as connection:
        return connection.execute(statement).fetchall()


def test_two_who_put_the_same_tag_on_do_it_once(committed: Installation, numbers: list[int], pair: Pair) -> None:
    answers = answers_of(
        bulk(pair[0], numbers, "tag", name="VIP"), bulk(pair[1], list(reversed(numbers)), "tag", name="VIP")
    )
    assert answers == [303, 303]
    assert rows(committed, "SELECT count(*), count(DISTINCT client_id) FROM client_tags") == [(COUNT, COUNT)]
    assert rows(committed, "SELECT count(*) FROM events WHERE name = 'client:tagged'") == [(COUNT,)]
    assert rows(committed, "SELECT sum(total) FROM change_sets") == [(COUNT,)]


def test_one_puts_on_and_one_takes_off(committed: Installation, numbers: list[int], pair: Pair) -> None:
    answers_of(bulk(pair[0], numbers, "tag", name="VIP"))
    for _turn in range(3):
        on = bulk(pair[0], numbers, "tag", name="VIP")
        off = bulk(pair[1], list(reversed(numbers)), "tag", name="VIP", way="untag")
        assert answers_of(on, off) == [303, 303]
    told = (
        "SELECT count(*) FILTER (WHERE name = 'client:tagged') - count(*) FILTER (WHERE name = 'client:untagged')"
        " FROM events"
    )
    assert rows(committed, told) == rows(committed, "SELECT count(*) FROM client_tags")


def test_tag_and_edit_of_all_beside_an_edit_of_one(
    committed: Installation, numbers: list[int], pair: Pair, inside: Flask
) -> None:
    with inside.app_context():
        third = Visitor.of(inside, ADMIN)
    for turn in range(3):
        one = f"/north/clients/{numbers[-1 - turn]}"
        opened = third.form(f"{one}/edit")
        answers = answers_of(
            bulk(pair[0], numbers, "tag", name="VIP", way="untag" if turn % 2 else "tag"),
            bulk(pair[1], list(reversed(numbers)), "edit", status=("active", "former")[turn % 2]),
            lambda one=one, opened=opened: third.put(one, {**opened, "town": "Nice"}),  # type: ignore[misc]
        )
        assert answers == [303, 303, 303]
    assert rows(committed, "SELECT count(*) FROM clients WHERE town = 'Nice' AND status = 'active'") == [(3,)]
    assert rows(committed, "SELECT count(*) FROM client_tags") == [(COUNT,)]
    # Each change raised the version once.
    assert rows(committed, "SELECT min(version), max(version) FROM clients") == [(7, 8)]


def test_a_tag_archived_at_the_same_moment_is_put_on_all_or_nobody(
    committed: Installation, numbers: list[int], pair: Pair, inside: Flask
) -> None:
    with inside.app_context():
        admin = Visitor.of(inside, ADMIN)
    [(tag_id,)] = rows(committed, "SELECT id FROM tags")
    answers = answers_of(
        bulk(pair[0], numbers, "tag", name="VIP"), lambda: admin.post(f"/north/admin/tags/{tag_id}/archival")
    )
    assert answers[1] == 303
    assert answers[0] in (303, 422)
    assert rows(committed, "SELECT count(*) FROM client_tags") == [(COUNT if answers[0] == 303 else 0,)]
