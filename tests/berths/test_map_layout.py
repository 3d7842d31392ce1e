"""The layout of the plan: every berth has a place, and no two have the same."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.berths.map.layout import DECK, Box, Plan, corners_of, drawn
from app.berths.models.place import natural

REAL = Path(__file__).resolve().parent.parent / "data" / "helsinki-berths.csv"


@dataclass(frozen=True)
class Row:
    dock_name: str
    code: str
    side: str = ""
    max_loa: Decimal | None = Decimal(10)
    max_beam: Decimal | None = Decimal(3)
    plan_x: int | None = None
    plan_y: int | None = None
    plan_turn: int | None = None


def boxes_of(plan: Plan) -> list[Box]:
    decks = [pier.deck for pier in plan.piers if pier.deck]
    return [box for pier in plan.piers for _row, box in pier.berths] + decks


def overlaps(boxes: list[Box]) -> list[tuple[Box, Box]]:
    """Swept from left to right."""
    found: list[tuple[Box, Box]] = []
    near: list[Box] = []
    for box in sorted(boxes, key=lambda one: one.x):
        near = [other for other in near if other.right > box.x]
        found += [(other, box) for other in near if other.overlaps(box)]
        near.append(box)
    return found


def check(rows: list[Row]) -> Plan:
    plan = drawn(rows)
    assert sorted(row.code for pier in plan.piers for row, _box in pier.berths) == sorted(row.code for row in rows)
    for box in boxes_of(plan):
        assert min(box.x, box.y) >= 0
        assert box.right <= plan.width
        assert box.bottom <= plan.height
    assert drawn(rows) == plan
    return plan


sizes = st.none() | st.decimals(Decimal("0.5"), Decimal(120), places=2)
rows = st.lists(
    st.builds(
        Row,
        st.sampled_from(("-", "A", "B", "Inner quay")),
        st.text("0123456789", min_size=1, max_size=4),
        st.sampled_from(("", "left", "right", "end")),
        sizes,
        sizes,
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(rows)
def test_no_berth_lies_on_another_or_on_a_dock(found: list[Row]) -> None:
    plan = check(sorted(found, key=lambda row: row.dock_name))
    assert overlaps(boxes_of(plan)) == []


def real_harbours() -> dict[str, list[Row]]:
    found = defaultdict(list)
    with REAL.open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            length, width = (Decimal(row[name]) if row[name] else None for name in ("length_m", "width_m"))
            found[row["harbour"]].append(Row(row["pier"] or "-", row["berth"], "", length, width))
    return {name: sorted(all_, key=lambda one: (one.dock_name, natural(one.code))) for name, all_ in found.items()}


@pytest.mark.parametrize("name", sorted(real_harbours()))
def test_real_harbours_are_drawn_and_can_be_looked_at(name: str) -> None:
    plan = check(real_harbours()[name])
    assert overlaps(boxes_of(plan)) == []
    assert 0.2 < plan.width / plan.height < 8


def test_there_are_eleven_real_harbours_with_1344_berths() -> None:
    harbours = real_harbours()
    assert (len(harbours), sum(map(len, harbours.values()))) == (11, 1344)


def test_numbers_run_from_the_land_left_and_right_by_turns() -> None:
    plan = check([Row("B", f"{number:02}") for number in range(1, 9)])
    (pier,) = plan.piers
    above = [row.code for row, box in pier.berths if not box.is_down]
    below = [row.code for row, box in pier.berths if box.is_down]
    assert (above, below) == (["01", "03", "05", "07"], ["02", "04", "06", "08"])
    places = [box.x for _row, box in pier.berths if box.is_down]
    assert all(one < other for one, other in pairwise(places))


def test_a_dock_with_a_place_lies_there_turned_and_the_others_close_up() -> None:
    others = [Row("A", "1", "left"), Row("C", "1", "right")]
    plan = drawn([others[0], Row("B", "1", "left", plan_x=100, plan_y=50, plan_turn=90), others[1]])
    assert plan.piers[:2] == drawn(others).piers
    pier = plan.piers[2]
    assert pier.place == (1000, 500, 90)
    assert pier.deck
    assert (pier.deck.x, pier.deck.y) == (0, -DECK // 2)
    assert all(box.y < pier.deck.y for _row, box in pier.berths)  # left is left, however it is turned
    corners = corners_of(pier)
    assert min(y for _x, y in corners) == pytest.approx(500)  # it runs down from where it begins
    assert max(x for x, _y in corners) > 1000 + DECK // 2  # left of it is right on the plan


@pytest.mark.parametrize("turn", [0, 45, 180, 359])
def test_the_plan_shows_all_of_a_dock_that_reaches_out(turn: int) -> None:
    plan = drawn([Row("B", str(n), plan_x=0, plan_y=0, plan_turn=turn) for n in range(20)])
    for x, y in corners_of(plan.piers[0]):
        assert plan.left < x < plan.left + plan.width
        assert plan.top < y < plan.top + plan.height


def test_nothing_is_drawn_of_nothing() -> None:
    assert drawn([]).piers == ()
