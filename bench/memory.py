"""The memory of one web process over ten thousand requests."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass

from bench.harbour import FIRST_NUMBER
from bench.pages import LIST, places
from bench.site import MANAGER, Site, memory_of
from bench.visitors import CLIENTS, Connection, spread
from tests.servers import Running

STEP = 500


@dataclass(frozen=True)
class MemoryResult:
    """Bytes after each `STEP` requests, the first entry before any."""

    samples: list[int]

    @property
    def last(self) -> int:
        return self.samples[-1]

    @property
    def growth(self) -> tuple[int, int]:
        """In the first half and in the second."""
        middle = self.samples[len(self.samples) // 2]
        return middle - self.samples[0], self.samples[-1] - middle


def measure_memory(site: Site, web: Running, *, requests: int) -> MemoryResult:
    paths = itertools.cycle(mixture(site))

    async def measure() -> list[int]:
        samples = [memory_of(web)]
        connections = await spread(site.url, site.tokens([MANAGER]) * CLIENTS, 1)

        async def some(connection: Connection) -> None:
            for _ in range(STEP // CLIENTS):
                path, partial = next(paths)
                assert (await connection.get(path, partial=partial)).status == 200, path

        while (len(samples) - 1) * STEP < requests:
            await asyncio.gather(*(some(connection) for connection in connections))
            samples.append(memory_of(web))
        return samples

    return MemoryResult(asyncio.run(measure()))


def mixture(site: Site) -> list[tuple[str, bool]]:
    """What people open in a day: lists in every order, clients, forms; whole and as fragments."""
    lists = [f"/{LIST}?{place.query}" for place in places(site)]
    # Steps of fifty: every fiftieth client is archived, and cannot be edited.
    numbers = [FIRST_NUMBER + index * 950 % site.rows for index in range(400)]
    clients = [f"/{LIST}/{number}" for number in numbers]
    forms = [f"/{LIST}/{number}/edit" for number in numbers[:40]]
    each = itertools.zip_longest(itertools.islice(itertools.cycle(lists), 300), clients, forms)
    paths = [path for group in each for path in group if path]
    return [(path, index % 3 == 0) for index, path in enumerate(paths)]
