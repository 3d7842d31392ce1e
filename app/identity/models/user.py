"""User: somebody who signs in."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, Self

from flask_babel import gettext as _
from sqlalchemy import Boolean, Select, String, Text, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import CITEXT, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ... import live
from ...current import Member
from ...db import Base, Identified, Timestamped, after_commit, db, now
from ...events.models import record
from .factor import MfaFactor
from .role import RoleHere, UserPortRole, roles_here
from .rules import RuleSaysNo, check_grant, keep_an_administrator, take_turns
from .team import Team, TeamMember

INVITE = text("SELECT id, is_super_admin FROM invite_user(:id, :email, :name, :now)")


class User(Identified, Timestamped, Base):
    """Somebody who signs in. Visible to colleagues who share a port. Verbs of who manages people in a port: invite,
    invite_again, change_roles, deactivate, activate, reset_factors, remove."""

    __tablename__ = "users"
    subject_type: ClassVar[str] = "user"

    email: Mapped[str] = mapped_column(CITEXT, unique=True)
    name: Mapped[str] = mapped_column(String(120))
    # Deferred: the application's role may not read it (`find_for_sign_in` does).
    password_hash: Mapped[str | None] = mapped_column(Text, deferred=True, deferred_raiseload=True)
    email_verified_at: Mapped[datetime | None]
    is_super_admin: Mapped[bool] = mapped_column(Boolean, default=False)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    timezone: Mapped[str | None] = mapped_column(String(60))
    locale: Mapped[str | None] = mapped_column(String(20))
    image_key: Mapped[str | None] = mapped_column(String(200))
    preferences: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    last_login_at: Mapped[datetime | None]

    @classmethod
    def prefer(cls, user_id: uuid.UUID, chosen: Mapping[str, Any]) -> None:
        """Lay what the user chose over their other preferences, as they are in the database."""
        changed = cls.preferences.concat(dict(chosen))
        db.session.execute(update(cls).where(cls.id == user_id).values(preferences=changed, updated_at=now()))

    @classmethod
    def in_port(cls, port_id: uuid.UUID) -> Select[Self]:
        """Everybody with a role in the port; who has none there does not exist for it."""
        held = select(UserPortRole.user_id).where(UserPortRole.port_id == port_id)
        return select(cls).where(cls.id.in_(held))

    @classmethod
    def holding(cls, role_id: uuid.UUID, port_id: uuid.UUID) -> list[uuid.UUID]:
        """Who holds the role in the port, by id."""
        held = select(UserPortRole.user_id).where(UserPortRole.role_id == role_id, UserPortRole.port_id == port_id)
        return list(db.session.scalars(held))

    @property
    def is_invited(self) -> bool:
        """Whether they have never been here: no address proved, never signed in."""
        return self.email_verified_at is None and self.last_login_at is None

    def role_ids(self, port_id: uuid.UUID) -> set[uuid.UUID]:
        held = select(UserPortRole.role_id).where(UserPortRole.user_id == self.id, UserPortRole.port_id == port_id)
        return set(db.session.scalars(held))

    @property
    def is_only_here(self) -> bool:
        """Whether the port in force is the only one where they have a role."""
        return bool(db.session.scalar(select(func.is_only_here(self.id))))

    @classmethod
    def invite(cls, *, email: str, name: str, role_ids: Iterable[uuid.UUID], by: Member) -> Self:
        """Give somebody, known or new, roles in the member's port. An account that exists keeps its own name."""
        port_id = by.here().id
        take_turns(port_id)
        chosen = _chosen(role_ids, by=by)
        made = {"id": uuid7(), "email": email, "name": name, "now": now()}
        found = db.session.execute(INVITE, made).one()
        if found.is_super_admin:
            raise RuleSaysNo(_("This person cannot be invited to a port."))
        held = set(
            db.session.scalars(
                select(UserPortRole.role_id).where(UserPortRole.user_id == found.id, UserPortRole.port_id == port_id)
            )
        )
        if held:
            raise RuleSaysNo(_("This person is in this port already. Change their roles on their page."))
        db.session.add_all(UserPortRole(user_id=found.id, port_id=port_id, role_id=here.role.id) for here in chosen)
        db.session.flush()
        user = db.session.scalars(select(cls).where(cls.id == found.id)).one()
        user._record("invited", by=by, email=user.email, roles=[here.role.label for here in chosen])
        return user

    def invite_again(self, *, by: Member) -> None:
        """Send the link once more; the older ones stop working when the new one is made."""
        if not self.is_invited or not self.is_active:
            raise RuleSaysNo(_("%(name)s has been here already and needs no invitation.", name=self.name))
        held = self.role_ids(by.here().id)
        labels = [here.role.label for here in roles_here(by.here().id) if here.role.id in held]
        self._record("invited", by=by, email=self.email, roles=labels)

    def change_roles(self, changes: Mapping[uuid.UUID, bool], *, by: Member) -> None:
        """Give (True) and take (False) roles in the member's port. Everybody keeps at least one."""
        port_id = by.here().id
        take_turns(port_id)
        self._check_touch(by=by)
        held = self.role_ids(port_id)
        given = {role_id for role_id, is_held in changes.items() if is_held} - held
        taken = {role_id for role_id, is_held in changes.items() if not is_held} & held
        if not given and not taken:
            return
        here = _chosen(given | taken, by=by)
        if not held | given > taken:
            raise RuleSaysNo(_("%(name)s would have no role left. Remove them from this port instead.", name=self.name))
        db.session.add_all(UserPortRole(user_id=self.id, port_id=port_id, role_id=role_id) for role_id in given)
        self._take(port_id, taken)
        if any("admin.manage_users" in each.leaves for each in here if each.role.id in taken):
            keep_an_administrator(port_id)
        labels = {each.role.id: each.role.label for each in here}
        self._record(
            "rolesChanged",
            by=by,
            given=sorted(labels[role_id] for role_id in given),
            taken=sorted(labels[role_id] for role_id in taken),
        )
        self._reopen(_("Your roles were changed."))

    def deactivate(self, *, by: Member) -> None:
        """End the account and everything it is signed in with, at once: sessions, sockets, tokens, links."""
        port_id = by.here().id
        take_turns(port_id)
        self._check_touch(by=by)
        if not self.is_active:
            return
        leaves = self._leaves(port_id)
        check_grant(leaves, by=by)
        self._set_active(False, by=by)
        if "admin.manage_users" in leaves:
            keep_an_administrator(port_id)
        self._record("deactivated", by=by)
        after_commit(partial(live.close, user_id=self.id, reason=_("This account was deactivated.")))

    def activate(self, *, by: Member) -> None:
        self._check_touch(by=by)
        if not self.is_active:
            check_grant(self._leaves(by.here().id), by=by)
            self._set_active(True, by=by)
            self._record("activated", by=by)

    def reset_factors(self, *, by: Member) -> None:
        """For somebody who lost their phone: their second factors and sessions go, they sign in and set up anew."""
        self._check_touch(by=by)
        check_grant(self._leaves(by.here().id), by=by)
        MfaFactor.reset_all(self, by=by)

    def remove(self, *, by: Member) -> None:
        """Take them out of the member's port: roles, teams, tokens and links there. The account stays."""
        port_id = by.here().id
        take_turns(port_id)
        self._check_touch(by=by)
        held, leaves = self.role_ids(port_id), self._leaves(port_id)
        check_grant(leaves, by=by)
        self._record("removed", by=by, name=self.name)
        db.session.execute(select(func.end_access(self.id, now())))
        db.session.execute(delete(TeamMember).where(TeamMember.port_id == port_id, TeamMember.user_id == self.id))
        db.session.execute(
            update(Team).where(Team.port_id == port_id, Team.supervisor_id == self.id).values(supervisor_id=None)
        )
        self._take(port_id, held)
        if "admin.manage_users" in leaves:
            keep_an_administrator(port_id)
        self._reopen(_("You were removed from this port."))

    def _leaves(self, port_id: uuid.UUID) -> frozenset[str]:
        """What they hold in the port."""
        held = self.role_ids(port_id)
        return frozenset().union(*(here.leaves for here in roles_here(port_id) if here.role.id in held))

    def _check_touch(self, *, by: Member) -> None:
        if self.id == by.id:
            raise RuleSaysNo(_("Nobody changes their own access. Ask another administrator."))
        if self.is_super_admin:
            raise RuleSaysNo(_("A super-admin is not changed from inside a port."))

    def _set_active(self, is_active: bool, *, by: Member) -> None:
        if not db.session.scalar(select(func.set_user_active(self.id, is_active, now()))):
            text = _("%(name)s works in another port as well. Remove them from this port instead.", name=self.name)
            raise RuleSaysNo(text)
        db.session.refresh(self, ["is_active"])

    def _take(self, port_id: uuid.UUID, role_ids: Iterable[uuid.UUID]) -> None:
        db.session.flush()
        db.session.execute(
            delete(UserPortRole).where(
                UserPortRole.user_id == self.id,
                UserPortRole.port_id == port_id,
                UserPortRole.role_id.in_(list(role_ids)),
            )
        )

    def _record(self, happened: str, *, by: Member, **details: Any) -> None:
        port_id = by.here().id
        record(f"user:{happened}", by=by, subject_type="user", subject_id=self.id, port_id=port_id, **details)

    def _reopen(self, reason: str) -> None:
        after_commit(partial(live.reopen, user_id=self.id, reason=reason))


def _chosen(role_ids: Iterable[uuid.UUID], *, by: Member) -> list[RoleHere]:
    """These roles as the port has them; none that holds more than the member does. Raises RuleSaysNo."""
    wanted = set(role_ids)
    chosen = [here for here in roles_here(by.here().id) if here.role.id in wanted]
    if len(chosen) < len(wanted):
        raise RuleSaysNo(_("One of these roles does not exist any more."))
    for here in chosen:
        check_grant(here.leaves, by=by)
    return chosen
