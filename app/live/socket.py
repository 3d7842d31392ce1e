"""The address of the socket: who may open it is settled before the handshake, the rest is the hub's."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

import redis
import structlog
from flask import Blueprint, Response, abort, current_app, g, request
from flask_sock import Sock

from ..current import Member
from ..db import db, rollback
from ..web import allowed_origins, signed_in
from .hub import REDIS_AWAY, Hub
from .rooms import has_news, room_of
from .window import Window, frame_of

log = structlog.get_logger("quayside.live")

bp = Blueprint("live", __name__)
sock = Sock()

TOO_MANY, NOT_PERMITTED = 4001, 4003
MOST_TOPICS = 20


class Unstarted:
    """In the place of the thread flask-sock would read with: a window reads and writes by itself."""

    name = ""

    def __init__(self, target: object) -> None:
        pass

    def start(self) -> None:
        pass


@bp.before_request
def prepare() -> None:
    """Refuse what must not get as far as a socket, and look up what needs the database."""
    if request.headers.get("Origin") not in allowed_origins():
        log.warning("foreign_origin", origin=request.headers.get("Origin", "")[:200])
        abort(403)
    if not is_handshake():
        abort(400)
    hub: Hub = current_app.extensions["live"]
    if not hub.is_ready():
        abort(503)
    member: Member = g.member
    followed = request.args.getlist("follow")[:MOST_TOPICS]
    g.live_rooms = [room_of(topic, member) for topic in followed]
    g.live_member = member.id, member.session_id
    # Browsers offer compression, and its buffers are four times what a window may cost.
    request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
    # From here on the socket waits, for hours perhaps: nothing of the database may wait with it.
    rollback()
    db.session.remove()


def is_handshake() -> bool:
    try:
        key = base64.b64decode(request.headers.get("Sec-WebSocket-Key", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(key) == 16 and request.headers.get("Sec-WebSocket-Version") == "13"


@sock.route("/<port>/live", bp=bp)  # type: ignore[untyped-decorator]  # Flask-Sock is published without types, so its decorator has none
@signed_in
def connect(ws: Any) -> None:
    user_id, session_id = g.live_member
    window = Window(ws.ws, ws.sock, user_id=user_id, session_id=session_id)
    ws.connected = False  # flask-sock has nothing to say at the end
    refusal = enter(window, g.live_rooms)
    if refusal:
        window.close(*refusal)
    try:
        window.listen()
    finally:
        current_app.extensions["live"].leave(window)


def enter(window: Window, rooms: list[str | None]) -> tuple[int, str] | None:
    """Let the window listen to its rooms; code and reason when it may not."""
    hub: Hub = current_app.extensions["live"]
    permitted = [room for room in rooms if room is not None]
    if len(permitted) < len(rooms):
        return NOT_PERMITTED, "What this page follows is no longer open to you"
    try:
        if not hub.admit(window):
            return TOO_MANY, "Live updates run in ten windows already"
        window.follow(permitted)
        hub.join(window)
        # In this order: what is said after the look is heard, what was said before it is seen.
        if permitted and has_news(hub.redis, permitted, asked_since()):
            window.send(frame_of("refresh #main"))
    except redis.RedisError:
        return REDIS_AWAY, "Live updates are away for a moment"
    return None


def asked_since() -> datetime | None:
    """When the page read what it shows; None when it does not say so in a way that can be read."""
    try:
        since = datetime.fromisoformat(request.args.get("since", "").replace(" ", "+"))
    except ValueError:
        return None
    return since if since.tzinfo else None


@bp.after_request
def name_status(response: Response) -> Response:
    # The socket is over; this is only for the log, which would tell of a page.
    if response.status_code == 200:
        response.status_code = 101
    return response
