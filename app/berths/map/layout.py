"""Where each berth lies on the plan, from its dock, number, side, length and width.

Docks run from the land on the left to their heads on the right, one below the other; berths lie on both sides of
them. A dock that was given a place lies there, turned with its berths, and so does a single berth; where they were is
left free, so that nothing else moves. All measures are whole decimetres of the harbour.
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
HALF = 180  # degrees


def is_over(turn: int) -> bool:
    return 90 < turn % 360 < 270


@dataclass(frozen=True)
class Box:
    """A berth on the plan. `bow`: degrees clockwise from up to where its bow points; `turn`: how far that on which it
    lies is turned."""

    x: int
    y: int
    width: int
    height: int
    bow: int = 0
    turn: int = 0

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def is_down(self) -> bool:
        """It lies below its dock."""
        return self.bow == HALF

    @property
    def is_over(self) -> bool:
        """What is written on it would stand on its head."""
        return is_over(self.turn)

    @property
    def along(self) -> int:
        """Degrees by which words along it are turned, so that they can be read."""
        if self.width > self.height:
            return 0
        return -90 if (self.turn + HALF * self.is_over) % 360 < HALF else 90

    def moved(self, x: int, y: int) -> Box:
        return replace(self, x=self.x + x, y=self.y + y)

    def overlaps(self, other: Box) -> bool:
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom


@dataclass(frozen=True)
class Placed:
    """To the right, down, and degrees clockwise."""

    x: int
    y: int
    turn: int

    def on_plan(self, x: float, y: float) -> tuple[float, float]:
        """Where on the plan something is that is measured from here."""
        across, along = cos(radians(self.turn)), sin(radians(self.turn))
        return self.x + x * across - y * along, self.y + x * along + y * across


@dataclass(frozen=True)
class Pier:
    """A dock on the plan with its berths; `number` is that of the dock, `deck` is None for a field of moorings. Of one
    that was given a `place` everything is measured from there. `x` and `y`: its corner, with the room around it."""

    name: str
    number: int
    deck: Box | None
    berths: tuple[tuple[Any, Box], ...]
    width: int
    height: int
    x: int = 0
    y: int = 0
    place: Placed | None = None

    @property
    def ground(self) -> Box:
        """What of it is there without its berths."""
        return self.deck or Box(self.x, self.y, self.width, self.height)

    @property
    def is_over(self) -> bool:
        return self.place is not None and is_over(self.place.turn)

    @property
    def was(self) -> str:
        """Its place as a form remembers it."""
        return f"{self.place.x // 10} {self.place.y // 10} {self.place.turn}" if self.place else ""

    def moved(self, x: int, y: int) -> Pier:
        deck = self.deck.moved(x, y) if self.deck else None
        berths = tuple((row, box.moved(x, y)) for row, box in self.berths)
        return replace(self, deck=deck, berths=berths, x=self.x + x, y=self.y + y)


@dataclass(frozen=True)
class Single:
    """A berth that was given a place of its own, which is where its middle lies; the box, and where its number stands,
    are measured from there."""

    row: Any
    box: Box
    label: tuple[int, int]
    place: Placed


@dataclass(frozen=True)
class Plan:
    """`land`: the quays that docks begin at. `left` and `top` are below 0 where a dock reaches out."""

    piers: tuple[Pier, ...]
    singles: tuple[Single, ...]
    land: tuple[Box, ...]
    width: int
    height: int
    left: int = 0
    top: int = 0

    def boxes(self) -> dict[Any, Box]:
        """By the id of the berth."""
        on_docks = {row.id: box for pier in self.piers for row, box in pier.berths}
        return on_docks | {single.row.id: single.box for single in self.singles}


def drawn(rows: Iterable[Any], picture: Box | None = None) -> Plan:
    """The plan of a harbour; rows have `dock_name`, `dock_number`, `code`, `side`, `max_loa` and `max_beam`, `plan_x`,
    `plan_y` and `plan_turn` of the dock, and `own_x`, `own_y`, `own_turn`, `label_x` and `label_y` of the berth, in the
    order of docks and numbers. All of the `picture` behind them is shown."""
    docks = [(name, list(on)) for name, on in groupby(rows, key=lambda row: str(row.dock_name))]
    piers = [_pier(name, berths) for name, berths in docks]
    found, land, width, height = _found_places(piers)
    chosen = [_placed(p, on[0]) for p, (_name, on) in zip(piers, docks, strict=True) if on[0].plan_x is not None]
    shown = {pier.name: pier for pier in (*found, *chosen)}
    piers = [_rest(shown[name]) for name, _on in docks]
    singles = [_single(row) for _name, on in docks for row in on if row.own_x is not None]
    if not (chosen or singles or picture):
        return Plan(tuple(piers), (), land, width, height)
    begun = {pier.x for pier in piers if pier.deck and not pier.place}
    kept = tuple(quay for quay in land if quay.right in begun)
    return _around(Plan(tuple(piers), tuple(singles), kept, 0, 0), picture)


def _found_places(piers: Sequence[Pier]) -> tuple[Sequence[Pier], tuple[Box, ...], int, int]:
    """Their places, the land, and how large all of it is."""
    if not piers:
        return (), (), 2 * MARGIN, 2 * MARGIN
    columns = min(
        (_in_columns(piers, count) for count in range(1, min(MOST_COLUMNS, len(piers)) + 1)), key=_looks_wrong
    )
    return _beside(columns)


def _rest(pier: Pier) -> Pier:
    """Without the berths that lie elsewhere."""
    return replace(pier, berths=tuple((row, box) for row, box in pier.berths if row.own_x is None))


def _placed(pier: Pier, dock: Any) -> Pier:
    """Measured from the middle of the dock where it begins."""
    middle = pier.deck.y + DECK // 2 if pier.deck else 0
    turn = dock.plan_turn or 0
    moved = pier.moved(0, -middle)
    berths = tuple((row, replace(box, turn=turn)) for row, box in moved.berths)
    return replace(moved, berths=berths, place=Placed(dock.plan_x * 10, dock.plan_y * 10, turn))


def _single(row: Any) -> Single:
    width, length = _width(row), _length(row)
    box = Box(-width // 2, -length // 2, width, length, turn=row.own_turn)
    label = (0, box.bottom + 11) if row.label_x is None else (round(row.label_x * 10), round(row.label_y * 10))
    return Single(row, box, label, Placed(round(row.own_x * 10), round(row.own_y * 10), row.own_turn))


def _around(plan: Plan, picture: Box | None) -> Plan:
    """As large as it takes to show all of it."""
    corners = [corner for pier in plan.piers for corner in corners_of(pier)]
    corners += [single.place.on_plan(x, y) for single in plan.singles for x, y in _corners(single.box)]
    left = min([0, *(floor(x) - MARGIN for x, _y in corners)])
    top = min([0, *(floor(y) - MARGIN for _x, y in corners)])
    right = max([2 * MARGIN, *(ceil(x) + MARGIN for x, _y in corners)])
    bottom = max([2 * MARGIN, *(ceil(y) + MARGIN for _x, y in corners)])
    if picture:
        left, top = min(left, picture.x), min(top, picture.y)
        right, bottom = max(right, picture.right), max(bottom, picture.bottom)
    land = tuple(replace(quay, height=bottom) for quay in plan.land)
    return replace(plan, land=land, width=right - left, height=bottom - top, left=left, top=top)


def corners_of(pier: Pier) -> list[tuple[float, float]]:
    """Of its berths and its deck on the plan."""
    place = pier.place or Placed(0, 0, 0)
    boxes = [box for _row, box in pier.berths] + ([pier.deck] if pier.deck else [])
    return [place.on_plan(x, y) for box in boxes for x, y in _corners(box)]


def _corners(box: Box) -> list[tuple[int, int]]:
    return [(x, y) for x in (box.x, box.right) for y in (box.y, box.bottom)]


def lies(plan: Plan, berth_id: Any) -> Placed:
    """Where on the plan the middle of a berth is, and where its bow points."""
    for single in plan.singles:
        if single.row.id == berth_id:
            return single.place
    pier, box = next((pier, box) for pier in plan.piers for row, box in pier.berths if row.id == berth_id)
    place = pier.place or Placed(0, 0, 0)
    x, y = place.on_plan((box.x + box.right) / 2, (box.y + box.bottom) / 2)
    return Placed(round(x), round(y), (place.turn + box.bow) % 360)


def begins(plan: Plan, dock_number: int) -> Placed | None:
    """Where on the plan a dock begins; None where nothing of it is drawn."""
    pier = next((pier for pier in plan.piers if pier.number == dock_number), None)
    if pier is None or pier.place:
        return pier.place if pier else None
    return Placed(pier.x, pier.deck.y + DECK // 2 if pier.deck else pier.y, 0)


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


def _beside(columns: list[list[Pier]]) -> tuple[Sequence[Pier], tuple[Box, ...], int, int]:
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
    return piers, tuple(land), width, height


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
    left = list(_along(sides["left"], lambda length: above - length, bow=0))
    right = list(_along(sides["right"], lambda _length: above + DECK, bow=HALF))
    reach = max((box.right for _row, box in left + right), default=FIRST) + 2 * GAP
    end = list(_across(sides["end"], reach, above))
    boxes = [box for _row, box in left + right + end]
    height = max(above + DECK + below, max(box.bottom for box in boxes))
    width = max(reach, max(box.right for box in boxes))
    return Pier(name, rows[0].dock_number, Box(0, above, reach, DECK), tuple(left + right + end), width, height)


def _along(rows: list[Any], top: Callable[[int], int], *, bow: int) -> Iterator[tuple[Any, Box]]:
    x = FIRST
    for row in rows:
        width, length = _width(row), _length(row)
        yield row, Box(x, top(length), width, length, bow)
        x += width + GAP


def _across(rows: list[Any], reach: int, above: int) -> Iterator[tuple[Any, Box]]:
    """At the head, one beside the other across the dock."""
    y = above + (DECK - sum(_width(row) + GAP for row in rows) + GAP) // 2
    for row in rows:
        yield row, Box(reach + GAP, y, _length(row), _width(row), 90)
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
    width, height = min(across, len(rows)) * wide, ceil(len(rows) / across) * high
    return Pier(name, rows[0].dock_number, None, tuple(berths), width, height)


def _length(row: Any) -> int:
    return _decimetres(row.max_loa, LENGTH)


def _width(row: Any) -> int:
    return _decimetres(row.max_beam, WIDTH)


def _decimetres(metres: Decimal | None, unknown: int) -> int:
    return min(MOST, max(LEAST, round(metres * 10))) if metres else unknown
