"""Tables on their way out: CSV and XLSX, a piece at a time. Every cell is text; what a spreadsheet would run is
defused in CSV, which `reading.py` takes back, and is a string in XLSX, which no spreadsheet runs."""

from __future__ import annotations

import codecs
import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import babel.numbers

from ..threads import off_the_loop
from .formulas import defused, defused_text
from .unfolding import MOST_COLUMNS

CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_SHEET_ROWS = 1_048_576
PIECE = 256 * 1024

Row = Sequence[str]


def has_commas(locale: str) -> bool:
    """Whether the decimal sign of this locale is a comma."""
    return babel.numbers.get_decimal_symbol(locale) == ","


def delimiter_of(locale: str) -> str:
    """What spreadsheets set to this locale put between cells: where the decimal sign is a comma, a semicolon."""
    return ";" if has_commas(locale) else ","


def as_csv(
    header: Row, batches: Iterable[Sequence[Row]], *, delimiter: str = ",", encoding: str = "utf-8-sig"
) -> Iterator[bytes]:
    """With a mark at its beginning unless told otherwise, so that spreadsheets read it right. What the encoding has
    not becomes a question mark."""
    buffer, encoder = io.StringIO(), codecs.getincrementalencoder(encoding)(errors="replace")
    writer = csv.writer(buffer, delimiter=delimiter)
    for rows in chain([[header]], batches):
        writer.writerows([defused(cell) for cell in row] for row in rows)
        yield encoder.encode(buffer.getvalue())
        buffer.seek(0)
        buffer.truncate()


def as_workbook(header: Row, batches: Iterable[Sequence[Row]]) -> Iterator[bytes]:
    """Nothing comes before the last row is in: the directory of a workbook stands at its end."""
    with tempfile.TemporaryFile() as file:
        book, sheet = new_workbook(file)
        put_rows(sheet, 0, [header], book.add_format({"bold": True}))
        at = 1
        for rows in batches:
            off_the_loop(put_rows, sheet, at, rows)
            at += len(rows)
        off_the_loop(book.close)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def new_workbook(stream: Any) -> tuple[Any, Any]:
    """A workbook that is written a row at a time, and its sheet."""
    import xlsxwriter  # only here: no page needs it

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": False}
    book = xlsxwriter.Workbook(stream, options)
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, MOST_COLUMNS - 1, 20)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MOST_SHEET_ROWS}"})
    return book, sheet


def put_rows(sheet: Any, at: int, rows: Iterable[Row], look: Any = None) -> None:
    for number, row in enumerate(rows, at):
        for column, cell in enumerate(map(defused_text, row)):
            if cell.startswith("<r>") and cell.endswith("</r>"):
                # XlsxWriter would take the whole for markup of its own; of parts it escapes each.
                sheet.write_rich_string(number, column, cell[:1], cell[1:2], cell[2:])
            elif cell:
                sheet.write_string(number, column, cell, look)
