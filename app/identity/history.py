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


@tells("user:deactivated", icon="circle-x", tone="warn")
def _deactivated(details: Mapping[str, Any]) -> str:
    return _("deactivated this account and ended its sessions")


@tells("user:activated", icon="circle-check", tone="ok")
def _activated(details: Mapping[str, Any]) -> str:
    return _("activated this account again")


@tells("user:removed", icon="log-out", tone="warn")
def _removed(details: Mapping[str, Any]) -> str:
    return _("removed this person from the port")


@tells("user:changeRefused", icon="circle-alert", tone="warn")
def _refused(details: Mapping[str, Any]) -> str:
    return _("was refused: %(reason)s", reason=details.get("reason", ""))


@tells("user:previewStarted", icon="eye")
def _preview_started(details: Mapping[str, Any]) -> str:
    return _("looked around as “%(role)s”", role=details.get("role", ""))


@tells("user:previewEnded", icon="eye-off")
def _preview_ended(details: Mapping[str, Any]) -> str:
    return _("stopped looking around as “%(role)s”", role=details.get("role", ""))


@tells("role:created", icon="plus", tone="ok")
def _role_created(details: Mapping[str, Any]) -> str:
    return _(
        "made the role %(label)s from %(copied)s", label=details.get("label", ""), copied=details.get("copied", "")
    )


@tells("role:updated", icon="pencil")
def _role_updated(details: Mapping[str, Any]) -> str:
    return _("changed the role %(label)s", label=details.get("label", ""))


@tells("role:deleted", icon="trash-2", tone="warn")
def _role_deleted(details: Mapping[str, Any]) -> str:
    return _("deleted the role %(label)s", label=details.get("label", ""))


@tells("role:overridden", icon="pencil")
def _role_overridden(details: Mapping[str, Any]) -> str:
    return _("changed what %(label)s may do in this port", label=details.get("label", ""))


@tells("team:created", icon="plus", tone="ok")
def _team_created(details: Mapping[str, Any]) -> str:
    return _("made the team %(name)s", name=details.get("name", ""))


@tells("team:updated", icon="pencil")
def _team_updated(details: Mapping[str, Any]) -> str:
    return _("changed the team %(name)s", name=details.get("name", ""))


@tells("team:memberAdded", icon="user-plus", tone="ok")
def _member_added(details: Mapping[str, Any]) -> str:
    return _("took %(person)s into %(name)s", person=details.get("person", ""), name=details.get("name", ""))


@tells("team:memberRemoved", icon="log-out")
def _member_removed(details: Mapping[str, Any]) -> str:
    return _("took %(person)s out of %(name)s", person=details.get("person", ""), name=details.get("name", ""))


@tells("team:deleted", icon="trash-2", tone="warn")
def _team_deleted(details: Mapping[str, Any]) -> str:
    return _("deleted the team %(name)s", name=details.get("name", ""))


@tells("port:created", icon="plus", tone="ok")
def _port_created(details: Mapping[str, Any]) -> str:
    return _("made the port %(name)s", name=details.get("name", ""))


@tells("port:deactivated", icon="circle-x", tone="warn")
def _port_deactivated(details: Mapping[str, Any]) -> str:
    return _("deactivated the port %(name)s", name=details.get("name", ""))


@tells("port:activated", icon="circle-check", tone="ok")
def _port_activated(details: Mapping[str, Any]) -> str:
    return _("opened the port %(name)s again", name=details.get("name", ""))


@tells("port:updated", icon="pencil")
def _port_updated(details: Mapping[str, Any]) -> str:
    return _("changed the port’s details")


@tells("port:branded", icon="pencil")
def _port_branded(details: Mapping[str, Any]) -> str:
    return _("changed how the port looks")


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
