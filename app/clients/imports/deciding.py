"""The rows of a checked file as they are shown, and what somebody decides on one: mend it, leave it out, let it in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, request, url_for
from flask_babel import gettext as _
from sqlalchemy import literal, select, union_all
from wtforms import StringField, TextAreaField

from ...current import member
from ...db import db
from ...fields.models import is_custom
from ...forms import Form
from ...identity.models import User, UserPortRole
from ..labels import FIELDS
from ..models import Client, Import, ImportRow, Verdict
from ..models.imports import NEEDS_SOMEBODY, RANKS, USED
from .columns import Columns
from .contact_file import judged, known_to, separate
from .targets import ADDRESS, CONTACTS
from .verdicts import Here, Seen, about, differences, in_words, judge, label_of, present
from .vessel_rows import NUMBER, OF_VESSELS, vessel_of
from .vessel_rows import present as present_of_vessel

SHOWN = 50
FILTERS: dict[str, tuple[str, ...]] = {
    "": tuple(RANKS),
    "needs": NEEDS_SOMEBODY,
    **{verdict: (verdict,) for verdict in RANKS},
}


@dataclass(frozen=True)
class Rows:
    """One page of rows; `first` is the position of its first."""

    rows: Sequence[ImportRow]
    first: int
    total: int
    previous_url: str | None
    next_url: str | None
    names: Mapping[Any, Any]
    owners: Mapping[str, str]
    columns: Columns

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    def told(self, row: ImportRow) -> list[tuple[str, str, str]]:
        """The differences of a row: field, old and new as people read them."""
        return told(row.differences, self.owners, self.columns)


def told(found: Sequence[Sequence[Any]], owners: Mapping[str, str], columns: Columns) -> list[tuple[str, str, str]]:
    return [
        (label_of(name, columns), in_words(name, old, owners, columns), in_words(name, new, owners, columns))
        for name, old, new in found
    ]


def place_of(args: Mapping[str, str]) -> dict[str, str]:
    """Where in the list of rows somebody was."""
    return {name: args[name] for name in ("verdict", "after", "before", "from") if args.get(name)}


def rows_of_import(found: Import, verdict: str, columns: Columns) -> Rows:
    """The page of rows that the address asks for: what needs somebody first, each verdict in the order of the file."""
    wanted, backwards = FILTERS[verdict], "before" in request.args
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
        return url_for("clients.show_import", number=found.number, verdict=verdict or None, **place)

    return Rows(
        rows,
        max(first, 1),
        total,
        url("before", rows[0], first - SHOWN) if rows and has_previous else None,
        url("after", rows[-1], first + len(rows)) if rows and has_next else None,
        _names({row.client_id for row in rows if row.client_id}),
        owner_names() if any(name == "owner_id" for row in rows for name, _o, _n in row.differences) else {},
        columns,
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


def _names(ids: set[Any]) -> dict[Any, Any]:
    if not ids:
        return {}
    rows = db.session.execute(select(Client.id, Client.full_name, Client.number).where(Client.id.in_(ids)))
    return {row.id: row for row in rows}


def owner_names() -> dict[str, str]:
    members = select(UserPortRole.user_id).where(UserPortRole.port_id == member.here().id)
    rows = db.session.execute(select(User.id, User.name).where(User.id.in_(members)))
    return {str(row.id): row.name for row in rows}


# --- One row ------------------------------------------------------------------------------------------------------

# What is typed in a row's form, in this order; then the port's own fields, tags and the note.
TYPED = (
    "full_name",
    "company_name",
    "preferred_name",
    *CONTACTS,
    *ADDRESS,
    "nationality",
    "languages",
    "tax_number",
    "status",
    "source",
    "owner",
    "kind",
    "marketing_consent",
    "number",
)
AT_THE_END = ("note",)


class RowForm(Form):
    """A row to be mended: each field as text, contacts with semicolons between them. Made by `form_of`."""

    columns: Columns
    typed: Sequence[str]

    def shown(self, row: ImportRow) -> list[Any]:
        """The fields that the row has, or lacks."""
        has = typed_of(row.fields, self.typed)
        names = {"full_name", "email", "phone", row.problem, *(name for name in has if has[name])}
        names |= {name for name in self.typed if self[name].errors or self[name].data}
        return [self[name] for name in self.typed if name in names]


def form_of(columns: Columns, row: ImportRow | None = None) -> RowForm:
    """As it was sent, or opened for the row."""
    more = [field.key for field in columns.fields if field.key in columns.read or field.key in ("tags", NUMBER)]
    typed = (*TYPED, *(key for key in more if key not in TYPED), *AT_THE_END)
    fields: dict[str, Any] = {
        name: (TextAreaField if name == "note" else StringField)(columns.by_key[name].label) for name in typed
    }
    made = type("RowForm", (RowForm,), {**fields, "columns": columns, "typed": typed})
    form: RowForm = made(formdata=None, data=typed_of(row.fields, typed)) if row else made()
    return form


def typed_of(fields: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """What stands in a row as somebody would type it."""
    typed = {name: as_text(value) for name, value in fields.items() if name in names}
    for kind in CONTACTS:
        typed[kind] = "; ".join(one["value"] for one in fields.get("contacts", ()) if one["kind"] == kind)
    if fields.get("owner_id"):
        typed["owner"] = owner_names().get(fields["owner_id"], "")
    return typed


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def mend(found: Import, row: ImportRow, form: RowForm) -> bool:
    """Judge the row anew by what was typed; False with the error beside its field when it is still wrong."""
    typed = {name: value for name, value in form.values().items() if value}
    labels = {one["value"]: one.get("label", "") for one in row.fields.get("contacts", ())}
    contacts = [
        {**one, "label": labels.get(one["value"], "")}
        for kind in CONTACTS
        for one in separate(kind, typed.pop(kind, ""), "")
    ]
    assumed = row.fields.get("assumed", {"kind": "person"})
    named = {"full_name": "", **typed, "assumed": assumed}
    fields, problem, key = judged(named, contacts, known_to(found, member.here(), form.columns))
    if problem:
        beside = form[key if key in form else "full_name"]
        beside.errors = [problem]
        return False
    if found.is_open and row.is_waiting:
        row.fields = fields
        judge_again(found, row)
    return True


def judge_again(found: Import, row: ImportRow) -> None:
    """By itself, and by the rows above of somebody of the same name, who may get another vessel."""
    here, seen, kept = about([row.fields]), Seen(keeps_names=True), rows_of_the_name(found, row)
    for one in kept.values():
        if one.verdict in USED and one.twin is None:
            seen.add_client(one.fields, one.row_number, one.client_id)
    for one in kept.values():
        if one.verdict in USED and one.twin in kept:
            seen.add_vessel(vessel_of(one.fields), one.twin, seen.clients.get(one.twin), one.row_number)
    rows = {number: one.fields for number, one in kept.items()}
    judgement = judge(row.fields, row.row_number, here, seen, may_update=found.may_update, row_at=rows.get)
    row.turn(found, judgement.verdict)
    row.message, row.problem, row.twin = judgement.message, judgement.problem, judgement.twin
    row.client_id, row.differences, row.is_decided = judgement.client_id, judgement.differences, False


def rows_of_the_name(found: Import, row: ImportRow) -> dict[int, ImportRow]:
    """Rows above that may have the client of this one's vessel."""
    if not vessel_of(row.fields):
        return {}
    above = select(ImportRow).where(
        ImportRow.import_id == found.id,
        ImportRow.row_number < row.row_number,
        ImportRow.fields["full_name"].astext == row.fields["full_name"],
    )
    return {one.row_number: one for one in db.session.scalars(above.order_by(ImportRow.row_number))}


