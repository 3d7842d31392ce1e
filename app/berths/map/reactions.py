"""What the open maps show of each event: the one berth anew, with the figures of the legend."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from ... import formats, live
from ...current import Member
from ...db import db
from ...events.models import Event, EventMention
from ...events.reactions import on
from ...formats import today
from ...identity.models import current_port_of
from ...numbers import one_numbered
from ..models import Berth, Harbour
from ..queries import with_place
from ..reactions import ABOUT_BERTHS, ABOUT_CHANGE_SETS, ABOUT_DOCKS, ABOUT_OCCUPANCIES, is_import_of_berths
from .layout import drawn
from .queries import Look, counted, kept, rows_of, spots_of


@live.topic("map")
def map_topic(member: Member, key: str | None) -> str | None:
    """`statuses-3`, `stays-3`: of the harbour with that number; anything else only hears that it is to look again."""
    if not member.can("berths.view"):
        return None
    view, _dash, number = (key or "").partition("-")
    known = view in ("statuses", "stays") and number.isascii() and number.isdigit()
    return f"port:{member.here().id}:map:{view}-{int(number)}" if known else f"port:{member.here().id}:map:narrowed"


@live.topic("plan")
def plan_topic(member: Member, key: str | None) -> str | None:
    """By the number of the harbour: what becomes of its files, such as that a picture is there to be looked at."""
    found = one_numbered(Harbour, Harbour.visible_to(member), key) if member.can("berths.view") else None
    return f"port:{member.here().id}:files:harbours:{found.id}" if found else None


@on(*ABOUT_BERTHS)
def show_on_map(event: Event) -> None:
    if event.name == "berth:statusChanged":
        _show([event.subject_id], event.port_id, "statuses")
    elif not event.name.startswith("berth:maintenance"):
        _look_again(event.port_id)


@on(*ABOUT_DOCKS)
def draw_again(event: Event) -> None:
    _look_again(event.port_id)


@on(*ABOUT_CHANGE_SETS)
def draw_imported(event: Event) -> None:
    if is_import_of_berths(event):
        _look_again(event.port_id)


@on(*ABOUT_OCCUPANCIES)
def show_who_is_here(event: Event) -> None:
    told = select(EventMention.subject_id).where(EventMention.event_id == event.id)
    berths = list(db.session.scalars(select(Berth.id).where(Berth.id.in_(told))))
    _show(berths, event.port_id, "stays")


def _look_again(port_id: uuid.UUID | None) -> None:
    live.refresh(f"port:{port_id}:map:narrowed")
    numbers = select(Harbour.number).where(Harbour.port_id == port_id, Harbour.archived_at.is_(None))
    for number in db.session.scalars(numbers):
        for view in ("statuses", "stays"):
            live.refresh(f"port:{port_id}:map:{view}-{number}")


def _show(berth_ids: Sequence[uuid.UUID], port_id: uuid.UUID | None, view: str) -> None:
    if port_id is None:
        return
    live.refresh(f"port:{port_id}:map:narrowed")
    port = current_port_of(port_id)
    found = select(Berth).where(Berth.port_id == port_id, Berth.id.in_(berth_ids), Berth.archived_at.is_(None))
    with formats.use(port):
        for berth in db.session.scalars(with_place(found)):
            harbour = berth.dock.harbour
            look = Look(on=today() if view == "stays" else None)
            spots = {spot.row.id: spot for spot in spots_of(rows_of(harbour.id, port_id), look, port)}
            boxes = drawn(spot.row for spot in spots.values()).boxes()
            counts = counted(list(spots.values()), look)
            templates = {
                f"spot-{berth.number}": "berths/map/_spot.html",
                f"legend-{harbour.number}": "berths/map/_legend.html",
            }
            context = {"spot": spots[berth.id], "box": boxes[berth.id], "counts": counts, "harbour": harbour}
            keep = kept(harbour.number, look)
            room = f"port:{port_id}:map:{view}-{harbour.number}"
            live.replace_all(room, templates, chosen="", keep=keep, arranges=False, **context)
