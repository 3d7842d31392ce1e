"""What a row of a contact file says, field by field, read as the records take it: also of what was typed by hand."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from ...fields.models import Unfit
from ...imports.columns import Columns
from ...imports.reading import TOTALS, ReadRow, WrongRow, too_long
from ...imports.tags import read_tags
from ...sorting import sort_name
from ..labels import FIELDS
from ..models.contact import Unfit as UnfitContact
from ..models.contact import read_value
from .known import Known
from .vessel_rows import NUMBER, vessel_of

MOST_CONTACTS = 30
LONGEST_CONTACT = 320


def judged(
    named: dict[str, Any],
    contacts: Sequence[dict[str, str]],
    known: Known,
    *,
    problem: tuple[str, str] | None = None,
) -> ReadRow:
    """The fields and contacts of a row; with them why it cannot be let in, and by which field."""
    named["contacts"] = list(contacts)
    try:
        if problem:
            raise WrongRow(*problem)
        _check_shape(named, known.columns)
        _read_fields(named, known.columns)
        if named.get("tags"):
            named["tags"] = read_tags(named["tags"], known.tags, may_add=known.may_add_tags)
        _read_owner(named, known.colleagues)
        _read_vessel(named)
        named["contacts"] = _read_contacts(contacts, country=named.get("country") or known.country)
    except WrongRow as error:
        return named, str(error), error.field
    return named, "", ""


def _check_shape(named: dict[str, Any], columns: Columns) -> None:
    name = named["full_name"]
    if not name:
        raise WrongRow(_("There is no name in this row."), "full_name")
    is_somebody = named["contacts"] or named.get("number")
    if sort_name(name).partition(":")[0].strip() in TOTALS and not is_somebody:
        raise WrongRow(_("This looks like a row of totals, not like a client."), "full_name")
    if wrong := too_long(named, columns):
        raise wrong


def _read_fields(named: dict[str, Any], columns: Columns) -> None:
    """By what reads each field. Numbers become text with a point: rows are kept as JSON."""
    for key, typed in list(named.items()):
        reader = columns.read[key].read if key in columns.read else None
        if reader is None or not typed or not isinstance(typed, str):
            continue
        try:
            value = reader(typed)
        except Unfit as error:
            raise WrongRow(f"{columns.label_of(key)}: {error}", key) from error
        named[key] = str(value) if isinstance(value, Decimal) else value


def _read_owner(named: dict[str, Any], colleagues: Mapping[str, uuid.UUID]) -> None:
    if owner := named.pop("owner", ""):
        if owner.casefold() not in colleagues:
            text = _("“%(name)s” is nobody who works here.", name=owner[:60])
            named["owner"] = owner
            raise WrongRow(text, "owner")
        named["owner_id"] = str(colleagues[owner.casefold()])
    if number := named.get("number"):
        if not re.fullmatch(r"[0-9]{1,9}", str(number)):
            raise WrongRow(_("“%(number)s” is no client number.", number=number), "number")
        named["number"] = int(number)


def _read_vessel(named: dict[str, Any]) -> None:
    """One without a name is called by its registration."""
    if (number := named.get(NUMBER)) and not re.fullmatch(r"[0-9]{1,9}", number):
        raise WrongRow(_("“%(number)s” is no vessel number.", number=number), NUMBER)
    if not vessel_of(named) or named.get("vessel_name"):
        return
    if not named.get("vessel_registration"):
        raise WrongRow(_("The row has a vessel without a name."), "vessel_name")
    named["vessel_name"] = named["vessel_registration"]


def _read_contacts(typed: Sequence[dict[str, str]], *, country: str) -> list[dict[str, str]]:
    """Each as people see it and with its normalised value, each once."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for contact in typed:
        try:
            shown, normalised = read_value(contact["kind"], contact["value"], country=country)
        except UnfitContact as error:
            raise WrongRow(f"“{contact['value'][:60]}”: {error}", contact["kind"]) from error
        if len(shown) > LONGEST_CONTACT:
            words = {"field": FIELDS[contact["kind"]].label, "limit": LONGEST_CONTACT}
            raise WrongRow(_("%(field)s is longer than %(limit)d characters.", **words), contact["kind"])
        found.setdefault((contact["kind"], normalised), {**contact, "shown": shown, "normalised": normalised})
    if len(found) > MOST_CONTACTS:
        raise WrongRow(_("The row has more than %(count)d ways to reach the client.", count=MOST_CONTACTS))
    return list(found.values())
