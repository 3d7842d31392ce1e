"""Topic of a change set, what its events show, and how the log tells of them."""

from __future__ import annotations

import uuid
from contextlib import suppress

import redis
from flask_babel import lazy_gettext

from .. import formats, live
from ..current import Member
from ..db import db
from ..events.models import Event
from ..events.reactions import on
from ..events.subjects import families, numbered, subjects
from ..events.timeline import tells
from ..identity.models import current_port_of
from ..numbers import one_numbered
from .models import IMPORTS, ROOMS, ROOMS_OF_CLIENTS, ChangeSet, ChangeSetStatus


@live.topic("change_set")
def change_set_topic(member: Member, key: str | None) -> str | None:
    found = one_numbered(ChangeSet, ChangeSet.visible_to(member), key)
    return found.room if found else None


@on("changeSet:applied", "changeSet:stopped", "changeSet:rollBackStarted", "changeSet:rolledBack")
def show_change_set(event: Event) -> None:
    live.refresh(f"change_set:{event.subject_id}", target="#main")
    found = db.session.get(ChangeSet, event.subject_id)
    if found is not None and found.kind in IMPORTS:
        live.refresh(f"import:{found.about_id}", target="#main")


@on("changeSet:applied", "changeSet:rolledBack")
def show_records(event: Event) -> None:
    """What was changed, or put back, stands in the lists: one look again for all of it."""
    found = db.session.get(ChangeSet, event.subject_id)
    for room in ROOMS.get(found.kind, ROOMS_OF_CLIENTS) if found else ():
        live.refresh(f"port:{event.port_id}:{room}", target="#main")


def show_progress(change_set_id: uuid.UUID) -> None:
    """How far it is; a Redis that is away only makes the bar stand still."""
    found = db.session.get(ChangeSet, change_set_id)
    if found is None or not (found.is_under_way or found.status == ChangeSetStatus.ROLLING_BACK):
        return
    with formats.use(current_port_of(found.port_id)), suppress(redis.RedisError):
        live.replace(found.room, "changes/_progress.html", target=f"change-set-{found.number}", changes=found)


tells(
    "changeSet:applied",
    lazy_gettext("did “%(title)s”: %(total)s records"),
    icon="list-checks",
    tone="info",
    personal=("title",),
)
tells("changeSet:stopped", lazy_gettext("stopped “%(title)s”"), icon="circle-x", tone="warn", personal=("title",))
tells(
    "changeSet:rollBackStarted",
    lazy_gettext("began to take “%(title)s” back: %(total)s records"),
    icon="rotate-ccw",
    tone="info",
    personal=("title",),
)
tells(
    "changeSet:rolledBack",
    lazy_gettext("took “%(title)s” back: %(put_back)s as before, %(kept)s changed since and kept"),
    icon="rotate-ccw",
    tone="warn",
    personal=("title",),
)

subjects("changeSet", lazy_gettext("Bulk change"))(numbered(ChangeSet, ChangeSet.title, "changes.show"))
families("changeSet", lazy_gettext("Bulk changes"))
