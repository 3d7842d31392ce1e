"""Topic of duplicates, what they and merges show and tell, and who is told of a scan."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from ... import live
from ...current import Member
from ...events.models import Event
from ...events.reactions import on
from ...events.subjects import Shown, families, subjects
from ...events.timeline import tells
from ...notifications.models import notify
from ...notifications.reactions import details_of, holders_of, written_for
from ..labels import REASONS
from ..merging.mergers import not_taken


@live.topic("duplicates")
def duplicates_topic(member: Member, key: str | None) -> str | None:
    return f"port:{member.here().id}:duplicates" if member.can("clients.merge") else None


@on(
    "duplicateScan:finished",
    "client:merged",
    "client:unmerged",
    "client:archived",
    "client:restored",
    "client:duplicateDismissed",
    "client:duplicateReopened",
)
def show_duplicates(event: Event) -> None:
    live.refresh(f"port:{event.port_id}:duplicates", target="#main")


@on("duplicateScan:finished")
def tell_of_duplicates(event: Event) -> None:
    """Once a scan, and only when it found something new."""
    details = details_of(event)
    if event.port_id is None or not details or not details["found"]:
        return
    for user_id in holders_of("clients.merge", event.port_id):
        with written_for(user_id, event.port_id) as slug:
            found = details["found"]
            title = ngettext("%(num)s pair of clients looks like one", "%(num)s pairs of clients look like one", found)
            notify(user_id, "duplicate_alert", event=event, title=title, link=f"/{slug}/clients/duplicates")


# --- How the timeline tells of it


@tells("client:merged", icon="copy", tone="info", personal=("name", "left", "left_custom"))
def _merged(details: Mapping[str, Any]) -> str:
    if details.get("into"):
        return _("merged this client into %(name)s (%(number)s)", name=details["name"], number=details["into"])
    told = _("merged %(name)s (%(number)s) into this client", name=details["name"], number=details["number"])
    values = " · ".join(f"{label}: {value}" for label, value in not_taken(details))
    return told + (_(". Not taken over: %(values)s", values=values) if values else "")


tells(
    "client:unmerged",
    lazy_gettext("undid the merge with %(name)s (%(number)s)"),
    icon="rotate-ccw",
    tone="warn",
    personal=("name",),
)
tells(
    "client:duplicateDetected",
    lazy_gettext("found somebody who looks like this client: %(reason)s"),
    icon="copy",
    tone="warn",
    words={"reason": lambda reason: str(REASONS.get(reason, "")).lower()},
)
tells("client:duplicateDismissed", lazy_gettext("said that this client and one that looks alike are two"), icon="check")
tells(
    "client:duplicateReopened",
    lazy_gettext("took back that this client and one that looks alike are two"),
    icon="rotate-ccw",
)
tells(
    "duplicateScan:finished",
    lazy_gettext("compared all clients and found %(found)s new pairs that look like one"),
    icon="search",
)


@subjects("duplicateScan", lazy_gettext("Search for duplicates"))
def _scans_shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    if not member.can("clients.merge"):
        return {}
    return dict.fromkeys(ids, Shown(_("All clients"), url_for("clients.index_duplicates")))


families("duplicateScan", lazy_gettext("Duplicates"))
