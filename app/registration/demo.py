"""The registrations of `make run`: two who asked on the public page, and nobody has looked at them yet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from uuid_utils.compat import uuid7

from ..clients.models import Client, ClientSource
from ..current import CurrentPort
from ..db import db, now
from ..numbers import take_number
from .models import Registration, RegistrationStatus

ASKED: tuple[dict[str, Any], ...] = (
    {"kind": "annual", "message": "We come with two small children: is there a berth near the showers?"},
    {"kind": "visit", "message": "Three nights on our way south. Shore power would be good."},
)


def make_registrations(port: CurrentPort) -> None:
    """Of the latest who came by the website."""
    by_website = (Client.port_id == port.id, Client.source == ClientSource.WEBSITE, Client.archived_at.is_(None))
    clients = db.session.scalars(select(Client.id).where(*by_website).order_by(Client.created_at.desc()).limit(2))
    for at, (client_id, asked) in enumerate(zip(clients, ASKED, strict=False)):
        number, begins = take_number(port.id, "registration"), (now() + timedelta(days=40 + 30 * at)).date()
        about = {"status": RegistrationStatus.NEW, "client_id": client_id, "wanted_from": begins, **asked}
        made = Registration(port_id=port.id, number=number, once_key=uuid7().bytes, **about)
        made.created_at = made.updated_at = now() - timedelta(hours=3 + 20 * at)
        db.session.add(made)
    db.session.flush()
