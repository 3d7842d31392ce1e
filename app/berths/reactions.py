"""Topics of berths, what each event shows on open screens, and how timelines tell of it."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from .. import formats, live
from ..changes.models import ChangeSet
from ..clients.models import Client
from ..current import Member
from ..db import db, now
from ..events.models import Event, EventMention
from ..events.reactions import on
from ..events.registry import EVENTS
from ..events.subjects import Shown, families, numbered, subjects
from ..events.timeline import describes, one_of, tells
from ..files.models import holds_files
from ..formats import format_day
from ..identity.models import current_port_of
from ..notifications.models import notify
from ..notifications.reactions import details_of, holders_of, written_for
from ..numbers import one_numbered
from ..web import dom_id
from .availability import holder_of
from .labels import (
    DOCK_FIELDS,
    FIELDS,
    HARBOUR_FIELDS,
    KINDS,
    MAINTENANCE_FIELDS,
    OCCUPANCY_FIELDS,
    PLACE_FIELDS,
    PLAN_FIELDS,
    STATUSES,
    TRIGGERS,
    as_time,
)
from .models import Absence, Berth, BerthTag, Dock, Harbour, Occupancy, Sighting
from .queries import row_of, suggested_count, with_place
from .record import beside

ABOUT_BERTHS = tuple(name for name in EVENTS if name.startswith("berth:"))
ABOUT_OCCUPANCIES = tuple(name for name in EVENTS if name.startswith("occupancy:"))
TOLD_AFTERWARDS = timedelta(days=60)
ABOUT_ABSENCES = tuple(name for name in EVENTS if name.startswith("absence:"))
ABOUT_SIGHTINGS = tuple(name for name in EVENTS if name.startswith("sighting:"))
ABOUT_CHANGE_SETS = ("changeSet:applied", "changeSet:rolledBack")
ABOUT_DOCKS = tuple(name for name in EVENTS if name.startswith(("dock:", "harbour:")))


@live.topic("berths")
def berths_topic(member: Member, key: str | None) -> str | None:
    """Rows; with a key only word that the list is to be looked at again, or, with `many`, that an import or a bulk edit
    may have changed any berth."""
    room = f"port:{member.here().id}:berths"
    if not member.can("berths.view"):
        return None
    return room if key is None else f"{room}:many" if key == "many" else f"{room}:narrowed"


@live.topic("harbours")
def harbours_topic(member: Member, key: str | None) -> str | None:
    return f"port:{member.here().id}:harbours" if member.can("berths.view") else None


@live.topic("berth")
def berth_topic(member: Member, key: str | None) -> str | None:
    found = one_numbered(Berth, Berth.visible_to(member), key) if member.can("berths.view") else None
    return found.room if found else None


@live.topic("occupancy")
def occupancy_topic(member: Member, key: str | None) -> str | None:
    found = one_numbered(Occupancy, Occupancy.visible_to(member), key) if member.can("berths.view") else None
    return found.room if found else None


@on(*ABOUT_BERTHS)
def show_berth(event: Event) -> None:
    """The open detail pages: each card anew; all of it where what may be done changes."""
    berth = db.session.scalars(with_place(select(Berth).where(Berth.id == event.subject_id))).one_or_none()
    if berth is None:
        return
    if event.name in ("berth:archived", "berth:restored"):
        live.refresh(berth.room, target="#main")
        return
    show_page(berth)


def show_page(berth: Berth) -> None:
    port = current_port_of(berth.port_id)
    parts = ("header", "suggestions", "stays", "maintenance", "dimensions", "facts", "timeline")
    with formats.use(port):
        templates = {dom_id(berth, part): f"berths/_{part}.html" for part in parts}
        templates[dom_id(berth, "tags")] = "tags/_tags.html"
        context = {"berth": berth, "port": port, "record": berth, "module": "berths", "custom": berth.custom_facts}
        live.replace_all(berth.room, templates, **context, **beside(berth))


@on(*ABOUT_BERTHS)
def show_row(event: Event) -> None:
    """The open lists: the row anew, or where order and membership may change, the list."""
    if event.port_id is None:
        return
    room = f"port:{event.port_id}:berths"
    row = row_of(event.subject_id)
    live.refresh(f"{room}:narrowed", target="#main")
    live.refresh(f"port:{event.port_id}:harbours", target="#main")
    if row is None or event.name in ("berth:created", "berth:restored") or is_moved(event):
        live.refresh(room, target="#main")
        return
    port = current_port_of(event.port_id)
    with formats.use(port):
        live.replace(room, "berths/_row.html", target=f"berth-{row.number}", berth=row, port=port)
        waiting = {"suggested": suggested_count(event.port_id)}
        live.replace(room, "berths/suggestions/_count.html", target="berths-suggested", port=port, **waiting)


@on("tag:updated", "tag:archived", "tag:restored")
def show_tagged(event: Event) -> None:
    """A tag has another name or colour: lists and pages that may show it look again."""
    for page in ("berths", "berths:narrowed"):
        live.refresh(f"port:{event.port_id}:{page}", target="#main")
    carrying = select(BerthTag.berth_id).where(BerthTag.tag_id == event.subject_id)
    for berth_id in db.session.scalars(carrying.limit(SHOWN_AT_ONCE)):
        live.refresh(f"{Berth.subject_type}:{berth_id}", target="#main")


SHOWN_AT_ONCE = 500  # pages of berths that are told of a tag; who opens another sees it as it is


def is_moved(event: Event) -> bool:
    return not {"code", "dock_id"}.isdisjoint(event.changed_fields)


def is_import_of_berths(event: Event) -> bool:
    """Whether what was imported, or taken back, are berths: very many at once, each of which announces nothing."""
    found = db.session.get(ChangeSet, event.subject_id)
    return found is not None and found.kind == "import_berths"


@on("berth:tenureExpiring")
def tell_of_end(event: Event) -> None:
    """Who looks after the client on the berth; where there is none, everybody who edits berths. What ended long ago is
    nobody's news."""
    details = details_of(event)
    berth = db.session.scalars(with_place(select(Berth).where(Berth.id == event.subject_id))).one_or_none()
    if berth is None or details is None or event.port_id is None or berth.tenure_expires_on is None:
        return
    ends = date.fromisoformat(details["expires_on"])
    if ends != berth.tenure_expires_on or now().date() - ends > TOLD_AFTERWARDS:
        return
    holder = holder_of(berth)
    for user_id in who_looks_after(holder, event.port_id):
        with written_for(user_id, event.port_id) as slug:
            title = words_of_end(berth.name, ends)
            link, body = f"/{slug}/berths/{berth.number}", holder.full_name if holder else ""
            notify(user_id, "tenure_expiring", event=event, title=title, body=body, link=link)


