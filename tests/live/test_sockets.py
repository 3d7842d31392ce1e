"""The socket on a running server: who may open it, what it is told, when it ends."""

from __future__ import annotations

import http.client
import socket
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import websocket
from flask import Flask

from app import live
from app.clients.queries import row_of
from app.db import begin, commit, now
from app.dev.processes import wait_until
from app.dev.servers import free_port
from app.identity.models import current_port_of
from app.web import SESSION_COOKIE
from tests.live.pages import PATIENCE, REFRESH, Page, address, sign_in
from tests.servers import Installation, Running
from tests.world import NORTH, SOUTH, enter, make_client, user_id

MANAGER, MATE = "sales_manager@north.example", "teammate@north.example"
STRANGER = "sales_manager@south.example"
CLIENTS = f"port:{NORTH}:clients"

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def inside(committed: Installation) -> Iterator[Flask]:
    """In the place of the relay: an application context of another process than the server's."""
    with committed.app.app_context():
        yield committed.app


def status_of(open_page: Callable[[], object]) -> int:
    """The answer in the place of a handshake."""
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        open_page()
    status: int = refused.value.status_code
    return status


HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def answer_to(installation: Installation, headers: dict[str, str]) -> int:
    """The status of a request sent by hand."""
    connection = http.client.HTTPConnection("localhost", installation.port, timeout=PATIENCE)
    connection.request("GET", "/north/live?follow=clients", headers={"Origin": installation.url, **headers})
    status = connection.getresponse().status
    connection.close()
    return status


def windows_of(installation: Installation, email: str) -> int:
    return int(installation.redis.zcard(f"quayside:live:windows:{user_id(email)}"))


@pytest.fixture(autouse=True)
def nothing_said_yet(committed: Installation) -> Iterator[None]:
    yield
    committed.redis.flushdb()


# --- Who may open it ---


def test_a_foreign_origin_is_refused_before_the_handshake(committed: Installation) -> None:
    assert status_of(lambda: Page(committed, MANAGER, "clients", origin="https://evil.example")) == 403


def test_a_socket_without_origin_is_refused(committed: Installation) -> None:
    token = sign_in(committed, MANAGER)
    assert (
        status_of(
            lambda: websocket.create_connection(
                address(committed, "north"), suppress_origin=True, cookie=f"{SESSION_COOKIE}={token}"
            )
        )
        == 403
    )


@pytest.mark.parametrize("cookie", ["", f"{SESSION_COOKIE}=nobody"])
def test_who_is_not_signed_in_gets_no_socket(committed: Installation, cookie: str) -> None:
    assert answer_to(committed, {**HANDSHAKE, "Cookie": cookie}) in (303, 401)


def test_another_port_does_not_exist(committed: Installation) -> None:
    assert status_of(lambda: Page(committed, STRANGER, "clients")) == 404


@pytest.mark.parametrize("topic", ["berths", "", "clients:x:y:z", "client", "client:abc", "client:999999", "user:1"])
def test_a_topic_that_is_none_is_refused(committed: Installation, topic: str) -> None:
    with Page(committed, "technician@north.example", topic) as page:
        assert page.end()[0] == 4003


def test_a_record_of_another_port_cannot_be_followed(committed: Installation, inside: Flask) -> None:
    number = make_client(enter(MANAGER)).number
    commit()
    with Page(committed, MANAGER, f"client:{number}") as page:
        assert page.next() == REFRESH
    with Page(committed, STRANGER, f"client:{number}", port="south") as page:
        assert page.end() == (4003, "What this page follows is no longer open to you")


def test_one_refused_topic_refuses_the_page(committed: Installation, inside: Flask) -> None:
    with Page(committed, MANAGER, "clients", "client:999999") as page:
        assert page.end()[0] == 4003


