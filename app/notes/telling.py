"""Colleagues who are named in a note hear of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask_babel import gettext as _

from ..db import db
from ..events.models import Event
from ..notifications.models import notify
from ..notifications.reactions import details_of, written_for
from .models import AnyNote


def tell_mentioned(
    event: Event, kind: type[AnyNote], *, may_open: Callable[[uuid.UUID], bool], name: str, path: str
) -> None:
    """Those who are named for the first time, if they may open the record: `name` is what it is called, `path` where
    its page is below the port."""
    details = details_of(event) or {}
    note = db.session.get(kind, uuid.UUID(str(details["note_id"]))) if details.get("mentioned") else None
    if note is None or note.archived_at is not None or event.port_id is None:
        return
    for user_id in map(uuid.UUID, details["mentioned"]):
        if may_open(user_id):
            _tell(user_id, event, note, port_id=event.port_id, name=name, path=path)


def _tell(user_id: uuid.UUID, event: Event, note: AnyNote, *, port_id: uuid.UUID, name: str, path: str) -> None:
    with written_for(user_id, port_id) as slug:
        words = {"who": note.author_name or _("Somebody"), "what": name}
        title = _("%(who)s mentioned you in a note on %(what)s", **words)
        notify(user_id, "mention", event=event, title=title, body=note.preview, link=f"/{slug}/{path}#note-{note.id}")
