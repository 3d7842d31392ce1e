"""What belongs to a client and how it follows when two are merged: each module says so for its own tables.

    links.follows("client_notes", "client_id", _("Notes"))
    links.stays("client_duplicates", "a_id", "a pair is settled by the merge itself")

A test walks the foreign keys of the database and fails for one that is not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Link:
    """`table.column` names a client. SQL below knows the row as `t`, the survivor as `:survivor`, the moment as `:now`.

    where: which rows are meant, for a column that names other things as well.
    clash: rows that cannot move as they are, because the survivor has the same; they stay with the merged client.
    leftover: what is written into those; with it they may clash no longer, and move.
    gives_way, made_way: the other way about: which rows of the survivor make room for one that moves, known as `t` as
    well, and what is written into them. The merged client is `:merged`.
    also: what is written into rows that move.
    one, named: what one row is called, and the column that says which one it is.
    is_told: whether people are told how many of them move.
    ours: columns that undoing puts back even when they were changed since, because they speak of the client's other
    rows.
    """

    table: str
    column: str
    label: Any
    where: str = "true"
    clash: str = "false"
    leftover: str = ""
    gives_way: str = ""
    made_way: str = ""
    also: str = ""
    ours: tuple[str, ...] = ()
    one: Any = None
    named: str = ""
    is_told: bool = True


LINKS: list[Link] = []
# (table, column) → why its rows stay where they are.
STAYING: dict[tuple[str, str], str] = {}


def follows(table: str, column: str, label: Any, **how: Any) -> None:
    """The rows go to the survivor, and back when the merge is undone."""
    LINKS.append(Link(table, column, label, **how))


def stays(table: str, column: str, why: str) -> None:
    """The rows go on naming the merged client."""
    STAYING[table, column] = why
