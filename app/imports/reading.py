"""What reading a row has in common, whatever it is about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from ..decimals import decimal_sign, with_point
from ..fields.models import FieldKind
from ..tables.formulas import Plain
from ..tables.reading import Table
from .columns import Columns

SEPARATOR = " ::: "  # between several in one cell, as Google has it
# What stands in a row by field, why it cannot be let in, and the field that is wrong.
ReadRow = tuple[dict[str, Any], str, str]
# What stands where a name is expected in a row of totals.
TOTALS = frozenset({"total", "totals", "grand total", "subtotal", "sum", "yhteensa", "summa", "summe", "somme"})


class WrongRow(Exception):
    """A row cannot be let in; the text says why, `field` is what it is about."""

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


def is_number(key: str, columns: Columns) -> bool:
    return key in columns.read and columns.read[key].kind in (FieldKind.NUMBER, FieldKind.MONEY)


def decimal_sign_of(table: Table, targets: Sequence[str], columns: Columns) -> str:
    """What the numbers of the file are written with: one walk, where it has columns of numbers."""
    places = [at for at, target in enumerate(targets) if is_number(target, columns)]
    fallback = "," if table.delimiter == ";" else "."
    cells = (cells[at] for _number, cells in table.rows() for at in places if at < len(cells)) if places else ()
    return decimal_sign(cells, fallback=fallback)


def pointed(cell: str, sign: str, unit: str) -> str:
    """A number with a point, and with the unit of its column where the cell has none. Raises Unclear."""
    found = with_point(cell, sign)
    return f"{found} {unit}" if unit and re.fullmatch(r"[\d.]+", found) else found


def formula_in(cell: str) -> str:
    """What is said of a cell that holds a formula; empty where it holds none."""
    if not cell.lstrip().startswith("=") or isinstance(cell, Plain):
        return ""
    return _("“%(cell)s” is a formula. Save the file with values.", cell=cell.strip()[:60])


def too_long(named: Mapping[str, object], columns: Columns) -> WrongRow | None:
    """What is longer than its field takes."""
    for key, value in named.items():
        if isinstance(value, str) and len(value) > columns.by_key[key].longest:
            words = {"field": columns.label_of(key), "limit": columns.by_key[key].longest}
            return WrongRow(_("%(field)s is longer than %(limit)d characters.", **words), key)
    return None


def too_many(header: Sequence[str], cells: Sequence[str]) -> str:
    """What is said of a row with cells behind the last heading."""
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        text = _("The row has %(cells)d cells, the first row names %(columns)d columns.")
        return text % {"cells": len(cells), "columns": len(header)}
    return ""


def in_a_cell(values: Sequence[str]) -> str:
    """Several in one, as a file or somebody writes them; with commas in them they need another sign between them."""
    if any(mark in value for value in values for mark in ",;"):
        return SEPARATOR.join([*values, ""]).rstrip()
    return "; ".join(values)
