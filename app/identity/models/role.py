"""Role, who holds it in which port, and what a port lays over it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from flask_babel import gettext as _
from sqlalchemy import Boolean, ForeignKey, Index, Select, String, Text, UniqueConstraint, delete, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from ...current import Member
from ...db import Base, Identified, Timestamped, db
from ...errors import Refused
from ...events.models import record
from ..permissions import as_map, as_overrides, leaves_of, stated_in
from .rules import check_grant, keep_an_administrator, take_turns

# The flag of a super-admin and the portal's own role are not given out in a port.
NOT_GIVEN = frozenset({"super_admin", "client"})


class Role(Identified, Timestamped, Base):
    """A named permission map, the same in every port; a port lays overrides over it. Verbs: create, update, delete."""

    __tablename__ = "roles"
    subject_type: ClassVar[str] = "role"

    name: Mapped[str] = mapped_column(String(60), unique=True)
    label: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(Text, default="")
    permissions: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_system: Mapped[bool] = mapped_column(Boolean, default=False)

    @classmethod
    def all(cls) -> Select[Self]:
        """Every role that can be held in a port, system roles first."""
        return select(cls).where(cls.name.not_in(NOT_GIVEN)).order_by(cls.is_system.desc(), cls.label, cls.id)

    @classmethod
    def create(cls, *, label: str, description: str, copied: Role, by: Member) -> Self:
        """A role of one's own that begins as a copy. Raises Refused when the name is taken."""
        role = cls(
            name=name_of(label),
            label=label,
            description=description,
            permissions=as_map(leaves_of([(copied.permissions, {})])),
            is_system=False,
        )
        try:
            with db.session.begin_nested():
                db.session.add(role)
        except IntegrityError as error:
            raise Refused(_("There is a role with that name already.")) from error
        role._record("created", by=by, is_new=True, label=label, copied=copied.label)
        return role

    def update(self, changes: Mapping[str, Any], *, by: Member) -> None:
        """Change label, description, and leaves by their names. Raises KeyError for what is no part of a role."""
        changed: dict[str, tuple[Any, Any]] = {}
        stated = dict.fromkeys(stated_in(as_map([])), False) | stated_in(self.permissions)
        for name, value in changes.items():
            before = stated[name] if name in stated else {"label": self.label, "description": self.description}[name]
            if value != before:
                changed[name] = (before, value)
        if not changed:
            return
        if self.is_system:
            raise Refused(_("System roles stay as they are. Copy this one and change the copy."))
        self.label = changed.get("label", (None, self.label))[1]
        self.description = changed.get("description", (None, self.description))[1]
        stated |= {name: value for name, (_old, value) in changed.items() if name in stated}
        self.permissions = as_map(leaf for leaf, value in stated.items() if value)
        db.session.flush()
        self._record("updated", by=by, changes=changed, label=self.label, changed_fields=sorted(changed))

    def delete(self, *, by: Member) -> None:
        """Raises Refused for a system role, and for one that somebody holds in any port."""
        if self.is_system:
            raise Refused(_("System roles cannot be deleted."))
        self._record("deleted", by=by, label=self.label)
        try:
            with db.session.begin_nested():
                db.session.execute(delete(Role).where(Role.id == self.id))
        except IntegrityError as error:
            text = _("Somebody still holds this role, here or in another port. Give them another one first.")
            raise Refused(text) from error

    def _record(self, happened: str, *, by: Member, **details: Any) -> None:
        record(f"role:{happened}", by=by, subject_type="role", subject_id=self.id, port_id=None, **details)


def name_of(label: str) -> str:
    """`Night watch` → `night_watch`: under which a role is kept."""
    return re.sub(r"[\W_]+", "_", label.casefold()).strip("_")[:60] or "role"


class UserPortRole(Identified, Timestamped, Base):
    __tablename__ = "user_port_roles"
    __table_args__ = (
        UniqueConstraint("user_id", "port_id", "role_id"),
        Index("ix_user_port_roles_port_id", "port_id"),
    )

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    port_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"))
    role_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("roles.id", ondelete="RESTRICT"), index=True)


class PortRoleOverride(Identified, Timestamped, Base):
    __tablename__ = "port_role_overrides"
    __table_args__ = (UniqueConstraint("port_id", "role_id"),)

    port_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"))
    role_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("roles.id", ondelete="CASCADE"), index=True)
    permission_overrides: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)


@dataclass(frozen=True)
class RoleHere:
    """A role as a port has it: its own map, what the port lays over it, and what comes of both."""

    role: Role
    overrides: Mapping[str, bool]

    @property
    def stated(self) -> dict[str, bool]:
        return dict.fromkeys(stated_in(as_map([])), False) | stated_in(self.role.permissions)

    @property
    def leaves(self) -> frozenset[str]:
        return leaves_of([(self.role.permissions, as_overrides(self.overrides))])

    def source(self, leaf: str) -> str:
        """Where the leaf's effective value comes from: role | added | taken | implied | none."""
        laid, is_held = self.overrides.get(leaf), leaf in self.leaves
        if laid is not None:
            return "added" if laid else "implied" if is_held else "taken"
        if is_held:
            return "role" if self.stated[leaf] else "implied"
        return "none"

    @staticmethod
    def lock(port_id: uuid.UUID) -> None:
        """Two who change what this port lays over roles take turns, before either reads."""
        take_turns(port_id)

    def lay_over(self, changes: Mapping[str, bool | None], *, by: Member) -> None:
        """Switch leaves on or off in this port; None leaves them to the role. Raises Refused when that would give
        what the member does not hold, or leave the port without an administrator."""
        port_id = by.here().id
        take_turns(port_id)
        laid = {leaf: value for leaf, value in {**self.overrides, **changes}.items() if value is not None}
        after = RoleHere(self.role, laid)
        check_grant(after.leaves - self.leaves, by=by)
        changed = {
            leaf: (self.overrides.get(leaf), value)
            for leaf, value in changes.items()
            if self.overrides.get(leaf) != value
        }
        if not changed:
            return
        kept = db.session.scalars(
            select(PortRoleOverride).where(
                PortRoleOverride.port_id == port_id, PortRoleOverride.role_id == self.role.id
            )
        ).one_or_none()
        if kept is None:
            kept = PortRoleOverride(port_id=port_id, role_id=self.role.id)
            db.session.add(kept)
        kept.permission_overrides = as_overrides(laid)
        db.session.flush()
        if (self.leaves - after.leaves) & {"admin.manage_users"}:
            keep_an_administrator(port_id)
        record(
            "role:overridden",
            by=by,
            subject_type="role",
            subject_id=self.role.id,
            port_id=port_id,
            changes=changed,
            label=self.role.label,
            changed_fields=sorted(changed),
        )


def roles_here(port_id: uuid.UUID) -> list[RoleHere]:
    """Every role that can be held, as this port has it; one statement."""
    rows = db.session.execute(
        Role.all()
        .add_columns(PortRoleOverride.permission_overrides)
        .outerjoin(PortRoleOverride, (PortRoleOverride.role_id == Role.id) & (PortRoleOverride.port_id == port_id))
    )
    return [RoleHere(role, stated_in(overrides or {})) for role, overrides in rows]
