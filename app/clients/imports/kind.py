"""Clients, with their vessels, as the wizard of imports asks about them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from ...current import CurrentPort, member
from ...db import db
from ...events.models import Actor
from ...fields.models import is_custom
from ...identity.models import User, UserPortRole
from ...imports import kinds
from ...imports.columns import Columns
from ...imports.kinds import Differences, Kind, Named, ReadRow, Words
from ...imports.models import USED, Import, ImportRow
from ...imports.reading import decimal_sign_of
from ...imports.verdicts import Judgement
from ...tables.reading import Table
from ..labels import FIELDS
from ..models import Client
from .batch import Batch
from .contact_file import Reading, columns_of, judged, known_to, read_row, separate
from .targets import ADDRESS, CONTACTS, VESSEL_BY
from .verdicts import Here, RowAt, Seen, about, differences, in_words, judge, label_of, present
from .vessel_rows import NUMBER, OF_VESSELS, vessel_of
from .vessel_rows import present as present_of_vessel

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
Lines = list[tuple[str, str, str]]


class Clients(Kind):
    name = "clients"
    blueprint = "clients"
    permission = "admin.import_data"
    edits = "clients.edit"
    act = "import"
    record = "client_id"
    rooms = ("clients", "clients:own")
    newest: ClassVar[Mapping[str, str]] = {"sort": "created", "direction": "desc"}
    words = Words(
        records=lazy_gettext("Clients"),
        title=lazy_gettext("Import contacts"),
        about=lazy_gettext("Contact files, checked row by row before anything is saved"),
        empty=lazy_gettext(
            "Bring your contacts from a CSV or XLSX file. Every row is checked first, and you see what will happen"
            " before anything is saved."
        ),
        file=lazy_gettext("Contact file"),
        help=lazy_gettext(
            "A CSV or XLSX file with a row of headings, up to 50 MB and 200,000 rows. Files from Google Contacts,"
            " Outlook and HubSpot are read as they are; of others you say what each column holds."
        ),
        running=lazy_gettext("Importing contacts"),
        finished=lazy_gettext("Everything that came in is in the list of clients."),
        changes=lazy_gettext("change a client"),
        undo=lazy_gettext("The whole import can be undone until %(day)s, changed clients and vessels included."),
        show_all=lazy_gettext("Show the clients"),
        show_one=lazy_gettext("Open the client"),
        add=lazy_gettext("Add as another client"),
        twin=lazy_gettext("The client of row %(row)s."),
    )

    def columns_of(self, found: Import) -> Columns:
        return columns_of(found)

    def check(self, found: Import, port: CurrentPort) -> Check:
        return Check(found, port)

    def batch(self, found: Import, rows: Sequence[Any], by: Actor) -> Batch:
        return Batch(found, rows, by)

    def called(self, fields: Mapping[str, Any]) -> str:
        return str(fields.get("full_name") or "")

    def details(self, fields: Mapping[str, Any]) -> Sequence[str]:
        """E-mail addresses and phone numbers, as they stand in the file."""
        return [contact["value"] for contact in fields.get("contacts", ())]

    def added(self, row: ImportRow) -> str:
        fields = row.fields
        is_company = fields.get("kind", fields.get("assumed", {}).get("kind")) == "company"
        text = _("Added as a company.") if is_company else _("Added as a person.")
        if vessel := fields.get("vessel_name"):
            text += " " + _("With the vessel %(name)s.", name=vessel)
        return text

    def named(self, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Named]:
        if not ids:
            return {}
        rows = db.session.execute(select(Client.id, Client.full_name, Client.number).where(Client.id.in_(ids)))
        return {row.id: Named(row.full_name, row.number) for row in rows}

    def told(self, found: Sequence[Differences], columns: Columns) -> list[Lines]:
        names_owners = any(name == "owner_id" for one in found for name, _old, _new in one)
        owners = owner_names() if names_owners else {}
        return [
            [
                (label_of(name, columns), in_words(name, old, owners, columns), in_words(name, new, owners, columns))
                for name, old, new in one
            ]
            for one in found
        ]

    def compared(self, row: ImportRow, columns: Columns) -> tuple[Lines, Differences] | None:
        if row.client_id is None:
            return None
        here = about([row.fields], ids=[row.client_id])
        client = here.clients.get(row.client_id)
        if client is None:
            return None
        return _side_by_side(row, client, here, columns), differences(row.fields, row.client_id, here)

    # --- Deciding

    def typed_names(self, columns: Columns) -> Sequence[str]:
        more = [field.key for field in columns.fields if field.key in columns.read or field.key in ("tags", NUMBER)]
        return (*TYPED, *(key for key in more if key not in TYPED), *AT_THE_END)

    @property
    def always_shown(self) -> Sequence[str]:
        return ("full_name", "email", "phone")

    def as_typed(self, fields: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
        typed = {name: as_text(value) for name, value in fields.items() if name in names}
        for kind in CONTACTS:
            typed[kind] = "; ".join(one["value"] for one in fields.get("contacts", ()) if one["kind"] == kind)
        if fields.get("owner_id"):
            typed["owner"] = owner_names().get(fields["owner_id"], "")
        return typed

    def read_typed(self, found: Import, row: ImportRow, typed: Mapping[str, str], columns: Columns) -> ReadRow:
        """Contacts with semicolons between them; each keeps its label."""
        labels = {one["value"]: one.get("label", "") for one in row.fields.get("contacts", ())}
        contacts = [
            {**one, "label": labels.get(one["value"], "")}
            for kind in CONTACTS
            for one in separate(kind, typed.get(kind, ""), "")
        ]
        named = {name: value for name, value in typed.items() if name not in CONTACTS}
        assumed = row.fields.get("assumed", {"kind": "person"})
        known = known_to(found, member.here(), columns)
        return judged({"full_name": "", **named, "assumed": assumed}, contacts, known)

    def differences(self, row: ImportRow) -> Differences:
        if row.client_id is None:
            return []
        here = about([row.fields], ids=[row.client_id])
        return differences(row.fields, row.client_id, here) if row.client_id in here.clients else []

    def judge_again(self, found: Import, row: ImportRow) -> Judgement:
        """By itself, and by the rows above of somebody of the same name, who may get another vessel."""
        here, seen, kept = about([row.fields]), Seen(keeps_names=True), rows_of_the_name(found, row)
        for one in kept.values():
            if one.verdict in USED and one.twin is None:
                seen.add_client(one.fields, one.row_number, one.client_id)
        for one in kept.values():
            if one.verdict in USED and one.twin in kept:
                seen.add_vessel(vessel_of(one.fields), one.twin, seen.clients.get(one.twin), one.row_number)
        rows = {number: one.fields for number, one in kept.items()}
        return judge(row.fields, row.row_number, here, seen, may_update=found.may_update, row_at=rows.get)


class Check(kinds.Check):
    def __init__(self, found: Import, port: CurrentPort) -> None:
        self.import_id, self.may_update = found.id, found.may_update
        self.known = known_to(found, port)
        self.columns = self.known.columns

    def begin(self, table: Table, targets: Sequence[str]) -> None:
        sign = decimal_sign_of(table, targets, self.columns)
        self.reading = Reading(table.header, list(targets), self.known, sign)
        self.seen = Seen(keeps_names=bool(VESSEL_BY & set(targets)))

    def read(self, cells: Sequence[str]) -> ReadRow:
        return read_row(self.reading, cells)

    def judge(self, rows: Mapping[int, Mapping[str, Any]]) -> Mapping[int, Judgement]:
        here, row_at = about(list(rows.values())), self._rows_above(rows)
        return {
            number: judge(fields, number, here, self.seen, may_update=self.may_update, row_at=row_at)
            for number, fields in rows.items()
        }

    def _rows_above(self, batch: Mapping[int, Mapping[str, Any]]) -> RowAt:
        """The fields of a row of the file: of this batch, or of one that is kept already."""
        kept: dict[int, Mapping[str, Any] | None] = dict(batch)
        if asked_for := {row for fields in batch.values() for row in self.seen.with_same_client(fields)}:
            its = select(ImportRow.row_number, ImportRow.fields).where(ImportRow.row_number.in_(asked_for))
            kept.update((number, fields) for number, fields in self._of_this(its))

        def row_at(number: int) -> Mapping[str, Any] | None:
            if number not in kept:
                one = select(ImportRow.row_number, ImportRow.fields).where(ImportRow.row_number == number)
                kept[number] = next((fields for _number, fields in self._of_this(one)), None)
            return kept[number]

        return row_at

    def _of_this(self, rows: Any) -> Any:
        return db.session.execute(rows.where(ImportRow.import_id == self.import_id))


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


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def owner_names() -> dict[str, str]:
    members = select(UserPortRole.user_id).where(UserPortRole.port_id == member.here().id)
    rows = db.session.execute(select(User.id, User.name).where(User.id.in_(members)))
    return {str(row.id): row.name for row in rows}


def _side_by_side(row: ImportRow, client: Mapping[str, Any], here: Here, columns: Columns) -> Lines:
    lines, owners = [], owner_names()
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


def _vessels_side_by_side(row: ImportRow, client: Mapping[str, Any], here: Here, columns: Columns) -> Lines:
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
