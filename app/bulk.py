"""Many rows in one statement: what a bulk act writes, a thousand records at a time.

The rows travel as one JSON value, so row-level security looks at them as at any other INSERT or UPDATE (COPY would be
refused), and a statement costs the same text whatever its rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from .db import Base, db


def _as_json(value: Any) -> Any:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


def _sent(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {"rows": json.dumps([dict(row) for row in rows], default=_as_json)}


def insert_many(model: type[Base], rows: Sequence[Mapping[str, Any]], *, ends: str = "") -> list[Any]:
    """Insert rows that all have the same columns. `ends`: the end of the statement, such as ON CONFLICT or RETURNING;
    gives the rows that it returns."""
    if not rows:
        return []
    columns = ", ".join(f'"{name}"' for name in rows[0])
    table = model.__tablename__
    statement = text(
        f"INSERT INTO {table} ({columns}) SELECT {columns}"  # noqa: S608  # names of our own tables
        f" FROM json_populate_recordset(NULL::{table}, CAST(:rows AS json)) {ends}"
    )
    found = db.session.execute(statement, _sent(rows))
    return list(found.all()) if ends else []


def update_many(model: type[Base], rows: Sequence[Mapping[str, Any]], *, also: str = "") -> int:
    """Write rows by their `id`; all have the same columns. `also`: further assignments, as `version = t.version + 1`.
    Gives how many there were."""
    if not rows:
        return 0
    assigned = ", ".join([*(f'"{name}" = r."{name}"' for name in rows[0] if name != "id"), *([also] if also else [])])
    table = model.__tablename__
    statement = text(
        f"UPDATE {table} t SET {assigned}"  # noqa: S608  # names of our own tables
        f" FROM json_populate_recordset(NULL::{table}, CAST(:rows AS json)) r WHERE t.id = r.id"
    )
    found = db.session.execute(statement, _sent(rows))
    return int(getattr(found, "rowcount", 0))
