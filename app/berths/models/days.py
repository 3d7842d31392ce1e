"""The days of a stay, as moments: boats change at noon."""

from __future__ import annotations

from datetime import date, datetime, time

from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import Range

from ...db import now
from ...formats import in_force, local_day, today, zone

# Boats change at noon in the port's time: who leaves on a day makes room for who arrives on it.
CHANGES_AT = time(12)


def stay(arrives: date, leaves: date | None, *, kept: Range[datetime] | None = None) -> Range[datetime]:
    """The time of a stay from day to day, in the port in force. `kept`: its time until now, of which the hours stay
    where the day does: who was moved at three came at three. Raises ValueError where it ends before it begins."""
    begins = _moment(arrives, kept.lower if kept else None)
    ends = _moment(leaves, kept.upper if kept else None) if leaves else None
    if ends is not None and ends <= begins:
        raise ValueError(_("It ends before it begins."))
    return Range(begins, ends)


def _moment(day: date, kept: datetime | None) -> datetime:
    if kept is not None and local_day(kept) == day:
        return kept
    return datetime.combine(day, CHANGES_AT, zone(in_force().timezone))


def began_today(during: Range[datetime]) -> bool:
    """Whether it began since midnight, and is not over yet."""
    begins, ends, present = during.lower, during.upper, now()
    if begins is None or (ends is not None and ends <= present):
        return False
    return local_day(begins) == today() and begins < present


def what_is_left(during: Range[datetime]) -> Range[datetime]:
    """Of a time that begins today, from now on: what ended since noon is in nobody's way."""
    return Range(now(), during.upper) if began_today(during) else during


def words_of(during: Range[datetime]) -> str:
    """As it stands in an event: `2026-07-01T12:00:00+00:00/…`; open ends are empty."""
    ends = (during.lower, during.upper)
    return "/".join(end.isoformat() if end else "" for end in ends)
