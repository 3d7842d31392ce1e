"""One row of a contact file, read by the fields its columns fill; and the file of what was left out."""

from __future__ import annotations

import csv
import io
import re
import sys
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from flask_babel import gettext as _

from ..tables import defused
from .codes import country_code, language_codes
from .columns import ADDRESS, BY_KEY, CONTACTS, NAMES, WHY, plain
from .forms import tax_number
from .labels import FIELDS, SOURCES, STATUSES
from .models.client import ClientKind
from .models.contact import Unfit, read_value
from .names import sort_name

if TYPE_CHECKING:
    from .models import Import

MOST_CONTACTS = 30
LONGEST_CONTACT = 320
LONGEST_LABEL = 60
TOTALS = frozenset({"total", "totals", "grand total", "subtotal", "sum", "yhteensa", "summa", "summe", "somme"})
YES = frozenset(["yes", "y", "true", "1", "x", "on", "ja", "kylla", "oui", "si"])
NO = frozenset(["no", "n", "false", "0", "off", "nein", "ei", "non"])
# What other systems call the standing of a client.
STANDINGS = {
    **dict.fromkeys(("lead", "opportunity", "subscriber", "marketingqualifiedlead", "salesqualifiedlead"), "prospect"),
    **dict.fromkeys(("marketing qualified lead", "sales qualified lead", "other"), "prospect"),
    **dict.fromkeys(("customer", "evangelist", "current", "client"), "active"),
    **dict.fromkeys(("inactive", "past", "lost"), "former"),
}
KINDS = {
    **dict.fromkeys(("person", "private", "individual", "henkilo"), ClientKind.PERSON),
    **dict.fromkeys(("company", "business", "organisation", "organization", "yritys"), ClientKind.COMPANY),
}


class WrongRow(Exception):
    """A row cannot be let in; the text says why, `field` is what it is about."""

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True)
class Reading:
    """How the rows of a file are read: its headings with their targets. `country` reads national phone numbers of
    rows without a country; `colleagues`: name or e-mail in lower case → id."""

    header: list[str]
    targets: list[str]
    country: str
    colleagues: Mapping[str, uuid.UUID] = field(default_factory=dict)

    @cached_property
    def keys(self) -> list[str]:
        return [target.partition("|")[0] for target in self.targets]

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
    """What is to be stored, by field: those of the client, `contacts`, `note`, `number` and `assumed`, what a new
    client gets and one that is here keeps. With it why the row cannot be let in, and by which field."""
    named: dict[str, Any] = {}
    contacts: list[dict[str, str]] = []
    notes: list[str] = []
    for at, key in enumerate(reading.keys[: len(cells)]):
        cell = cells[at].strip()
        if not key or not cell or key in ADDRESS or key == "label":
            continue
        if key in CONTACTS:
            label = cells[reading.label_at[at]] if at in reading.label_at else reading.targets[at].partition("|")[2]
            contacts += separate(key, cell, label.strip(" *")[:LONGEST_LABEL])
        elif key == "note":
            notes.append(cell)
        elif key == "told_note":
            notes.append(f"{reading.header[at]}: {cell}")
        else:
            named.setdefault(key, " ".join(cell.split()))
    contacts += _take_address(reading, cells, named)
    if notes:
        named["note"] = "\n".join(notes)
    parts = " ".join(filter(None, (named.pop(name, "") for name in NAMES)))
    return judged(
        _named_whole(named, parts),
        contacts,
        country=reading.country,
        colleagues=reading.colleagues,
        too_many=_too_many(reading, cells),
    )


def judged(
    named: dict[str, Any],
    contacts: Sequence[dict[str, str]],
    *,
    country: str,
    colleagues: Mapping[str, uuid.UUID],
    too_many: str = "",
) -> tuple[dict[str, Any], str, str]:
    """The same for fields that were typed by hand."""
    named["contacts"] = list(contacts)
    try:
        if too_many:
            raise WrongRow(too_many)
        _check_shape(named)
        _read_codes(named, colleagues)
        named["contacts"] = _read_contacts(contacts, country=named.get("country") or country)
    except WrongRow as error:
        return named, str(error), error.field
    return named, "", ""


