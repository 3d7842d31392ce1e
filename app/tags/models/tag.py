"""Tag: a word with a colour that records of any kind may carry."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Index, Select, String, func, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, now, write
from ...events.models import Actor, Recorded

COLOURS = ("grey", "blue", "teal", "green", "amber", "red", "purple", "navy")


class Taken(ValueError):
    """Another tag has that name; it is said in the port's own spelling."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Tag(Recorded, Timestamped, Versioned, PortScoped, Base):
    __tablename__ = "tags"
    subject_type = "tag"
    EDITABLE = ("name", "colour")

    name: Mapped[str] = mapped_column(String(40))
    colour: Mapped[str] = mapped_column(String(10), default="grey")
    archived_at: Mapped[datetime | None]

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        return select(cls).where(cls.port_id == member.here().id)

    @classmethod
    def create(cls, name: str, colour: str, *, port_id: uuid.UUID, by: Actor, announce: bool = True) -> Self:
        """Raises Taken. `announce=False`: part of a bulk act that announces itself once."""
        tag = cls(port_id=port_id)
        tag._write(name=name, colour=colour)
        changes = {"name": (None, name), "colour": (None, colour)}
        tag.record("created", by=by, changes=changes, is_new=True, announce=announce, name=name)
        return tag

    def update(self, fields: Mapping[str, Any], *, by: Actor) -> None:
        """Write what differs and record it. Raises Taken."""
        changes = self.differing(fields)
        if changes:
            self._write(**{name: new for name, (_old, new) in changes.items()})
            self.record("updated", by=by, changes=changes, changed_fields=sorted(changes))

    def archive(self, *, by: Actor) -> None:
        """Out of the choices; records that carry it keep it."""
        if self.archived_at is None:
            self.archived_at = now()
            self.record("archived", by=by, name=self.name)

    def restore(self, *, by: Actor) -> None:
        """Raises Taken where another tag has the name by now."""
        if self.archived_at is not None:
            self._write(archived_at=None)
            self.record("restored", by=by, name=self.name)

    def _write(self, **values: Any) -> None:
        """Raises Taken: the index on the names decides between two who come at once."""
        name, port_id, own_id = values.get("name") or self.name, self.port_id, self.id
        try:
            write(self, **values)
        except IntegrityError:
            same = (Tag.port_id == port_id, func.lower(Tag.name) == func.lower(name), Tag.archived_at.is_(None))
            others = (Tag.id != own_id,) if own_id else ()
            holder = db.session.execute(select(Tag.name).where(*same, *others)).scalar()
            raise Taken(holder or name) from None


Index("uq_tags_name", Tag.port_id, func.lower(Tag.name), unique=True, postgresql_where=Tag.archived_at.is_(None))

# How many records of each kind carry a tag: a module adds its count, correlated with the tag.
USES: list[Callable[[], ColumnElement[int]]] = []


def uses() -> ColumnElement[int]:
    """The number of records that carry the tag of the row."""
    total: ColumnElement[int] = literal(0)
    for count in USES:
        total = total + count()
    return total
