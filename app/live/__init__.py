"""Live updates: what happened elsewhere appears on open pages.

    live.replace(client.room, "clients/_row.html", target="client-1042", client=client, port=port)
    live.refresh(f"port:{port.id}:clients")
    live.remove(room, target="client-1042")
    live.move(room, "interests/_place.html", number=1042, card=row, heads=heads)  # says itself what goes where
    live.close(session_id=…)  # signed out
    live.reopen(user_id=…)  # may see other things now

    @live.topic("client")
    def client_topic(member, key): …  # the room, or None

Called after the commit, from reactions and jobs. All but `close` and `reopen` raise redis.RedisError while Redis is
away.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from time import perf_counter

from flask import Flask, g

from ..db import now
from .rooms import TOPICS, close, move, refresh, remove, reopen, replace, replace_all, topic


def since() -> str:
    """When this request began to read, for the page to say what it knows already."""
    moment = now() - timedelta(seconds=perf_counter() - g.started)
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def init_app(app: Flask) -> None:
    from .hub import Hub
    from .socket import Unstarted, bp

    app.config["SOCK_SERVER_OPTIONS"] = {"thread_class": Unstarted}
    app.extensions["live"] = Hub(app)
    app.register_blueprint(bp)
    app.jinja_env.globals["live_since"] = since


__all__ = [
    "TOPICS",
    "close",
    "init_app",
    "move",
    "refresh",
    "remove",
    "reopen",
    "replace",
    "replace_all",
    "since",
    "topic",
]
