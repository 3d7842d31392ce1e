"""The dashboard: what it counts, who sees which part, and that it stays live and small."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from app.berths.models import Berth, BerthStatus, Occupancy, OccupancyKind
from app.current import Member
from app.dashboard.queries import moves_of, pipeline_of, registrations_of, reminders_of, standing_of, tenures_of
from app.db import commit, db
from app.identity.models import PortRoleOverride, Role
from app.interests.models import Interest, Stage
from app.live.rooms import channel_of
from app.reminders.models import Reminder
from tests.berths.test_berths import names_in
from tests.clients.test_reactions import Air
from tests.world import (
    NORTH,
    Visitor,
    enter,
    make_absence,
    make_berth,
    make_client,
    make_interest,
    make_registration,
    make_repair,
    make_suggestion,
    make_vessel,
    relay,
)

pytestmark = pytest.mark.usefixtures("db")

MANAGER, VIEWER, NOBODY = "sales_manager@north.example", "viewer@north.example", "operator@north.example"
Visit = Callable[[str], Visitor]
# Half past ten in Helsinki.
MORNING = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def morning() -> Iterator[None]:
    with time_machine.travel(MORNING, tick=False):
        yield


def stay(by: Member, berth: Berth, begins: timedelta, ends: timedelta | None, *, here: bool = False) -> Occupancy:
    during = Range(MORNING + begins, MORNING + ends if ends else None)
    client = make_client(by)
    found = Occupancy.book(berth, during, OccupancyKind.VISIT, by=by, client=client, vessel=make_vessel(by, client))
    if here:
        found.check_in(at=MORNING + begins, by=by)
    return found


def berths(by: Member, count: int) -> list[Berth]:
    first = make_berth(by, code="1")
    return [first, *(make_berth(by, first.dock, code=str(at)) for at in range(2, count + 1))]


# --- What is counted ----------------------------------------------------------------------------------------------


def test_a_berth_is_taken_while_a_boat_has_it(visit: Visit) -> None:
    by = enter(MANAGER)
    now, later, gone, repaired, free = berths(by, 5)
    stay(by, now, -DAY, DAY, here=True)
    stay(by, later, DAY, 2 * DAY)
    stay(by, gone, -2 * DAY, DAY, here=True).check_out(at=MORNING, by=by)
    Occupancy.book(repaired, Range(MORNING - DAY, None), OccupancyKind.MAINTENANCE, by=by)
    free.change_status(BerthStatus.SOLD, by=by, triggered_by="hand")
    make_suggestion(now, by=by)
    make_repair(repaired, by=by)
    found = standing_of(by.here())
    assert (found.berths, found.taken, found.percent) == (5, 1, 20)
    assert found.statuses == {"available": 4, "sold": 1}
    assert (found.suggested, found.repairs) == (2, 1)
    commit()
    assert names_in(visit(VIEWER).get("/north/berths?now=taken").text) == ["B 1"]
    assert names_in(visit(VIEWER).get("/north/berths?now=free").text) == ["B 2", "B 3"]


def test_a_berth_that_is_sublet_counts_once() -> None:
    by = enter(MANAGER)
    berth = make_berth(by)
    absence = make_absence(berth, make_client(by), by=by)
    week = Range(datetime(2027, 8, 3, 12, tzinfo=UTC), datetime(2027, 8, 10, 12, tzinfo=UTC))
    Occupancy.book(berth, week, OccupancyKind.SUBLET, by=by, client=make_client(by), absence=absence)
    with time_machine.travel(datetime(2027, 8, 5, tzinfo=UTC), tick=False):
        found = standing_of(by.here())
    assert (found.berths, found.taken) == (1, 1)


def test_who_comes_and_goes_today_by_the_clock_of_the_port() -> None:
    by = enter(MANAGER)
    places = berths(by, 8)
    stay(by, places[0], -DAY, DAY)  # should have come yesterday
    stay(by, places[1], 2 * HOUR, DAY)
    stay(by, places[2], 13 * HOUR, 2 * DAY)  # 23:30 in Helsinki
    stay(by, places[3], 14 * HOUR, 2 * DAY)  # tomorrow there
    stay(by, places[4], -3 * DAY, -DAY, here=True)
    stay(by, places[5], -3 * DAY, HOUR, here=True)
    stay(by, places[6], -HOUR, 5 * DAY, here=True)
    stay(by, places[7], -3 * DAY, 5 * DAY, here=True)
    found = moves_of(by.here())
    assert found.counts == {"late": 1, "expected": 2, "overdue": 1, "due": 1, "arrived": 1}
    assert [(row.standing, row.code) for row in found.rows] == [
        ("late", "1"),
        ("expected", "2"),
        ("expected", "3"),
        ("overdue", "5"),
        ("due", "6"),
        ("arrived", "7"),
    ]


def test_tenures_that_end_within_the_months_of_the_port() -> None:
    by = enter(MANAGER)
    places = berths(by, 4)
    for berth, days in zip(places, (-1, 0, 60, 200), strict=True):
        berth.update({"tenure_expires_on": date(2026, 11, 22) + timedelta(days=days)}, by=by)
    found = tenures_of(by.here())
    assert ([(row.code, row.days) for row in found.rows], found.ending, found.past) == ([("2", 0), ("3", 60)], 2, 1)


def test_what_has_ended_is_counted_where_nothing_ends_soon() -> None:
    by = enter(MANAGER)
    assert (tenures_of(by.here()).rows, tenures_of(by.here()).past) == ([], 0)
    make_berth(by, tenure_expires_on=date(2026, 11, 1))
    assert (tenures_of(by.here()).rows, tenures_of(by.here()).past) == ([], 1)


def test_my_reminders_are_mine_and_those_of_a_week() -> None:
    other, by = enter("teammate@north.example"), enter(MANAGER)
    for title, at, who in (
        ("Call Léa", -DAY, by),
        ("Send the price list", HOUR, by),
        ("Next month", 30 * DAY, by),
        ("Somebody else’s", HOUR, other),
    ):
        Reminder.create(title, due_at=MORNING + at, assigned_to=who.id, subject=None, by=by, port_id=NORTH)
    found = reminders_of(by)
    assert [row.title for row in found.rows] == ["Call Léa", "Send the price list"]
    assert (found.late, found.due) == (1, 1)
    assert [found.tone(row.rings_at) for row in found.rows] == ["late", "soon"]


def test_registrations_that_nobody_has_looked_at_are_counted() -> None:
    by = enter(MANAGER)
    assert (registrations_of(by).rows, registrations_of(by).waiting) == ([], 0)
    make_registration(make_client(by), by=by)
    found = registrations_of(by)
    assert ([row.client for row in found.rows], found.waiting) == (["Léa Marchand"], 1)


# --- The page -----------------------------------------------------------------------------------------------------


def test_it_is_the_first_page_for_who_may_look_at_it(visit: Visit) -> None:
    page = visit(MANAGER).get("/north/")
    assert page.status_code == 200
    assert "Sunday 22 November" in page.text
    assert set(re.findall(r'id="dashboard-(\w+)"', page.text)) == {
        "pipeline",
        "standing",
        "moves",
        "registrations",
        "reminders",
        "tenures",
    }
    other = visit(NOBODY).get("/north/")
    assert other.status_code == 303
    assert other.location != "/north/"


def test_parts_are_there_for_who_may_see_what_they_hold(visit: Visit) -> None:
    enter(MANAGER)
    role = db.session.scalars(select(Role.id).where(Role.name == "sales_manager")).one()
    db.session.add(PortRoleOverride(port_id=NORTH, role_id=role, permission_overrides={"berths": {"view": False}}))
    commit()
    page = visit(MANAGER).get("/north/").text
    assert set(re.findall(r'id="dashboard-(\w+)"', page)) == {"pipeline", "registrations", "reminders"}


def test_every_figure_opens_the_list_behind_it(visit: Visit) -> None:
    by = enter(MANAGER)
    place, other = berths(by, 2)
    stay(by, place, -DAY, HOUR, here=True)
    place.update({"tenure_expires_on": date(2026, 11, 30)}, by=by)
    other.update({"tenure_expires_on": date(2026, 11, 1)}, by=by)
    make_suggestion(place, by=by)
    make_repair(other, by=by)
    Reminder.create("Call Léa", due_at=MORNING - DAY, assigned_to=by.id, subject=None, by=by, port_id=NORTH)
    commit()
    manager = visit(MANAGER)
    page = manager.get("/north/").text.partition("<main")[2]
    links = {unescape(link) for link in re.findall(r'href="(/north/[^"]+)"', page)}
    assert {
        "/north/berths?now=taken",
        "/north/berths/board",
        "/north/berths/calendar",
        "/north/berths?status=available",
        "/north/berths?expires=3",
        "/north/berths?expires=past",
        "/north/berths?maintenance=open",
        "/north/berths/suggestions",
        "/north/reminders?view=overdue",
    } <= links
    for link in links:
        assert manager.get(link).status_code == 200, link


def test_it_takes_eight_statements_at_most(visit: Visit, statements: list[str]) -> None:
    by = enter(MANAGER)
    for at, place in enumerate(berths(by, 12)):
        stay(by, place, -DAY, HOUR * at + HOUR, here=True)
        place.update({"tenure_expires_on": date(2026, 12, 1) + timedelta(days=at)}, by=by)
        Reminder.create(f"Call {at}", due_at=MORNING + HOUR * at, assigned_to=by.id, subject=None, by=by, port_id=NORTH)
    commit()
    visitor = visit(MANAGER)
    statements.clear()
    assert visitor.get("/north/").text.count("<li") > 30
    assert len(statements) <= 8


def test_the_pipeline_has_the_value_of_each_stage(visit: Visit) -> None:
    by = enter(MANAGER)
    for value, currency, stage in ((1000, "EUR", None), (500, "EUR", "details_sent"), (None, None, None)):
        client = make_client(by)
        made = make_interest(client, by=by, expected_value=value and Decimal(value), currency=currency)
        if stage:
            made.move_to(Stage(stage), by=by)
    make_interest(make_client(by), by=by, expected_value=Decimal(70), currency="SEK")
    make_interest(make_client(by), by=by).lose(by=by, reason="Too far")
    make_interest(make_client(by), by=by).archive(by=by)
    found = pipeline_of(by.here())
    assert found.stages == {"open": (3, Decimal(1000)), "details_sent": (1, Decimal(500))}
    assert (found.value, found.count, found.others) == (Decimal(1500), 4, [(Decimal(70), "SEK")])
    commit()
    manager = visit(MANAGER)
    page = manager.get("/north/").text
    part = page.partition('id="dashboard-pipeline"')[2].partition("</section>")[0]
    assert "€1,500.00" in part
    for link in re.findall('href="([^"]+)"', part):
        assert manager.get(unescape(link)).status_code == 200, link


def test_an_interest_that_moves_is_shown_on_open_dashboards(app: Flask) -> None:
    by = enter(MANAGER)
    interest = make_interest(make_client(by), by=by)
    relay()
    redis = app.extensions["redis"]
    with redis.pubsub() as subscription:
        subscription.subscribe(channel_of(redis))
        air = Air(subscription)
        air.heard()
        by = enter(MANAGER)
        db.session.get_one(Interest, interest.id).move_to(Stage.VISITED, by=by)
        relay()
        [said] = [one for one in air.heard() if one.room == f"port:{NORTH}:pipeline"]
    assert said.target == "dashboard-pipeline"
    assert "Visited" in said.text


def test_a_berth_that_changes_is_shown_on_open_dashboards(app: Flask) -> None:
    by = enter(MANAGER)
    berth = make_berth(by)
    relay()
    redis = app.extensions["redis"]
    with redis.pubsub() as subscription:
        subscription.subscribe(channel_of(redis))
        air = Air(subscription)
        air.heard()
        by = enter(MANAGER)
        stay(by, db.session.get_one(Berth, berth.id), timedelta(), DAY)
        db.session.get_one(Berth, berth.id).change_status(BerthStatus.SOLD, by=by, triggered_by="hand")
        relay()
        said = {one.target: one.text for one in air.heard() if one.room == f"port:{NORTH}:dashboard"}
    assert set(said) == {"dashboard-standing", "dashboard-moves", "dashboard-tenures"}
    assert "Sold or let" in said["dashboard-standing"]
    assert "Expected" in said["dashboard-moves"]


def test_boats_are_checked_in_and_out_from_there(visit: Visit) -> None:
    by = enter(MANAGER)
    here, there = berths(by, 2)
    comes, goes = stay(by, here, timedelta(), DAY), stay(by, there, -DAY, HOUR, here=True)
    commit()
    manager, viewer = visit(MANAGER), visit(VIEWER)
    page = manager.get("/north/").text
    ways = [f"/north/occupancies/{comes.number}/arrival?next=/north/"]
    ways.append(f"/north/occupancies/{goes.number}/departure?next=/north/")
    for way in ways:
        assert f'form="row-actions" formaction="{way}"' in page
        assert manager.post(way).location == "/north/"
    page = manager.get("/north/").text
    assert 'formaction="' not in page.partition('id="dashboard-moves"')[2].partition("</section>")[0]
    assert 'id="row-actions"' not in viewer.get("/north/").text
