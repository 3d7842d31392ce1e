"""The lists of administration: people, teams, and what stands beside them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from ..current import Member
from ..db import db, now
from ..paging import Filter, Page, Sort, paginate
from .models import Purpose, Role, Team, TeamMember, User, UserPortRole, Verification

SORTS = (
    Sort("name", lazy_gettext("Name"), User.name),
    Sort("joined", lazy_gettext("Joined"), User.created_at, descending=True),
)
NEVER_HERE = and_(User.email_verified_at.is_(None), User.last_login_at.is_(None))
STATES = {
    "active": and_(User.is_active, ~NEVER_HERE),
    "invited": and_(User.is_active, NEVER_HERE),
    "deactivated": ~User.is_active,
}


def people_filters(roles: Sequence[Any]) -> list[Filter]:
    offered = (
        ("role", _("Role"), [(str(here.role.id), here.role.label) for here in roles]),
        (
            "state",
            _("State"),
            [("active", _("active")), ("invited", _("invited")), ("deactivated", _("deactivated"))],
        ),
    )
    return [
        Filter(name, label, options, value if value in dict(options) else "")
        for name, label, options in offered
        for value in [request.args.get(name, "")]
    ]


def search_words() -> str:
    """What is searched for; NUL is taken by no database."""
    return " ".join(request.args.get("q", "").replace("\x00", "").split())[:100]


def people_page(member: Member, filters: Sequence[Filter]) -> Page:
    """The people of the port that the query string asks for: one statement, roles included."""
    port_id = member.here().id
    chosen = {each.name: each.value for each in filters}
    scope: Select[Any] = User.in_port(port_id)
    if words := search_words():
        pattern = "%" + words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
        scope = scope.where(or_(User.name.ilike(pattern), User.email.ilike(pattern)))
    if chosen["role"]:
        held = select(UserPortRole.user_id).where(
            UserPortRole.port_id == port_id, UserPortRole.role_id == uuid.UUID(chosen["role"])
        )
        scope = scope.where(User.id.in_(held))
    if chosen["state"]:
        scope = scope.where(STATES[chosen["state"]])
    labels = (
        select(func.array_agg(Role.label))
        .join(UserPortRole, UserPortRole.role_id == Role.id)
        .where(UserPortRole.user_id == User.id, UserPortRole.port_id == port_id)
        .correlate(User)
        .scalar_subquery()
    )
    rows = scope.with_only_columns(
        User.id,
        User.name,
        User.email,
        User.is_active,
        User.is_super_admin,
        User.last_login_at,
        NEVER_HERE.label("is_invited"),
        labels.label("roles"),
    )
    return paginate(rows, scope, id_column=User.id, sorts=SORTS)


@dataclass(frozen=True)
class Invitation:
    """The link that was sent last and not used yet."""

    sent_at: datetime
    expires_at: datetime

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= now()


def invitation_of(user: User, port_id: uuid.UUID) -> Invitation | None:
    row = db.session.execute(
        select(Verification.created_at, Verification.expires_at)
        .where(
            Verification.user_id == user.id,
            Verification.port_id == port_id,
            Verification.purpose == Purpose.INVITE,
            Verification.used_at.is_(None),
        )
        .order_by(Verification.created_at.desc())
        .limit(1)
    ).first()
    return Invitation(row.created_at, row.expires_at) if row else None


def holders(port_id: uuid.UUID) -> dict[uuid.UUID, int]:
    """How many people hold each role here."""
    counted = select(UserPortRole.role_id, func.count()).where(UserPortRole.port_id == port_id)
    rows = db.session.execute(counted.group_by(UserPortRole.role_id))
    return {row[0]: row[1] for row in rows}


def teams_of(user: User, port_id: uuid.UUID) -> list[Team]:
    inside = select(TeamMember.team_id).where(TeamMember.user_id == user.id, TeamMember.port_id == port_id)
    led = Team.supervisor_id == user.id
    mine = select(Team).where(Team.port_id == port_id, or_(Team.id.in_(inside), led))
    return list(db.session.scalars(mine.order_by(Team.name)))


SUPERVISOR = aliased(User)


def team_rows(member: Member) -> list[Any]:
    """Every team with its supervisor's name and how many are in it: one statement."""
    counted = (
        select(func.count())
        .where(TeamMember.team_id == Team.id, TeamMember.port_id == Team.port_id)
        .correlate(Team)
        .scalar_subquery()
    )
    rows = (
        Team.visible_to(member)
        .with_only_columns(Team.id, Team.name, SUPERVISOR.name.label("supervisor"), counted.label("people"))
        .outerjoin(SUPERVISOR, SUPERVISOR.id == Team.supervisor_id)
        .order_by(Team.name)
    )
    return list(db.session.execute(rows).all())


def members_of(team: Team) -> list[User]:
    inside = select(TeamMember.user_id).where(TeamMember.team_id == team.id)
    return list(db.session.scalars(select(User).where(User.id.in_(inside)).order_by(User.name, User.id)))
