"""Cells that a spreadsheet would run: defused on their way out, taken back on their way in."""

from __future__ import annotations

import re

# A spreadsheet runs a cell that begins like this, also in its wide form; a plain number may begin with a sign.
FORMULA = re.compile(r"[=+\-@\t\r＝＋－＠]")
NUMBER = re.compile(r"[+-]?[\d .,()/-]*")
# One that has the mark already; it gets one more, so that what is taken away is always ours.
MARKED = re.compile(rf"'+{FORMULA.pattern}")


def defused(cell: str) -> str:
    """As a spreadsheet shows and never runs it: an apostrophe stands before what it would run."""
    is_run = FORMULA.match(cell) and not NUMBER.fullmatch(cell)
    return "'" + cell if is_run or MARKED.match(cell) else cell


def defused_text(cell: str) -> str:
    """The same for a cell that is text by its kind, as in a workbook."""
    return "'" + cell if MARKED.match(cell) else cell


class Plain(str):
    """A cell that is text and no formula, however it begins: its file says so."""

    __slots__ = ()


def undefused(cell: str) -> str:
    """As it was before either."""
    return Plain(cell[1:]) if MARKED.match(cell) else cell
