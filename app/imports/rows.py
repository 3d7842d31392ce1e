"""Rows: how one row of a file becomes the fields of a record, and the look at a whole file of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from ..decimals import Unclear
from ..fields.models import Unfit
from ..tables.reading import Table
from .columns import Columns, unit_of
from .reading import ReadRow, WrongRow, decimal_sign_of, formula_in, is_number, pointed, too_long, too_many

# What stands where nobody knows.
NOTHING = frozenset("-–—?")


class Rows:
    """A kind's own says what a row has to have (`check_shape`), what reads a cell otherwise than its column does
    (`read_value`), and what follows from the rest of the row (`complete`); each raises WrongRow. `SIGNED`: the fields
    whose values may begin like a formula."""

    SIGNED: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, columns: Columns, targets: Sequence[str] = ()) -> None:
        self.columns, self.targets = columns, targets
        self.header: Sequence[str] = ()
        self.sign = "."

    def begin(self, table: Table, targets: Sequence[str]) -> None:
        """The columns are settled; the rows of this file follow."""
        self.header, self.targets = table.header, targets
        self.sign = decimal_sign_of(table, targets, self.columns)

    @cached_property
    def numbers(self) -> dict[int, str]:
        """The columns of numbers, each with the unit that its heading says."""
        return {
            at: unit_of(self.header[at]) if key in self.columns.MEASURES else ""
            for at, key in enumerate(self.targets)
            if is_number(key, self.columns)
        }

    def read(self, cells: Sequence[str]) -> ReadRow:
        """What is to be stored, by field; with it why the row cannot be let in, and by which field."""
        named: dict[str, Any] = {}
        problem: tuple[str, str] | None = None
        for at, key in enumerate(self.targets[: len(cells)]):
            cell = cells[at].strip()
            if not key or not cell or cell in NOTHING:
                continue
            if key not in self.SIGNED and (text := formula_in(cells[at])):
                problem = problem or (text, key)
            if at in self.numbers:
                try:
                    cell = pointed(cell, self.sign, self.numbers[at])
                except Unclear as error:
                    problem = problem or (f"{self.columns.label_of(key)}: {error}", key)
            named[key] = " ".join(cell.split())
        if text := too_many(self.header, cells):
            problem = problem or (text, "")
        return self.judged(named, problem=problem)

    def judged(self, named: dict[str, Any], *, problem: tuple[str, str] | None = None) -> ReadRow:
        """The same for fields that were typed by hand."""
        try:
            if problem:
                raise WrongRow(*problem)
            self.check_shape(named)
            if wrong := too_long(named, self.columns):
                raise wrong
            read = {key: self.read_value(key, value) for key, value in named.items()}
            self.complete(read)
        except WrongRow as error:
            return named, str(error), error.field
        return read, "", ""

    def check_shape(self, named: Mapping[str, str]) -> None:
        """What a row has to have; without what looks like a row of totals."""

    def read_value(self, key: str, typed: Any) -> Any:
        reader = self.columns.read[key].read if key in self.columns.read else None
        if reader is None or not isinstance(typed, str):
            return typed
        try:
            return reader(typed)
        except Unfit as error:
            raise WrongRow(f"{self.columns.label_of(key)}: {error}", key) from error

    def complete(self, read: dict[str, Any]) -> None:
        """What follows from the rest of the row."""
