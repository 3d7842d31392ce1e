"""Clients, with their vessels, as the wizard of imports asks about them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from ...current import member
from ...db import db
from ...imports import kinds
from ...imports.columns import Columns
from ...imports.kinds import Differences, Kind, Named, Words
from ...imports.models import USED, Import, ImportRow
from ...imports.reading import ReadRow
from ...imports.verdicts import Judgement
from ..models import Client
from .batch import Batch
from .check import Check
from .contact_file import Rows, separate
from .differences import differences, in_words, label_of
from .here import about
from .known import columns_of, known_to
from .seen import Seen
from .side_by_side import Lines, owner_names, side_by_side
from .targets import ADDRESS, CONTACTS
from .values import judged
from .verdicts import judge
from .vessel_rows import NUMBER, vessel_of

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


class Clients(Kind):
    name = "clients"
    blueprint = "clients"
    permission = "admin.import_data"
    edits = "clients.edit"
    act = "import"
    record = "client_id"
    rows, check, batch = Rows, Check, Batch
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
        return kinds.named(Client, Client.full_name, ids)

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
        return side_by_side(row, client, here, columns), differences(row.fields, row.client_id, here)

    # --- Deciding

    def typed_names(self, columns: Columns) -> Sequence[str]:
        more = [field.key for field in columns.fields if field.key in columns.read or field.key in ("tags", NUMBER)]
        return (*TYPED, *(key for key in more if key not in TYPED), *AT_THE_END)

    @property
    def always_shown(self) -> Sequence[str]:
        return ("full_name", "email", "phone")

    def as_typed(self, fields: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
        typed = super().as_typed(fields, names)
        for kind in CONTACTS:
            typed[kind] = "; ".join(one["value"] for one in fields.get("contacts", ()) if one["kind"] == kind)
        if fields.get("owner_id"):
            typed["owner"] = owner_names().get(fields["owner_id"], "")
        return typed

    def read_typed(self, found: Import, row: ImportRow, typed: Mapping[str, str]) -> ReadRow:
        """Contacts with semicolons between them; each keeps its label."""
        labels = {one["value"]: one.get("label", "") for one in row.fields.get("contacts", ())}
        contacts = [
            {**one, "label": labels.get(one["value"], "")}
            for kind in CONTACTS
            for one in separate(kind, typed.get(kind, ""), "")
        ]
        named = {name: value for name, value in typed.items() if name not in CONTACTS}
        assumed = row.fields.get("assumed", {"kind": "person"})
        known = known_to(found, member.here())
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
