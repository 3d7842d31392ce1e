"""The waiting lists of `make run`: one taken over from paper, one that is young."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from ..berths.models import Berth, BerthStatus, Dock, Harbour
from ..clients.models import Client
from ..current import CurrentPort
from ..db import db, now
from ..events.models import Actor
from ..vessels.models import Vessel
from .models import Order, PriorityClass, WaitingEntry, WaitingList

# Years since they asked, and in which class.
PAPER = ((9, "holder"), (7, "other"), (6, "resident"), (5, "other"), (4, "other"), (3, "holder"), (2, "other"))


def make_waiting_lists(port: CurrentPort, by: Actor) -> None:
    harbour = db.session.scalars(select(Harbour).order_by(Harbour.number).limit(1)).one()
    dock = db.session.scalars(select(Dock).where(Dock.harbour_id == harbour.id, Dock.name == "B")).one()
    after = {"offer_days": 14, "after_no": "goes_back", "offers_next": True}
    rule = {"tenure": "annual", "order": Order.CLASS_THEN_DATE, **after}
    paper = WaitingList.create({"name": "Dock B, annual", "dock_id": dock.id, **rule}, port_id=port.id, by=by)
    summer = {"tenure": "seasonal", "order": Order.DATE, "offer_days": 7, "after_no": "leaves", "offers_next": True}
    scope = {"harbour_id": harbour.id, "up_to_width": Decimal("4.5")}
    young = WaitingList.create({"name": "Summer season, small boats", **scope, **summer}, port_id=port.id, by=by)
    owners = _owners(len(PAPER) + 3)
    for (years, priority), (client, vessel) in zip(PAPER, owners, strict=False):
        asked: dict[str, Any] = {
            "requested_at": now() - timedelta(days=365 * years + 40),
            "source": "List kept on paper",
        }
        fields = {"priority_class": PriorityClass(priority)}
        WaitingEntry.enter(paper, client, vessel=vessel, fields=fields, by=by, **asked)
    for client, vessel in owners[len(PAPER) :]:
        WaitingEntry.enter(young, client, vessel=vessel, by=by)
    _offer(paper, dock, by)


def _owners(count: int) -> list[tuple[Client, Vessel]]:
    """Boats of a size that such berths take."""
    small = Vessel.length.between(700, 1400)
    rows = db.session.execute(
        select(Client, Vessel)
        .join(Vessel, (Vessel.port_id == Client.port_id) & (Vessel.client_id == Client.id))
        .where(Client.archived_at.is_(None), Vessel.archived_at.is_(None), small)
        .order_by(Client.number)
        .limit(count)
    )
    return [(row[0], row[1]) for row in rows]


def _offer(waiting_list: WaitingList, dock: Dock, by: Actor) -> None:
    """The largest berth of the dock that is available, from next month on."""
    free = Berth.status == BerthStatus.AVAILABLE
    berths = select(Berth).where(Berth.dock_id == dock.id, free).order_by(Berth.length.desc(), Berth.number).limit(1)
    begins = now().replace(hour=16, minute=0, second=0, microsecond=0) + timedelta(days=30)
    for berth in db.session.scalars(berths):
        waiting_list.offer(berth, Range(begins, begins + timedelta(days=365)), by=by)
