"""Which records an act is meant for: those ticked, or all that the list lets through."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self
from urllib.parse import parse_qsl

from sqlalchemy import Select, func, select
from werkzeug.datastructures import MultiDict

from ..current import Member
from ..db import db
from ..saved_views.listing import read_columns, shown_columns
from .records import Order, Records

MOST_TICKED = 1_000
NAMED = 5


@dataclass(frozen=True)
class Selection:
    """`chosen`: the filters of the list by name, as they last; `numbers` of the ticked, empty where all are meant."""

    records: Records
    member: Member
    is_all: bool
    numbers: tuple[int, ...]
    chosen: Mapping[str, str]
    words: str
    order: Order
    columns: tuple[str, ...]

    @classmethod
    def sent(cls, records: Records, sent: MultiDict[str, str], query: str, member: Member) -> Self:
        """As the list or the form of the act sends it; `query` is the list's own."""
        listing, filters = records.listing, records.listing.filters(member)
        kept = dict(parse_qsl(listing.kept_by(query, filters)[0]))
        chosen = {one.name: one.lasting(kept.get(one.name, ""), member) for one in filters}
        numbers = [
            int(text) for text in sent.getlist("number") if text.isascii() and text.isdecimal() and len(text) < 10
        ]
        is_all, asked = bool(sent.get("all")), kept.get("columns")
        return cls(
            records,
            member,
            is_all,
            () if is_all else tuple(numbers[:MOST_TICKED]),
            chosen,
            kept.get("q", ""),
            Order.of(records, chosen, kept.get("sort"), kept.get("direction")),
            tuple(read_columns(listing, asked) if asked else shown_columns(listing, member)),
        )

    def _visible(self) -> Select[Any]:
        return self.records.visible_to(self.member)

    def _narrowed(self) -> Select[Any]:
        return self.records.narrowed(self._visible(), self.chosen, port_id=self.member.here().id)


class Chosen(Selection):
    """To be changed: nobody who is archived, and nobody where none is ticked."""

    @cached_property
    def ids(self) -> Sequence[uuid.UUID] | None:
        """None where the filters alone say it, as a job can ask again a step at a time."""
        model = self.records.model
        if not self.is_all:
            found = self._visible().where(model.number.in_(self.numbers), model.archived_at.is_(None))
        elif self.words:
            found = self.records.matching(self._narrowed(), self.words, self.chosen, self.member, archived=False)
            found = found.where(model.archived_at.is_(None))
        else:
            return None
        return db.session.scalars(found.with_only_columns(model.id).order_by(model.id)).all()

    def scope(self) -> Select[Any]:
        model = self.records.model
        if self.ids is not None:
            return self._visible().where(model.id.in_(self.ids))
        return self._narrowed().where(model.archived_at.is_(None))

    @cached_property
    def count(self) -> int:
        return len(self.ids) if self.ids is not None else counted(self.scope(), self.records)

    @cached_property
    def names(self) -> Sequence[str]:
        """Of the first few."""
        called, by_name = self.records.called
        named = self.scope().with_only_columns(called).order_by(by_name, self.records.model.id)
        return db.session.scalars(named.limit(NAMED)).all()


class Listed(Selection):
    """To be read: the ticked, or all that the list shows where none is, in its order."""

    @cached_property
    def ids(self) -> list[uuid.UUID] | None:
        """None where the filters alone say it, as a job can ask again."""
        if self.words:
            return self._ticked_of(self.records.found(self.words, self.chosen, self.order, self.member))
        if self.numbers:
            ticked = self._visible().where(self.records.model.number.in_(self.numbers))
            return list(db.session.scalars(self.order.ids(ticked, self.records)))
        return None

    def _ticked_of(self, found: list[uuid.UUID]) -> list[uuid.UUID]:
        if not self.numbers:
            return found
        model = self.records.model
        numbered = self._visible().where(model.number.in_(self.numbers))
        ticked = set(db.session.scalars(numbered.with_only_columns(model.id)))
        return [record_id for record_id in found if record_id in ticked]

    @cached_property
    def count(self) -> int:
        return len(self.ids) if self.ids is not None else counted(self._narrowed(), self.records)

    def every_id(self) -> list[uuid.UUID]:
        """For a few."""
        if self.ids is not None:
            return self.ids
        return list(db.session.scalars(self.order.ids(self._narrowed(), self.records)))


def counted(scope: Select[Any], records: Records) -> int:
    rows = scope.with_only_columns(records.model.id).order_by(None).subquery()
    return db.session.scalar(select(func.count()).select_from(rows)) or 0
