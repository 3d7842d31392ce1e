"""Interests among what search finds: by their number, or by whose they are."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, select

from ..clients.models.finding import search
from ..current import Member
from ..db import db
from ..numbers import has_number
from ..search.registry import Hit, source
from .labels import interest_words
from .models import Interest
from .queries import row_columns


@source(
    "interests",
    lazy_gettext("Interests"),
    icon="flag",
    permissions=("interests.view",),
    list_endpoint="interests.index_table",
)
def find_interests(member: Member, asked: str, most: int) -> list[Hit]:
    hits = search(member, asked, most)
    meant: ColumnElement[bool] = Interest.client_id.in_(select(hits.c.client_id))
    order: list[Any] = [Interest.outcome.is_not(None), Interest.id.desc()]
    if asked.isascii() and asked.isdecimal():
        is_it = has_number(Interest, int(asked))
        meant, order = meant | is_it, [is_it.desc(), *order]
    scope = Interest.visible_to(member).where(Interest.archived_at.is_(None), meant)
    rows = db.session.execute(row_columns(scope).order_by(*order).limit(most))
    return [Hit(row.client_name, url_for("interests.show", number=row.number), _stage(row.stage)) for row in rows]


def _stage(stage: str) -> str:
    return _("Interest: %(stage)s", stage=interest_words("stages", stage))