def decide(found: Import, row: ImportRow, to: str) -> None:
    """`out`: leave it out; `new`, `update`: let a duplicate in so; `again`: judge it anew."""
    if not found.is_open or not row.is_waiting:
        return
    if to == "out":
        row.leave_out(found)
    elif to == "again" and row.verdict == Verdict.OUT:
        take_in_again(found, row)
    elif to in (Verdict.NEW, Verdict.UPDATE) and row.let_in_as(found, Verdict(to)) and row.client_id:
        here = about([row.fields], ids=[row.client_id])
        row.differences = differences(row.fields, row.client_id, here) if row.client_id in here.clients else []


def take_in_again(found: Import, row: ImportRow) -> None:
    if row.problem:
        row.turn(found, Verdict.WRONG)
    else:
        judge_again(found, row)


def compared(found: Import, row: ImportRow, columns: Columns) -> dict[str, Any]:
    """What the page of one row shows: its fields beside those of the client it is like."""
    lines, owners = [], owner_names()
    client = None
    if row.client_id and row.verdict != Verdict.WRONG:
        here = about([row.fields], ids=[row.client_id])
        client = here.clients.get(row.client_id)
    if client:
        lines = _side_by_side(row, client, here, owners, columns)
    twin = None
    if row.twin:
        statement = select(ImportRow).where(ImportRow.import_id == found.id, ImportRow.row_number == row.twin)
        twin = db.session.scalars(statement).one_or_none()
    changes = told(differences(row.fields, row.client_id, here), owners, columns) if client and row.client_id else []
    return {
        "imported": found,
        "row": row,
        "client": client,
        "compared": lines,
        "changes": changes,
        "twin": twin,
        "asked": request.args.get("verdict", ""),
    }


