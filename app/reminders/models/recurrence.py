"""When a reminder comes again: a part of RFC 5545, by the clock on the wall of the port.

Each occurrence is counted from the first one and never from the one before, so nothing drifts. A rule is kept without
DTSTART and its times are local ones: in a night in which the clocks change, an hour that is left out is as much later,
and of one that comes twice the first counts (RFC 5545, 3.3.5).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

# What nobody repeats beyond; it also ends the search for what never comes, such as a 30 February.
FARTHEST = timedelta(days=40 * 366)
WEEKDAYS = "MO,TU,WE,TH,FR"
TAKEN = {
    "FREQ": re.compile(r"DAILY|WEEKLY|MONTHLY|YEARLY"),
    "INTERVAL": re.compile(r"[1-9]\d?"),
    "BYDAY": re.compile(r"(-?[1-5])?(MO|TU|WE|TH|FR|SA|SU)(,(-?[1-5])?(MO|TU|WE|TH|FR|SA|SU)){0,6}"),
    "BYMONTHDAY": re.compile(r"-?(3[01]|[12]\d|[1-9])(,-?(3[01]|[12]\d|[1-9])){0,30}"),
    "BYMONTH": re.compile(r"(1[0-2]|[1-9])(,(1[0-2]|[1-9])){0,11}"),
    "BYSETPOS": re.compile(r"-?[1-5]"),
    "UNTIL": re.compile(r"\d{8}(T\d{6})?"),
}


class Repeat(StrEnum):
    """What the form offers."""

    NEVER = ""
    DAILY = "daily"
    WORKDAYS = "workdays"
    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"
    AS_IT_IS = "as_it_is"


RULES = {
    Repeat.DAILY: "FREQ=DAILY",
    Repeat.WORKDAYS: f"FREQ=WEEKLY;BYDAY={WEEKDAYS}",
    Repeat.WEEKLY: "FREQ=WEEKLY",
    Repeat.FORTNIGHTLY: "FREQ=WEEKLY;INTERVAL=2",
    Repeat.MONTHLY: "FREQ=MONTHLY",
    Repeat.QUARTERLY: "FREQ=MONTHLY;INTERVAL=3",
    Repeat.HALF_YEARLY: "FREQ=MONTHLY;INTERVAL=6",
    Repeat.YEARLY: "FREQ=YEARLY",
}


class Unrepeatable(ValueError):
    """The rule is not one of those that are understood here."""


def read(rule: str) -> dict[str, str]:
    """The parts of a rule by name. Raises Unrepeatable."""
    pairs = [part.partition("=") for part in rule.upper().removeprefix("RRULE:").split(";") if part]
    parts = {name: value for name, _is, value in pairs}
    if "FREQ" not in parts or len(parts) != len(pairs):
        raise Unrepeatable(rule)
    for name, value in parts.items():
        if name not in TAKEN or not TAKEN[name].fullmatch(value):
            raise Unrepeatable(rule)
    return parts


def fitted(rule: str, starts: datetime) -> str:
    """The rule as it is kept for what begins then: the last days of a month are the last ones of shorter months too,
    and an end is the end of its day. Raises Unrepeatable."""
    if not rule:
        return ""
    parts = read(rule)
    is_plain = not {"BYDAY", "BYMONTHDAY", "BYSETPOS"} & set(parts)
    if is_plain and parts["FREQ"] == "MONTHLY" and starts.day > 28:
        parts |= {"BYMONTHDAY": ",".join(map(str, range(28, starts.day + 1))), "BYSETPOS": "-1"}
    if is_plain and parts["FREQ"] == "YEARLY" and "BYMONTH" not in parts and (starts.month, starts.day) == (2, 29):
        parts |= {"BYMONTH": "2", "BYMONTHDAY": "28,29", "BYSETPOS": "-1"}
    if "UNTIL" in parts:
        parts["UNTIL"] = f"{parts['UNTIL'][:8]}T235959"
    kept = ";".join(f"{name}={parts[name]}" for name in TAKEN if name in parts)
    _check(kept, starts)
    return kept


def rule_of(repeat: Repeat, starts: datetime, until: date | None) -> str:
    """What is chosen in the form, for what begins then."""
    end = f";UNTIL={until:%Y%m%d}" if until else ""
    return fitted(RULES[repeat] + end, starts) if repeat in RULES else ""


def repeat_of(rule: str, starts: datetime) -> Repeat:
    """What of the form's choices it is."""
    if not rule:
        return Repeat.NEVER
    endless = ";".join(part for part in rule.split(";") if not part.startswith("UNTIL="))
    return next((repeat for repeat in RULES if rule_of(repeat, starts, None) == endless), Repeat.AS_IT_IS)


def until_of(rule: str) -> date | None:
    """The last day on which it may come."""
    end = read(rule).get("UNTIL") if rule else None
    return date(int(end[:4]), int(end[4:6]), int(end[6:8])) if end else None


def next_after(rule: str, *, starts: datetime, after: datetime) -> datetime | None:
    """The first occurrence after that local time; None when there is no more."""
    from dateutil.rrule import rrulestr

    end = "" if "UNTIL=" in rule else f";UNTIL={after + FARTHEST:%Y%m%dT%H%M%S}"
    found: datetime | None = rrulestr(rule + end, dtstart=starts).after(after)
    return found


def _check(rule: str, starts: datetime) -> None:
    try:
        next_after(rule, starts=starts, after=starts)
    except (ValueError, OverflowError) as error:
        raise Unrepeatable(rule) from error


# --- The clock on the wall


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local_time(moment: datetime, zone: str) -> datetime:
    """What a clock there shows at the moment, without a zone."""
    return moment.astimezone(_zone(zone)).replace(tzinfo=None)


def moment_of(local: datetime, zone: str) -> datetime:
    """The moment at which a clock there shows it: of two the first, and of none as much later as is left out."""
    return local.replace(tzinfo=_zone(zone), fold=0).astimezone(UTC)


def is_left_out(local: datetime, zone: str) -> bool:
    """Whether the clocks there jump over it."""
    return local_time(moment_of(local, zone), zone) != local


def next_day(moment: datetime, zone: str, at: time, *, days: int) -> datetime:
    """That time of the day so many days after the one it is there."""
    day = local_time(moment, zone).date() + timedelta(days=days)
    return moment_of(datetime.combine(day, at), zone)