def who_looks_after(holder: Client | None, port_id: uuid.UUID) -> list[uuid.UUID]:
    editors = holders_of("berths.edit", port_id)
    return [holder.owner_id] if holder and holder.owner_id in holders_of("berths.view", port_id) else editors


def words_of_end(name: str, ends: date) -> str:
    words = {"name": name, "day": formats.format_date(ends)}
    if ends < formats.today():
        return _("The tenure of berth %(name)s ended on %(day)s", **words)
    return _("The tenure of berth %(name)s ends on %(day)s", **words)


@on(*ABOUT_DOCKS)
def show_docks(event: Event) -> None:
    """Docks and harbours stand in each row of the list."""
    for page in ("harbours", "berths", "berths:narrowed"):
        live.refresh(f"port:{event.port_id}:{page}", target="#main")


@on(*ABOUT_OCCUPANCIES)
def show_stay(event: Event) -> None:
    """Its own page, and those of the berths in whose timelines it stands."""
    found = db.session.get(Occupancy, event.subject_id)
    if found is None:
        return
    live.refresh(found.room, target="#main")
    told = select(EventMention.subject_id).where(EventMention.event_id == event.id)
    for berth in db.session.scalars(with_place(select(Berth).where(Berth.id.in_(told)))):
        show_page(berth)


