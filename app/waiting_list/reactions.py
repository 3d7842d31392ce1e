"""Topics of waiting lists, who is told of them, and how timelines tell."""

from __future__ import annotations

import uuid
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from .. import live
from ..clients.models import Client
from ..current import Member
from ..db import db
from ..events.models import Event, EventMention
from ..events.reactions import on
from ..events.registry import EVENTS
from ..events.subjects import Shown, families, numbered, subjects
from ..events.timeline import describes, tells
from ..notifications.models import notify
from ..notifications.reactions import details_of, holders_of, written_for
from ..numbers import one_numbered
from .jobs import take_offer_back
from .labels import ENTRY_FIELDS, LIST_FIELDS, as_moment
from .models import WaitingEntry, WaitingList, WaitingStatus
from .queries import SEES

ABOUT_LISTS = tuple(name for name in EVENTS if name.startswith("waitingList:"))
ABOUT_ENTRIES = tuple(name for name in EVENTS if name.startswith("waitingEntry:"))


@live.topic("waiting_lists")
def lists_topic(member: Member, key: str | None) -> str | None:
    return room_of(member.here().id) if key is None and member.can("berths.view") else None


@live.topic("waiting_list")
def list_topic(member: Member, key: str | None) -> str | None:
    found = one_numbered(WaitingList, WaitingList.visible_to(member), key) if member.can("berths.view") else None
    return found.room if found else None


@live.topic("waiting_entry")
def entry_topic(member: Member, key: str | None) -> str | None:
    """An entry's page tells its rank, so it follows the whole list."""
    found = one_numbered(WaitingEntry, WaitingEntry.visible_to(member), key) if member.can("berths.view") else None
    return f"waiting_list:{found.list_id}" if found else None


def room_of(port_id: uuid.UUID) -> str:
    return f"port:{port_id}:waiting_lists"


@on(*ABOUT_LISTS, *ABOUT_ENTRIES)
def show_lists(event: Event) -> None:
    """Order and rank of everybody may have changed, on the pages of clients and berths as well."""
    if event.port_id is None:
        return
    live.refresh(room_of(event.port_id))
    entry = db.session.get(WaitingEntry, event.subject_id)
    live.refresh(f"waiting_list:{entry.list_id if entry else event.subject_id}")
    mentions = select(EventMention.subject_type, EventMention.subject_id).where(EventMention.event_id == event.id)
    for kind, found in db.session.execute(mentions):
        live.refresh(f"{kind}:{found}")


@on("client:merged", "client:unmerged")
def show_lists_of_client(event: Event) -> None:
    """Who stood in a line twice stands in it once, or twice again; each of the two clients has an event."""
    of_client = (WaitingEntry.port_id == event.port_id, WaitingEntry.client_id == event.subject_id)
    found = db.session.scalars(select(WaitingEntry.list_id).where(*of_client).distinct()).all()
    if event.port_id is not None and found:
        live.refresh(room_of(event.port_id))
    for list_id in found:
        live.refresh(f"waiting_list:{list_id}")


@on("occupancy:cancelled", "occupancy:noShow", "occupancy:finished")
def follow_hold(event: Event) -> None:
    """Who was offered the berth waits again; whoever answered has no hold any more."""
    offered = select(WaitingEntry.id).where(
        WaitingEntry.occupancy_id == event.subject_id, WaitingEntry.status == WaitingStatus.OFFERED
    )
    if db.session.scalar(offered) is not None:
        take_offer_back.later(hold_id=event.subject_id)


# --- Who is told


OF_OFFERS = ("offered", "accepted", "declined", "expired", "offerTakenBack")


