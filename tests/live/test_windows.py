"""One window at a plain pair of sockets: nothing it does waits for the reader."""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from wsproto import WSConnection
from wsproto.connection import Connection, ConnectionType
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    Request,
    TextMessage,
)

from app.dev.processes import wait_until
from app.live import window as module
from app.live.window import Window, frame_of


@dataclass
class Browser:
    """The other end. Reads only when told to."""

    socket: socket.socket
    wire: Connection = field(default_factory=lambda: Connection(ConnectionType.CLIENT))

    def send(self, event: Event) -> None:
        self.socket.sendall(self.wire.send(event))

    def read(self) -> Iterator[Event]:
        """What arrives, until the connection ends."""
        while received := self.socket.recv(65536):
            self.wire.receive_data(received)
            yield from self.wire.events()


def accepted() -> WSConnection:
    """The server's side of a connection after the handshake."""
    asking, wire = WSConnection(ConnectionType.CLIENT), WSConnection(ConnectionType.SERVER)
    wire.receive_data(asking.send(Request(host="localhost", target="/")))
    assert list(wire.events())
    wire.send(AcceptConnection())
    return wire


@dataclass
class Open:
    window: Window
    browser: Browser
    reader: threading.Thread

    def is_over(self) -> bool:
        return not self.reader.is_alive()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """A window that listens, with the times of a patient minute shortened."""
    monkeypatch.setattr(module, "PING_EVERY", 0.2)
    monkeypatch.setattr(module, "SILENT_FOR", 0.7)
    ours, theirs = socket.socketpair()
    theirs.settimeout(10)
    window = Window(accepted(), ours, user_id=uuid.uuid4(), session_id=uuid.uuid4())
    reader = threading.Thread(target=window.listen, daemon=True)
    reader.start()
    yield Open(window, Browser(theirs), reader)
    window.cut()
    reader.join(10)
    ours.close()
    theirs.close()


def text_of(events: Iterator[Event]) -> Iterator[str]:
    """Whole messages."""
    parts: list[str] = []
    for event in events:
        if isinstance(event, TextMessage):
            parts.append(event.data)
            if event.message_finished:
                yield "".join(parts)
                parts.clear()


def test_a_slow_reader_gets_whole_messages_in_their_order(opened: Open) -> None:
    messages = [f"{number} {'x' * 100_000}" for number in range(10)]
    for message in messages:
        opened.window.send(frame_of(message))
    arrived = text_of(opened.browser.read())
    assert [next(arrived) for _ in messages] == messages
    opened.window.send(frame_of("and now"))
    assert next(arrived) == "and now"
    assert wait_until(lambda: opened.window.waiting is None, seconds=10)
    assert opened.window.waiting_bytes == 0


def test_a_pong_does_not_break_into_a_long_message(opened: Open) -> None:
    opened.window.send(frame_of("x" * 900_000))
    opened.browser.send(Ping(b"there?"))
    events = opened.browser.read()
    assert next(text_of(events)) == "x" * 900_000
    assert any(isinstance(event, Pong) for event in events)


def test_speaking_to_a_window_never_waits(opened: Open) -> None:
    opened.window.socket.settimeout(3600)  # nobody reads, so whoever waited would wait for so long
    frame = frame_of("x" * 400_000)

    def speak() -> None:
        for _ in range(100):
            opened.window.send(frame)

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    speaker.join(10)
    is_held_up = speaker.is_alive()
    opened.browser.socket.close()  # lets go of it
    assert not is_held_up
    assert opened.window.is_over  # it let too much wait
    assert wait_until(opened.is_over, seconds=10)


def test_a_reader_that_stops_is_cut_off(opened: Open) -> None:
    opened.window.send(frame_of("x" * 900_000))  # little enough to wait, and nobody reads it
    assert wait_until(opened.is_over, seconds=10)


def test_silence_is_asked_and_then_ended(opened: Open) -> None:
    events = [type(event) for event in opened.browser.read()]
    assert set(events) == {Ping}
    assert wait_until(opened.is_over, seconds=10)


def test_who_answers_stays(opened: Open) -> None:
    pings = (event for event in opened.browser.read() if isinstance(event, Ping))
    started = time.monotonic()
    while time.monotonic() - started < 1.5:  # twice as long as silence is borne
        opened.browser.send(next(pings).response())
    assert not opened.is_over()


def test_closing_says_why_and_waits_for_the_answer(opened: Open) -> None:
    opened.window.close(4001, "Too many")
    opened.window.close(1013, "Said already")
    opened.window.send(frame_of("nothing follows"))
    [event] = list_until_close(opened.browser)
    assert isinstance(event, CloseConnection)
    assert (event.code, event.reason) == (4001, "Too many")
    opened.browser.send(event.response())
    assert wait_until(opened.is_over, seconds=10)


def list_until_close(browser: Browser) -> list[Event]:
    seen = []
    for event in browser.read():
        if not isinstance(event, Ping):
            seen.append(event)
        if isinstance(event, CloseConnection):
            break
    return seen


def test_a_browser_that_does_not_answer_the_close_is_left(opened: Open) -> None:
    opened.window.close(4002, "Signed out")
    assert wait_until(opened.is_over, seconds=10)


def test_a_browser_that_vanishes_is_noticed(opened: Open) -> None:
    opened.browser.socket.close()
    assert wait_until(opened.is_over, seconds=10)
    opened.window.send(frame_of("too late"))
    opened.window.close(1012, "too late")


@pytest.mark.parametrize("said", [TextMessage(data="x" * 2000), BytesMessage(data=b"x" * 2000)])
def test_what_a_page_says_is_counted_not_kept(opened: Open, said: Event) -> None:
    for _ in range(3):
        opened.browser.send(said)
    [event] = list_until_close(opened.browser)
    assert isinstance(event, CloseConnection)
    assert event.code == 1009
