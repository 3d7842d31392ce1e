"""How well slips are forgiven: of names with one letter wrong, how many are among the first ten."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import psycopg
import pytest

from app.db import begin, commit
from app.sorting import sort_name
from tests.search.names import full_names, slips
from tests.servers import Installation
from tests.world import NORTH, enter, make_client, user_id

MANAGER = "sales_manager@north.example"
NAMES = full_names(3_000)

# The same client again, under other names.
CROWD = """
INSERT INTO clients SELECT (jsonb_populate_record(c, jsonb_build_object(
    'id', gen_random_uuid(), 'number', 900000 + n, 'full_name', name, 'sort_name', plain))).*
FROM clients c, unnest(%s::text[], %s::text[]) WITH ORDINALITY AS u (name, plain, n)
"""
FOUND = """
SELECT c.full_name FROM search_clients(%s, 10, false, false) s JOIN clients c ON c.id = s.client_id ORDER BY s.place
"""


@pytest.fixture(scope="module")
def hand(committed: Installation) -> Iterator[psycopg.Connection]:
    """The application's role in the port, where three thousand clients have names of their own."""
    with committed.app.app_context():
        begin(port_id=NORTH, scope="staff")
        make_client(enter(MANAGER), full_name=NAMES[0])
        commit()
    with committed.database.connect() as owner:
        owner.execute(CROWD, (NAMES[1:], [sort_name(name) for name in NAMES[1:]]))
        owner.execute("ANALYZE")
    with psycopg.connect(committed.database.url("quayside_app")) as connection:
        settings = "SELECT set_config('app.port_id', %s, true), set_config('app.user_id', %s, true)"
        connection.execute(settings, (str(NORTH), str(user_id(MANAGER))))
        connection.execute("SELECT set_config('app.scope', 'staff', true)")
        yield connection


def found(hand: psycopg.Connection, asked: str) -> list[str]:
    return [name for (name,) in hand.execute(FOUND, (asked,)).fetchall()]


@pytest.mark.parametrize("kind", range(4), ids=["one too many", "one too few", "another one", "two turned round"])
def test_one_slip_is_forgiven_in_nineteen_of_twenty(hand: psycopg.Connection, kind: int) -> None:
    chance = Random(kind)  # noqa: S311
    asked = [(list(slips(name, chance))[kind], name) for name in chance.sample(NAMES, 100)]
    missed = [(slip, name) for slip, name in asked if name not in found(hand, slip)]
    assert len(missed) <= 5, missed


def test_two_slips_in_a_long_word_are_forgiven(hand: psycopg.Connection) -> None:
    first, last = NAMES[5].split()[0], max(NAMES[5].split(), key=len)
    assert len(last) > 6
    asked = f"{first} {last[0]}x{last[2:-1]}y"
    assert NAMES[5] in found(hand, asked), asked


def test_the_parts_of_a_name_in_another_order(hand: psycopg.Connection) -> None:
    for name in NAMES[:20]:
        turned = " ".join(reversed(name.split()))
        assert name in found(hand, turned)
        assert name in found(hand, turned[: len(turned) - 2]), turned
