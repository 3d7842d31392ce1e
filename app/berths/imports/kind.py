"""Berths, with their docks and harbours, as the wizard of imports asks about them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from ...current import CurrentPort
from ...db import db
from ...identity.models import current_port_of
from ...imports import columns as files
from ...imports import kinds
from ...imports.kinds import Differences, Kind, Named, Words
from ...imports.models import Import, ImportRow
from ...imports.own_fields import own_of
from ...imports.verdicts import Judgement
from ..models import Berth, Dock
from ..models.berth import berth_name
from .batch import Batch
from .columns import CHOICES, Columns, as_read
from .rows import Rows
from .targets import ACTIVE, GROUND, OF_DOCKS, OF_HARBOURS
from .verdicts import WRITTEN, Here, Seen, about, called, differences, differences_of_ground, in_words, judge, present

Lines = list[tuple[str, str, str]]
# What a new berth may bring with it.
MADE = ("harbour", "dock")


class Check(kinds.Check):
    def __init__(self, found: Import, port: CurrentPort) -> None:
        super().__init__(found, port)
        self.seen = Seen()

    def judge(self, rows: Mapping[int, Mapping[str, Any]]) -> Mapping[int, Judgement]:
        here = about(list(rows.values()))
        return {
            number: judge(fields, number, here, self.seen, self.columns, may_update=self.may_update)
            for number, fields in rows.items()
        }


class Berths(Kind):
    name = "berths"
    blueprint = "berths"
    permission = "berths.import"
    edits = "berths.edit"
    act = "import_berths"
    record = "berth_id"
    rows, check, batch = Rows, Check, Batch
    rooms = ("berths", "berths:narrowed", "harbours", "overview")
    adds_duplicates = False  # a number is there once on a dock
    words = Words(
        records=lazy_gettext("Berths"),
        title=lazy_gettext("Import berths"),
        about=lazy_gettext("Files of berths, checked row by row before anything is saved"),
        empty=lazy_gettext(
            "Bring your berths from a CSV or XLSX file, with their harbours and docks. Every row is checked first, and"
            " you see what will happen before anything is saved."
        ),
        file=lazy_gettext("File of berths"),
        help=lazy_gettext(
            "A CSV or XLSX file with a row of headings, then one berth a row: its number, with harbour, dock and"
            " dimensions in metres or feet. Headings that say what they hold are known; of others you say it."
        ),
        running=lazy_gettext("Importing berths"),
        finished=lazy_gettext("Everything that came in is in the list of berths."),
        changes=lazy_gettext("change a berth"),
        undo=lazy_gettext("The whole import can be undone until %(day)s, changed berths, docks and harbours included."),
        show_all=lazy_gettext("Show the berths"),
        show_one=lazy_gettext("Open the berth"),
    )

    def columns_of(self, found: Import) -> Columns:
        return Columns.of(current_port_of(found.port_id), may_tag=found.may_update)

    def called(self, fields: Mapping[str, Any]) -> str:
        return called(fields)

    def details(self, fields: Mapping[str, Any]) -> Sequence[str]:
        return [str(fields["harbour"])] if fields.get("harbour") else []

    def added(self, row: ImportRow) -> str:
        """With the dock and the harbour that it brings."""
        made = {name: new for name, _old, new in row.differences if name in MADE}
        if not row.fields[ACTIVE]:
            text = _("Added to the archive: it is not in use.")
        elif len(made) == len(MADE):
            text = _("Added, with the harbour %(harbour)s and its dock %(dock)s.", **made)
        elif "dock" in made:
            text = _("Added, with the dock %(dock)s.", **made)
        elif made:
            text = _("Added, with the harbour %(harbour)s.", **made)
        else:
            text = _("Added.")
        if tags := row.fields.get("tags"):
            text += " " + _("Tagged %(tags)s.", tags=", ".join(tags))
        return text

    def named(self, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Named]:
        if not ids:
            return {}
        on = (Dock.port_id == Berth.port_id) & (Dock.id == Berth.dock_id)
        found = select(Berth.id, Berth.number, Berth.code, Dock.name).join(Dock, on).where(Berth.id.in_(ids))
        return {row.id: Named(berth_name(row.name, row.code), row.number) for row in db.session.execute(found)}

    def told(self, found: Sequence[Differences], columns: files.Columns) -> list[Lines]:
        return [
            [
                (columns.label_of(name), in_words(name, old, columns), in_words(name, new, columns))
                for name, old, new in one
                if name not in MADE
            ]
            for one in found
        ]

    def compared(self, row: ImportRow, columns: files.Columns) -> tuple[Lines, Differences] | None:
        here = about([row.fields])
        berth = here.berth(row.fields)
        if berth is None or berth["id"] != row.berth_id:
            return None
        there = self._as_a_row(row.fields, berth, here)
        lines = [
            (columns.label_of(name), in_words(name, row.fields.get(name), columns), in_words(name, value, columns))
            for name, value in there.items()
            if row.fields.get(name) not in (None, "")
        ]
        return lines, self._differences(row.fields, berth, here)

    def _as_a_row(self, fields: Mapping[str, Any], berth: Mapping[str, Any], here: Here) -> dict[str, Any]:
        harbour, dock = here.harbour(fields) or {}, here.dock(fields) or {}
        ground = {
            name: as_read(name.removeprefix(of), record[name.removeprefix(of)])
            for record, of in ((harbour, OF_HARBOURS), (dock, OF_DOCKS))
            for name in GROUND
            if name.startswith(of)
        }
        names = {"harbour": harbour["name"], "dock": dock["name"], "code": berth["code"]}
        own = {name: present(name, berth) for name in (*WRITTEN, *own_of(fields))}
        return {**names, **own, "tags": sorted(here.tags.get(berth["id"], {}).values()), ACTIVE: True, **ground}

    def _differences(self, fields: Mapping[str, Any], berth: Mapping[str, Any], here: Here) -> Differences:
        return [*differences(fields, berth, here), *differences_of_ground(fields, here)]

    # --- Deciding

    @property
    def always_shown(self) -> Sequence[str]:
        return ("code", "harbour", "dock")

    def as_text(self, name: str, value: Any) -> str:
        labels = {str(key): str(label) for key, label in CHOICES.get(name, ())}
        return labels.get(str(value)) or super().as_text(name, value)

    def differences(self, row: ImportRow) -> Differences:
        here = about([row.fields])
        berth = here.berth(row.fields)
        return self._differences(row.fields, berth, here) if berth and berth["id"] == row.berth_id else []

    def judge_again(self, found: Import, row: ImportRow) -> Judgement:
        """By itself, and by the rows above that speak of the same dock or harbour."""
        seen, same = Seen(), ImportRow.fields["harbour"].astext == row.fields["harbour"]
        for number, fields in found.used_above(row, same).items():
            seen.add(fields, number)
        columns, here = self.columns_of(found), about([row.fields])
        return judge(row.fields, row.row_number, here, seen, columns, may_update=found.may_update)
