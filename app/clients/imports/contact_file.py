"""One row of a contact file, read by the fields its columns fill."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select

from ...current import CurrentPort
from ...db import db
from ...decimals import Unclear
from ...fields.models import Unfit
from ...identity.models import User, UserPortRole
from ...imports.columns import Columns as AnyColumns
from ...imports.columns import plain, unit_of
from ...imports.reading import TOTALS, WrongRow, formula_in, is_number, pointed, too_long, too_many
from ...sorting import sort_name
from ...tags.models import Tag
from ..labels import FIELDS
from ..models.client import ClientKind
from ..models.contact import Unfit as UnfitContact
from ..models.contact import read_value
from .columns import Columns
from .targets import ADDRESS, CONTACTS, NAMES
from .vessel_rows import NUMBER, vessel_of

if TYPE_CHECKING:
    from ...imports.models import Import

MOST_CONTACTS = 30
LONGEST_CONTACT = 320
LONGEST_LABEL = 60
LONGEST_TAG = 40


@dataclass(frozen=True)
class Known:
    """What the port knows that rows may speak of. `country` reads national phone numbers of rows without a country;
    `colleagues`: name or e-mail in lower case → id; `tags`: name in lower case → name; `may_add_tags`: whoever brings
    the file may add those that are missing."""

    country: str
    columns: AnyColumns = field(default_factory=Columns)
    colleagues: Mapping[str, uuid.UUID] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    may_add_tags: bool = True


def known_to(found: Import, port: CurrentPort, columns: AnyColumns | None = None) -> Known:
    """What rows of the file may speak of: nothing that whoever brings it may not write."""
    tags = select(Tag.name).where(Tag.port_id == found.port_id, Tag.archived_at.is_(None))
    return Known(
        country=port.country,
        columns=columns or columns_of(found),
        colleagues=Colleagues(found.port_id).ids,
        tags={name.casefold(): name for name in db.session.scalars(tags)},
        may_add_tags=found.may_add_tags,
    )


def columns_of(found: Import) -> Columns:
    return Columns.of(found.port_id, may_tag=found.may_update)


class Colleagues:
    """Who works in the port: by name or e-mail as files write it, and by id as events name them."""

    def __init__(self, port_id: uuid.UUID) -> None:
        rows = db.session.execute(
            select(User.id, User.name, User.email)
            .where(User.is_active, User.id.in_(select(UserPortRole.user_id).where(UserPortRole.port_id == port_id)))
            .order_by(User.id.desc())
        ).all()
        self.ids = {word.casefold(): row.id for row in rows for word in (row.name, row.email)}
        self.names = {str(row.id): row.name for row in rows}


@dataclass(frozen=True)
class Reading:
    """How the rows of a file are read: its headings with their targets, and its decimal sign (empty where it has
    both)."""

    header: list[str]
    targets: list[str]
    known: Known
    sign: str = "."

    @cached_property
    def keys(self) -> list[str]:
        return [target.partition("|")[0] for target in self.targets]

    @cached_property
    def numbers(self) -> dict[int, str]:
        """The columns of numbers, each with the unit that its heading says."""
        return {at: self._unit(at) for at, key in enumerate(self.keys) if is_number(key, self.known.columns)}

    def _unit(self, at: int) -> str:
        return unit_of(self.header[at]) if self.keys[at].endswith("_declared") else ""

    @cached_property
    def label_at(self) -> dict[int, int]:
        """The column of labels of a column of contacts."""
        found, waiting = {}, None
        for at, key in enumerate(self.keys):
            if key == "label":
                waiting = at
            elif key in CONTACTS and waiting is not None:
                found[at], waiting = waiting, None
        return found

    @cached_property
    def own_labels(self) -> frozenset[int]:
        """The columns of labels that are called as an export of ours calls them."""
        own = plain(self.known.columns.label_of("label"))
        return frozenset(at for at in self.label_at.values() if plain(self.header[at]) == own)

    @cached_property
    def places(self) -> dict[str, dict[str, int]]:
        return _places(self.header, self.keys)


def _places(header: Sequence[str], keys: Sequence[str]) -> dict[str, dict[str, int]]:
    """Columns that make one address together, by what their headings begin with; where somebody lives comes first."""
    found: dict[str, dict[str, int]] = {}
    for at, key in enumerate(keys):
        if key in ADDRESS:
            begins = re.match(r"home|business|work|other|address \d+|", plain(header[at]))
            found.setdefault(begins[0] if begins else "", {}).setdefault(key, at)
    order = ("home", "", "address 1", "business", "work")
    return dict(sorted(found.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order)))


def read_row(reading: Reading, cells: Sequence[str]) -> tuple[dict[str, Any], str, str]:
    """What is to be stored, by field: those of the client, of its vessel, `contacts`, `tags`, `note`, `number` and
    `assumed`, what a new client gets and one that is here keeps. With it why the row cannot be let in, and by which
    field."""
    named: dict[str, Any] = {}
    contacts: list[dict[str, str]] = []
    notes: list[str] = []
    problem: tuple[str, str] | None = None
    for at, key in enumerate(reading.keys[: len(cells)]):
        cell = cells[at].strip()
        if not key or not cell or key == "label":
            continue
        if key not in CONTACTS and (text := formula_in(cells[at])):
            problem = problem or (text, "note" if key == "told_note" else key)
        if key in ADDRESS:
            continue
        if key in CONTACTS:
            contacts += _contacts(reading, at, cell, cells)
        elif key == "note":
            notes.append(cell)
        elif key == "told_note":
            notes.append(f"{reading.header[at]}: {cell}")
        else:
            try:
                if at in reading.numbers:
                    cell = pointed(cell, reading.sign, reading.numbers[at])
            except Unclear as error:
                problem = problem or (f"{reading.known.columns.label_of(key)}: {error}", key)
            named.setdefault(key, " ".join(cell.split()))
    contacts += _take_address(reading, cells, named)
    if notes:
        named["note"] = "\n".join(notes)
    if len(notes) > 1:
        named["notes"] = notes
    parts = " ".join(filter(None, (named.pop(name, "") for name in NAMES)))
    if text := too_many(reading.header, cells):
        problem = text, ""
    return judged(_named_whole(named, parts), contacts, reading.known, problem=problem)


def _contacts(reading: Reading, at: int, cell: str, cells: Sequence[str]) -> Iterator[dict[str, str]]:
    """With its label as it stands, where we wrote it; others mark the first with a star, and have no WhatsApp numbers
    but phones that are called so."""
    key, label_at = reading.keys[at], reading.label_at.get(at)
    label = reading.targets[at].partition("|")[2] if label_at is None else cells[label_at]
    if label_at in reading.own_labels:
        return separate(key, cell, " ".join(label.split())[:LONGEST_LABEL])
    label = label.strip(" *")[:LONGEST_LABEL]
    if key == "phone" and label.casefold() == "whatsapp":
        key, label = "whatsapp", ""
    return separate(key, cell, label)


def judged(
    named: dict[str, Any],
    contacts: Sequence[dict[str, str]],
    known: Known,
    *,
    problem: tuple[str, str] | None = None,
) -> tuple[dict[str, Any], str, str]:
    """The same for fields that were typed by hand."""
    named["contacts"] = list(contacts)
    try:
        if problem:
            raise WrongRow(*problem)
        _check_shape(named, known.columns)
        _read_fields(named, known.columns)
        _read_tags(named, known)
        _read_owner(named, known.colleagues)
        _read_vessel(named)
        named["contacts"] = _read_contacts(contacts, country=named.get("country") or known.country)
    except WrongRow as error:
        return named, str(error), error.field
    return named, "", ""


def _named_whole(named: dict[str, Any], parts: str) -> dict[str, Any]:
    name = named.get("full_name") or parts or named.get("company_name", "")
    assumed: dict[str, Any] = {"kind": ClientKind.PERSON}
    if name and name == named.get("company_name"):
        assumed["kind"] = ClientKind.COMPANY
        if not named.get("full_name"):
            del named["company_name"]
    return {**named, "full_name": name, "assumed": assumed}


def _take_address(reading: Reading, cells: Sequence[str], named: dict[str, Any]) -> list[dict[str, str]]:
    """The first address with something in it is the client's; the others are kept whole, as contacts."""
    others = []
    for begins, columns in reading.places.items():
        parts = {key: " ".join(cells[at].split()) for key, at in columns.items() if at < len(cells)}
        parts = {key: part for key, part in parts.items() if part}
        if not parts:
            continue
        if not any(key in named for key in ADDRESS):
            named.update(parts)
        elif set(parts) != {"country"}:
            town = " ".join(filter(None, (parts.get("postcode"), parts.get("town"))))
            whole = ", ".join(filter(None, (parts.get("street"), town, parts.get("region"), parts.get("country"))))
            others.append({"kind": "address", "value": whole, "label": begins.capitalize()})
    return others


