"""Records that files lie with: a module says here which of its records do, and how its pages are found.

    holds_files(Client, entity="clients", seen_with="clients.view", endpoint="clients.index_files")

Whoever may open the record may see its files, and nobody else.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select

from ...current import Member
from ...db import db
from ...numbers import has_number

NOBODY = "general"  # the entity of a file that lies with no record


@dataclass(frozen=True)
class Holder:
    """A kind of record. `model` has `subject_type`, `number` and `visible_to(member)`; `entity` stands in the keys of
    its files. With `seen_with` a member may open every record of the kind; `endpoint` is the page of one record's
    files, by its number. `find` gives the record of a number that the member may open, and with True keeps it there
    until the transaction ends."""

    model: Any
    entity: str
    seen_with: str
    endpoint: str
    find: Callable[[int, Member, bool], Any]

    def visible(self, member: Member) -> Select[Any]:
        """The ids of the records that the member may open."""
        found: Select[Any] = self.model.visible_to(member)
        return found.with_only_columns(self.model.id)

    def number_of(self, member: Member, record_id: uuid.UUID | None) -> int | None:
        """The number in the address of a record that the member may open."""
        found: Select[Any] = self.model.visible_to(member).where(self.model.id == record_id)
        return db.session.scalar(found.with_only_columns(self.model.number))


HOLDERS: dict[str, Holder] = {}


def holds_files(
    model: Any,
    *,
    entity: str,
    seen_with: str,
    endpoint: str,
    find: Callable[[int, Member, bool], Any] | None = None,
) -> None:
    """Let files lie with records of the model."""

    def visible(number: int, member: Member, _is_kept: bool) -> Any:
        return db.session.scalars(model.visible_to(member).where(has_number(model, number))).one_or_none()

    HOLDERS[entity] = Holder(model, entity, seen_with, endpoint, find or visible)


def holder_of(record: Any) -> Holder:
    """Raises KeyError for a record of a kind that holds no files."""
    found = {holder.model: holder for holder in HOLDERS.values()}
    return found[type(record)]


def subject_of(entity: str, entity_id: uuid.UUID | None) -> tuple[str, uuid.UUID] | None:
    """What events about such a file are about; None where that is the file itself."""
    return (HOLDERS[entity].model.subject_type, entity_id) if entity_id is not None else None
