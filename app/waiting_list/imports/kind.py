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

from ...changes.models import Change, ChangeSet, note_changes
from ...clients.models import Client
from ...current import CurrentPort
from ...db import now
from ...errors import Refused
from ...events.bulk import kept_keys, last_events
from ...events.models import Actor
from ...formats import format_day
from ...identity.models import current_port_of
from ...imports import columns as files
from ...imports import kinds
from ...imports.kinds import Differences, Kind, Named, Words
from ...imports.models import Import, ImportRow, RowOutcome
from ...imports.reading import WrongRow
from ...imports.verdicts import Judgement
from ..models import WaitingEntry
from .columns import LIMITS, Columns
from .rows import Rows, Waits, about, judge

LAST_SECOND = 86_399


class Check(kinds.Check):
    def __init__(self, found: Import, port: CurrentPort) -> None:
        super().__init__(found, port)
        self.seen: dict[Waits, int] = {}

    def judge(self, rows: Mapping[int, Mapping[str, Any]]) -> Mapping[int, Judgement]:
        here = about(list(rows.values()))
        return {number: judge(fields, number, here, self.seen) for number, fields in rows.items()}


class Batch(kinds.Batch):
    """Entered one by one, by the verb: a list of a few hundred is brought once, and each has its line in history."""

    def __init__(self, found: Import, rows: Sequence[Any], by: Actor) -> None:
        super().__init__(found, by)
        self.here = about([row.fields for row in rows])
        self.zone = ZoneInfo(current_port_of(found.port_id).timezone)
        self.entries: list[uuid.UUID] = []

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
            self.turn_away(row, str(error))
            return
        self.entries.append(entry.id)
        self.keep(row, client.id, RowOutcome.CREATED)

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


class WaitingLists(Kind):
    """Rows add entries; nobody who waits here is changed by a file."""

    name = "waiting_list"
    blueprint = "waiting_list"
    permission = "berths.manage_waiting_list"
    edits = "berths.manage_waiting_list"
    act = "import_waiting_list"
    record = "client_id"
    rows, check, batch = Rows, Check, Batch
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

    def called(self, fields: Mapping[str, Any]) -> str:
        return str(fields.get("full_name") or fields.get("email") or fields.get("phone") or "")

    def details(self, fields: Mapping[str, Any]) -> Sequence[str]:
        return [str(fields[key]) for key in ("list", "vessel") if fields.get(key)]

    def added(self, row: ImportRow) -> str:
        return _("Waits since %(day)s.", day=format_day(row.fields["requested_on"]))

    def named(self, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Named]:
        return kinds.named(Client, Client.full_name, ids)

    def told(self, found: Sequence[Differences], columns: files.Columns) -> list[list[tuple[str, str, str]]]:
        return [[] for _row in found]

    def compared(self, row: ImportRow, columns: files.Columns) -> tuple[list[tuple[str, str, str]], Differences] | None:
        return None

    @property
    def always_shown(self) -> Sequence[str]:
        return ("full_name", "list", "requested_on", "email", "client_number")

    def differences(self, row: ImportRow) -> Differences:
        return []

    def judge_again(self, found: Import, row: ImportRow) -> Judgement:
        """By itself, and by the rows above of the same client."""
        above = found.used_above(row)
        here, seen = about([row.fields, *above.values()]), dict[Waits, int]()
        for number, fields in above.items():
            judge(fields, number, here, seen)
        return judge(row.fields, row.row_number, here, seen)
