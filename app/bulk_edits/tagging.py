"""Putting a tag on many records or taking it off, and taking that back: a statement for each, whatever their number.

What stands here must come to the same as `Tagging.put_on` and `Tagging.take_off` one by one; a test compares them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, select, text
from uuid_utils.compat import uuid7

from ..bulk import insert_many
from ..changes.ways import Done
from ..db import db
from ..events.bulk import Happening
from ..tags.models import Tag, Tagging
from .kinds import BulkAct
from .models import BulkEdit

# What is noted in the change set.
TAGGED, UNTAGGED = "tagged", "untagged"


def held(edit: BulkEdit) -> Tag | None:
    """The tag, which nobody puts away meanwhile; None when it is put away and can be put nowhere else."""
    found = select(Tag).where(Tag.port_id == edit.port_id, Tag.id == edit.tag_id).with_for_update(read=True)
    tag = db.session.scalars(found.execution_options(populate_existing=True)).one()
    return None if edit.act == BulkAct.TAG and tag.archived_at is not None else tag


def put_on(tagging: type[Tagging], tag: Tag, record_ids: Sequence[uuid.UUID], *, at: datetime) -> Sequence[Any]:
    """`id`, `record_id` and `created_at` of those that were not there."""
    table, holder = tagging.__tablename__, tagging.HOLDER
    statement = text(
        f"INSERT INTO {table} (id, port_id, {holder}, tag_id, created_at)"  # noqa: S608  # names of our own tables
        " SELECT u.id, :port, u.record_id, :tag, :now"
        " FROM unnest(CAST(:ids AS uuid[]), CAST(:records AS uuid[])) AS u (id, record_id)"
        f" ON CONFLICT DO NOTHING RETURNING id, {holder} AS record_id, created_at"
    )
    ids = [uuid7() for _record_id in record_ids]
    place = {"port": tag.port_id, "tag": tag.id, "now": at, "ids": ids, "records": list(record_ids)}
    return db.session.execute(statement, place).all()


def take_off(tagging: type[Tagging], tag: Tag, record_ids: Sequence[uuid.UUID]) -> Sequence[Any]:
    """`id`, `record_id` and `created_at` of those that were there."""
    holder = tagging.HOLDER
    statement = text(
        f"DELETE FROM {tagging.__tablename__} WHERE port_id = :port AND tag_id = :tag"  # noqa: S608  # our own tables
        f" AND {holder} = ANY (CAST(:records AS uuid[])) RETURNING id, {holder} AS record_id, created_at"
    )
    return db.session.execute(statement, {"port": tag.port_id, "tag": tag.id, "records": list(record_ids)}).all()


def told(tag: Tag) -> dict[str, Any]:
    """What the event of each record says."""
    return {"tag_id": tag.id, "tag": tag.name}


def image_of(tag: Tag, row: Any) -> dict[str, Any]:
    return {"tag": {"id": tag.id, "row": row.id, "created_at": row.created_at.isoformat()}}


class TagsBack:
    """One batch of records, which are locked: what was put on comes off, what was taken off is put on again. `tell`:
    the event of one, by what happened, its id and the details."""

    def __init__(
        self, tagging: type[Tagging], done: Sequence[Done], port_id: uuid.UUID, tell: Callable[..., Happening]
    ) -> None:
        self.tagging, self.port_id, self.tell = tagging, port_id, tell
        self.holder: Any = getattr(tagging, tagging.HOLDER)
        self.tags: dict[uuid.UUID, Tag] = {}
        self.there: dict[tuple[uuid.UUID, uuid.UUID], uuid.UUID] = {}
        self.coming_off: list[uuid.UUID] = []
        self.coming_on: list[dict[str, Any]] = []
        if tag_ids := {uuid.UUID(one.image["tag"]["id"]) for one in done if one.image and "tag" in one.image}:
            found = select(Tag).where(Tag.id.in_(tag_ids)).order_by(Tag.id).with_for_update(read=True)
            self.tags = {tag.id: tag for tag in db.session.scalars(found.execution_options(populate_existing=True))}
            carried = select(self.holder.label("record_id"), tagging.tag_id, tagging.id).where(
                tagging.tag_id.in_(tag_ids), self.holder.in_([one.subject_id for one in done])
            )
            self.there = {(row.record_id, row.tag_id): row.id for row in db.session.execute(carried)}

    def put_back(self, one: Done) -> tuple[str, Happening | None]:
        """Why it stays, and what happens; neither where somebody did the same since."""
        kept = (one.image or {})["tag"]
        tag, row_id = self.tags[uuid.UUID(kept["id"])], uuid.UUID(kept["row"])
        present = self.there.get((one.subject_id, tag.id))
        if one.act == TAGGED:
            if present is not None and present != row_id:
                return _("The tag %(tag)s was taken off and put on again since.", tag=tag.name), None
            if present is None:
                return "", None
            self.coming_off.append(row_id)
            return "", self.tell("untagged", one.subject_id, told(tag))
        if present is not None:
            return "", None
        if tag.archived_at is not None:
            return _("The tag %(tag)s was archived since.", tag=tag.name), None
        row = {"id": row_id, "port_id": self.port_id, self.tagging.HOLDER: one.subject_id, "tag_id": tag.id}
        self.coming_on.append({**row, "created_at": kept["created_at"]})
        return "", self.tell("tagged", one.subject_id, told(tag))

    def write(self) -> None:
        if self.coming_off:
            db.session.execute(delete(self.tagging).where(self.tagging.id.in_(self.coming_off)))
        insert_many(self.tagging, self.coming_on)
