"""When a port is open: spans of local time for each weekday, and holidays, on which it is closed.

Spans are wall-clock times of the port. They become moments through its zone, so an opening at 08:00 is at 08:00 before
and after the clocks change, and a span across the change is an hour shorter or longer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Any, Protocol, Self
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator, model_validator

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_SPANS = 4
MINUTE = timedelta(minutes=1)
LOOK_AHEAD = 400  # days; a port that does not open in this time does not open

CLOCK = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?", re.I)
BETWEEN = re.compile(r"\s*(?:-|–|—|to)\s*", re.I)

Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
Span = tuple[Clock, Clock]
Spans = tuple[Span, ...]


class Week(BaseModel):
    """The spans of each weekday, in order and apart; none means closed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mon: Spans = (("08:00", "18:00"),)
    tue: Spans = (("08:00", "18:00"),)
    wed: Spans = (("08:00", "18:00"),)
    thu: Spans = (("08:00", "18:00"),)
    fri: Spans = (("08:00", "18:00"),)
    sat: Spans = (("09:00", "13:00"),)
    sun: Spans = ()

    @field_validator(*WEEKDAYS)
    @classmethod
    def check(cls, spans: Spans) -> Spans:
        return in_order(spans)


class Holiday(BaseModel):
    """A day the port is closed: `12-24` every year, `2027-04-02` once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: Annotated[str, StringConstraints(pattern=r"^(\d{4}-)?\d{2}-\d{2}$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]

    @model_validator(mode="after")
    def check(self) -> Self:
        date.fromisoformat(self.day if not self.is_yearly else f"2024-{self.day}")  # a leap year has every day
        return self

    @property
    def is_yearly(self) -> bool:
        return len(self.day) == 5

    def falls_on(self, day: date) -> bool:
        return day.isoformat().endswith(self.day)

    def next_after(self, day: date) -> date | None:
        """The next day it falls on, from this one on; None when it is over."""
        if not self.is_yearly:
            found = date.fromisoformat(self.day)
            return found if found >= day else None
        for year in range(day.year, day.year + 9):
            try:
                found = date.fromisoformat(f"{year}-{self.day}")
            except ValueError:  # 29 February
                continue
            if found >= day:
                return found
        return None


def in_order(spans: Spans) -> Spans:
    """The spans sorted. Raises ValueError, in words, where one ends before it begins or they overlap."""
    if len(spans) > MOST_SPANS:
        raise ValueError(_("A day has at most %(count)d spans.", count=MOST_SPANS))
    found = tuple(sorted(spans))
    for start, end in found:
        if start >= end:
            raise ValueError(_("%(start)s–%(end)s ends before it begins.", start=start, end=end))
    for (_start, end), (start, _end) in pairwise(found):
        if start < end:
            raise ValueError(_("Two spans overlap at %(time)s.", time=start))
    return found


def read_spans(text: str) -> Spans:
    """`8-12, 13:30–17` → ((08:00, 12:00), (13:30, 17:00)); an empty text is a closed day. Raises ValueError."""
    spans = []
    for part in filter(None, map(str.strip, re.split(r"[,;]", text))):
        clocks = [_read_clock(word) for word in BETWEEN.split(part)]
        if len(clocks) != 2:
            raise ValueError(_("“%(part)s” is not a span of time. Write it like 08:00–12:00.", part=part[:40]))
        spans.append((clocks[0], clocks[1]))
    return in_order(tuple(spans))


def _read_clock(word: str) -> str:
    found = CLOCK.fullmatch(word.strip())
    hour, minute = (int(found[1]), int(found[2] or 0)) if found else (99, 0)
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        raise ValueError(_("“%(word)s” is not a time of day. Write it like 08:00.", word=word[:40]))
    return f"{hour:02}:{minute:02}"


def written(spans: Any) -> str:
    """`08:00–12:00, 13:30–17:00`; an empty text where there are none."""
    return ", ".join(f"{start}–{end}" for start, end in spans)


# --- Open or closed


class HasHours(Protocol):
    """A port, as a record or as requests know it."""

    @property
    def settings(self) -> Any: ...
    @property
    def timezone(self) -> Any: ...


def is_open(port: HasHours, moment: datetime) -> bool:
    """Whether the port is open at this moment; the end of a span is closed already."""
    zone = ZoneInfo(port.timezone)
    day = moment.astimezone(zone).date()
    return any(start <= moment < end for start, end in _openings(port, day))


def next_opening(port: HasHours, moment: datetime) -> datetime | None:
    """When the port opens next after this moment (UTC); None when it does not within a year."""
    zone = ZoneInfo(port.timezone)
    first = moment.astimezone(zone).date()
    for ahead in range(LOOK_AHEAD):
        for start, _end in _openings(port, first + timedelta(days=ahead)):
            if start > moment:
                return start
    return None


def next_opening_or_now(port: HasHours, moment: datetime) -> datetime | None:
    """The first open moment from this one on: itself, or the next opening."""
    return moment if is_open(port, moment) else next_opening(port, moment)


def closing(port: HasHours, moment: datetime) -> datetime | None:
    """When the span that is open at this moment ends (UTC); None when the port is closed."""
    day = moment.astimezone(ZoneInfo(port.timezone)).date()
    return next((end for start, end in _openings(port, day) if start <= moment < end), None)


def _openings(port: HasHours, day: date) -> Iterator[tuple[datetime, datetime]]:
    """The moments between which the port is open on a day of its own calendar."""
    from .settings import settings_of

    settings = settings_of(port)
    if any(holiday.falls_on(day) for holiday in settings.holidays):
        return
    zone = ZoneInfo(port.timezone)
    for start, end in getattr(settings.business_hours, WEEKDAYS[day.weekday()]):
        # Where the clock shows a time twice, a span begins at the first and ends at the second.
        yield _moment(day, start, zone, fold=0), _moment(day, end, zone, fold=1)


def _moment(day: date, clock: str, zone: ZoneInfo, *, fold: int) -> datetime:
    """The moment of a local time; one that the clocks leap over is the moment at which they leap."""
    if clock == "24:00":
        day, clock = day + timedelta(days=1), "00:00"
    local, leapt = datetime.combine(day, time.fromisoformat(clock)), timedelta()
    while not _exists(local, zone):
        local, leapt = local - MINUTE, MINUTE
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC) + leapt


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    return local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) == local
