"""The plan of a harbour of two thousand berths: what a first visit loads, and what one changed status sends to it."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode, urlsplit

from sqlalchemy import insert
from uuid_utils.compat import uuid7

from app.berths.models import Berth, BerthStatus, Dock, Harbour
from app.db import commit, db
from bench.crowd import PING, Place
from bench.editor import Editor
from bench.site import BOTH, Site
from bench.weight import Fetched, first_visit
from tests.world import SOUTH, enter, fields_of

BERTHS, DOCKS = 2_000, 20
CHANGES = 6
QUIET = timedelta(seconds=1.5)  # after which nothing more is coming
NAME = "Long Reach"


@dataclass
class MapResult:
    """`changes`: bytes that each of them sent to one open map."""

    first: Fetched
    icon: int
    changes: list[int] = field(default_factory=list)

    @property
    def weight(self) -> float:
        return self.first.size + self.icon


def fill(site: Site) -> None:
    """In the port next door, where nothing else is measured; nothing where it is done."""
    with site.installation.app.app_context():
        by = enter(BOTH, "south")
        of: dict[str, Any] = {"port_id": SOUTH, "by": by, "announce": False}
        if db.session.scalars(Harbour.visible_to(by).where(Harbour.name == NAME)).first():
            return
        harbour = Harbour.create({"name": NAME}, **of)
        docks = [Dock.create({"harbour_id": harbour.id, "name": f"Pier {n}"}, **of) for n in range(1, DOCKS + 1)]
        db.session.execute(insert(Berth), [_berth(n, docks[n % DOCKS], harbour) for n in range(BERTHS)])
        commit()
    with site.connect() as connection:
        connection.execute("ANALYZE berths, docks")


def _berth(n: int, dock: Dock, harbour: Harbour) -> dict[str, object]:
    code = str(n // DOCKS + 1)
    sort_code = code.zfill(12)
    size = {"max_loa": Decimal(6 + n % 14), "max_beam": Decimal(20 + n % 31) / 10}
    order = {"code": code, "sort_code": sort_code, "sort_place": dock.order_of(harbour) + sort_code}
    status = list(BerthStatus)[n % len(BerthStatus)]
    return {"id": uuid7(), "port_id": SOUTH, "number": 5000 + n, "dock_id": dock.id, "status": status, **size, **order}


def measure_maps(site: Site) -> MapResult:
    """With web and relay running."""
    fill(site)
    token = site.tokens([BOTH])[0]
    with site.installation.app.app_context():
        by = enter(BOTH, "south")
        number = db.session.scalars(Harbour.visible_to(by).where(Harbour.name == NAME)).one().number
        db.session.rollback()
    first, icon = first_visit(site, token, f"/south/berths/map?harbour={number}")
    return MapResult(first, icon, _changes(site, token, f"map:statuses-{number}"))


def _changes(site: Site, token: str, topic: str) -> list[int]:
    parts = urlsplit(site.url)
    place = Place(parts.hostname or "localhost", parts.port or 80, "/south/live")
    editor, found = Editor(site.url, token), []
    with socket.create_connection(("127.0.0.1", place.port), timeout=20) as listening:
        listening.sendall(place.handshake(token, [topic]))
        assert listening.recv(1 << 16).startswith(b"HTTP/1.1 101")
        _heard(listening)
        for change in range(CHANGES + 1):
            at = f"/south/berths/{5000 + change}"
            _answer, page = editor.ask("GET", at)
            status = BerthStatus.AVAILABLE if f'selected value="{BerthStatus.SOLD}"' in page else BerthStatus.SOLD
            sent = {"csrf_token": fields_of(page)["csrf_token"], "status": status}
            answer, text = editor.ask("POST", f"{at}/status?_method=PUT", urlencode(sent))
            assert answer.status == 303, text[-2000:]
            site.wait_for_relay()
            found.append(_heard(listening))
    assert all(found)
    return found[1:]  # the first warms up


def _heard(listening: socket.socket) -> int:
    """Bytes until nothing more comes, without those that only ask whether somebody is there."""
    listening.settimeout(QUIET.total_seconds())
    heard = b""
    try:
        while more := listening.recv(1 << 16):
            heard += more
    except TimeoutError:
        pass
    return len(heard.removeprefix(PING).removesuffix(PING))
