"""The rows of a checked file as they are shown, and what somebody decides on one: mend it, leave it out, let it in."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, request, url_for
from sqlalchemy import literal, select, union_all
from wtforms import StringField, TextAreaField

from ..db import db
from ..forms import Form
from .columns import Columns
from .kinds import KINDS, Kind, Named
from .models import NEEDS_SOMEBODY, RANKS, Import, ImportRow
from .verdicts import Verdict

SHOWN = 50
FILTERS: dict[str, tuple[str, ...]] = {
    "": tuple(RANKS),
    "needs": NEEDS_SOMEBODY,
    **{verdict: (verdict,) for verdict in RANKS},
}


@dataclass(frozen=True)
class Rows:
    """One page of rows; `first` is the position of its first, `told` what each changes: field, old and new."""

    rows: Sequence[ImportRow]
    first: int
    total: int
    previous_url: str | None
    next_url: str | None
    names: Mapping[uuid.UUID, Named]
    told: Mapping[uuid.UUID, list[tuple[str, str, str]]]

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


def place_of(args: Mapping[str, str]) -> dict[str, str]:
    """Where in the list of rows somebody was."""
    return {name: args[name] for name in ("verdict", "after", "before", "from") if args.get(name)}


def rows_of_import(found: Import, verdict: str, columns: Columns) -> Rows:
    """The page of rows that the address asks for: what needs somebody first, each verdict in the order of the file."""
    wanted, backwards, kind = FILTERS[verdict], "before" in request.args, KINDS[found.kind]
    edge = _edge(request.args.get("before" if backwards else "after", ""))
    parts = [_part(found, one, edge, backwards=backwards) for one in wanted]
    whole = union_all(*[select(part.subquery()) for part in parts]).subquery()
    order = (whole.c.rank.desc(), whole.c.row_number.desc()) if backwards else (whole.c.rank, whole.c.row_number)
    ids = select(whole.c.id, whole.c.rank, whole.c.row_number).order_by(*order).limit(SHOWN + 1)
    keys = db.session.execute(ids).all()
    more, keys = len(keys) > SHOWN, keys[:SHOWN]
    by_id = {row.id: row for row in db.session.scalars(select(ImportRow).where(ImportRow.id.in_([k.id for k in keys])))}
    rows = [by_id[key.id] for key in (reversed(keys) if backwards else keys)]
    total = sum(getattr(found, f"{one}_count") for one in wanted)
    has_previous, has_next = (more, True) if backwards else (edge is not None, more)
    first = request.args.get("from", 1, type=int) if has_previous else 1

    def url(name: str, row: ImportRow, start: int) -> str:
        place: dict[str, Any] = {name: f"{RANKS[row.verdict]}.{row.row_number}", "from": max(start, 1)}
        return url_for(f"{kind.blueprint}.show_import", number=found.number, verdict=verdict or None, **place)

    return Rows(
        rows,
        max(first, 1),
        total,
        url("before", rows[0], first - SHOWN) if rows and has_previous else None,
        url("after", rows[-1], first + len(rows)) if rows and has_next else None,
        kind.named({row.record_id for row in rows if row.record_id}),
        dict(zip([row.id for row in rows], kind.told([row.differences for row in rows], columns), strict=True)),
    )


def _edge(place: str) -> tuple[int, int] | None:
    if not place:
        return None
    found = re.fullmatch(r"([0-4])\.([0-9]{1,9})", place)
    if not found:
        abort(400)
    return int(found[1]), int(found[2])


def _part(found: Import, verdict: str, edge: tuple[int, int] | None, *, backwards: bool) -> Any:
    """The rows of one verdict on one side of the edge: an index scan of one page."""
    rank = RANKS[verdict]
    part = select(ImportRow.id, ImportRow.row_number, literal(rank).label("rank")).where(
        ImportRow.import_id == found.id, ImportRow.verdict == verdict
    )
    if edge is not None and rank == edge[0]:
        part = part.where(ImportRow.row_number < edge[1] if backwards else ImportRow.row_number > edge[1])
    elif edge is not None and (rank > edge[0] if backwards else rank < edge[0]):
        part = part.where(literal(False))
    order = ImportRow.row_number.desc() if backwards else ImportRow.row_number
    return part.order_by(order).limit(SHOWN + 1)


# --- One row ------------------------------------------------------------------------------------------------------

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