@pytest.mark.parametrize(
    "changed",
    [
        {"Upgrade": ""},
        {"Sec-WebSocket-Key": ""},
        {"Sec-WebSocket-Key": "short"},
        {"Sec-WebSocket-Key": "?" * 24},
        {"Sec-WebSocket-Version": "8"},
    ],
)
def test_what_is_no_handshake_is_a_bad_request(committed: Installation, changed: dict[str, str]) -> None:
    cookie = f"{SESSION_COOKIE}={sign_in(committed, MANAGER)}"
    assert answer_to(committed, {**HANDSHAKE, "Cookie": cookie, **changed}) == 400


def test_nothing_is_compressed(committed: Installation) -> None:
    with Page(committed, MANAGER) as page:
        assert "sec-websocket-extensions" not in (page.socket.getheaders() or {})


# --- What it is told ---


def test_a_message_reaches_every_page_in_the_room(committed: Installation, inside: Flask) -> None:
    pages = [Page.following(committed, email, "clients") for email in (MANAGER, MANAGER, MATE)]
    live.remove(CLIENTS, target="client-7")
    expected = '<hx-partial hx-target="#client-7" hx-swap="delete"></hx-partial>'
    assert [page.next() for page in pages] == [expected] * 3
    for page in pages:
        page.socket.close()


def test_a_partial_replaces_its_element(committed: Installation, inside: Flask) -> None:
    client = make_client(enter(MANAGER), full_name="Léa <Marchand>")
    commit()
    begin(port_id=NORTH, scope="staff")
    row, port = row_of(client.id), current_port_of(NORTH)
    assert row is not None
    target = f"client-{row.number}"
    with (
        Page.following(committed, MANAGER, "clients") as one,
        Page.following(committed, MATE, "clients") as other,
    ):
        live.replace(CLIENTS, "clients/_row.html", target=target, client=row, port=port)
        message = str(one.next())
        assert message.startswith(f'<hx-partial hx-target="#{target}" hx-swap="outerMorph">')
        assert message.endswith("</hx-partial>")
        assert f'<tr id="{target}"' in message
        assert "Léa &lt;Marchand&gt;" in message
        assert other.next() == message


def test_only_the_room_hears_it(committed: Installation, inside: Flask) -> None:
    with (
        Page.following(committed, MANAGER, "clients") as north,
        Page.following(committed, STRANGER, "clients", port="south") as south,
        Page.following(committed, "operator@north.example", "clients") as own,
    ):
        live.remove(CLIENTS, target="north")
        live.remove(f"port:{SOUTH}:clients", target="south")
        live.refresh(f"{CLIENTS}:own", target="#clients")
        assert "north" in str(north.next())
        assert "south" in str(south.next())
        assert own.next() == "refresh #clients"  # who may see some rows only is not told of others


def test_a_page_may_follow_several_topics(committed: Installation, inside: Flask) -> None:
    client = make_client(enter(MANAGER))
    number, room = client.number, client.room
    commit()
    with Page.following(committed, MANAGER, "clients", f"client:{number}") as page:
        live.remove(room, target="note")
        live.remove(CLIENTS, target="row")
        assert "note" in str(page.next())
        assert "row" in str(page.next())


def test_a_page_without_topics_still_hears_what_is_said_to_its_user(committed: Installation, inside: Flask) -> None:
    with Page(committed, MANAGER) as page:
        assert wait_until(lambda: windows_of(committed, MANAGER) == 1, seconds=10)
        live.close(user_id=user_id(MANAGER))
        assert page.end()[0] == 4002


def test_a_message_of_the_longest_arrives_whole(committed: Installation, inside: Flask) -> None:
    with Page.following(committed, MANAGER, "clients") as page:
        target = "x" * 990_000
        live.remove(CLIENTS, target=target)
        assert target in str(page.next())


def test_a_message_that_is_too_long_becomes_a_refresh(committed: Installation, inside: Flask) -> None:
    with Page.following(committed, MANAGER, "clients") as page:
        live.remove(CLIENTS, target="x" * 1_000_000)
        assert page.next() == REFRESH


