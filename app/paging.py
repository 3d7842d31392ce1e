"""Keyset paging: a page is found by the last row of the one before, so page 10,000 costs what page one costs.

Only columns with an index `(port_id, column, id)` are offered as sorts. The cursor is opaque and signed by nothing:
it holds only where to go on, and row-level security still decides what is seen.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from flask import abort, request
from sqlalchemy import Select, func, literal, literal_column, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from .current import Member
from .db import db

SIZE = 50
HITS = 25  # of a search: who is meant stands among the first, and it is asked again with every letter
COUNTED = 10_000
# The part of an address that says where in the list to begin.
PLACES = frozenset({"after", "before", "from", "end"})


Columns = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Sort:
    """An offered order. `column` has an index with the port before it and the id after it."""

    key: str
    label: Any
    column: InstrumentedAttribute[Any]
    descending: bool = False


@dataclass(frozen=True)
class Filter:
    """One filter of the toolbar; `options` are (value, label), `value` the chosen one or an empty string."""

    name: str
    label: Any
    options: list[tuple[str, Any]]
    value: str

    def offers(self, value: str) -> bool:
        return value in dict(self.options)

    def said(self, value: str) -> str:
        """A value that it offers, in words."""
        return str(dict(self.options)[value])

    def lasting(self, value: str, member: Member) -> str:
        """What it means of this member now, for a job that asks later: "me" as an id."""
        return str(member.id) if value == "me" else value


def chosen_of(offers: Iterable[tuple[str, Any, list[tuple[str, Any]]]]) -> list[Filter]:
    """Filters of name, label and options, with what the query string chooses; what is not offered chooses nothing."""
    return [
        Filter(name, label, options, value if value in dict(options) else "")
        for name, label, options in offers
        for value in [request.args.get(name, "")]
    ]


def stays_in_order(filters: Iterable[Filter]) -> bool:
    """Whether the list shown is ordered by name and not narrowed: then a row that changes can be swapped in place."""
    is_narrowed = bool(request.args.get("q", "").strip()) or any(chosen.value for chosen in filters)
    return request.args.get("sort") in (None, "name") and not is_narrowed


@dataclass(frozen=True)
class Cursor:
    """`after` or `before` a row, given by its sort value and id."""

    value: Any
    id: uuid.UUID
    backwards: bool = False

    def written(self) -> str:
        value = self.value.isoformat() if isinstance(self.value, date) else self.value
        return base64.urlsafe_b64encode(json.dumps([value, self.id.hex]).encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, sort: Sort, *, backwards: bool) -> Cursor:
        """Aborts with 400 for what no page of ours wrote."""
        try:
            value, row_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if issubclass(sort.column.type.python_type, datetime):
                value = datetime.fromisoformat(value).astimezone(UTC)
            elif issubclass(sort.column.type.python_type, date):
                value = date.fromisoformat(value)
            elif issubclass(sort.column.type.python_type, int):
                value = min(max(int(value), -(2**31)), 2**31 - 1)
            elif b"\x00" in value.encode():  # which also refuses half characters
                raise ValueError(value)
            return cls(value, uuid.UUID(row_id), backwards)
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            abort(400)


@dataclass(frozen=True)
class Page:
    """One page of a list with the addresses of the others. `count` is exact up to 10,000; `first` is the position
    of the first row, None where it is not known: after a jump into a list that is not counted whole."""

    rows: Sequence[Any]
    count: int
    count_is_exact: bool
    first: int | None
    previous_url: str | None
    next_url: str | None
    first_url: str | None
    last_url: str | None
    count_url: str | None
    sorts: list[tuple[str, Any, str, bool, bool]]

    @property
    def last(self) -> int | None:
        return self.first + len(self.rows) - 1 if self.first is not None else None


@dataclass(frozen=True)
class Place:
    """What the query string asks for: the order, and where in it to begin."""

    sort: Sort
    descending: bool
    cursor: Cursor | None
    at_end: bool
    counts_all: bool

    @classmethod
    def asked(cls, sorts: Sequence[Sort]) -> Place:
        args = request.args
        sort = next((s for s in sorts if s.key == args.get("sort")), sorts[0])
        direction = args.get("direction")
        descending = direction == "desc" if direction in ("asc", "desc") else sort.descending
        cursor = _cursor(sort)
        return cls(sort, descending, cursor, cursor is None and args.get("end") == "1", args.get("count") == "all")

    @property
    def backwards(self) -> bool:
        return self.at_end or (self.cursor is not None and self.cursor.backwards)


def paginate(rows: Columns, scope: Select[Any], *, id_column: Any, sorts: Sequence[Sort]) -> Page:
    """The page the query string asks for, in one statement (two where a cursor points past everything: then it is
    the page at that end).

    `rows` selects what a row shows, `scope` the same set without joins: it is counted (to 10,001, or whole with
    `?count=all`). Every row carries `sort_value`, `id` and `total` besides.
    """
    place = Place.asked(sorts)
    found = _fetch(rows, scope, id_column, place)
    if not found and place.cursor is not None:
        place = replace(place, cursor=None, at_end=not place.cursor.backwards)
        found = _fetch(rows, scope, id_column, place)
    more = len(found) > SIZE
    found = found[:SIZE]
    if place.backwards:
        found.reverse()
    return _page(found, more, place, sorts)


def paginate_ranked(rows: Callable[[int], Sequence[Any]], *, most: int, size: int = HITS) -> Page:
    """A page of what has an order of its own, such as how well it fits a search: `rows(start)` gives the rows from
    there on, one more than a page, each with the `total`; there are no more than `most`."""
    start = max(min(request.args.get("from", 1, type=int), most), 1)
    found = rows(start - 1)
    if not found and start > 1:
        start, found = 1, rows(0)
    total = found[0].total if found else 0
    shown = min(len(found), size)
    last = (total - 1) // size * size + 1
    return Page(
        rows=found[:size],
        count=total,
        count_is_exact=total < most,
        first=start,
        previous_url=address(**{"from": max(start - size, 1)}) if start > 1 else None,
        next_url=address(**{"from": start + shown}) if start + shown <= total else None,
        first_url=address() if start > 1 else None,
        last_url=address(**{"from": last}) if start + shown <= total else None,
        count_url=None,
        sorts=[],
    )


def _fetch(rows: Columns, scope: Select[Any], id_column: Any, place: Place) -> list[Any]:
    """The rows of the page and one more, in the direction of reading."""
    column = place.sort.column
    counted: Select[Any] = scope.with_only_columns(literal_column("1")).order_by(None)
    if not place.counts_all:
        counted = counted.limit(COUNTED + 1)
    total = select(func.count()).select_from(counted.subquery()).scalar_subquery()
    upwards = place.descending == place.backwards
    if place.cursor is not None:
        key = tuple_(column, id_column)
        edge = tuple_(literal(place.cursor.value, column.type), literal(place.cursor.id))
        rows = rows.where(key > edge if upwards else key < edge)
    order = (column, id_column) if upwards else (column.desc(), id_column.desc())
    statement = rows.add_columns(column.label("sort_value"), total.label("total")).order_by(*order)
    return list(db.session.execute(statement.limit(SIZE + 1)).all())


def _cursor(sort: Sort) -> Cursor | None:
    for name, backwards in (("after", False), ("before", True)):
        if text := request.args.get(name):
            return Cursor.read(text, sort, backwards=backwards)
    return None


def _page(found: list[Any], more: bool, place: Place, sorts: Sequence[Sort]) -> Page:
    total = found[0].total if found else 0
    exact = total <= COUNTED or place.counts_all
    has_previous = more if place.backwards else place.cursor is not None
    has_next = more if not place.backwards else not place.at_end
    first = _first_number(len(found), total if exact else None, has_previous, has_next, place)

    def cursor_of(row: Any) -> str:
        return Cursor(row.sort_value, row.id).written()

    before = {} if first is None else {"from": max(first - SIZE, 1)}
    after = {} if first is None else {"from": first + len(found)}
    return Page(
        rows=found,
        count=total if exact else COUNTED,
        count_is_exact=exact,
        first=first,
        previous_url=address(before=cursor_of(found[0]), **before) if found and has_previous else None,
        next_url=address(after=cursor_of(found[-1]), **after) if found and has_next else None,
        first_url=address() if has_previous else None,
        last_url=address(end=1) if has_next else None,
        count_url=None if exact else f"{request.path}?{urlencode({**request.args, 'count': 'all'})}",
        sorts=[_sort_link(offered, place) for offered in sorts],
    )


def address(**changed: Any) -> str:
    """This page's address with its filters and order, from the beginning unless `changed` says where."""
    kept = {name: value for name, value in request.args.items() if name not in PLACES}
    query = urlencode(kept | changed)
    return f"{request.path}?{query}" if query else request.path


def _first_number(shown: int, total: int | None, has_previous: bool, has_next: bool, place: Place) -> int | None:
    """The position of the first row: known at either end, else as the address says."""
    if not has_previous:
        return 1
    if not has_next and total is not None:
        return total - shown + 1
    if place.cursor is not None and "from" in request.args:
        return max(request.args.get("from", 1, type=int), 1)
    return None


def _sort_link(offered: Sort, place: Place) -> tuple[str, Any, str, bool, bool]:
    active = offered is place.sort
    descending = place.descending if active else offered.descending
    turned = not descending if active else descending
    url = address(sort=offered.key, direction="desc" if turned else "asc")
    return offered.key, offered.label, url, active, descending
