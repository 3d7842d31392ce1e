"""What nobody should send, through the page that takes it: one clear message, and nothing is stored."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import xlsxwriter
from flask import Flask
from markupsafe import escape
from sqlalchemy import select

from app.clients.models import Client, ClientTag
from app.db import commit, db
from app.fields.models import FieldDefinition
from app.imports.models import Import, ImportRow
from app.tags.models import Tag
from app.vessels.models import Vessel
from tests.importing import forget_files, send_file, stored_files, work_off
from tests.world import NORTH, Visitor, enter, notes_of

pytestmark = pytest.mark.usefixtures("db")

ADMIN = "port_admin@north.example"
MEGABYTE = 1024 * 1024


@pytest.fixture
def admin(app: Flask, visit: Callable[[str], Visitor]) -> Visitor:
    forget_files(app)
    return visit(ADMIN)


def found_rows(model: Any) -> list[Any]:
    enter(ADMIN)
    db.session.expire_all()
    return list(db.session.scalars(select(model).order_by(model.id)))


def is_bare(app: Flask) -> bool:
    """Whether nothing of a file is left, but for the word that it came."""
    return not stored_files(app) and not any(map(found_rows, (Client, Vessel, Tag, ImportRow)))


def workbook(*lines: tuple[Any, ...], formulas: bool = False) -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"strings_to_formulas": formulas, "strings_to_urls": False})
    sheet = book.add_worksheet()
    for at, line in enumerate(lines):
        sheet.write_row(at, 0, line)
    book.close()
    return stream.getvalue()


def bomb() -> bytes:
    """A workbook of a kilobyte whose sheet says that it is 4 GB."""
    content = workbook(("Name",), ("Aino",))
    at = content.rindex(b"PK\x01\x02", 0, content.index(b"xl/worksheets/sheet1.xml", content.index(b"PK\x01\x02")))
    return content[: at + 24] + struct.pack("<I", 0xFFFFFFF0) + content[at + 28 :]


def bomb_that_lies() -> bytes:
    """A workbook whose sheet unfolds to a thousand times what its directory says."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", "<Types/>")
        book.writestr("xl/workbook.xml", "<workbook/>")
        book.writestr("xl/worksheets/sheet1.xml", b" " * 20 * MEGABYTE)
    content = bytearray(stream.getvalue())
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = content.rindex(mark)
        content[at + place : at + place + 4] = struct.pack("<I", 20_000)
    return bytes(content)


# --- Refused at the door ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"", "clients.csv", "The file is empty."),
        (workbook(("Name",), ("Aino",)), "clients.csv", "This is a spreadsheet, not a CSV file."),
        (b"Name\nAino\n", "clients.xlsx", "The name ends in .xlsx, but this is no workbook."),
        (b"%PDF-1.7\n", "clients.csv", "This is a PDF file, not a table."),
        (b"\x89PNG\r\n\x1a\n", "clients.xlsx", "This is a PNG file, not a table."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "clients.xls", "This is an old Excel file, or one with a password."),
        (b"<html><table><tr><td>Name", "clients.xls", "This is a web page or XML, not a table."),
        (b"Name\n" + b"x" * (50 * MEGABYTE), "clients.csv", "The file is larger than 50 MB."),
    ],
    ids=["empty", "workbook-as-csv", "csv-as-workbook", "pdf", "png", "old-excel", "web-page", "too-large"],
)
def test_what_shows_at_once_is_refused_beside_the_field(
    app: Flask, admin: Visitor, content: bytes, name: str, reason: str
) -> None:
    answer = send_file(admin, content, name)
    assert answer.status_code == 422
    assert answer.text.count(reason) == 2  # above the form and beside the field
    assert found_rows(Import) == []
    assert is_bare(app)


def test_more_than_a_form_takes_is_refused_whole(app: Flask, admin: Visitor) -> None:
    answer = send_file(admin, b"x" * (51 * MEGABYTE + 1))
    assert answer.status_code == 413
    assert "a file may have 50 MB. Nothing was stored." in answer.text
    assert found_rows(Import) == []
    assert is_bare(app)


