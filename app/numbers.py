"""The numbers in addresses (`/port-nimara/clients/1042`): unique per port and series, taken in blocks.

Each process reserves 50 at a time in a transaction of its own, so creating never waits for a counter row. What a
process had left when it ended stays unused: gaps are fine (invoices, which must have none, number otherwise).

Reserving uses a connection beside the pool: requests that hold all of its connections must not wait for one more.
"""

from __future__ import annotations

import uuid
from threading import Lock
from typing import Any, TypeVar

from flask import Flask, current_app
from sqlalchemy import ColumnElement, Engine, ForeignKey, NullPool, Select, String, create_engine, false, text
from sqlalchemy.orm import Mapped, mapped_column

from .db import SET_UNIT, Base, db, engine_options

T = TypeVar("T")

BLOCK = 50
FIRST = 1001
LAST = 2**31 - 1  # of an integer column

RESERVE = text(
    "INSERT INTO number_blocks AS b (port_id, series, next_number) VALUES (:port, :series, :first + :count)"
    " ON CONFLICT (port_id, series) DO UPDATE SET next_number = b.next_number + :count"
    " RETURNING next_number - :count"
)


class NumberBlock(Base):
    """The first number of a series that no process has reserved yet."""

    __tablename__ = "number_blocks"

    port_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"), primary_key=True)
    series: Mapped[str] = mapped_column(String(40), primary_key=True)
    next_number: Mapped[int]


class Numbers:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._lock = Lock()
        self._blocks: dict[tuple[uuid.UUID, str], range] = {}

    def take(self, port_id: uuid.UUID, series: str) -> int:
        with self._lock:
            block = self._blocks.get((port_id, series)) or reserve(port_id, series, BLOCK)
            self._blocks[port_id, series] = block[1:]
            return block[0]


def one_numbered(model: type[T], visible: Select[T], key: str | None) -> T | None:
    """The record whose number somebody's browser sent, when it is among these."""
    if not key or not (key.isascii() and key.isdecimal()) or len(key) > 10:
        return None
    return db.session.scalars(visible.where(has_number(model, int(key)))).one_or_none()


def reserve(port_id: uuid.UUID, series: str, count: int) -> range:
    """Reserve `count` consecutive numbers at once, committed whether or not the caller's transaction is."""
    with numbers().engine.begin() as connection:
        connection.execute(SET_UNIT, {"port": str(port_id), "user": "", "scope": "staff"})
        first = connection.execute(
            RESERVE, {"port": port_id, "series": series, "first": FIRST, "count": count}
        ).scalar_one()
    return range(first, first + count)


def take_number(port_id: uuid.UUID, series: str) -> int:
    return numbers().take(port_id, series)


def has_number(model: Any, number: int) -> ColumnElement[bool]:
    """The record with this number, which may come from an address: nobody's when it is larger than any can be."""
    found: ColumnElement[bool] = model.number == number if number <= LAST else false()
    return found


def numbers() -> Numbers:
    kept: Numbers = current_app.extensions["numbers"]
    return kept


def init_app(app: Flask) -> None:
    url = app.extensions["settings"].database_url
    connect_args = engine_options(1, role="numbers")["connect_args"]
    app.extensions["numbers"] = Numbers(create_engine(url, poolclass=NullPool, connect_args=connect_args))
