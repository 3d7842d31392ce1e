"""A row of a contact file beside the client it is like: field, in the file, here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from ...current import member
from ...db import db
from ...fields.models import is_custom
from ...identity.models import User, UserPortRole
from ...imports.columns import Columns
from ...imports.models import ImportRow
from ..labels import FIELDS
from ..models import Client
from .differences import in_words, label_of, present
from .here import Here
from .targets import CONTACTS
from .vessel_rows import OF_VESSELS, vessel_of
from .vessel_rows import present as present_of_vessel

Lines = list[tuple[str, str, str]]


def side_by_side(row: ImportRow, client: Mapping[str, Any], here: Here, columns: Columns) -> Lines:
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
        theirs = ", ".join(sorted(here.tags.get(client["id"], {}).values()))
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


def owner_names() -> dict[str, str]:
    members = select(UserPortRole.user_id).where(UserPortRole.port_id == member.here().id)
    rows = db.session.execute(select(User.id, User.name).where(User.id.in_(members)))
    return {str(row.id): row.name for row in rows}
