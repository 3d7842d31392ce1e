"""Whom the list of clients shows, or who of them was ticked, in the order of the list; and which columns it has."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self
from urllib.parse import parse_qsl

from sqlalchemy import Select, func, select
from werkzeug.datastructures import MultiDict

from ..current import Member
from ..db import db
from ..saved_views.listing import read_columns, shown_columns
from .bulk.selection import Selection
from .listing import CLIENTS
from .models import Client, Export
from .models.finding import search
from .queries import FOUND, FOUND_TO_NARROW, SORTS, narrowed


@dataclass(frozen=True)
class Listed:
    """The clients that were ticked, or all that the list lets through, in its order."""

    selection: Selection
    sort: str
    descending: bool
    columns: tuple[str, ...]

    @classmethod
    def sent(cls, sent: MultiDict[str, str], query: str, member: Member) -> Self:
        """As the list or the form of an export sends it; `query` is the list's own."""
        kept = dict(parse_qsl(CLIENTS.kept(query, member)[0]))
        sort = next((offered for offered in SORTS if offered.key == kept.get("sort")), SORTS[0])
        asked = kept.get("columns")
        columns = read_columns(CLIENTS, asked) if asked else shown_columns(CLIENTS, member)
        descending = kept["direction"] == "desc" if "direction" in kept else sort.descending
        return cls(Selection.sent(sent, query, member), sort.key, descending, tuple(columns))

    @property
    def member(self) -> Member:
        return self.selection.member

    @property
    def numbers(self) -> tuple[int, ...]:
        return self.selection.numbers

    @property
    def chosen(self) -> Mapping[str, str]:
        return self.selection.chosen

    @cached_property
    def client_ids(self) -> list[uuid.UUID] | None:
        """None where the filters alone say it, as a job can ask again."""
        if self.selection.words:
            return self._ticked_of(self._found())
        if self.numbers:
            ticked = Client.visible_to(self.member).where(Client.number.in_(self.numbers))
            return list(db.session.scalars(in_order(ticked.where(Client.merged_into_id.is_(None)), self)))
        return None

    def _found(self) -> list[uuid.UUID]:
        """Whom the search finds, the best first."""
        is_narrowed = any(self.chosen.values())
        most = FOUND_TO_NARROW if is_narrowed else FOUND
        hits = search(self.member, self.selection.words, most, archived=bool(self.chosen["archived"]))
        ranked = select(hits.c.client_id).order_by(hits.c.place)
        if is_narrowed:
            ranked = ranked.where(hits.c.client_id.in_(self.scope().with_only_columns(Client.id)))
        return list(db.session.scalars(ranked))

    def _ticked_of(self, found: list[uuid.UUID]) -> list[uuid.UUID]:
        if not self.numbers:
            return found
        numbered = Client.visible_to(self.member).where(Client.number.in_(self.numbers))
        ticked = set(db.session.scalars(numbered.with_only_columns(Client.id)))
        return [client_id for client_id in found if client_id in ticked]

    def scope(self) -> Select[Any]:
        return narrowed(Client.visible_to(self.member), self.chosen, port_id=self.member.here().id)

    @cached_property
    def count(self) -> int:
        if self.client_ids is not None:
            return len(self.client_ids)
        counted = self.scope().with_only_columns(Client.id).subquery()
        return db.session.scalar(select(func.count()).select_from(counted)) or 0

    def every_id(self) -> list[uuid.UUID]:
        """For a few."""
        return (
            self.client_ids if self.client_ids is not None else list(db.session.scalars(in_order(self.scope(), self)))
        )


def in_order(scope: Select[Any], listed: Listed | Export) -> Select[Any]:
    """The ids of the clients as the list has them."""
    column = next(offered.column for offered in SORTS if offered.key == listed.sort)
    order = (column.desc(), Client.id.desc()) if listed.descending else (column, Client.id)
    return scope.with_only_columns(Client.id).order_by(*order)
