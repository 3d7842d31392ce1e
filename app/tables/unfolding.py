"""Reads a workbook in a process of its own: `python -I app/tables/unfolding.py < book.xlsx` gives a line of JSON a row.

Apart, because a workbook of a few kilobytes may unfold to gigabytes: here memory and time have a bound that holds
whatever the reader does, and what it took is given back at its end. Standard library and calamine only.
"""

from __future__ import annotations

import io
import json
import lzma
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO

MOST_ROWS = 200_000
MOST_COLUMNS = 500  # of all that a system for sales keeps of somebody, some hundreds
MOST_PARTS = 2_000
MOST_UNPACKED = 600 * 1024 * 1024
# A sheet of 200,000 rows and 30 columns takes some 700 MB while it is read.
MOST_MEMORY = 2 * 1024 * 1024 * 1024
MOST_SECONDS = 45  # less than the lease of the job that waits for it
PIECE = 1024 * 1024


# How a broken workbook shows while it is unfolded, a part in any of the compressions that archives know.
DAMAGED = (
    zipfile.BadZipFile,  # a directory, header or checksum that does not add up
    RuntimeError,  # zipfile has no narrower one for a part with a password; an unknown compression is one, too
    EOFError,  # a part that ends early
    ValueError,  # a name that is no text; a part that begins before the file does
    OSError,  # the latter in a file on disk; what bzip2 makes of a broken part
    zlib.error,
    lzma.LZMAError,
)


class Unfit(Exception):
    """Why the workbook is not read, as a code, with a number where one belongs to it."""


def bound() -> None:
    """Called in the new process before anything is read."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def unpacked(stream: BinaryIO) -> None:
    """Unfold every part once, a piece at a time: sizes that lie are found out before anything relies on them."""
    try:
        with zipfile.ZipFile(stream) as book:
            parts = book.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise Unfit("unfolds")
            names = {part.filename for part in parts}
            if not {"[Content_Types].xml", "xl/workbook.xml"} <= names:
                raise Unfit("no-workbook")
            left = MOST_UNPACKED
            for part in parts:
                with book.open(part) as content:
                    while piece := content.read(PIECE):
                        left -= len(piece)
                        if left < 0:
                            raise Unfit("unfolds")
    except DAMAGED as error:
        raise Unfit("damaged") from error


def rows(stream: BinaryIO) -> Iterator[list[Any]]:
    """[number as the spreadsheet shows it, cells as text] of the first sheet with something in it."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    unpacked(stream)
    stream.seek(0)
    book = CalamineWorkbook.from_filelike(stream)
    for about in book.sheets_metadata:
        if about.typ != SheetTypeEnum.WorkSheet or about.visible != SheetVisibleEnum.Visible:
            continue
        sheet = book.get_sheet_by_name(about.name)
        if sheet.start is None:
            continue
        if sheet.height > MOST_ROWS + 100:
            raise Unfit("rows")
        if sheet.width > MOST_COLUMNS:
            raise Unfit("columns", sheet.width)
        first = sheet.start[0] + 1
        for number, cells in enumerate(sheet.iter_rows(), first):
            yield [number, [text(cell) for cell in cells]]
        return


def text(cell: Any) -> str:
    """A cell as somebody would type it; dates as 2026-11-21, numbers with a point."""
    if isinstance(cell, str):
        return cell.replace("\x00", "")
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 10**15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def main() -> None:
    bound()
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="\n", write_through=False)
    try:
        for row in rows(sys.stdin.buffer):
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
        answer: dict[str, Any] = {"end": True}
    except Unfit as refused:
        answer = {"unfit": list(refused.args)}
    except MemoryError:
        answer = {"unfit": ["unfolds"]}
    except Exception:  # noqa: BLE001  # whatever calamine makes of it: the file is damaged
        answer = {"unfit": ["damaged"]}
    out.write(json.dumps(answer) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
