"""Export: records of a list on their way out of the house in one file that is made later, for the one who asked."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    or_,
    select,
    update,
)
from sqlalchemy import Uuid as UuidType
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ..current import Member
from ..db import Base, PortScoped, Timestamped, db, now
from ..events.models import Actor, Recorded
from ..lists.records import Order
from ..numbers import take_number
from .kinds import KINDS, Kind

# The file holds what a marina guards; whoever needs it later makes it anew.
KEPT = timedelta(days=3)


class ExportStatus(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


class Export(Recorded, Timestamped, PortScoped, Base):
    """running → finished, stopped or failed. Its file is removed three days after it was made.

    Which records of the list `resource`: those of `record_ids` in their order, or all whom `chosen` (its filters) lets
    through, none of them younger than itself, by `sort`. `columns`: those of the list that are shown. `only_own`:
    whoever asked saw no others than their own.
    """

    __tablename__ = "exports"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        Index("ix_exports_created_by_id", "created_by_id"),
    )
    subject_type = "export"

    number: Mapped[int]
    resource: Mapped[str] = mapped_column(String(40))
    format: Mapped[str] = mapped_column(String(10))
    extent: Mapped[str] = mapped_column(String(10))
    status: Mapped[str] = mapped_column(String(20), default=ExportStatus.RUNNING)
    chosen: Mapped[dict[str, Any]] = mapped_column(JSONB)
    record_ids: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(UuidType()))
    sort: Mapped[str] = mapped_column(String(20))
    descending: Mapped[bool] = mapped_column(Boolean)
    columns: Mapped[list[str]] = mapped_column(ARRAY(String(40)))
    only_own: Mapped[bool] = mapped_column(Boolean, default=False)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    storage_key: Mapped[str] = mapped_column(Text, default="")
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    finished_at: Mapped[datetime | None]
    created_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    @property
    def room(self) -> str:
        return f"export:{self.id}"

    @property
    def is_under_way(self) -> bool:
        return self.status == ExportStatus.RUNNING

    @property
    def ends_at(self) -> datetime | None:
        """Until when the file is there."""
        return self.finished_at + KEPT if self.finished_at else None

    @property
    def is_there(self) -> bool:
        is_kept = bool(self.storage_key) and self.status == ExportStatus.FINISHED
        return is_kept and self.ends_at is not None and now() < self.ends_at

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        """One's own, of lists one may hand out; of all records only while one may see them all."""
        own = select(cls).where(cls.port_id == member.here().id, cls.created_by_id == member.id)
        may = [kind for kind in KINDS.values() if member.can(kind.permission)]
        whole = [kind.name for kind in may if kind.records.sees_all(member)]
        return own.where(or_(cls.resource.in_(whole), cls.only_own & cls.resource.in_([kind.name for kind in may])))

    @classmethod
    def start(
        cls,
        kind: Kind,
        fields: Mapping[str, Any],
        *,
        record_ids: Sequence[uuid.UUID] | None,
        total: int,
        by: Member,
    ) -> Self:
        """`fields`: format, extent, chosen, sort, descending, columns."""
        port_id = by.here().id
        found = cls(
            **fields,
            port_id=port_id,
            number=take_number(port_id, "export"),
            resource=kind.name,
            status=ExportStatus.RUNNING,
            record_ids=list(record_ids) if record_ids is not None else None,
            only_own=not kind.records.sees_all(by),
            total=total,
            created_by_id=by.id,
        )
        db.session.add(found)
        found.record("started", by=by, is_new=True, what=found.resource, format=found.format, count=total)
        return found

    @property
    def kind(self) -> Kind:
        return KINDS[self.resource]

    @property
    def order(self) -> Order:
        return Order.of(self.kind.records, self.chosen, self.sort, "desc" if self.descending else "asc")

    def scope(self) -> Select[Any]:
        """The records that may be in it; the list lays its filters over."""
        records = self.kind.records
        scope = records.of_port(self.port_id, own_of=self.created_by_id if self.only_own else None)
        scope = scope.where(records.model.id < self.id)
        return scope.where(records.model.id.in_(self.record_ids)) if self.record_ids is not None else scope

    def ids(self) -> Iterator[uuid.UUID]:
        """Which they are by now, in their order."""
        records = self.kind.records
        if self.record_ids is not None:
            there = set(db.session.scalars(self.scope().with_only_columns(records.model.id)))
            yield from (record_id for record_id in self.record_ids if record_id in there)
            return
        scope = records.narrowed(self.scope(), self.chosen, port_id=self.port_id)
        yield from db.session.scalars(self.order.ids(scope, records).execution_options(yield_per=10_000))

    def stop(self, *, by: Actor) -> bool:
        """Nothing of it is kept. False when it is over."""
        if not self.is_under_way:
            return False
        self._close(ExportStatus.STOPPED)
        self.record("stopped", by=by, done=self.done, total=self.total)
        return True

    @classmethod
    def take_all_away(cls, *, by: Actor) -> None:
        """Those of the port in force, under way or waiting to be fetched: whoever needs one makes it anew. What lies
        in the storage is noted as loose already."""
        running = select(cls).where(cls.status == ExportStatus.RUNNING).order_by(cls.id).with_for_update()
        for found in db.session.scalars(running):
            found.stop(by=by)
        db.session.execute(update(cls).where(cls.storage_key != "").values(storage_key=""))

    def note_finished(self, storage_key: str, *, count: int, size: int, by: Actor) -> None:
        self.storage_key, self.size, self.finished_at = storage_key, size, now()
        self.done = self.total = count
        self._close(ExportStatus.FINISHED)
        self.record("finished", by=by, what=self.resource, count=count)

    def note_failed(self, *, by: Actor) -> None:
        self._close(ExportStatus.FAILED)
        self.record("failed", by=by, done=self.done, total=self.total)

    def _close(self, status: ExportStatus) -> None:
        """Whom it was about is of no more use to anybody."""
        self.status, self.record_ids, self.chosen = status, None, {}