@live.topic("calendar")
def calendar_topic(member: Member, key: str | None) -> str | None:
    return f"port:{member.here().id}:calendar" if member.can("berths.view") else None


@live.topic("board")
def board_topic(member: Member, key: str | None) -> str | None:
    return f"port:{member.here().id}:board" if member.can("berths.view") else None


@on(*ABOUT_OCCUPANCIES, *ABOUT_ABSENCES, *ABOUT_SIGHTINGS)
def show_board(event: Event) -> None:
    live.refresh(f"port:{event.port_id}:board", target="#main")


@on(*ABOUT_OCCUPANCIES, *ABOUT_ABSENCES)
def show_lines(event: Event) -> None:
    """The rows of its berths in open calendars, each of which asks for the days that it shows."""
    if event.port_id is None:
        return
    told = select(EventMention.subject_id).where(EventMention.event_id == event.id)
    port = current_port_of(event.port_id)
    for number in db.session.scalars(select(Berth.number).where(Berth.id.in_(told))):
        target = f"calendar-{number}-changed"
        about = {"number": number, "port": port, "is_changed": True}
        live.replace(f"port:{event.port_id}:calendar", "berths/calendar/_changed.html", target=target, **about)


@on(*ABOUT_ABSENCES)
def show_holder(event: Event) -> None:
    """The page of the stay whose holder is away."""
    found = db.session.get(Absence, event.subject_id)
    holder = db.session.get(Occupancy, found.occupancy_id) if found else None
    if holder:
        live.refresh(holder.room, target="#main")


# --- How timelines tell of it

describes(ABOUT_BERTHS, FIELDS)
describes([name for name in ABOUT_BERTHS if name.startswith("berth:maintenance")], MAINTENANCE_FIELDS)
describes(("berth:placed", "berth:unplaced", "berth:placeReverted"), PLACE_FIELDS)
describes(ABOUT_OCCUPANCIES, OCCUPANCY_FIELDS)
describes([name for name in ABOUT_DOCKS if name.startswith("dock:")], DOCK_FIELDS)
describes([name for name in ABOUT_DOCKS if name.startswith("harbour:")], HARBOUR_FIELDS)
describes(("harbour:planUpdated", "harbour:planReverted"), PLAN_FIELDS)

tells("berth:created", lazy_gettext("added this berth"), icon="anchor", tone="ok")
tells("berth:updated", lazy_gettext("changed this berth"), icon="pencil")
tells("berth:reverted", lazy_gettext("took a change back"), icon="rotate-ccw")
tells("berth:placed", lazy_gettext("moved this berth on the map"), icon="map-pin")
tells("berth:unplaced", lazy_gettext("let the map find a place for this berth"), icon="map-pin")
tells("berth:placeReverted", lazy_gettext("took a move on the map back"), icon="rotate-ccw")
tells(
    "berth:statusChanged",
    lazy_gettext("set the status to %(new_status)s%(triggered_by)s%(note)s"),
    icon="flag",
    tone="info",
    words={
        "new_status": one_of(STATUSES),
        "triggered_by": lambda trigger: f" ({TRIGGERS[trigger]})" if trigger in TRIGGERS else "",
        "note": lambda note: f": {note}" if note else "",
    },
)
tells(
    "berth:tenureExpiring",
    lazy_gettext("reminded of the tenure, which ends on %(expires_on)s"),
    icon="clock",
    tone="warn",
    words={"expires_on": format_day},
)
suggestion = {"status": one_of(STATUSES), "trigger": lambda trigger: str(TRIGGERS.get(trigger, trigger))}
tells(
    "berth:statusSuggested",
    lazy_gettext("gave reason to set the status to %(status)s: %(trigger)s"),
    icon="info",
    words=suggestion,
)
tells(
    "berth:suggestionDismissed",
    lazy_gettext("left the status as it is, rather than %(status)s: %(trigger)s"),
    icon="x",
    words=suggestion,
)
for happened, words, sign, tone in (
    ("Added", lazy_gettext("opened in the maintenance log: %(what)s"), "wrench", "warn"),
    ("Updated", lazy_gettext("changed in the maintenance log: %(what)s"), "pencil", ""),
    ("Reverted", lazy_gettext("took a change in the maintenance log back: %(what)s"), "rotate-ccw", ""),
    ("Closed", lazy_gettext("closed in the maintenance log: %(what)s"), "circle-check", "ok"),
    ("Reopened", lazy_gettext("opened again in the maintenance log: %(what)s"), "wrench", "warn"),
):
    tells(f"berth:maintenance{happened}", words, icon=sign, tone=tone)
