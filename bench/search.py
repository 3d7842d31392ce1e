"""Search as somebody types into the list, against its statement sent by hand; and how much of what is misspelled it
finds.

One user, one request after the other. What is asked is made from names that stand in the harbour: as they are, their
beginnings, without accents, and with one slip each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from flask import g
from sqlalchemy import event
from sqlalchemy.engine import Connection as Database

from app.clients.queries import client_page, filters_of
from app.db import SET_UNIT, db, own_engine
from app.sorting import sort_name
from bench.site import MANAGER, Site
from bench.visitors import Connection, percentile, spread
from tests.search.names import slips
from tests.world import NORTH, enter, user_id

LIST = "/north/clients"
EACH = 40
ROUNDS = 3
PLACES = 10


@dataclass
class Searched:
    """One way of asking: seconds of the page and of its statement, and what was found of what was meant."""

    name: str
    page: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    meant: int = 0
    found: int = 0

    @property
    def ratio(self) -> float:
        return percentile(self.page, 95) / percentile(self.raw, 95)

    @property
    def recall(self) -> float:
        return 100 * self.found / self.meant


def questions(names: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """(what is typed, whose name is meant), by the way of asking."""
    chance = Random(4)
    accented = [name for name in names if sort_name(name) != name.lower()]
    return {
        "exact": [(name, name) for name in names[:EACH]],
        "prefix": [(" ".join(part[:4] for part in name.split()), name) for name in names[:EACH]],
        "accents": [(sort_name(name), name) for name in accented[:EACH]],
        "typo": [(slip, name) for name in names[: EACH // 4] for slip in slips(name, chance)],
    }


def names_of(site: Site) -> list[str]:
    """Clients from all over the harbour."""
    with site.connect() as connection:
        rows = connection.execute(
            "SELECT full_name FROM clients WHERE port_id = %s AND archived_at IS NULL AND number %% 997 = 0"
            " ORDER BY number LIMIT 400",
            (NORTH,),
        ).fetchall()
    return list(dict.fromkeys(name for (name,) in rows))


def measure_search(site: Site, workers: int) -> list[Searched]:
    asked = questions(names_of(site))

    async def pages() -> dict[str, list[float]]:
        [connection] = await spread(site.url, site.tokens([MANAGER]), 1)
        return {name: await timed(connection, [typed for typed, _name in pairs]) for name, pairs in asked.items()}

    with site.connect() as connection:
        connection.execute("VACUUM (ANALYZE) search_words, search_spellings")
    taken = asyncio.run(pages())
    return [by_hand(site, Searched(name, page=taken[name]), pairs) for name, pairs in asked.items()]


async def timed(connection: Connection, words: Sequence[str]) -> list[float]:
    """Each once to warm up, then several times."""
    seconds = []
    for turn in range(ROUNDS + 1):
        for typed in words:
            answer = await connection.get(f"{LIST}?{urlencode({'q': typed})}", partial=True)
            assert answer.status == 200
            if turn:
                seconds.append(answer.seconds)
    return seconds


def by_hand(site: Site, searched: Searched, pairs: Sequence[tuple[str, str]]) -> Searched:
    """The same statements past the application, and the recall among their first rows."""
    app = site.installation.app
    for typed, meant in pairs:
        with app.test_request_context(f"{LIST}?{urlencode({'q': typed})}"):
            statement, values = statement_of(typed)
            with own_engine().begin() as connection:
                unit = {"port": str(NORTH), "user": str(user_id(MANAGER)), "scope": "staff"}
                connection.execute(SET_UNIT, unit)
                rows = seconds_of(connection, statement, values, searched.raw)
        searched.meant += 1
        searched.found += meant in [row.full_name for row in rows[:PLACES]]
    return searched


def seconds_of(connection: Database, statement: str, values: Any, into: list[float]) -> Sequence[Any]:
    for turn in range(ROUNDS + 1):
        began = perf_counter()
        rows = connection.exec_driver_sql(statement, values).all()
        if turn:
            into.append(perf_counter() - began)
    return rows


def statement_of(typed: str) -> tuple[str, Any]:
    """What the list sends for these words."""
    member = enter(MANAGER)
    g.member, g.port_slug = member, "north"
    filters = filters_of(member)
    [found] = sent_by(lambda: client_page(member, filters, typed))
    return found


def sent_by(act: Callable[[], object]) -> list[tuple[str, Any]]:
    """The statements that an act sends, with their values."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
        db.session.rollback()
    return sent
