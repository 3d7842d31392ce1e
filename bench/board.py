"""The board of two thousand interests, against a bare view that sends one statement and one that sends the board's
own."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import func, insert, select
from uuid_utils.compat import uuid7

from app.clients.models import Client
from app.db import commit, db, now
from app.interests.models import Interest, LeadCategory, Stage
from app.sorting import sort_name
from bench.pages import LIST, Compared, getting
from bench.site import BOTH, Site
from bench.visitors import CLIENTS, compare, spread
from tests.world import SOUTH, enter

INTERESTS = 2_000
PAGE = "south/interests"


def fill(site: Site) -> None:
    """In the port next door, so that the dashboard stays as it is; nothing where it is done."""
    with site.installation.app.app_context():
        by = enter(BOTH, "south")
        if db.session.scalar(select(func.count()).select_from(Interest).where(Interest.port_id == SOUTH)):
            return
        clients = [_client(n) for n in range(INTERESTS)]
        db.session.execute(insert(Client), clients)
        interests = [_interest(n, client["id"], by.id) for n, client in enumerate(clients)]
        db.session.execute(insert(Interest), interests)
        commit()
    with site.connect() as connection:
        connection.execute("ANALYZE clients, interests")


def _client(n: int) -> dict[str, object]:
    name = f"Skipper {n:04} of the Long Reach"
    return {"id": uuid7(), "port_id": SOUTH, "number": 700_000 + n, "full_name": name, "sort_name": sort_name(name)}


def _interest(n: int, client_id: object, owner_id: object) -> dict[str, object]:
    """Of all stages but the last."""
    stages, since = list(Stage)[:-1], now() - timedelta(hours=n)
    worth = {"expected_value": Decimal(1000 + n), "currency": "USD", "lead_category": list(LeadCategory)[n % 4]}
    standing = {"stage": stages[n % len(stages)], "stage_since": since, "active_at": since, "owner_id": owner_id}
    own = {"id": uuid7(), "port_id": SOUTH, "number": 700_000 + n, "client_id": client_id}
    return {**own, **standing, **worth, "loa": Decimal(8 + n % 14)}


def measure_board(site: Site, workers: int, *, rounds: int, each: int) -> list[Compared]:
    fill(site)

    async def measure() -> list[Compared]:
        connections = await spread(site.url, site.tokens([BOTH]) * CLIENTS, workers)
        asks = [getting(f"/{PAGE}"), getting(f"/bench/one-statement/{LIST}"), getting(f"/bench/all-statements/{PAGE}")]
        page, floor, own = await compare(connections, asks, rounds=rounds, each=each)
        return [
            Compared("the board, against the list's bare view", page, floor),
            Compared("the board, against its own bare view", page, own),
        ]

    return asyncio.run(measure())
