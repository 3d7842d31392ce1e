"""When a port is open: spans, holidays, and both days on which the clocks change."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from app.admin.models import Holiday, is_open, next_opening, next_opening_or_now
from app.admin.models.hours import closing, read_spans, written

CLOSED: dict[str, list[list[str]]] = {day: [] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


@dataclass
class Harbour:
    timezone: str = "Europe/Helsinki"
    settings: dict[str, Any] = field(default_factory=dict)


def harbour(*holidays: tuple[str, str], zone: str = "Europe/Helsinki", **days: str) -> Harbour:
    hours = {**CLOSED, **{day: [list(span) for span in read_spans(text)] for day, text in days.items()}}
    return Harbour(zone, {"business_hours": hours, "holidays": [{"day": d, "name": n} for d, n in holidays]})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", ""),
        ("8-12", "08:00–12:00"),
        ("13:30 – 17, 8 to 12", "08:00–12:00, 13:30–17:00"),
        ("0-24", "00:00–24:00"),
        ("8.15—9h30", "08:15–09:30"),
        ("8-12,12-13", "08:00–12:00, 12:00–13:00"),
    ],
)
def test_spans_are_read_as_people_write_them(text: str, spans: str) -> None:
    assert written(read_spans(text)) == spans


@pytest.mark.parametrize(
    ("moment", "is_so"),
    [
        ("2026-11-23T05:59:59", False),  # a Monday; Helsinki is two hours ahead in winter
        ("2026-11-23T06:00", True),
        ("2026-11-23T09:59:59", True),
        ("2026-11-23T10:00", False),  # noon
        ("2026-11-23T11:30", True),
        ("2026-11-23T15:00", False),
        ("2026-11-24T07:00", False),  # a Tuesday
    ],
)
def test_open_between_the_ends_of_a_span(moment: str, is_so: bool) -> None:
    assert is_open(harbour(mon="8-12, 13:30-17"), utc(moment)) is is_so


def test_the_default_week_is_open_on_weekdays_and_saturday_morning() -> None:
    assert is_open(Harbour(), utc("2026-11-23T09:00"))
    assert not is_open(Harbour(), utc("2026-11-22T09:00"))  # a Sunday
    assert closing(Harbour(), utc("2026-11-23T09:00")) == utc("2026-11-23T16:00")


def test_what_opens_next_is_a_later_span_the_next_day_or_next_week() -> None:
    port = harbour(mon="8-12, 13-17", wed="9-10")
    assert next_opening(port, utc("2026-11-23T05:00")) == utc("2026-11-23T06:00")
    assert next_opening(port, utc("2026-11-23T06:00")) == utc("2026-11-23T11:00"), "open already: the next one"
    assert next_opening_or_now(port, utc("2026-11-23T06:00")) == utc("2026-11-23T06:00")
    assert next_opening(port, utc("2026-11-23T15:00")) == utc("2026-11-25T07:00")
    assert next_opening(port, utc("2026-11-25T08:00")) == utc("2026-11-30T06:00")
    assert next_opening(harbour(), utc("2026-11-25T08:00")) is None


def test_a_holiday_closes_the_day_of_the_ports_own_calendar() -> None:
    days = dict.fromkeys(CLOSED, "0-24")
    port = harbour(("12-06", "Independence Day"), ("2026-12-08", "Regatta"), **days)
    assert is_open(port, utc("2026-12-05T21:59:59"))
    assert not is_open(port, utc("2026-12-05T22:00"))  # midnight in Helsinki
    assert next_opening(port, utc("2026-12-05T22:00")) == utc("2026-12-06T22:00")
    assert not is_open(port, utc("2026-12-08T10:00"))
    assert is_open(port, utc("2027-12-08T10:00")), "that one was once"
    assert not is_open(port, utc("2027-12-06T10:00"))


def test_a_leap_day_is_a_holiday_in_leap_years_only() -> None:
    leap = Holiday(day="02-29", name="Leap day")
    assert leap.next_after(utc("2026-03-01T00:00").date()).isoformat() == "2028-02-29"  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="day"):
        Holiday(day="02-30", name="Never")


def test_when_the_clocks_go_forward() -> None:
    """On 29 March 2026 in Helsinki 03:00 becomes 04:00; the day has 23 hours."""
    port = harbour(sun="2:30-3:30, 8-17")
    assert is_open(port, utc("2026-03-29T00:30"))  # 02:30
    assert is_open(port, utc("2026-03-29T00:59"))
    assert closing(port, utc("2026-03-29T00:30")) == utc("2026-03-29T01:00"), "half an hour of it is leapt over"
    assert next_opening(port, utc("2026-03-29T02:00")) == utc("2026-03-29T05:00"), "08:00, three hours ahead now"
    assert not is_open(port, utc("2026-03-29T14:00"))  # 17:00
    assert next_opening(harbour(sat="8-9", sun="8-9"), utc("2026-03-28T08:00")) == utc("2026-03-29T05:00")


def test_when_the_clocks_go_back() -> None:
    """On 25 October 2026 in Helsinki 04:00 becomes 03:00; from 03:00 to 04:00 the clock shows everything twice."""
    port = harbour(sun="3-3:30, 8-17")
    assert is_open(port, utc("2026-10-25T00:00"))  # the first 03:00
    assert is_open(port, utc("2026-10-25T01:29"))  # the second 03:29
    assert not is_open(port, utc("2026-10-25T01:30"))
    assert next_opening(port, utc("2026-10-25T02:00")) == utc("2026-10-25T06:00"), "08:00, two hours ahead again"
    whole = harbour(**dict.fromkeys(CLOSED, "0-24"))
    assert closing(whole, utc("2026-10-25T01:00")) == utc("2026-10-25T22:00"), "a day of 25 hours"
    assert all(is_open(whole, utc(f"2026-10-25T{hour:02}:30")) for hour in range(24))


def test_the_zone_is_the_ports() -> None:
    anguilla = harbour(zone="America/Anguilla", mon="8-9")
    assert is_open(anguilla, utc("2026-11-23T12:00"))
    assert not is_open(anguilla, utc("2026-11-23T06:00"))