# --- since ---


def test_only_what_was_said_after_the_page_was_read_refreshes_it(committed: Installation, inside: Flask) -> None:
    before = now()
    live.refresh(CLIENTS)
    after = now()
    with Page(committed, MANAGER, "clients", since=before) as stale:
        assert stale.next() == REFRESH
    with Page(committed, MANAGER, "clients", since=after) as fresh:
        assert wait_until(lambda: windows_of(committed, MANAGER) >= 1, seconds=10)
        live.close(user_id=user_id(MANAGER))
        assert fresh.next() is None  # nothing came before the end


def test_news_in_another_room_refresh_nobody(committed: Installation, inside: Flask) -> None:
    before = now()
    live.refresh(f"port:{SOUTH}:clients")
    with Page(committed, MANAGER, "clients", since=before) as page:
        assert wait_until(lambda: windows_of(committed, MANAGER) >= 1, seconds=10)
        live.close(user_id=user_id(MANAGER))
        assert page.next() is None


def test_a_page_older_than_what_is_remembered_is_refreshed(committed: Installation) -> None:
    with Page(committed, MANAGER, "clients", since=now() - timedelta(minutes=11)) as page:
        assert page.next() == REFRESH


def test_what_was_said_is_forgotten_after_ten_minutes(committed: Installation, inside: Flask) -> None:
    committed.redis.zadd("quayside:live:last", {"old": (now() - timedelta(minutes=11)).timestamp()})
    live.refresh(CLIENTS)
    assert committed.redis.zrange("quayside:live:last", 0, -1) == [CLIENTS.encode()]


# --- When it ends ---


def test_the_eleventh_window_is_told_why(committed: Installation) -> None:
    second_port = free_port()
    second = committed.start_web(port=second_port)
    pages = [
        Page.following(committed, MANAGER, "clients", at=at, origin=committed.url)
        for at in [committed.port, second_port] * 5
    ]
    with Page(committed, MANAGER, "clients") as eleventh:
        assert eleventh.end() == (4001, "Live updates run in ten windows already")
    with Page.following(committed, MATE, "clients"):
        pass  # others are not concerned

    pages[0].socket.close()
    assert wait_until(lambda: windows_of(committed, MANAGER) == 9, seconds=10)
    pages.append(Page.following(committed, MANAGER, "clients"))

    second.kill()  # its windows are counted until their entries run out
    with Page(committed, MANAGER, "clients") as refused:
        assert refused.end()[0] == 4001
    key = f"quayside:live:windows:{user_id(MANAGER)}"
    for entry, _ in committed.redis.zscan_iter(key):
        committed.redis.zincrby(key, -60, entry)  # a minute later
    pages.append(Page.following(committed, MANAGER, "clients"))
    for page in pages:
        page.socket.close()


def test_a_revoked_session_loses_its_socket_at_once(committed: Installation, inside: Flask) -> None:
    token, other = sign_in(committed, MANAGER), sign_in(committed, MANAGER)
    with (
        Page.following(committed, MANAGER, "clients", token=token) as revoked,
        Page.following(committed, MANAGER, "clients", token=other) as kept,
    ):
        with committed.database.connect() as connection:
            row = connection.execute(
                "SELECT id FROM sessions WHERE token_hash = sha256(%s)", (token.encode(),)
            ).fetchone()
        assert row is not None
        live.close(session_id=uuid.UUID(str(row[0])))
        assert revoked.end() == (4002, "Signed out")
        live.remove(CLIENTS, target="still-here")
        assert "still-here" in str(kept.next())


def test_a_deactivated_user_loses_all_sockets(committed: Installation, inside: Flask) -> None:
    pages = [Page.following(committed, MANAGER, "clients") for _ in range(2)]
    live.close(user_id=user_id(MANAGER), reason="Your account was closed")
    assert [page.end() for page in pages] == [(4002, "Your account was closed")] * 2


