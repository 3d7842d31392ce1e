"""What a berth costs: bands and their edges, tiers, kinds of mooring, vessels, and the real berths of a city."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from app.berths.models import Berth, Dock
from app.db import db
from app.prices.models import Priced, PriceList, Unpriced, price_of, price_table, prices_of
from tests.prices.helsinki import make_berths, make_list
from tests.world import NORTH, enter, make_berth, make_dock, make_vessel
from tests.world import price_line as line

pytestmark = pytest.mark.usefixtures("db")

MANAGER = "sales_manager@north.example"
JULY = date(2027, 7, 1)
BANDS = (("0", "2.00", "200"), ("2.00", "2.75", "290"), ("2.75", None, "330"))


def make_prices(*lines: dict[str, Any], **fields: Any) -> PriceList:
    manager = enter(MANAGER)
    given = {"name": "Berths 2027", "currency": "EUR", "valid_from": date(2027, 1, 1), **fields}
    made = PriceList.create(given, port_id=NORTH, by=manager)
    made.change_lines(lines, by=manager)
    return made


def cost(berth: Berth, *, term: str = "annual", on: date = JULY, **about: Any) -> str:
    """The amount, or why there is none."""
    found = prices_of([berth], term=term, on=on, **about)[berth.id]
    return f"{found.amount}" if isinstance(found, Priced) else found.reason


@pytest.mark.parametrize(
    ("width", "amount"),
    [("0.01", "200"), ("2.00", "200"), ("2.01", "290"), ("2.75", "290"), ("2.76", "330"), ("40", "330")],
)
def test_the_upper_bound_belongs_to_its_band(width: str, amount: str) -> None:
    make_prices(*(line(above=above, up_to=up_to, amount=amount) for above, up_to, amount in BANDS))
    assert cost(make_berth(enter(MANAGER), max_beam=Decimal(width))) == f"{amount}.00"


def test_a_band_that_ends_leaves_wider_berths_without_a_price() -> None:
    make_prices(line(up_to="2.00"))
    manager = enter(MANAGER)
    dock = make_dock(manager)
    assert cost(make_berth(manager, dock, "1", max_beam=Decimal("2.01"))) == "No band of the price list holds 2.01 m."
    assert cost(make_berth(manager, dock, "2")) == "The width of the berth is not known."


def test_tiers_are_those_of_the_dock_and_one_for_all_comes_after() -> None:
    make_prices(line(tier=1, amount="330"), line(tier=2, amount="310"))
    manager = enter(MANAGER)
    docks = [make_dock(manager, name, price_tier=tier) for name, tier in (("A", 1), ("B", 2), ("C", 3), ("D", None))]
    berths = [make_berth(manager, dock, max_beam=Decimal(3)) for dock in docks]
    assert [cost(berth) for berth in berths] == [
        "330.00",
        "310.00",
        "The price list has no tier 3.",
        "Dock D has no price tier.",
    ]
    price_list = db.session.scalars(select(PriceList)).one()
    price_list.change_lines([line(amount="99")], by=manager)
    assert [cost(berth) for berth in berths] == ["330.00", "310.00", "99.00", "99.00"]


def test_the_line_nearest_to_the_berth_counts() -> None:
    manager = enter(MANAGER)
    here, there = make_dock(manager, "A"), make_dock(manager, "B")
    make_prices(
        line(amount="1"),
        line(amount="2", mooring="dinghy"),
        line(amount="3", harbour_id=here.harbour_id),
        line(amount="4", harbour_id=here.harbour_id, mooring="dinghy", up_to="1.5"),
    )
    size = {"max_beam": Decimal(1)}
    assert cost(make_berth(manager, there, "1", **size)) == "1.00"
    assert cost(make_berth(manager, there, "2", mooring="dinghy", **size)) == "2.00"
    assert cost(make_berth(manager, here, "1", **size)) == "3.00"
    assert cost(make_berth(manager, here, "2", mooring="dinghy", **size)) == "4.00"
    assert cost(make_berth(manager, here, "3", mooring="dinghy", max_beam=Decimal(2))) == "3.00"


def test_the_day_says_which_list() -> None:
    make_prices(line(amount="300"), valid_until=date(2027, 12, 31))
    make_prices(line(amount="310"), name="Berths 2028", valid_from=date(2028, 1, 1))
    berth = make_berth(enter(MANAGER), max_beam=Decimal(3))
    assert cost(berth, on=date(2026, 12, 31)) == "No price list has a price (annual) on 31 Dec 2026."
    assert [cost(berth, on=date(*day)) for day in ((2027, 1, 1), (2027, 12, 31), (2028, 1, 1))] == [
        "300.00",
        "300.00",
        "310.00",
    ]
    assert cost(berth, term="nightly") == "No price list has a price (nightly) on 1 Jul 2027."


def test_by_the_metre_of_a_vessel_with_hulls_rounding_and_a_minimum() -> None:
    make_prices(
        line(
            term="nightly",
            measure="vessel_loa",
            amount="3.30",
            is_per_unit=True,
            hull_coefficient="1.5",
            rounding="0.50",
            minimum="25",
        )
    )
    manager = enter(MANAGER)
    berth = make_berth(manager)
    mono = make_vessel(manager, loa_declared=Decimal("11.60"))
    cat = make_vessel(manager, name="Deux Coques", kind="catamaran", loa_declared=Decimal("11.60"))
    small = make_vessel(manager, name="Puce", loa_declared=Decimal("5.50"))
    assert cost(berth, term="nightly") == "It depends on the length of the vessel."
    assert cost(berth, term="nightly", vessel=mono) == "38.50"  # 38.28
    assert cost(berth, term="nightly", vessel=cat) == "57.50"  # 57.42
    assert cost(berth, term="nightly", vessel=small, quantity=3) == "75.00"
    found = price_of(berth, term="nightly", on=JULY, vessel=cat, quantity=3)
    assert found is not None
    assert found.steps == [
        "any size, nightly: €3.30 a metre",
        "11.60 × €3.30",
        "multihull: × 1.50",
        "rounded to €57.50",
        "3 times: €172.50",
    ]


def test_half_a_step_is_rounded_up_and_nothing_is_ever_a_float() -> None:
    make_prices(line(measure="area", amount="1.005", is_per_unit=True) | {"amount": Decimal("1.01")})
    berth = make_berth(enter(MANAGER), max_loa=Decimal("0.50"), max_beam=Decimal("1.00"))
    assert cost(berth) == "0.51"  # 0.505


def test_a_price_of_the_berth_itself_counts_before_every_list() -> None:
    make_prices(line(amount="300"))
    manager = enter(MANAGER)
    own: dict[str, Any] = {"max_beam": Decimal(3), "price": Decimal(5000), "currency": "USD"}
    berth = make_berth(manager, price_period="annual", **own)
    found = price_of(berth, term="annual", on=JULY, quantity=2)
    assert found is not None
    assert (found.amount, found.currency, found.line, found.is_own) == (Decimal(10000), "USD", None, True)
    assert found.steps == ["the berth's own price, annual: $5,000.00", "2 times: $10,000.00"]
    monthly = make_berth(manager, db.session.get_one(Dock, berth.dock_id), "13", price_period="monthly", **own)
    assert cost(monthly) == "300.00"
    assert [(one.term, getattr(one, "is_own", None)) for one in price_table(monthly, on=JULY)] == [
        ("annual", False),
        ("monthly", True),
    ]


def test_steps_say_which_line_it_was() -> None:
    make_prices(line(above="2.75", up_to="3.25", tier=1, amount="350"))
    manager = enter(MANAGER)
    found = price_of(make_berth(manager, make_dock(manager, price_tier=1), max_beam=Decimal(3)), term="annual", on=JULY)
    assert found is not None
    assert found.steps == ["2.75–3.25 m wide, tier 1, annual: €350.00"]
    assert found.line is not None
    assert found.line.amount == 350


def test_an_archived_list_prices_nothing() -> None:
    price_list = make_prices(line())
    berth = make_berth(enter(MANAGER), max_beam=Decimal(3))
    assert cost(berth) == "100.00"
    price_list.archive(by=enter(MANAGER))
    assert "No price list" in cost(berth)
    assert price_table(berth, on=JULY) == []


# --- The real file ------------------------------------------------------------------------------------------------


def by_hand(row: dict[str, str]) -> Decimal | None:
    """The price of a berth of the file, worked out once more in another way."""
    bands: list[tuple[float, ...]] = [(2.00, 200, 170, 150), (2.75, 290, 250, 220), (3.00, 330, 310, 290)]
    bands += [(4.00, 440, 410, 380), (4.50, 530, 490, 450), (5.00, 610, 550, 520), (999.99, 820, 750, 660)]
    if row["mooring"] in ("dinghy place", "trailer place"):
        return Decimal(62 if row["mooring"] == "dinghy place" else 129)
    width = float(row["width_m"])
    return Decimal(next(prices for top, *prices in bands if width <= top)[int(row["price_tier"]) - 1])


def test_every_berth_of_the_file_has_the_price_of_the_list(db: SQLAlchemy, statements: list[str]) -> None:
    manager = enter(MANAGER)
    rows = make_berths(manager)
    price_list = make_list(manager)
    berths = db.session.execute(
        select(Berth.id, Berth.code, Berth.mooring).where(Berth.port_id == NORTH).order_by(Berth.number)
    ).all()
    assert len(berths) == len(rows) == 1344
    statements.clear()
    found = prices_of(berths, term="annual", on=JULY)
    assert len(statements) == 1
    assert [one for one in found.values() if isinstance(one, Unpriced)] == []
    prices = [found[berth.id] for berth in berths]
    assert [one.amount for one in prices if isinstance(one, Priced)] == [by_hand(row) for row in rows]
    assert {one.price_list for one in prices if isinstance(one, Priced)} == {price_list}
    assert {one.line.band_words for one in prices if isinstance(one, Priced) and one.line} >= {"up to 2.00 m wide"}


def test_one_berth_takes_one_statement(db: SQLAlchemy, statements: list[str], relayed: Callable[[], list[str]]) -> None:
    make_prices(line())
    berth = make_berth(enter(MANAGER), max_beam=Decimal(3))
    statements.clear()
    assert price_of(berth, term="annual", on=JULY) is not None
    assert len(statements) == 1
    assert prices_of([], term="annual", on=JULY) == {}
    assert len(statements) == 1
    assert "priceList:linesChanged" in relayed()
