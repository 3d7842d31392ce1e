"""The windows of one web process, behind one Redis subscription."""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable

import redis
import structlog
from flask import Flask
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.retry import Retry
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from ..db import db, now
from .rooms import channel_of
from .window import Window, frame_of

log = structlog.get_logger("quayside.live")

MOST_WINDOWS = 10  # of one user, in all processes
RENEW_EVERY, COUNTED_FOR = 10, 40  # seconds
SESSIONS_EVERY = 60
SILENCE = 5
COME_BACK, REDIS_AWAY, SIGNED_OUT = 1012, 1013, 4002
# What ends windows in a room, and how it is said to their pages.
ENDS = {"close": SIGNED_OUT, "reopen": COME_BACK}

# An entry stands for a window and is renewed while that is open: a process that crashed leaves none for long.
ADMIT = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1
"""

BAD_SESSIONS = text(
    "SELECT session FROM unnest(CAST(:sessions AS uuid[])) AS session WHERE NOT is_session_good(session, :now)"
)


class Hub:
    """Starts with the first window, so that it lives in the process that serves it, after any fork."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.redis = redis.Redis.from_url(
            app.extensions["settings"].redis_url,
            socket_connect_timeout=1,
            socket_timeout=2,
            # A subscription that heals by itself would not know what it missed.
            retry=Retry(NoBackoff(), 0),
        )
        self.admit_script = self.redis.register_script(ADMIT)
        self.rooms: defaultdict[str, set[Window]] = defaultdict(set)
        self.windows: set[Window] = set()
        self.lock = threading.Lock()
        self.is_leaving: Callable[[], bool] = lambda: False
        self.is_started = self.is_open = self.is_silent = False
        self.has_tried = threading.Event()

    def leave_when(self, is_leaving: Callable[[], bool]) -> None:
        """Asked every second; once it says so, all windows are told to connect elsewhere."""
        self.is_leaving = is_leaving

    def is_ready(self) -> bool:
        """Whether windows can be taken; the first to ask waits for the subscription."""
        with self.lock:
            if not self.is_started:
                self.is_started = True
                threading.Thread(target=self.listen, name="live-listen", daemon=True).start()
                threading.Thread(target=self.keep, name="live-keep", daemon=True).start()
        self.has_tried.wait(3)
        return self.is_open and not self.is_leaving()

    # --- Windows come and go

    def admit(self, window: Window) -> bool:
        """Count the window; False for the eleventh of a user. Raises redis.RedisError."""
        moment = time.time()
        arguments = (moment, moment + COUNTED_FOR, MOST_WINDOWS, window.id, COUNTED_FOR * 1000)
        return bool(self.admit_script(keys=[_counted(window)], args=arguments))

    def join(self, window: Window) -> None:
        with self.lock:
            self.windows.add(window)
            for room in window.rooms:
                self.rooms[room].add(window)

    def leave(self, window: Window) -> None:
        with self.lock:
            self.windows.discard(window)
            for room in window.rooms:
                self.rooms[room].discard(window)
                if not self.rooms[room]:
                    del self.rooms[room]
        try:
            self.redis.zrem(_counted(window), window.id)
        except redis.RedisError:
            log.debug("live_leave_not_counted")  # its entry runs out by itself

    def inside(self, room: str | None = None) -> list[Window]:
        """The windows in the room, or all."""
        with self.lock:
            return list(self.windows if room is None else self.rooms.get(room, ()))

    def close_all(self, code: int, reason: str) -> None:
        for window in self.inside():
            window.close(code, reason)

    # --- What Redis says

    def listen(self) -> None:
        while True:
            try:
                with self.redis.pubsub() as subscription:  # type: ignore[no-untyped-call]  # the one call that redis left without types
                    self.subscribe(subscription)
                    while True:
                        self.hear(subscription)
            except (redis.RedisError, OSError, ValueError) as error:
                if self.is_open or not self.has_tried.is_set():
                    log.warning("live_away", error=str(error))
            except Exception:  # pages must not stay open and deaf
                log.exception("live_broken")
            self.is_open = False
            self.has_tried.set()
            self.close_all(REDIS_AWAY, "Live updates are away for a moment")
            time.sleep(0.5)

    def subscribe(self, subscription: PubSub) -> None:
        """Raises redis.RedisError when it is not confirmed in time."""
        subscription.subscribe(channel_of(self.redis))
        if subscription.get_message(timeout=2) is None:
            raise redis.TimeoutError("the subscription is not confirmed")
        self.is_open, self.is_silent = True, False
        self.has_tried.set()

    def hear(self, subscription: PubSub) -> None:
        message = subscription.get_message(timeout=SILENCE)
        if message is None:
            # Nothing to say, or a connection that is dead: a server that is there answers.
            if self.is_silent:
                raise redis.TimeoutError("the subscription is silent")
            subscription.ping()
        elif message["type"] == "message":
            self.deliver(message["data"])
        self.is_silent = message is None

    def deliver(self, published: bytes) -> None:
        head, _, body = published.decode().partition("\n")
        verb, _, room = head.partition(" ")
        windows = self.inside(room or None)
        if verb in ENDS:
            for window in windows:
                window.close(ENDS[verb], body)
        elif windows:
            frame = frame_of(body)  # the same bytes for everybody
            for window in windows:
                window.send(frame)

    # --- What has to be looked at from time to time

    def keep(self) -> None:
        for second in itertools.count(1):
            time.sleep(1)
            try:
                self.look_around(second)
            except Exception:  # the next second is looked at all the same
                log.exception("live_not_looked_after")

    def look_around(self, second: int) -> None:
        if self.is_leaving():
            self.close_all(COME_BACK, "Quayside restarts")
        if second % RENEW_EVERY == 0:
            self.renew()
        if second % SESSIONS_EVERY == 0:
            self.check_sessions()

    def renew(self) -> None:
        until = time.time() + COUNTED_FOR
        try:
            with self.redis.pipeline(transaction=False) as commands:
                for window in self.inside():
                    commands.zadd(_counted(window), {window.id: until})
                    commands.pexpire(_counted(window), COUNTED_FOR * 1000)
                commands.execute()
        except redis.RedisError as error:
            log.debug("live_not_renewed", error=str(error))

    def check_sessions(self) -> None:
        """End the windows whose session has run out or was taken away; with Postgres away, next time."""
        sessions = {window.session_id for window in self.inside()}
        if not sessions:
            return
        with self.app.app_context():
            try:
                bad: set[uuid.UUID] = set(db.session.scalars(BAD_SESSIONS, {"sessions": list(sessions), "now": now()}))
            except SQLAlchemyError as error:
                log.warning("live_sessions_not_checked", error=str(error))
                return
        for session_id in bad:
            for window in self.inside(f"session:{session_id}"):
                window.close(SIGNED_OUT, "Signed out")


def _counted(window: Window) -> str:
    return f"quayside:live:windows:{window.user_id}"
