"""The calendar: rows of berths with what lies on them, in few statements; opened stays; single rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app import formats
from app.berths.calendar import Span, lines_of, span_of
from app.berths.models import Berth, Dock, Occupancy, OccupancyKind
from app.berths.queries import row_columns
from app.db import commit, db
from tests.berths.test_absences import days, holder_of, sublet
from tests.world import NORTH, Visitor, enter, make_absence, make_berth, make_client, make_dock, make_stay, make_vessel

MANAGER, VIEWER = "sales_manager@north.example", "viewer@north.example"
Visit = Callable[[str], Visitor]
JULY = "/north/berths/calendar?from=2027-06-28&days=14"


def shape(berth: Berth, span: Span) -> list[tuple[str, int]]:
    """What stands in its row: `free` or a kind, and how many half days."""
    rows = db.session.execute(row_columns(Berth.visible_to(enter(MANAGER)).where(Berth.id == berth.id))).all()
    cells = lines_of(rows, span)[0].cells
    found: list[tuple[str, int]] = []
    for cell in cells:
        name = f"{cell.stay.kind}{' away' if cell.absence else ''}" if cell.stay else "free"
        if found and name == "free" == found[-1][0]:
            found[-1] = (name, found[-1][1] + cell.width)
        else:
            found.append((name, cell.width))
    return found


@pytest.mark.usefixtures("db")
def test_a_row_is_as_long_as_the_days_and_stays_change_at_noon(app: Flask) -> None:
    manager = enter(MANAGER)
    berth, client = make_berth(manager), make_client(manager)
    of: Any = {"by": manager, "client": client}
    with formats.use(manager.here()):
        Occupancy.book(berth, at_noon("06-20", "06-30"), OccupancyKind.SEASON, **of)
        Occupancy.book(berth, at_noon("06-30", "07-03"), OccupancyKind.VISIT, **of)
        Occupancy.book(berth, at_noon("07-08", None), OccupancyKind.CONTRACT, **of)
        found = shape(berth, Span(date(2027, 6, 28), 14))
    assert found == [("season", 5), ("visit", 6), ("free", 10), ("contract", 7)]


def at_noon(begins: str, ends: str | None) -> Any:
    """In the port in force."""
    from app.berths.models.days import stay

    day = date.fromisoformat
    return stay(day(f"2027-{begins}"), day(f"2027-{ends}") if ends else None)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("zone", ["Europe/Helsinki", "America/Anguilla", "Pacific/Kiritimati"])
def test_nights_on_which_the_clocks_change_are_as_wide_as_others(app: Flask, zone: str) -> None:
    manager = enter(MANAGER)
    port = manager.here()
    berth, client = make_berth(manager), make_client(manager)
    with formats.use(type(port)(**{name: getattr(port, name) for name in port.__slots__} | {"timezone": zone})):
        Occupancy.book(berth, at_noon("03-27", "03-29"), OccupancyKind.VISIT, by=manager, client=client)
        assert shape(berth, Span(date(2027, 3, 26), 14)) == [("free", 3), ("visit", 4), ("free", 21)]


@pytest.mark.usefixtures("db")
def test_a_sublet_lies_on_the_time_of_its_holder(app: Flask) -> None:
    manager = enter(MANAGER)
    absence = make_absence(make_berth(manager), make_client(manager), by=manager)
    sublet(absence, days("08-05", "08-09"), manager)
    berth = db.session.get_one(Berth, absence.berth_id)
    with formats.use(None):
        found = shape(berth, Span(date(2027, 7, 30), 14))
    assert found == [("contract", 5), ("contract away", 8), ("sublet", 8), ("contract away", 7)]


def test_a_span_is_what_the_address_says_or_about_today(app: Flask) -> None:
    assert span_of("2027-07-01", "42") == Span(date(2027, 7, 1), 42)
    with app.app_context():
        assert span_of("never", "9" * 30).days == 21
    assert Span(date(2027, 7, 1), 21).later == date(2027, 7, 15)
    assert [columns for _day, columns in Span(date(2027, 7, 20), 14).months()] == [24, 4]


@pytest.mark.usefixtures("db")
def test_the_page_shows_who_lies_where_and_where_one_can_book(visit: Visit) -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager, code="12")
    make_berth(manager, db.session.get_one(Dock, berth.dock_id), code="14")
    vessel = make_vessel(manager, name="Sirocco")
    stay = make_stay(berth, make_client(manager, full_name="Yuki Okada"), by=manager)
    number, berth_number = stay.number, berth.number
    commit()
    page = visit(MANAGER).get(JULY)
    assert page.status_code == 200
    assert "Yuki Okada" in page.text
    assert f"stay={number}" in page.text
    assert f"/north/berths/{berth_number}/occupancies/new?arrives=2027-06-28&amp;leaves=2027-06-29" in page.text
    looking = visit(VIEWER).get(JULY)
    assert "occupancies/new" not in looking.text
    assert "data-move" not in looking.text
    assert vessel.name == "Sirocco"


@pytest.mark.usefixtures("db")
def test_an_opened_stay_is_acted_on_and_one_is_back_in_the_calendar(visit: Visit) -> None:
    manager = enter(MANAGER)
    stay = make_stay(make_berth(manager), make_client(manager, full_name="Yuki Okada"), by=manager)
    number = stay.number
    commit()
    visitor = visit(MANAGER)
    opened = visitor.get(f"{JULY}&stay={number}")
    assert "stay-panel" in opened.text
    assert "/arrival?next=/north/berths/calendar" in opened.text.replace("%2F", "/")
    answer = visitor.post(f"/north/occupancies/{number}/arrival?next=/north/berths/calendar?days=14")
    assert (answer.status_code, answer.location) == (303, "/north/berths/calendar?days=14")
    undone = visitor.delete(f"/north/occupancies/{number}/arrival?next=//evil.example")
    assert undone.location == f"/north/occupancies/{number}"
    assert "stay-panel" not in visitor.get(f"{JULY}&stay=999999").text


@pytest.mark.usefixtures("db")
def test_one_row_is_asked_for_by_itself(visit: Visit) -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    make_stay(berth, make_client(manager, full_name="Yuki Okada"), by=manager)
    number = berth.number
    commit()
    row = visit(MANAGER).get(f"/north/berths/{number}/calendar?from=2027-06-28&days=14&dock=3")
    assert row.text.count("<tr") == 1
    assert "Yuki Okada" in row.text


def test_statements_do_not_grow_with_berths_and_stays(db: Any, visit: Visit, statements: list[str]) -> None:
    by = enter(MANAGER)
    dock, client = make_dock(by), make_client(by)
    for at in range(30):
        berth = make_berth(by, dock, code=str(at))
        make_stay(berth, client, by=by)
    absence = make_absence(make_berth(by, dock, code="99"), client, by=by)
    assert holder_of(absence).port_id == NORTH
    commit()
    visitor = visit(MANAGER)
    statements.clear()
    assert visitor.get(JULY).text.count("<tr id=") == 31
    assert len(statements) <= 5


@pytest.mark.usefixtures("db")
def test_a_port_without_berths_says_so(visit: Visit) -> None:
    page = visit(MANAGER).get("/north/berths/calendar")
    assert page.status_code == 200
    assert "No berths yet" in page.text


@pytest.mark.usefixtures("db")
def test_now_is_where_it_is() -> None:
    with formats.use(None):
        span = Span(date(2027, 7, 1), 14)
        assert span.now_at(datetime(2027, 7, 8, tzinfo=UTC)) == 50
        assert span.now_at(datetime(2027, 7, 1, tzinfo=UTC) - timedelta(hours=1)) is None
