"""The list and the detail page against a bare view that sends the same statements."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import urlencode

from app.clients.models import Client, Note
from app.clients.queries import SORTS
from app.db import commit, db
from app.paging import Cursor
from bench.harbour import FIRST_NUMBER
from bench.site import MANAGER, Site
from bench.visitors import CLIENTS, Answer, Ask, Connection, Timing, compare, spread
from tests.world import NORTH, enter, notes_of

LIST = "north/clients"


@dataclass(frozen=True)
class Place:
    """One address of the list."""

    name: str
    query: str


def places(site: Site) -> list[Place]:
    """Every offered sort in both directions, each at its beginning and in the middle."""
    found = []
    middle = site.rows // 2
    with site.connect() as connection:
        for sort in SORTS:
            column = sort.column.key
            for direction in ("asc", "desc"):
                query = {"sort": sort.key, "direction": direction}
                found.append(Place(f"{sort.key} {direction}, first page", urlencode(query)))
                row = connection.execute(
                    f"SELECT {column}, id FROM {Client.__tablename__} WHERE port_id = %s AND archived_at IS NULL"
                    f" ORDER BY {column} {direction}, id {direction} LIMIT 1 OFFSET %s",
                    (NORTH, middle - 1),
                ).fetchone()
                assert row is not None
                after = {"after": Cursor(*row).written(), "from": str(middle + 1)}
                found.append(Place(f"{sort.key} {direction}, row {middle:,}", urlencode({**query, **after})))
    return found


def getting(path: str) -> Ask:
    async def ask(connection: Connection) -> Answer:
        return await connection.get(path)

    return ask


@dataclass(frozen=True)
class Compared:
    name: str
    page: Timing
    bare: Timing

    @property
    def ratio(self) -> float:
        return self.page.p95 / self.bare.p95

    @property
    def throughput(self) -> float:
        return self.page.per_second / self.bare.per_second


def measure_list(site: Site, workers: int, *, rounds: int, each: int) -> list[Compared]:
    async def measure() -> list[Compared]:
        connections = await spread(site.url, site.tokens([MANAGER]) * CLIENTS, workers)
        found = []
        for place in places(site):
            asks = [getting(f"/{LIST}?{place.query}"), getting(f"/bench/one-statement/{LIST}?{place.query}")]
            page, bare = await compare(connections, asks, rounds=rounds, each=each)
            found.append(Compared(place.name, page, bare))
        return found

    return asyncio.run(measure())


def measure_detail(site: Site, workers: int, *, rounds: int, each: int) -> list[Compared]:
    """A client with contacts, notes and a history, against two floors: the bare view of the list, and one that sends
    the statements of this page."""
    path = f"{LIST}/{busy_client(site)}"

    async def measure() -> list[Compared]:
        connections = await spread(site.url, site.tokens([MANAGER]) * CLIENTS, workers)
        asks = [getting(f"/{path}"), getting(f"/bench/one-statement/{LIST}"), getting(f"/bench/all-statements/{path}")]
        page, of_list, own = await compare(connections, asks, rounds=rounds, each=each)
        return [
            Compared("one client, against the list's bare view", page, of_list),
            Compared("one client, against its own bare view", page, own),
        ]

    return asyncio.run(measure())


def busy_client(site: Site) -> int:
    """A client people have worked with: its number."""
    number = FIRST_NUMBER + 6
    with site.installation.app.app_context():
        manager = enter(MANAGER)
        client = db.session.scalars(Client.visible_to(manager).where(Client.number == number)).one()
        if not notes_of(client):
            for place in range(8):
                client.update({"town": f"Harbour {place}"}, by=manager)
            for place in range(3):
                Note.create(client, f"Asked again for berth {place}, as last year; call before noon.", by=manager)
            commit()
    return number
