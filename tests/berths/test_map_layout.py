"""The layout of the plan: every berth has a place, and no two have the same."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from math import dist
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.berths.map.layout import DECK, Box, Placed, Plan, corners_of, drawn, lies
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
    own_x: Decimal | None = None
    own_y: Decimal | None = None
    own_turn: int | None = None
    label_x: Decimal | None = None
    label_y: Decimal | None = None
    dock_number: int = 1001

    @property
    def id(self) -> tuple[str, str]:
        return self.dock_name, self.code


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


def test_a_dock_with_a_place_lies_there_turned_and_the_others_stay() -> None:
    found = [Row("A", "1", "left"), Row("B", "1", "left"), Row("C", "1", "right")]
    before = drawn(found)
    plan = drawn([found[0], replace(found[1], plan_x=100, plan_y=50, plan_turn=90), found[2]])
    assert (plan.piers[0], plan.piers[2]) == (before.piers[0], before.piers[2])
    pier = plan.piers[1]
    assert pier.place == Placed(1000, 500, 90)
    assert pier.deck
    assert (pier.deck.x, pier.deck.y) == (0, -DECK // 2)
    assert all(box.y < pier.deck.y for _row, box in pier.berths)  # left is left, however it is turned
    corners = corners_of(pier)
    assert min(y for _x, y in corners) == pytest.approx(500)  # it runs down from where it begins
    assert max(x for x, _y in corners) > 1000 + DECK // 2  # left of it is right on the plan


def test_a_berth_with_a_place_of_its_own_lies_there_and_the_others_stay() -> None:
    found = [Row("A", str(n), "left") for n in range(1, 4)]
    before = drawn(found)
    own = replace(found[1], own_x=Decimal("80.5"), own_y=Decimal(60), own_turn=30)
    plan = drawn([found[0], own, found[2]])
    (pier,) = plan.piers
    assert pier.berths == tuple(one for one in before.piers[0].berths if one[0].code != "2")
    (single,) = plan.singles
    assert (single.place, single.box, single.label) == (
        Placed(805, 600, 30),
        Box(-15, -50, 30, 100, turn=30),
        (0, 61),
    )
    assert plan.boxes()["A", "2"] == single.box
    assert plan.left + plan.width > 805
    assert plan.top + plan.height > 600


def test_the_number_of_a_berth_stands_where_it_was_put() -> None:
    row = Row("A", "1", own_x=Decimal(8), own_y=Decimal(6), own_turn=0, label_x=Decimal("-1.5"), label_y=Decimal(7))
    assert drawn([row]).singles[0].label == (-15, 70)


@pytest.mark.parametrize(("side", "bow"), [("left", 0), ("right", 180), ("end", 90)])
@pytest.mark.parametrize("turn", [0, 90, 200])
def test_a_berth_that_is_taken_off_its_dock_stays_where_it_lay(side: str, bow: int, turn: int) -> None:
    rows = [Row("A", str(n), side, plan_x=50, plan_y=40, plan_turn=turn) for n in range(3)]
    plan = drawn(rows)
    place = lies(plan, ("A", "1"))
    assert place.turn == (turn + bow) % 360
    own = replace(rows[1], own_x=Decimal(place.x) / 10, own_y=Decimal(place.y) / 10, own_turn=place.turn)
    (single,) = drawn([rows[0], own, rows[2]]).singles
    (pier,) = plan.piers
    was = next(box for row, box in pier.berths if row.code == "1")
    assert pier.place
    corners = [pier.place.on_plan(x, y) for x in (was.x, was.right) for y in (was.y, was.bottom)]
    now = [
        single.place.on_plan(x, y) for x in (single.box.x, single.box.right) for y in (single.box.y, single.box.bottom)
    ]
    assert all(min(dist(one, other) for other in now) < 2 for one in corners)


@pytest.mark.parametrize(
    ("turn", "is_over", "along"),
    [(0, False, -90), (45, False, -90), (90, False, -90), (135, True, 90), (180, True, -90), (225, True, -90)],
)
def test_what_is_written_never_stands_on_its_head(turn: int, is_over: bool, along: int) -> None:
    upright, lying = Box(0, 0, 10, 30, turn=turn), Box(0, 0, 30, 10, turn=turn)
    assert (upright.is_over, upright.along, lying.along) == (is_over, along, 0)
    for box in (upright, lying):
        assert not 90 < (turn + 180 * is_over + box.along) % 360 < 270


def test_a_picture_behind_the_docks_is_shown_whole() -> None:
    plan = drawn([Row("A", "1")], Box(-200, -100, 9000, 4000))
    assert (plan.left, plan.top) == (-200, -100)
    assert (plan.width, plan.height) == (9000, 4000)


@pytest.mark.parametrize("turn", [0, 45, 180, 359])
def test_the_plan_shows_all_of_a_dock_that_reaches_out(turn: int) -> None:
    plan = drawn([Row("B", str(n), plan_x=0, plan_y=0, plan_turn=turn) for n in range(20)])
    for x, y in corners_of(plan.piers[0]):
        assert plan.left < x < plan.left + plan.width
        assert plan.top < y < plan.top + plan.height


def test_nothing_is_drawn_of_nothing() -> None:
    assert drawn([]).piers == ()
