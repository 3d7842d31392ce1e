"""Which clients a bulk act is meant for: those ticked, or all that the list lets through."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self
from urllib.parse import parse_qsl

from sqlalchemy import Select, func, select
from werkzeug.datastructures import MultiDict

from ...current import Member
from ...db import db
from ..listing import CLIENTS
from ..models import Client
from ..models.finding import search
from ..queries import FOUND, FOUND_TO_NARROW, filters_of, narrowed

MOST_TICKED = 1_000
NAMED = 5


@dataclass(frozen=True)
class Selection:
    """`chosen`: the filters of the list by name, "me" as an id; `numbers` of the ticked, empty where all are meant."""

    member: Member
    is_all: bool
    numbers: tuple[int, ...]
    chosen: Mapping[str, str]
    words: str

    @classmethod
    def sent(cls, sent: MultiDict[str, str], query: str, member: Member) -> Self:
        """As the list or the form of the act sends it; `query` is the list's own."""
        kept = dict(parse_qsl(CLIENTS.kept(query, member)[0]))
        chosen = {offered.name: kept.get(offered.name, "") for offered in filters_of(member)}
        if chosen["owner"] == "me":
            chosen["owner"] = str(member.id)
        numbers = [
            int(text) for text in sent.getlist("number") if text.isascii() and text.isdecimal() and len(text) < 10
        ]
        is_all = bool(sent.get("all"))
        return cls(member, is_all, () if is_all else tuple(numbers[:MOST_TICKED]), chosen, kept.get("q", ""))

    @cached_property
    def client_ids(self) -> Sequence[uuid.UUID] | None:
        """None where the filters alone say it, as a job can ask again a step at a time."""
        if not self.is_all:
            found = self._visible().where(Client.number.in_(self.numbers), Client.archived_at.is_(None))
        elif self.words:
            is_narrowed = any(value for name, value in self.chosen.items() if name != "archived")
            hits = search(self.member, self.words, FOUND_TO_NARROW if is_narrowed else FOUND)
            found = self._narrowed().where(Client.id.in_(select(hits.c.client_id)))
        else:
            return None
        return db.session.scalars(found.with_only_columns(Client.id).order_by(Client.id)).all()

    def _narrowed(self) -> Select[Any]:
        return narrowed(self._visible(), self.chosen, port_id=self.member.here().id)

    def _visible(self) -> Select[Any]:
        return Client.visible_to(self.member)

    def scope(self) -> Select[Any]:
        if self.client_ids is not None:
            return self._visible().where(Client.id.in_(self.client_ids))
        return self._narrowed().where(Client.archived_at.is_(None))

    @cached_property
    def count(self) -> int:
        if self.client_ids is not None:
            return len(self.client_ids)
        return (
            db.session.scalar(select(func.count()).select_from(self.scope().with_only_columns(Client.id).subquery()))
            or 0
        )

    @cached_property
    def names(self) -> Sequence[str]:
        """Of the first few."""
        named = self.scope().with_only_columns(Client.full_name).order_by(Client.sort_name, Client.id)
        return db.session.scalars(named.limit(NAMED)).all()
