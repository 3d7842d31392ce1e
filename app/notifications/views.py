"""The list behind the bell, and how one wants to be told."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ..current import member
from ..paging import Sort, paginate
from ..web import allowed_next, find_or_404, go, page, said, signed_in
from .forms import PreferencesForm
from .models import Notification, NotificationPreference
from .types import TYPES

bp = Blueprint("notifications", __name__)

NEWEST = (Sort("newest", _, Notification.created_at, descending=True),)


@bp.get("/<port>/notifications")
@signed_in
def index() -> ResponseReturnValue:
    is_unread = request.args.get("show") == "unread"
    scope = Notification.of_member(member)
    if is_unread:
        scope = scope.where(Notification.read_at.is_(None))
    found = paginate(scope.add_columns(Notification.id.label("id")), scope, id_column=Notification.id, sorts=NEWEST)
    return page("notifications/index.html", notifications=found, is_unread=is_unread, follow=["notifications"])


@bp.post("/<port>/notifications/<uuid:notification_id>/reading")
@signed_in
def create_reading(notification_id: uuid.UUID) -> ResponseReturnValue:
    """Read one; where it leads somewhere, go there, unless only `stay` is asked for."""
    found = find_or_404(Notification.of_member(member).where(Notification.id == notification_id))
    found.read()
    link = allowed_next(found.words.link) if "stay" not in request.form else None
    return redirect(link or url_for("notifications.index"), 303)


@bp.post("/<port>/notifications/readings")
@signed_in
def create_readings() -> ResponseReturnValue:
    Notification.read_all(member)
    said(_("All read"))
    return go("notifications.index")


@bp.get("/<port>/settings/notifications")
@signed_in
def edit_preferences() -> ResponseReturnValue:
    chosen = NotificationPreference.channels_of(member.id)
    return page("notifications/preferences.html", types=TYPES.values(), chosen=chosen)


@bp.put("/<port>/settings/notifications")
@signed_in
def update_preferences() -> ResponseReturnValue:
    NotificationPreference.choose(member.id, PreferencesForm().chosen())
    said(_("Saved how you are told"))
    return go("notifications.edit_preferences")
