"""Berths among what search finds."""

from __future__ import annotations

from flask import url_for
from flask_babel import lazy_gettext

from ..current import Member
from ..db import db
from ..search.registry import Hit, source
from .models import Berth
from .models.berth import berth_name
from .queries import found_by, row_columns


@source("berths", lazy_gettext("Berths"), icon="anchor", permissions=("berths.view",), list_endpoint="berths.index")
def find_berths(member: Member, asked: str, most: int) -> list[Hit]:
    scope = Berth.visible_to(member).where(Berth.archived_at.is_(None), found_by(asked, fields_of=member.here().id))
    rows = db.session.execute(row_columns(scope).order_by(Berth.sort_place, Berth.id).limit(most))
    return [
        Hit(berth_name(row.dock_name, row.code), url_for("berths.show", number=row.number), row.harbour_name)
        for row in rows
    ]
