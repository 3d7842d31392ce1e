"""One row of a file of berths, read by the fields its columns fill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask_babel import gettext as _

from ...decimals import Unclear
from ...fields.models import Unfit
from ...imports.columns import unit_of
from ...imports.kinds import ReadRow
from ...imports.reading import TOTALS, WrongRow, formula_in, is_number, pointed, too_long, too_many
from ...sorting import sort_name
from ..models.berth import DIMENSIONS, NO_DOCK
from .columns import Columns
from .targets import ACTIVE

# What stands where nobody knows.
NOTHING = frozenset("-–—?")


@dataclass(frozen=True)
class Known:
    """`currency`: of prices that have none beside them; `harbour`: of rows that cannot say it, empty where they have
    to."""

    columns: Columns
    currency: str
    harbour: str


@dataclass(frozen=True)
class Reading:
    """How the rows of a file are read: its headings with their targets, and its decimal sign."""

    header: Sequence[str]
    targets: Sequence[str]
    known: Known
    sign: str

    @cached_property
    def numbers(self) -> dict[int, str]:
        """The columns of numbers, each with the unit that its heading says."""
        columns = self.known.columns
        return {
            at: unit_of(self.header[at]) if key in DIMENSIONS else ""
            for at, key in enumerate(self.targets)
            if is_number(key, columns)
        }


def read_row(reading: Reading, cells: Sequence[str]) -> ReadRow:
    """What is to be stored, by field; with it why the row cannot be let in, and by which field."""
    named: dict[str, Any] = {}
    problem: tuple[str, str] | None = None
    for at, key in enumerate(reading.targets[: len(cells)]):
        cell = cells[at].strip()
        if not key or not cell or (cell in NOTHING and key != "dock"):
            continue
        if text := formula_in(cells[at]):
            problem = problem or (text, key)
        if at in reading.numbers:
            try:
                cell = pointed(cell, reading.sign, reading.numbers[at])
            except Unclear as error:
                problem = problem or (f"{reading.known.columns.label_of(key)}: {error}", key)
        named[key] = " ".join(cell.split())
    if text := too_many(reading.header, cells):
        problem = problem or (text, "")
    return judged(named, reading.known, problem=problem)


def judged(named: dict[str, Any], known: Known, *, problem: tuple[str, str] | None = None) -> ReadRow:
    """The same for fields that were typed by hand."""
    try:
        if problem:
            raise WrongRow(*problem)
        _check_shape(named, known)
        read = {key: _read(key, value, known.columns) for key, value in named.items()}
        _complete(read, known)
    except WrongRow as error:
        return named, str(error), error.field
    return read, "", ""


def _check_shape(named: Mapping[str, Any], known: Known) -> None:
    places = [str(named.get(key, "")) for key in ("harbour", "dock", "code")]
    if any(sort_name(place).rstrip(":. ") in TOTALS for place in places):
        raise WrongRow(_("This looks like a row of totals, not like a berth."), "code")
    if not named.get("code"):
        raise WrongRow(_("There is no berth number in this row."), "code")
    if not named.get("harbour") and not known.harbour:
        raise WrongRow(_("The row does not say in which harbour the berth lies."), "harbour")
    if wrong := too_long(named, known.columns):
        raise wrong


def _read(key: str, typed: Any, columns: Columns) -> Any:
    reader = columns.read[key].read if key in columns.read else None
    if reader is None or not isinstance(typed, str):
        return typed
    try:
        return reader(typed)
    except Unfit as error:
        raise WrongRow(f"{columns.label_of(key)}: {error}", key) from error


def _complete(read: dict[str, Any], known: Known) -> None:
    """What follows from the rest of the row."""
    read.setdefault("harbour", known.harbour)
    if read.get("dock", "-") in NOTHING:
        read["dock"] = NO_DOCK
    read.setdefault(ACTIVE, True)
    if read.get("has_water"):
        read["dock_has_water"] = True
    if read.get("power_amps"):
        read["dock_has_power"] = True
    if read.get("price"):
        read.setdefault("currency", known.currency)
    if ("dock_latitude" in read) != ("dock_longitude" in read):
        raise WrongRow(_("Latitude and longitude go together."), "dock_longitude")
