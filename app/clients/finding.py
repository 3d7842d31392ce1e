"""Clients among what search finds."""

from __future__ import annotations

from flask import url_for
from flask_babel import lazy_gettext

from ..current import Member
from ..search.marking import excerpt
from ..search.registry import Hit, source
from .queries import best_clients
from .views.clients import SEES


@source("clients", lazy_gettext("Clients"), icon="user", permissions=SEES, list_endpoint="clients.index")
def find_clients(member: Member, asked: str, most: int) -> list[Hit]:
    return [
        Hit(
            row.full_name,
            url_for("clients.show", number=row.number),
            excerpt(row.why, asked, around=30) if row.why else row.company_name or row.email or row.phone or "",
        )
        for row in best_clients(member, asked, most)
    ]
