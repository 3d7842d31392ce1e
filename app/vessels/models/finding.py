"""Vessels by words: the function that looks for them, and which may be meant."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, Uuid, column, func, select

from ...current import Member
from ...db import db
from .vessel import Vessel

LONGEST = 200  # letters of a query; nobody types more


def search(member: Member, asked: str, most: int, *, archived: bool = False) -> Any:
    """The vessels that fit the words, the best first: `vessel_id` and `place`."""
    is_own = not member.can("clients.view")
    found = func.search_vessels(asked[:LONGEST], most, is_own, archived)
    return found.table_valued(column("vessel_id", Uuid()), column("place", Integer())).render_derived()


def suggested(member: Member, typed: str, *, most: int = 8) -> list[Vessel]:
    """Vessels that may be meant by the words, whichever way they fit, the best first."""
    hits = search(member, typed, most)
    return list(db.session.scalars(select(Vessel).join(hits, hits.c.vessel_id == Vessel.id).order_by(hits.c.place)))
