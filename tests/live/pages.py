"""Open pages, as far as the server sees them: a socket with a session's cookie."""

from __future__ import annotations

import socket
from datetime import datetime
from types import TracebackType
from urllib.parse import urlencode

import websocket
from websocket import ABNF

from app.db import commit
from app.web import SESSION_COOKIE
from tests.servers import Installation
from tests.world import start_session

REFRESH = "refresh #main"
PATIENCE = 20
websocket.setdefaulttimeout(PATIENCE)


def sign_in(installation: Installation, email: str) -> str:
    """A session of its own; gives its token."""
    with installation.app.app_context():
        token = start_session(email)
        commit()
    return token


def address(
    installation: Installation, port: str, *follow: str, since: datetime | None = None, at: int | None = None
) -> str:
    query = [("follow", topic) for topic in follow]
    if since is not None:
        query.append(("since", since.isoformat()))
    return f"ws://localhost:{at or installation.port}/{port}/live?{urlencode(query)}"


class Page:
    """The socket of one open page."""

    def __init__(
        self,
        installation: Installation,
        email: str,
        *follow: str,
        port: str = "north",
        token: str | None = None,
        since: datetime | None = None,
        at: int | None = None,
        origin: str | None = None,
    ) -> None:
        token = token or sign_in(installation, email)
        self.socket = websocket.create_connection(
            address(installation, port, *follow, since=since, at=at),
            origin=origin or installation.url,
            cookie=f"{SESSION_COOKIE}={token}",
            header=["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"],
        )
        self.closed: tuple[int, str] | None = None

    @classmethod
    def following(cls, installation: Installation, email: str, *follow: str, **more: object) -> Page:
        """A page known to be listening: it does not say since when, so it is told to refresh first."""
        page = cls(installation, email, *follow, **more)  # type: ignore[arg-type]
        assert page.next() == REFRESH
        return page

    def __enter__(self) -> Page:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close(timeout=1)

    def next(self) -> str | None:
        """The next message, or None when the server has closed; then `closed` says why."""
        opcode, data = self.socket.recv_data()
        if opcode == ABNF.OPCODE_CLOSE:
            self.closed = int.from_bytes(data[:2], "big"), data[2:].decode()
            return None
        text: str = data.decode()
        return text

    def end(self) -> tuple[int, str]:
        """Why the server closed, after what it still had to say."""
        while self.next() is not None:
            pass
        assert self.closed is not None
        return self.closed

    @property
    def plain(self) -> socket.socket:
        assert self.socket.sock is not None
        return self.socket.sock
