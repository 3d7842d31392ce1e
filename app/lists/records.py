"""Records: what a list says once about its records, so that many of them can be handed out or changed at once."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import Select, select

from ..current import Member
from ..db import db
from ..paging import Sort
from ..saved_views.listing import Listing


class Records(ABC):
    """Their model has a `number` and ids that grow, and an `archived_at` where many of them can be changed at once."""

    listing: ClassVar[Listing]
    model: ClassVar[Any]

    @property
    @abstractmethod
    def called(self) -> tuple[Any, Any]:
        """The column with what one is called, and what those are ordered by."""

    @abstractmethod
    def narrowed(self, scope: Select[Any], chosen: Mapping[str, str], *, port_id: uuid.UUID) -> Select[Any]:
        """The filters of the list laid over a scope."""

    @abstractmethod
    def matching(
        self, scope: Select[Any], words: str, chosen: Mapping[str, str], member: Member, *, archived: bool
    ) -> Select[Any]:
        """Those whom the words of the search box find."""

    def found(self, words: str, chosen: Mapping[str, str], order: Order, member: Member) -> list[uuid.UUID]:
        """The ids of those that the list shows, in its order, where words were typed."""
        scope = self.narrowed(self.visible_to(member), chosen, port_id=member.here().id)
        scope = self.matching(scope, words, chosen, member, archived=bool(chosen.get("archived")))
        return list(db.session.scalars(order.ids(scope, self)))

    def visible_to(self, member: Member) -> Select[Any]:
        """Those that a list may show them."""
        scope: Select[Any] = self.model.visible_to(member)
        return scope

    def of_port(self, port_id: uuid.UUID, *, own_of: uuid.UUID | None = None) -> Select[Any]:
        """As a job may touch or read them. `own_of`: who asked, where they see no others than their own."""
        return select(self.model).where(self.model.port_id == port_id)

    def sees_all(self, member: Member) -> bool:
        return True

    def sorts(self, chosen: Mapping[str, str]) -> Sequence[Sort]:
        """What the list is ordered by when it is narrowed like this, the usual one first."""
        return self.listing.sorts


class Order:
    """One of the orders of a list."""

    def __init__(self, sort: Sort, *, descending: bool) -> None:
        self.key, self.column, self.descending = sort.key, sort.column, descending

    @classmethod
    def of(cls, records: Records, chosen: Mapping[str, str], key: str | None, direction: str | None) -> Order:
        sorts = records.sorts(chosen)
        sort = next((offered for offered in sorts if offered.key == key), sorts[0])
        return cls(sort, descending=direction == "desc" if direction else sort.descending)

    def ids(self, scope: Select[Any], records: Records) -> Select[Any]:
        model = records.model
        ends = (self.column.desc(), model.id.desc()) if self.descending else (self.column, model.id)
        return scope.with_only_columns(model.id).order_by(*ends)
