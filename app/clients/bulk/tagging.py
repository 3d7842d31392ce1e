"""Putting a tag on many clients or taking it off, and taking that back: a statement for each, whatever their number.

What stands here must come to the same as `ClientTag.put_on` and `ClientTag.take_off` one by one; a test compares them.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, select, text
from uuid_utils.compat import uuid7

from ...bulk import insert_many
from ...changes.ways import Done
from ...db import db
from ...events.bulk import Happening
from ...tags.models import Tag
from ..models import ClientTag
from ..models.bulk_edit import BulkAct, BulkEdit

PUT_ON = text(
    "INSERT INTO client_tags (id, port_id, client_id, tag_id, created_at) SELECT u.id, :port, u.client_id, :tag, :now"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:clients AS uuid[])) AS u (id, client_id)"
    " ON CONFLICT DO NOTHING RETURNING id, client_id, created_at"
)
TAKE_OFF = text(
    "DELETE FROM client_tags WHERE port_id = :port AND tag_id = :tag AND client_id = ANY (CAST(:clients AS uuid[]))"
    " RETURNING id, client_id, created_at"
)
# What is noted in the change set.
TAGGED, UNTAGGED = "tagged", "untagged"


def held(edit: BulkEdit) -> Tag | None:
    """The tag, which nobody puts away meanwhile; None when it is put away and can be put on nobody else."""
    found = select(Tag).where(Tag.port_id == edit.port_id, Tag.id == edit.tag_id).with_for_update(read=True)
    tag = db.session.scalars(found.execution_options(populate_existing=True)).one()
    return None if edit.act == BulkAct.TAG and tag.archived_at is not None else tag


def put_on(tag: Tag, client_ids: Sequence[uuid.UUID], *, at: datetime) -> Sequence[Any]:
    """`id`, `client_id` and `created_at` of those that were not there."""
    ids = [uuid7() for _client_id in client_ids]
    place = {"port": tag.port_id, "tag": tag.id, "now": at, "ids": ids, "clients": list(client_ids)}
    return db.session.execute(PUT_ON, place).all()


def take_off(tag: Tag, client_ids: Sequence[uuid.UUID]) -> Sequence[Any]:
    """`id`, `client_id` and `created_at` of those that were there."""
    return db.session.execute(TAKE_OFF, {"port": tag.port_id, "tag": tag.id, "clients": list(client_ids)}).all()


def told(tag: Tag) -> dict[str, Any]:
    """What the event of each client says."""
    return {"tag_id": tag.id, "tag": tag.name}


def image_of(tag: Tag, row: Any) -> dict[str, Any]:
    return {"tag": {"id": tag.id, "row": row.id, "created_at": row.created_at.isoformat()}}


class TagsBack:
    """One batch of clients, who are locked: what was put on comes off, what was taken off is put on again."""

    def __init__(self, done: Sequence[Done], port_id: uuid.UUID) -> None:
        self.port_id = port_id
        self.tags: dict[uuid.UUID, Tag] = {}
        self.there: dict[tuple[uuid.UUID, uuid.UUID], uuid.UUID] = {}
        self.coming_off: list[uuid.UUID] = []
        self.coming_on: list[dict[str, Any]] = []
        if tag_ids := {uuid.UUID(one.image["tag"]["id"]) for one in done if one.image and "tag" in one.image}:
            found = select(Tag).where(Tag.id.in_(tag_ids)).order_by(Tag.id).with_for_update(read=True)
            self.tags = {tag.id: tag for tag in db.session.scalars(found.execution_options(populate_existing=True))}
            clients = [one.subject_id for one in done]
            carried = select(ClientTag.client_id, ClientTag.tag_id, ClientTag.id).where(
                ClientTag.tag_id.in_(tag_ids), ClientTag.client_id.in_(clients)
            )
            self.there = {(row.client_id, row.tag_id): row.id for row in db.session.execute(carried)}

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
            return "", Happening("client:untagged", one.subject_id, {}, told(tag))
        if present is not None:
            return "", None
        if tag.archived_at is not None:
            return _("The tag %(tag)s was archived since.", tag=tag.name), None
        row = {"id": row_id, "port_id": self.port_id, "client_id": one.subject_id, "tag_id": tag.id}
        self.coming_on.append({**row, "created_at": kept["created_at"]})
        return "", Happening("client:tagged", one.subject_id, {}, told(tag))

    def write(self) -> None:
        if self.coming_off:
            db.session.execute(delete(ClientTag).where(ClientTag.id.in_(self.coming_off)))
        insert_many(ClientTag, self.coming_on)
