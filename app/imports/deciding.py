"""What somebody decides on one row of a checked file: mend it, leave it out, let it in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from sqlalchemy import select
from wtforms import StringField, TextAreaField

from ..db import db
from ..forms import Form
from .columns import Columns
from .kinds import KINDS, Kind
from .models import Import, ImportRow
from .verdicts import Verdict

LONG = ("note", "notes")  # what is typed in an area


class RowForm(Form):
    """A row to be mended: each field as text. Made by `form_of`."""

    subject: Kind
    columns: Columns
    typed: Sequence[str]

    def shown(self, row: ImportRow) -> list[Any]:
        """The fields that the row has, or lacks."""
        has = self.subject.as_typed(row.fields, self.typed)
        names = {*self.subject.always_shown, row.problem, *(name for name in has if has[name])}
        names |= {name for name in self.typed if self[name].errors or self[name].data}
        return [self[name] for name in self.typed if name in names]


def form_of(found: Import, columns: Columns, row: ImportRow | None = None) -> RowForm:
    """As it was sent, or opened for the row."""
    kind = KINDS[found.kind]
    typed = kind.typed_names(columns)
    fields: dict[str, Any] = {
        name: (TextAreaField if name in LONG else StringField)(columns.by_key[name].label) for name in typed
    }
    made = type("RowForm", (RowForm,), {**fields, "subject": kind, "columns": columns, "typed": typed})
    form: RowForm = made(formdata=None, data=kind.as_typed(row.fields, typed)) if row else made()
    return form


def mend(found: Import, row: ImportRow, form: RowForm) -> bool:
    """Judge the row anew by what was typed; False with the error beside its field when it is still wrong."""
    typed = {name: value for name, value in form.values().items() if value}
    fields, problem, key = form.subject.read_typed(found, row, typed)
    if problem:
        beside = form[key if key in form else form.subject.always_shown[0]]
        beside.errors = [problem]
        return False
    if found.is_open and row.is_waiting:
        row.fields = fields
        judge_again(found, row)
    return True


def judge_again(found: Import, row: ImportRow) -> None:
    kind = KINDS[found.kind]
    judgement = kind.judge_again(found, row)
    row.turn(found, judgement.verdict)
    row.message, row.problem, row.twin = judgement.message, judgement.problem, judgement.twin
    row.differences, row.is_decided = judgement.differences, False
    setattr(row, kind.record, judgement.record_id)


def decide(found: Import, row: ImportRow, to: str) -> None:
    """`out`: leave it out; `new`, `update`: let a duplicate in so; `again`: judge it anew."""
    if not found.is_open or not row.is_waiting:
        return
    if to == "out":
        row.leave_out(found)
    elif to == "again" and row.verdict == Verdict.OUT:
        take_in_again(found, row)
    elif to in (Verdict.NEW, Verdict.UPDATE) and row.let_in_as(found, Verdict(to)) and row.record_id:
        row.differences = [list(one) for one in KINDS[found.kind].differences(row)]


def take_in_again(found: Import, row: ImportRow) -> None:
    if row.problem:
        row.turn(found, Verdict.WRONG)
    else:
        judge_again(found, row)


def compared(found: Import, row: ImportRow, columns: Columns) -> dict[str, Any]:
    """What the page of one row shows: its fields beside those of the record it is like."""
    kind, record, twin = KINDS[found.kind], None, None
    lines: list[tuple[str, str, str]] = []
    changes: list[tuple[str, str, str]] = []
    if row.record_id and row.verdict != Verdict.WRONG and (found_here := kind.compared(row, columns)):
        record = kind.named({row.record_id})[row.record_id]
        lines, differences = found_here
        (changes,) = kind.told([differences], columns)
    if row.twin:
        statement = select(ImportRow).where(ImportRow.import_id == found.id, ImportRow.row_number == row.twin)
        twin = db.session.scalars(statement).one_or_none()
    return {
        "imported": found,
        "kind": kind,
        "row": row,
        "record": record,
        "compared": lines,
        "changes": changes,
        "twin": twin,
        "asked": request.args.get("verdict", ""),
    }
