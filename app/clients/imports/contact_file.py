"""One row of a contact file, read by the fields its columns fill."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...current import CurrentPort
from ...decimals import Unclear
from ...imports import rows
from ...imports.columns import plain, unit_of
from ...imports.models import Import
from ...imports.reading import SEPARATOR, ReadRow, decimal_sign_of, formula_in, is_number, pointed, too_many
from ...imports.tags import sorted_out
from ...tables.reading import Table
from ..models.client import ClientKind
from .known import Known, known_to
from .programs import GROUP_HEADINGS, groups_of, program_of
from .targets import ADDRESS, CONTACTS, NAMES
from .values import judged

LONGEST_LABEL = 60


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
    def is_of_a_program(self) -> bool:
        """Another program wrote the file, so nobody chose what stands in it for this port."""
        return program_of(self.header) is not None

    @cached_property
    def groups(self) -> frozenset[int]:
        """The columns of tags as Google writes them."""
        if "e-mail 1 - value" not in map(plain, self.header):
            return frozenset()
        of_google = (at for at, heading in enumerate(self.header) if plain(heading) in GROUP_HEADINGS)
        return frozenset(at for at in of_google if self.keys[at] == "tags")

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


def read_row(reading: Reading, cells: Sequence[str]) -> ReadRow:
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
        elif key == "tags" and reading.is_of_a_program:
            tags, left = _tags(reading, at, cell)
            named.setdefault(key, tags)
            if left:
                notes.append(f"{reading.header[at]}: {SEPARATOR.join(left)}")
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


def _tags(reading: Reading, at: int, cell: str) -> tuple[list[str], list[str]]:
    """What can be a tag here, and what cannot: that is kept in the note, rather than turning somebody away for it."""
    names = groups_of(cell) if at in reading.groups else cell
    return sorted_out(names, reading.known.tags, may_add=reading.known.may_add_tags)


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


class Rows(rows.Rows):
    """Contacts beside fields, notes of several columns, addresses in parts: so they are read in a way of their own."""

    def __init__(self, found: Import, port: CurrentPort) -> None:
        self.known = known_to(found, port)
        super().__init__(self.known.columns)

    def begin(self, table: Table, targets: Sequence[str]) -> None:
        sign = decimal_sign_of(table, targets, self.columns)
        self.reading = Reading(table.header, list(targets), self.known, sign)

    def read(self, cells: Sequence[str]) -> ReadRow:
        return read_row(self.reading, cells)


__all__ = ["Known", "Reading", "Rows", "read_row", "separate"]
