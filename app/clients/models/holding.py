"""What is held about a client, table by table: how it reads in an archive, and what an erasure does with it. Each
module says so for its own tables.

    holds("client_notes", _("Notes"), "t.client_id = ANY (:clients)", fields={"body": _("Note")}, …)

    @keeps
    def invoices(clients: Sequence[uuid.UUID]) -> Iterable[Keeping]: …

A test walks the database and fails for a table, a reference or a column that is not told of here.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import text

from ... import formats
from ...db import db
from ...events.timeline import FieldWords, shown

# The last columns of nearly every table.
WHEN = {"created_at": _("Entered"), "updated_at": _("Last change")}
REMOVED, FOLLOWS, STAYS = "removed", "follows", "stays"
# What these words stand for in the SQL of a holding.
PARTS = (
    (
        "their_files",
        "(t.entity = 'clients' AND t.entity_id = ANY (:clients)"
        " OR t.entity = 'vessels' AND t.entity_id IN their_vessels"
        " OR t.entity = 'interests' AND t.entity_id IN their_interests)",
    ),
    ("their_interests", "(SELECT i.id FROM interests i WHERE i.client_id = ANY (:clients))"),
    ("their_vessels", "(SELECT v.id FROM vessels v WHERE v.client_id = ANY (:clients))"),
)


@dataclass(frozen=True)
class Holding:
    """Rows of `table`. SQL knows the row as `t`, as `:clients` the ids of the client and of all who were merged into
    it, and `their_vessels` and `their_files` (PARTS).

    mine: which rows are meant. columns: those that name the client, or a record that goes with it.
    fields: what the archive shows, column by column; left_out: the columns it does not show. `also`: SQL of columns
    that are looked up elsewhere.
    erased: REMOVED; FOLLOWS what it refers to; STAYS; or how the row is emptied, as SQL behind SET. subject: whose
    events these are, where they hold words that go with the row. page: SQL of the page below the port that mails about
    the row lead to; one that has not left is withdrawn. rank: where it is read, what people look for first; they are
    told of in the order in which they refer to each other.
    """

    table: str
    label: Any
    mine: str
    columns: tuple[str, ...] = ()
    fields: Mapping[str, FieldWords] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    also: Mapping[str, str] = field(default_factory=dict)
    order: str = "t.id"
    erased: str = REMOVED
    subject: str = ""
    page: str = ""
    rank: int = 9

    def ids(self, clients: Sequence[uuid.UUID], *, locks: bool = False) -> list[uuid.UUID]:
        statement = f"SELECT t.id FROM {self.table} t WHERE {self.mine} ORDER BY t.id"  # noqa: S608  # written in a held.py, never typed
        return list(db.session.scalars(text(statement + (" FOR UPDATE" if locks else "")), {"clients": list(clients)}))

    def rows(self, clients: Sequence[uuid.UUID]) -> list[dict[str, Any]]:
        """All of them, by the names of the columns."""
        also = "".join(f", {found} AS {name}" for name, found in self.also.items())
        statement = f"SELECT t.*{also} FROM {self.table} t WHERE {self.mine} ORDER BY {self.order}"  # noqa: S608  # written in a held.py, never typed
        return [dict(row) for row in db.session.execute(text(statement), {"clients": list(clients)}).mappings()]

    def erase(self, ids: Sequence[uuid.UUID]) -> None:
        act = f"DELETE FROM {self.table} t"  # noqa: S608  # written in a held.py, never typed
        if self.erased != REMOVED:
            act = f"UPDATE {self.table} t SET {self.erased}"  # noqa: S608  # written in a held.py, never typed
        db.session.execute(text(f"{act} WHERE t.id = ANY (:ids)"), {"ids": list(ids)})

    def said(self, row: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Label and words of what the row has."""
        said = ((str(words.label), words.words(row[name])) for name, words in self.fields.items())
        return [(label, text) for label, text in said if text]


HOLDINGS: list[Holding] = []


def in_reading_order() -> list[Holding]:
    return sorted(HOLDINGS, key=lambda one: one.rank)


# (table, column) → why nothing of it is about a client.
UNHELD: dict[tuple[str, str], str] = {}


def holds(
    table: str,
    label: Any,
    mine: str,
    *,
    fields: Mapping[str, Any] | None = None,
    left_out: Iterable[str] = (),
    **how: Any,
) -> None:
    """`fields`: labels, or with how their values read."""
    told = {
        name: words if isinstance(words, FieldWords) else FieldWords(words, as_text)
        for name, words in (fields or {}).items()
    }
    for name, part in PARTS:
        mine = mine.replace(name, part)
    HOLDINGS.append(Holding(table, label, mine, fields=told, left_out=frozenset(left_out), **how))


def looked_up(table: str, column: str, by: str) -> str:
    """SQL of what a record of the port that the row refers to is called, for `also`."""
    return f"(SELECT o.{column} FROM {table} o WHERE o.port_id = t.port_id AND o.id = t.{by})"  # noqa: S608  # written in a held.py, never typed


def as_text(value: Any) -> str:
    """A value of a column as people read it."""
    if isinstance(value, datetime):
        return formats.format_datetime(value)
    return formats.format_date(value) if isinstance(value, date) else shown(value)


def held(clients: Sequence[uuid.UUID]) -> list[tuple[str, int]]:
    """How much of each kind there is: one statement."""
    counted = [one for one in in_reading_order() if one.erased != FOLLOWS and one.table != "clients"]
    parts = " UNION ALL ".join(
        f"SELECT {at} AS at, count(*) AS rows FROM {one.table} t WHERE {one.mine}"  # noqa: S608  # written in a held.py, never typed
        for at, one in enumerate(counted)
    )
    found = {row.at: row.rows for row in db.session.execute(text(parts), {"clients": list(clients)})}
    return [(str(one.label), found[at]) for at, one in enumerate(counted) if found[at]]


def pages(clients: Sequence[uuid.UUID]) -> list[str]:
    """Where mails about all this lead, below the port: one statement."""
    # Page, table and rule are said by a module's held.py; the clients, who come from a request, are bound.
    parts = [f"SELECT {one.page} FROM {one.table} t WHERE {one.mine}" for one in HOLDINGS if one.page]  # noqa: S608
    found = db.session.scalars(text(" UNION ".join(parts)), {"clients": list(clients)})
    return sorted(page for page in found if page is not None)


# --- What has to stay


@dataclass(frozen=True)
class Keeping:
    """Rows that a law wants kept: `law` says which and why, `until` for how long; None where it names no day."""

    label: str
    law: str
    table: str
    ids: Sequence[uuid.UUID]
    until: date | None = None


Keeper = Callable[[Sequence[uuid.UUID]], Iterable[Keeping]]

KEEPERS: list[Keeper] = []


def keeps(keeper: Keeper) -> Keeper:
    """Register what says which rows of these clients an erasure leaves where they are."""
    KEEPERS.append(keeper)
    return keeper


def kept(clients: Sequence[uuid.UUID]) -> list[Keeping]:
    return [one for keeper in KEEPERS for one in keeper(clients) if one.ids]
