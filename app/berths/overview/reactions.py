"""What an open overview map shows of each event: the harbour anew, with its docks."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from ... import formats, live
from ...current import Member
from ...db import db
from ...events.models import Event, EventMention
from ...events.reactions import on
from ...identity.models import current_port_of
from ..models import Berth, Dock
from ..reactions import ABOUT_BERTHS, ABOUT_DOCKS, ABOUT_OCCUPANCIES, is_moved
from .queries import harbours_on_map

ADDS_OR_TAKES = ("berth:created", "berth:archived", "berth:restored")


@live.topic("overview")
def overview_topic(member: Member, key: str | None) -> str | None:
    return room_of(member.here().id) if member.can("berths.view") else None


def room_of(port_id: uuid.UUID | None) -> str:
    return f"port:{port_id}:overview"


@on(*ABOUT_DOCKS)
def look_again(event: Event) -> None:
    live.refresh(room_of(event.port_id))


@on(*ABOUT_BERTHS)
def count_again(event: Event) -> None:
    if event.name in ADDS_OR_TAKES or is_moved(event):
        look_again(event)
    elif event.name == "berth:statusChanged":
        _show([event.subject_id], event.port_id)


@on(*ABOUT_OCCUPANCIES)
def count_free(event: Event) -> None:
    told = select(EventMention.subject_id).where(EventMention.event_id == event.id)
    _show(list(db.session.scalars(told)), event.port_id)


def _show(berth_ids: Sequence[uuid.UUID], port_id: uuid.UUID | None) -> None:
    """The harbours of those among them that are berths."""
    if port_id is None:
        return
    port = current_port_of(port_id)
    on_dock = (Dock.port_id == Berth.port_id) & (Dock.id == Berth.dock_id)
    harbours = select(Dock.harbour_id).join(Berth, on_dock).where(Berth.port_id == port_id, Berth.id.in_(berth_ids))
    with formats.use(port):
        for harbour_id in db.session.scalars(harbours.distinct()):
            for harbour in harbours_on_map(port_id, harbour_id):
                target = f"overview-harbour-{harbour.number}"
                live.replace(
                    room_of(port_id), "berths/overview/_harbour.html", target=target, harbour=harbour, port=port
                )
