"""The board of a day, boats that were seen, and the list of stays."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from app import formats
from app.berths.board import board_of
from app.berths.models import Berth, Harbour, Occupancy, OccupancyKind, Sighting
from app.db import commit, db, now
from app.errors import Refused
from tests.berths.test_absences import days
from tests.clients.test_exports import rows_of
from tests.world import (
    NORTH,
    Visitor,
    enter,
    make_absence,
    make_berth,
    make_client,
    make_dock,
    make_stay,
    make_vessel,
)

MANAGER = "sales_manager@north.example"
Visit = Callable[[str], Visitor]


def visit_of(berth: Berth, begins: str, ends: str, by: Any, **more: Any) -> Occupancy:
    client = more.pop("client", None) or make_client(by)
    return Occupancy.book(berth, days(begins, ends), OccupancyKind.VISIT, by=by, client=client, **more)


@pytest.mark.usefixtures("db")
def test_each_stands_where_it_belongs(statements: list[str]) -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager)
    names = ("late", "expected", "overdue", "due", "arrived", "left", "gone", "later")
    berths = {name: make_berth(manager, dock, code=str(at)) for at, name in enumerate(names)}
    times = {
        "late": ("07-08", "07-14"),
        "expected": ("07-10", "07-12"),
        "overdue": ("07-01", "07-09"),
        "due": ("07-01", "07-10"),
        "arrived": ("07-10", "07-12"),
        "left": ("07-01", "07-12"),
        "gone": ("07-01", "07-05"),
        "later": ("07-11", "07-12"),
    }
    made = {name: visit_of(berths[name], *times[name], manager) for name in names}
    for name in ("overdue", "due", "left", "gone"):
        made[name].check_in(at=datetime(2027, 7, 1, 15, tzinfo=UTC), by=manager)
    made["arrived"].check_in(at=datetime(2027, 7, 10, 9, tzinfo=UTC), by=manager)
    made["left"].check_out(at=datetime(2027, 7, 10, 9, tzinfo=UTC), by=manager)
    made["gone"].check_out(at=datetime(2027, 7, 4, 9, tzinfo=UTC), by=manager)
    Occupancy.book(make_berth(manager, dock, code="99"), days("07-10", None), OccupancyKind.MAINTENANCE, by=manager)
    away = make_absence(make_berth(manager, dock, code="98"), make_client(manager), by=manager)
    away.change(days("07-09", "07-12"), by=manager, details={})
    seen: Any = {"by": manager, "seen_at": datetime(2027, 7, 9, tzinfo=UTC)}
    sighting = Sighting.create(berths["gone"], name="Petrel", **seen)
    Sighting.create(berths["gone"], name="Puffin", **seen).dismiss(by=manager)
    db.session.flush()
    statements.clear()
    with formats.use(None), time_machine.travel(datetime(2027, 7, 10, 12, tzinfo=UTC), tick=False):
        board = board_of(manager, date(2027, 7, 10))
    assert len(statements) == 3
    numbers = {name: [row.number for row in rows] for name, rows in board.groups.items()}
    contract = away.occupancy_id
    late = [row for row in numbers["late"] if row != db.session.get_one(Occupancy, contract).number]
    assert late == [made["late"].number]
    assert {name: numbers[name] for name in ("expected", "overdue", "due", "arrived", "left")} == {
        name: [made[name].number] for name in ("expected", "overdue", "due", "arrived", "left")
    }
    assert [one.number for one in board.sightings] == [sighting.number]
    assert [one.number for one in board.absences] == [away.number]


@pytest.mark.usefixtures("db")
def test_of_a_day_to_come_nobody_is_late_and_nothing_is_done_before_its_time(visit: Visit) -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager)
    berths = [make_berth(manager, dock, code=str(at)) for at in range(1, 6)]
    late, between, coming, here, away = (
        make_vessel(manager, name=name) for name in ("Petrel", "Puffin", "Skua", "Tern", "Auk")
    )
    visit_of(berths[0], "07-08", "07-14", manager, vessel=late)
    visit_of(berths[1], "07-11", "07-14", manager, vessel=between)
    visit_of(berths[2], "07-13", "07-14", manager, vessel=coming)
    visit_of(berths[3], "07-01", "07-13", manager, vessel=here).check_in(
        at=datetime(2027, 7, 1, 15, tzinfo=UTC), by=manager
    )
    visit_of(berths[4], "07-01", "07-12", manager, vessel=away).check_in(
        at=datetime(2027, 7, 1, 15, tzinfo=UTC), by=manager
    )
    Sighting.create(berths[1], name="Gannet", by=manager, seen_at=datetime(2027, 7, 10, 9, tzinfo=UTC))
    commit()
    with time_machine.travel(datetime(2027, 7, 10, 12, tzinfo=UTC), tick=False):
        page = visit(MANAGER).get("/north/berths/board?day=2027-07-13").text
    sections = dict(re.findall(r'<h2 id="(\w+)-title">(.*?)</section>', page, re.S))
    assert set(sections) == {"seen", "late", "expected", "due"}
    assert ("Petrel" in sections["late"], "Did not come" in sections["late"]) == (True, True)
    assert "Puffin" not in page
    assert "Auk" not in page
    assert ("Skua" in sections["expected"], "Check in" in sections["expected"]) == (True, False)
    assert ("Tern" in sections["due"], "Check out" in sections["due"]) == (True, False)
    assert "arrives=2027-07-10" in sections["seen"]


@pytest.mark.usefixtures("db")
def test_one_click_checks_in_and_out_and_is_taken_back(visit: Visit) -> None:
    manager = enter(MANAGER)
    stay = visit_of(make_berth(manager), "07-10", "07-12", manager, vessel=make_vessel(manager, name="Sirocco"))
    number = stay.number
    commit()
    visitor, board = visit(MANAGER), "/north/berths/board?day=2027-07-10"
    assert "Sirocco" in visitor.get(board).text
    url = f"/north/occupancies/{number}"
    answer = visitor.post(f"{url}/arrival?next=/north/berths/board")
    assert answer.location == "/north/berths/board"
    undo = visitor.get("/north/berths/board").text
    assert f"/north/occupancies/{number}/arrival?" in undo
    assert "Undo" in undo
    assert visitor.delete(f"{url}/arrival").status_code == 303
    assert "Check in" in visitor.get(url).text
    visitor.post(f"{url}/arrival")
    visitor.post(f"{url}/departure")
    assert visitor.delete(f"{url}/departure").status_code == 303
    assert "Check out" in visitor.get(url).text


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("day", ["", "never", "0000-00-00", "9999-12-31", "0001-01-01"])
def test_any_day_may_be_asked_for(visit: Visit, day: str) -> None:
    assert visit(MANAGER).get(f"/north/berths/board?day={day}").status_code == 200


# --- Boats that were seen -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_a_boat_that_was_seen_is_settled_once(relayed: Callable[[], list[str]]) -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    seen: Any = {"by": manager, "seen_at": now()}
    one, other = (Sighting.create(berth, name=name, **seen) for name in ("Petrel", "Puffin"))
    stay = make_stay(berth, make_client(manager), by=manager)
    for _ in range(2):
        one.turn_into(stay, by=manager)
        other.dismiss(by=manager)
    with pytest.raises(Refused, match="has a stay"):
        one.dismiss(by=manager)
    with pytest.raises(Refused, match="settled this already"):
        other.turn_into(stay, by=manager)
    for _ in range(2):
        other.reopen(by=manager)
    told = [name for name in relayed() if name.startswith("sighting:")]
    assert sorted(told) == [
        "sighting:booked",
        "sighting:dismissed",
        "sighting:noted",
        "sighting:noted",
        "sighting:reopened",
    ]


@pytest.mark.usefixtures("db")
def test_it_is_noted_and_turned_into_a_visit(visit: Visit) -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager, code="12")
    number, named = berth.number, str(make_vessel(manager, name="Petrel").number)
    commit()
    visitor = visit(MANAGER)
    form = visitor.form(f"/north/sightings/new?berth={number}")
    assert form["berth"] == f"B 12 · {number}"
    refused = visitor.post("/north/sightings", {**form, "name": "", "note": ""})
    assert refused.status_code == 422
    assert "Say what is known" in refused.text
    assert visitor.post("/north/sightings", {**form, "name": "Petrel", "note": "No flag"}).status_code == 303
    assert "No flag" in visitor.get("/north/berths/board").text
    seen = db.session.scalars(select(Sighting.number)).one()
    url = f"/north/berths/{number}/occupancies"
    days_of = {"arrives": "2026-01-01", "leaves": "2026-01-03"}
    answer = visitor.post(f"{url}?sighting={seen}", {**visitor.form(f"{url}/new"), "vessel": named, **days_of})
    assert answer.status_code == 303
    assert "Check out" in visitor.get(answer.location).text
    assert "No flag" not in visitor.get("/north/berths/board").text


@pytest.mark.usefixtures("db")
def test_a_boat_seen_where_the_holder_is_away_is_booked_as_a_sublet(visit: Visit) -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager, code="12")
    make_absence(berth, make_client(manager), by=manager)
    seen = Sighting.create(berth, name="Petrel", by=manager, seen_at=now()).number
    number, named = berth.number, str(make_vessel(manager, name="Petrel").number)
    make_berth(manager, berth.dock, code="14")
    commit()
    visitor, url = visit(MANAGER), f"/north/berths/{number}/occupancies"
    asked = f"kind=visit&sighting={seen}&arrives=2027-08-05&leaves=2027-08-07&vessel={named}"
    refused = visitor.post(f"{url}?sighting={seen}", visitor.form(f"{url}/new?{asked}"))
    assert refused.status_code == 409
    links = [unescape(link) for link in re.findall(r'href="([^"]*/occupancies/new\?[^"]*)"', refused.text)]
    assert len(links) == 2
    assert all(f"sighting={seen}" in link for link in links)
    sublet, other = links
    assert ("kind=sublet" in sublet, "kind=visit" in other) == (True, True)
    form = visitor.form(sublet)
    answer = visitor.post(f"{url}?sighting={seen}", form)
    assert answer.status_code == 303
    assert "Check out" in visitor.get(answer.location).text
    enter(MANAGER)
    assert db.session.scalars(select(Sighting.outcome)).one() == "visit"


@pytest.mark.usefixtures("db")
def test_a_berth_nobody_has_is_not_one(visit: Visit) -> None:
    visitor = visit(MANAGER)
    form = visitor.form("/north/sightings/new")
    answer = visitor.post("/north/sightings", {**form, "berth": "Z 99", "name": "Petrel"})
    assert answer.status_code == 422
    assert "Petrel" in answer.text


# --- The list of stays, and free berths ---------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_stays_are_listed_and_narrowed(visit: Visit, statements: list[str]) -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager)
    vessel = make_vessel(manager, name="Sirocco")
    first_berth = make_berth(manager, dock, code="1")
    client = make_client(manager)
    first = visit_of(first_berth, "07-01", "07-05", manager, vessel=vessel, client=client)
    visit_of(make_berth(manager, dock, code="2"), "07-10", "07-12", manager, vessel=make_vessel(manager, name="Petrel"))
    first.cancel(by=manager)
    afar = make_dock(manager, "Z", Harbour.create({"name": "Atoll"}, port_id=NORTH, by=manager))
    visit_of(make_berth(manager, afar, code="3"), "07-20", "07-22", manager, vessel=make_vessel(manager, name="Atoll"))
    named, dock_number, berth_number = vessel.number, dock.number, first_berth.number
    client_number, harbour_number = client.number, first_berth.dock.harbour.number
    commit()
    visitor = visit(MANAGER)
    statements.clear()
    page = visitor.get("/north/stays").text
    assert len(statements) <= 3
    assert "Sirocco" in page
    assert "Petrel" in page
    for asked, there, away in (
        ("state=cancelled", "Sirocco", "Petrel"),
        ("since=2027-07-06", "Petrel", "Sirocco"),
        ("until=2027-07-06", "Sirocco", "Petrel"),
        (f"dock={dock_number}&kind=visit&state=planned", "Petrel", "Sirocco"),
        (f"vessel={named}", "Sirocco", "Petrel"),
        (f"berth={berth_number}", "Sirocco", "Petrel"),
        (f"client={client_number}&since=2027-07-01", "Sirocco", "Petrel"),
        ("q=siroc", "Sirocco", "Petrel"),
        ("q=B 1", "Sirocco", "Petrel"),
        (f"harbour={harbour_number}", "Sirocco", "Atoll"),
    ):
        page = visitor.get(f"/north/stays?{asked}").text
        assert there in page, asked
        assert f">{away}</a>" not in page, asked
    sent = visitor.post("/north/stays/exports?list=" + quote("q=B&since=2027-07-06&kind=visit"), {"format": "csv"})
    header, *rows = rows_of(sent)
    assert [row[1:8] for row in rows] == [["Petrel", "Léa Marchand", "", "Harbour of B", "B 2", "Visit", "2027-07-10"]]
    assert (len(header), rows[0][8:10]) == (12, ["2027-07-12", "Planned"])
    whole = visitor.post("/north/stays/exports?list=" + quote(f"client={client_number}"), {"format": "csv"})
    assert [row[1] for row in rows_of(whole)[1:]] == ["Sirocco"]
    assert "Export 1 stay" in visitor.get("/north/stays/exports/new?list=" + quote(f"vessel={named}")).text
    for nothing in ("kind=hold", "q=Nobody", f"vessel={named}&state=active"):
        assert "No stay matches" in visitor.get(f"/north/stays?{nothing}").text
    for unknown in ("client=999999", f"vessel={10**30}", "berth=x"):
        assert "Petrel" in visitor.get(f"/north/stays?{unknown}").text
    assert "Sirocco" in visitor.get(f"/north/vessels/{named}/stays").text


@pytest.mark.usefixtures("db")
def test_words_find_every_stay_also_of_who_is_put_away(visit: Visit) -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager)
    client = make_client(manager, full_name="Nina Korhonen")
    gone = make_vessel(manager, client, name="Sirocco")
    for at in range(1, 61):
        visit_of(make_berth(manager, dock, code=str(at)), "07-01", "07-05", manager, client=client)
    past = visit_of(make_berth(manager, dock, code="61"), "07-01", "07-05", manager, client=client, vessel=gone)
    past.cancel(by=manager)
    put_away = db.session.get_one(Berth, past.berth_id)
    for record in (gone, client, put_away):
        record.archive(by=manager)
    number = put_away.number
    commit()
    visitor = visit(MANAGER)
    for words, found in (
        ("Nina", "61 stays"),
        ("Sirocco", "1 stay<"),
        ("B", "61 stays"),
        ("B 61", "1 stay<"),
        (f"B 61 · {number}", "1 stay<"),
        ("·", "No stay matches"),
    ):
        assert found in visitor.get(f"/north/stays?q={quote(words)}").text, words
    whole = visitor.post("/north/stays/exports?list=" + quote("q=Nina"), {"format": "csv"})
    assert len(rows_of(whole)) == 62


@pytest.mark.usefixtures("db")
def test_the_stays_of_a_client_stand_on_their_page(visit: Visit) -> None:
    manager = enter(MANAGER)
    client = make_client(manager, full_name="Yuki Okada")
    make_stay(make_berth(manager, code="12"), client, by=manager)
    number = client.number
    commit()
    visitor = visit(MANAGER)
    page = visitor.get(f"/north/clients/{number}/stays").text
    assert "B 12" in page
    assert f"/north/clients/{number}/stays" in visitor.get(f"/north/clients/{number}").text


@pytest.mark.usefixtures("db")
def test_free_berths_are_those_that_fit_and_that_nobody_has(visit: Visit) -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager)
    for code, length in (("1", 8), ("2", 12), ("3", 15), ("4", 14)):
        berth = make_berth(manager, dock, code=code, max_loa=Decimal(length))
        if code == "3":
            visit_of(berth, "07-03", "07-06", manager)
    named = str(make_vessel(manager, loa_declared=Decimal(11)).number)
    commit()
    visitor = visit(MANAGER)
    page = visitor.get(f"/north/berths/free?arrives=2027-07-05&leaves=2027-07-08&vessel={named}").text
    assert page.index("B 2") < page.index("B 4")
    assert "B 3" not in page
    assert "B 1" not in page
    refused = visitor.get("/north/berths/free?arrives=2027-07-05&leaves=2027-07-01")
    assert refused.status_code == 422
    assert "ends before it begins" in refused.text
    assert visitor.get("/north/berths/free").status_code == 200
    assert "B 2 ·" in visitor.get("/north/berths/choices?berth=b2").text


# --- Other dates, another price -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_a_change_of_dates_shows_the_price_before_it_is_saved(visit: Visit) -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager)
    money: Any = {"details": {"price": Decimal(300), "currency": "EUR"}}
    stay = visit_of(make_berth(manager, dock, code="12"), "07-01", "07-04", manager, **money)
    other = make_berth(manager, dock, code="14")
    number, there = stay.number, other.number
    commit()
    visitor = visit(MANAGER)
    url = f"/north/occupancies/{number}"
    assert "+€200.00" in unescape(visitor.get(f"{url}/quote?arrives=2027-07-01&leaves=2027-07-06").text)
    assert "€" not in visitor.get(f"{url}/quote?arrives=2027-07-01&leaves=2027-06-06").text
    form = visitor.form(f"{url}/edit")
    asked = visitor.put(url, {**form, "leaves": "2027-07-06"})
    assert asked.status_code == 200
    assert "+€200.00" in unescape(asked.text)
    assert stay_of(number).price == Decimal(300)
    stale = visitor.put(url, {**form, "leaves": "2027-07-05", "price": "new", "quoted": "500.00"})
    assert "+€100.00" in unescape(stale.text)
    saved = visitor.put(url, {**form, "leaves": "2027-07-06", "price": "new", "quoted": "500.00"})
    assert saved.status_code == 303
    assert stay_of(number).price == Decimal(500)
    form = visitor.form(f"{url}/edit")
    kept = visitor.put(url, {**form, "leaves": "2027-07-05", "price": "keep", "quoted": "400.00"})
    assert kept.status_code == 303
    assert stay_of(number).price == Decimal(500)
    form = visitor.form(f"{url}/edit")
    moved = visitor.put(url, {**form, "leaves": "2027-07-05", "berth": f"· {there}"})
    assert moved.status_code == 303
    assert stay_of(number).berth_id == other.id
    prefilled = visitor.form(f"{url}/edit?arrives=2027-07-02&leaves=2027-07-05&berth={there}")
    assert prefilled["arrives"] == "2027-07-02"


def stay_of(number: int) -> Occupancy:
    db.session.expire_all()
    return db.session.scalars(select(Occupancy).where(Occupancy.number == number)).one()


@pytest.mark.usefixtures("db")
def test_a_boat_that_should_have_left_is_not_moved(visit: Visit) -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    other = make_berth(manager, berth.dock, code="14")
    begins = now() - timedelta(days=5)
    during = Range(begins, begins + timedelta(days=3))
    stay = Occupancy.book(berth, during, OccupancyKind.VISIT, by=manager, client=make_client(manager))
    stay.check_in(at=begins, by=manager)
    number, there = stay.number, other.number
    commit()
    visitor = visit(MANAGER)
    url = f"/north/occupancies/{number}/relocation"
    form = visitor.form(f"{url}/new")
    refused = visitor.post(url, {**form, "berth": f"· {there}"})
    assert refused.status_code == 409
    assert "Change the dates" in refused.text


@pytest.mark.usefixtures("db")
def test_a_boat_that_is_here_is_moved(visit: Visit) -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager)
    berth, other = make_berth(manager, dock, code="12"), make_berth(manager, dock, code="14", max_beam=Decimal(4))
    vessel = make_vessel(manager, beam_declared=Decimal("4.5"))
    noon = now().replace(hour=12)
    during = days("01-01", "12-31").__class__(noon.replace(year=noon.year - 1), noon.replace(year=noon.year + 1))
    stay = Occupancy.book(berth, during, OccupancyKind.VISIT, by=manager, client=make_client(manager), vessel=vessel)
    stay.check_in(at=noon.replace(year=noon.year - 1), by=manager)
    number, there = stay.number, other.number
    commit()
    visitor = visit(MANAGER)
    url = f"/north/occupancies/{number}/relocation"
    form = visitor.form(f"{url}/new")
    assert visitor.post(url, {**form, "berth": "nowhere"}).status_code == 422
    refused = visitor.post(url, {**form, "berth": f"· {there}"})
    assert refused.status_code == 422
    assert "too wide" in refused.text
    answer = visitor.post(url, {**form, "berth": f"· {there}", "override": "Fenders are off"})
    assert answer.status_code == 303
    assert "B 14" in visitor.get(answer.location).text
