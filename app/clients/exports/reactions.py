"""Topic of an export, who is told when it is ready, and how the log tells of it."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from contextlib import suppress

import redis
from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from ... import formats, live
from ...current import Member
from ...db import db
from ...events.models import Event
from ...events.reactions import on
from ...events.subjects import Shown, families, subjects
from ...events.timeline import tells
from ...identity.models import current_port_of
from ...notifications.models import notify
from ...notifications.reactions import written_for
from ...numbers import one_numbered
from ..models import Export, ExportStatus


@live.topic("export")
def export_topic(member: Member, key: str | None) -> str | None:
    found = one_numbered(Export, Export.visible_to(member), key) if member.can("clients.export") else None
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
        count = formats.format_number(found.total)
        if found.status == ExportStatus.FINISHED:
            title = ngettext(
                "Your file of %(count)s client is ready",
                "Your file of %(count)s clients is ready",
                found.total,
                count=count,
            )
        else:
            title = _("Your file of clients could not be made")
        notify(found.created_by_id, "export", event=event, title=title, link=f"/{slug}/clients/exports/{found.number}")


def show_progress(export_id: uuid.UUID) -> None:
    """How far it is; a Redis that is away only makes the bar stand still."""
    found = db.session.get(Export, export_id)
    if found is None or not found.is_under_way:
        return
    name, target = "clients/exports/_progress.html", f"export-{found.number}"
    with formats.use(current_port_of(found.port_id)), suppress(redis.RedisError):
        live.replace(found.room, name, target=target, export=found)


# --- How the log tells of it


tells("export:started", lazy_gettext("asked for a file of %(count)s clients"), icon="download")
tells("export:finished", lazy_gettext("got a file of %(count)s clients"), icon="circle-check", tone="ok")
tells(
    "export:stopped",
    lazy_gettext("stopped an export after %(done)s of %(total)s clients"),
    icon="circle-x",
    tone="warn",
)
tells("export:failed", lazy_gettext("could not make a file of clients"), icon="triangle-alert", tone="bad")


@subjects("export", lazy_gettext("Export"))
def _exports_shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    """One's own have a page; of what went out at once there is nothing more to see."""
    own = Export.visible_to(member).where(Export.id.in_(ids)) if member.can("clients.export") else None
    pages = {one.id: one.number for one in db.session.scalars(own)} if own is not None else {}
    name = lazy_gettext("Export")
    return {
        one: Shown(str(name) if one in pages else "", url_for("clients.show_export", number=pages[one]))
        if one in pages
        else Shown("")
        for one in ids
    }


families("export", lazy_gettext("Exports"))
