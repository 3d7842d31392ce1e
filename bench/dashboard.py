"""The dashboard of a harbour with a million stays, against a bare view that sends one statement and one that sends the
dashboard's own."""

from __future__ import annotations

import asyncio

from app.berths.models import Berth, Dock, Harbour
from app.db import commit, now
from bench.pages import LIST, Compared, getting
from bench.site import MANAGER, Site
from bench.visitors import CLIENTS, compare, spread
from tests.world import NORTH, enter

BERTHS = 1_000
STAYS = 1_000_000
PAGE = "north/"

# Stays of three days, one after the other on each berth: those that are over, the one of now, and those to come.
FILL = """
    INSERT INTO berth_occupancies (id, port_id, number, berth_id, client_id, during, kind, state, title, notes,
        arrived_at, departed_at, version, created_at, updated_at)
    SELECT gen_random_uuid(), %(port)s, 10000000 + row_number() OVER (), b.id, c.id, tstzrange(s.begins, s.ends),
        'visit', CASE WHEN s.ends <= %(now)s THEN 'completed' WHEN s.begins <= %(now)s THEN 'active' ELSE 'planned' END,
        '', '', CASE WHEN s.begins <= %(now)s THEN s.begins END, CASE WHEN s.ends <= %(now)s THEN s.ends END, 1,
        %(now)s, %(now)s
    FROM (SELECT id, row_number() OVER (ORDER BY number) AS place FROM berths WHERE port_id = %(port)s) b
    CROSS JOIN (SELECT id FROM clients WHERE port_id = %(port)s ORDER BY number LIMIT 1) c
    CROSS JOIN generate_series(-%(past)s, %(each)s - %(past)s - 1) AS n
    CROSS JOIN LATERAL (
        SELECT %(now)s + make_interval(days => 3 * n, hours => (b.place %% 72)::int) AS begins,
            %(now)s + make_interval(days => 3 * n + 3, hours => (b.place %% 72)::int) AS ends
    ) s
"""


def fill(site: Site) -> None:
    """Nothing where it is done: the harbour is kept for the next run."""
    with site.connect() as connection:
        if connection.execute("SELECT 1 FROM harbours WHERE port_id = %s AND name = 'Bench'", (NORTH,)).fetchone():
            return
    with site.installation.app.app_context():
        by = enter(MANAGER)
        harbour = Harbour.create({"name": "Bench"}, port_id=NORTH, by=by, announce=False)
        dock = Dock.create({"harbour_id": harbour.id, "name": "B"}, port_id=NORTH, by=by, announce=False)
        for code in range(BERTHS):
            Berth.create({"dock_id": dock.id, "code": str(code)}, port_id=NORTH, by=by, announce=False)
        commit()
    each = STAYS // BERTHS
    with site.connect() as connection:
        # A million rows that refer to what was just made: their references need not be looked up one by one.
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(FILL, {"port": NORTH, "now": now(), "each": each, "past": each - 20})
        connection.execute("ANALYZE berth_occupancies, berths")


def measure_dashboard(site: Site, workers: int, *, rounds: int, each: int) -> list[Compared]:
    fill(site)

    async def measure() -> list[Compared]:
        connections = await spread(site.url, site.tokens([MANAGER]) * CLIENTS, workers)
        asks = [getting(f"/{PAGE}"), getting(f"/bench/one-statement/{LIST}"), getting(f"/bench/all-statements/{PAGE}")]
        page, floor, own = await compare(connections, asks, rounds=rounds, each=each)
        return [
            Compared("the dashboard, against the list's bare view", page, floor),
            Compared("the dashboard, against its own bare view", page, own),
        ]

    return asyncio.run(measure())