# --- Refused when it is read --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (bomb(), "clients.xlsx", "The workbook unfolds to more than can be read."),
        (bomb_that_lies(), "clients.xlsx", "The workbook is damaged."),
        (b"PK\x03\x04" + b"\x00" * 60, "clients.xlsx", "The workbook is damaged."),
        (b"Name\nAino \x81\xfe\n", "clients.csv", "The file is not text."),
        (b"Name\nA\x00ino\n", "clients.csv", "The file is not text."),
        (
            b",".join([b"Name"] * 10_000) + b"\nAino\n",
            "clients.csv",
            "The file has 10000 columns; at most 500 are read.",
        ),
        (workbook(tuple(f"c{at}" for at in range(10_000)), ("Aino",)), "clients.xlsx", "The file has 10000 columns"),
        (b"Name\n" + b"x" * MEGABYTE + b"\n", "clients.csv", "Row 2 has a cell of more than 10,000 characters."),
        (workbook(("Name",), ("x" * 32_000,)), "clients.xlsx", "Row 2 has a cell of more than 10,000 characters."),
        (b"Name,Town\nName,City\nAino,Hanko\n", "clients.csv", "The second row looks like a row of headings, too."),
        (b"Vessel,LOA\nBoat,Length\nVega,9\n", "clients.csv", "The second row looks like a row of headings, too."),
        (b"Name,Town,name\nAino,Hanko,Eero\n", "clients.csv", "Two columns are called “name”."),
        (b"Contacts 2026,,\nName,Town,E-mail\nAino,Hanko,a@example.com\n", "clients.csv", "not a row of headings"),
        (b"Name,Town\n", "clients.csv", "a row of headings and nothing below it"),
        (b"\xef\xbb\xbf \r\n,,\r\n", "clients.csv", "The file is empty."),
        (b'Name,Note\nAino,"never closed\nEero,\n', "clients.csv", "The quotation marks in row 2 do not match."),
    ],
    ids=[
        "bomb",
        "bomb-that-lies",
        "damaged",
        "invalid-bytes",
        "nul",
        "columns",
        "columns-xlsx",
        "cell",
        "cell-xlsx",
        "two-headers",
        "two-headers-of-vessels",
        "same-headers",
        "above-the-header",
        "nothing-below",
        "blank",
        "quotes",
    ],
)
def test_what_shows_when_it_is_read_is_said_once_and_leaves_nothing(
    app: Flask, admin: Visitor, content: bytes, name: str, reason: str
) -> None:
    answer = send_file(admin, content, name)
    assert answer.status_code == 303
    assert len(stored_files(app)) == 1
    work_off()
    ((failed),) = found_rows(Import)
    assert (failed.status, failed.filename) == ("failed", name)
    assert is_bare(app)
    page = admin.get(answer.headers["Location"]).text
    assert page.count(reason) == 1
    assert "Choose another file" in page


def test_formulas_and_totals_are_wrong_rows_and_stay_out(app: Flask, admin: Visitor) -> None:
    content = (
        b"Name,Town,Vessel name,Note\n=1+1,,,\nAino,=A1,,\nEero,,=B2,\nTotal,3,,\nLisa,Hanko,,=HYPERLINK(1)\nReal,,,\n"
    )
    url = send_file(admin, content).headers["Location"]
    work_off()
    verdicts = [(row.row_number, row.verdict) for row in found_rows(ImportRow)]
    assert verdicts == [(2, "wrong"), (3, "wrong"), (4, "wrong"), (5, "wrong"), (6, "wrong"), (7, "new")]
    assert "“=A1” is a formula. Save the file with values." in admin.get(url).text
    admin.post(f"{url}/run")
    work_off()
    assert [client.full_name for client in found_rows(Client)] == ["Real"]


def test_of_a_workbook_the_values_of_formulas_are_read(admin: Visitor) -> None:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ("Name", "Town"))
    sheet.write_formula(1, 0, '=CONCATENATE("Ai","no")', None, "Aino")
    book.close()
    url = send_file(admin, stream.getvalue(), "clients.xlsx").headers["Location"]
    work_off()
    admin.post(f"{url}/run")
    work_off()
    assert [client.full_name for client in found_rows(Client)] == ["Aino"]


# --- Naughty strings ----------------------------------------------------------------------------------------------

NAUGHTY = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "Robert'); DROP TABLE clients;--",
    "{{ 7 * 7 }}{% raw %}",
    "${7*7} %(name)s %s {0} %n",
    "Ω≈ç√∫˜µ≤≥÷ 田中さん 👩‍👩‍👧 🏴‍☠️ ﷽",
    "مرحبا بالعالم",
    "\u202eevil\u202c",
    "zero\u200bwidth\u2060joined\ufeff",
    "Łódź O’Brien-Nuñez “quoted” \\backslash\\",
    "undefined null NaN true -1",
    "+cmd|' /C calc'!A0",
    "@SUM(1+9)*cmd",
    "'; SELECT pg_sleep(0) --",
    "%00 &amp; &#39; &lt;",
    "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤",
    "../../../etc/passwd",
    "javascript:alert(1)",
]
FIELDS = (
    "Name",
    "Company",
    "Preferred name",
    "Street and number",
    "Town",
    "Region",
    "Note",
    "Vessel name",
    "Berth wish",
)


