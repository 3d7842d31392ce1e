"""Topics of interests, what each event shows on open screens, who is told, and how timelines tell."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from .. import formats, live
from ..clients.models import Client
from ..current import Member
from ..db import db, now
from ..events.models import Event, EventMention
from ..events.reactions import on
from ..events.registry import EVENTS
from ..events.subjects import families, numbered, subjects
from ..events.timeline import describes, one_of, tells
from ..files.models import holds_files
from ..identity.models import current_port_of
from ..notes.telling import tell_mentioned
from ..notifications.models import notify
from ..notifications.reactions import details_of, holders_of, written_for
from ..numbers import one_numbered
from ..reminders.models import Reminder
from .board import place_of
from .jobs import note_activity, note_reopened
from .labels import FIELDS, LEADS, STAGES
from .models import Interest, InterestNote, InterestTag, Outcome
from .models.follow_ups import days_of
from .queries import row_of

ABOUT_INTERESTS = tuple(name for name in EVENTS if name.startswith("interest:"))
# What puts a card at the top of a column, or takes it from the board.
MOVES = ("created", "stageChanged", "lost", "withdrawn", "archived")
COMES_BACK = ("reopened", "restored")
CHANGES_VALUE = ("updated", "reverted")
# Of what stands on no card.
BESIDE = ("tagged", "untagged", *(f"note{one}" for one in ("Updated", "Pinned", "Unpinned", "Removed", "Restored")))


@live.topic("interests")
def interests_topic(member: Member, key: str | None) -> str | None:
    """Cards, or with a key only word that the list is to be looked at again."""
    room = room_of(member.here().id)
    if not member.can("interests.view"):
        return None
    return room if key is None else f"{room}:narrowed"


@live.topic("interest")
def interest_topic(member: Member, key: str | None) -> str | None:
    found = one_numbered(Interest, Interest.visible_to(member), key) if member.can("interests.view") else None
    return found.room if found else None


def room_of(port_id: uuid.UUID | None) -> str:
    return f"port:{port_id}:interests"


@on(*(name for name in ABOUT_INTERESTS if name != "interest:recommendationsGenerated"))
def show_interest(event: Event) -> None:
    """Its own page and those in whose timelines it stands, the tables, and of the board the card; where cards come and
    go, their columns."""
    interest = Interest.of(event)
    if interest is None:
        return
    live.refresh(interest.room)
    show_where_told(event)
    live.refresh(f"{room_of(interest.port_id)}:narrowed")
    show_on_board(interest, event)


def show_where_told(event: Event) -> None:
    """The pages of the client and of the berth, also of one that it has no longer."""
    told = select(EventMention.subject_type, EventMention.subject_id).where(EventMention.event_id == event.id)
    for kind, record_id in db.session.execute(told):
        live.refresh(f"{kind}:{record_id}")
        if kind == Client.subject_type:
            live.refresh(f"{kind}:{record_id}:own")


def show_on_board(interest: Interest, event: Event) -> None:
    """The card anew where it stands; where it goes elsewhere also what is above the columns, and nothing else of them.
    One that comes back to a place between others has the boards look again."""
    port, room = current_port_of(interest.port_id), room_of(interest.port_id)
    happened = event.name.partition(":")[2]
    if happened in BESIDE:
        return
    if happened in COMES_BACK:
        live.refresh(room)
        return
    with formats.use(port):
        row = row_of(interest.id)
        if happened not in MOVES:
            if row:
                about = {"card": row, "port": port, "today": now()}
                live.replace(room, "interests/_card.html", target=f"interest-{interest.number}", **about)
            if happened in CHANGES_VALUE:
                live.move(room, "interests/_heads.html", **place_of(interest.number, None, [interest.stage], port))
            return
        details: Mapping[str, Any] = details_of(event) or {}
        stages = {one for one in (details.get("old"), details.get("new"), interest.stage) if one}
        card = row if row and row.outcome in (None, Outcome.WON) else None
        live.move(room, "interests/_place.html", **place_of(interest.number, card, stages, port))


@on("tag:updated", "tag:archived", "tag:restored")
def show_tagged(event: Event) -> None:
    """A tag has another name or colour: pages that show it look again."""
    live.refresh(f"{room_of(event.port_id)}:narrowed")
    carrying = select(InterestTag.interest_id).where(InterestTag.tag_id == event.subject_id)
    for interest_id in db.session.scalars(carrying.limit(SHOWN_AT_ONCE)):
        live.refresh(f"{Interest.subject_type}:{interest_id}")


SHOWN_AT_ONCE = 500  # pages that are told of a tag; who opens another sees it as it is


@on("occupancy:cancelled", "occupancy:noShow", "occupancy:finished")
def follow_hold(event: Event) -> None:
    """Nothing is held any more on the page of the interest."""
    of = (Interest.port_id == event.port_id, Interest.occupancy_id == event.subject_id)
    interest_id = db.session.scalar(select(Interest.id).where(*of))
    if interest_id is not None:
        live.refresh(f"{Interest.subject_type}:{interest_id}")


# --- What counts as something done about it, although another record tells of it


@on("reminder:completed", "document:completed")
def note_what_was_done(event: Event) -> None:
    if event.actor_kind == "user":
        note_activity.later(event_id=event.id)


@on("reminder:reopened", "reminder:restored")
def keep_follow_up_in_sight(event: Event) -> None:
    reminder = Reminder.of(event)
    if reminder is not None and days_of(reminder) is not None:
        note_reopened.later(event_id=event.id)


# --- Who is told


@on("interest:assigned")
def tell_new_owner(event: Event) -> None:
    """Whom somebody else gave it to."""
    interest = Interest.of(event)
    if interest is not None and interest.owner_id != event.actor_id:
        tell(interest, event, lambda: _("An interest was given to you"))


@on("interest:holdExpired")
def tell_of_expiry(event: Event) -> None:
    interest = Interest.of(event)
    if interest is not None:
        tell(interest, event, lambda: _("The hold of its berth has expired"))


@on("interest:noteAdded", "interest:noteUpdated")
def tell_who_was_named(event: Event) -> None:
    interest = Interest.of(event)
    if interest is None or "mentioned" not in (details_of(event) or {}):
        return
    name = db.session.get_one(Client, interest.client_id).full_name
    reached = set(holders_of("interests.view", interest.port_id))
    path = f"interests/{interest.number}"
    tell_mentioned(event, InterestNote, may_open=reached.__contains__, name=name, path=path)


def tell(interest: Interest, event: Event, body: Any) -> None:
    user_id = interest.owner_id
    if user_id is None or user_id not in holders_of("interests.view", interest.port_id):
        return
    with written_for(user_id, interest.port_id) as slug:
        link = f"/{slug}/interests/{interest.number}"
        notify(user_id, "follow_up_created", event=event, title=interest.name, body=body(), link=link)


# --- How timelines tell of it. Those of the client and the berth do as well, so each says which.

describes(ABOUT_INTERESTS, FIELDS)


def in_brackets(text: Any) -> str:
    return f": {text}" if text else ""


def interest_tells(happened: str, sentence: Any, **how: Any) -> None:
    tells(f"interest:{happened}", sentence, **how)


as_stage = one_of(STAGES)
interest_tells("created", lazy_gettext("opened interest %(number)s"), icon="flag", tone="ok")
interest_tells("updated", lazy_gettext("changed interest %(number)s"), icon="pencil")
interest_tells("reverted", lazy_gettext("took a change of interest %(number)s back"), icon="rotate-ccw")
interest_tells(
    "stageChanged",
    lazy_gettext("moved interest %(number)s from %(old)s to %(new)s%(note)s"),
    icon="arrow-right",
    tone="info",
    words={"old": as_stage, "new": as_stage, "note": in_brackets},
)
interest_tells("berthLinked", lazy_gettext("linked berth %(berth)s to interest %(number)s"), icon="anchor", tone="info")
interest_tells("berthUnlinked", lazy_gettext("took berth %(berth)s from interest %(number)s"), icon="anchor")
interest_tells("berthHeld", lazy_gettext("held the berth of interest %(number)s"), icon="clock", tone="info")
interest_tells("holdExtended", lazy_gettext("held the berth of interest %(number)s for longer"), icon="clock")
interest_tells("holdReleased", lazy_gettext("let the berth of interest %(number)s go"), icon="x")
interest_tells(
    "holdExpired", lazy_gettext("let the berth of interest %(number)s go: the hold expired"), icon="clock", tone="warn"
)
interest_tells(
    "depositRecorded",
    lazy_gettext("recorded a deposit of %(amount)s %(currency)s for interest %(number)s"),
    icon="receipt",
    tone="ok",
)
interest_tells(
    "depositReversed",
    lazy_gettext("took a deposit of %(amount)s %(currency)s of interest %(number)s back%(reason)s"),
    icon="rotate-ccw",
    tone="warn",
    words={"reason": in_brackets},
)
interest_tells(
    "lost", lazy_gettext("lost interest %(number)s%(reason)s"), icon="x", tone="warn", words={"reason": in_brackets}
)
interest_tells(
    "withdrawn",
    lazy_gettext("noted that interest %(number)s was withdrawn%(reason)s"),
    icon="x",
    tone="warn",
    words={"reason": in_brackets},
)
interest_tells("reopened", lazy_gettext("opened interest %(number)s again"), icon="rotate-ccw")
interest_tells("assigned", lazy_gettext("gave interest %(number)s to somebody else"), icon="user")
interest_tells(
    "leadCategoryChanged",
    lazy_gettext("set the lead of interest %(number)s to %(new)s"),
    icon="flag",
    words={"new": one_of(LEADS)},
)
tells(
    "interest:noteAdded",
    lazy_gettext("noted on interest %(number)s: “%(preview)s”"),
    icon="message-square",
    tone="info",
    personal=("preview",),
)
tells("interest:noteUpdated", lazy_gettext("changed a note"), icon="message-square")
tells("interest:notePinned", lazy_gettext("pinned “%(preview)s”"), icon="pin", tone="info", personal=("preview",))
tells("interest:noteUnpinned", lazy_gettext("unpinned “%(preview)s”"), icon="pin", personal=("preview",))
tells("interest:noteRemoved", lazy_gettext("removed a note"), icon="trash-2")
tells("interest:noteRestored", lazy_gettext("put a note back"), icon="message-square")
tells("interest:tagged", lazy_gettext("added the tag “%(tag)s”"), icon="tags", tone="info")
tells("interest:untagged", lazy_gettext("took the tag “%(tag)s” off"), icon="tags")
interest_tells("archived", lazy_gettext("archived interest %(number)s"), icon="archive", tone="warn")
interest_tells("restored", lazy_gettext("brought interest %(number)s back"), icon="archive-restore")
CLIENT_NAME = (
    select(Client.full_name)
    .where(Client.port_id == Interest.port_id, Client.id == Interest.client_id)
    .correlate(Interest)
    .scalar_subquery()
)
subjects("interest", lazy_gettext("Interest"))(
    numbered(Interest, CLIENT_NAME, "interests.show", needs=("interests.view",))
)
families("interest", lazy_gettext("Interests"))
holds_files(Interest, entity="interests", seen_with="interests.view", endpoint="interests.show")