tells("berth:tagged", lazy_gettext("added the tag “%(tag)s”"), icon="tags", tone="info")
tells("berth:untagged", lazy_gettext("took the tag “%(tag)s” off"), icon="tags")
tells("berth:archived", lazy_gettext("archived this berth"), icon="archive", tone="warn")
tells("berth:restored", lazy_gettext("brought this berth back"), icon="archive-restore", tone="ok")
tells("dock:created", lazy_gettext("added the dock %(name)s"), icon="anchor", tone="ok")
tells("dock:updated", lazy_gettext("changed the dock %(name)s"), icon="pencil")
tells("dock:reverted", lazy_gettext("took a change of the dock %(name)s back"), icon="rotate-ccw")
tells("dock:archived", lazy_gettext("archived the dock %(name)s"), icon="archive", tone="warn")
tells("dock:restored", lazy_gettext("brought the dock %(name)s back"), icon="archive-restore", tone="ok")
tells("harbour:created", lazy_gettext("added the harbour %(name)s"), icon="anchor", tone="ok")
tells("harbour:updated", lazy_gettext("changed the harbour %(name)s"), icon="pencil")
tells("harbour:reverted", lazy_gettext("took a change of the harbour %(name)s back"), icon="rotate-ccw")
tells("harbour:archived", lazy_gettext("archived the harbour %(name)s"), icon="archive", tone="warn")
tells("harbour:restored", lazy_gettext("brought the harbour %(name)s back"), icon="archive-restore", tone="ok")

tells(
    "harbour:planShown",
    lazy_gettext("laid the plan “%(filename)s” behind %(name)s"),
    icon="image",
    tone="ok",
    personal=("filename",),
)
tells("harbour:planHidden", lazy_gettext("took the plan of %(name)s off the map"), icon="image", tone="warn")
tells("harbour:planUpdated", lazy_gettext("moved the plan of %(name)s"), icon="pencil")
tells("harbour:planReverted", lazy_gettext("took a change of the plan of %(name)s back"), icon="rotate-ccw")


def stay_tells(happened: str, words: Any, **how: Any) -> None:
    """Told in the timelines of the berth, the vessel and the client as well, so each says which berth, and when."""
    read = {"kind": one_of(KINDS), "time": as_time, "override": in_brackets, "reason": in_brackets}
    tells(f"occupancy:{happened}", words, words=read, **how)


def in_brackets(text: Any) -> str:
    return f" ({text})" if text else ""


