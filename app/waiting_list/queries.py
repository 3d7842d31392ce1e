"""What the pages of waiting lists show; and the berths, docks and harbours that forms offer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Select, Text, func, literal, select
from sqlalchemy.orm import joinedload

from ..berths.models import Berth, Dock, Harbour
from ..berths.models.place import natural
from ..cards import card
from ..clients.models import Client, Merge
from ..current import Member, member
from ..db import db
from ..numbers import has_number
from ..paging import Page, paginate_ranked
from ..vessels.models import Vessel
from .models import WaitingEntry, WaitingEvent, WaitingList, WaitingStatus
from .models.entry import OPEN
from .models.waiting_list import ranked, standing

SEES = ("berths.view",)
ON_PAGE = 100  # entries of a list
MOST = 1_000_000
LATEST = 10  # entries of a timeline


def with_scope(statement: Select[Any]) -> Select[Any]:
    dock = joinedload(WaitingList.berth).joinedload(Berth.dock)
    return statement.options(joinedload(WaitingList.harbour), joinedload(WaitingList.dock), dock)


def lists_of(member: Member, *, archived: bool = False) -> list[Any]:
    """(list, how many wait, to how many something is offered): one statement."""
    seen = WaitingList.visible_to(member)
    return _counted(seen.where(WaitingList.archived_at.is_not(None) if archived else WaitingList.archived_at.is_(None)))


def _counted(lists: Select[Any]) -> list[Any]:
    waiting, offered = (
        count_of(WaitingStatus.WAITING).label("waiting"),
        count_of(WaitingStatus.OFFERED).label("offered"),
    )
    return list(db.session.execute(with_scope(lists.add_columns(waiting, offered)).order_by(WaitingList.name)).all())


def count_of(status: WaitingStatus) -> Any:
    """How many of a list stand so."""
    of_list = (WaitingEntry.port_id == WaitingList.port_id, WaitingEntry.list_id == WaitingList.id)
    return select(func.count()).where(*of_list, WaitingEntry.status == status).scalar_subquery()


def entries_of(waiting_list: WaitingList) -> Page:
    """Everybody who is or was on the list: in line first, then the latest. Each row has besides how many are in line,
    as `standing`."""
    count, waits = func.count(WaitingEntry.id), WaitingEntry.status.in_(OPEN)
    found = ranked(waiting_list.port_id, [waiting_list.id]).add_columns(
        count.over().label("total"), count.filter(waits).over().label("standing")
    )
    return paginate_ranked(
        lambda start: db.session.execute(found.offset(start).limit(ON_PAGE + 1)).all(), most=MOST, size=ON_PAGE
    )


def ranked_one(entry: WaitingEntry) -> int | None:
    rows = db.session.execute(ranked(entry.port_id, [entry.list_id]).where(WaitingEntry.id == entry.id)).all()
    return rows[0].rank if rows else None


def history_of(entry: WaitingEntry) -> Sequence[WaitingEvent]:
    events = select(WaitingEvent).where(WaitingEvent.port_id == entry.port_id, WaitingEvent.entry_id == entry.id)
    whole = events.options(joinedload(WaitingEvent.berth).joinedload(Berth.dock)).order_by(WaitingEvent.id.desc())
    return db.session.scalars(whole).all()


def merged_into(entry: WaitingEntry, history: Sequence[WaitingEvent]) -> tuple[Client, WaitingEntry | None] | None:
    """Into whom the client of an entry went that is off its list since; with the other place in the line, where they
    stood in it twice. A merge notes nothing in the history, so that all is as it was once it is undone; the answer to
    an offer does that they are off the list since they were merged."""
    if entry.status != WaitingStatus.WITHDRAWN:
        return None
    if entry.client.merged_into_id:
        return db.session.get_one(Client, entry.client.merged_into_id), None
    if history and history[0].kind == "withdrawn":
        return None
    same = (WaitingEntry.list_id == entry.list_id, WaitingEntry.client_id == entry.client_id)
    line = select(WaitingEntry).where(*same, WaitingEntry.vessel_id.is_not_distinct_from(entry.vessel_id))
    others = line.where(WaitingEntry.id != entry.id).order_by(WaitingEntry.status.in_(OPEN).desc(), WaitingEntry.id)
    found = db.session.scalars(others).all()
    moved = literal([str(one.id) for one in (entry, *found)], ARRAY(Text))
    merge = Merge.into(entry.client).where(Merge.undone_at.is_(None), Merge.moved["waiting_entries"].has_any(moved))
    return (entry.client, found[0]) if found and db.session.scalar(select(merge.exists())) else None


@card("waiting", "berth")
def lists_for_berth(berth: Berth) -> Any:
    """The lists in whose scope the berth is, with how many wait; for its page."""
    counted = [count_of(status).label(status) for status in (WaitingStatus.WAITING, WaitingStatus.OFFERED)]
    found = WaitingList.for_berth(berth).with_only_columns(WaitingList.number, WaitingList.name, *counted)
    return found.order_by(WaitingList.name, WaitingList.id)


@card("waiting", "client")
def places_of_client(client: Client) -> Any:
    """On which lists a client waits, and in which place; for their page."""
    if not member.can("berths.view"):
        return None
    theirs = (WaitingEntry.client_id == client.id, WaitingEntry.status.in_(OPEN))
    lists = select(WaitingEntry.list_id).where(WaitingEntry.port_id == client.port_id, *theirs)
    place = standing(client.port_id, lists)
    entry = (WaitingEntry.number, WaitingEntry.status, WaitingEntry.requested_at, WaitingEntry.loa, WaitingEntry.beam)
    return (
        select(*entry, place.c.rank, WaitingList.name, Vessel.name.label("vessel"))
        .select_from(WaitingEntry)
        .join(place, place.c.id == WaitingEntry.id)
        .join(WaitingEntry.waiting_list)
        .outerjoin(WaitingEntry.vessel)
        .where(WaitingEntry.port_id == client.port_id, *theirs)
        .order_by(WaitingList.name, WaitingEntry.id)
    )


# --- Choices


def harbour_choices(member: Member) -> list[tuple[str, str]]:
    seen = Harbour.visible_to(member).where(Harbour.archived_at.is_(None)).order_by(Harbour.sort_name, Harbour.id)
    return [(str(one.id), one.name) for one in db.session.scalars(seen)]


def dock_choices(member: Member) -> list[tuple[str, str]]:
    rows = db.session.execute(
        select(Dock.id, Dock.name, Harbour.name.label("harbour"))
        .join(Harbour, (Harbour.port_id == Dock.port_id) & (Harbour.id == Dock.harbour_id))
        .where(Dock.port_id == member.here().id, Dock.archived_at.is_(None))
        .order_by(Harbour.sort_name, Dock.sort_name, Dock.id)
    )
    return [(str(row.id), f"{row.harbour}, {row.name}") for row in rows]


def berths_named(member: Member, typed: str, *, most: int = 8) -> list[Berth]:
    """Which are meant by `B 12`, `12` or `B 12 · 1042`, which is its number."""
    _words, dot, number = typed.rpartition("·")
    seen = Berth.visible_to(member).where(Berth.archived_at.is_(None)).options(joinedload(Berth.dock))
    if dot:
        number = number.strip()
        if not (number.isascii() and number.isdecimal() and len(number) < 11):
            return []
        return list(db.session.scalars(seen.where(has_number(Berth, int(number)))))
    dock, _space, code = typed.strip().rpartition(" ")
    found = seen.where(Berth.sort_code == natural(code))
    if dock:
        docks = select(Dock.id).where(Dock.port_id == member.here().id, Dock.sort_name == natural(dock))
        found = found.where(Berth.dock_id.in_(docks))
    return list(db.session.scalars(found.order_by(Berth.sort_place).limit(most)))