def separate(kind: str, cell: str, label: str) -> Iterator[dict[str, str]]:
    """Several addresses or numbers in one cell, as Google and people write them."""
    if kind == "email":
        found = re.findall(r"<([^<>]*)>", cell) or re.split(r":::|(?<![;,\s])[;,\s]++(?=[^;,\s]*@)", cell)
    elif kind == "address":
        found = [" ".join(part.split()) for part in cell.split(":::")]
    else:
        found = re.split(r":::|[;,]| / ", cell)
    for part in found:
        if value := " ".join(part.split()).strip("" if kind == "address" else " ,;"):
            yield {"kind": kind, "value": value, "label": label}


def _check_shape(named: dict[str, Any], columns: AnyColumns) -> None:
    name = named["full_name"]
    if not name:
        raise WrongRow(_("There is no name in this row."), "full_name")
    is_somebody = named["contacts"] or named.get("number")
    if sort_name(name).partition(":")[0].strip() in TOTALS and not is_somebody:
        raise WrongRow(_("This looks like a row of totals, not like a client."), "full_name")
    if wrong := too_long(named, columns):
        raise wrong


def _read_fields(named: dict[str, Any], columns: AnyColumns) -> None:
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


def _read_tags(named: dict[str, Any], known: Known) -> None:
    """Each once, as the port spells it."""
    if not named.get("tags"):
        return
    found: dict[str, str] = {}
    separator = ":::" if ":::" in named["tags"] else "[;,]"
    for typed in named["tags"] if isinstance(named["tags"], list) else re.split(separator, named["tags"]):
        name = " ".join(typed.split())
        if not name:
            continue
        if len(name) > LONGEST_TAG:
            raise WrongRow(_("The tag “%(name)s…” is longer than 40 characters.", name=name[:30]), "tags")
        if name.casefold() not in known.tags and not known.may_add_tags:
            text = _("There is no tag “%(name)s” here, and adding one takes the permission to manage tags.", name=name)
            raise WrongRow(text, "tags")
        found.setdefault(name.casefold(), known.tags.get(name.casefold(), name))
    named["tags"] = list(found.values())


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
