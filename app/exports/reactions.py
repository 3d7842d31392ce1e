"""Topic of an export, who is told when it is ready, and how the log tells of it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

import redis
from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from .. import formats, live
from ..current import Member
from ..db import db
from ..events.models import Event
from ..events.reactions import on
from ..events.subjects import Shown, families, subjects
from ..events.timeline import tells
from ..identity.models import current_port_of
from ..notifications.models import notify
from ..notifications.reactions import written_for
from ..numbers import one_numbered
from .kinds import KINDS
from .models import Export, ExportStatus


@live.topic("export")
def export_topic(member: Member, key: str | None) -> str | None:
    found = one_numbered(Export, Export.visible_to(member), key)
    return found.room if found else None


@on("export:finished", "export:stopped", "export:failed")
def show_export(event: Event) -> None:
    live.refresh(f"export:{event.subject_id}", target="#main")


@on("export:finished", "export:failed")
def tell_who_asked(event: Event) -> None:
    found = Export.of(event)
    if found is None or found.created_by_id is None:
        return
    with written_for(found.created_by_id, found.port_id) as slug:
        kind = found.kind
        is_ready = found.status == ExportStatus.FINISHED
        many = kind.many(found.total)
        title = _("Your file of %(many)s is ready", many=many) if is_ready else _("A file of yours could not be made")
        link = f"/{slug}/{kind.place}/exports/{found.number}"
        notify(found.created_by_id, "export", event=event, title=title, link=link)


def show_progress(export_id: uuid.UUID) -> None:
    """How far it is; a Redis that is away only makes the bar stand still."""
    found = db.session.get(Export, export_id)
    if found is None or not found.is_under_way:
        return
    name, target = "exports/_progress.html", f"export-{found.number}"
    with formats.use(current_port_of(found.port_id)), suppress(redis.RedisError):
        live.replace(found.room, name, target=target, export=found)


# --- How the log tells of it


def many(details: Mapping[str, Any], count: str = "count") -> str:
    """Of which list, and how many."""
    kind, found = KINDS.get(details.get("what", "")), details.get(count, 0)
    return kind.many(int(found)) if kind else str(found)


@tells("export:started", icon="download")
def _started(details: Mapping[str, Any]) -> str:
    return _("asked for a file of %(many)s", many=many(details))


@tells("export:finished", icon="circle-check", tone="ok")
def _finished(details: Mapping[str, Any]) -> str:
    return _("got a file of %(many)s", many=many(details))


tells("export:stopped", lazy_gettext("stopped an export after %(done)s of %(total)s"), icon="circle-x", tone="warn")
tells("export:failed", lazy_gettext("could not make a file"), icon="triangle-alert", tone="bad")


@subjects("export", lazy_gettext("Export"))
def _exports_shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    """One's own have a page; of what went out at once there is nothing more to see."""
    own = db.session.scalars(Export.visible_to(member).where(Export.id.in_(ids)))
    urls = {one.id: url_for(one.kind.endpoint("show_export"), number=one.number) for one in own}
    return {one: Shown(_("Export"), urls[one]) if one in urls else Shown("") for one in ids}


families("export", lazy_gettext("Exports"))
