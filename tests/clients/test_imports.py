"""A contact file on its way in: sent, looked at, let in, stopped, gone on with."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from html import unescape
from typing import Any

import pytest
import time_machine
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from app import storage
from app.clients.models import Client
from app.db import begin, commit, db, now
from app.files.models import LooseKey
from app.imports import jobs
from app.imports.jobs import check_import, run_import
from app.imports.models import Import, ImportRow, ImportStatus
from app.jobs import LEASE, Steps
from app.storage.store import Reader, StorageAway
from app.tables import reading, unfolding
from app.tables.formulas import defused
from app.tables.writing import as_workbook
from tests.importing import (
    IMPORTS,
    forget_files,
    opened_form,
    send_file,
    stored_content,
    stored_files,
    work_off,
)
from tests.world import SOUTH, Visitor, contacts_of, enter, make_client, notes_of

pytestmark = pytest.mark.usefixtures("db")

ADMIN = "port_admin@north.example"
FILE = """Name,E-mail,Phone,Note
Aino Laine,aino@example.com,040 5550113,likes mornings
Eero Niemi,eero@example.com,,
Aino Again,AINO@example.com,,
,nameless@example.com,,
Léa Marchand,lea@example.com,,
Broken,broken@example,,
""".encode()


@pytest.fixture
def admin(app: Flask, visit: Callable[[str], Visitor]) -> Visitor:
    forget_files(app)
    return visit(ADMIN)


def sent(admin: Visitor, content: bytes = FILE, name: str = "clients.csv") -> str:
    """The address of the import, its file being checked."""
    answer = send_file(admin, content, name)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def checked(admin: Visitor, content: bytes = FILE) -> str:
    url = sent(admin, content)
    assert work_off() == 1
    return url


def the_import() -> Import:
    enter(ADMIN)
    db.session.expire_all()
    return db.session.scalars(select(Import)).one()


def names() -> list[str]:
    enter(ADMIN)
    return list(db.session.scalars(select(Client.full_name).order_by(Client.number)))


def verdicts() -> list[tuple[int, str, str]]:
    enter(ADMIN)
    rows = db.session.scalars(select(ImportRow).order_by(ImportRow.row_number)).all()
    return [(row.row_number, row.verdict, row.message) for row in rows]


# --- Looking ------------------------------------------------------------------------------------------------------


def test_each_row_gets_its_verdict_and_nothing_is_stored(admin: Visitor) -> None:
    make_client(enter(ADMIN), full_name="Léa M.", email="LEA@example.com")
    commit()
    url = checked(admin)
    found = the_import()
    assert found.status == ImportStatus.PREVIEW
    assert (found.total, found.new_count, found.duplicate_count, found.wrong_count) == (6, 2, 2, 2)
    assert verdicts() == [
        (2, "new", ""),
        (3, "new", ""),
        (4, "duplicate", "Same e-mail as row 2 of this file. Row 2 is used, this one is left out."),
        (5, "wrong", "There is no name in this row."),
        (6, "duplicate", "Same e-mail as Léa M., and a name close to it."),
        (7, "wrong", "“broken@example”: Add what comes after the @, such as name@example.com."),
    ]
    assert names() == ["Léa M."]
    page = admin.get(url).text
    assert "There is no name in this row." in page
    assert "Import 2 rows" in page


def test_a_file_that_cannot_be_read_says_why(admin: Visitor) -> None:
    url = checked(admin, b"Name\nA\x00\n")
    assert the_import().status == ImportStatus.FAILED
    assert (verdicts(), names()) == ([], [])
    page = admin.get(url).text
    assert "The file is not text." in page
    assert admin.post(f"{url}/run").status_code == 303
    assert the_import().status == ImportStatus.FAILED


def test_no_file_is_said_beside_the_field(admin: Visitor) -> None:
    answer = admin.post(IMPORTS, opened_form(admin))
    assert answer.status_code == 422
    assert "Choose a file first." in answer.text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("kirjat/kontaktit ä.csv", "kontaktit ä.csv"),
        ("../../etc/passwd", "passwd"),
        ("a\x07b.csv", "ab.csv"),
        ("x" * 300 + ".csv", "x" * 200),
    ],
)
def test_the_name_of_the_file_is_only_a_name(admin: Visitor, name: str, shown: str) -> None:
    url = sent(admin, name=name)
    assert the_import().filename == shown
    assert admin.get(f"{url}/errors").status_code == 200


# --- The file lies between two transactions ---------------------------------------------------------------------


def test_nothing_is_asked_of_the_database_while_the_file_is_stored(
    app: Flask, admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = storage.put
    under_way: list[bool] = []

    def watched(stream: Reader, key: str, content_type: str) -> None:
        under_way.append(db.session.registry().in_transaction())
        put(stream, key, content_type)

    monkeypatch.setattr(storage, "put", watched)
    sent(admin)
    assert under_way == [False]
    (key,) = stored_files(app)
    assert stored_content(key) == FILE


def test_a_storage_that_is_away_stores_nothing_and_the_form_can_be_sent_again(
    app: Flask, admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = opened_form(admin)

    def away(*_: object) -> None:
        raise StorageAway()

    with monkeypatch.context() as patched:
        patched.setattr(storage, "put", away)
        assert send_file(admin, FILE, **form).status_code == 503
    assert send_file(admin, FILE, **form).status_code == 303
    assert stored_files(app) == [the_import().storage_key]


def test_a_database_that_refuses_leaves_a_file_that_is_removed_later(
    app: Flask, admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = opened_form(admin)

    def broken(**_: object) -> Import:
        raise RuntimeError("the database went away")

    with monkeypatch.context() as patched:
        patched.setattr(Import, "create", broken)
        assert send_file(admin, FILE, **form).status_code == 500
    (left,) = stored_files(app)
    assert send_file(admin, FILE, **form).status_code == 303
    enter(ADMIN)
    assert db.session.scalars(select(LooseKey.storage_key)).all() == [left]
    assert left != the_import().storage_key


# --- Letting in ---------------------------------------------------------------------------------------------------


def test_the_new_rows_come_in_with_contacts_note_and_timeline(admin: Visitor) -> None:
    url = checked(admin)
    assert admin.post(f"{url}/run").status_code == 303
    assert admin.post(f"{url}/run").status_code == 303  # pressed twice
    assert work_off() == 1
    assert names() == ["Aino Laine", "Eero Niemi", "Léa Marchand"]
    found = the_import()
    assert (found.status, found.created_count, found.done) == (ImportStatus.FINISHED, 3, 3)
    aino = db.session.scalars(select(Client).where(Client.full_name == "Aino Laine")).one()
    assert [(c.display, c.is_primary) for c in contacts_of(aino)] == [
        ("aino@example.com", True),
        ("+358 40 5550113", True),
    ]
    assert [note.body for note in notes_of(aino)] == ["likes mornings"]
    assert aino.created_by_id == enter(ADMIN).id
    timeline = admin.get(f"/north/clients/{aino.number}/events").text
    assert timeline.count('<p class="what"><b>Port Admin North</b>') == 4
    assert "Import finished" in admin.get(url).text


def test_who_was_entered_since_the_check_is_not_entered_twice(admin: Visitor) -> None:
    url = checked(admin)
    make_client(enter(ADMIN), full_name="Eero by hand", email="eero@example.com")
    commit()
    admin.post(f"{url}/run")
    work_off()
    assert sorted(names()) == ["Aino Laine", "Eero by hand", "Léa Marchand"]
    found = the_import()
    assert (found.new_count, found.duplicate_count, found.created_count, found.done) == (2, 2, 2, 2)


def test_the_same_file_again_adds_nobody(admin: Visitor) -> None:
    first, second = checked(admin), checked(admin)
    for url in (first, second):
        admin.post(f"{url}/run")
    assert work_off() == 2
    assert names() == ["Aino Laine", "Eero Niemi", "Léa Marchand"]


def many(count: int) -> bytes:
    return "".join(["Name,E-mail\n", *(f"Client {at:03},c{at}@example.com\n" for at in range(count))]).encode()


def work_off_stopping(admin: Visitor, url: str, monkeypatch: pytest.MonkeyPatch, *, after: int) -> None:
    """The worker at work, and somebody who stops it after so many of its steps."""
    tell, told = Steps.tell, []

    def stop_after_some(*args: Any, **kwargs: Any) -> None:
        tell(*args, **kwargs)
        told.append(1)
        if len(told) == after:
            assert admin.delete(f"{url}/run").status_code == 303

    with monkeypatch.context() as patched:
        patched.setattr(Steps, "tell", stop_after_some)
        work_off()


def test_an_import_that_is_stopped_after_its_last_row_is_finished(
    admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LET_IN_AT_ONCE", 25)
    url = checked(admin, many(50))
    admin.post(f"{url}/run")
    work_off_stopping(admin, url, monkeypatch, after=2)
    found = the_import()
    assert (found.status, found.created_count, found.done) == (ImportStatus.FINISHED, 50, 50)


def test_a_stopped_import_keeps_what_is_in_and_goes_on_where_it_was(
    admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LET_IN_AT_ONCE", 25)
    url = checked(admin, many(60))
    admin.post(f"{url}/run")
    work_off_stopping(admin, url, monkeypatch, after=1)
    found = the_import()
    assert (found.status, found.created_count, found.done) == (ImportStatus.STOPPED, 25, 25)
    assert len(names()) == 25
    assert "Go on with the import" in admin.get(url).text
    assert admin.delete(f"{url}/run").status_code == 303  # nothing to stop
    assert the_import().status == ImportStatus.STOPPED
    admin.post(f"{url}/run")
    work_off()
    found = the_import()
    assert (found.status, found.created_count, found.done) == (ImportStatus.FINISHED, 60, 60)
    assert names() == [f"Client {at:03}" for at in range(60)]


def test_an_import_that_breaks_says_so_in_plain_words(admin: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    url = checked(admin)
    admin.post(f"{url}/run")

    def broken(*_: object, **__: object) -> Client:
        raise RuntimeError("column 7 is on fire")

    monkeypatch.setattr(jobs, "let_in", broken)
    work_off()
    assert the_import().status == ImportStatus.FAILED
    page = admin.get(url).text
    assert "Something broke on our side" in page
    assert "on fire" not in page


def test_a_file_that_is_gone_fails_the_import(app: Flask, admin: Visitor) -> None:
    sent(admin)
    forget_files(app)
    work_off()
    assert the_import().status == ImportStatus.FAILED


def test_a_row_costs_a_bounded_number_of_statements(admin: Visitor, statements: list[str]) -> None:
    url = checked(admin, many(50))
    admin.post(f"{url}/run")
    statements.clear()
    work_off()
    assert len(statements) < 50


# --- Its own port -------------------------------------------------------------------------------------------------


def test_an_import_of_another_port_does_not_exist(admin: Visitor, visit: Callable[[str], Visitor]) -> None:
    url = checked(admin)
    stranger = visit("port_admin@south.example")
    for address in (url, f"{url}/errors", url.replace("north", "south")):
        assert stranger.get(address).status_code == 404
    assert stranger.post(f"{url}/run").status_code == 404
    assert visit("sales_agent@north.example").get(url).status_code == 403


def test_a_job_in_another_port_does_nothing(admin: Visitor) -> None:
    url = checked(admin)
    admin.post(f"{url}/run")
    import_id = the_import().id
    begin(port_id=SOUTH, scope="staff")
    for work in (check_import, run_import):
        work.later(import_id=import_id)
    commit()
    assert work_off(SOUTH) == 2
    assert names() == []
    assert the_import().status == ImportStatus.RUNNING
    work_off()
    assert len(names()) == 3
    begin(port_id=SOUTH, scope="staff")
    assert db.session.query(Client).count() == 0


# --- The rows of the preview ------------------------------------------------------------------------------------


def mixed(count: int) -> bytes:
    """Every third row is wrong, every third a duplicate."""
    kinds = ("Client {0},c{0}@example.com", "Client {0},first@example.com", ",nameless{0}@example.com")
    rows = [kinds[at % 3].format(at) for at in range(count)]
    return "\n".join(["Name,E-mail", "First,first@example.com", *rows]).encode()


def rows_in(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'row-no"[^>]*>(\d+)</td>', page)]


@pytest.mark.parametrize(("verdict", "count"), [("", 190), ("wrong", 63), ("duplicate", 63), ("new", 64)])
def test_the_rows_are_shown_by_pages_what_needs_somebody_first(admin: Visitor, verdict: str, count: int) -> None:
    url = checked(admin, mixed(189))
    shown, following = [], f"{url}?verdict={verdict}"
    while following:
        page = admin.get(following).text
        shown.append(rows_in(page))
        found = re.search(r'href="([^"]+after=[^"]+)"', page)
        following = unescape(found[1]) if found else ""
    every = [row for rows in shown for row in rows]
    assert (len(every), len(set(every))) == (count, count)
    assert [len(rows) for rows in shown[:-1]] == [50] * (len(shown) - 1)
    rank = {"wrong": 0, "duplicate": 1, "new": 3}
    kind = {number: rank[verdict] for number, verdict, _message in verdicts()}
    assert every == sorted(every, key=lambda number: (kind[number], number))


@pytest.mark.parametrize("after", ["x", "7", "5.1", "1.x", "1.99999999999"])
def test_an_altered_place_is_refused(admin: Visitor, after: str) -> None:
    assert admin.get(f"{checked(admin)}?after={after}").status_code == 400


def test_the_rows_left_out_come_back_as_they_were(admin: Visitor) -> None:
    url = checked(admin, FILE + b'=1+1,"=HYPERLINK(1)",+358 40,"two\nlines",too many\n')
    answer = admin.get(f"{url}/errors")
    assert answer.mimetype == "text/csv"
    assert 'filename="clients - left out.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0] == ["Name", "E-mail", "Phone", "Note", "Why it was left out"]
    assert [row[0] for row in rows[1:]] == ["Aino Again", "", "Broken", "'=1+1"]
    assert rows[-1][1:4] == ["'=HYPERLINK(1)", "+358 40", "two\nlines"]
    assert rows[-1][-1] == "too many"


def as_table(rows: Sequence[Sequence[str]], delimiter: str, encoding: str) -> bytes:
    if not delimiter:
        return b"".join(as_workbook(rows[0], [rows[1:]]))
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    return buffer.getvalue().encode(encoding)


def cells_of(content: bytes, delimiter: str, encoding: str) -> list[list[str]]:
    """As a program reads it that knows no more of the file than what was sent, each row to its last cell."""
    if delimiter:
        rows = list(csv.reader(io.StringIO(content.decode(encoding), newline=""), delimiter=delimiter))
    else:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        rows = [[str(cell) for cell in row] for row in sheet.to_python()]
    return [row[: len(row) - next((at for at, cell in enumerate(reversed(row)) if cell), 0)] for row in rows]


# The delimiter, and the encoding of what is sent and of what comes back; none of a workbook.
KINDS_OF_FILES = {
    "comma, UTF-8": (",", "utf-8", "utf-8-sig"),
    "semicolon, Windows-1252": (";", "cp1252", "cp1252"),
    "comma, UTF-16": (",", "utf-16", "utf-16"),
    "tab, UTF-8": ("\t", "utf-8-sig", "utf-8-sig"),
    "workbook": ("", "", ""),
}
LEFT_OUT = [
    ["Àino Again", "àino@example", "", "says “no”"],
    ["", "nameless@example.com"],
    ["=1+1", "=HYPERLINK(1)", "+358 40", "two\nlines; and, more", "too many"],
]


@pytest.mark.parametrize("kind", KINDS_OF_FILES)
def test_they_come_back_in_the_kind_of_file_they_came_in(admin: Visitor, kind: str) -> None:
    """Cell by cell, with why behind them."""
    delimiter, encoding, back = KINDS_OF_FILES[kind]
    header, fine = ["Name", "E-mail", "Phone", "Note"], ["Eero Niemi", "eero@example.com"]
    content = as_table([header, fine, *LEFT_OUT], delimiter, encoding)
    url = sent(admin, content, "clients.csv" if delimiter else "clients.xlsx")
    work_off()
    answer = admin.get(f"{url}/errors")
    assert answer.headers["Content-Disposition"].endswith('left out.csv"' if delimiter else 'left out.xlsx"')
    rows = cells_of(answer.data, delimiter, back)
    assert rows[0] == [*header, "Why it was left out"]
    whys = [message for _row, verdict, message in verdicts() if verdict == "wrong"]
    assert len(whys) == len(LEFT_OUT)
    for row, came, why in zip(rows[1:], LEFT_OUT, whys, strict=True):
        four = [*came[:4], *[""] * (4 - len(came))]
        assert row == [*(map(defused, four) if delimiter else four), why, *came[4:]]


def test_a_reason_in_letters_that_the_file_has_not_loses_none(admin: Visitor) -> None:
    make_client(enter(ADMIN), full_name="Łucja Żak", email="lea@example.com")
    commit()
    url = checked(admin, as_table([["Name", "E-mail"], ["Léa", "lea@example.com"]], ";", "cp1252"))
    rows = cells_of(admin.get(f"{url}/errors").data, ";", "utf-8-sig")
    assert rows[1][0] == "Léa"
    assert "Łucja Żak" in rows[1][2]


@pytest.mark.parametrize("delimiter", [",", ""])
@pytest.mark.parametrize("count", [3, 4])
def test_more_rows_than_are_read_are_refused_whole(
    admin: Visitor, monkeypatch: pytest.MonkeyPatch, delimiter: str, count: int
) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    content = as_table([["Name"], *([f"Guest {at}"] for at in range(count))], delimiter, "utf-8")
    url = sent(admin, content, "clients.csv" if delimiter else "clients.xlsx")
    work_off()
    found = the_import()
    if count == 3:
        assert (found.status, found.new_count) == (ImportStatus.PREVIEW, 3)
        return
    assert (found.status, verdicts()) == (ImportStatus.FAILED, [])
    assert "The file has more than 3 rows. Send it in parts." in admin.get(url).text


def test_a_workbook_of_many_more_rows_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the process that unfolds it; blank rows may stand between."""
    monkeypatch.setattr(unfolding, "MOST_ROWS", 3)
    with pytest.raises(unfolding.Unfit, match="rows"):
        list(unfolding.rows(io.BytesIO(as_table([["Name"], *([str(at)] for at in range(200))], "", ""))))


# --- A check that is interrupted --------------------------------------------------------------------------------


def test_a_check_that_was_killed_goes_on_after_the_rows_it_kept(
    admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = 100
    monkeypatch.setattr(jobs, "CHECKED_AT_ONCE", at_once)
    sent(admin, many(at_once * 2 + 10) + b"Again,c0@example.com\n")
    tell = Steps.tell

    class Killed(BaseException):
        """Nothing can be done about it in the process."""

    def kill(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(Steps, "tell", kill)
    with pytest.raises(Killed):
        work_off()
    monkeypatch.setattr(Steps, "tell", tell)
    assert the_import().done == at_once
    with time_machine.travel(now() + LEASE * 2):
        work_off()
    found = the_import()
    assert (found.status, found.total, found.done) == (ImportStatus.PREVIEW, 211, 211)
    assert (found.new_count, found.duplicate_count) == (210, 1)
    assert len(verdicts()) == 211
