"""The days of a stay and of an absence: what was seen is what is saved, and hours stay where the days do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from app.berths.models import Absence, Berth, MaintenanceEntry, Occupancy, OccupancyKind, relocate
from app.db import commit, db
from tests.berths.test_absences import days
from tests.world import Visitor, enter, make_absence, make_berth, make_client, make_dock, make_vessel

pytestmark = pytest.mark.usefixtures("db")

MANAGER, ADMIN = "sales_manager@north.example", "port_admin@north.example"
Visit = Callable[[str], Visitor]
AFTERNOON = datetime(2027, 7, 5, 13, tzinfo=UTC)  # four o'clock there


def the(number: int, kind: Any = Occupancy) -> Any:
    enter(MANAGER)
    db.session.expire_all()
    return db.session.scalars(select(kind).where(kind.number == number)).one()


def visit_of(berth: Berth, begins: str, ends: str, by: Any, **more: Any) -> Occupancy:
    return Occupancy.book(berth, days(begins, ends), OccupancyKind.VISIT, by=by, client=make_client(by), **more)


# --- Whose afternoon it is ----------------------------------------------------------------------------------------


@pytest.fixture
def left() -> int:
    """The number of a berth that a boat left at two on the day on which it is four now."""
    manager = enter(MANAGER)
    berth = make_berth(manager, code="12")
    found = visit_of(berth, "07-01", "07-08", manager)
    found.check_in(at=datetime(2027, 7, 1, 12, tzinfo=UTC), by=manager)
    found.check_out(at=AFTERNOON - timedelta(hours=2), by=manager)
    number = berth.number
    commit()
    return number


def test_a_berth_that_was_left_after_noon_is_booked_for_the_night(left: int, visit: Visit) -> None:
    with time_machine.travel(AFTERNOON, tick=False):
        visitor = visit(MANAGER)
        asked = "arrives=2027-07-05&leaves=2027-07-06"
        assert "B 12" in visitor.get(f"/north/berths/free?{asked}").text
        assert f"/north/berths/{left}/occupancies/new?" in visitor.get("/north/berths/calendar?from=2027-07-03").text
        url = f"/north/berths/{left}/occupancies"
        vessel = str(make_vessel(enter(MANAGER), name="Sirocco").number)
        commit()
        answer = visitor.post(url, {**visitor.form(f"{url}/new?{asked}"), "vessel": vessel})
        assert answer.status_code == 303
    found = the(int(answer.location.rpartition("/")[2]))
    assert found.begins_at == AFTERNOON - timedelta(hours=2)


def test_a_stay_is_moved_to_where_a_boat_left_and_a_repair_was_done_today(left: int) -> None:
    manager = enter(MANAGER)
    berth = db.session.scalars(select(Berth).where(Berth.number == left)).one()
    tonight = Range(datetime(2027, 7, 5, 9, tzinfo=UTC), datetime(2027, 7, 6, 9, tzinfo=UTC))
    of: Any = {"by": manager, "client": make_client(manager)}
    other = Occupancy.book(make_berth(manager, make_dock(manager, "C")), tonight, OccupancyKind.VISIT, **of)
    with time_machine.travel(AFTERNOON, tick=False):
        assert other.move(berth, other.during, by=manager)
        assert other.during.lower == AFTERNOON - timedelta(hours=2)
        other.cancel(by=manager)
        during = Range(AFTERNOON - timedelta(hours=1), None)
        repair = MaintenanceEntry.open(berth, {"what": "Loose cleat"}, by=manager, during=during)
        repair.close(berth, by=manager)
    with time_machine.travel(AFTERNOON + timedelta(hours=1), tick=False):
        assert Occupancy.book(berth, tonight, OccupancyKind.VISIT, **of).during.lower == AFTERNOON


def test_who_was_moved_on_the_last_day_and_lies_there_still_has_their_berth(visit: Visit) -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager)
    berth, other, taken = (make_berth(manager, dock, code=code) for code in ("12", "14", "16"))
    found = visit_of(berth, "07-01", "07-05", manager)
    found.check_in(at=datetime(2027, 7, 1, 12, tzinfo=UTC), by=manager)
    visit_of(taken, "07-01", "07-11", manager)
    moved = relocate(found, other, at=AFTERNOON - timedelta(hours=7), by=manager)
    url, typed = f"/north/occupancies/{moved.number}", f"B 16 · {taken.number}"
    commit()
    with time_machine.travel(AFTERNOON, tick=False):
        visitor = visit(MANAGER)
        answer = visitor.put(url, {**visitor.form(f"{url}/edit"), "berth": typed})
    assert (answer.status_code, "is taken then" in answer.text) == (409, True)


# --- Hours stay ---------------------------------------------------------------------------------------------------


def test_other_dates_of_a_boat_that_was_moved_leave_its_hour(visit: Visit) -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager)
    berth, other = (make_berth(manager, dock, code=code) for code in ("12", "14"))
    found = visit_of(berth, "07-01", "07-11", manager)
    found.check_in(at=datetime(2027, 7, 1, 12, tzinfo=UTC), by=manager)
    moved = relocate(found, other, at=AFTERNOON, by=manager)
    number, before, version = moved.number, moved.during, moved.version
    commit()
    visitor, url = visit(MANAGER), f"/north/occupancies/{number}"
    assert visitor.put(url, visitor.form(f"{url}/edit")).status_code == 303
    assert (the(number).during, the(number).version) == (before, version)
    assert visitor.put(url, {**visitor.form(f"{url}/edit"), "leaves": "2027-07-09"}).status_code == 303
    assert the(number).during == Range(AFTERNOON, datetime(2027, 7, 9, 9, tzinfo=UTC))


def test_an_absence_that_ended_early_is_saved_as_it_is(visit: Visit) -> None:
    manager = enter(MANAGER)
    away = make_absence(make_berth(manager), make_client(manager), by=manager)
    away.end(at=datetime(2027, 8, 1, 15, tzinfo=UTC), by=manager)
    number, before = away.number, away.during
    commit()
    visitor, url = visit(MANAGER), f"/north/absences/{number}"
    assert visitor.put(url, {**visitor.form(f"{url}/edit"), "note": "Engine"}).status_code == 303
    assert (the(number, Absence).during, the(number, Absence).note) == (before, "Engine")


# --- Somebody was faster ------------------------------------------------------------------------------------------


def test_dates_that_others_changed_meanwhile_are_told_first(visit: Visit) -> None:
    manager = enter(MANAGER)
    number = visit_of(make_berth(manager, code="12"), "07-01", "07-08", manager).number
    commit()
    one, other, url = visit(ADMIN), visit(MANAGER), f"/north/occupancies/{number}"
    forms = [visitor.form(f"{url}/edit") for visitor in (one, other)]
    assert one.put(url, {**forms[0], "leaves": "2027-07-10"}).status_code == 303
    answer = other.put(url, {**forms[1], "arrives": "2027-07-02"})
    page = unescape(answer.text)
    assert answer.status_code == 409
    assert "Port Admin North changed it on " in page
    assert "it is on berth B 12 from 1 Jul 2027 to 10 Jul 2027. Save again to have it as you typed it." in page
    assert 'value="2027-07-02"' in page
    assert the(number).ends_at.date().isoformat() == "2027-07-10"
    again = {**forms[1], "arrives": "2027-07-02", "was": forms_was(page)}
    assert other.put(url, again).status_code == 303
    assert the(number).begins_at.date().isoformat() == "2027-07-02"


def forms_was(page: str) -> str:
    return page.partition('name="was" type="hidden" value="')[2].partition('"')[0]


def test_an_absence_that_others_changed_meanwhile_is_told_first(visit: Visit) -> None:
    manager = enter(MANAGER)
    number = make_absence(make_berth(manager), make_client(manager), by=manager).number
    commit()
    one, other, url = visit(ADMIN), visit(MANAGER), f"/north/absences/{number}"
    forms = [visitor.form(f"{url}/edit") for visitor in (one, other)]
    assert one.put(url, {**forms[0], "leaves": "2027-08-20"}).status_code == 303
    answer = other.put(url, {**forms[1], "note": "Cruising"})
    assert answer.status_code == 409
    assert "it is from 1 Aug 2027 to 20 Aug 2027" in answer.text
    assert "Cruising" in answer.text
    assert other.put(url, {**other.form(f"{url}/edit"), "note": "Cruising"}).status_code == 303
    assert the(number, Absence).note == "Cruising"


@pytest.mark.parametrize("ends", [True, False])
def test_an_absence_that_others_ended_or_cancelled_is_told_with_their_name(visit: Visit, *, ends: bool) -> None:
    manager = enter(MANAGER)
    found = make_absence(make_berth(manager), make_client(manager), by=manager)
    number = found.number
    found.change(found.during, by=manager, details={"note": "Sailing"})
    commit()
    other, url = visit(MANAGER), f"/north/absences/{number}"
    form = other.form(f"{url}/edit")
    admin = enter(ADMIN)
    if ends:
        the(number, Absence).end(at=datetime(2027, 8, 9, tzinfo=UTC), by=admin)
    else:
        the(number, Absence).cancel(by=admin)
    commit()
    answer = other.put(url, {**form, "note": "Cruising"})
    assert (answer.status_code, "Port Admin North changed it on " in answer.text) == (409, True)


def test_a_visit_has_an_end_and_a_contract_needs_none(visit: Visit) -> None:
    manager = enter(MANAGER)
    dock, client = make_dock(manager), make_client(manager)
    visits = visit_of(make_berth(manager, dock, code="12"), "07-01", "07-08", manager).number
    year: Any = {"by": manager, "client": client}
    held = Occupancy.book(make_berth(manager, dock, code="14"), days("01-01", "12-31"), OccupancyKind.CONTRACT, **year)
    contract = held.number
    commit()
    visitor = visit(MANAGER)
    for number, status in ((visits, 422), (contract, 303)):
        url = f"/north/occupancies/{number}"
        answer = visitor.put(url, {**visitor.form(f"{url}/edit"), "leaves": ""})
        assert answer.status_code == status
        assert (the(number).ends_at is None) == (status == 303)
