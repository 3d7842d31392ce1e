"""Topics of administration, what each event shows on open pages, and how the history tells of it."""

from __future__ import annotations

from flask_babel import gettext as _

from .. import live
from ..current import Member
from ..events.models import Event
from ..events.reactions import on
from ..events.timeline import describes, tells
from ..navigation import ADMIN_LEAVES
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
tells("settings:updated", icon="sliders-horizontal")(lambda details: _("changed the settings"))
tells("tag:created", icon="tags", tone="ok")(lambda details: _("added the tag %(name)s", name=details["name"]))
tells("tag:updated", icon="tags")(lambda details: _("changed the tag"))
tells("tag:archived", icon="archive")(lambda details: _("archived the tag %(name)s", name=details["name"]))
tells("tag:restored", icon="archive-restore")(lambda details: _("restored the tag %(name)s", name=details["name"]))
