"""Where each berth lies on the plan, from its dock, number, side, length and width.

Docks run from the land on the left to their heads on the right, one below the other; berths lie on both sides of
them. A dock that was given a place lies there, turned with its berths. All measures are whole
decimetres of the harbour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from math import ceil, cos, floor, radians, sin, sqrt
from typing import Any

DECK = 34  # a dock is as wide as two rows of numbers
FIRST = 44  # from the land to the first berth, where the name of the dock stands
GAP = 3  # between two berths
FAIRWAY = 70  # between the berths of two docks
BESIDE = 90  # between two columns of docks
SWING = 40  # around a mooring
MARGIN = 60
LAND = 90
LENGTH, WIDTH = 100, 32  # of a berth of which nobody knows how large it is
LEAST, MOST = 12, 2000
WIDER_THAN_HIGH = 1.5  # what a plan should look like
MOST_COLUMNS = 6


@dataclass(frozen=True)
class Box:
    """A berth on the plan. `is_down`: its bow points down, since it lies below its dock."""

    x: int
    y: int
    width: int
    height: int
    is_down: bool = False

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    def moved(self, x: int, y: int) -> Box:
        return Box(self.x + x, self.y + y, self.width, self.height, self.is_down)

    def overlaps(self, other: Box) -> bool:
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom


@dataclass(frozen=True)
class Pier:
    """A dock on the plan with its berths; `deck` is None for a field of moorings. Of one that was given a `place`
    (right, down, degrees clockwise) everything is measured from there."""

    name: str
    deck: Box | None
    berths: tuple[tuple[Any, Box], ...]
    width: int
    height: int
    place: tuple[int, int, int] | None = None

    def moved(self, x: int, y: int) -> Pier:
        deck = self.deck.moved(x, y) if self.deck else None
        berths = tuple((row, box.moved(x, y)) for row, box in self.berths)
        return Pier(self.name, deck, berths, self.width, self.height)


@dataclass(frozen=True)
class Plan:
    """`land`: the quays that docks begin at. `left` and `top` are below 0 where a dock reaches out."""

    piers: tuple[Pier, ...]
    land: tuple[Box, ...]
    width: int
    height: int
    left: int = 0
    top: int = 0


def drawn(rows: Iterable[Any]) -> Plan:
    """The plan of a harbour; rows have `dock_name`, `code`, `side`, `max_loa` and `max_beam`, and `plan_x`, `plan_y`
    and `plan_turn` of the dock, in the order of docks and numbers."""
    found: list[Pier] = []
    placed: list[Pier] = []
    for name, on in groupby(rows, key=lambda row: str(row.dock_name)):
        berths = list(on)
        pier = _pier(name, berths)
        if berths[0].plan_x is None:
            found.append(pier)
        else:
            placed.append(_placed(pier, berths[0]))
    return _with_placed(_found_places(found), placed)


def _found_places(piers: Sequence[Pier]) -> Plan:
    if not piers:
        return Plan((), (), 2 * MARGIN, 2 * MARGIN)
    columns = min(
        (_in_columns(piers, count) for count in range(1, min(MOST_COLUMNS, len(piers)) + 1)), key=_looks_wrong
    )
    return _beside(columns)


def _placed(pier: Pier, dock: Any) -> Pier:
    """Measured from the middle of the dock where it begins."""
    middle = pier.deck.y + DECK // 2 if pier.deck else 0
    return replace(pier.moved(0, -middle), place=(dock.plan_x * 10, dock.plan_y * 10, dock.plan_turn or 0))


def _with_placed(plan: Plan, placed: Sequence[Pier]) -> Plan:
    """As large as it takes to show all of them."""
    corners = [corner for pier in placed for corner in corners_of(pier)]
    left = min([0, *(floor(x) - MARGIN for x, _y in corners)])
    top = min([0, *(floor(y) - MARGIN for _x, y in corners)])
    right = max([plan.width, *(ceil(x) + MARGIN for x, _y in corners)])
    bottom = max([plan.height, *(ceil(y) + MARGIN for _x, y in corners)])
    return Plan((*plan.piers, *placed), plan.land, right - left, bottom - top, left, top)


def corners_of(pier: Pier) -> list[tuple[float, float]]:
    """Of its berths and its deck on the plan."""
    right, down, degrees = pier.place or (0, 0, 0)
    across, along = cos(radians(degrees)), sin(radians(degrees))
    boxes = [box for _row, box in pier.berths] + ([pier.deck] if pier.deck else [])
    points = [(x, y) for box in boxes for x in (box.x, box.right) for y in (box.y, box.bottom)]
    return [(right + x * across - y * along, down + x * along + y * across) for x, y in points]


def _in_columns(piers: Sequence[Pier], count: int) -> list[list[Pier]]:
    """As high as each other as far as their order allows."""
    height = sum(pier.height + FAIRWAY for pier in piers) / count
    columns: list[list[Pier]] = [[]]
    filled = 0
    for pier in piers:
        if filled >= height * len(columns) and len(columns) < count:
            columns.append([])
        columns[-1].append(pier)
        filled += pier.height + FAIRWAY
    return columns


def _size(columns: list[list[Pier]]) -> tuple[int, int]:
    width = sum(LAND + max(pier.width for pier in column) + BESIDE for column in columns) - BESIDE + MARGIN
    height = max(sum(pier.height + FAIRWAY for pier in column) for column in columns) - FAIRWAY + 2 * MARGIN
    return width, height


def _looks_wrong(columns: list[list[Pier]]) -> float:
    width, height = _size(columns)
    ratio = width / height / WIDER_THAN_HIGH
    return max(ratio, 1 / ratio)


def _beside(columns: list[list[Pier]]) -> Plan:
    width, height = _size(columns)
    piers: list[Pier] = []
    land: list[Box] = []
    x = 0
    for column in columns:
        y = MARGIN
        if any(pier.deck for pier in column):
            land.append(Box(x, 0, LAND, height))
        for pier in column:
            piers.append(pier.moved(x + LAND, y))
            y += pier.height + FAIRWAY
        x += LAND + max(pier.width for pier in column) + BESIDE
    return Plan(tuple(piers), tuple(land), width, height)


def _pier(name: str, rows: list[Any]) -> Pier:
    return _moorings(name, rows) if name == "-" else _dock(name, rows)


def _dock(name: str, rows: list[Any]) -> Pier:
    """Berths whose side nobody knows lie left and right by turns, as numbers mostly run."""
    sides: dict[str, list[Any]] = {"left": [], "right": [], "end": []}
    for place, row in enumerate(rows):
        sides[row.side or ("left", "right")[place % 2]].append(row)
    above = max((_length(row) for row in sides["left"]), default=0)
    below = max((_length(row) for row in sides["right"]), default=0)
    ends = [_width(row) for row in sides["end"]]
    above = max(above, ceil((sum(ends) + GAP * len(ends) - DECK) / 2))
    left = list(_along(sides["left"], lambda length: above - length, is_down=False))
    right = list(_along(sides["right"], lambda _length: above + DECK, is_down=True))
    reach = max((box.right for _row, box in left + right), default=FIRST) + 2 * GAP
    end = list(_across(sides["end"], reach, above))
    boxes = [box for _row, box in left + right + end]
    height = max(above + DECK + below, max(box.bottom for box in boxes))
    width = max(reach, max(box.right for box in boxes))
    return Pier(name, Box(0, above, reach, DECK), tuple(left + right + end), width, height)


def _along(rows: list[Any], top: Callable[[int], int], *, is_down: bool) -> Iterator[tuple[Any, Box]]:
    x = FIRST
    for row in rows:
        width, length = _width(row), _length(row)
        yield row, Box(x, top(length), width, length, is_down)
        x += width + GAP


def _across(rows: list[Any], reach: int, above: int) -> Iterator[tuple[Any, Box]]:
    """At the head, one beside the other across the dock."""
    y = above + (DECK - sum(_width(row) + GAP for row in rows) + GAP) // 2
    for row in rows:
        yield row, Box(reach + GAP, y, _length(row), _width(row))
        y += _width(row) + GAP


def _moorings(name: str, rows: list[Any]) -> Pier:
    """Berths on no dock: a field of them, in rows."""
    wide = max(_width(row) for row in rows) + SWING
    high = max(_length(row) for row in rows) + SWING
    across = max(1, ceil(sqrt(len(rows) * WIDER_THAN_HIGH * high / wide)))
    berths = []
    for place, row in enumerate(rows):
        down, right = divmod(place, across)
        x = right * wide + (wide - _width(row)) // 2
        y = down * high + (high - _length(row)) // 2
        berths.append((row, Box(x, y, _width(row), _length(row))))
    return Pier(name, None, tuple(berths), min(across, len(rows)) * wide, ceil(len(rows) / across) * high)


def _length(row: Any) -> int:
    return _decimetres(row.max_loa, LENGTH)


def _width(row: Any) -> int:
    return _decimetres(row.max_beam, WIDTH)


def _decimetres(metres: Decimal | None, unknown: int) -> int:
    return min(MOST, max(LEAST, round(metres * 10))) if metres else unknown