@on(*(f"waitingEntry:{happened}" for happened in OF_OFFERS))
def tell_of_offer(event: Event) -> None:
    """Who looks after the client, else everybody who looks after the lists; but for who did it."""
    entry, details = WaitingEntry.of(event), details_of(event)
    if entry is None or details is None:
        return
    client = db.session.scalars(select(Client).where(Client.id == entry.client_id)).one()
    keepers = holders_of("berths.manage_waiting_list", entry.port_id)
    for user_id in [client.owner_id] if client.owner_id in keepers else keepers:
        if user_id is None or user_id == event.actor_id:
            continue
        with written_for(user_id, entry.port_id) as slug:
            words = {"berth": details["berth"], "name": client.full_name}
            title = {
                "waitingEntry:offered": _("Berth %(berth)s was offered to %(name)s", **words),
                "waitingEntry:accepted": _("%(name)s takes berth %(berth)s", **words),
                "waitingEntry:declined": _("%(name)s declined berth %(berth)s", **words),
                "waitingEntry:expired": _("%(name)s did not answer in time about berth %(berth)s", **words),
                "waitingEntry:offerTakenBack": _("Berth %(berth)s is not offered to %(name)s any more", **words),
            }[event.name]
            link = f"/{slug}/waiting-entries/{entry.number}"
            notify(user_id, "waiting_list", event=event, title=title, body=details["list"], link=link)


# --- How timelines tell of it. Those of the client and the berth do as well.

describes(ABOUT_LISTS, LIST_FIELDS)
describes(ABOUT_ENTRIES, ENTRY_FIELDS)


def because(reason: Any) -> str:
    return f": {reason}" if reason else ""


def entry_tells(happened: str, sentence: Any, **how: Any) -> None:
    words = {"reason": because, "until": as_moment, "source": because}
    tells(f"waitingEntry:{happened}", sentence, words=words, **how)


tells("waitingList:created", lazy_gettext("added this waiting list"), icon="list-checks", tone="ok")
tells("waitingList:updated", lazy_gettext("changed this waiting list"), icon="pencil")
tells("waitingList:reverted", lazy_gettext("took a change of this waiting list back"), icon="rotate-ccw")
tells("waitingList:archived", lazy_gettext("archived this waiting list"), icon="archive", tone="warn")
tells("waitingList:restored", lazy_gettext("brought this waiting list back"), icon="archive-restore")
entry_tells(
    "entered", lazy_gettext("put this client on the waiting list %(list)s%(source)s"), icon="list-checks", tone="info"
)
entry_tells("placed", lazy_gettext("changed the class on the waiting list %(list)s%(reason)s"), icon="pencil")
entry_tells(
    "offered",
    lazy_gettext("offered berth %(berth)s from the waiting list %(list)s, until %(until)s"),
    icon="anchor",
    tone="info",
)
entry_tells("accepted", lazy_gettext("noted that berth %(berth)s was accepted"), icon="check", tone="ok")
entry_tells("declined", lazy_gettext("noted that berth %(berth)s was declined%(reason)s"), icon="x", tone="warn")
entry_tells("expired", lazy_gettext("had no answer in time about berth %(berth)s"), icon="clock", tone="warn")
entry_tells(
    "offerTakenBack", lazy_gettext("took the offer of berth %(berth)s back%(reason)s"), icon="rotate-ccw", tone="warn"
)
entry_tells("withdrawn", lazy_gettext("took this client off the waiting list %(list)s%(reason)s"), icon="x")
entry_tells(
    "skipped", lazy_gettext("passed this client over for berth %(berth)s%(reason)s"), icon="arrow-right", tone="warn"
)

subjects("waitingList", lazy_gettext("Waiting list"))(
    numbered(WaitingList, WaitingList.name, "waiting_list.show", needs=SEES)
)


@subjects("waitingEntry", lazy_gettext("Place on a waiting list"))
def entries_shown(member: Member, ids: Any) -> dict[uuid.UUID, Shown]:
    if not member.can("berths.view"):
        return {}
    seen = (
        WaitingEntry.visible_to(member)
        .where(WaitingEntry.id.in_(ids))
        .join(WaitingList, WaitingList.id == WaitingEntry.list_id)
    )
    rows = db.session.execute(seen.with_only_columns(WaitingEntry.id, WaitingEntry.number, WaitingList.name))
    return {row.id: Shown(row.name, url_for("waiting_list.show_entry", number=row.number)) for row in rows}


families("waitingList", lazy_gettext("Waiting lists"))
families("waitingEntry", lazy_gettext("Places on waiting lists"))
