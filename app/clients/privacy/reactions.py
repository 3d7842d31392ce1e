"""What an erasure and an archive show on open screens, who is told, and how the log tells of them."""

from __future__ import annotations

import uuid

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from ... import live
from ...db import db
from ...events.models import Event
from ...events.reactions import on
from ...events.timeline import tells
from ...identity.models import UserPortRole
from ...notifications.models import notify
from ...notifications.reactions import details_of, written_for
from ...search.recent import forget
from ..models import Client


@on("client:erased")
def show_erased(event: Event) -> None:
    """The pages of vessels that went with the client, the files, and what the palette offers as opened lately."""
    details = details_of(event)
    if event.port_id is None or details is None:
        return
    for vessel_id, _number in details["vessels"]:
        for room in (f"vessel:{vessel_id}", f"vessel:{vessel_id}:own"):
            live.refresh(room, target="#main")
    for room in ("vessels", "vessels:own", "files", "duplicates"):
        live.refresh(f"port:{event.port_id}:{room}")
    here = select(UserPortRole.user_id).where(UserPortRole.port_id == event.port_id)
    vessels = [("vessel", uuid.UUID(vessel_id)) for vessel_id, _number in details["vessels"]]
    forget([("client", event.subject_id), *vessels], port_id=event.port_id, users=db.session.scalars(here).all())


@on("data:exported")
def show_archive(event: Event) -> None:
    """The archive is ready: the page says so, and so does the bell of whoever asked."""
    client = Client.of(event) if event.subject_type == Client.subject_type else None
    if client is None or event.port_id is None:
        return
    for room in (client.room, f"{client.room}:own"):
        live.refresh(room, target="#main")
    if event.actor_id is None:
        return
    with written_for(event.actor_id, event.port_id) as slug:
        title = _("What is held about %(name)s is ready", name=client.full_name)
        body, link = _("The archive can be downloaded for seven days."), f"/{slug}/clients/{client.number}/privacy"
        notify(event.actor_id, "export", event=event, title=title, body=body, link=link)


tells(
    "client:erased",
    lazy_gettext("erased what was kept about this client, for good: %(reason)s"),
    icon="trash-2",
    tone="bad",
)
