"""SavedView: a query of a list under a name, one's own or everybody's in the port."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Boolean, ForeignKey, Index, Select, String, Text, UniqueConstraint, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from ..current import Member
from ..db import Base, PortScoped, Timestamped, db, now, write
from ..events.models import Actor, Recorded
from ..identity.models import User


class NameTaken(Exception):
    """The person has another view of this list under the name."""


class SavedView(Recorded, Timestamped, PortScoped, Base):
    """`query` is the list's query string, in the order the list writes it. Verbs: create, update, archive, restore."""

    __tablename__ = "saved_views"
    subject_type = "savedView"
    EDITABLE = ("name", "query", "is_shared")

    resource: Mapped[str] = mapped_column(String(40))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    query: Mapped[str] = mapped_column(Text)
    is_shared: Mapped[bool] = mapped_column(Boolean, default=False)
    archived_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        Index("ix_saved_views_resource", "port_id", "resource", "name", "id"),
        Index("ix_saved_views_user_id", "user_id"),
    )

    @classmethod
    def visible_to(cls, member: Member, resource: str) -> Select[Self]:
        """Those of a list that the member may open: their own, and what is shared with the port."""
        own = or_(cls.user_id == member.id, cls.is_shared)
        return select(cls).where(cls.port_id == member.here().id, cls.resource == resource, own)

    @classmethod
    def offered_to(cls, member: Member, resource: str) -> list[tuple[Self, str | None]]:
        """One's own, then what others share, each with the name of whose it is; in the order of the names."""
        offered = cls.visible_to(member, resource).where(cls.archived_at.is_(None))
        owned = offered.add_columns(User.name).outerjoin(User, User.id == cls.user_id)
        ordered = owned.order_by(cls.user_id != member.id, func.lower(cls.name), cls.id)
        return [(view, owner) for view, owner in db.session.execute(ordered)]

    @classmethod
    def looked_through(cls, member: Member, resource: str, text: str) -> Self | None:
        """The view an address names; None for everything, and for what is not one."""
        try:
            view_id = uuid.UUID(text)
        except ValueError:
            return None
        offered = cls.visible_to(member, resource).where(cls.id == view_id, cls.archived_at.is_(None))
        return db.session.scalars(offered).one_or_none()

    @classmethod
    def create(
        cls,
        name: str,
        query: str,
        *,
        resource: str,
        is_shared: bool,
        port_id: uuid.UUID,
        user_id: uuid.UUID,
        by: Actor,
        announce: bool = True,
    ) -> Self:
        """Raises NameTaken. `announce=False`: part of a bulk act that announces itself once."""
        view = cls(port_id=port_id, user_id=user_id, resource=resource)
        view._write(name=name, query=query, is_shared=is_shared)
        view.record("created", by=by, is_new=True, announce=announce, name=name, resource=resource)
        return view

    def may_be_changed_by(self, member: Member) -> bool:
        """By whose it is; what is shared also by who looks after the port."""
        return self.user_id == member.id or (self.is_shared and member.can("admin.manage_settings"))

    def update(self, fields: Mapping[str, Any], *, by: Actor) -> None:
        """Write what differs and record it. Raises NameTaken."""
        changes = self.differing(fields)
        if changes:
            self._write(**{name: new for name, (_old, new) in changes.items()})
            self.record("updated", by=by, changes=changes, changed_fields=sorted(changes), name=self.name)

    def archive(self, *, by: Actor) -> None:
        if self.archived_at is None:
            self.archived_at = now()
            self.record("archived", by=by, name=self.name)

    def restore(self, *, by: Actor) -> None:
        """Raises NameTaken."""
        if self.archived_at is not None:
            self._write(archived_at=None)
            self.record("restored", by=by, name=self.name)

    def _write(self, **values: Any) -> None:
        """Raises NameTaken: the index on the names decides between two windows."""
        try:
            write(self, **values)
        except IntegrityError:
            raise NameTaken from None


Index(
    "uq_saved_views_name",
    SavedView.port_id,
    SavedView.user_id,
    SavedView.resource,
    func.lower(SavedView.name),
    unique=True,
    postgresql_where=SavedView.archived_at.is_(None),
)
