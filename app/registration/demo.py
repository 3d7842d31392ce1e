"""The registrations of `make run`: two who asked on the public page, and nobody has looked at them yet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from uuid_utils.compat import uuid7

from ..clients.models import Client
from ..current import CurrentPort
from ..db import db, now
from ..interests.models import Interest
from .models import Registration

ASKED: tuple[dict[str, Any], ...] = (
    {
        "name": "Henrike Vossberg",
        "email": "henrike.vossberg@example.com",
        "phone": "+441632960214",
        "vessel": "Kleine Freiheit",
        "loa": "9.60",
        "beam": "3.10",
        "draft": "1.60",
        "kind": "annual",
        "message": "We come with two small children: is there a berth near the showers?",
        "marketing": True,
    },
    {
        "name": "Tobias Lindqvist",
        "email": "tobias.lindqvist@example.com",
        "vessel": "Havsvind",
        "loa": "12.20",
        "kind": "visit",
        "message": "Three nights on our way south. Shore power would be good.",
    },
)
LEFT_EMPTY = dict.fromkeys(("phone", "vessel", "loa", "beam", "draft", "wanted_until"), "")


def make_registrations(port: CurrentPort) -> None:
    """As the page receives them and the job takes them in."""
    for at, asked in enumerate(ASKED):
        begins = (now() + timedelta(days=40 + 30 * at)).date().isoformat()
        words = {**LEFT_EMPTY, "marketing": False, "wanted_from": begins, "language": port.locale, **asked}
        key = uuid7().bytes
        Registration.receive(words, key=key)
        made = db.session.scalars(
            select(Registration).where(Registration.port_id == port.id, Registration.once_key == key)
        ).one()
        made.take_in(port=port)
        moment = now() - timedelta(hours=3 + 20 * at)
        client = db.session.get_one(Client, made.client_id)
        interest = db.session.get_one(Interest, made.interest_id)
        for record in (made, client, interest):
            record.created_at = record.updated_at = moment
        interest.stage_since = interest.active_at = moment
    db.session.flush()
