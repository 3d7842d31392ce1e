"""The list of stays: what a row shows, and its filters."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from ..clients.models import Client
from ..current import Member
from ..db import db
from ..numbers import has_number
from ..paging import Filter, Page, Sort, chosen_of, paginate
from ..vessels.models import Vessel
from .board import midnights
from .labels import KINDS, STATES
from .models import Berth, Dock, Harbour, Occupancy
from .queries import LONGEST, berths_named

NAMED = 50  # of one name whose stays are looked for
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


def filters_of(member: Member, docks: Sequence[Dock]) -> list[Filter]:
    """What the toolbar offers, and what of it the query string chooses."""
    harbours = {str(one.harbour.number): one.harbour.name for one in docks}
    offered = [
        *((name, label, [of]) for name, label, of in asked_for(member)),
        ("kind", _("Kind"), [(str(value), label) for value, label in KINDS]),
        ("state", _("State"), [(str(value), label) for value, label in STATES]),
        *([("harbour", _("Harbour"), list(harbours.items()))] if len(harbours) > 1 else []),
        ("dock", _("Dock"), [(str(one.number), f"{one.harbour.name} · {one.name}") for one in docks]),
    ]
    days = (DayFilter(name, label, [], day_asked(name)) for name, label in (("from", _("From")), ("to", _("To"))))
    return [*chosen_of(offered), *days]


def asked_for(member: Member) -> Iterator[tuple[str, str, tuple[str, str]]]:
    """(name, what it is called, as an option) of the client, the vessel and the berth that the address names."""
    for name, model, _column, called in NARROWED_TO:
        number = request.args.get(name, type=int)
        if number is not None:
            found = db.session.execute(
                model.visible_to(member).where(has_number(model, number)).with_only_columns(called)
            )
            yield from ((name, words, (str(number), words)) for words in found.scalars())


def day_asked(name: str) -> str:
    with suppress(ValueError):
        if date(1900, 1, 1) <= (day := date.fromisoformat(request.args.get(name, ""))) <= date(2200, 1, 1):
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
    """Of whom or what is called so: boats, clients and berths, as fields find them by the beginning of the name."""
    found = (
        (Occupancy.vessel_id, Vessel.named(member, words, most=NAMED)),
        (Occupancy.client_id, Client.named(member, words, most=NAMED)),
        (Occupancy.berth_id, berths_named(member, words, most=NAMED)),
    )
    return or_(*(column.in_([one.id for one in those]) for column, those in found))


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
    if chosen.get("from"):
        begins, _end = midnights(date.fromisoformat(chosen["from"]))
        scope = scope.where(or_(Occupancy.ends_at.is_(None), Occupancy.ends_at > begins))
    if chosen.get("to"):
        begins, _end = midnights(date.fromisoformat(chosen["to"]) + timedelta(days=1))
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