def _named_whole(named: dict[str, Any], parts: str) -> dict[str, Any]:
    name = named.get("full_name") or parts or named.get("company_name", "")
    assumed: dict[str, Any] = {"kind": ClientKind.PERSON}
    if name and name == named.get("company_name"):
        assumed["kind"] = ClientKind.COMPANY
        del named["company_name"]
    return {**named, "full_name": name, "assumed": assumed}


def _too_many(reading: Reading, cells: Sequence[str]) -> str:
    if len(cells) > len(reading.header) and any(cell.strip() for cell in cells[len(reading.header) :]):
        text = _("The row has %(cells)d cells, the first row names %(columns)d columns.")
        return text % {"cells": len(cells), "columns": len(reading.header)}
    return ""


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
    if kind == "phone" and label.casefold() == "whatsapp":
        kind, label = "whatsapp", ""
    for part in found:
        if value := " ".join(part.split()).strip(" ,;"):
            yield {"kind": kind, "value": value, "label": label}


def _check_shape(named: dict[str, Any]) -> None:
    name = named["full_name"]
    if not name:
        raise WrongRow(_("There is no name in this row."), "full_name")
    if sort_name(name).partition(":")[0].strip() in TOTALS and not named["contacts"]:
        raise WrongRow(_("This looks like a row of totals, not like a client."), "full_name")
    for key, value in named.items():
        if not isinstance(value, str):
            continue
        if value.startswith("="):
            raise WrongRow(_("“%(cell)s” is a formula. Save the file with values.", cell=value[:60]), key)
        if len(value) > BY_KEY[key].longest:
            words = {"field": BY_KEY[key].label, "limit": BY_KEY[key].longest}
            raise WrongRow(_("%(field)s is longer than %(limit)d characters.", **words), key)


def _read_codes(named: dict[str, Any], colleagues: Mapping[str, uuid.UUID]) -> None:
    for key in ("country", "nationality"):
        if named.get(key):
            code = country_code(named[key])
            if code is None:
                raise WrongRow(_("“%(name)s” is not a country.", name=named[key][:60]), key)
            named[key] = code
    try:
        if named.get("languages"):
            named["languages"] = language_codes(named["languages"])
    except LookupError as error:
        text = _("“%(name)s” is not a language.", name=str(error.args[0])[:60])
        raise WrongRow(text, "languages") from error
    try:
        if named.get("tax_number"):
            named["tax_number"] = tax_number(named["tax_number"])
    except ValueError as error:
        raise WrongRow(str(error), "tax_number") from error
    _read_words(named)
    if owner := named.pop("owner", ""):
        if owner.casefold() not in colleagues:
            text = _("“%(name)s” is nobody who works here.", name=owner[:60])
            named["owner"] = owner
            raise WrongRow(text, "owner")
        named["owner_id"] = str(colleagues[owner.casefold()])
    if number := named.get("number"):
        if not re.fullmatch(r"[0-9]{1,9}", number):
            raise WrongRow(_("“%(number)s” is no client number.", number=number), "number")
        named["number"] = int(number)


def _read_words(named: dict[str, Any]) -> None:
    """Words of closed sets, in English, as other systems say them, or in the port's language."""
    closed: dict[str, Mapping[str, Any]] = {
        "kind": KINDS,
        "status": STANDINGS | _worded(STATUSES),
        "source": _worded(SOURCES),
        "marketing_consent": dict.fromkeys(YES, True) | dict.fromkeys(NO, False),
    }
    for key, words in closed.items():
        if key in named:
            word = plain(str(named[key]))
            if word not in words:
                words_of = {"word": str(named[key])[:60], "field": BY_KEY[key].label}
                raise WrongRow(_("“%(word)s” cannot be read as %(field)s.", **words_of), key)
            named[key] = words[word]


