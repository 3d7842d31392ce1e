"""The bell: the number of unread notifications on every page, wherever its owner looks.

`notification:new` and `notification:unreadCount` are what is said here: the bell anew, and to open lists that they
should look again. They are pushes, not events, and one that is lost is made good by the next page.
"""

from __future__ import annotations

import uuid

import redis
import structlog
from sqlalchemy import text

from .. import live
from ..current import Member
from ..db import begin, db
from ..identity.models import current_port_of

log = structlog.get_logger("quayside.bell")

# Counted as `enter()` counts.
UNREAD = text(
    "SELECT count(*) FROM (SELECT FROM notifications WHERE user_id = :user AND port_id = :port AND read_at IS NULL"
    " LIMIT 100) x"
)


def room_of(user_id: uuid.UUID, port_id: uuid.UUID) -> str:
    """Of a user in one port: the same bell shows another number in another port."""
    return f"user:{user_id}:{port_id}"


@live.topic("bell")
def bell_topic(member: Member, key: str | None) -> str | None:
    return room_of(member.id, member.here().id) if key is None else None


@live.topic("notifications")
def notifications_topic(member: Member, key: str | None) -> str | None:
    return f"{room_of(member.id, member.here().id)}:list" if key is None else None


def ring(user_id: uuid.UUID, port_id: uuid.UUID) -> None:
    """Show the present number in all windows of the user; after the commit, so that whoever looks again sees it."""
    begin(port_id=port_id, scope="staff")
    unread = db.session.scalar(UNREAD, {"user": user_id, "port": port_id})
    room = room_of(user_id, port_id)
    try:
        live.replace(room, "notifications/_bell.html", target="bell", unread=unread, port=current_port_of(port_id))
        live.refresh(f"{room}:list")
    except redis.RedisError as error:
        log.warning("bell_not_rung", error=str(error))
    finally:
        db.session.rollback()