def _side_by_side(
    row: ImportRow, client: Mapping[str, Any], here: Here, owners: Mapping[str, str], columns: Columns
) -> list[tuple[str, str, str]]:
    lines = []
    for name in (*Client.EDITABLE, *filter(is_custom, row.fields)):
        ours = in_words(name, row.fields.get(name), owners, columns)
        theirs = in_words(name, present(client, name), owners, columns)
        if ours or (theirs and name in ("full_name", "company_name", "town", "country")):
            lines.append((label_of(name, columns), ours, theirs))
    contacts = here.contacts.get(client["id"], {})
    for kind in CONTACTS:
        ours = ", ".join(
            one.get("shown", one["value"]) for one in row.fields.get("contacts", ()) if one["kind"] == kind
        )
        theirs = ", ".join(one["value"] for one in contacts.get(kind, ()))
        if ours or theirs:
            lines.append((str(FIELDS[kind].label), ours, theirs))
    if row.fields.get("tags"):
        theirs = ", ".join(sorted(here.tags.get(client["id"], ())))
        lines.append((label_of("tags", columns), ", ".join(row.fields["tags"]), theirs))
    lines += _vessels_side_by_side(row, client, here, columns)
    if row.fields.get("note"):
        lines.append((_("Note"), row.fields["note"], ""))
    return lines


def _vessels_side_by_side(
    row: ImportRow, client: Mapping[str, Any], here: Here, columns: Columns
) -> list[tuple[str, str, str]]:
    """The vessel of the row beside the one it is, or beside the names of those that the client has."""
    vessel = vessel_of(row.fields)
    if not vessel:
        return []
    known = here.fleet.named(vessel, client["id"])
    if known is None:
        theirs = [here.fleet.vessels[one]["name"] for one in here.fleet.by_client.get(client["id"], ())]
        return [(_("Vessel"), vessel["name"], ", ".join(theirs))]
    lines = []
    for name, value in vessel.items():
        key, there = OF_VESSELS + name, present_of_vessel(here.fleet.vessels[known], name)
        lines.append((label_of(key, columns), in_words(key, value, {}, columns), in_words(key, there, {}, columns)))
    return lines
