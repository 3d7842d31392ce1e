"""BulkEdit: one change for many records of a list at once; what it did stands in its change set."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Self

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Select,
    String,
    UniqueConstraint,
    select,
)
from sqlalchemy import Uuid as UuidType
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ..changes.models import ChangeSet
from ..current import Member
from ..db import Base, PortScoped, Timestamped, db
from .kinds import KINDS, BulkAct, Kind


class BulkEdit(Timestamped, PortScoped, Base):
    """To which records of the list `resource` it is done: those of `record_ids`, or all that `chosen` (its filters)
    lets through, none of them younger than itself. `last_id`: how far it is, in the order of the ids.

    `only_own`: whoever asked sees no others than their own, so no other is touched. `tag_id`: what is put on or taken
    off, where that is the act.
    """

    __tablename__ = "bulk_edits"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        ForeignKeyConstraint(
            ["port_id", "change_set_id"], ["change_sets.port_id", "change_sets.id"], ondelete="CASCADE"
        ),
        Index("ix_bulk_edits_change_set", "port_id", "change_set_id"),
        ForeignKeyConstraint(["port_id", "tag_id"], ["tags.port_id", "tags.id"], ondelete="RESTRICT"),
        CheckConstraint("(act IN ('tag', 'untag')) = (tag_id IS NOT NULL)", name="tag"),
        Index("ix_bulk_edits_user_id", "user_id"),
        Index("ix_bulk_edits_tag", "port_id", "tag_id"),
    )

    change_set_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    resource: Mapped[str] = mapped_column(String(40))
    act: Mapped[str] = mapped_column(String(20))
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB)
    tag_id: Mapped[uuid.UUID | None]
    chosen: Mapped[dict[str, Any]] = mapped_column(JSONB)
    record_ids: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(UuidType()))
    only_own: Mapped[bool] = mapped_column(Boolean, default=False)
    last_id: Mapped[uuid.UUID | None]

    @property
    def kind(self) -> Kind:
        return KINDS[self.resource]

    @classmethod
    def begin(
        cls,
        kind: Kind,
        act: BulkAct,
        fields: Mapping[str, Any],
        *,
        change: str,
        title: str,
        expected: int,
        chosen: Mapping[str, str],
        record_ids: Sequence[uuid.UUID] | None,
        tag_id: uuid.UUID | None = None,
        by: Member,
    ) -> tuple[Self, ChangeSet]:
        """With its change set, of the kind `change`, which is open from now on."""
        port_id = by.here().id
        edit = cls(
            id=uuid7(),
            port_id=port_id,
            user_id=by.id,
            resource=kind.name,
            act=act,
            fields={name: fields[name] for name in kind.editable if name in fields},
            tag_id=tag_id,
            chosen=dict(chosen),
            record_ids=list(record_ids) if record_ids is not None else None,
            only_own=not kind.records.sees_all(by),
        )
        change_set = ChangeSet.begin(change, title, port_id=port_id, about_id=edit.id, by=by)
        change_set.expected, edit.change_set_id = expected, change_set.id
        db.session.flush()
        db.session.add(edit)
        db.session.flush()
        return edit, change_set

    @classmethod
    def of(cls, change_set: ChangeSet) -> Self | None:
        found = select(cls).where(cls.port_id == change_set.port_id, cls.change_set_id == change_set.id)
        return db.session.scalars(found.with_for_update()).one_or_none()

    def still_to_do(self) -> Select[Any]:
        """The records beyond `last_id` that may be touched; none that is put away."""
        records = self.kind.records
        model = records.model
        scope = records.of_port(self.port_id, own_of=self.user_id if self.only_own else None)
        scope = scope.where(model.archived_at.is_(None))
        if self.last_id is not None:
            scope = scope.where(model.id > self.last_id)
        if self.record_ids is not None:
            return scope.where(model.id.in_(self.record_ids))
        return records.narrowed(scope.where(model.id < self.id), self.chosen, port_id=self.port_id)
