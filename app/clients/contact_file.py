"""Reading a contact file: CSV in the spellings offices send, from other systems and from spreadsheets.

Encoding (UTF-8 with or without BOM, UTF-16, Windows-1252) and delimiter (comma, semicolon, tab) are found out; columns
are known by the names that Google, Outlook and plain lists give them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from .codes import country_code, language_codes
from .forms import tax_number
from .labels import FIELDS
from .models.contact import ContactKind, Unfit, read_value
from .names import sort_name

if TYPE_CHECKING:
    from .models import Import

MOST_COLUMNS = 200
LONGEST_CELL = 10_000
MOST_ROWS = 200_000

# What a column is called, reduced to letters → the field it fills. Names of Google Contacts, Outlook and plain lists.
HEADERS = {
    "full_name": "name fullname clientname client displayname customer contact nimi nom nombre namn",
    "first_name": "firstname givenname forename prenom etunimi fornamn vorname",
    "middle_name": "middlename additionalname",
    "last_name": "lastname familyname surname sukunimi apellido efternamn nachname",
    "company_name": "company companyname organization organisation organizationname yritys foretag firma",
    "email": "email emails emailaddress emailvalue mail eposta epost sahkoposti correo",
    "phone": "phone phonenumber phonevalue telephone mobile mobilephone primaryphone businessphone homephone otherphone"
    " companymainphone puhelin puhelinnumero tel telefon gsm",
    "street": "street address streetaddress addressstreet homestreet businessstreet osoite adresse",
    "postcode": "postcode zip zipcode postalcode addresspostalcode homepostalcode businesspostalcode postinumero",
    "town": "town city addresscity homecity businesscity kaupunki ville ort",
    "region": "region state province county addressregion homestate businessstate",
    "country": "country addresscountry homecountry homecountryregion businesscountry businesscountryregion"
    " countryregion maa pays land",
    "nationality": "nationality kansalaisuus",
    "languages": "language languages kieli",
    "tax_number": "taxnumber vat vatnumber taxid vatid",
    "note": "note notes comment comments remarks huomautus",
}
FIELD_OF = {name: field for field, names in HEADERS.items() for name in names.split()}
NAMES = ("first_name", "middle_name", "last_name")
# Several columns of these are kept apart or joined; of the others the first with something in it is taken.
MANY = frozenset({"email", "phone", "note"})

LIMITS = {
    "full_name": 200,
    "company_name": 200,
    "street": 200,
    "postcode": 20,
    "town": 100,
    "region": 100,
    "tax_number": 40,
    "note": LONGEST_CELL,
}
TOTALS = frozenset({"total", "totals", "grand total", "subtotal", "sum", "yhteensa", "summa", "summe", "somme"})


class NotAContactFile(Exception):
    """The file as a whole cannot be read; the text says why, for the person who sent it."""


class WrongRow(Exception):
    """A row cannot be let in; the text says why."""


@dataclass(frozen=True)
class ContactFile:
    """The columns with the fields they fill (None: left out), and the rows as they came, numbered from 2."""

    header: list[str]
    fields: list[str | None]
    rows: list[tuple[int, list[str]]]

    @property
    def mapping(self) -> dict[str, Any]:
        return {"columns": [[name, field or ""] for name, field in zip(self.header, self.fields, strict=True)]}


# --- The file -----------------------------------------------------------------------------------------------------


def read_contacts(content: bytes) -> ContactFile:
    """Raises NotAContactFile."""
    text = _decoded(content)
    lines = list(_lines(text))
    if not lines:
        raise NotAContactFile(_("The file is empty."))
    header = [cell.strip() for cell in lines[0][1]]
    if len(header) > MOST_COLUMNS:
        raise NotAContactFile(_("The file has %(count)d columns; at most 200 are read.", count=len(header)))
    fields = _fields_of(header)
    if not set(fields) & {"full_name", "company_name", *NAMES}:
        raise NotAContactFile(
            _("No column holds a name. Call one “Name” (or “First name” and “Last name”) in the first row.")
        )
    if len(lines) == 1:
        raise NotAContactFile(_("The file has a row of headings and nothing below it."))
    if len(lines) - 1 > MOST_ROWS:
        raise NotAContactFile(_("The file has more than 200,000 rows. Send it in parts."))
    return ContactFile(header, fields, lines[1:])


def _decoded(content: bytes) -> str:
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise NotAContactFile(_("This is a spreadsheet, not a CSV file. Save it as CSV and send that."))
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if is_utf16 else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text
    raise NotAContactFile(_("The file is not text. Save it as CSV (UTF-8) and send that."))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the number a spreadsheet shows, blank ones left out. Raises NotAContactFile."""
    text, delimiter = _delimited(text)
    number = 0
    try:
        # Strict: a quotation mark that never closes would swallow the rest of the file unseen.
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            if any(len(cell) > LONGEST_CELL for cell in cells):
                raise NotAContactFile(_("Row %(row)d has a cell of more than 10,000 characters.", row=number))
            if any(cell.strip() for cell in cells):
                yield number, [_undefused(cell) for cell in cells]
    except csv.Error as error:
        if "field larger" in str(error):
            raise NotAContactFile(
                _("Row %(row)d has a cell of more than 10,000 characters.", row=number + 1)
            ) from error
        raise NotAContactFile(
            _("The quotation marks in row %(row)d do not match. Save the file as CSV again.", row=number + 1)
        ) from error


