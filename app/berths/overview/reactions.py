"""What an open overview map shows of each event: the harbour anew, with its docks, and what stands above the map."""

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
from ..models import Berth, Dock, Harbour
from ..reactions import ABOUT_BERTHS, ABOUT_CHANGE_SETS, ABOUT_DOCKS, ABOUT_OCCUPANCIES, is_import_of_berths, is_moved
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


@on(*ABOUT_CHANGE_SETS)
def look_at_imported(event: Event) -> None:
    if is_import_of_berths(event):
        look_again(event)


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
    in_harbour = (Harbour.port_id == Dock.port_id) & (Harbour.id == Dock.harbour_id)
    berths = select(Harbour.number).join(Dock, in_harbour).join(Berth, on_dock)
    numbers = set(db.session.scalars(berths.where(Berth.port_id == port_id, Berth.id.in_(berth_ids))))
    if not numbers:
        return
    with formats.use(port):
        harbours = harbours_on_map(port_id)
        for harbour in harbours:
            if harbour.number in numbers:
                templates = {
                    f"overview-harbour-{harbour.number}": "berths/overview/_harbour.html",
                    "overview-figures": "berths/overview/_figures.html",
                }
                live.replace_all(room_of(port_id), templates, harbour=harbour, harbours=harbours, port=port)
