"""Numbers of records: unique in their port, taken in blocks, never waited for."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text

from app.numbers import BLOCK, FIRST, Numbers, numbers, reserve, take_number
from tests.servers import Installation
from tests.waiting import together
from tests.world import NORTH, SOUTH


@pytest.fixture
def inside(committed: Installation) -> Flask:
    return committed.app


def test_each_port_and_series_counts_for_itself(inside: Flask) -> None:
    with inside.app_context():
        assert [take_number(NORTH, "berth") for _ in range(3)] == [FIRST, FIRST + 1, FIRST + 2]
        assert take_number(SOUTH, "berth") == FIRST
        assert take_number(NORTH, "vessel") == FIRST


def test_processes_take_blocks_of_their_own(inside: Flask) -> None:
    with inside.app_context():
        mine, theirs = Numbers(numbers().engine), Numbers(numbers().engine)
        taken = [counter.take(NORTH, "ticket") for _ in range(BLOCK + 1) for counter in (mine, theirs)]
    assert len(set(taken)) == len(taken)
    assert max(taken) < FIRST + 4 * BLOCK


def test_a_bulk_reserves_what_it_needs_at_once(inside: Flask) -> None:
    with inside.app_context():
        first = reserve(NORTH, "lead", 1000)
        assert (len(first), reserve(NORTH, "lead", 10).start) == (1000, first.stop)


def test_many_at_once_take_each_number_once(inside: Flask) -> None:
    def take() -> int:
        with inside.app_context():
            return take_number(NORTH, "claim")

    taken = together(*[take] * (3 * BLOCK), at_a_time=8)
    assert sorted(taken) == list(range(FIRST, FIRST + 3 * BLOCK))


def test_a_number_is_taken_while_every_connection_of_the_pool_is_busy(inside: Flask) -> None:
    with inside.app_context():
        engine = inside.extensions["engine"]
        busy = [engine.connect() for _ in range(5)]  # all of DB_POOL_SIZE
        try:
            for connection in busy:
                connection.execute(text("SELECT 1"))
            assert take_number(NORTH, "order") == FIRST
        finally:
            for connection in busy:
                connection.close()
