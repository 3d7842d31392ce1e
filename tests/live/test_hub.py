"""The hub: sessions looked at again, leaving, and a Redis that comes and goes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from urllib.request import urlopen

import pytest
import websocket
from sqlalchemy import text
from structlog.testing import capture_logs

from app import live
from app.dev.processes import wait_until
from app.dev.servers import Valkey
from app.live.hub import Hub
from app.live.rooms import TOPICS, room_of
from tests.live.pages import REFRESH, Page, sign_in
from tests.servers import Installation, away, hanging
from tests.world import NORTH, enter, user_id

MANAGER = "sales_manager@north.example"
CLIENTS = f"port:{NORTH}:clients"


@dataclass(eq=False)
class Listener:
    """A window that only remembers how it was closed."""

    session_id: uuid.UUID
    user_id: uuid.UUID
    closed: tuple[int, str] | None = None

    def __post_init__(self) -> None:
        self.id = uuid.uuid4().hex
        self.rooms = (f"user:{self.user_id}", f"session:{self.session_id}")

    def close(self, code: int, reason: str) -> None:
        self.closed = code, reason


def session_of(installation: Installation, email: str) -> tuple[uuid.UUID, str]:
    token = sign_in(installation, email)
    with installation.database.connect() as connection:
        row = connection.execute("SELECT id FROM sessions WHERE token_hash = sha256(%s)", (token.encode(),)).fetchone()
    assert row is not None
    return row[0], token


def change(installation: Installation, statement: str, *values: object) -> None:
    with installation.database.connect() as connection:
        connection.execute(statement, values)


@pytest.fixture
def hub(committed: Installation) -> Hub:
    return Hub(committed.app)


def listener(installation: Installation, hub: Hub, email: str) -> Listener:
    window = Listener(session_of(installation, email)[0], user_id(email))
    hub.join(window)  # type: ignore[arg-type]
    return window


# --- Sessions are looked at again ---


def test_sessions_that_ended_lose_their_windows(committed: Installation, hub: Hub) -> None:
    kept, ended, expired, deactivated = (
        listener(committed, hub, email) for email in (MANAGER, MANAGER, MANAGER, "viewer@north.example")
    )
    change(committed, "DELETE FROM sessions WHERE id = %s", ended.session_id)
    change(committed, "UPDATE sessions SET expires_at = created_at WHERE id = %s", expired.session_id)
    change(committed, "UPDATE users SET is_active = false WHERE id = %s", deactivated.user_id)
    hub.check_sessions()
    assert kept.closed is None
    assert [one.closed for one in (ended, expired, deactivated)] == [(4002, "Signed out")] * 3


def test_while_postgres_fails_the_windows_stay(
    committed: Installation, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = listener(committed, hub, MANAGER)
    monkeypatch.setattr("app.live.hub.BAD_SESSIONS", text("SELECT nobody_knows_this()"))
    hub.check_sessions()
    assert window.closed is None


def test_a_window_that_left_is_in_no_room(committed: Installation, hub: Hub) -> None:
    window = listener(committed, hub, MANAGER)
    hub.leave(window)  # type: ignore[arg-type]
    assert hub.inside() == []
    assert hub.rooms == {}


# --- Counting windows ---


def test_ten_of_a_user_at_once_and_renewed(committed: Installation, hub: Hub) -> None:
    windows = [Listener(uuid.uuid4(), user_id(MANAGER)) for _ in range(11)]
    admitted = [hub.admit(window) for window in windows]  # type: ignore[arg-type]
    assert admitted == [True] * 10 + [False]
    key = f"quayside:live:windows:{user_id(MANAGER)}"
    hub.join(windows[0])  # type: ignore[arg-type]
    for window in windows[:10]:
        committed.redis.zadd(key, {window.id: 1})  # long ago
    hub.renew()
    again = [hub.admit(window) for window in windows[1:]]  # type: ignore[arg-type]
    assert again == [True] * 9 + [False]
    assert 0 < committed.redis.pttl(key) <= 40_000
    for window in windows:
        hub.leave(window)  # type: ignore[arg-type]
    assert not committed.redis.exists(key)


def test_who_leaves_takes_no_more_windows(committed: Installation, hub: Hub) -> None:
    assert hub.is_ready()
    window = listener(committed, hub, MANAGER)
    hub.leave_when(lambda: True)
    assert not hub.is_ready()
    assert wait_until(lambda: window.closed == (1012, "Quayside restarts"), seconds=10)


# --- Topics ---


def test_a_topic_has_one_rule() -> None:
    with pytest.raises(ValueError, match="has a rule already"):
        live.topic("clients")(TOPICS["clients"])


def test_a_topic_nobody_knows_has_no_room(committed: Installation) -> None:
    with committed.app.app_context():
        member = enter(MANAGER)
        assert room_of("clients", member) == CLIENTS
        assert room_of("wishes", member) is None
        assert room_of("", member) is None


# --- Redis away ---


@pytest.fixture(scope="module")
def shaky(unsteady: Installation) -> Installation:
    unsteady.start_web()
    return unsteady


def test_redis_away_closes_sockets_and_takes_no_new_ones_until_it_is_back(
    shaky: Installation, fragile_valkey: Valkey
) -> None:
    token = sign_in(shaky, MANAGER)
    page = Page.following(shaky, MANAGER, "clients", token=token)
    with away(fragile_valkey):
        assert page.end() == (1013, "Live updates are away for a moment")
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            Page(shaky, MANAGER, "clients", token=token)
        assert refused.value.status_code == 503
        with urlopen(f"{shaky.url}/auth/login", timeout=20) as answer:
            assert answer.status == 200

    back: list[Page] = []

    def comes_back() -> bool:
        try:
            back.append(Page(shaky, MANAGER, "clients", token=token))
        except websocket.WebSocketBadStatusException:
            return False
        return True

    assert wait_until(comes_back, seconds=20)
    with back[0] as page, shaky.app.app_context():
        assert page.next() == REFRESH
        live.remove(CLIENTS, target="row")
        assert "row" in str(page.next())


def test_a_redis_that_hangs_is_noticed(
    shaky: Installation, fragile_valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.hub.SILENCE", 0.2)
    hub = Hub(shaky.app)
    assert hub.is_ready()
    window = listener(shaky, hub, MANAGER)
    with hanging(fragile_valkey):
        assert wait_until(lambda: window.closed is not None, seconds=10)
        assert window.closed == (1013, "Live updates are away for a moment")
        assert not hub.is_ready()
    assert wait_until(hub.is_ready, seconds=10)


def test_ending_sockets_while_redis_is_away_hurts_nobody(shaky: Installation, fragile_valkey: Valkey) -> None:
    with shaky.app.app_context(), capture_logs() as said, away(fragile_valkey):
        live.close(user_id=user_id(MANAGER))
    assert "live_close_not_published" in [line["event"] for line in said]
