"""Contact files as offices send them: each is read, or refused with one clear reason."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from flask import Flask

from app.clients.fields import built_in_fields
from app.clients.imports.columns import Columns
from app.clients.imports.contact_file import Known, Reading, read_row
from app.fields.models import RecordField
from app.imports.left_out import csv_of_left_out
from app.imports.reading import decimal_sign_of
from app.tables.formulas import defused
from app.tables.reading import NotATable, Table, open_table

FILES = Path(__file__).parents[1] / "data" / "contacts"


@pytest.fixture(autouse=True)
def inside(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def opened(content: bytes, name: str = "clients.csv") -> tuple[Table, list[tuple[int, list[str]]]]:
    with open_table(io.BytesIO(content), name) as table:
        return table, list(table.rows())


def rows_of(content: bytes, *, country: str = "FI") -> list[tuple[int, dict[str, Any], str]]:
    table, rows = opened(content)
    known, targets = Known(country), Columns().match(table.header).targets
    with open_table(io.BytesIO(content), "clients.csv") as again:
        reading = Reading(table.header, targets, known, decimal_sign_of(again, targets, known.columns))
    return [(number, *read_row(reading, cells)[:2]) for number, cells in rows]


def row_of(text: str, *, country: str = "FI") -> tuple[dict[str, Any], str]:
    ((_number, named, problem),) = rows_of(text.encode(), country=country)
    return named, problem


def values_of(named: dict[str, Any]) -> list[tuple[str, str]]:
    return [(contact["kind"], contact["normalised"]) for contact in named["contacts"]]


# --- Encodings, delimiters, shapes --------------------------------------------------------------------------------

TABLE = "Name;E-mail;Town\nÉmile Ørsted;emile@example.com;Göteborg\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_encoding_delimiter_and_line_ends_are_found_out(encoding: str, delimiter: str, ending: str) -> None:
    text = TABLE.replace(";", delimiter).replace("\n", ending)
    ((number, named, problem),) = rows_of(text.encode(encoding))
    assert (number, problem) == (2, "")
    assert (named["full_name"], named["town"]) == ("Émile Ørsted", "Göteborg")


def test_a_first_line_that_names_the_delimiter_is_no_row() -> None:
    ((number, named, _problem),) = rows_of(b"sep=;\r\n" + TABLE.encode())
    assert (number, named["full_name"]) == (2, "Émile Ørsted")


def test_rows_keep_the_numbers_a_spreadsheet_shows() -> None:
    text = 'Name,Note\n\nAino,"two\nlines"\n , \nEero,\n'
    assert [(number, named["full_name"]) for number, named, _problem in rows_of(text.encode())] == [
        (3, "Aino"),
        (5, "Eero"),
    ]
    assert rows_of(text.encode())[0][1]["note"] == "two\nlines"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "The file is empty"),
        (b"\xef\xbb\xbf \r\n\r\n", "The file is empty"),
        (b",,,\n,,\n", "The file is empty"),
        (b"Name,E-mail\n", "nothing below it"),
        (b"PK\x03\x04\x14\x00\x06\x00", "This is a spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "This is an old Excel file"),
        (b"Name\nA\x00ino\n", "The file is not text"),
        (b"Name\nAino \x81\xfe\n", "The file is not text"),
        (b"Name\n" + b"x" * 1_000_000 + b"\n", "Row 2 has a cell of more than 10,000"),
        (b"Name\nAino\n" + b"x" * 10_001 + b"\n", "Row 3 has a cell of more than 10,000"),
        (b",".join([b"Name"] * 10_000) + b"\nAino\n", "The file has 10000 columns"),
        (b"Contacts 2026,,\nName,Town,E-mail\nAino,Hanko,a@example.com\n", "The first row is not a row of headings"),
        (b"%PDF-1.7\n", "This is a PDF file"),
        (b'Name,Note\nAino,"never closed\nEero,\n', "The quotation marks in row 2"),
        (b'Name\n"Aino" Laine\n', "The quotation marks in row 2"),
        (b",".join([b"Name"] * 501) + b"\nAino\n", "The file has 501 columns; at most 500 are read"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_one_reason(content: bytes, reason: str) -> None:
    with pytest.raises(NotATable, match=reason):
        opened(content)


# --- Columns ------------------------------------------------------------------------------------------------------


def test_a_google_export_is_understood() -> None:
    first, second = rows_of((FILES / "google.csv").read_bytes())
    assert first[1]["full_name"] == "Heikki Juhani Koskinen"
    assert values_of(first[1]) == [
        ("email", "heikki@example.com"),
        ("email", "heikki.k@example.org"),
        ("phone", "+358405550113"),
        ("phone", "+442079460991"),
    ]
    assert (first[1]["street"], first[1]["town"], first[1]["country"]) == ("Rantakatu 4", "Hanko", "FI")
    assert first[1]["note"] == "Berth B 12\nlikes mornings"
    assert (first[1]["tags"], second[1]["tags"]) == (["Regatta, spring", "Winter"], [])
    assert (second[1]["assumed"], second[1]["full_name"]) == ({"kind": "company"}, "Saaristo Charter")
    assert "company_name" not in second[1]
    assert [problem for _number, _named, problem in (first, second)] == ["", ""]


def test_a_google_export_with_the_headings_of_old_is_understood() -> None:
    first, second = rows_of((FILES / "google-old.csv").read_bytes())
    assert (first[1]["full_name"], first[1]["preferred_name"]) == ("Maite Iturbe Vega", "Mai")
    assert first[1]["company_name"] == "Iturbe y Vega SL"
    assert [(one["kind"], one["normalised"], one["label"]) for one in first[1]["contacts"]] == [
        ("email", "maite@example.com", "Home"),
        ("email", "m.iturbe@example.org", "Home"),
        ("email", "office@example.org", "Work"),
        ("phone", "+358405550113", "Mobile"),
        ("phone", "+442079460991", "Mobile"),
        ("phone", "+34971555210", "Work"),
        ("address", "calle del mar 2, palma", "Summer"),
    ]
    assert first[1]["street"] == "Rantakatu 4 10900 Hanko"
    assert first[1]["note"] == "Berth B 12\nlikes mornings"
    assert (first[1]["tags"], second[1]["tags"]) == (["Regatta, spring", "Winter"], [])
    assert (second[1]["assumed"], second[1]["full_name"]) == ({"kind": "company"}, "Saaristo Charter")
    assert values_of(second[1]) == [("email", "dock@example.net")]
    assert [problem for _number, _named, problem in (first, second)] == ["", ""]


@pytest.mark.parametrize("name", ["hubspot.csv", "hubspot-old.csv"])
def test_a_hubspot_export_is_understood_without_asking(name: str) -> None:
    content = (FILES / name).read_bytes()
    matched = Columns().match(opened(content)[0].header)
    assert (matched.source, matched.is_certain) == ("HubSpot", True)
    first, second = rows_of(content, country="ES")
    assert (first[1]["full_name"], first[1]["company_name"], first[1]["status"]) == ("Ana Beltrán", "Vela SL", "active")
    assert values_of(first[1]) == [
        ("email", "ana@example.com"),
        ("phone", "+34971555214"),
        ("phone", "+34612345678"),
    ]
    assert (first[1]["street"], first[1]["town"], first[1]["country"]) == ("Calle del Mar 2", "Palma", "ES")
    assert first[1]["languages"] == ["es"]
    assert (second[1]["full_name"], values_of(second[1])) == ("Émile", [("email", "emile@example.net")])
    assert [problem for _number, _named, problem in (first, second)] == ["", ""]


@pytest.mark.parametrize("name", ["google.csv", "google-old.csv", "outlook.csv"])
def test_who_may_not_tag_brings_no_tags_of_other_programs(name: str) -> None:
    header = opened((FILES / name).read_bytes())[0].header
    assert "tags" in Columns().match(header).targets
    assert "tags" not in Columns(may_tag=False).match(header).targets


def test_labels_of_others_are_read_as_tags_are() -> None:
    """Only Google puts a sign of its own between them."""
    known = Known("FI")
    reading = Reading(["Name", "Labels"], ["full_name", "tags"], known)
    assert read_row(reading, ["Aino", "Winter, Regatta"])[0]["tags"] == ["Winter", "Regatta"]


@pytest.mark.parametrize(
    ("file", "heading"),
    [("google.csv", "Labels"), ("google-old.csv", "Group Membership"), ("outlook.csv", "Categories")],
)
def test_what_cannot_be_a_tag_turns_nobody_away_and_is_kept(file: str, heading: str) -> None:
    """Nobody chose the groups of another program for this port."""
    long, content = "Winter " * 6 + "berth", (FILES / file).read_text().replace("Winter", "Winter " * 6 + "berth")
    (_number, named, problem), *_more = rows_of(content.encode(), country="GB")
    assert problem == ""
    assert [name.partition(",")[0] for name in named["tags"]] == ["Regatta"]
    assert named["note"].splitlines()[-1].startswith(f"{heading}: {long}")
    only_regatta = Known("GB", tags={"regatta": "Regatta"}, may_add_tags=False)
    with open_table(io.BytesIO((FILES / file).read_bytes().replace(b"Regatta, spring", b"REGATTA")), file) as table:
        cells = next(table.rows())[1]
        reading = Reading(table.header, Columns().match(table.header).targets, only_regatta)
    named, problem, _field = read_row(reading, cells)
    assert (named["tags"], problem) == (["Regatta"], "")
    assert named["note"].splitlines()[-1].startswith(f"{heading}: Winter")


@pytest.mark.parametrize("tags", ["Unknown", "x" * 41])
def test_what_cannot_be_a_tag_is_said_of_a_file_of_nobody_known(tags: str) -> None:
    reading = Reading(["Name", "Tags"], ["full_name", "tags"], Known("FI", may_add_tags=False))
    _named, problem, field = read_row(reading, ["Aino", tags])
    assert (bool(problem), field) == (True, "tags")


def test_a_table_of_all_that_is_known_of_somebody_is_read() -> None:
    more = ",".join(f"Property {at}" for at in range(499))
    table, ((_number, cells),) = opened(f"Name,{more}\nAino{',x' * 499}\n".encode())
    assert (len(table.header), len(cells)) == (500, 500)


def test_an_outlook_export_keeps_every_number() -> None:
    ((_number, named, problem),) = rows_of((FILES / "outlook.csv").read_bytes(), country="GB")
    assert problem == ""
    assert named["full_name"] == "Rosalind Anne Whitlock"
    assert named["company_name"] == "Whitlock Sailing"
    assert values_of(named) == [
        ("email", "rosalind@example.com"),
        ("phone", "+442079460991"),
        ("phone", "+447700900123"),
    ]
    assert (named["town"], named["country"], named["languages"]) == ("Falmouth", "GB", ["en"])
    assert named["tags"] == ["Regatta", "Winter berth"]


def test_unknown_columns_are_left_out_and_named() -> None:
    matched = Columns().match(["Shoe size", "Nimi", "Puhelin"])
    assert (matched.targets, matched.is_certain) == (["", "full_name", "phone"], False)


def test_every_heading_of_ours_is_known_without_asking() -> None:
    columns = Columns(
        vessels=[
            RecordField("custom_hull", "Hull", "text", str, str, is_custom=True),
        ],
        clients=[
            *built_in_fields(),
            RecordField("custom_boat_club", "Boat club", "text", str, str, is_custom=True),
            RecordField("custom_phone", "Phone", "text", str, str, is_custom=True),
        ],
    )
    keys = [field.key for field in columns.fields]
    assert {"tags", "vessel_loa_declared", "vessel_custom_hull", "custom_boat_club", "custom_phone"} <= set(keys)
    targets = [*keys, "phone|Mobile", "email|Work (new)", "address|Home"]
    assert [columns.target_of(columns.label_of(target)) for target in targets] == targets


# --- Rows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Name,Town\n,Hanko\n", "There is no name"),
        ("Name,Town\nAino,Hanko,and more\n", "The row has 3 cells, the first row names 2 columns"),
        ("Name,Amount\nTotal,118\n", "row of totals"),
        ("Name,Amount\nYhteensä:,118\n", "row of totals"),
        ("Name,Town\n=1+1,Hanko\n", "“=1\\+1” is a formula"),
        ('Name,Town\nAino,"=HYPERLINK(""http://x"")"\n', "is a formula"),
        ("Name,Country\nAino,Atlantis\n", "“Atlantis” is not a country"),
        ("Name,Language\nAino,Klingonian\n", "“Klingonian” is not a language"),
        ("Name,E-mail\nAino,aino@example\n", "“aino@example”: Add what comes after"),
        ("Name,Phone\nAino,3.58E+11\n", "“3.58E\\+11”: A spreadsheet has shortened"),
        ("Name,VAT\nAino,FI<script>\n", "A tax number has letters"),
        (f"Name\n{'x' * 201}\n", "Full name is longer than 200 characters"),
        (f"Name,Postcode\nAino,{'1' * 21}\n", "Postcode is longer than 20"),
    ],
)
def test_a_row_that_cannot_be_let_in_says_why(text: str, reason: str) -> None:
    _named, problem = row_of(text)
    assert re.search(reason, problem)


def test_codes_are_read_from_names_in_many_languages() -> None:
    named, problem = row_of("Name,Maa,Nationality,Languages,VAT\nAino,Ranska,GBR,suomi; en-GB; fi,fi 1234567-8\n")
    assert problem == ""
    assert (named["country"], named["nationality"], named["languages"]) == ("FR", "GB", ["fi", "en"])
    assert named["tax_number"] == "FI1234567-8"


def test_a_country_in_the_row_reads_its_numbers() -> None:
    named, _problem = row_of("Name,Phone,Country\nRosalind,020 7946 0991,UK\n")
    assert values_of(named) == [("phone", "+442079460991")]


def test_several_addresses_in_a_cell_are_kept_apart() -> None:
    named, problem = row_of('Name,E-mail\nAino,"Aino <aino@example.com>; Work <a@example.org>"\n')
    assert (problem, values_of(named)) == ("", [("email", "aino@example.com"), ("email", "a@example.org")])


def test_a_cell_of_commas_is_read_at_once() -> None:
    began = perf_counter()
    _named, problem = row_of(f'Name,E-mail\nAino,"{"," * 9_999}x"\n')
    assert "An e-mail address has an @" in problem
    assert perf_counter() - began < 1


def test_an_empty_cell_too_many_does_no_harm() -> None:
    assert row_of("Name,Town\nAino,Hanko,,\n")[1] == ""


NAUGHTY = [
    "<script>alert(1)</script>",
    "Robert'); DROP TABLE clients;--",
    "{{ 7 * 7 }}",
    "%(name)s %s {0}",
    "Ω≈ç√∫˜µ≤≥÷ 田中さん 👩‍👩‍👧 ﷽",
    "‮evil",
    "Łódź O’Brien-Nuñez",
    "undefined",
    "+cmd|' /C calc'!A0",
    "-Smith",
]


@pytest.mark.parametrize("name", NAUGHTY)
def test_any_text_is_a_name_and_comes_back_as_it_was(name: str) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([["Name", "E-mail"], [name, "nowhere"]])
    table, ((_number, cells),) = opened(buffer.getvalue().encode())
    named, problem, _field = read_row(Reading(table.header, Columns().match(table.header).targets, Known("FI")), cells)
    assert (named["full_name"], cells[0]) == (name, name)
    assert problem.startswith("“nowhere”: ")
    errors = b"".join(csv_of_left_out(table.header, [[(problem, cells)]]))
    _table, again = opened(errors)
    assert again[0][1][0] == name


# --- What was left out --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["=1+1", "=cmd()", "+1+1x", "-2+3+cmd", "@SUM(A1)", "\tx", "＝1+1", "+49x"])
def test_a_cell_that_a_spreadsheet_would_run_is_defused(cell: str) -> None:
    assert defused(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["+358 40 555 0113", "-12.5", "Aino", "'quoted", "", "a=b"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert defused(cell) == cell


def test_the_file_of_errors_has_the_columns_of_the_original_and_the_reason() -> None:
    rows = [("The row has 3 cells", ["Aino", "=x", "too many"]), ("No e-mail", ["Eero"])]
    text = b"".join(csv_of_left_out(["Name", "=E-mail"], [rows])).decode("utf-8")
    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff")))) == [
        ["Name", "'=E-mail", "Why it was left out"],
        ["Aino", "'=x", "The row has 3 cells", "too many"],
        ["Eero", "", "No e-mail"],
    ]
