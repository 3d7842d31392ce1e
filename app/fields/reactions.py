"""The topic of custom fields, what their events show on open pages, and how the history tells of them."""

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
from .labels import FIELDS
from .models import FieldDefinition

EVENTS = ("field:created", "field:updated", "field:moved", "field:archived", "field:restored")


@live.topic("fields")
def fields_topic(member: Member, key: str | None) -> str | None:
    return f"port:{member.here().id}:fields" if member.can("admin.manage_custom_fields") else None


@on(*EVENTS)
def show_fields(event: Event) -> None:
    for room in ("fields", "administration"):
        live.refresh(f"port:{event.port_id}:{room}")


describes(["field:created", "field:updated"], FIELDS)
tells("field:created", lazy_gettext("added the field %(label)s"), icon="file-text", tone="ok")
tells("field:updated", lazy_gettext("changed the field %(label)s"), icon="file-text")
tells("field:moved", lazy_gettext("moved the field %(label)s"), icon="arrow-up")
tells("field:archived", lazy_gettext("archived the field %(label)s"), icon="archive")
tells("field:restored", lazy_gettext("restored the field %(label)s"), icon="archive-restore")


@subjects("field", lazy_gettext("Custom field"))
def fields_shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    if not member.can("admin.manage_custom_fields"):
        return {}
    fields = db.session.scalars(FieldDefinition.visible_to(member).where(FieldDefinition.id.in_(ids)))
    return {field.id: Shown(field.label, url_for("fields.edit", field_id=field.id)) for field in fields}


families("field", lazy_gettext("Custom fields"))
