"""Vessels among what search finds."""

from __future__ import annotations

from flask import url_for
from flask_babel import lazy_gettext
from sqlalchemy import Integer, Uuid, column, func
from sqlalchemy.orm import contains_eager

from ..current import Member
from ..db import db
from ..search.registry import Hit, source
from .models import Vessel


@source("vessels", lazy_gettext("Vessels"), icon="ship", permissions=("clients.view", "clients.view_own"))
def find_vessels(member: Member, asked: str, most: int) -> list[Hit]:
    found = func.search_vessels(asked, most, not member.can("clients.view"))
    hits = found.table_valued(column("vessel_id", Uuid()), column("place", Integer())).render_derived()
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
