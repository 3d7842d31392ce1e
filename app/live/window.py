"""One browser window at its socket: writing that never waits, reading until it is over."""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

import structlog
from wsproto import WSConnection
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

log = structlog.get_logger("quayside.live")

PING_EVERY = 10  # seconds of silence; also how long a blocked write may take
SILENT_FOR = 30
MOST_WAITING = 1_500_000  # bytes that wait for a slow reader; room for one message of the longest
SEND_BUFFER = 64 * 1024
MOST_INBOUND = 4096  # bytes in all: a page has nothing to say
TOO_BIG, BROKEN = 1009, 1002

PING = Connection(ConnectionType.SERVER).send(Ping())


def frame_of(message: str) -> bytes:
    """The message as it goes over every wire: frames to browsers are neither masked nor compressed."""
    return Connection(ConnectionType.SERVER).send(TextMessage(data=message))


class Window:
    """The socket of one page. Whoever speaks to it (`send`, `close`) is never held up by a slow reader: what
    does not fit into the socket's buffer waits, and a window that lets too much wait, or for too long, is cut
    off. Its page comes back by itself and fetches what it missed. (TLS has ended before, at nginx.)"""

    __slots__ = (
        "heard_at",
        "id",
        "inbound",
        "is_closing",
        "is_over",
        "lock",
        "rooms",
        "session_id",
        "socket",
        "user_id",
        "waiting",
        "waiting_bytes",
        "wire",
    )

    def __init__(self, wire: WSConnection, plain: socket.socket, *, user_id: uuid.UUID, session_id: uuid.UUID) -> None:
        self.id = uuid.uuid4().hex
        self.wire, self.socket = wire, plain
        self.user_id, self.session_id = user_id, session_id
        self.rooms: tuple[str, ...] = (f"user:{user_id}", f"session:{session_id}")
        self.waiting: deque[bytes | memoryview] | None = None
        self.waiting_bytes = self.inbound = 0
        self.is_closing = self.is_over = False
        self.heard_at = time.monotonic()
        self.lock = threading.Lock()
        plain.settimeout(PING_EVERY)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if plain.family in (socket.AF_INET, socket.AF_INET6):
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def follow(self, rooms: Iterable[str]) -> None:
        self.rooms = (*self.rooms, *rooms)

    # Writing

    def send(self, frame: bytes) -> None:
        """Send the frame now or as soon as the reader takes it; never waits."""
        with self.lock:
            if not self.is_over and not self.is_closing:
                self._send(frame)

    def close(self, code: int, reason: str) -> None:
        """Say why and stop listening once the browser has answered."""
        with self.lock:
            if self.is_over or self.is_closing:
                return
            self.is_closing = True
            try:
                self._send(self.wire.send(CloseConnection(code=code, reason=reason)))
            except LocalProtocolError:
                self._cut()  # the browser was faster

    def _send(self, frame: bytes) -> None:
        if self.waiting is not None:
            self._wait(self.waiting, frame)
            return
        try:
            # With a timeout set, or under gevent, the descriptor does not block, and this takes what fits.
            sent = os.write(self.socket.fileno(), frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._cut()
            return
        if sent < len(frame):
            self.waiting = deque()
            self._wait(self.waiting, memoryview(frame)[sent:])
            threading.Thread(target=self._work_off, name="live-slow", daemon=True).start()

    def _wait(self, waiting: deque[bytes | memoryview], frame: bytes | memoryview) -> None:
        waiting.append(frame)
        self.waiting_bytes += len(frame)
        if self.waiting_bytes > MOST_WAITING:
            log.info("live_too_slow", user_id=str(self.user_id))
            self._cut()

    def _work_off(self) -> None:
        """Send what waits, whole frames in order. Only while something waits is there anybody doing this."""
        while True:
            with self.lock:
                if not self.waiting or self.is_over:
                    self.waiting = None
                    return
                frame = self.waiting[0]
            try:
                self.socket.sendall(frame)
            except OSError:
                log.info("live_stalled", user_id=str(self.user_id))
                self.cut()
                return
            with self.lock:
                if self.waiting:
                    self.waiting.popleft()
                    self.waiting_bytes -= len(frame)

    def cut(self) -> None:
        """End it without a word: the reader wakes up and finds the end."""
        with self.lock:
            self._cut()

    def _cut(self) -> None:
        self.is_over = True
        self.waiting = None
        self.waiting_bytes = 0
        with suppress(OSError):  # the other side was faster
            self.socket.shutdown(socket.SHUT_RDWR)

    # Reading

    def listen(self) -> None:
        """Until the window is closed by either side, or silent for too long."""
        while not self.is_over:
            try:
                received = self.socket.recv(2048)
            except TimeoutError:
                if self.is_closing or time.monotonic() - self.heard_at > SILENT_FOR:
                    break
                self.send(PING)
                continue
            except OSError:
                break
            if not received:
                break
            self.heard_at = time.monotonic()
            if not self._take(received):
                break
        self.cut()

    def _take(self, received: bytes) -> bool:
        """Whether to go on."""
        try:
            self.wire.receive_data(received)
            for event in self.wire.events():
                if isinstance(event, Ping):
                    self.send(self.wire.send(event.response()))
                elif isinstance(event, TextMessage | BytesMessage):
                    self._refuse(len(event.data))
                elif isinstance(event, CloseConnection):
                    if not self.is_closing:
                        self.send(self.wire.send(event.response()))
                    return False
        except RemoteProtocolError:
            self.close(BROKEN, "Not a message of this protocol")
        except LocalProtocolError:
            return False
        return True

    def _refuse(self, size: int) -> None:
        self.inbound += size
        if self.inbound > MOST_INBOUND:
            self.close(TOO_BIG, "Pages only listen here")
