"""Rows as they stand in the database: what two clients were before they became one, moved, and written back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from ...db import Base, db, now
from .links import LINKS, Link

if TYPE_CHECKING:
    from ..models import Client

# What tells of a change and is none.
BOOKKEEPING = frozenset({"updated_at", "version", "sort_name"})

Row = dict[str, Any]
Images = dict[str, dict[str, Row]]  # table → id → row


@dataclass(frozen=True)
class Later:
    """Something that was changed after the merge, and stays so. `column` is None for a row that is gone; `row` is how
    it was before the merge."""

    table: str
    id: str
    column: str | None
    value: Any = None
    row: Mapping[str, Any] = field(default_factory=dict)


def _as_rows(statement: str, values: Mapping[str, Any]) -> dict[str, Row]:
    """Numbers with a point stay as they are written: a float would round them."""
    found = db.session.execute(text(statement), values)
    return {str(row.id): json.loads(row.image, parse_float=str) for row in found}


def rows_of(survivor: Client, merged: Client) -> Images:
    """Everything of the merged client, what of the survivor makes room for it, and the two clients themselves,
    locked."""
    db.session.flush()
    both = [survivor.id, merged.id]
    images: Images = {"clients": images_of("clients", map(str, both)), "client_duplicates": _pair(both)}
    images["custom_field_values"] = _as_rows(CUSTOM, {"survivor": survivor.id})
    for link in LINKS:
        mine = f"t.{link.column} = :merged AND {link.where}"
        images.setdefault(link.table, {}).update(_locked(link, mine, {"merged": merged.id}))
    for link in LINKS:
        if link.gives_way:
            room = f"t.{link.column} = :survivor AND {link.gives_way}"
            images[link.table].update(_locked(link, room, {"survivor": survivor.id, "merged": merged.id}))
    return images


CUSTOM = """
    SELECT t.id, to_jsonb(t)::text AS image FROM custom_field_values t WHERE t.client_id = :survivor
    ORDER BY t.id FOR UPDATE
"""


def _pair(both: Iterable[uuid.UUID]) -> dict[str, Row]:
    a_id, b_id = sorted(both)
    statement = (
        "SELECT id, to_jsonb(t)::text AS image FROM client_duplicates t WHERE a_id = :a AND b_id = :b FOR UPDATE"
    )
    return _as_rows(statement, {"a": a_id, "b": b_id})


def _locked(link: Link, rule: str, values: Mapping[str, Any]) -> dict[str, Row]:
    """The rows of the link's table that the rule means."""
    # Table and rule are said in code, by whoever adds a link; what comes from a request is bound.
    statement = f"SELECT t.id, to_jsonb(t)::text AS image FROM {link.table} t WHERE {rule} ORDER BY t.id FOR UPDATE"  # noqa: S608
    return _as_rows(statement, values)


def images_of(table: str, ids: Iterable[str]) -> dict[str, Row]:
    statement = f"SELECT t.id, to_jsonb(t)::text AS image FROM {table} t WHERE t.id = ANY (CAST(:ids AS uuid[]))"  # noqa: S608  # names of our own tables
    return _as_rows(statement, {"ids": list(ids)})


def differing(before: Row, after: Row) -> Row:
    return {name: value for name, value in after.items() if before[name] != value}


def _write(link: Link, what: str, rule: str, values: Mapping[str, Any]) -> None:
    # As in _locked: said in code; what comes from a request is bound.
    db.session.execute(text(f"UPDATE {link.table} t SET {what} WHERE {rule}"), values)  # noqa: S608


def move(link: Link, survivor: Client, merged: Client) -> list[str]:
    """Those that went over. What was written is not counted as a change of theirs: stamps and versions stay."""
    values = {"survivor": survivor.id, "merged": merged.id, "now": now()}
    mine = f"t.{link.column} = :merged AND {link.where}"
    if link.leftover:
        _write(link, link.leftover, f"{mine} AND ({link.clash})", values)
    if link.gives_way:
        _write(link, link.made_way, f"t.{link.column} = :survivor AND {link.gives_way}", values)
    also = f", {link.also}" if link.also else ""
    statement = (
        f"UPDATE {link.table} t SET {link.column} = :survivor{also}"  # noqa: S608  # names of our own tables
        f" WHERE {mine} AND NOT ({link.clash}) RETURNING t.id"
    )
    return sorted(str(row_id) for row_id in db.session.scalars(text(statement), values))


def taken_out(rows: dict[str, Row], column: str, client_id: str) -> dict[str, Row]:
    """The rows that were this client's, no longer among the others."""
    own = [row_id for row_id, kept in rows.items() if kept["before"][column] == client_id]
    return {row_id: rows.pop(row_id) for row_id in own}


def plan(table: str, rows: Mapping[str, Row]) -> tuple[list[Row], list[Later]]:
    """What to write into each row so that it is as before, and what somebody changed since."""
    touched = {row_id: kept for row_id, kept in rows.items() if kept["after"]}
    present = images_of(table, touched)
    ours = {name for link in LINKS if link.table == table for name in link.ours}
    writes, later = [], []
    for row_id, kept in touched.items():
        row, before, after = present.get(row_id), kept["before"], kept["after"]
        if row is None:
            later.append(Later(table, row_id, None, None, before))
            continue
        changed = [name for name in after if row.get(name) != after[name] and name not in ours]
        writes.append({name: before[name] for name in after if name not in changed} | {"id": row_id})
        since = [name for name in before if row.get(name) != after.get(name, before[name])]
        names = [name for name in since if name not in BOOKKEEPING and name not in ours]
        later += [Later(table, row_id, name, row.get(name), before) for name in names]
    return writes, later


def write_back(table: str, writes: Iterable[Row]) -> None:
    """One statement for all rows in which the same columns go back; first for those that go back to their client, since
    others made room for them."""
    together: dict[tuple[str, ...], list[Row]] = {}
    generated = {column.name for column in Base.metadata.tables[table].columns if column.computed is not None}
    for row in writes:
        names = tuple(sorted(set(row) - generated - {"id"}))
        if names:
            together.setdefault(names, []).append(row)
    whose = {link.column for link in LINKS if link.table == table}
    for names, rows in sorted(together.items(), key=lambda one: whose.isdisjoint(one[0])):
        assigned = ", ".join(f"{name} = r.{name}" for name in names)
        statement = (
            f"UPDATE {table} t SET {assigned}"  # noqa: S608  # names of our own tables
            f" FROM jsonb_populate_recordset(NULL::{table}, CAST(:rows AS jsonb)) r WHERE t.id = r.id"
        )
        db.session.execute(text(statement), {"rows": json.dumps(rows)})
