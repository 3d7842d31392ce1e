"""Team: people who share work, and who looks after them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Self

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, ForeignKeyConstraint, Select, String, UniqueConstraint, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, write
from ...errors import Refused
from ...events.models import Recorded


class Team(Recorded, Timestamped, Versioned, PortScoped, Base):
    """People who share work. Verbs: create, update, add, drop, delete."""

    __tablename__ = "teams"
    subject_type = "team"
    EDITABLE = ("name", "supervisor_id")

    name: Mapped[str] = mapped_column(String(80))
    supervisor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)

    __table_args__ = PortScoped.port_scoped(UniqueConstraint("port_id", "name"))

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        return select(cls).where(cls.port_id == member.here().id)

    @classmethod
    def create(cls, *, name: str, supervisor_id: uuid.UUID | None, by: Member) -> Self:
        team = cls(port_id=by.here().id, name=name, supervisor_id=supervisor_id)
        try:
            write(team)
        except IntegrityError as error:
            raise NameTaken from error
        team.record("created", by=by, is_new=True, name=name)
        return team

    def update(self, fields: Mapping[str, Any], *, by: Member, named: Mapping[str, list[str]] | None = None) -> None:
        """`named`: the people a changed supervisor_id stands for, as [old, new]."""
        changes = self.differing(fields)
        if not changes:
            return
        try:
            write(self, **{name: new for name, (_old, new) in changes.items()})
        except IntegrityError as error:
            raise NameTaken from error
        self.record(
            "updated", by=by, changes=changes, changed_fields=sorted(changes), name=self.name, named=dict(named or {})
        )

    def add(self, user_id: uuid.UUID, *, name: str, by: Member) -> None:
        values = {"id": uuid7(), "port_id": self.port_id, "team_id": self.id, "user_id": user_id}
        added = insert(TeamMember).values(**values).on_conflict_do_nothing().returning(TeamMember.id)
        if db.session.scalar(added) is not None:
            self.record("memberAdded", by=by, name=self.name, user_id=user_id, person=name)

    def drop(self, user_id: uuid.UUID, *, name: str, by: Member) -> None:
        gone = delete(TeamMember).where(TeamMember.team_id == self.id, TeamMember.user_id == user_id)
        if db.session.scalar(gone.returning(TeamMember.id)) is not None:
            self.record("memberRemoved", by=by, name=self.name, user_id=user_id, person=name)

    def delete(self, *, by: Member) -> None:
        self.record("deleted", by=by, name=self.name)
        db.session.delete(self)


class NameTaken(Refused):
    def __init__(self) -> None:
        super().__init__(_("There is a team with that name already."))


class TeamMember(PortScoped, Base):
    __tablename__ = "team_members"

    team_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)

    __table_args__ = PortScoped.port_scoped(
        UniqueConstraint("port_id", "team_id", "user_id"),
        ForeignKeyConstraint(["port_id", "team_id"], ["teams.port_id", "teams.id"], ondelete="CASCADE"),
    )
