"""Topic of saved views, what their events show, and how the log tells of them."""

from __future__ import annotations

import uuid
from collections.abc import Collection

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


for happened, text, icon in (
    ("created", lazy_gettext("saved the view “%(name)s”"), "star"),
    ("updated", lazy_gettext("changed the view “%(name)s”"), "star"),
    ("archived", lazy_gettext("deleted the view “%(name)s”"), "trash-2"),
    ("restored", lazy_gettext("brought the view “%(name)s” back"), "star"),
):
    tells(f"savedView:{happened}", text, icon=icon, personal=("name",))


@subjects("savedView", lazy_gettext("Saved view"))
def _shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    seen = or_(SavedView.user_id == member.id, SavedView.is_shared)
    found = select(SavedView).where(SavedView.port_id == member.here().id, SavedView.id.in_(ids), seen)
    return {view.id: Shown(view.name) for view in db.session.scalars(found)}


families("savedView", lazy_gettext("Saved views"))
