"""Tagging: that a record carries a tag; each kind of record has a table of its own."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar, Protocol

from flask_babel import gettext as _
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ...current import Member
from ...db import Base, PortScoped, db, now
from ...errors import Refused
from ...events.models import Actor
from .tag import Tag, Taken


class Carrier(Protocol):
    """What carries tags: a record whose changes are told."""

    id: Any
    port_id: Any
    updated_at: Any

    def record(self, happened: str, /, *, by: Actor, **details: Any) -> None: ...


class Tagging(PortScoped, Base):
    """Verbs: put_on, take_off. `HOLDER` is the column of the record that carries the tag."""

    __abstract__ = True

    HOLDER: ClassVar[str]

    tag_id: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def put_on(cls, carrier: Carrier, tag: Tag, *, by: Actor) -> bool:
        """Tag the (locked) record; False when it is so already. Raises Refused for a tag that is put away."""
        if tag.archived_at is not None and not cls.is_on(carrier, tag):
            raise Refused(_("The tag %(tag)s is archived: it stays where it is and is put nowhere else.", tag=tag.name))
        row = {"id": uuid7(), "port_id": carrier.port_id, cls.HOLDER: carrier.id, "tag_id": tag.id, "created_at": now()}
        written = insert(cls).values(row).on_conflict_do_nothing().returning(cls.id)
        if db.session.scalar(written) is None:
            return False
        carrier.updated_at = now()
        carrier.record("tagged", by=by, tag_id=tag.id, tag=tag.name)
        return True

    @classmethod
    def take_off(cls, carrier: Carrier, tag: Tag, *, by: Actor) -> bool:
        """False when it is not there."""
        if db.session.scalar(delete(cls).where(*cls._of(carrier, tag)).returning(cls.id)) is None:
            return False
        carrier.updated_at = now()
        carrier.record("untagged", by=by, tag_id=tag.id, tag=tag.name)
        return True

    @classmethod
    def is_on(cls, carrier: Carrier, tag: Tag) -> bool:
        return db.session.scalar(select(cls.id).where(*cls._of(carrier, tag))) is not None

    @classmethod
    def names_on(cls, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, str]]:
        """The tags that each of these records carries: in lower case, and as they are spelled; one statement."""
        holder, found = getattr(cls, cls.HOLDER), dict[uuid.UUID, dict[str, str]]()
        carried = select(holder, Tag.name).join(Tag, (Tag.port_id == cls.port_id) & (Tag.id == cls.tag_id))
        for record_id, name in db.session.execute(carried.where(holder.in_(list(ids)))):
            found.setdefault(record_id, {})[name.casefold()] = name
        return found

    @classmethod
    def shown_on(cls, carrier: Any) -> Any:
        """A column for lists of that model: `[name, colour]` of each tag on the record of the row, by name."""
        each = func.jsonb_build_array(Tag.name, Tag.colour)
        carried = (cls.port_id == carrier.port_id, getattr(cls, cls.HOLDER) == carrier.id)
        return (
            select(func.jsonb_agg(aggregate_order_by(each, func.lower(Tag.name))))
            .where(*carried, Tag.port_id == cls.port_id, Tag.id == cls.tag_id)
            .correlate(carrier)
            .scalar_subquery()
        )

    @classmethod
    def uses(cls) -> Any:
        """The number of records that carry the tag of the row."""
        counted = select(func.count()).where(cls.port_id == Tag.port_id, cls.tag_id == Tag.id)
        return counted.correlate(Tag).scalar_subquery()

    @classmethod
    def _of(cls, carrier: Carrier, tag: Tag) -> tuple[Any, ...]:
        return cls.port_id == carrier.port_id, getattr(cls, cls.HOLDER) == carrier.id, cls.tag_id == tag.id


def tag_called(name: str, *, member: Member) -> Tag | None:
    """The tag of that name in use, which nobody puts away meanwhile; a new one for who looks after tags, None for
    others."""
    same = Tag.visible_to(member).where(func.lower(Tag.name) == func.lower(name), Tag.archived_at.is_(None))
    found = db.session.scalars(same.with_for_update(read=True)).one_or_none()
    if found is None and member.can("admin.manage_tags"):
        try:
            return Tag.create(name, "grey", port_id=member.here().id, by=member)
        except Taken:  # somebody was faster
            found = db.session.scalars(same).one_or_none()
    return found
