"""Topics, and what is said to the pages that follow them.

A room is a name that somebody speaks to and pages listen in: `port:{id}:clients`, `client:{id}`,
`user:{id}`. A topic is what a page asks to follow; its rule answers with the room, after the same check as
opening the page.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import redis
import structlog
from flask import current_app

from ..current import Member
from ..db import now

log = structlog.get_logger("quayside.live")

Rule = Callable[[Member, str | None], str | None]

TOPICS: dict[str, Rule] = {}

LONGEST = 1_000_000  # bytes of one message
REMEMBERED = timedelta(minutes=10)
LAST = "quayside:live:last"


def topic(name: str) -> Callable[[Rule], Rule]:
    """Let pages follow `name` or `name:key`. The rule is given the member and the key, and answers with the
    room, or with None where the member could not open the page either."""

    def register(rule: Rule) -> Rule:
        if name in TOPICS:
            raise ValueError(f"the topic {name} has a rule already")
        TOPICS[name] = rule
        return rule

    return register


def room_of(followed: str, member: Member) -> str | None:
    """The room of `name` or `name:key`; None for what this member may not follow and for unknown names."""
    name, _, key = followed.partition(":")
    rule = TOPICS.get(name)
    return rule(member, key or None) if rule else None


def replace(room: str, template: str, *, target: str, **context: Any) -> None:
    """Swap the element with the id `target` on every page in the room for this partial, rendered once, with
    nothing of a request in it and in the formats in force (`formats.use`). Raises redis.RedisError."""
    replace_all(room, {target: template}, **context)


def replace_all(room: str, templates: Mapping[str, str], **context: Any) -> None:
    """Several elements by their ids, as `replace` does one: one message, and one swap of the page."""
    swaps = []
    for target, template in templates.items():
        html = current_app.jinja_env.get_template(template).render(**context)
        swaps.append(f'<hx-partial hx-target="#{target}" hx-swap="outerMorph">{html}</hx-partial>')
    say(room, "".join(swaps))


def move(room: str, template: str, **context: Any) -> None:
    """Swap what this partial says of itself: each `<hx-partial>` in it names its target, and how it goes there; one
    message. Otherwise as `replace`. Raises redis.RedisError."""
    say(room, current_app.jinja_env.get_template(template).render(**context))


def remove(room: str, *, target: str) -> None:
    """Take the element with the id `target` from every page in the room. Raises redis.RedisError."""
    say(room, f'<hx-partial hx-target="#{target}" hx-swap="delete"></hx-partial>')


def refresh(room: str, *, target: str = "#main") -> None:
    """Tell every page in the room to fetch itself again, since order, number or membership of what it shows
    may have changed. `target` is a selector. Raises redis.RedisError."""
    say(room, f"refresh {target}")


def close(*, session_id: uuid.UUID | None = None, user_id: uuid.UUID | None = None, reason: str = "Signed out") -> None:
    """End the sockets of a session, or of a user, at once and for good: they are signed out. While Redis is away
    nothing happens here; the check of sessions every minute ends them."""
    _end("close", f"session:{session_id}" if session_id else f"user:{user_id}", reason)


def reopen(*, session_id: uuid.UUID | None = None, user_id: uuid.UUID | None = None, reason: str) -> None:
    """End the sockets of a session, of a user, or (neither) of everybody: their pages come back at once, and are shown
    what they may see now. While Redis is away nothing happens, and no socket is open either."""
    _end("reopen", f"session:{session_id}" if session_id else f"user:{user_id}" if user_id else "", reason)


def _end(how: str, room: str, reason: str) -> None:
    client: redis.Redis = current_app.extensions["redis"]
    try:
        client.publish(channel_of(client), f"{how} {room}\n{reason}")
    except redis.RedisError as error:
        log.warning(f"live_{how}_not_published", room=room, error=str(error))


def say(room: str, message: str) -> None:
    """Send to the room, and note when, for pages that subscribe only after it."""
    if len(message.encode()) > LONGEST:
        log.warning("live_message_too_long", room=room, length=len(message))
        message = "refresh #main"
    client: redis.Redis = current_app.extensions["redis"]
    moment = now()
    with client.pipeline(transaction=False) as commands:
        commands.zadd(LAST, {room: moment.timestamp()})
        commands.zremrangebyscore(LAST, "-inf", (moment - REMEMBERED).timestamp())
        commands.publish(channel_of(client), f"say {room}\n{message}")
        commands.execute()


def has_news(client: redis.Redis, rooms: Iterable[str], since: datetime | None) -> bool:
    """Whether something was said in one of the rooms after `since`; yes where nobody remembers that long.
    Raises redis.RedisError."""
    if since is None or since < now() - REMEMBERED:
        return True
    scores = client.zmscore(LAST, list(rooms))
    return any(score is not None and score >= since.timestamp() for score in scores)


def channel_of(client: redis.Redis) -> str:
    """Channels are not part of a Redis database, so the name says which one it is about."""
    return f"quayside:{client.get_connection_kwargs().get('db') or 0}:live"
