"""Cards of a record: read together in one statement, exact and in their order, each only for who may see it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Numeric, Uuid, bindparam, column, literal, select, values

from app.cards import card, together
from app.db import commit
from app.waiting_list.models import WaitingEntry
from tests.world import Visitor, enter, make_client, make_reminder, make_waiting_list

MANAGER = "sales_manager@north.example"


def test_values_come_as_the_columns_have_them(db: SQLAlchemy) -> None:
    moment, key = datetime(2027, 3, 28, 1, 30, 0, 120_000, tzinfo=UTC), uuid.UUID(int=7)
    one = select(
        literal(moment).label("at"),
        literal(date(2027, 3, 28)).label("on"),
        literal(key, Uuid()).label("key"),
        bindparam("width", Decimal("2.40"), Numeric(6, 2)).label("width"),
        literal("B 12").label("name"),
        literal(3).label("count"),
        literal(True).label("fits"),
        literal(None, Numeric()).label("price"),
    )
    [row] = together({"one": one})["one"]
    assert (row.at, row.on, row.key, row.name, row.count) == (moment, date(2027, 3, 28), key, "B 12", 3)
    assert row.fits is True
    assert row.price is None
    assert str(row.width) == "2.40"


def test_rows_keep_their_order_and_none_is_an_empty_list(db: SQLAlchemy) -> None:
    numbers = values(column("n"), name="numbers").data([(n,) for n in (5, 3, 9, 1)])
    asked = select(numbers.c.n.label("n")).order_by(numbers.c.n.desc())
    found = together({"all": asked, "none": asked.where(numbers.c.n > 10), "two": asked.limit(2)})
    assert [row.n for row in found["all"]] == [9, 5, 3, 1]
    assert [row.n for row in found["two"]] == [9, 5]
    assert found["none"] == []


def test_all_cards_of_a_page_are_one_statement(
    db: SQLAlchemy, visit: Callable[[str], Visitor], statements: list[str]
) -> None:
    by = enter(MANAGER)
    client = make_client(by)
    make_reminder(by, "Call about the mooring", subject=client)
    WaitingEntry.enter(make_waiting_list(by), client, by=by)
    commit()
    number, visitor = client.number, visit(MANAGER)
    statements.clear()
    page = visitor.get(f"/north/clients/{number}").text
    assert "Call about the mooring" in page
    assert "Any berth" in page
    assert len([sent for sent in statements if "FROM reminders" in sent or "waiting_entries" in sent]) == 1


def test_a_card_is_registered_once() -> None:
    with pytest.raises(ValueError, match="client has a card waiting already"):
        card("waiting", "client")(lambda record: None)
