"""The list of stays: what a row shows, and its filters."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, Select, and_, false, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from ..clients.models import Client
from ..current import Member
from ..db import db
from ..formats import format_day
from ..naming import called_so
from ..numbers import has_number
from ..paging import Filter, Page, Sort, chosen_of, paginate
from ..sorting import sort_name
from ..vessels.models import Vessel
from .board import midnights
from .calendar import docks_of
from .labels import KINDS, STATES
from .models import Berth, Dock, Harbour, Occupancy
from .queries import LONGEST, NUMBERED, found_by

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


# Whose stays an address may ask for by a number, and what they are called.
NARROWED_TO: tuple[tuple[str, type[Any], InstrumentedAttribute[Any], InstrumentedAttribute[Any]], ...] = (
    ("client", Client, Occupancy.client_id, Client.full_name),
    ("vessel", Vessel, Occupancy.vessel_id, Vessel.name),
    ("berth", Berth, Occupancy.berth_id, Berth.code),
)


@dataclass(frozen=True)
class DayFilter(Filter):
    kind: str = "date"

    def offers(self, value: str) -> bool:
        return bool(a_day(value))

    def said(self, value: str) -> str:
        return format_day(value)


@dataclass(frozen=True)
class OneFilter(Filter):
    """Of one record, by its number; it stands in the toolbar where the address names one that is there."""

    def offers(self, value: str) -> bool:
        return value.isascii() and value.isdecimal() and len(value) < 10

    def said(self, value: str) -> str:
        return str(dict(self.options).get(value, value))


def filters_of(member: Member) -> list[Filter]:
    """What the list is narrowed by, and what of it the query string chooses."""
    docks = docks_of(member)
    harbours = {str(one.harbour.number): one.harbour.name for one in docks}
    offered = [
        ("kind", _("Kind"), [(str(value), label) for value, label in KINDS]),
        ("state", _("State"), [(str(value), label) for value, label in STATES]),
        ("harbour", _("Harbour"), list(harbours.items())),
        ("dock", _("Dock"), [(str(one.number), f"{one.harbour.name} · {one.name}") for one in docks]),
    ]
    days = (
        DayFilter(name, label, [], a_day(request.args.get(name, "")))
        for name, label in (("since", _("From")), ("until", _("To")))
    )
    return [*(one_of(member, *which) for which in NARROWED_TO), *chosen_of(offered), *days]


def in_toolbar(filters: Sequence[Filter]) -> list[Filter]:
    """Those that offer something: a port with one harbour has no choice of them."""
    return [one for one in filters if len(one.options) > (one.name == "harbour") or isinstance(one, DayFilter)]


def one_of(member: Member, name: str, model: type[Any], _column: Any, called: Any) -> OneFilter:
    """The client, the vessel or the berth that the address names, under what it is called."""
    asked = OneFilter(name, "", [], "")
    number = request.args.get(name, "")
    if not asked.offers(number):
        return asked
    words = db.session.scalar(model.visible_to(member).where(model.number == int(number)).with_only_columns(called))
    return OneFilter(name, words, [(number, words)], number) if words is not None else asked


def a_day(text: str) -> str:
    with suppress(ValueError):
        if date(1900, 1, 1) <= (day := date.fromisoformat(text)) <= date(2200, 1, 1):
            return day.isoformat()
    return ""


def words_asked() -> str:
    return request.args.get("q", "").replace("\x00", "")[:LONGEST].strip()


def stay_page(member: Member, filters: Sequence[Filter], *, of: Any = None) -> Page:
    """Of the client or vessel, where one is given: one statement."""
    scope = narrowed(Occupancy.visible_to(member), {one.name: one.value for one in filters})
    if words := words_asked():
        scope = scope.where(named(member, words))
    if of is not None:
        scope = scope.where((Occupancy.client_id if isinstance(of, Client) else Occupancy.vessel_id) == of.id)
    return paginate(row_columns(scope), scope, id_column=Occupancy.id, sorts=SORTS)


def named(member: Member, words: str) -> ColumnElement[bool]:
    """Of whom or what is called so: boats, clients and berths, also those that are put away by now."""
    whose = (
        (Occupancy.vessel_id, Vessel.visible_to(member).where(called_so(words, Vessel)), Vessel),
        (Occupancy.client_id, Client.visible_to(member).where(called_so(words, Client)), Client),
        (Occupancy.berth_id, Berth.visible_to(member).where(berth_called_so(words)), Berth),
    )
    # One after the other, each by its own index, and not each stay of the port against all three.
    ids = (
        select(Occupancy.id).where(Occupancy.port_id == member.here().id, column.in_(those.with_only_columns(model.id)))
        for column, those, model in whose
    )
    return Occupancy.id.in_(union_all(*ids))


def berth_called_so(words: str) -> ColumnElement[bool]:
    if number := NUMBERED.search(words):
        return has_number(Berth, int(number[1]))
    return found_by(words) if sort_name(words) else false()


def narrowed(scope: Select[Any], chosen: Mapping[str, str]) -> Select[Any]:
    """Stays of which at least a night lies in the days asked for."""
    for name in ("kind", "state"):
        if chosen.get(name):
            scope = scope.where(getattr(Occupancy, name) == chosen[name])
    for name, model, column, _called in NARROWED_TO:
        if chosen.get(name):
            numbered = select(model.id).where(model.port_id == Occupancy.port_id, has_number(model, int(chosen[name])))
            scope = scope.where(column == numbered.correlate(Occupancy).scalar_subquery())
    for place in (Dock, Harbour):
        if number := chosen.get(place.subject_type):
            scope = scope.where(Occupancy.berth_id.in_(on_place(has_number(place, int(number)))))
    if chosen.get("since"):
        begins, _end = midnights(date.fromisoformat(chosen["since"]))
        scope = scope.where(or_(Occupancy.ends_at.is_(None), Occupancy.ends_at > begins))
    if chosen.get("until"):
        begins, _end = midnights(date.fromisoformat(chosen["until"]) + timedelta(days=1))
        scope = scope.where(Occupancy.begins_at < begins)
    return scope


def on_place(which: ColumnElement[bool]) -> Select[uuid.UUID]:
    """The ids of the berths of that dock or harbour."""
    return (
        select(Berth.id)
        .join(Dock, and_(Dock.port_id == Berth.port_id, Dock.id == Berth.dock_id))
        .join(Harbour, and_(Harbour.port_id == Dock.port_id, Harbour.id == Dock.harbour_id))
        .where(Berth.port_id == Occupancy.port_id, which)
        .correlate(Occupancy)
    )


def row_columns(scope: Select[Any]) -> Any:
    return (
        scope.with_only_columns(*ROW)
        .join(Berth, and_(Berth.port_id == Occupancy.port_id, Berth.id == Occupancy.berth_id))
        .join(Dock, and_(Dock.port_id == Berth.port_id, Dock.id == Berth.dock_id))
        .outerjoin(Vessel, and_(Vessel.port_id == Occupancy.port_id, Vessel.id == Occupancy.vessel_id))
        .outerjoin(Client, and_(Client.port_id == Occupancy.port_id, Client.id == Occupancy.client_id))
    )
