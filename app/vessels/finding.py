"""Vessels among what search finds."""

from __future__ import annotations

from flask import url_for
from flask_babel import lazy_gettext
from sqlalchemy.orm import contains_eager

from ..current import Member
from ..db import db
from ..search.registry import Hit, source
from .models import Vessel
from .models.finding import search


@source(
    "vessels",
    lazy_gettext("Vessels"),
    icon="ship",
    permissions=("clients.view", "clients.view_own"),
    list_endpoint="vessels.index",
)
def find_vessels(member: Member, asked: str, most: int) -> list[Hit]:
    hits = search(member, asked, most)
    statement = (
        Vessel.visible_to(member)
        .join(hits, hits.c.vessel_id == Vessel.id)
        .join(Vessel.client)
        .options(contains_eager(Vessel.client))
        .order_by(hits.c.place)
    )
    return [
        Hit(vessel.name, url_for("vessels.show", number=vessel.number), vessel.owner_name)
        for vessel in db.session.scalars(statement)
    ]
