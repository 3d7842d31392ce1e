"""Waiting lists as the wizard of imports asks about them: who stood on the paper list, and since when."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from ...changes.models import Change, ChangeSet, note_changes
from ...clients.models import Client
from ...current import CurrentPort, member
from ...db import db, now
from ...errors import Refused
from ...events.bulk import kept_keys, last_events
from ...events.models import Actor
from ...formats import format_day
from ...identity.models import current_port_of
from ...imports import columns as files
from ...imports import kinds
from ...imports.kinds import Differences, Kind, Named, ReadRow, Words
from ...imports.models import USED, Import, ImportRow, RowOutcome
from ...imports.reading import WrongRow, decimal_sign_of
from ...imports.verdicts import Judgement
from ...tables.reading import Table
from ..models import WaitingEntry
from .columns import FIELDS, LIMITS, Columns
from .rows import Known, Reading, Waits, about, judge, judged, read_row

LAST_SECOND = 86_399


class WaitingLists(Kind):
    """Rows add entries; nobody who waits here is changed by a file."""

    name = "waiting_list"
    blueprint = "waiting_list"
    permission = "berths.manage_waiting_list"
    edits = "berths.manage_waiting_list"
    act = "import_waiting_list"
    record = "client_id"
    page = "clients.show"
    rooms = ("waiting_lists",)
    adds_duplicates = False
    words = Words(
        records=lazy_gettext("Waiting lists"),
        title=lazy_gettext("Import a waiting list"),
        about=lazy_gettext("Files of who waits, checked row by row before anything is saved"),
        empty=lazy_gettext(
            "Bring the list that you keep by now from a CSV or XLSX file: who waits, for which list, and since when."
            " Every row is checked first, and you see what will happen before anything is saved."
        ),
        file=lazy_gettext("File of who waits"),
        help=lazy_gettext(
            "A CSV or XLSX file with a row of headings, then one client a row who is here already: the name, e-mail,"
            " phone or client number, the list, and the day on which they asked. The file stands with each of them as"
            " where that day is from."
        ),
        running=lazy_gettext("Importing who waits"),
        finished=lazy_gettext("Everybody who came in stands in line."),
        changes=lazy_gettext("change an entry"),
        undo=lazy_gettext("The whole import can be undone until %(day)s: who came in by it is taken off again."),
        show_all=lazy_gettext("Show the waiting lists"),
        show_one=lazy_gettext("Open the client"),
    )

    def columns_of(self, found: Import) -> Columns:
        return Columns.of(current_port_of(found.port_id))

    def check(self, found: Import, port: CurrentPort) -> Check:
        return Check(port)

    def batch(self, found: Import, rows: Sequence[Any], by: Actor) -> Batch:
        return Batch(found, rows, by)

    def called(self, fields: Mapping[str, Any]) -> str:
        return str(fields.get("full_name") or fields.get("email") or fields.get("phone") or "")

    def details(self, fields: Mapping[str, Any]) -> Sequence[str]:
        return [str(fields[key]) for key in ("list", "vessel") if fields.get(key)]

    def added(self, row: ImportRow) -> str:
        return _("Waits since %(day)s.", day=format_day(row.fields["requested_on"]))

    def named(self, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Named]:
        if not ids:
            return {}
        rows = db.session.execute(select(Client.id, Client.full_name, Client.number).where(Client.id.in_(ids)))
        return {row.id: Named(row.full_name, row.number) for row in rows}

    def told(self, found: Sequence[Differences], columns: files.Columns) -> list[list[tuple[str, str, str]]]:
        return [[] for _row in found]

    def compared(self, row: ImportRow, columns: files.Columns) -> tuple[list[tuple[str, str, str]], Differences] | None:
        return None

    def typed_names(self, columns: files.Columns) -> Sequence[str]:
        return [field.key for field in FIELDS]

    @property
    def always_shown(self) -> Sequence[str]:
        return ("full_name", "list", "requested_on", "email", "client_number")

    def as_typed(self, fields: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
        return {name: str(fields[name]) for name in names if fields.get(name) not in (None, "")}

    def read_typed(self, found: Import, row: ImportRow, typed: Mapping[str, str], columns: files.Columns) -> ReadRow:
        targets = [target for _heading, target in found.columns]
        return judged(dict(typed), Known.to(member.here(), self.columns_of(found), targets))

    def differences(self, row: ImportRow) -> Differences:
        return []

    def judge_again(self, found: Import, row: ImportRow) -> Judgement:
        """By itself, and by the rows above of the same client."""
        others = select(ImportRow.row_number, ImportRow.fields).where(
            ImportRow.import_id == found.id, ImportRow.row_number < row.row_number, ImportRow.verdict.in_(USED)
        )
        above = db.session.execute(others.order_by(ImportRow.row_number)).all()
        here, seen = about([row.fields, *(fields for _number, fields in above)]), dict[Waits, int]()
        for number, fields in above:
            judge(fields, number, here, seen)
        return judge(row.fields, row.row_number, here, seen)


class Check(kinds.Check):
    columns: Columns

    def __init__(self, port: CurrentPort) -> None:
        self.port, self.columns = port, Columns.of(port)
        self.seen: dict[Waits, int] = {}

    def begin(self, table: Table, targets: Sequence[str]) -> None:
        sign = decimal_sign_of(table, targets, self.columns)
        self.reading = Reading(table.header, list(targets), Known.to(self.port, self.columns, targets), sign)

    def read(self, cells: Sequence[str]) -> ReadRow:
        return read_row(self.reading, cells)

    def judge(self, rows: Mapping[int, Mapping[str, Any]]) -> Mapping[int, Judgement]:
        here = about(list(rows.values()))
        return {number: judge(fields, number, here, self.seen) for number, fields in rows.items()}


class Batch(kinds.Batch):
    """Entered one by one, by the verb: a list of a few hundred is brought once, and each has its line in history."""

    def __init__(self, found: Import, rows: Sequence[Any], by: Actor) -> None:
        self.found, self.by, self.here = found, by, about([row.fields for row in rows])
        self.zone = ZoneInfo(current_port_of(found.port_id).timezone)
        self.entries: list[uuid.UUID] = []
        self.written: list[dict[str, Any]] = []
        self.turned: list[tuple[Any, str]] = []

    @property
    def created(self) -> int:
        return len(self.entries)

    def take(self, row: Any) -> None:
        fields, size = row.fields, {}
        try:
            client = self.here.client(fields)
            vessel = self.here.vessel(fields, client)
            if vessel is None:
                size = {name: Decimal(fields[name]) for name in LIMITS if fields.get(name)}
            said = {name: fields[name] for name in ("priority_class", "notes") if fields.get(name)}
            entry = WaitingEntry.enter(
                self.here.waiting_list(fields),
                client,
                by=self.by,
                vessel=vessel,
                fields=size | said,
                requested_at=self._moment(row),
                source=_("%(file)s, row %(row)d", file=self.found.filename[:150], row=row.row_number),
                announce=False,
            )
        except (WrongRow, Refused) as error:
            self.turned.append((row, str(error)))
            return
        self.entries.append(entry.id)
        self.written.append({"id": row.id, "client_id": client.id, "outcome": RowOutcome.CREATED})

    def _moment(self, row: Any) -> datetime:
        """On that day; of several who asked on one, in the order of their places, else of the file."""
        second = min(row.fields.get("position") or row.row_number, LAST_SECOND)
        midnight = datetime.combine(date.fromisoformat(row.fields["requested_on"]), time(), self.zone)
        return min(midnight + timedelta(seconds=second), now())

    def write(self, changes: ChangeSet) -> None:
        if self.entries:
            kind = WaitingEntry.subject_type
            last, keys = last_events(kind, self.entries), kept_keys(kind, self.entries)
            noted = [Change(entry_id, "created", {}, [last[entry_id][0]]) for entry_id in self.entries]
            note_changes(changes, kind, noted, keys=keys)
