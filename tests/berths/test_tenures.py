"""The end of a tenure: found in the list, told of, and applied by the rule of the port."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from app.admin.models import Mode, SettingsSheet
from app.berths.jobs import check_tenures
from app.berths.models import Berth, BerthStatus, Occupancy, OccupancyKind, StatusSuggestion
from app.berths.models.tenure import months_later
from app.db import begin, commit, db
from app.events.models import Event
from app.notifications.models import Notification
from app.schedule import RECURRING
from tests.berths.test_berths import names_in
from tests.world import NORTH, Visitor, enter, make_berth, make_client, relay, user_id

pytestmark = pytest.mark.usefixtures("db")

MANAGER, ADMIN, AGENT = "sales_manager@north.example", "port_admin@north.example", "sales_agent@north.example"
Visit = Callable[[str], Visitor]
# The last hour of the day in Helsinki, the hour before it in UTC.
TODAY = date(2026, 11, 22)
MORNING = datetime(2026, 11, 22, 7, 15, tzinfo=UTC)


def held(days: int, *, owner: str | None = None) -> Berth:
    """A berth that is let until so many days from today, to a client whom `owner` looks after."""
    by = enter(MANAGER)
    berth = make_berth(by, tenure_expires_on=TODAY + timedelta(days=days))
    berth.change_status(BerthStatus.SOLD, by=by, triggered_by="hand")
    if owner:
        client = make_client(by, owner_id=user_id(owner))
        during = Range(MORNING - timedelta(days=300), None)
        Occupancy.book(berth, during, OccupancyKind.CONTRACT, by=by, client=client)
    commit()
    return berth


def morning(day: date) -> list[str]:
    """The job of that day, run twice; the titles of what was told."""
    with time_machine.travel(MORNING + (day - TODAY), tick=False):
        for _ in range(2):
            begin(port_id=NORTH, scope="staff")
            check_tenures()
            relay()
    begin(port_id=NORTH, scope="staff")
    rows = db.session.scalars(select(Notification).where(Notification.type == "tenure_expiring"))
    return sorted({row.words.title for row in rows.unique()})


def suggested() -> list[tuple[str, str, str]]:
    rows = db.session.scalars(select(StatusSuggestion))
    return [(one.status, one.trigger, one.because) for one in rows]


def test_it_stands_in_the_schedule() -> None:
    row = {row.name: row for row in RECURRING}["tenure-expiry-check"]
    assert (row.cron, row.in_port_time) == ("0 8 * * *", True)


def test_who_looks_after_the_client_is_told_ahead_and_when_it_has_passed() -> None:
    held(92, owner=AGENT)
    assert morning(TODAY - timedelta(days=1)) == []
    ahead = "The tenure of berth B 12 ends on 22 Feb 2027"
    assert morning(TODAY) == [ahead]
    assert morning(TODAY + timedelta(days=92)) == [ahead]
    assert suggested() == []
    assert morning(TODAY + timedelta(days=93)) == ["The tenure of berth B 12 ended on 22 Feb 2027", ahead]
    assert set(db.session.scalars(select(Notification.user_id))) == {user_id(AGENT)}
    assert suggested() == [("available", "tenure_expired", "to 22 Feb 2027")]
    events = select(Event.id).where(Event.name == "berth:tenureExpiring")
    assert len(db.session.scalars(events).all()) == 2


def test_where_nobody_looks_after_it_who_edits_berths_is_told() -> None:
    held(10)
    assert len(morning(TODAY)) == 1
    told = set(db.session.scalars(select(Notification.user_id)))
    assert user_id(MANAGER) in told
    assert user_id("viewer@north.example") not in told


def test_the_day_is_that_of_the_port() -> None:
    """On the evening of its last day in UTC it is over in Helsinki."""
    held(0)
    with time_machine.travel(datetime(2026, 11, 22, 21, 59, tzinfo=UTC), tick=False):
        begin(port_id=NORTH, scope="staff")
        check_tenures()
        assert suggested() == []
    with time_machine.travel(datetime(2026, 11, 22, 22, 1, tzinfo=UTC), tick=False):
        check_tenures()
        assert len(suggested()) == 1


def test_by_itself_the_berth_is_available_once() -> None:
    admin = enter(ADMIN)
    SettingsSheet.locked(admin).update({"rule_tenure_expired_mode": Mode.AUTO}, by=admin)
    berth_id = held(-1).id
    morning(TODAY)
    assert db.session.get_one(Berth, berth_id).status == BerthStatus.AVAILABLE
    by = enter(MANAGER)
    db.session.get_one(Berth, berth_id).change_status(BerthStatus.SOLD, by=by, triggered_by="hand")
    commit()
    morning(TODAY + timedelta(days=1))
    assert db.session.get_one(Berth, berth_id).status == BerthStatus.SOLD


def test_a_tenure_that_is_given_another_end_begins_anew() -> None:
    berth_id = held(-1).id
    morning(TODAY)
    assert len(suggested()) == 1
    by = enter(MANAGER)
    db.session.get_one(Berth, berth_id).update({"tenure_expires_on": TODAY + timedelta(days=20)}, by=by)
    commit()
    assert suggested() == []
    assert len(morning(TODAY)) == 2


def test_what_ended_long_ago_is_applied_and_nobodys_news() -> None:
    held(-400)
    assert morning(TODAY) == []
    assert len(suggested()) == 1


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 6, 15), 24, date(2028, 6, 15)),
    ],
)
def test_months_later_is_the_same_day_or_the_last(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ("3", ["B 2", "B 3"]),
        ("12", ["B 2", "B 3", "B 4"]),
        ("past", ["B 1"]),
        ("9", ["B 1", "B 2", "B 3", "B 4", "B 5"]),
    ],
)
def test_the_list_is_narrowed_to_ends_and_in_their_order(visit: Visit, chosen: str, found: list[str]) -> None:
    by = enter(MANAGER)
    first = make_berth(by, code="5")
    for code, days in (("1", -1), ("3", 60), ("2", 0), ("4", 300)):
        make_berth(by, first.dock, code=code, tenure_expires_on=TODAY + timedelta(days=days))
    commit()
    with time_machine.travel(MORNING, tick=False):
        assert names_in(visit(AGENT).get(f"/north/berths?expires={chosen}").text) == found


def test_pages_go_on_by_the_end_of_the_tenure(visit: Visit) -> None:
    by = enter(MANAGER)
    first = make_berth(by, code="1", tenure_expires_on=TODAY)
    for at in range(2, 53):
        make_berth(by, first.dock, code=str(at), tenure_expires_on=TODAY + timedelta(days=at // 2))
    commit()
    with time_machine.travel(MORNING, tick=False):
        visitor = visit(AGENT)
        one = visitor.get("/north/berths?expires=3").text
        onward = re.search(r'href="([^"]*after=[^"]*)"', one)
        assert onward
        two = visitor.get(onward[1].replace("&amp;", "&")).text
    assert len(names_in(one)) == 50
    assert len(names_in(two)) == 2
    assert not set(names_in(one)) & set(names_in(two))
