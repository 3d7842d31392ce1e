"""Price lists: verbs, what the database refuses, pages, the table of lines, files."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.db import commit, db, write
from app.events.models import Event
from app.events.timeline import timeline
from app.prices.models import Clash, PriceLine, PriceList, Unclear
from tests.prices.helsinki import PRICES, make_berths, make_list
from tests.world import NORTH, Visitor, enter, make_berth, make_dock
from tests.world import price_line as line

pytestmark = pytest.mark.usefixtures("db")

MANAGER, VIEWER = "sales_manager@north.example", "viewer@north.example"
Visit = Callable[[str], Visitor]
YEAR = {"valid_from": date(2027, 1, 1), "valid_until": date(2027, 12, 31)}


def make_prices(*lines: dict[str, Any], **fields: Any) -> PriceList:
    manager = enter(MANAGER)
    made = PriceList.create({"name": "Berths 2027", "currency": "EUR", **YEAR, **fields}, port_id=NORTH, by=manager)
    made.change_lines(lines, by=manager)
    return made


def path_of(price_list: PriceList) -> str:
    return f"/north/price-lists/{price_list.number}"


# --- Verbs --------------------------------------------------------------------------------------------------------


def test_verbs_record_once_and_repeat_without_harm(relayed: Callable[[], list[str]]) -> None:
    manager = enter(MANAGER)
    price_list = make_prices()
    [made] = [line(up_to="2")]
    assert price_list.change_lines([made], by=manager)
    own = price_list.lines()[0]
    assert not price_list.change_lines([{**made, "id": own.id}], by=manager)
    assert price_list.change_lines([{**made, "id": own.id, "amount": Decimal(120)}], by=manager)
    for _ in range(2):
        price_list.change_lines([], by=manager, removing=[own.id])
    assert not price_list.update({"name": "Berths 2027"}, by=manager)
    assert price_list.update({"name": "Berths, summer"}, by=manager)
    for _ in range(2):
        price_list.archive(by=manager)
    for _ in range(2):
        price_list.restore(by=manager)
    assert relayed() == [
        "priceList:created",
        *["priceList:linesChanged"] * 3,
        "priceList:updated",
        "priceList:archived",
        "priceList:restored",
    ]


def test_the_timeline_tells_which_prices_changed() -> None:
    price_list = make_prices(line(above="2", up_to="2.75", tier=1, amount="290"))
    own = price_list.lines()[0]
    changed = {**line(above="2", up_to="2.75", tier=1, amount="300"), "id": own.id}
    price_list.change_lines([changed], by=enter(MANAGER))
    latest = timeline("priceList", price_list.id)[0]
    assert latest.text == "changed the prices: 1 changed"
    words = "2.00–2.75 m wide, tier 1, annual: "
    assert latest.changes == [("Prices", f"{words}290.00", f"{words}300.00")]


def test_two_lists_for_one_term_have_no_day_in_common() -> None:
    manager = enter(MANAGER)
    first = make_prices(line())
    other = make_prices(name="Another", valid_until=None)
    with pytest.raises(Clash) as refused:
        other.change_lines([line()], by=manager)
    assert refused.value.other == first
    other.change_lines([line(term="nightly")], by=manager)
    with pytest.raises(Clash):
        first.change_lines([line(term="nightly")], by=manager)
    first.archive(by=manager)
    other.change_lines([line()], by=manager)
    with pytest.raises(Clash) as refused:
        first.restore(by=manager)
    assert refused.value.other == other
    other.update({"valid_from": date(2028, 1, 1)}, by=manager)
    first.restore(by=manager)
    with pytest.raises(Clash):
        first.update({"valid_until": date(2028, 1, 1)}, by=manager)
    assert first.valid_until == date(2027, 12, 31)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"up_to": "2.00"}, {"above": "1.99"}),
        ({}, {"above": "5"}),
        ({"tier": 2, "up_to": "2"}, {"tier": 2}),
        ({"mooring": "dinghy"}, {"mooring": "dinghy", "measure": "flat"}),
    ],
)
def test_two_lines_for_the_same_berths_are_refused(one: dict[str, Any], other: dict[str, Any]) -> None:
    price_list = make_prices()
    with pytest.raises(Unclear):
        price_list.change_lines([line(**one), line(**other)], by=enter(MANAGER))
    price_list.change_lines([line(**one)], by=enter(MANAGER))
    kept = price_list.lines()[0]
    about = {"port_id": NORTH, "price_list_id": kept.price_list_id, "valid": kept.valid, "is_current": True}
    values = {name: value for name, value in line(**other).items() if name != "id"}
    with pytest.raises(IntegrityError):
        write(PriceLine(**about), **values)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"up_to": "2.00"}, {"above": "2.00"}),
        ({"tier": 1}, {"tier": 2}),
        ({"tier": 0}, {"tier": 2}),
        ({"term": "annual"}, {"term": "monthly", "measure": "flat"}),
        ({"mooring": "dinghy"}, {"mooring": "trailer"}),
    ],
)
def test_lines_that_lie_beside_each_other_are_let_in(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert make_prices().change_lines([line(**one), line(**other)], by=enter(MANAGER))


def test_bands_are_moved_against_each_other_in_one_go() -> None:
    price_list = make_prices(line(up_to="2"), line(above="2", up_to="3"), line(above="3"))
    first, second, _third = price_list.lines()
    moved = [
        {**line(up_to="2.5"), "id": first.id},
        {**line(above="2.5", up_to="3"), "id": second.id},
    ]
    assert price_list.change_lines(moved, by=enter(MANAGER))
    assert [one.band_words for one in price_list.lines()] == [
        "up to 2.50 m wide",
        "2.50–3.00 m wide",
        "over 3.00 m wide",
    ]


@pytest.mark.parametrize(
    "values",
    [
        {"up_to": "0"},
        {"above": "-1"},
        {"amount": "-1"},
        {"rounding": "0"},
        {"hull_coefficient": "0"},
        {"tier": 10},
        {"measure": "flat", "above": "1"},
        {"measure": "flat", "is_per_unit": True},
        {"term": "weekly"},
    ],
)
def test_the_database_keeps_what_no_line_can_be(values: dict[str, Any]) -> None:
    price_list = make_prices()
    with pytest.raises(IntegrityError):
        price_list.change_lines([line(**values)], by=enter(MANAGER))


def test_a_copy_is_dearer_and_rounded_as_each_line_says() -> None:
    price_list = make_prices(
        line(up_to="2", amount="200", rounding="5"), line(above="2", amount="290.10", minimum="10")
    )
    fields = {"name": "Berths 2028", "valid_from": date(2028, 1, 1), "valid_until": None}
    copied = price_list.copy(fields, per_cent=Decimal("3.5"), by=enter(MANAGER))
    assert [(one.amount, one.minimum) for one in copied.lines()] == [
        (Decimal("205.00"), Decimal(0)),
        (Decimal("300.25"), Decimal("10.35")),
    ]
    assert copied.currency == "EUR"


# --- Pages --------------------------------------------------------------------------------------------------------


def test_a_list_is_made_filled_and_found(visit: Visit) -> None:
    manager = visit(MANAGER)
    form = manager.form("/north/price-lists/new")
    assert form["currency"] == "EUR"
    form |= {"name": "Berths 2027", "valid_from": "2027-01-01", "tax_rate": "25,5"}
    answers = [manager.post("/north/price-lists", form) for _ in range(2)]
    assert answers[0].location == answers[1].location
    own = str(answers[0].location)
    form = manager.form(f"{own}/lines/new")
    assert manager.post(f"{own}/lines", {**form, "up_to": "6'7\"", "amount": "1 200,50"}).status_code == 303
    shown = manager.get(own).text
    assert "2.01" in shown
    assert "1200.50" in shown
    assert "on top" in shown
    assert manager.get("/north/price-lists").text.count('class="name"') == 1
    assert 'name="above"' not in visit(VIEWER).get(own).text


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "Type a name"),
        ("name", "x" * 101, "longer than 100"),
        ("valid_from", "", "Say from which day"),
        ("valid_from", "0027-01-01", "four digits"),
        ("valid_until", "2026-12-31", "ends before it begins"),
        ("tax_rate", "101", "From 0 to 100"),
        ("tax_rate", "a lot", "Write a number"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(visit: Visit, field: str, typed: str, said: str) -> None:
    manager = visit(MANAGER)
    form = {**manager.form("/north/price-lists/new"), "name": "Berths", "valid_from": "2027-01-01", field: typed}
    answer = manager.post("/north/price-lists", form)
    assert answer.status_code == 422
    assert said in answer.text
    assert not typed or f'value="{typed}"' in answer.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"amount": ""}, "Type a price"),
        ({"amount": "free"}, "Write an amount"),
        ({"amount": "-5"}, "Write an amount"),
        ({"up_to": "1", "above": "2"}, "ends before it begins"),
        ({"above": "wide"}, "Write metres"),
        ({"up_to": "1e999"}, "Write metres"),
        ({"measure": "flat", "up_to": "3"}, "has no"),
        ({"hull_coefficient": "100"}, "From 0.1 to 9.99"),
        ({"tier": "12"}, "Not a valid choice"),
        ({"harbour_id": "x"}, "Not a valid choice"),
    ],
)
def test_a_line_that_cannot_be_is_refused(visit: Visit, changes: dict[str, str], said: str) -> None:
    own = path_of(make_prices())
    commit()
    manager = visit(MANAGER)
    answer = manager.post(f"{own}/lines", {**manager.form(f"{own}/lines/new"), "amount": "10", **changes})
    assert answer.status_code == 422
    assert said in answer.text


def test_the_table_is_saved_as_a_whole_and_rows_are_taken_out(visit: Visit) -> None:
    price_list = make_prices(line(up_to="2", amount="200"), line(above="2", up_to="3", amount="290"), line(above="3"))
    ids = [one.id for one in price_list.lines()]
    own = path_of(price_list)
    commit()
    manager = visit(MANAGER)
    form = manager.form(own)
    form |= {f"{ids[0]}-up_to": "2,5", f"{ids[1]}-above": "2.50", f"{ids[1]}-amount": "295", f"{ids[2]}-remove": "y"}
    assert manager.put(f"{own}/lines", form).status_code == 303
    enter(MANAGER)
    assert [(one.band_words, one.amount) for one in price_list.lines()] == [
        ("up to 2.50 m wide", Decimal(200)),
        ("2.50–3.00 m wide", Decimal(295)),
    ]


def test_a_table_with_a_fault_keeps_what_was_typed(visit: Visit) -> None:
    price_list = make_prices(line(up_to="2", amount="200"), line(above="2", amount="290"))
    ids = [one.id for one in price_list.lines()]
    own = path_of(price_list)
    commit()
    manager = visit(MANAGER)
    form = manager.form(own)
    faults = {f"{ids[0]}-amount": "two hundred", f"{ids[1]}-above": "1.5"}
    answer = manager.put(f"{own}/lines", {**form, **faults})
    assert answer.status_code == 422
    assert 'value="two hundred"' in answer.text
    answer = manager.put(f"{own}/lines", {**form, f"{ids[1]}-above": "1.5"})
    assert answer.status_code == 422
    assert "It overlaps with up to 2.00 m wide." in answer.text
    assert 'value="1.5"' in answer.text


def test_of_two_who_change_the_table_the_second_is_told(visit: Visit) -> None:
    price_list = make_prices(line(amount="200"))
    [own_line] = price_list.lines()
    own = path_of(price_list)
    commit()
    manager = visit(MANAGER)
    form = manager.form(own)
    assert manager.put(f"{own}/lines", {**form, f"{own_line.id}-amount": "210"}).status_code == 303
    answer = manager.put(f"{own}/lines", {**form, f"{own_line.id}-amount": "220"})
    assert answer.status_code == 409
    assert "Somebody changed these prices meanwhile" in answer.text
    assert 'value="220"' in answer.text


def test_a_list_that_would_overlap_says_with_which(visit: Visit) -> None:
    make_prices(line())
    other = make_prices(line(), name="Berths 2028", valid_from=date(2028, 1, 1), valid_until=None)
    own = path_of(other)
    commit()
    manager = visit(MANAGER)
    answer = manager.put(own, {**manager.form(f"{own}/edit"), "valid_from": "2027-12-31"})
    assert answer.status_code == 409
    assert "Berths 2027 has prices for this term from 1 Jan 2027, until 31 Dec 2027." in answer.text
    assert 'value="2027-12-31"' in answer.text
    form = {**manager.form(f"{own}/copies/new"), "valid_from": "2027-06-01"}
    answer = manager.post(f"{own}/copies", form)
    assert answer.status_code == 409
    assert "Berths 2027 has prices" in answer.text
    assert len(re.findall('class="name"', manager.get("/north/price-lists").text)) == 2


def test_the_copy_for_the_next_season_begins_where_this_one_ends(visit: Visit) -> None:
    price_list = make_prices(line(amount="200"))
    own = path_of(price_list)
    commit()
    manager = visit(MANAGER)
    form = manager.form(f"{own}/copies/new")
    assert (form["valid_from"], form["valid_until"]) == ("2028-01-01", "2028-12-31")
    answer = manager.post(f"{own}/copies", {**form, "name": "Berths 2028", "per_cent": "-10"})
    assert "180.00" in manager.get(str(answer.location)).text


def test_archived_it_is_not_changed_and_comes_back(visit: Visit) -> None:
    price_list = make_prices(line())
    own = path_of(price_list)
    commit()
    manager = visit(MANAGER)
    assert manager.post(f"{own}/archival").status_code == 303
    assert manager.get(f"{own}/edit").status_code == 409
    assert manager.put(f"{own}/lines", {}).status_code == 409
    assert manager.delete(f"{own}/archival").status_code == 303
    assert manager.get(f"{own}/edit").status_code == 200


def test_changes_are_taken_back(visit: Visit) -> None:
    price_list = make_prices(line(up_to="2", amount="200"))
    [own] = price_list.lines()
    manager = enter(MANAGER)
    price_list.change_lines([{**line(up_to="2", amount="250"), "id": own.id}, line(above="2")], by=manager)
    price_list.update({"name": "Wrong"}, by=manager)
    of = select(Event.id).where(Event.subject_id == price_list.id).order_by(Event.id)
    _created, first, second, renamed = db.session.scalars(of)
    commit()
    admin = visit("port_admin@north.example")
    assert admin.post(f"/north/admin/audit/{first}/reversal").status_code in (303, 409)
    enter(MANAGER)
    assert len(price_list.lines()) == 2  # changed again since
    for event in (renamed, second):
        assert admin.post(f"/north/admin/audit/{event}/reversal").status_code == 303
    enter(MANAGER)
    db.session.expire_all()
    assert price_list.name == "Berths 2027"
    assert [(one.id, one.amount) for one in price_list.lines()] == [(own.id, Decimal(200))]


# --- Files --------------------------------------------------------------------------------------------------------


def send(manager: Visitor, own: str, content: bytes, name: str = "prices.csv", **fields: str) -> Any:
    data = {"file": (BytesIO(content), name), "term": "annual", **fields}
    return manager.post(f"{own}/imports", data, content_type="multipart/form-data")


def payload_of(page: str) -> str:
    return str(re.findall(r'name="lines" value="([^"]+)"', page)[0])


def test_the_real_file_is_looked_at_and_then_let_in(visit: Visit) -> None:
    price_list = make_prices(tax_rate=Decimal("25.5"))
    own = path_of(price_list)
    commit()
    manager = visit(MANAGER)
    looked = send(manager, own, PRICES.read_bytes())
    assert looked.status_code == 200
    assert "23 new, 0 changed, 0 as they are, 0 taken out" in looked.text
    assert looked.text.count("No harbour and no kind of mooring is called “vasikkasaari”.") == 4
    enter(MANAGER)
    assert price_list.lines() == []
    form = {"lines": payload_of(looked.text)}
    assert manager.put(f"{own}/imports", form).status_code == 303
    assert manager.put(f"{own}/imports", form).status_code == 409
    assert "23 as they are" in send(manager, own, PRICES.read_bytes()).text
    enter(MANAGER)
    words = [(one.mooring, one.tier, one.band_words, one.amount) for one in price_list.lines()]
    assert ("", 2, "2.75–3.00 m wide", Decimal(310)) in words
    assert ("", 1, "over 5.00 m wide", Decimal(820)) in words
    assert ("dinghy", 0, "any size", Decimal(62)) in words


def test_a_file_in_the_spelling_of_an_office(visit: Visit) -> None:
    price_list = make_prices(line(up_to="2", amount="180"), line(above="4", amount="1"))
    make_dock(enter(MANAGER), "A")
    own = path_of(price_list)
    commit()
    manager = visit(MANAGER)
    content = "Category;Width over m;Width up to m;Price\r\ndefault;0,00;2,00;200,50\r\nharbour of a;0;;99\r\n"
    looked = send(manager, own, content.encode("cp1252"), replaces="y")
    assert "1 new, 1 changed, 0 as they are, 1 taken out" in looked.text
    assert manager.put(f"{own}/imports", {"lines": payload_of(looked.text)}).status_code == 303
    enter(MANAGER)
    assert [(one.band_words, one.amount) for one in price_list.lines()] == [
        ("up to 2.00 m wide", Decimal("200.50")),
        ("any size", Decimal(99)),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty"),
        (b"name,price\nBelle,1\n", "This is no price list"),
        (b"%PDF-1.4", "PDF file"),
        (b"width_over_m,width_up_to_m,tier_1\n0,2,cheap\n", "is not a number"),
        (b"width_over_m,width_up_to_m,tier_1\n2,1,5\n", "ends before it begins"),
        (b"width_over_m,width_up_to_m,tier_1\n0,2,5\n1,3,6\n", "Some bands overlap"),
        (b"width_over_m,width_up_to_m,tier_1,vat_percent\n0,2,5,24\n", "24 % tax"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(visit: Visit, content: bytes, said: str) -> None:
    own = path_of(make_prices())
    commit()
    answer = send(visit(MANAGER), own, content)
    assert answer.status_code in (200, 422)
    assert said in answer.text
    assert 'name="lines"' not in answer.text


def test_lines_that_this_page_did_not_write_are_refused(visit: Visit) -> None:
    price_list, other = make_prices(), make_prices(name="Another", valid_from=date(2028, 1, 1), valid_until=None)
    own, path = path_of(price_list), path_of(other)
    commit()
    manager = visit(MANAGER)
    content = b"width_over_m,width_up_to_m,tier_1\n0,2,5\n"
    payload = payload_of(send(manager, own, content).text)
    assert manager.put(f"{path}/imports", {"lines": payload}).status_code == 400
    assert manager.put(f"{own}/imports", {"lines": payload[:-2]}).status_code == 400
    assert manager.put(f"{own}/imports", {}).status_code == 400


# --- Prices of berths ---------------------------------------------------------------------------------------------


def test_every_berth_with_its_price_and_why(visit: Visit, db: SQLAlchemy, statements: list[str]) -> None:
    manager = enter(MANAGER)
    make_berths(manager)
    own_path = path_of(make_list(manager))
    make_berth(manager, make_dock(manager, "Z"), max_beam=Decimal(3))
    make_berth(manager, make_dock(manager, "Y"), price=Decimal(700), currency="EUR")
    commit()
    viewer = visit(VIEWER)
    statements.clear()
    page = viewer.get("/north/berth-prices?on=2027-07-01").text
    assert len(statements) <= 6
    assert "1,344 by a price list · 1 of their own" in page
    assert "1 without a price" in page
    assert own_path in page
    none = viewer.get("/north/berth-prices?on=2027-07-01&price=none").text
    assert none.count('<tr id="berth-') == 1
    assert "Dock Z has no price tier." in none
    own = viewer.get("/north/berth-prices?on=2027-07-01&price=own").text
    assert own.count('<tr id="berth-') == 1
    assert "the berth&#39;s own price, annual: €700.00" in own
    assert viewer.get("/north/berth-prices?on=1&term=x&harbour=y&price=z").status_code == 200


def test_a_berth_says_what_it_costs(visit: Visit) -> None:
    days = {"valid_from": date(2020, 1, 1), "valid_until": None}
    own = path_of(make_prices(line(above="2.75", up_to="3.25", amount="350"), **days))
    number = make_berth(enter(MANAGER), max_beam=Decimal(3)).number
    commit()
    page = visit(VIEWER).get(f"/north/berths/{number}").text
    assert "2.75–3.25 m wide, annual: €350.00" in page
    assert own in page