stay_tells("booked", lazy_gettext("booked berth %(berth)s: %(kind)s, %(time)s%(override)s"), icon="anchor", tone="ok")
stay_tells("moved", lazy_gettext("moved a stay: berth %(berth)s, %(time)s%(override)s"), icon="repeat", tone="info")
stay_tells("checkedIn", lazy_gettext("checked in on berth %(berth)s"), icon="log-in", tone="ok")
stay_tells("checkedOut", lazy_gettext("checked out of berth %(berth)s"), icon="log-out")
stay_tells("finished", lazy_gettext("ended on berth %(berth)s: %(kind)s, %(time)s"), icon="check", tone="ok")
stay_tells("cancelled", lazy_gettext("cancelled a stay on berth %(berth)s, %(time)s%(reason)s"), icon="x", tone="warn")
stay_tells("noShow", lazy_gettext("noted that nobody came to berth %(berth)s, %(time)s"), icon="x", tone="warn")

stay_tells("checkInUndone", lazy_gettext("took the check-in on berth %(berth)s back"), icon="undo-2")
stay_tells("checkOutUndone", lazy_gettext("took the check-out of berth %(berth)s back"), icon="undo-2")
stay_tells(
    "relocated",
    lazy_gettext("moved the boat from berth %(berth)s to %(to)s%(override)s"),
    icon="repeat",
    tone="info",
)
WHEN = {"time": as_time}
tells(
    "absence:noted",
    lazy_gettext("noted that the holder of berth %(berth)s is away, %(time)s"),
    icon="undo-2",
    words=WHEN,
)
tells("absence:changed", lazy_gettext("changed the absence from berth %(berth)s: %(time)s"), icon="pencil", words=WHEN)
tells("absence:ended", lazy_gettext("noted that the holder of berth %(berth)s is back"), icon="log-in", tone="ok")
tells("absence:cancelled", lazy_gettext("cancelled the absence from berth %(berth)s, %(time)s"), icon="x", words=WHEN)


def boat(name: Any) -> str:
    return str(name or lazy_gettext("a boat"))


SEEN = {"name": boat, "note": lambda note: f": {note}" if note else ""}
tells("sighting:noted", lazy_gettext("saw %(name)s on berth %(berth)s%(note)s"), icon="eye", tone="warn", words=SEEN)
tells("sighting:booked", lazy_gettext("booked a stay for %(name)s, seen on berth %(berth)s"), icon="anchor", words=SEEN)
tells("sighting:dismissed", lazy_gettext("put aside that %(name)s was seen on berth %(berth)s"), icon="x", words=SEEN)
tells("sighting:reopened", lazy_gettext("brought %(name)s on berth %(berth)s back"), icon="rotate-ccw", words=SEEN)

# --- What the audit log calls them, and where their pages are

subjects("berth", lazy_gettext("Berth"))(numbered(Berth, Berth.code, "berths.show", needs=("berths.view",)))
subjects("dock", lazy_gettext("Dock"))(numbered(Dock, Dock.name, "berths.edit_dock", needs=("berths.edit",)))
subjects("harbour", lazy_gettext("Harbour"))(
    numbered(Harbour, Harbour.name, "berths.edit_harbour", needs=("berths.edit",))
)
subjects("occupancy", lazy_gettext("Stay"))(
    numbered(Occupancy, Occupancy.title, "berths.show_occupancy", needs=("berths.view",))
)
holds_files(Harbour, entity="harbours", seen_with="berths.view", endpoint="berths.show_plan")
families("berth", lazy_gettext("Berths"))
families("occupancy", lazy_gettext("Stays"))
subjects("absence", lazy_gettext("Absence"))(
    numbered(Absence, Absence.note, "berths.edit_absence", needs=("berths.manage_reservations",))
)


@subjects("sighting", lazy_gettext("Boat seen"))
def sightings_shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    """They have no page of their own: all of them stand on the board."""
    if not member.can("berths.view"):
        return {}
    found = db.session.scalars(Sighting.visible_to(member).where(Sighting.id.in_(ids)))
    return {one.id: Shown(one.name, url_for("berths.show_board")) for one in found}


families("absence", lazy_gettext("Absences"))
families("sighting", lazy_gettext("Boats seen"))
families("dock", lazy_gettext("Docks"))
families("harbour", lazy_gettext("Harbours"))
