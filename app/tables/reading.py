"""Tables in the files people send: CSV in the spellings of offices, and XLSX. Read a row at a time, within bounds.

What a file is follows from its content. Encoding (UTF-8 with or without BOM, UTF-16, Windows-1252), delimiter (comma,
semicolon, tab) and line ends are found out. The whole file is walked once before the first row is given, so a fault in
its last line is known before anything is made of its first.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
import subprocess  # a program of our own, see unfolding.py
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from flask_babel import gettext as _

from ..formats import format_number
from ..storage.store import Reader
from .formulas import Plain, undefused
from .unfolding import MOST_COLUMNS, MOST_ROWS, MOST_SECONDS

MOST_BYTES = 50 * 1024 * 1024
LONGEST_CELL = 10_000
LONGEST_LINE = MOST_COLUMNS * LONGEST_CELL
PIECE = 256 * 1024

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
OTHERS = {
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"\x1f\x8b": "gzip",
    b"{\\rtf": "RTF",
}
# Some programs call a page with a table in it a spreadsheet.
MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|\?xml|html|head|meta|table)\b", re.IGNORECASE)
Rows = Iterator[tuple[int, list[str]]]


class NotATable(Exception):
    """The file as a whole cannot be read; the text says why, for the person who sent it."""


@dataclass
class Table:
    """A file that can be read: `kind` is csv or xlsx, `header` the first row with something in it, `count` how many
    rows stand below it."""

    kind: str
    encoding: str
    delimiter: str
    walk: Callable[[], Rows]
    header: list[str] = field(default_factory=list)
    count: int = 0
    samples: list[list[str]] = field(default_factory=list)

    def rows(self) -> Rows:
        """The rows below the header, with the numbers a spreadsheet shows; blank ones are left out."""
        rows = self.walk()
        next(rows)
        return rows


@contextmanager
def open_table(stream: Reader, filename: str) -> Iterator[Table]:
    """Raises NotATable. What is read lies in files without a name meanwhile, never in memory."""
    # Without buffers: what reads them anew takes their descriptors.
    with tempfile.TemporaryFile(buffering=0) as content, tempfile.TemporaryFile(buffering=0) as unfolded:
        _spool(stream, content)
        table = _recognised(content, unfolded, filename)
        _look_through(table)
        yield table


def _spool(stream: Reader, content: IO[bytes]) -> None:
    size = 0
    while piece := stream.read(PIECE):
        size += len(piece)
        if size > MOST_BYTES:
            raise NotATable(_("The file is larger than 50 MB. Send it in parts."))
        content.write(piece)
    content.seek(0)


def refuse_early(stream: IO[bytes], filename: str) -> None:
    """What size and beginning tell, before anything is stored. Raises NotATable."""
    stream.seek(0, 2)
    if stream.tell() > MOST_BYTES:
        raise NotATable(_("The file is larger than 50 MB. Send it in parts."))
    stream.seek(0)
    start = stream.read(4096)
    stream.seek(0)
    if not start:
        raise NotATable(_("The file is empty."))
    _kind_of(start, filename)


def _kind_of(start: bytes, filename: str) -> str:
    """csv or xlsx, by the beginning of the content. Raises NotATable for what is neither, or not what it is called."""
    ending = Path(filename).suffix.lower()
    if start.startswith(ZIP):
        if ending in (".csv", ".txt", ".tsv"):
            text = _("This is a spreadsheet, not a CSV file. Let its name end in .xlsx, or save it as CSV.")
            raise NotATable(text)
        return "xlsx"
    if start.startswith(OLE):
        raise NotATable(_("This is an old Excel file, or one with a password. Save it as XLSX or CSV and send that."))
    if MARKUP.match(start):
        raise NotATable(_("This is a web page or XML, not a table. Save it as XLSX or CSV and send that."))
    for beginning, name in OTHERS.items():
        if start.startswith(beginning):
            raise NotATable(_("This is a %(kind)s file, not a table. Send CSV or XLSX.", kind=name))
    if ending in (".xlsx", ".xlsm"):
        raise NotATable(_("The name ends in .xlsx, but this is no workbook. Save it as XLSX again, or as CSV."))
    return "csv"


def _recognised(content: IO[bytes], unfolded: IO[bytes], filename: str) -> Table:
    start = content.read(4096)
    content.seek(0)
    if _kind_of(start, filename) == "xlsx":
        _unfold(content, unfolded)
        return Table("xlsx", "utf-8", "", lambda: _json_rows(unfolded))
    encoding = _encoding(content, start)
    first = _first_line(content, encoding)
    said = re.fullmatch(r"sep=([,;\t])", first.strip(), re.IGNORECASE)
    delimiter = said[1] if said else _delimiter(first)
    return Table("csv", encoding, delimiter, lambda: _csv_rows(content, encoding, delimiter, skips=bool(said)))


def _look_through(table: Table) -> None:
    """All of it once: what is wrong with the file as a whole shows here. Raises NotATable."""
    for _number, cells in table.walk():
        if not table.header:
            table.header = [cell.strip() for cell in cells]
            _check_header(table.header)
            continue
        table.count += 1
        if len(table.samples) < 50:
            table.samples.append(cells)
        if table.count > MOST_ROWS:
            raise NotATable(_too_deep())
    if not table.header:
        raise NotATable(_("The file is empty."))
    if not table.count:
        raise NotATable(_("The file has a row of headings and nothing below it."))
    filled = [sum(1 for cell in cells if cell.strip()) for cells in (table.header, table.samples[0])]
    if filled[0] == 1 and filled[1] > 2:
        text = _("The first row is not a row of headings. Remove what stands above the headings.")
        raise NotATable(text)


def _check_header(header: list[str]) -> None:
    while header and not header[-1]:
        header.pop()
    if len(header) > MOST_COLUMNS:
        raise NotATable(_too_wide(len(header)))


def _too_wide(count: int) -> str:
    return _("The file has %(count)d columns; at most %(most)d are read.", count=count, most=MOST_COLUMNS)


def _too_deep() -> str:
    return _("The file has more than %(most)s rows. Send it in parts.", most=format_number(MOST_ROWS))


# --- CSV ----------------------------------------------------------------------------------------------------------


def _encoding(content: IO[bytes], start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates: tuple[str, ...] = ("utf-16",)
    elif len(start) > 8 and start[1::2].count(0) > len(start) * 0.3:
        candidates = ("utf-16-le",)
    elif len(start) > 8 and start[::2].count(0) > len(start) * 0.3:
        candidates = ("utf-16-be",)
    else:
        candidates = ("utf-8-sig", "cp1252")
    for encoding in candidates:
        if _decodes(content, encoding):
            return encoding
    raise NotATable(_("The file is not text. Save it as CSV (UTF-8) and send that."))


def _decodes(content: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    content.seek(0)
    try:
        while piece := content.read(PIECE):
            if "\x00" in decoder.decode(piece):
                return False
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _lines(content: IO[bytes], encoding: str) -> Iterator[str]:
    content.seek(0)
    # Its own descriptor's twin: a text layer closes what it stands on.
    with open(content.fileno(), encoding=encoding, newline="", closefd=False) as text:
        while line := text.readline(LONGEST_LINE):
            if len(line) >= LONGEST_LINE:
                most = format_number(LONGEST_LINE)
                raise NotATable(_("A row of the file has more than %(most)s characters.", most=most))
            yield line


def _first_line(content: IO[bytes], encoding: str) -> str:
    return next((line for line in _lines(content, encoding) if line.strip()), "")


def _delimiter(first: str) -> str:
    """What the headings have most of, outside of quotation marks."""
    bare = re.sub(r'"[^"]*"', "", first)
    return max(",;\t", key=bare.count)


def _csv_rows(content: IO[bytes], encoding: str, delimiter: str, *, skips: bool) -> Rows:
    lines = _lines(content, encoding)
    if skips:
        next(line for line in lines if line.strip())
    number = 0
    try:
        # Strict: a quotation mark that never closes would swallow the rest of the file unseen.
        for number, cells in enumerate(csv.reader(lines, delimiter=delimiter, strict=True), 1):
            if row := _row(number, cells):
                yield row
    except csv.Error as error:
        if "field larger" in str(error):
            raise _too_long(number + 1) from error
        raise NotATable(
            _("The quotation marks in row %(row)d do not match. Save the file as CSV again.", row=number + 1)
        ) from error


def _row(number: int, cells: Sequence[str]) -> tuple[int, list[str]] | None:
    cells = [undefused(cell) for cell in cells]
    if any(len(cell) > LONGEST_CELL for cell in cells):
        raise _too_long(number)
    return (number, cells) if any(cell.strip() for cell in cells) else None


def _too_long(number: int) -> NotATable:
    most = format_number(LONGEST_CELL)
    return NotATable(_("Row %(row)d has a cell of more than %(most)s characters.", row=number, most=most))


# --- XLSX ---------------------------------------------------------------------------------------------------------


def _unfold(content: IO[bytes], unfolded: IO[bytes]) -> None:
    """Have the workbook read by a process of its own. Raises NotATable."""
    program = Path(__file__).with_name("unfolding.py")
    answer: dict[str, Any] = {}
    try:
        subprocess.run(  # our own program; the file is its input, never its command
            [sys.executable, "-I", str(program)],
            stdin=content,
            stdout=unfolded,
            stderr=subprocess.DEVNULL,
            timeout=MOST_SECONDS,
            check=False,
            env={},
        )
        answer = _last_line(unfolded)
    except subprocess.TimeoutExpired:
        answer = {"unfit": ["unfolds"]}
    if "end" not in answer:
        raise NotATable(_why_unfit(*answer.get("unfit", ["unfolds"])))


def _last_line(unfolded: IO[bytes]) -> dict[str, Any]:
    """The answer stands at the end; without one the process was ended by its bounds."""
    size = unfolded.seek(0, 2)
    unfolded.seek(max(size - 200, 0))
    last = unfolded.read().rstrip(b"\n").rpartition(b"\n")[2]
    try:
        answer = json.loads(last)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _why_unfit(code: str, count: int = 0) -> str:
    return {
        "unfolds": _("The workbook unfolds to more than can be read. Save the sheet with the contacts alone."),
        "no-workbook": _("This is an archive, not an Excel workbook. Send CSV or XLSX."),
        "rows": _too_deep(),
        "columns": _too_wide(count),
    }.get(code) or _("The workbook is damaged. Open it, save it as XLSX again, and send that.")


def _json_rows(unfolded: IO[bytes]) -> Rows:
    unfolded.seek(0)
    with open(unfolded.fileno(), encoding="utf-8", newline="\n", closefd=False) as lines:
        for line in lines:
            found = json.loads(line)
            if isinstance(found, list) and (row := _row(found[0], list(map(_as_text, found[1])))):
                yield row


def _as_text(cell: str) -> str:
    """A formula comes with its value, so what looks like one is none."""
    return Plain(cell) if cell.startswith("=") else cell
