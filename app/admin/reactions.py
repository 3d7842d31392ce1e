"""Topics of administration, what each event shows on open pages, and how the history tells of it."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from flask import url_for
from flask_babel import lazy_gettext

from .. import live
from ..current import Member
from ..db import db
from ..events.models import Event
from ..events.reactions import on
from ..events.subjects import Shown, families, subjects
from ..events.timeline import describes, tells
from ..navigation import ADMIN_LEAVES
from ..tags.models import Tag
from .labels import FIELDS, TAG_FIELDS

TAGS = ("tag:created", "tag:updated", "tag:archived", "tag:restored")


@live.topic("administration")
def administration_topic(member: Member, key: str | None) -> str | None:
    """The overview, and the checklist."""
    return f"port:{member.here().id}:administration" if any(map(member.can, ADMIN_LEAVES)) else None


@live.topic("settings")
def settings_topic(member: Member, key: str | None) -> str | None:
    return f"port:{member.here().id}:settings" if member.can("admin.manage_settings") else None


@live.topic("tags")
def tags_topic(member: Member, key: str | None) -> str | None:
    return f"port:{member.here().id}:tags" if member.can("admin.manage_tags") else None


@on("settings:updated")
def show_settings(event: Event) -> None:
    for room in ("settings", "administration"):
        live.refresh(f"port:{event.port_id}:{room}")


@on(*TAGS)
def show_tags(event: Event) -> None:
    for room in ("tags", "administration"):
        live.refresh(f"port:{event.port_id}:{room}")


describes(["settings:updated"], FIELDS)
describes(["tag:created", "tag:updated"], TAG_FIELDS)
tells("settings:updated", lazy_gettext("changed the settings"), icon="sliders-horizontal")
tells("tag:created", lazy_gettext("added the tag %(name)s"), icon="tags", tone="ok")
tells("tag:updated", lazy_gettext("changed the tag"), icon="tags")
tells("tag:archived", lazy_gettext("archived the tag %(name)s"), icon="archive")
tells("tag:restored", lazy_gettext("restored the tag %(name)s"), icon="archive-restore")


@subjects("settings", lazy_gettext("Settings"))
def _settings_shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    port = member.here()
    url = url_for("admin.index_settings") if member.can("admin.manage_settings") else None
    return {port.id: Shown(port.name, url)} if port.id in ids else {}


@subjects("tag", lazy_gettext("Tag"))
def _tags_shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    seen = Tag.visible_to(member).with_only_columns(Tag.id, Tag.name).where(Tag.id.in_(ids))
    manages = member.can("admin.manage_tags")
    return {
        row.id: Shown(row.name, url_for("admin.edit_tag", tag_id=row.id) if manages else None)
        for row in db.session.execute(seen)
    }


families("settings", lazy_gettext("Settings"))
families("tag", lazy_gettext("Tags"))
