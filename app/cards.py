"""Cards: what other modules put on the page of a record.

A module registers what it reads (`@card`), and the page of a record, which knows nothing of that module, shows it. All
cards of a page are read by one statement: the first that is asked for brings the others with it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Numeric, Text, cast, func, select

from .db import db

# A Select of what is read of a record; None where the member may not see it. (A Select of columns is no Select[Any].)
Asks = Callable[[Any], Any]
# By the type of record, by the name of the card.
CARDS: dict[str, dict[str, Asks]] = defaultdict(dict)


def card(name: str, *subject_types: str) -> Callable[[Asks], Asks]:
    """Register what a card reads of records of these types: columns, each with a name of its own; no entities."""

    def register(asks: Asks) -> Asks:
        for subject_type in subject_types:
            if name in CARDS[subject_type]:
                raise ValueError(f"{subject_type} has a card {name} already")
            CARDS[subject_type][name] = asks
        return asks

    return register


def card_of(record: Any, name: str) -> Sequence[Any]:
    """The rows of one card, with attributes as the columns are called."""
    if "_cards" not in record.__dict__:
        asked = {called: asks(record) for called, asks in CARDS[record.subject_type].items()}
        record.__dict__["_cards"] = together({called: rows for called, rows in asked.items() if rows is not None})
    found: Mapping[str, Sequence[Any]] = record.__dict__["_cards"]
    return found.get(name, ())


def together(asked: Mapping[str, Any]) -> dict[str, list[SimpleNamespace]]:
    """The rows of several selects by their names, in one statement; for a few rows each, since they come as JSON."""
    if not asked:
        return {}
    inner = {name: statement.subquery() for name, statement in asked.items()}
    row = db.session.execute(select(*(_packed(rows).label(name) for name, rows in inner.items()))).one()
    return {name: [_unpacked(rows.c, values) for values in getattr(row, name) or ()] for name, rows in inner.items()}


def _packed(rows: Any) -> Any:
    # A number of JSON is read as a binary one, which two metres forty is not.
    columns = [cast(column, Text) if isinstance(column.type, Numeric) else column for column in rows.c]
    return select(func.jsonb_agg(func.jsonb_build_array(*columns))).select_from(rows).scalar_subquery()


READ: Mapping[type, Callable[[str], Any]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    uuid.UUID: uuid.UUID,
    Decimal: Decimal,
}


def _unpacked(columns: Any, values: Sequence[Any]) -> SimpleNamespace:
    read = {}
    for column, value in zip(columns, values, strict=True):
        reads = None if value is None else READ.get(column.type.python_type)
        read[column.key] = reads(value) if reads else value
    return SimpleNamespace(**read)
