"""What a stay costs by the list is offered while it is booked, and never charged unseen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from app.berths.models import Occupancy, PricePeriod
from app.berths.models.days import stay
from app.berths.repricing import listed
from app.db import commit, db
from tests.world import Visitor, enter, make_berth, make_vessel

pytestmark = pytest.mark.usefixtures("db")

MANAGER, VIEWER = "sales_manager@north.example", "viewer@north.example"
Visit = Callable[[str], Visitor]


def priced_berth(**fields: Any) -> tuple[int, str]:
    """The numbers of a berth of 40 euros a night, and of a vessel."""
    manager = enter(MANAGER)
    price = {"price": Decimal(40), "currency": "EUR", "price_period": PricePeriod.NIGHTLY, **fields}
    numbers = make_berth(manager, code="12", **price).number, str(make_vessel(manager, name="Sirocco").number)
    commit()
    return numbers


def price_charged() -> tuple[Decimal | None, str | None]:
    enter(MANAGER)
    found = db.session.scalars(select(Occupancy)).one()
    return found.price, found.currency


@pytest.mark.parametrize(
    ("kind", "period", "days", "amount"),
    [
        ("visit", "nightly", (date(2027, 7, 1), date(2027, 7, 4)), 120),
        ("sublet", "nightly", (date(2027, 7, 1), date(2027, 7, 2)), 40),
        ("visit", "nightly", (date(2027, 7, 1), None), None),
        ("season", "seasonal", (date(2027, 5, 1), date(2027, 9, 30)), 40),
        ("contract", "annual", (date(2027, 1, 1), None), 40),
        ("contract", "annual", (date(2027, 1, 1), date(2027, 12, 31)), 40),
        ("contract", "annual", (date(2027, 1, 1), date(2030, 1, 1)), 120),
        ("contract", "annual", (date(2027, 1, 1), date(2056, 12, 31)), 1200),
        ("contract", "annual", (date(2027, 1, 1), date(2027, 4, 1)), None),
        ("contract", "annual", (date(2027, 1, 1), date(2028, 6, 1)), None),
        ("contract", "nightly", (date(2027, 1, 1), None), None),
        ("hold", "nightly", (date(2027, 7, 1), date(2027, 7, 4)), None),
    ],
)
def test_each_kind_is_paid_by_its_term(kind: str, period: str, days: Any, amount: int | None) -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager, price=Decimal(40), currency="EUR", price_period=PricePeriod(period))
    found = listed(berth, kind, stay(*days), None)
    assert (found and found.amount) == amount


def test_the_price_of_the_list_is_shown_and_taken(visit: Visit) -> None:
    number, vessel = priced_berth()
    visitor, url = visit(MANAGER), f"/north/berths/{number}/occupancies"
    asked = f"kind=visit&arrives=2027-07-01&leaves=2027-07-04&vessel={vessel}"
    form = visitor.form(f"{url}/new?{asked}")
    assert (form["listed"], form["charge"], form["price"]) == ("120.00", "listed", "")
    assert visitor.post(url, form).status_code == 303
    assert price_charged() == (Decimal(120), "EUR")


@pytest.mark.parametrize(
    ("answer", "charged"),
    [
        ({"charge": "none"}, (None, None)),
        ({"charge": "listed"}, (Decimal(120), "EUR")),
        ({"charge": "listed", "price": "90", "currency": "EUR"}, (Decimal(90), "EUR")),
    ],
)
def test_what_nobody_saw_is_asked_about_first(visit: Visit, answer: dict[str, str], charged: Any) -> None:
    number, vessel = priced_berth()
    visitor, url = visit(MANAGER), f"/north/berths/{number}/occupancies"
    typed = {"vessel": vessel, "arrives": "2027-07-01", "leaves": "2027-07-04", "title": "Regatta"}
    form = {**visitor.form(f"{url}/new"), **typed}
    for unseen in ({}, {"charge": "listed", "listed": "40.00"}):
        asked = visitor.post(url, {**form, **unseen})
        page = unescape(asked.text)
        assert asked.status_code == 422
        assert ("€120.00" in page, "Regatta" in page, "Take it, type another" in page) == (True, True, True)
    assert db.session.scalar(select(Occupancy.id)) is None
    assert visitor.post(url, {**form, "listed": "120.00", **answer}).status_code == 303
    assert price_charged() == charged


def test_who_has_the_berth_is_told_before_anybody_asks_for_a_price(visit: Visit) -> None:
    number, vessel = priced_berth()
    visitor, url = visit(MANAGER), f"/north/berths/{number}/occupancies"
    days = {"arrives": "2027-07-01", "leaves": "2027-07-04"}
    typed = {**visitor.form(f"{url}/new"), "vessel": vessel, **days, "listed": "120.00", "charge": "none"}
    assert visitor.post(url, typed).status_code == 303
    taken = visitor.post(url, {**visitor.form(f"{url}/new"), "vessel": vessel, **days})
    assert (taken.status_code, "Sirocco has it from" in taken.text) == (409, True)


def test_it_follows_what_is_typed(visit: Visit) -> None:
    number, vessel = priced_berth()
    url = f"/north/berths/{number}/occupancies/price?kind=visit&vessel={vessel}"
    visitor = visit(MANAGER)
    assert "€80.00" in unescape(visitor.get(f"{url}&arrives=2027-07-01&leaves=2027-07-03").text)
    for other in (
        "arrives=2027-07-01&leaves=",
        "arrives=never&leaves=2027-07-03",
        "arrives=2027-07-05&leaves=2027-07-03",
    ):
        answer = visitor.get(f"{url}&{other}")
        assert (answer.status_code, "€" in answer.text) == (200, False)
    assert "€" not in visitor.get(f"{url}&arrives=2027-07-01&leaves=2027-07-03&price=12").text
    assert visit(VIEWER).get(f"{url}&arrives=2027-07-01&leaves=2027-07-03").status_code == 403
    assert visit("sales_manager@south.example").get(url.replace("/north/", "/south/")).status_code == 404
