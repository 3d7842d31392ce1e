"""The list of stays: what a row shows, and its filters."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import Select, and_, or_, select

from ..clients.models import Client
from ..current import Member
from ..numbers import has_number
from ..paging import Filter, Page, Sort, chosen_of, paginate
from ..vessels.models import Vessel
from .board import midnights
from .labels import KINDS, STATES
from .models import Berth, Dock, Occupancy

SORTS = (Sort("arrives", lazy_gettext("Arrives"), Occupancy.begins_at, descending=True),)
ROW = (
    Occupancy.id,
    Occupancy.number,
    Occupancy.kind,
    Occupancy.state,
    Occupancy.title,
    Occupancy.begins_at,
    Occupancy.ends_at,
    Occupancy.price,
    Occupancy.currency,
    Vessel.name.label("vessel"),
    Client.full_name.label("client"),
    Berth.number.label("berth_number"),
    Berth.code,
    Dock.name.label("dock_name"),
)


@dataclass(frozen=True)
class DayFilter(Filter):
    kind: str = "date"


def filters_of(docks: Sequence[Dock]) -> list[Filter]:
    """What the toolbar offers, and what of it the query string chooses."""
    offered = (
        ("kind", _("Kind"), [(str(value), label) for value, label in KINDS]),
        ("state", _("State"), [(str(value), label) for value, label in STATES]),
        ("dock", _("Dock"), [(str(one.number), f"{one.harbour.name} · {one.name}") for one in docks]),
    )
    days = (DayFilter(name, label, [], day_asked(name)) for name, label in (("from", _("From")), ("to", _("To"))))
    return [*chosen_of(offered), *days]


def day_asked(name: str) -> str:
    with suppress(ValueError):
        if date(1900, 1, 1) <= (day := date.fromisoformat(request.args.get(name, ""))) <= date(2200, 1, 1):
            return day.isoformat()
    return ""


def stay_page(member: Member, filters: Sequence[Filter], *, of: Any = None) -> Page:
    """Of the client or vessel, where one is given: one statement."""
    scope = narrowed(Occupancy.visible_to(member), {one.name: one.value for one in filters})
    if of is not None:
        scope = scope.where((Occupancy.client_id if isinstance(of, Client) else Occupancy.vessel_id) == of.id)
    return paginate(row_columns(scope), scope, id_column=Occupancy.id, sorts=SORTS)


def narrowed(scope: Select[Any], chosen: dict[str, str]) -> Select[Any]:
    """Stays of which at least a night lies in the days asked for."""
    for name in ("kind", "state"):
        if chosen.get(name):
            scope = scope.where(getattr(Occupancy, name) == chosen[name])
    if chosen.get("dock"):
        on_dock = (
            select(Berth.id)
            .join(Dock, and_(Dock.port_id == Berth.port_id, Dock.id == Berth.dock_id))
            .where(Berth.port_id == Occupancy.port_id, has_number(Dock, int(chosen["dock"])))
            .correlate(Occupancy)
        )
        scope = scope.where(Occupancy.berth_id.in_(on_dock))
    if chosen.get("from"):
        begins, _end = midnights(date.fromisoformat(chosen["from"]))
        scope = scope.where(or_(Occupancy.ends_at.is_(None), Occupancy.ends_at > begins))
    if chosen.get("to"):
        begins, _end = midnights(date.fromisoformat(chosen["to"]) + timedelta(days=1))
        scope = scope.where(Occupancy.begins_at < begins)
    return scope


def row_columns(scope: Select[Any]) -> Any:
    return (
        scope.with_only_columns(*ROW)
        .join(Berth, and_(Berth.port_id == Occupancy.port_id, Berth.id == Occupancy.berth_id))
        .join(Dock, and_(Dock.port_id == Berth.port_id, Dock.id == Berth.dock_id))
        .outerjoin(Vessel, and_(Vessel.port_id == Occupancy.port_id, Vessel.id == Occupancy.vessel_id))
        .outerjoin(Client, and_(Client.port_id == Occupancy.port_id, Client.id == Occupancy.client_id))
    )