def _delimited(text: str) -> tuple[str, str]:
    """The text, and what stands between its cells: as a first line `sep=;` says, or what the headings have most of."""
    first = text.lstrip().partition("\n")[0].partition("\r")[0]
    if said := re.fullmatch(r"sep=([,;\t])", first.strip(), re.IGNORECASE):
        return text.lstrip()[len(first) :].lstrip("\r\n"), said[1]
    return text, max(",;\t", key=first.count)


def _fields_of(header: Sequence[str]) -> list[str | None]:
    """Each column's field. Raises NotAContactFile for two columns of one name that would hide each other."""
    letters = [re.sub(r"[\W\d_]+", "", sort_name(name)) for name in header]
    fields = [FIELD_OF.get(name) for name in letters]
    plain = [sort_name(name) for name in header]
    for at, field in enumerate(fields):
        if field and field not in MANY and plain[at] in plain[:at]:
            raise NotAContactFile(_("Two columns are called “%(name)s”. Rename or remove one.", name=header[at][:60]))
    return fields


# --- One row ------------------------------------------------------------------------------------------------------


def read_row(file: ContactFile, cells: Sequence[str], *, country: str) -> tuple[dict[str, Any], str]:
    """The cells by field with what is to be stored, and why the row cannot be let in (empty when it can). `country`
    reads national phone numbers of rows without a country."""
    columns = _columns(file, cells)
    named: dict[str, Any] = {field: found[0] for field, found in columns.items() if field not in MANY}
    if note := "\n".join(columns.get("note", ())):
        named["note"] = note
    parts = " ".join(filter(None, (named.pop(name, "") for name in NAMES)))
    named["full_name"] = named.get("full_name") or parts or named.get("company_name", "")
    named["kind"] = "person"
    if named["full_name"] and named["full_name"] == named.get("company_name"):
        named |= {"kind": "company", "company_name": ""}
    typed = [
        {"kind": str(kind), "value": value}
        for kind in (ContactKind.EMAIL, ContactKind.PHONE)
        for cell in columns.get(kind, ())
        for value in _separate(kind, cell)
    ]
    named["contacts"] = typed
    try:
        _check_shape(file, cells, named)
        _read_codes(named)
        named["contacts"] = _read_contacts(typed, country=named.get("country") or country)
    except WrongRow as error:
        return named, str(error)
    return named, ""


