"""The file of what an import left out: its rows as they came, each with why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from flask_babel import gettext as _

from ..tables.writing import CSV_TYPE, XLSX_TYPE, as_csv, as_workbook
from .columns import WHY
from .models import Import

AT_ONCE = 1000
# A file that says nothing of the order of its bytes is answered by one that does.
MARKED = {"utf-16-le": "utf-16", "utf-16-be": "utf-16"}

LeftOut = tuple[str, Sequence[str]]


def file_of_left_out(found: Import) -> tuple[Iterator[bytes], str, str]:
    """A piece at a time, with its ending and its kind: what the input was."""
    header, rows = [heading for heading, _target in found.columns], left_out(found)
    if found.mapping.get("kind") == "xlsx":
        return as_workbook([*header, str(WHY)], with_reasons(len(header), rows)), "xlsx", XLSX_TYPE
    delimiter, encoding = found.mapping.get("delimiter", ","), found.mapping.get("encoding", "utf-8-sig")
    if not is_written_in(found, encoding):
        encoding = "utf-8-sig"
    return csv_of_left_out(header, rows, delimiter=delimiter, encoding=encoding), "csv", CSV_TYPE


def is_written_in(found: Import, encoding: str) -> bool:
    """Whether the encoding of the file has all letters: a reason may name somebody who has others."""
    try:
        str(WHY).encode(encoding)
        for rows in left_out(found):
            for reason, _cells in rows:
                reason.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def csv_of_left_out(
    header: Sequence[str], rows: Iterable[Sequence[LeftOut]], *, delimiter: str = ",", encoding: str = "utf-8-sig"
) -> Iterator[bytes]:
    """In the delimiter and encoding of the file, where they say all that is in it."""
    made = with_reasons(len(header), rows)
    return as_csv([*header, str(WHY)], made, delimiter=delimiter, encoding=MARKED.get(encoding, encoding))


def left_out(found: Import) -> Iterator[list[LeftOut]]:
    after = 0
    while rows := found.left_out(after=after, limit=AT_ONCE):
        yield [(message or _("Left out by hand."), source) for _number, message, source in rows]
        after = rows[-1][0]


def with_reasons(width: int, batches: Iterable[Sequence[LeftOut]]) -> Iterator[list[list[str]]]:
    """The reason stands under its heading; what a row has too much of, behind it."""
    for rows in batches:
        yield [[*cells[:width], *[""] * (width - len(cells)), message, *cells[width:]] for message, cells in rows]
