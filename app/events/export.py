"""The audit log as a file for spreadsheets: exactly what the filter shows, a page at a time."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from uuid_utils.compat import uuid7

from ..current import Member
from ..db import begin, rollback
from .audit import Asked, Line, count_of, lines_of, people_of, rows_of
from .models import record

PAGE = 500
# What makes a spreadsheet run a cell.
RUNS = ("=", "+", "-", "@", "\t", "\r")


def take_note(asked: Asked, member: Member) -> tuple[int, uuid.UUID | None]:
    """Record that so much leaves the house; gives how much, and the newest event that is part of it."""
    count, newest = count_of(asked, member)
    record(
        "data:exported",
        by=member,
        subject_type="export",
        subject_id=uuid7(),
        port_id=member.here().id,
        is_new=True,
        what="audit",
        count=count,
    )
    return count, newest


def written(asked: Asked, member: Member, upto: uuid.UUID | None) -> Iterator[str]:
    """UTF-8 with BOM, so that spreadsheets read it right. Each page is a unit of work of its own: nothing is held while
    somebody's connection is slow."""
    yield "\ufeff" + rows_as_text([header()])
    before, port_id = None, member.here().id
    people: Mapping[uuid.UUID, str] | None = None
    while upto is not None:
        begin(port_id=port_id, user_id=member.id, scope="staff")
        people = people_of() if people is None else people
        rows = rows_of(asked, member, PAGE, before=before, upto=upto)
        text = rows_as_text([cells_of(line, member) for line in lines_of(rows, member, people)])
        rollback()
        yield text
        if len(rows) < PAGE:
            return
        before = rows[-1].id


def header() -> list[str]:
    return [
        _("Time"),
        _("Who"),
        _("What"),
        _("Kind"),
        _("About"),
        _("Changes"),
        _("Address"),
        _("Browser"),
        _("Event"),
        _("Request"),
        _("Id"),
    ]


def cells_of(line: Line, member: Member) -> list[str]:
    local = line.at.astimezone(ZoneInfo(member.here().timezone))
    changes = [f"{label}: {old} → {new}" if old else f"{label}: {new}" for label, old, new in line.changes]
    return [
        local.isoformat(timespec="seconds"),
        line.who,
        line.text,
        line.kind,
        line.subject.name if line.subject else "",
        "\n".join(changes),
        line.ip,
        line.user_agent,
        line.name,
        line.request_id,
        str(line.id),
    ]


def rows_as_text(rows: Sequence[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([defused(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def defused(cell: str) -> str:
    return f"'{cell}" if cell.startswith(RUNS) else cell