def _worded(choices: Sequence[tuple[Any, Any]]) -> dict[str, str]:
    return {word: str(code) for code, label in choices for word in (str(code), plain(str(label)))}


def _read_contacts(typed: Sequence[dict[str, str]], *, country: str) -> list[dict[str, str]]:
    """Each as people see it and with its normalised value, each once."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for contact in typed:
        try:
            shown, normalised = read_value(contact["kind"], contact["value"], country=country)
        except Unfit as error:
            raise WrongRow(f"“{contact['value'][:60]}”: {error}", contact["kind"]) from error
        if len(shown) > LONGEST_CONTACT:
            words = {"field": FIELDS[contact["kind"]].label, "limit": LONGEST_CONTACT}
            raise WrongRow(_("%(field)s is longer than %(limit)d characters.", **words), contact["kind"])
        found.setdefault((contact["kind"], normalised), {**contact, "shown": shown, "normalised": normalised})
    if len(found) > MOST_CONTACTS:
        raise WrongRow(_("The row has more than %(count)d ways to reach the client.", count=MOST_CONTACTS))
    return list(found.values())


# --- What was left out --------------------------------------------------------------------------------------------


AT_ONCE = 1000


def error_file(found: Import) -> tuple[IO[bytes], str, str]:
    """The rows that were left out in a file without a name, its ending and its kind: what the input was."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # whoever sends it closes it
    header = [heading for heading, _target in found.columns]
    if found.mapping.get("kind") == "xlsx":
        written_workbook(header, _left_out(found), file)
        ending, mimetype = "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    else:
        manner = {name: found.mapping[name] for name in ("delimiter", "encoding") if name in found.mapping}
        for line in written_errors(header, _left_out(found), **manner):
            file.write(line)
        ending, mimetype = "csv", "text/csv"
    file.seek(0)
    return file, ending, mimetype


def _left_out(found: Import) -> Iterator[tuple[str, list[str]]]:
    after = 0
    while rows := found.left_out(after=after, limit=AT_ONCE):
        yield from ((message or _("Left out by hand."), source) for _number, message, source in rows)
        after = rows[-1][0]


def written_errors(
    header: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]], *, delimiter: str = ",", encoding: str = "utf-8"
) -> Iterator[bytes]:
    """The rows that were left out, as they came, with a last column that says why, in the delimiter and encoding of
    the file. Cells that look like formulas are defused."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter or ",")
    begun = {"utf-16-le": "utf-16", "utf-16-be": "utf-16", "utf-8": "utf-8-sig"}.get(encoding, encoding)
    gone_on = {"utf-16": "utf-16-le" if sys.byteorder == "little" else "utf-16-be", "utf-8-sig": "utf-8"}.get(
        begun, begun
    )
    first = True
    for cells in _with_reasons(header, rows):
        writer.writerow(cells)
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        # What is replaced can only be in our reason: the cells came in this encoding.
        yield text.encode(begun if first else gone_on, errors="replace")
        first = False


def written_workbook(header: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]], stream: Any) -> None:
    """The same as a workbook; its cells are text, which no spreadsheet runs."""
    import xlsxwriter  # type: ignore[import-untyped]  # only here: no page needs it

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": False}
    book = xlsxwriter.Workbook(stream, options)
    sheet = book.add_worksheet()
    for at, cells in enumerate(_with_reasons(header, rows, defuses=False)):
        for column, cell in enumerate(cells):
            sheet.write_string(at, column, cell)
    book.close()


def _with_reasons(
    header: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]], *, defuses: bool = True
) -> Iterator[list[str]]:
    made = defused if defuses else str
    width = len(header)
    yield [*(made(name) for name in header), str(WHY)]
    for message, source in rows:
        cells = [made(cell) for cell in source]
        # The reason stands under its heading; what a row has too much of, behind it.
        yield [*cells[:width], *[""] * (width - len(cells)), made(message), *cells[width:]]
