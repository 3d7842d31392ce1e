"""Eight people at their browsers: connections that stay open, and one request after the other on each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from time import perf_counter
from typing import Any
from urllib.parse import urlencode, urlsplit

from app.web import SESSION_COOKIE

CLIENTS = 8
WARM_UP = 15  # until every pooled connection has prepared its statements
HEADER = "X-Bench"  # process;statements;seconds since the epoch at which the work was committed


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float
    wire: int

    @property
    def process(self) -> int:
        return int(self.headers[HEADER.lower()].split(";")[0])

    @property
    def statements(self) -> int:
        return int(self.headers[HEADER.lower()].split(";")[1])

    @property
    def committed_at(self) -> float:
        return float(self.headers[HEADER.lower()].split(";")[2])


class Connection:
    """One browser: a connection that stays open and its cookies."""

    def __init__(self, url: str, token: str, cookies: str = "") -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "localhost", parts.port or 80
        self.origin = url
        self.cookies = f"{SESSION_COOKIE}={token}{cookies}"

    async def open(self) -> Connection:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        return self

    def close(self) -> None:
        self.writer.close()

    async def get(self, path: str, *, encoding: str = "br", partial: bool = False) -> Answer:
        extra = "HX-Request: true\r\nHX-Request-Type: partial\r\n" if partial else ""
        return await self._send(f"GET {path} HTTP/1.1\r\nAccept-Encoding: {encoding}\r\n{extra}", b"")

    async def post(self, path: str, form: dict[str, str]) -> Answer:
        body = urlencode(form).encode()
        head = f"POST {path} HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nOrigin: {self.origin}\r\n"
        return await self._send(f"{head}Content-Length: {len(body)}\r\n", body)

    async def _send(self, head: str, body: bytes) -> Answer:
        began = perf_counter()
        common = f"Host: {self.host}:{self.port}\r\nCookie: {self.cookies}\r\nUser-Agent: bench\r\n\r\n"
        self.writer.write((head + common).encode() + body)
        top = await self.reader.readuntil(b"\r\n\r\n")
        lines = top.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:-2])}
        content = await self.reader.readexactly(int(headers.get("content-length", 0)))
        seconds = perf_counter() - began
        return Answer(int(lines[0].split()[1]), headers, content, seconds, len(top) + len(content))


async def spread(url: str, tokens: Sequence[str], workers: int, cookies: str = "") -> list[Connection]:
    """As many connections as there are tokens, the same number at each worker, whoever accepts faster."""
    each = len(tokens) // workers
    kept: dict[int, list[Connection]] = {}
    spare: list[Connection] = []
    while sum(len(found) for found in kept.values()) < len(tokens):
        token = tokens[sum(len(found) for found in kept.values())]
        connection = await Connection(url, token, cookies).open()
        process = (await connection.get("/auth/login")).process
        at = kept.setdefault(process, [])
        (at if len(at) < each else spare).append(connection)
        assert len(spare) < 500, "one worker takes all connections"
    for connection in spare:
        connection.close()
    return [connection for found in kept.values() for connection in found]


@dataclass
class Timing:
    """How long one kind of request took, and what its answers said."""

    seconds: list[float] = field(default_factory=list)
    elapsed: float = 0.0
    statements: int = 0
    size: int = 0

    def add(self, answer: Answer) -> None:
        self.seconds.append(answer.seconds)
        self.statements = max(self.statements, answer.statements)
        self.size = max(self.size, answer.wire)

    @property
    def p50(self) -> float:
        return percentile(self.seconds, 50)

    @property
    def p95(self) -> float:
        return percentile(self.seconds, 95)

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.elapsed


def percentile(values: Sequence[float], which: int) -> float:
    return quantiles(values, n=100, method="inclusive")[which - 1]


Ask = Callable[[Connection], Coroutine[Any, Any, Answer]]


async def compare(
    connections: Sequence[Connection], asks: Sequence[Ask], *, rounds: int, each: int, status: int = 200
) -> list[Timing]:
    """Time several kinds of request, in blocks that take turns: everybody asks for one kind at a time, so that none
    waits behind another kind. One block of each is thrown away first."""
    timings = [Timing() for _ in asks]
    for number in range(rounds + 1):
        for ask, timing in zip(asks, timings, strict=True):
            answers, elapsed = await block(connections, ask, WARM_UP if number == 0 else each)
            assert all(answer.status == status for answer in answers), {answer.status for answer in answers}
            if number > 0:
                timing.elapsed += elapsed
                for answer in answers:
                    timing.add(answer)
    return timings


async def block(connections: Sequence[Connection], ask: Ask, each: int) -> tuple[list[Answer], float]:
    async def turns(connection: Connection) -> list[Answer]:
        return [await ask(connection) for _ in range(each)]

    began = perf_counter()
    done = await asyncio.gather(*(turns(connection) for connection in connections))
    return [answer for answers in done for answer in answers], perf_counter() - began
