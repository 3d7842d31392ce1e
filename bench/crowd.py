"""Five hundred pages that listen, in a process of their own; they note when each change reaches them."""

from __future__ import annotations

import asyncio
import base64
import multiprocessing
import os
import re
import socket
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from urllib.parse import quote

from app.db import now
from app.web import SESSION_COOKIE

CHANGE = re.compile(rb">Change (\d+)<")
PING, PONG = b"\x89\x00", b"\x8a\x80\x00\x00\x00\x00"


@dataclass(frozen=True)
class Place:
    """Where the sockets connect."""

    host: str
    port: int
    path: str

    def handshake(self, token: str, topics: Sequence[str]) -> bytes:
        follow = "".join(f"follow={quote(topic)}&" for topic in topics)
        since = quote(now().isoformat())
        key = base64.b64encode(os.urandom(16)).decode()
        return (
            f"GET {self.path}?{follow}since={since} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            f"Origin: http://{self.host}:{self.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"Cookie: {SESSION_COOKIE}={token}\r\n\r\n"
        ).encode()


class Listener(asyncio.Protocol):
    """One page: the first bytes are the handshake, then messages."""

    def __init__(self, hello: bytes, arrivals: dict[int, list[float]], opened: asyncio.Future[None]) -> None:
        self.hello, self.arrivals, self.opened = hello, arrivals, opened
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.hello)

    def data_received(self, data: bytes) -> None:
        moment = time.time()
        if not self.opened.done():
            assert data.startswith(b"HTTP/1.1 101"), data[:200]
            self.opened.set_result(None)
            return
        if PING in data:
            self.transport.write(PONG)
        text = self.rest + data
        end = 0
        for found in CHANGE.finditer(text):
            self.arrivals[int(found[1])].append(moment)
            end = found.end()
        self.rest = text[max(end, len(text) - 40) :]

    def connection_lost(self, error: Exception | None) -> None:
        self.arrivals[-1].append(time.time())


async def listen(place: Place, tokens: Sequence[str], pipe: Pipe) -> None:
    """Open a socket for each token; then, at each word in the pipe, tell what has arrived."""
    loop = asyncio.get_running_loop()
    arrivals: defaultdict[int, list[float]] = defaultdict(list)
    kept = []
    for token in tokens:
        opened: asyncio.Future[None] = loop.create_future()
        hello = place.handshake(token, ["clients"])
        transport, _ = await loop.create_connection(
            lambda hello=hello, opened=opened: Listener(hello, arrivals, opened),  # type: ignore[misc]
            "127.0.0.1",
            place.port,
        )
        await opened
        kept.append(transport)
    pipe.send(len(kept))
    asked = asyncio.Event()
    loop.add_reader(pipe.fileno(), asked.set)
    while True:
        await asked.wait()
        asked.clear()
        if not pipe.poll():
            continue  # woken twice for one word; to receive would hold up the sockets
        if pipe.recv() == "close":
            return
        pipe.send(dict(arrivals))
        arrivals.clear()


def live(place: Place, tokens: Sequence[str], pipe: Pipe) -> None:
    asyncio.run(listen(place, tokens, pipe))


class Crowd:
    """The process of the sockets, seen from the bench."""

    def __init__(self, place: Place, tokens: Sequence[str]) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=live, args=(place, tokens, theirs), daemon=True)
        self.process.start()
        assert self.pipe.poll(120), "the sockets did not open"
        assert self.pipe.recv() == len(tokens)

    def arrivals(self) -> dict[int, list[float]]:
        """Since the last time: change → seconds since the epoch at which each page had it. -1: pages lost."""
        self.pipe.send("tell")
        told: dict[int, list[float]] = self.pipe.recv()
        return told

    def close(self) -> None:
        self.pipe.send("close")
        self.process.join(10)


class Stalled:
    """A page that never reads: what is sent to it stays in the way as long as the server lets it."""

    def __init__(self, place: Place, token: str, topics: Sequence[str]) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", place.port))
        self.socket.sendall(place.handshake(token, topics))
        assert self.socket.recv(12) == b"HTTP/1.1 101"

    def was_dropped(self) -> bool:
        """Whether the server has given it up; reads what had been sent until then."""
        # What it still has in its own buffers comes slowly through a window this small.
        self.socket.settimeout(5)
        try:
            while self.socket.recv(1 << 16):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        self.socket.close()
