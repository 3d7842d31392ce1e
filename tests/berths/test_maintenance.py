"""The maintenance log of a berth: what is repaired, the time it takes, and what follows for the status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from app.admin.models import Mode, SettingsSheet
from app.berths.models import (
    Berth,
    BerthStatus,
    MaintenanceEntry,
    Occupancy,
    OccupancyKind,
    OccupancyState,
    Overlap,
)
from app.db import commit, db, now, write
from app.errors import Refused
from app.events.timeline import timeline
from tests.berths.test_berths import names_in
from tests.world import Visitor, enter, fields_of, make_berth, make_client, make_repair, make_stay

pytestmark = pytest.mark.usefixtures("db")

MANAGER, ADMIN, VIEWER = "sales_manager@north.example", "port_admin@north.example", "viewer@north.example"
Visit = Callable[[str], Visitor]
Relayed = Callable[[], list[str]]
WEEK = Range(datetime(2027, 7, 1, 9, tzinfo=UTC), datetime(2027, 7, 8, 9, tzinfo=UTC))


# --- Verbs --------------------------------------------------------------------------------------------------------


def test_each_verb_records_once(relayed: Relayed) -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    entry = make_repair(berth, by=manager)
    for _ in range(2):
        entry.update(berth, {"cost": Decimal("85.50"), "currency": "EUR"}, by=manager)
    for _ in range(2):
        entry.close(berth, by=manager)
    for _ in range(2):
        entry.reopen(berth, by=manager)
    assert timeline("berth", berth.id)[0].text == "opened again in the maintenance log: Loose cleat"
    assert relayed()[3:] == [
        "berth:maintenanceAdded",
        "berth:statusSuggested",
        "berth:maintenanceUpdated",
        "berth:maintenanceClosed",
        "berth:maintenanceReopened",
    ]


def test_the_status_follows_the_first_that_opens_and_the_last_that_is_done() -> None:
    admin = enter(ADMIN)
    modes = dict.fromkeys(("rule_maintenance_opened_mode", "rule_maintenance_closed_mode"), Mode.AUTO)
    SettingsSheet.locked(admin).update(modes, by=admin)
    berth = make_berth(admin)
    berth.change_status(BerthStatus.SOLD, by=admin, triggered_by="hand")
    one, other = make_repair(berth, by=admin), make_repair(berth, by=admin, what="Pedestal")
    assert berth.status == BerthStatus.MAINTENANCE
    one.close(berth, by=admin)
    assert berth.status == BerthStatus.MAINTENANCE
    other.close(berth, by=admin)
    assert berth.status == BerthStatus.SOLD


def test_its_time_collides_with_stays_in_both_directions() -> None:
    manager = enter(MANAGER)
    berth, client = make_berth(manager), make_client(manager)
    entry = MaintenanceEntry.open(berth, {"what": "Dredging"}, by=manager, during=WEEK)
    with pytest.raises(Overlap) as taken:
        make_stay(berth, client, by=manager)
    assert taken.value.other is not None
    assert (taken.value.other.id, taken.value.other.title) == (entry.occupancy_id, "Dredging")
    with pytest.raises(Overlap):
        MaintenanceEntry.open(berth, {"what": "Pedestal"}, by=manager, during=WEEK)


@pytest.mark.parametrize(
    ("begins", "ends", "state"),
    [
        (timedelta(days=1), timedelta(days=2), OccupancyState.CANCELLED),
        (timedelta(days=-1), timedelta(days=2), OccupancyState.COMPLETED),
        (timedelta(days=-1), None, OccupancyState.COMPLETED),
        (timedelta(days=-2), timedelta(days=-1), OccupancyState.COMPLETED),
    ],
)
def test_what_is_done_frees_the_rest_of_its_time(
    begins: timedelta, ends: timedelta | None, state: OccupancyState
) -> None:
    manager = enter(MANAGER)
    berth, moment = make_berth(manager), now()
    during = Range(moment + begins, moment + ends if ends else None)
    entry = MaintenanceEntry.open(berth, {"what": "Dredging"}, by=manager, during=during)
    entry.close(berth, by=manager)
    time = db.session.scalars(select(Occupancy)).one()
    assert time.state == state
    free = Range(now(), now() + timedelta(days=1))
    Occupancy.book(berth, free, OccupancyKind.VISIT, by=manager, client=make_client(manager))


def test_nothing_begins_on_an_archived_berth() -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    entry = make_repair(berth, by=manager)
    entry.close(berth, by=manager)
    berth.archive(by=manager)
    for act in (lambda: make_repair(berth, by=manager), lambda: entry.reopen(berth, by=manager)):
        with pytest.raises(Refused, match="archived"):
            act()


@pytest.mark.parametrize(
    "values",
    [
        {"what": ""},
        {"cost": Decimal(-1), "currency": "EUR"},
        {"cost": Decimal(1)},
        {"closed_at": datetime(2020, 1, 1, tzinfo=UTC)},
    ],
)
def test_the_database_keeps_what_no_entry_can_be(values: dict[str, object]) -> None:
    manager = enter(MANAGER)
    entry = make_repair(make_berth(manager), by=manager)
    with pytest.raises(IntegrityError):
        write(entry, **values)


# --- Pages --------------------------------------------------------------------------------------------------------


def test_an_entry_is_written_changed_done_and_opened_again(visit: Visit) -> None:
    berth = make_berth(enter(MANAGER))
    url, manager = f"/north/berths/{berth.number}", visit(MANAGER)
    commit()
    typed = {"what": "Loose cleat", "cost": "85,50", "begins": "2027-07-01", "ends": "2027-07-08"}
    form = {**manager.form(f"{url}/maintenance/new"), **typed}
    for _ in range(2):
        assert manager.post(f"{url}/maintenance", form).status_code == 303
    page = manager.get(url).text
    assert "Loose cleat" in page
    assert "takes the berth 1 Jul 2027 – 8 Jul 2027" in page
    enter(MANAGER)
    entry = db.session.scalars(select(MaintenanceEntry)).one()
    assert (entry.cost, entry.currency) == (Decimal("85.50"), "EUR")
    one = f"{url}/maintenance/{entry.id}"
    edit = manager.form(f"{one}/edit")
    assert manager.put(one, {**edit, "what": "Two loose cleats"}).status_code == 303
    assert manager.post(f"{one}/closure").status_code == 303
    for page in (manager.get(url).text, visit(VIEWER).get(f"{url}/maintenance").text):
        assert "Two loose cleats" in page
        assert "by Sales Manager North" in page
        assert ">Done</span>" in page
    assert manager.delete(f"{one}/closure").status_code == 303
    assert ">Under way</span>" in manager.get(url).text


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"what": ""}, "Say what is done."),
        ({"cost": "much"}, "Write an amount"),
        ({"ends": "2027-07-08"}, "Say on which day it begins."),
        ({"begins": "2027-07-08", "ends": "2027-07-01"}, "It ends before it begins."),
        ({"begins": "0027-07-08"}, "Write the year with four digits."),
    ],
)
def test_bad_input_is_said_and_kept(visit: Visit, typed: dict[str, str], reason: str) -> None:
    berth = make_berth(enter(MANAGER))
    url, manager = f"/north/berths/{berth.number}/maintenance", visit(MANAGER)
    commit()
    sent = {"what": "Loose cleat", "notes": "On the left", **typed}
    answer = manager.post(url, {**manager.form(f"{url}/new"), **sent})
    assert answer.status_code == 422
    assert reason in answer.text
    assert sent.items() <= fields_of(answer.text).items()


def test_a_time_that_is_taken_says_by_whom_and_keeps_what_was_typed(visit: Visit) -> None:
    by = enter(MANAGER)
    berth = make_berth(by)
    make_stay(berth, make_client(by), by=by)
    url, manager = f"/north/berths/{berth.number}/maintenance", visit(MANAGER)
    commit()
    sent = {"what": "Dredging", "begins": "2027-07-03", "ends": "2027-07-04"}
    answer = manager.post(url, {**manager.form(f"{url}/new"), **sent})
    assert answer.status_code == 409
    assert "Léa Marchand has it from 1 Jul 2027 to 8 Jul 2027." in answer.text
    assert sent.items() <= fields_of(answer.text).items()
    enter(MANAGER)
    assert db.session.scalars(select(MaintenanceEntry)).all() == []


def test_an_entry_is_reached_through_its_own_berth_only(visit: Visit) -> None:
    by = enter(MANAGER)
    berth = make_berth(by)
    entry, other = make_repair(berth, by=by), make_berth(by, berth.dock, code="13")
    url = f"/north/berths/{other.number}/maintenance/{entry.id}"
    commit()
    assert visit(MANAGER).get(f"{url}/edit").status_code == 404
    assert visit(MANAGER).post(f"{url}/closure").status_code == 404


def test_the_list_is_narrowed_to_what_is_under_repair(visit: Visit) -> None:
    by = enter(MANAGER)
    berth = make_berth(by)
    done = make_berth(by, berth.dock, code="13")
    make_repair(berth, by=by)
    make_repair(done, by=by).close(done, by=by)
    commit()
    assert names_in(visit(VIEWER).get("/north/berths?maintenance=open").text) == ["B 12"]


def test_the_page_takes_as_many_statements_however_long_the_log_is(visit: Visit, statements: list[str]) -> None:
    by = enter(MANAGER)
    berth = make_berth(by)
    for at in range(12):
        make_repair(berth, by=by, what=f"Cleat {at}")
    url = f"/north/berths/{berth.number}"
    commit()
    visitor = visit(VIEWER)
    statements.clear()
    assert visitor.get(url).text.count('<li id="maintenance-') == 10
    assert len(statements) <= 10
    statements.clear()
    assert visitor.get(f"{url}/maintenance").text.count('<li id="maintenance-') == 12
    assert len(statements) <= 3


def test_a_change_is_taken_back(visit: Visit) -> None:
    by = enter(ADMIN)
    berth = make_berth(by)
    entry = make_repair(berth, by=by)
    entry.update(berth, {"what": "Wrong words", "cost": Decimal("5.00"), "currency": "EUR"}, by=by)
    changed = timeline("berth", berth.id)[0].id
    commit()
    assert visit(ADMIN).post(f"/north/admin/audit/{changed}/reversal").status_code == 303
    enter(ADMIN)
    entry = db.session.scalars(select(MaintenanceEntry)).one()
    assert (entry.what, entry.cost, entry.currency) == ("Loose cleat", None, None)
    assert db.session.scalars(select(Berth)).one().status == BerthStatus.AVAILABLE