def test_who_may_see_other_things_now_comes_back(committed: Installation, inside: Flask) -> None:
    whose, others = sign_in(committed, MANAGER), Page.following(committed, MATE, "clients")
    with Page.following(committed, MANAGER, "clients", token=whose) as page:
        live.reopen(user_id=user_id(MANAGER), reason="Your roles were changed.")
        assert page.end() == (1012, "Your roles were changed.")
    with others, Page.following(committed, MANAGER, "clients", token=whose) as back:
        live.reopen(reason="Roles were changed.")
        assert [page.end() for page in (others, back)] == [(1012, "Roles were changed.")] * 2


@pytest.mark.parametrize("sizes", [[5000], [1000] * 5])
def test_pages_have_nothing_to_say(committed: Installation, sizes: list[int]) -> None:
    with Page(committed, MANAGER) as page:
        for size in sizes:
            page.socket.send("x" * size)
        assert page.end()[0] == 1009


def test_little_is_ignored(committed: Installation, inside: Flask) -> None:
    with Page.following(committed, MANAGER, "clients") as page:
        page.socket.send("hello")
        page.socket.send_binary(b"\0\1")
        live.remove(CLIENTS, target="row")
        assert "row" in str(page.next())


def test_a_broken_frame_ends_the_socket(committed: Installation) -> None:
    with Page(committed, MANAGER) as page:
        page.plain.sendall(b"\x81\x05hello")  # not masked, as a browser would have to
        assert page.end()[0] == 1002


def test_a_ping_is_answered(committed: Installation) -> None:
    with Page(committed, MANAGER) as page:
        page.socket.ping(b"there?")
        opcode, frame = page.socket.recv_data_frame(True)
        assert (opcode, frame.data) == (websocket.ABNF.OPCODE_PONG, b"there?")


def test_closing_is_answered_and_counted(committed: Installation) -> None:
    with Page.following(committed, MANAGER, "clients") as page:
        page.socket.send_close(1000)
        assert page.end()[0] == 1000
    assert wait_until(lambda: windows_of(committed, MANAGER) == 0, seconds=10)


# --- What it costs the others ---


def test_a_stalled_socket_is_dropped_and_delays_nobody(committed: Installation, inside: Flask) -> None:
    stalled = Page.following(committed, MATE, "clients")
    stalled.plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # and nobody reads it
    with Page.following(committed, MANAGER, "clients") as page:
        for number in range(30):
            live.remove(CLIENTS, target=f"{number}-{'x' * 300_000}")
            assert f"#{number}-" in str(page.next())[:60]
        assert wait_until(lambda: windows_of(committed, MATE) == 0, seconds=10)
        live.remove(CLIENTS, target="afterwards")
        assert "afterwards" in str(page.next())
    stalled.plain.close()


def test_sockets_hold_no_connection_of_the_database(committed: Installation, inside: Flask) -> None:
    pages = [Page.following(committed, email, "clients") for email in (MANAGER, MATE) for _ in range(9)]
    with committed.database.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND application_name = 'quayside-web'"
            " AND state <> 'idle'",
            (committed.database.name,),
        ).fetchone()
    assert row == (0,)
    for page in pages:
        page.socket.close()


def test_a_restart_sends_pages_elsewhere(committed: Installation) -> None:
    port = free_port()
    other = committed.start_web(port=port)
    with Page.following(committed, MANAGER, "clients", at=port, origin=committed.url) as page:
        other.process.terminate()
        assert page.end()[0] == 1012


def test_the_log_tells_of_a_socket_once(committed: Installation) -> None:
    port = free_port()
    talkative: Running = committed.start_web(port=port, LOG_LEVEL="info", ENVIRONMENT="production")
    Page.following(committed, MANAGER, "clients", at=port, origin=committed.url).socket.close()
    assert wait_until(lambda: "live.connect" in talkative.output(), seconds=10)
    [line] = [line for line in talkative.output().splitlines() if "live.connect" in line]
    assert '"status": 101' in line
