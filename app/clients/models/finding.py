"""Clients by words: the function that looks for them, and who may be meant."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, Text, Uuid, column, func, select

from ...current import Member
from ...db import db
from .client import Client

LONGEST = 200  # letters of a query; nobody types more


def search(member: Member, asked: str, most: int, *, archived: bool = False) -> Any:
    """The clients that fit the words, the best first: `client_id`, `place`, `tier` (see migration 0014) and `why`, what
    was found that a row does not show."""
    return hits(asked[:LONGEST], most, not member.can("clients.view"), archived)


def hits(asked: Any, most: Any, is_own: Any, archived: Any) -> Any:
    """The same of values, or of parameters that get theirs later."""
    found = func.search_clients(asked, most, is_own, archived)
    return found.table_valued(
        column("client_id", Uuid()), column("place", Integer()), column("tier", Integer()), column("why", Text())
    ).render_derived()


def suggested(member: Member, typed: str, *, most: int = 8) -> list[Client]:
    """Clients that may be meant by the words, whichever way they fit, the best first."""
    hits = search(member, typed, most)
    return list(db.session.scalars(select(Client).join(hits, hits.c.client_id == Client.id).order_by(hits.c.place)))
