"""Topic of a change set, what its events show, and how the log tells of them."""

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
from ..numbers import has_number
from .models import ChangeSet, ChangeSetStatus


@live.topic("change_set")
def change_set_topic(member: Member, key: str | None) -> str | None:
    if not key or not (key.isascii() and key.isdecimal()) or len(key) > 10:
        return None
    seen = ChangeSet.visible_to(member).where(has_number(ChangeSet, int(key)))
    found = db.session.scalars(seen).one_or_none()
    return found.room if found else None


@on("changeSet:applied", "changeSet:rollBackStarted", "changeSet:rolledBack")
def show_change_set(event: Event) -> None:
    live.refresh(f"change_set:{event.subject_id}", target="#main")
    found = db.session.get(ChangeSet, event.subject_id)
    if found is not None and found.kind == "import":
        live.refresh(f"import:{found.about_id}", target="#main")


@on("changeSet:applied", "changeSet:rolledBack")
def show_records(event: Event) -> None:
    """What was changed, or put back, stands in the lists: one look again for all of it."""
    live.refresh(f"port:{event.port_id}:clients", target="#main")
    live.refresh(f"port:{event.port_id}:clients:own", target="#main")


def show_progress(change_set_id: uuid.UUID) -> None:
    """How far it is; a Redis that is away only makes the bar stand still."""
    found = db.session.get(ChangeSet, change_set_id)
    if found is None or found.status not in (ChangeSetStatus.OPEN, ChangeSetStatus.ROLLING_BACK):
        return
    with formats.use(current_port_of(found.port_id)), suppress(redis.RedisError):
        live.replace(found.room, "changes/_progress.html", target=f"change-set-{found.number}", changes=found)


@tells("changeSet:applied", icon="list-checks", tone="info", personal=("title",))
def _applied(details: Mapping[str, Any]) -> str:
    return _("did “%(title)s”: %(total)s records", title=details["title"], total=details["total"])


@tells("changeSet:rollBackStarted", icon="rotate-ccw", tone="info", personal=("title",))
def _started(details: Mapping[str, Any]) -> str:
    return _("began to take “%(title)s” back: %(total)s records", title=details["title"], total=details["total"])


@tells("changeSet:rolledBack", icon="rotate-ccw", tone="warn", personal=("title",))
def _rolled_back(details: Mapping[str, Any]) -> str:
    words = {name: details.get(name, 0) for name in ("title", "put_back", "kept")}
    return _("took “%(title)s” back: %(put_back)s as before, %(kept)s changed since and kept", **words)


@subjects("changeSet", lazy_gettext("Bulk change"))
def _shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    found = db.session.scalars(ChangeSet.visible_to(member).where(ChangeSet.id.in_(ids)))
    return {one.id: Shown(one.title, url_for("changes.show", number=one.number)) for one in found}


families("changeSet", lazy_gettext("Bulk changes"))
