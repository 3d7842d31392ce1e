"""Which of five thousand berths are free from day to day, against the statement sent by hand.

One user, one request after the other: the berths of the dashboard, as many again four times, and on four of five of
these a stay of four days every eight, for eighty days. What is asked is a weekend, a week and a fortnight, each begun
on several days.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from time import perf_counter
from urllib.parse import urlencode

from flask import g

from app.berths.availability import free
from app.berths.models.days import stay
from app.db import SET_UNIT, db, now, own_engine
from bench.search import ROUNDS, sent_by
from bench.site import MANAGER, Site
from bench.visitors import Connection, percentile, spread
from tests.world import NORTH, enter, user_id

BERTHS = 5_000
PAGE = "/north/berths/free"
NIGHTS = (2, 7, 14)
BEGUN = range(0, 60, 6)

MORE_BERTHS = """
    INSERT INTO berths (id, port_id, number, dock_id, code, sort_code, sort_place, status, mooring, side, datum, tenure,
        price_period, has_water, has_fuel, notes, max_loa, max_beam, depth, version, created_at, updated_at)
    SELECT gen_random_uuid(), b.port_id, 1000000 + n, b.dock_id, 'X' || n, 'x' || lpad(n::text, 12, '0'),
        b.sort_place || 'x' || lpad(n::text, 12, '0'), 'available', b.mooring, b.side, b.datum, b.tenure,
        b.price_period, b.has_water, b.has_fuel, '', 6 + n %% 30, 2 + n %% 7, 2 + n %% 4, 1, b.created_at, b.updated_at
    FROM (SELECT * FROM berths WHERE port_id = %(port)s ORDER BY number LIMIT 1) b
    CROSS JOIN generate_series(1, %(berths)s - (SELECT count(*) FROM berths WHERE port_id = %(port)s)) AS n
"""
MORE_STAYS = """
    INSERT INTO berth_occupancies (id, port_id, number, berth_id, client_id, during, kind, state, title, notes, version,
        created_at, updated_at)
    SELECT gen_random_uuid(), b.port_id, 50000000 + row_number() OVER (), b.id, c.id,
        tstzrange(s.begins, s.begins + '4 days'), 'visit', 'planned', '', '', 1, %(now)s, %(now)s
    FROM berths b
    CROSS JOIN (SELECT id FROM clients WHERE port_id = %(port)s ORDER BY number LIMIT 1) c
    CROSS JOIN generate_series(0, 9) AS n
    CROSS JOIN LATERAL (SELECT %(now)s + make_interval(days => 8 * n + b.number %% 8) AS begins) s
    WHERE b.port_id = %(port)s AND b.number > 1000000 AND b.number %% 5 > 0
"""


@dataclass
class Availability:
    """Seconds of finding them, of the statement alone, and of the whole page that shows them beside the sublets."""

    found: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    page: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return percentile(self.found, 95) / percentile(self.raw, 95)


def fill(site: Site) -> None:
    """Nothing where it is done."""
    with site.connect() as connection:
        values = {"port": NORTH, "berths": BERTHS, "now": now()}
        if connection.execute(MORE_BERTHS, values).rowcount:
            connection.execute(MORE_STAYS, values)
            connection.execute("ANALYZE berth_occupancies, berths")


def asked() -> list[tuple[date, date]]:
    """(arrives, leaves)."""
    today = now().date()
    days = [today + timedelta(days=ahead) for ahead in BEGUN]
    return [(day, day + timedelta(days=nights)) for nights in NIGHTS for day in days]


def measure_availability(site: Site) -> Availability:
    """After the dashboard, whose harbour it is."""
    fill(site)
    days = asked()
    measured = Availability()

    async def pages() -> None:
        [connection] = await spread(site.url, site.tokens([MANAGER]), 1)
        measured.page = await timed(connection, days)

    asyncio.run(pages())
    with site.installation.app.test_request_context(PAGE):
        for arrives, leaves in days:
            in_turns(arrives, leaves, measured)
    return measured


async def timed(connection: Connection, days: Sequence[tuple[date, date]]) -> list[float]:
    """Each once to warm up, then several times."""
    seconds = []
    for turn in range(ROUNDS + 1):
        for arrives, leaves in days:
            query = urlencode({"arrives": arrives, "leaves": leaves})
            answer = await connection.get(f"{PAGE}?{query}", partial=True)
            assert answer.status == 200
            if turn:
                seconds.append(answer.seconds)
    return seconds


def in_turns(arrives: date, leaves: date, measured: Availability) -> None:
    """The application finds them, then its statement is sent by hand; once to warm up, then several times."""
    member = enter(MANAGER)
    g.member, g.port_slug = member, "north"
    [(statement, values)] = sent_by(lambda: free(member, stay(arrives, leaves), {}, {}))
    member = enter(MANAGER)  # what was noted was rolled back
    with own_engine().begin() as connection:
        connection.execute(SET_UNIT, {"port": str(NORTH), "user": str(user_id(MANAGER)), "scope": "staff"})
        for turn in range(ROUNDS + 1):
            began = perf_counter()
            offers = free(member, stay(arrives, leaves), {}, {})
            between = perf_counter()
            rows = connection.exec_driver_sql(statement, values).all()
            ended = perf_counter()
            assert len(offers) == len(rows) > 0
            if turn:
                measured.found.append(between - began)
                measured.raw.append(ended - between)
    db.session.rollback()
