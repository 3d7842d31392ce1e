"""When a reminder comes again, by the clock on the wall."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from app.reminders.models.recurrence import (
    Repeat,
    Unrepeatable,
    fitted,
    is_left_out,
    local_time,
    moment_of,
    next_after,
    repeat_of,
    rule_of,
    until_of,
)

HELSINKI, ANGUILLA = "Europe/Helsinki", "America/Anguilla"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def times(rule: str, starts: str, count: int) -> list[str]:
    found, after = [], at(starts)
    for _ in range(count):
        following = next_after(rule, starts=at(starts), after=after)
        if following is None:
            break
        found.append(following.isoformat(timespec="minutes"))
        after = following
    return found


@pytest.mark.parametrize(
    ("repeat", "starts", "expected"),
    [
        (Repeat.DAILY, "2027-02-27T09:00", ["2027-02-28T09:00", "2027-03-01T09:00"]),
        (Repeat.WORKDAYS, "2027-07-02T09:00", ["2027-07-05T09:00", "2027-07-06T09:00"]),
        (Repeat.WEEKLY, "2027-07-02T09:00", ["2027-07-09T09:00"]),
        (Repeat.FORTNIGHTLY, "2027-07-02T09:00", ["2027-07-16T09:00"]),
        (Repeat.MONTHLY, "2027-01-15T09:00", ["2027-02-15T09:00"]),
        (Repeat.MONTHLY, "2027-01-31T09:00", ["2027-02-28T09:00", "2027-03-31T09:00", "2027-04-30T09:00"]),
        (Repeat.MONTHLY, "2028-01-30T09:00", ["2028-02-29T09:00", "2028-03-30T09:00"]),
        (Repeat.QUARTERLY, "2027-11-30T09:00", ["2028-02-29T09:00", "2028-05-30T09:00"]),
        (Repeat.HALF_YEARLY, "2027-08-31T09:00", ["2028-02-29T09:00", "2028-08-31T09:00"]),
        (Repeat.YEARLY, "2028-02-29T09:00", ["2029-02-28T09:00", "2030-02-28T09:00", "2031-02-28T09:00"]),
        (Repeat.YEARLY, "2027-05-01T09:00", ["2028-05-01T09:00"]),
    ],
)
def test_each_choice_comes_when_people_expect_it(repeat: Repeat, starts: str, expected: list[str]) -> None:
    rule = rule_of(repeat, at(starts), None)
    assert times(rule, starts, len(expected)) == expected
    assert repeat_of(rule, at(starts)) == repeat


def test_the_last_day_is_one_of_them_and_nothing_comes_after() -> None:
    starts = at("2027-07-01T09:00")
    rule = rule_of(Repeat.DAILY, starts, date(2027, 7, 3))
    assert times(rule, "2027-07-01T09:00", 5) == ["2027-07-02T09:00", "2027-07-03T09:00"]
    assert until_of(rule) == date(2027, 7, 3)
    assert repeat_of(rule, starts) == Repeat.DAILY


def test_a_rule_of_ones_own_is_kept_as_it_is() -> None:
    starts = at("2027-07-05T09:00")
    rule = fitted("RRULE:FREQ=MONTHLY;BYDAY=1MO;INTERVAL=2", starts)
    assert rule == "FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO"
    assert times(rule, "2027-07-05T09:00", 2) == ["2027-09-06T09:00", "2027-11-01T09:00"]
    assert repeat_of(rule, starts) == Repeat.AS_IT_IS


@pytest.mark.parametrize(
    "rule",
    [
        "every day",
        "INTERVAL=2",
        "FREQ=SECONDLY",
        "FREQ=DAILY;COUNT=3",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;UNTIL=20271340",
        "FREQ=DAILY;BYHOUR=1,2",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=MONTHLY;BYMONTHDAY=99",
        "FREQ=DAILY\nEXDATE=20270101",
    ],
)
def test_what_is_not_understood_is_refused(rule: str) -> None:
    with pytest.raises(Unrepeatable):
        fitted(rule, at("2027-07-01T09:00"))


def test_what_never_comes_is_not_looked_for_for_ever() -> None:
    assert (
        next_after(
            fitted("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", at("2027-07-01T09:00")),
            starts=at("2027-07-01T09:00"),
            after=at("2027-07-01T09:00"),
        )
        is None
    )


# --- Nights in which the clocks change. In Helsinki, 28 March 2027 at 03:00 and 31 October at 04:00.


def test_nine_in_the_morning_stays_nine_in_the_morning() -> None:
    assert moment_of(at("2027-03-27T09:00"), HELSINKI) == datetime(2027, 3, 27, 7, tzinfo=UTC)
    assert moment_of(at("2027-03-28T09:00"), HELSINKI) == datetime(2027, 3, 28, 6, tzinfo=UTC)
    assert moment_of(at("2027-03-28T09:00"), ANGUILLA) == datetime(2027, 3, 28, 13, tzinfo=UTC)


def test_an_hour_that_is_left_out_is_as_much_later_and_the_day_after_as_ever() -> None:
    assert is_left_out(at("2027-03-28T03:30"), HELSINKI)
    assert not is_left_out(at("2027-03-28T03:30"), ANGUILLA)
    rule = rule_of(Repeat.DAILY, at("2027-03-27T03:30"), None)
    found = [moment_of(at(text), HELSINKI) for text in times(rule, "2027-03-27T03:30", 2)]
    assert [f"{local_time(one, HELSINKI):%d %H:%M}" for one in found] == ["28 04:30", "29 03:30"]


def test_of_an_hour_that_comes_twice_the_first_counts() -> None:
    assert moment_of(at("2027-10-31T03:30"), HELSINKI) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert not is_left_out(at("2027-10-31T03:30"), HELSINKI)
