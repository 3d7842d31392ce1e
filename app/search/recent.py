"""The records somebody opened last, by user and port, for the palette.

In Redis, since reading a page writes nothing into the database; only kinds and ids, so that what is shown of them is
what the member may see now. Without Redis there are none.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from flask import current_app
from redis import RedisError

from ..current import Member
from ..events.subjects import FINDERS, Shown, shown_of

KEPT = 8
MONTH = 30 * 24 * 3600


def _key(member: Member) -> str:
    return f"recent:{member.here().id}:{member.id}"


def remember(member: Member, record: Any) -> None:
    """The member has this record before them."""
    written, key = f"{record.subject_type}:{record.id}", _key(member)
    with current_app.extensions["redis"].pipeline(transaction=False) as redis:
        redis.lrem(key, 0, written).lpush(key, written).ltrim(key, 0, KEPT - 1).expire(key, MONTH)
        try:
            redis.execute()
        except RedisError:
            return


def forget(records: Iterable[tuple[str, uuid.UUID]], *, port_id: uuid.UUID, users: Iterable[uuid.UUID]) -> None:
    """These records, of the port, are offered to none of the users any more."""
    written = [f"{kind}:{record_id}" for kind, record_id in records]
    with current_app.extensions["redis"].pipeline(transaction=False) as redis:
        for user_id in users:
            for one in written:
                redis.lrem(f"recent:{port_id}:{user_id}", 0, one)
        redis.execute()


def recent(member: Member) -> list[tuple[str, Shown]]:
    """The latest first, each with its kind."""
    try:
        written = current_app.extensions["redis"].lrange(_key(member), 0, KEPT - 1)
    except RedisError:
        return []
    named = [(kind, uuid.UUID(record_id)) for kind, _, record_id in (one.decode().partition(":") for one in written)]
    shown = shown_of(member, [one for one in named if one[0] in FINDERS])
    return [(kind, shown[kind, record_id]) for kind, record_id in named if (kind, record_id) in shown]
