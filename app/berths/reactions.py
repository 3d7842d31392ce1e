"""Topics of berths, what each event shows on open screens, and how timelines tell of it."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext
from sqlalchemy import select

from .. import formats, live
from ..current import Member
from ..db import db
from ..events.models import Event, EventMention
from ..events.reactions import on
from ..events.registry import EVENTS
from ..events.subjects import families, numbered, subjects
from ..events.timeline import describes, one_of, tells, timeline
from ..identity.models import current_port_of
from ..numbers import one_numbered
from .availability import now_and_next
from .labels import DOCK_FIELDS, FIELDS, HARBOUR_FIELDS, KINDS, OCCUPANCY_FIELDS, STATUSES, TRIGGERS, as_time
from .models import Berth, Dock, Harbour, Occupancy
from .queries import LATEST, row_of, suggested_count, with_place
from .status_rules import suggestions_of

ABOUT_BERTHS = tuple(name for name in EVENTS if name.startswith("berth:"))
ABOUT_OCCUPANCIES = tuple(name for name in EVENTS if name.startswith("occupancy:"))
ABOUT_DOCKS = tuple(name for name in EVENTS if name.startswith(("dock:", "harbour:")))


@live.topic("berths")
def berths_topic(member: Member, key: str | None) -> str | None:
    """Rows, or with a key only word that the list is to be looked at again."""
    room = f"port:{member.here().id}:berths"
    if not member.can("berths.view"):
        return None
    return room if key is None else f"{room}:narrowed"


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
    parts = ("header", "suggestions", "stays", "dimensions", "facts", "timeline")
    with formats.use(port):
        entries = timeline(berth.subject_type, berth.id, limit=LATEST)
        templates = {f"berth-{berth.number}-{part}": f"berths/_{part}.html" for part in parts}
        beside = {"stays": now_and_next(berth), "suggestions": suggestions_of(berth), "timeline": entries}
        live.replace_all(berth.room, templates, berth=berth, port=port, **beside)


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


def is_moved(event: Event) -> bool:
    return not {"code", "dock_id"}.isdisjoint(event.changed_fields)


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


# --- How timelines tell of it

describes(ABOUT_BERTHS, FIELDS)
describes(ABOUT_OCCUPANCIES, OCCUPANCY_FIELDS)
describes([name for name in ABOUT_DOCKS if name.startswith("dock:")], DOCK_FIELDS)
describes([name for name in ABOUT_DOCKS if name.startswith("harbour:")], HARBOUR_FIELDS)

tells("berth:created", lazy_gettext("added this berth"), icon="anchor", tone="ok")
tells("berth:updated", lazy_gettext("changed this berth"), icon="pencil")
tells("berth:reverted", lazy_gettext("took a change back"), icon="rotate-ccw")
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
stay_tells("cancelled", lazy_gettext("cancelled a stay on berth %(berth)s, %(time)s%(reason)s"), icon="x", tone="warn")
stay_tells("noShow", lazy_gettext("noted that nobody came to berth %(berth)s, %(time)s"), icon="x", tone="warn")

# --- What the audit log calls them, and where their pages are

subjects("berth", lazy_gettext("Berth"))(numbered(Berth, Berth.code, "berths.show", needs=("berths.view",)))
subjects("dock", lazy_gettext("Dock"))(numbered(Dock, Dock.name, "berths.edit_dock", needs=("berths.edit",)))
subjects("harbour", lazy_gettext("Harbour"))(
    numbered(Harbour, Harbour.name, "berths.edit_harbour", needs=("berths.edit",))
)
subjects("occupancy", lazy_gettext("Stay"))(
    numbered(Occupancy, Occupancy.title, "berths.show_occupancy", needs=("berths.view",))
)
families("berth", lazy_gettext("Berths"))
families("occupancy", lazy_gettext("Stays"))
families("dock", lazy_gettext("Docks"))
families("harbour", lazy_gettext("Harbours"))