def csv_of(*lines: tuple[str, ...]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(lines)
    return buffer.getvalue().encode()


def own_field() -> None:
    by = enter(ADMIN)
    fields = {"label": "Berth wish", "kind": "text"}
    FieldDefinition.create(fields, resource="client", currency="EUR", port_id=NORTH, by=by)
    commit()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_any_text_comes_in_and_is_shown_as_it_was_typed(admin: Visitor, kind: str) -> None:
    own_field()
    lines = [
        (*FIELDS, "Tags"),
        *((*[naughty] * len(FIELDS), naughty[:40].split(";")[0].split(",")[0]) for naughty in NAUGHTY),
    ]
    content = workbook(*lines) if kind == "xlsx" else csv_of(*lines)
    url = send_file(admin, content, f"clients.{kind}").headers["Location"]
    work_off()
    page = admin.get(url).text
    for naughty in NAUGHTY:
        assert str(escape(naughty)) in page
    assert admin.post(f"{url}/run").status_code == 303
    work_off()
    clients, vessels = found_rows(Client), {one.client_id: one for one in found_rows(Vessel)}
    assert [client.full_name for client in clients] == NAUGHTY
    for client, naughty in zip(clients, NAUGHTY, strict=True):
        assert [client.company_name, client.preferred_name, client.street, client.town, client.region] == [naughty] * 5
        assert [note.body for note in notes_of(client)] == [naughty]
        assert (vessels[client.id].name, client.custom) == (naughty, {"custom_berth_wish": naughty})
        shown = admin.get(f"/north/clients/{client.number}").text
        # Name, company, place, note, vessel and own field, in text and in attributes.
        assert shown.count(str(escape(naughty))) >= 6
        assert "<script>alert" not in shown
        assert f'value="{escape(naughty)}"' in admin.get(f"/north/clients/{client.number}/edit").text
    on = (Tag.port_id == ClientTag.port_id) & (Tag.id == ClientTag.tag_id)
    enter(ADMIN)
    assert len(db.session.scalars(select(Tag.name).join(ClientTag, on)).all()) == len(NAUGHTY)


@pytest.mark.parametrize("naughty", NAUGHTY)
def test_what_cannot_be_read_is_given_back_as_it_was_typed(admin: Visitor, naughty: str) -> None:
    """In a field of every kind that reads, on the page of the row and in the file of what was left out."""
    heads = ("Name", "E-mail", "Country", "Languages", "Status", "LOA", "MMSI", "Vessel name")
    url = send_file(admin, csv_of(heads, ("Aino", *[naughty] * 7))).headers["Location"]
    work_off()
    ((row),) = found_rows(ImportRow)
    assert row.verdict == "wrong"
    assert row.source == ["Aino", *[naughty] * 7]
    form = admin.form(f"{url}/rows/2")
    for name in ("country", "languages", "status", "vessel_mmsi", "vessel_name"):
        assert form[name] == naughty, name
    again = admin.put(f"{url}/rows/2", form)
    assert again.status_code == 422
    assert again.text.count(f'value="{escape(naughty)}"') >= 5
    errors = csv.reader(io.StringIO(admin.get(f"{url}/errors").data.decode("utf-8-sig")))
    assert list(errors)[1][7] in (naughty, f"'{naughty}")


def test_headings_and_the_name_of_the_file_are_shown_as_they_were_typed(admin: Visitor) -> None:
    heads = [f"{at} {naughty}" for at, naughty in enumerate(NAUGHTY)]
    content = csv_of(("Name", *heads), ("Aino", *NAUGHTY))
    name = "<b>&'{{ x }}.csv"
    url = send_file(admin, content, name).headers["Location"]
    work_off()
    page = admin.get(url).text
    assert "What do the columns hold?" in page
    for heading in heads:
        assert str(escape(heading)) in page
    assert str(escape(name)) in page


def test_a_text_that_is_too_long_says_so_and_is_kept(admin: Visitor) -> None:
    long = "x" * 9_999
    url = send_file(admin, csv_of(("Name", "Town"), ("Aino", long))).headers["Location"]
    work_off()
    assert "Town is longer than 100 characters." in admin.get(url).text
    assert admin.form(f"{url}/rows/2")["town"] == long
