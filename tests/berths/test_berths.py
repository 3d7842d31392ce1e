"""Berths, docks and harbours: lists and records, their order, what keeps their names apart."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.berths.models import Berth, BerthStatus, Dock, Harbour, Taken
from app.berths.models.berth import DIMENSIONS
from app.db import commit, db, write
from app.errors import Refused
from app.events.models import Event
from app.events.timeline import timeline
from tests.world import NORTH, Visitor, enter, make_berth, make_dock

pytestmark = pytest.mark.usefixtures("db")

MANAGER, VIEWER = "sales_manager@north.example", "viewer@north.example"
Visit = Callable[[str], Visitor]


def names_in(page: str) -> list[str]:
    return [unescape(name) for name in re.findall(r'<a class="name"[^>]*>([^<]+)</a>', page)]


# --- Verbs --------------------------------------------------------------------------------------------------------


def test_verbs_record_once_and_repeat_without_harm(relayed: Callable[[], list[str]]) -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager, max_loa=Decimal(12))
    assert not berth.update({"max_loa": Decimal("12.00")}, by=manager)
    assert berth.update({"max_loa": Decimal("12.5"), "depth": Decimal("2.8")}, by=manager)
    for _ in range(2):
        berth.change_status(BerthStatus.RESERVED, by=manager, triggered_by="hand")
    for _ in range(2):
        berth.archive(by=manager)
    for _ in range(2):
        berth.restore(by=manager)
    assert relayed() == [
        "harbour:created",
        "dock:created",
        "berth:created",
        "berth:updated",
        "berth:statusChanged",
        "berth:archived",
        "berth:restored",
    ]


def test_a_status_says_what_it_was_who_set_it_and_why() -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    berth.change_status(BerthStatus.MAINTENANCE, by=manager, triggered_by="hand", note="Loose cleat")
    latest = timeline("berth", berth.id)[0]
    assert latest.text == "set the status to Maintenance: Loose cleat"
    berth.archive(by=manager)
    with pytest.raises(Refused, match="archived"):
        berth.change_status(BerthStatus.AVAILABLE, by=manager, triggered_by="hand")


def test_a_number_is_given_once_on_a_dock_and_again_once_it_is_free() -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager, code="B 07")
    for same in ("B 07", "b 07", "B  07"):
        with pytest.raises(Taken) as refused:
            make_berth(manager, berth.dock, code=same)
        assert refused.value.holder == berth
    make_berth(manager, make_dock(manager, "C"), code="B 07")
    make_berth(manager, berth.dock, code="B 7")  # real docks have both
    berth.archive(by=manager)
    other = make_berth(manager, berth.dock, code="b 07")
    with pytest.raises(Taken) as refused:
        berth.restore(by=manager)
    assert refused.value.holder == other


def test_docks_and_harbours_have_their_names_for_themselves() -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager, "B")
    harbour = db.session.get_one(Harbour, dock.harbour_id)
    with pytest.raises(Taken):
        make_dock(manager, "b", harbour)
    with pytest.raises(Taken):
        Harbour.create({"name": harbour.name.upper()}, port_id=NORTH, by=manager)
    make_dock(manager, "B", Harbour.create({"name": "Outer harbour"}, port_id=NORTH, by=manager))


def test_what_something_stands_on_is_not_put_away_nor_brought_back_to_nowhere() -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    dock = db.session.get_one(Dock, berth.dock_id)
    harbour = db.session.get_one(Harbour, dock.harbour_id)
    with pytest.raises(Refused, match="still has a berth"):
        dock.archive(by=manager)
    berth.archive(by=manager)
    with pytest.raises(Refused, match="still has a dock"):
        harbour.archive(by=manager)
    dock.archive(by=manager)
    harbour.archive(by=manager)
    with pytest.raises(Refused, match="dock of this berth"):
        berth.restore(by=manager)
    with pytest.raises(Refused, match="harbour of this dock"):
        dock.restore(by=manager)


@pytest.mark.parametrize(
    "values",
    [
        {"min_loa": Decimal(13), "max_loa": Decimal(12)},
        *({name: Decimal(-1)} for name in DIMENSIONS),
        {"status": "lost"},
        {"mooring": "rope"},
        {"tenure": "freehold", "tenure_expires_on": date(2027, 1, 1)},
        {"sounded_on": date(2026, 1, 1)},
        {"price": Decimal(100)},
        {"price": Decimal(-1), "currency": "EUR"},
        {"power_phases": 2},
    ],
)
def test_the_database_keeps_what_no_berth_can_be(values: dict[str, Any]) -> None:
    berth = make_berth(enter(MANAGER))
    with pytest.raises(IntegrityError):
        write(berth, **values)


# --- The list -----------------------------------------------------------------------------------------------------


def test_berths_lie_in_the_order_of_the_docks_and_of_their_numbers(visit: Visit) -> None:
    manager = enter(MANAGER)
    west = Harbour.create({"name": "West"}, port_id=NORTH, by=manager)
    b, a = make_dock(manager, "B", west), make_dock(manager, "A 2", west)
    for code in ("10", "9", "9a", "100"):
        make_berth(manager, b, code=code)
    make_berth(manager, a, code="1")
    east = Harbour.create({"name": "East"}, port_id=NORTH, by=manager)
    make_berth(manager, make_dock(manager, "-", east))
    dock_id, east_id = a.id, east.id
    commit()
    page = visit(VIEWER).get("/north/berths")
    assert names_in(page.text) == ["12", "A 2 1", "B 9", "B 9a", "B 10", "B 100"]
    manager = enter(MANAGER)
    db.session.get_one(Dock, dock_id).update({"name": "Z"}, by=manager)
    db.session.get_one(Harbour, east_id).update({"name": "Yonder"}, by=manager)
    commit()
    assert names_in(visit(VIEWER).get("/north/berths").text) == ["B 9", "B 9a", "B 10", "B 100", "Z 1", "12"]


def test_berths_are_found_by_harbour_dock_and_number_and_narrowed_by_filters(visit: Visit) -> None:
    manager = enter(MANAGER)
    west = Harbour.create({"name": "Läntinen 100% satama"}, port_id=NORTH, by=manager)
    dock = make_dock(manager, "B", west)
    twelve = make_berth(manager, dock, code="12", tenure="lease")
    make_berth(manager, dock, code="2")
    make_berth(manager, make_dock(manager, "C"), code="12").change_status(
        BerthStatus.SOLD, by=manager, triggered_by="hand"
    )
    make_berth(manager, dock, code="9").archive(by=manager)
    number = west.number
    commit()
    visitor = visit(VIEWER)

    def found(**asked: Any) -> list[str]:
        return names_in(visitor.get("/north/berths", query_string=asked).text)

    assert found(q="b12") == found(q="B 12") == found(q="12 lantinen") == ["B 12"]
    assert found(q="12") == ["C 12", "B 12"]
    assert found(q="100%") == ["B 2", "B 12"]
    assert found(q="_") == found(q="nowhere") == []
    assert found(status="sold") == ["C 12"]
    assert found(tenure="lease") == ["B 12"]
    assert found(harbour=number) == ["B 2", "B 12"]
    assert found(dock=dock.number) == ["B 2", "B 12"]
    assert found(archived="1") == ["B 9"]
    assert found(status="lost", harbour="x", dock="x") == ["C 12", "B 2", "B 12"]
    palette = visitor.get("/north/search", query_string={"q": "b 12"})
    assert f"/north/berths/{twelve.number}" in palette.text


def test_the_list_is_narrowed_to_what_fits(visit: Visit) -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager)
    make_berth(manager, dock, code="1", max_loa=Decimal(8), max_beam=Decimal(3))
    make_berth(manager, dock, code="2", max_loa=Decimal(12), max_beam=Decimal(4), depth=Decimal(2))
    make_berth(manager, dock, code="3", max_loa=Decimal(12), max_beam=Decimal(4), depth=Decimal(3))
    make_berth(manager, dock, code="4")
    commit()
    visitor = visit(VIEWER)

    def page(fits: str) -> str:
        return visitor.get("/north/berths", query_string={"fits": fits}).text

    assert names_in(page("10 × 3")) == ["B 2", "B 3", "B 4"]
    assert names_in(page("10 x 3.5 x 2.5")) == ["B 3", "B 4"]
    assert names_in(page("32'")) == ["B 2", "B 3", "B 4"]
    unknown = page("Nobody’s boat")
    assert len(names_in(unknown)) == 4
    assert 'id="fits-error"' in unknown
    assert "No vessel is called so" in unknown


def test_the_page_says_who_or_what_set_the_status_last(visit: Visit) -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    berth.change_status(BerthStatus.SOLD, by=manager, triggered_by="contract_signed", note="Interest 1042")
    url = f"/north/berths/{berth.number}"
    for depth in range(12):
        berth.update({"depth": Decimal(depth + 1)}, by=manager)
    commit()
    said = "Sales Manager North set the status to Sold or let (The contract is signed): Interest 1042"
    assert said in visit(VIEWER).get(url).text.partition("facts-title")[2]


def test_the_list_takes_six_statements_however_long_it_is(visit: Visit, statements: list[str]) -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager)
    for code in range(60):
        make_berth(manager, dock, code=str(code))
    commit()
    visitor = visit(VIEWER)
    statements.clear()
    assert len(names_in(visitor.get("/north/berths").text)) == 50
    assert len(statements) <= 6
    statements.clear()
    assert visitor.get("/north/harbours").text.count("60 berths") == 1
    assert len(statements) <= 3


# --- Pages --------------------------------------------------------------------------------------------------------


def test_a_berth_is_added_and_edited_in_feet_and_metres(visit: Visit) -> None:
    manager = enter(MANAGER)
    dock_id = str(make_dock(manager).id)
    commit()
    visitor = visit(MANAGER)
    form = visitor.form(f"/north/berths/new?dock={dock_id}")
    assert form["dock_id"] == dock_id
    sizes = {"max_loa": "39'4\"", "max_beam": "4,05", "depth": "2.8", "sounded_on": "2026-03-04"}
    terms = {"price": "2,940", "currency": "EUR", "tenure_expires_on": "2027-12-31"}
    answer = visitor.post("/north/berths", {**form, "code": "B-09", **sizes, **terms})
    assert answer.status_code == 303
    page = visitor.get(answer.location)
    assert "11.99 <small>m</small>" in page.text
    assert "€2,940.00 a year" in page.text
    assert "Depth sounded on 4 Mar 2026" in page.text
    edited = visitor.form(f"{answer.location}/edit")
    assert (edited["max_loa"], edited["price"]) == ("11.99", "2940.00")
    assert visitor.put(answer.location, {**edited, "max_loa": "12.20"}).status_code == 303
    assert "12.20 <small>m</small>" in visitor.get(answer.location).text
    event = db.session.scalars(select(Event).where(Event.name == "berth:updated")).one()
    assert event.changed_fields == ["max_loa"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"code": ""}, "Type the number of the berth."),
        ({"code": "x" * 21}, "longer than 20"),
        ({"max_loa": "1200"}, "longer than any vessel"),
        ({"min_loa": "13"}, "shorter than the shortest boat"),
        ({"max_beam": "wide"}, "Write metres"),
        ({"sounded_on": "2026-03-04", "depth": ""}, "which depth was sounded"),
        ({"sounded_on": "2999-03-04", "depth": "2"}, "still to come"),
        ({"tenure": "freehold", "tenure_expires_on": "2027-01-01"}, "A freehold does not expire."),
        ({"price": "12"}, "go together"),
        ({"price": "", "currency": "EUR"}, "go together"),
        ({"price": "cheap"}, "Write an amount"),
        ({"dock_id": "00000000-0000-0000-0000-000000000000"}, "Not a valid choice"),
        ({"power_amps": "0"}, "Between 1 and 2000"),
    ],
)
def test_what_does_not_fit_is_said_beside_it_and_kept(visit: Visit, typed: dict[str, str], words: str) -> None:
    dock_id = str(make_dock(enter(MANAGER)).id)
    commit()
    visitor = visit(MANAGER)
    form = {**visitor.form(f"/north/berths/new?dock={dock_id}"), "code": "B-09", "max_loa": "12"}
    answer = visitor.post("/north/berths", {**form, **typed})
    assert answer.status_code == 422
    assert words in unescape(answer.text)
    for value in typed.values():
        assert value.startswith("00000000") or not value or f'value="{value}"' in answer.text
    assert db.session.scalar(select(Berth.id)) is None


def test_a_number_that_is_there_is_refused_beside_it(visit: Visit) -> None:
    berth = make_berth(enter(MANAGER), code="B-09")
    dock_id = str(berth.dock_id)
    commit()
    visitor = visit(MANAGER)
    form = visitor.form(f"/north/berths/new?dock={dock_id}")
    answer = visitor.post("/north/berths", {**form, "code": "b-09"})
    assert answer.status_code == 422
    assert "B-09 is there already." in answer.text


def test_two_who_edit_different_fields_both_have_their_way(visit: Visit) -> None:
    number = make_berth(enter(MANAGER)).number
    commit()
    one, other = visit(MANAGER), visit("port_admin@north.example")
    forms = [visitor.form(f"/north/berths/{number}/edit") for visitor in (one, other)]
    assert one.put(f"/north/berths/{number}", {**forms[0], "depth": "2.5"}).status_code == 303
    assert other.put(f"/north/berths/{number}", {**forms[1], "max_loa": "14"}).status_code == 303
    clash = other.put(f"/north/berths/{number}", {**forms[1], "depth": "3"})
    assert clash.status_code == 409
    berth = db.session.scalars(select(Berth)).one()
    assert (berth.depth, berth.max_loa) == (Decimal("2.50"), Decimal("14.00"))


def test_the_status_is_set_by_hand(visit: Visit) -> None:
    number = make_berth(enter(MANAGER)).number
    commit()
    visitor = visit(MANAGER)
    form = visitor.form(f"/north/berths/{number}")
    sent = {**form, "status": "maintenance", "note": "Loose cleat"}
    assert visitor.put(f"/north/berths/{number}/status", sent).status_code == 303
    assert "set the status to Maintenance: Loose cleat" in visitor.get(f"/north/berths/{number}").text
    refused = visitor.put(f"/north/berths/{number}/status", {**form, "status": "lost", "note": "kept"})
    assert refused.status_code == 422
    assert 'value="kept"' in refused.text


def test_a_harbour_and_its_dock_are_added_edited_and_put_away(visit: Visit) -> None:
    visitor = visit(MANAGER)
    place = {"name": "Puotila", "latitude": "60,207024", "longitude": "25.104332"}
    assert visitor.post("/north/harbours", {**visitor.form("/north/harbours/new"), **place}).status_code == 303
    harbour = db.session.scalars(select(Harbour)).one()
    assert (harbour.latitude, harbour.longitude) == (Decimal("60.207024"), Decimal("25.104332"))
    form = visitor.form(f"/north/docks/new?harbour={harbour.id}")
    assert visitor.post("/north/docks", {**form, "name": "A", "price_tier": "1", "has_water": "y"}).status_code == 303
    dock = db.session.scalars(select(Dock)).one()
    assert (dock.has_water, dock.has_power, dock.price_tier) == (True, False, 1)
    number, of_harbour = dock.number, harbour.number
    edited = visitor.form(f"/north/docks/{number}/edit")
    assert visitor.put(f"/north/docks/{number}", {**edited, "name": "A 1"}).status_code == 303
    half = visitor.put(
        f"/north/harbours/{of_harbour}", {**visitor.form(f"/north/harbours/{of_harbour}/edit"), "latitude": ""}
    )
    assert half.status_code == 422
    assert "go together" in half.text
    token = visitor.form(f"/north/docks/{number}/edit")["csrf_token"]
    sent = {"csrf_token": token}
    assert visitor.post(f"/north/harbours/{of_harbour}/archival", sent).status_code == 409
    assert visitor.post(f"/north/docks/{number}/archival", sent).status_code == 303
    assert visitor.post(f"/north/harbours/{of_harbour}/archival", sent).status_code == 303
    assert "No harbour yet" in visitor.get("/north/harbours").text
