"""Interests that time went by: whose lead has cooled, and about which nobody did anything for days."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import Select, case, func, null, select
from sqlalchemy.orm import joinedload

from ...reminders.models.recurrence import moment_of
from .interest import Interest
from .lead import COOLING, LeadCategory

AT_ONCE = 500  # that are looked at in one transaction
# What went quiet longer ago, before there were follow-ups or the port settled its days, is nobody's news.
AFTERWARDS = timedelta(days=14)


def _open_ones(port_id: uuid.UUID | None) -> Select[Interest]:
    return select(Interest).where(
        Interest.port_id == port_id, Interest.outcome.is_(None), Interest.archived_at.is_(None)
    )


def cooled(moment: datetime, *, port_id: uuid.UUID | None) -> Select[Interest]:
    """The open ones whose category is no longer what their last activity says, locked."""
    edges = [(moment - within, category) for within, category in COOLING]
    says = case(*((Interest.active_at > edge, category) for edge, category in edges), else_=LeadCategory.DORMANT)
    found = _open_ones(port_id).where(Interest.is_lead_set.is_(False), Interest.lead_category != says)
    return found.order_by(Interest.id).limit(AT_ONCE).with_for_update(skip_locked=True)


def quiet(days: Sequence[int], on: date, *, port_id: uuid.UUID, zone: str) -> Select[Interest, int]:
    """The open ones that were left alone for so many days on that day there, each with the most of these that it
    reached, unless it was followed up for them; with their clients, and locked."""
    longest_first = sorted(days, reverse=True)

    def left_alone(count: int) -> datetime:
        """The end of the day on which somebody last did something."""
        return moment_of(datetime.combine(on - timedelta(days=count - 1), time()), zone)

    reached = case(*((Interest.active_at < left_alone(count), count) for count in longest_first), else_=null())
    found = _open_ones(port_id).where(
        Interest.active_at < left_alone(longest_first[-1]),
        Interest.active_at >= left_alone(longest_first[0]) - AFTERWARDS,
        func.coalesce(Interest.followed_up_days, 0) < reached,
    )
    locked = found.order_by(Interest.id).limit(AT_ONCE).with_for_update(of=Interest, skip_locked=True)
    return locked.options(joinedload(Interest.client, innerjoin=True)).add_columns(reached.label("days"))