def _columns(file: ContactFile, cells: Sequence[str]) -> dict[str, list[str]]:
    """What stands in the columns of each field, empty cells left out."""
    columns: dict[str, list[str]] = {}
    for field, cell in zip(file.fields, cells, strict=False):
        text = cell.strip() if field == "note" else " ".join(cell.split())
        if field and text:
            columns.setdefault(field, []).append(text)
    return columns


def _separate(kind: ContactKind, cell: str) -> list[str]:
    """Several addresses or numbers in one cell, as Google and people write them."""
    if kind == ContactKind.EMAIL:
        found = re.findall(r"<([^<>]*)>", cell) or re.split(r":::|(?<![;,\s])[;,\s]++(?=[^;,\s]*@)", cell)
    else:
        found = re.split(r":::|[;,]| / ", cell)
    return [part.strip(" ,;") for part in found if part.strip(" ,;")]


def _check_shape(file: ContactFile, cells: Sequence[str], named: dict[str, Any]) -> None:
    if len(cells) > len(file.header) and any(cell.strip() for cell in cells[len(file.header) :]):
        text = _("The row has %(cells)d cells, the first row names %(columns)d columns.")
        raise WrongRow(text % {"cells": len(cells), "columns": len(file.header)})
    name = named["full_name"]
    if not name:
        raise WrongRow(_("There is no name in this row."))
    if sort_name(name).partition(":")[0].strip() in TOTALS and not named["contacts"]:
        raise WrongRow(_("This looks like a row of totals, not like a client."))
    for field, value in named.items():
        if isinstance(value, str) and value.startswith("="):
            raise WrongRow(_("“%(cell)s” is a formula. Save the file with values.", cell=value[:60]))
        if field in LIMITS and len(value) > LIMITS[field]:
            words = {"field": FIELDS[field].label, "limit": LIMITS[field]}
            raise WrongRow(_("%(field)s is longer than %(limit)d characters.", **words))


def _read_codes(named: dict[str, Any]) -> None:
    for field in ("country", "nationality"):
        if field in named:
            code = country_code(named[field])
            if code is None:
                raise WrongRow(_("“%(name)s” is not a country.", name=named[field][:60]))
            named[field] = code
    try:
        named["languages"] = language_codes(named.get("languages", ""))
    except LookupError as error:
        raise WrongRow(_("“%(name)s” is not a language.", name=str(error.args[0])[:60])) from error
    try:
        named["tax_number"] = tax_number(named.get("tax_number", ""))
    except ValueError as error:
        raise WrongRow(str(error)) from error


def _read_contacts(typed: Sequence[dict[str, str]], *, country: str) -> list[dict[str, str]]:
    """Each with its normalised value, each once."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for contact in typed:
        try:
            _shown, normalised = read_value(contact["kind"], contact["value"], country=country)
        except Unfit as error:
            raise WrongRow(f"“{contact['value'][:60]}”: {error}") from error
        found.setdefault((contact["kind"], normalised), {**contact, "normalised": normalised})
    return list(found.values())


# --- What was left out --------------------------------------------------------------------------------------------

# A spreadsheet runs a cell that begins like this, also in its wide form; a plain number may begin with a sign.
FORMULA = re.compile(r"[=+\-@\t\r＝＋－＠]")
NUMBER = re.compile(r"[+-]?[\d .,()/-]*")


def written_errors(found: Import, rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """The rows that were left out, as they came, with a first column that says why; UTF-8 with BOM, so that
    spreadsheets read it right, and cells that look like formulas defused."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    header = [_("Why it was left out"), *(name for name, _field in found.mapping.get("columns", []))]
    cells = [header, *([message, *source] for message, source in rows)]
    writer.writerows([defused(cell) for cell in row] for row in cells)
    return "\ufeff" + buffer.getvalue()


def defused(cell: str) -> str:
    return "'" + cell if FORMULA.match(cell) and not NUMBER.fullmatch(cell) else cell


def _undefused(cell: str) -> str:
    """As it was before `defused`, for a file that was corrected and is sent again."""
    return cell[1:] if cell[:1] == "'" and FORMULA.match(cell[1:]) else cell
