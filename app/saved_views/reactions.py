"""Topic of saved views, what their events show, and how the log tells of them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import or_, select

from .. import live
from ..current import Member
from ..db import db
from ..events.models import Event
from ..events.reactions import on
from ..events.subjects import Shown, families, subjects
from ..events.timeline import FieldWords, describes, tells
from .models import SavedView

ABOUT_VIEWS = ("savedView:created", "savedView:updated", "savedView:archived", "savedView:restored")


@live.topic("saved_views")
def saved_views_topic(member: Member, key: str | None) -> str | None:
    """The pages that list views: told to look again, since each person sees others."""
    return f"port:{member.here().id}:saved_views"


@on(*ABOUT_VIEWS)
def show_views(event: Event) -> None:
    live.refresh(f"port:{event.port_id}:saved_views")


describes(
    ["savedView:updated"],
    {
        "name": FieldWords(lazy_gettext("Name"), personal=True),
        "query": FieldWords(lazy_gettext("What it shows"), personal=True),
        "is_shared": FieldWords(lazy_gettext("Shared")),
    },
)


def _told(name: str, sentence: Any, icon: str) -> None:
    tells(name, icon=icon, personal=("name",))(lambda details: sentence(details.get("name", "")))


_told("savedView:created", lambda name: _("saved the view “%(name)s”", name=name), "star")
_told("savedView:updated", lambda name: _("changed the view “%(name)s”", name=name), "star")
_told("savedView:archived", lambda name: _("deleted the view “%(name)s”", name=name), "trash-2")
_told("savedView:restored", lambda name: _("brought the view “%(name)s” back", name=name), "star")


@subjects("savedView", lazy_gettext("Saved view"))
def _shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    seen = or_(SavedView.user_id == member.id, SavedView.is_shared)
    found = select(SavedView).where(SavedView.port_id == member.here().id, SavedView.id.in_(ids), seen)
    return {view.id: Shown(view.name) for view in db.session.scalars(found)}


families("savedView", lazy_gettext("Saved views"))
