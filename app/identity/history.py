"""How timelines and the audit log tell of people, roles, teams and ports."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from ..current import Member
from ..db import db
from ..events.subjects import Shown, families, subjects
from ..events.timeline import FieldWords, describes, tells
from .models import Role, Team, User
from .permissions import LEAVES
from .words import leaf_words


def _allowed(value: Any) -> str:
    return _("allowed") if value else _("not allowed")


def _laid(value: Any) -> str:
    return _("as the role") if value is None else _("on") if value else _("off")


NAMES = {
    "label": FieldWords(lazy_gettext("Name")),
    "description": FieldWords(lazy_gettext("In a sentence")),
}
describes(["role:updated"], {**NAMES, **{leaf: FieldWords(leaf_words(leaf), _allowed) for leaf in LEAVES}})
describes(["role:overridden"], {leaf: FieldWords(leaf_words(leaf), _laid) for leaf in LEAVES})
describes(
    ["team:updated"],
    {"name": FieldWords(lazy_gettext("Name")), "supervisor_id": FieldWords(lazy_gettext("Supervisor"))},
)
describes(
    ["port:updated"],
    {
        "name": FieldWords(lazy_gettext("Name")),
        "country": FieldWords(lazy_gettext("Country")),
        "timezone": FieldWords(lazy_gettext("Time zone")),
        "default_currency": FieldWords(lazy_gettext("Currency")),
        "locale": FieldWords(lazy_gettext("Dates and numbers")),
    },
)
describes(
    ["port:branded"],
    {
        "primary": FieldWords(lazy_gettext("Primary colour")),
        "secondary": FieldWords(lazy_gettext("Secondary colour")),
        "logo": FieldWords(lazy_gettext("Logo"), lambda key: _("a picture") if key else ""),
    },
)


@tells("user:invited", icon="mail", tone="info")
def _invited(details: Mapping[str, Any]) -> str:
    return _("invited this person as %(roles)s", roles=", ".join(details.get("roles") or []))


@tells("user:rolesChanged", icon="key-round")
def _roles_changed(details: Mapping[str, Any]) -> str:
    given, taken = ", ".join(details.get("given") or []), ", ".join(details.get("taken") or [])
    if given and taken:
        return _("gave the role %(given)s and took %(taken)s", given=given, taken=taken)
    return _("gave the role %(given)s", given=given) if given else _("took the role %(taken)s", taken=taken)


tells("user:deactivated", lazy_gettext("deactivated this account and ended its sessions"), icon="circle-x", tone="warn")
tells("user:activated", lazy_gettext("activated this account again"), icon="circle-check", tone="ok")
tells("user:removed", lazy_gettext("removed this person from the port"), icon="log-out", tone="warn")
tells("user:changeRefused", lazy_gettext("was refused: %(reason)s"), icon="circle-alert", tone="warn")
tells("user:previewStarted", lazy_gettext("looked around as “%(role)s”"), icon="eye")
tells("user:previewEnded", lazy_gettext("stopped looking around as “%(role)s”"), icon="eye-off")
tells("role:created", lazy_gettext("made the role %(label)s from %(copied)s"), icon="plus", tone="ok")
tells("role:updated", lazy_gettext("changed the role %(label)s"), icon="pencil")
tells("role:deleted", lazy_gettext("deleted the role %(label)s"), icon="trash-2", tone="warn")
tells("role:overridden", lazy_gettext("changed what %(label)s may do in this port"), icon="pencil")
tells("team:created", lazy_gettext("made the team %(name)s"), icon="plus", tone="ok")
tells("team:updated", lazy_gettext("changed the team %(name)s"), icon="pencil")
tells("team:memberAdded", lazy_gettext("took %(person)s into %(name)s"), icon="user-plus", tone="ok")
tells("team:memberRemoved", lazy_gettext("took %(person)s out of %(name)s"), icon="log-out")
tells("team:deleted", lazy_gettext("deleted the team %(name)s"), icon="trash-2", tone="warn")
tells("port:created", lazy_gettext("made the port %(name)s"), icon="plus", tone="ok")
tells("port:deactivated", lazy_gettext("deactivated the port %(name)s"), icon="circle-x", tone="warn")
tells("port:activated", lazy_gettext("opened the port %(name)s again"), icon="circle-check", tone="ok")
tells("port:updated", lazy_gettext("changed the port’s details"), icon="pencil")
tells("port:branded", lazy_gettext("changed how the port looks"), icon="pencil")


# --- What the audit log calls them, and where their pages are


@subjects("user", lazy_gettext("User"))
def _users_shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    rows = db.session.execute(select(User.id, User.name).where(User.id.in_(ids))).all()
    here = set(db.session.scalars(User.in_port(member.here().id).with_only_columns(User.id).where(User.id.in_(ids))))
    manages = member.can("admin.manage_users")
    return {
        row.id: Shown(
            row.name,
            url_for("identity.show_user", user_id=row.id) if manages and row.id in here else None,
            is_open=manages or row.id == member.id,
        )
        for row in rows
    }


@subjects("role", lazy_gettext("Role"))
def _roles_shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    rows = db.session.execute(select(Role.id, Role.label).where(Role.id.in_(ids)))
    return {row.id: Shown(row.label, _page("identity.show_role", member, role_id=row.id)) for row in rows}


@subjects("team", lazy_gettext("Team"))
def _teams_shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    seen = Team.visible_to(member).with_only_columns(Team.id, Team.name).where(Team.id.in_(ids))
    rows = db.session.execute(seen)
    return {row.id: Shown(row.name, _page("identity.show_team", member, team_id=row.id)) for row in rows}


def _page(endpoint: str, member: Member, **values: Any) -> str | None:
    return url_for(endpoint, **values) if member.can("admin.manage_users") else None


@subjects("port", lazy_gettext("Port"))
def _ports_shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    port = member.here()
    url = url_for("identity.edit_port") if member.can("admin.manage_settings") else None
    return {port.id: Shown(port.name, url)} if port.id in ids else {}


families("user", lazy_gettext("Users"))
families("role", lazy_gettext("Roles"))
families("team", lazy_gettext("Teams"))
families("port", lazy_gettext("Ports"))
