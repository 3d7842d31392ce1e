"""Handing out clients: exactly what the list shows, as a file; at once, or by a job where they are many."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app import storage
from app.clients.listing import RECORDS
from app.clients.models import Client, ClientTag
from app.current import Member
from app.db import begin, commit, db, now
from app.events.models import Event
from app.exports import exporting
from app.exports.models import KEPT, Export
from app.files.jobs import clean_up
from app.jobs import LEASE, Steps
from app.lists.selection import Listed
from app.notifications.models import Notification
from app.storage.store import StorageAway
from app.tags.models import Tag
from tests.importing import forget_files, stored_files, work_off
from tests.world import NORTH, SOUTH, Visitor, enter, make_client, user_id

MANAGER, AGENT, OPERATOR, VIEWER = (
    f"{name}@north.example" for name in ("sales_manager", "sales_agent", "operator", "viewer")
)
EXPORTS = "/north/clients/exports"


@pytest.fixture
def manager(app: Flask, visit: Callable[[str], Visitor]) -> Visitor:
    forget_files(app)
    return visit(MANAGER)


def some(count: int, by: Member | None = None, **fields: Any) -> list[int]:
    by = by or enter(MANAGER)
    numbers = [make_client(by, full_name=f"Person {at:03}", **fields).number for at in range(count)]
    commit()
    return numbers


def sent(visitor: Visitor, query: str = "", **form: Any) -> TestResponse:
    chosen = {"format": "csv", "extent": "shown", **form}
    return visitor.post(f"{EXPORTS}?list={quote(query)}", chosen)


def rows_of(answer: TestResponse | bytes) -> list[list[str]]:
    content = answer if isinstance(answer, bytes) else answer.data
    if content.startswith(b"PK"):
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        return [[str(cell) for cell in row] for row in sheet.to_python()]
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def names_of(answer: TestResponse | bytes) -> list[str]:
    rows = rows_of(answer)
    at = rows[0].index("Name" if "Name" in rows[0] else "Full name")
    return [row[at] for row in rows[1:]]


def events_of(name: str) -> list[Event]:
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    return list(db.session.scalars(select(Event).where(Event.name == name).order_by(Event.id)))


# --- Exactly what the list shows ----------------------------------------------------------------------------------


def test_the_columns_of_the_list_go_out_in_its_order(manager: Visitor) -> None:
    by = enter(MANAGER)
    lea = make_client(by, email="lea@example.com", phone="+33 6 55 55 11 22", company_name="Voiles", town="Toulon")
    lea.update({"status": "active", "owner_id": by.id}, by=by)
    for tag in ("VIP", "Regatta, spring"):
        ClientTag.put_on(lea, Tag.create(tag, "teal", port_id=NORTH, by=by), by=by)
    make_client(by, full_name="Aino Laine")
    commit()
    answer = sent(manager, "columns=contact,status,owner,town")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    assert 'attachment; filename="Clients Port North 20' in answer.headers["Content-Disposition"]
    assert rows_of(answer) == [
        ["Name", "Company", "Tags", "E-mail", "Phone", "Status", "Owner", "Town"],
        ["Aino Laine", "", "", "", "", "Prospect", "", ""],
        [
            "Léa Marchand",
            "Voiles",
            "Regatta, spring ::: VIP :::",
            "lea@example.com",
            "+33 6 55 55 11 22",
            "Active",
            "Sales Manager North",
            "Toulon",
        ],
    ]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["Aino", "Bo", "Cy"]),
        ("sort=name&direction=desc", ["Cy", "Bo", "Aino"]),
        ("sort=created", ["Cy", "Aino", "Bo"]),
        ("source=broker", ["Aino", "Cy"]),
        ("owner=me", ["Bo"]),
        ("owner=nobody", ["Aino", "Cy"]),
        ("q=aino", ["Aino"]),
        ("q=aino&source=event", []),
        ("archived=1", ["Gone"]),
    ],
)
def test_filters_search_and_order_are_those_of_the_list(manager: Visitor, query: str, shown: list[str]) -> None:
    by = enter(MANAGER)
    make_client(by, full_name="Bo", source="event", owner_id=by.id)
    make_client(by, full_name="Aino", source="broker")
    make_client(by, full_name="Cy", source="broker")
    make_client(by, full_name="Gone").archive(by=by)
    commit()
    assert re.findall(r'class="name" href="/north/clients/\d+[^"]*">(.*?)</a>', plain(manager, query)) == shown
    answer = sent(manager, query)
    if shown:
        assert names_of(answer) == shown
    else:
        assert answer.status_code == 422
        assert "Nobody" in answer.text


def plain(visitor: Visitor, query: str) -> str:
    return re.sub(r"</?mark>", "", visitor.get(f"/north/clients?{query}").text)


def test_the_ticked_go_out_alone(manager: Visitor) -> None:
    numbers = some(4)
    page = manager.get(f"{EXPORTS}/new?number={numbers[2]}&number={numbers[0]}&list=sort%3Dname").text
    assert "Export 2 clients" in page
    assert "Those you ticked" in page
    assert names_of(sent(manager, "sort=name", number=[numbers[2], numbers[0]])) == ["Person 000", "Person 002"]
    assert names_of(sent(manager, "q=person", number=[numbers[3]])) == ["Person 003"]
    assert names_of(sent(manager, number=[numbers[3]], all="1")) == [f"Person {at:03}" for at in range(4)]


def test_ones_own_columns_are_those_of_the_file(manager: Visitor) -> None:
    some(1)
    manager.put("/north/clients/columns", {"column": ["town"]})
    assert rows_of(sent(manager))[0] == ["Name", "Company", "Tags", "Town"]


def test_the_list_leads_to_it(manager: Visitor, visit: Callable[[str], Visitor]) -> None:
    some(1)
    assert "/north/clients/exports/new?list=status%3Dprospect" in manager.get("/north/clients?status=prospect").text
    for email in (AGENT, VIEWER, OPERATOR):
        other = visit(email)
        assert "/clients/exports" not in other.get("/north/clients").text
        assert sent(other).status_code == 403


def test_who_sees_only_their_own_hands_out_no_others(db: Any, app: Flask) -> None:
    """The role has no such right; a port may give it."""
    mine, theirs = some(2, owner_id=user_id(OPERATOR)), some(1)
    operator = enter(OPERATOR)
    for ticked in ([], [*mine, *theirs]):
        with app.test_request_context():
            listed = listed_of(operator, ticked)
            assert len(listed.every_id()) == listed.count == 2


def listed_of(member: Member, ticked: list[int]) -> Listed:
    return Listed.sent(RECORDS, MultiDict([("number", str(number)) for number in ticked]), "", member)


def test_numbers_of_another_port_are_nobody(manager: Visitor) -> None:
    some(1)
    south = make_client(enter("sales_manager@south.example", "south"), full_name="Southern").number
    commit()
    answer = sent(manager, number=[south + 100_000])
    assert answer.status_code == 422
    assert "Southern" not in names_of(sent(manager))


# --- Recorded, bounded, refused -----------------------------------------------------------------------------------


def test_what_leaves_is_recorded_first(manager: Visitor, visit: Callable[[str], Visitor]) -> None:
    some(3)
    sent(manager, "q=person+000")
    assert len(events_of("data:exported")) == 1
    assert "exported 1 client" in visit("port_admin@north.example").get("/north/admin/audit").text


@pytest.mark.parametrize("form", [{"format": "exe"}, {"extent": "some"}, {"format": ""}])
def test_bad_input_hands_out_nothing(manager: Visitor, form: dict[str, str]) -> None:
    some(1)
    answer = sent(manager, "status=prospect", **form)
    assert answer.status_code == 422
    assert "list=status%3Dprospect" in answer.text
    assert events_of("data:exported") == []


def test_exports_are_limited(manager: Visitor) -> None:
    some(1)
    assert [sent(manager).status_code for _ in range(6)] == [200] * 5 + [429]


@pytest.mark.parametrize("form", [{}, {"extent": "all"}, {"format": "vcf", "extent": "all"}, {"format": "xlsx"}])
def test_statements_do_not_grow_with_the_clients(manager: Visitor, statements: list[str], form: dict[str, str]) -> None:
    counts = []
    for size in (2, 40):
        some(size, phone="+358 40 5550113")
        statements.clear()
        assert len(sent(manager, **form).data) > 100
        counts.append(len(statements))
    assert counts[0] == counts[1] < 30


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "'=1", "''", "<r>x</r>", "-5"])
def test_nothing_is_run_by_a_spreadsheet(manager: Visitor, cell: str) -> None:
    """In a sheet it is a string, in CSV an apostrophe stands before it."""
    make_client(enter(MANAGER), full_name="Aino", company_name=cell)
    commit()
    written = rows_of(sent(manager))[1][1]
    assert written == (cell if cell in ("''", "<r>x</r>", "-5") else f"'{cell}")
    book = sent(manager, format="xlsx").data
    assert rows_of(book)[1][1] == ("''=1" if cell == "'=1" else cell)
    assert b"<f>" not in sheet_of(book)


def sheet_of(book: bytes) -> bytes:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        return parts.read("xl/worksheets/sheet1.xml")


def test_a_semicolon_stands_where_spreadsheets_want_one(manager: Visitor) -> None:
    some(1)
    begin(port_id=NORTH, scope="staff")
    db.session.execute(db.text("UPDATE ports SET locale = 'fi' WHERE slug = 'north'"))
    commit()
    assert sent(manager).data.decode("utf-8-sig").startswith("Name;Company;Tags;")
    assert sent(manager, extent="all").data.decode("utf-8-sig").startswith("Client number,Kind,")


# --- Many: a job --------------------------------------------------------------------------------------------------


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five are many."""
    monkeypatch.setattr(exporting, "AT_THE_CLICK", 4)
    monkeypatch.setattr("app.exports.views.AT_THE_CLICK", 4)
    monkeypatch.setattr(exporting, "AT_ONCE", 2)


pytestmark = pytest.mark.usefixtures("db")


def begun(visitor: Visitor, query: str = "", **form: Any) -> str:
    answer = sent(visitor, query, **form)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def the_export() -> Export:
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    db.session.expire_all()
    return db.session.scalars(select(Export).order_by(Export.id.desc()).limit(1)).one()


def taken(visitor: Visitor, url: str) -> bytes:
    link = visitor.get(f"{url}/content")
    assert link.status_code == 303
    answer = visitor.get(link.headers["Location"])
    assert answer.status_code == 200
    return bytes(answer.data)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_many_are_written_by_a_job(
    manager: Visitor, relayed: Callable[[], list[str]], statements: list[str], kind: str
) -> None:
    some(3, source="broker")
    some(5)
    relayed()
    url = begun(manager, "sort=name&direction=desc", format=kind)
    page = manager.get(url).text
    assert "Waiting for its turn" in page
    assert "8 clients" in page
    assert events_of("data:exported") == []
    assert work_off() == 1
    found = the_export()
    assert (found.status, found.done, found.total, found.record_ids, found.chosen) == ("finished", 8, 8, None, {})
    page = manager.get(url).text
    assert "The file is ready" in page
    assert names_of(taken(manager, url)) == sorted([f"Person {at:03}" for at in (*range(3), *range(5))], reverse=True)
    assert relayed() == ["export:started", "export:finished", "data:exported"]
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    told = db.session.scalars(select(Notification).where(Notification.type == "export")).one()
    assert told.user_id == user_id(MANAGER)


@pytest.mark.usefixtures("few")
def test_a_form_sent_twice_makes_one_file(manager: Visitor) -> None:
    some(5)
    form = manager.form(f"{EXPORTS}/new")
    assert form["_key"]
    assert len({begun(manager, **form) for _ in range(2)}) == 1
    assert work_off() == 1


@pytest.mark.usefixtures("few")
def test_whom_a_search_found_stay_in_its_order(manager: Visitor) -> None:
    some(6)
    url = begun(manager, "q=person&status=prospect")
    some(1)
    work_off()
    assert sorted(names_of(taken(manager, url))) == [f"Person {at:03}" for at in range(6)]


@pytest.mark.usefixtures("few")
def test_the_file_is_for_the_one_who_asked(manager: Visitor, visit: Callable[[str], Visitor]) -> None:
    some(5)
    url = begun(manager)
    work_off()
    for email in ("teammate@north.example", "port_admin@north.example"):
        assert visit(email).get(url).status_code == 404
        assert visit(email).get(f"{url}/content").status_code == 404
        assert visit(email).delete(f"{url}/run").status_code == 404
    stranger = visit("port_admin@south.example")
    for address in (url, f"{url}/content", url.replace("north", "south")):
        assert stranger.get(address).status_code == 404
    assert Visitor.anonymous(manager.app).get(f"{url}/content").status_code == 303


@pytest.mark.usefixtures("few")
def test_who_may_no_longer_see_them_all_gets_no_file_of_all(manager: Visitor) -> None:
    some(5)
    begun(manager)
    work_off()
    found, who = the_export(), enter(MANAGER)
    assert db.session.scalars(Export.visible_to(who)).one() is found
    less = Member(**{**fields_of(who), "permissions": frozenset({"clients.view_own", "clients.export"})})
    assert db.session.scalars(Export.visible_to(less)).all() == []
    found.only_own = True
    assert db.session.scalars(Export.visible_to(less)).one() is found


def fields_of(member: Member) -> dict[str, Any]:
    return {name: getattr(member, name) for name in Member.__dataclass_fields__}


@pytest.mark.usefixtures("few")
def test_the_job_hands_out_only_what_they_saw(manager: Visitor) -> None:
    """Also when a client became somebody else's meanwhile."""
    some(3, owner_id=user_id(MANAGER))
    some(3)
    url = begun(manager)
    found = the_export()
    found.only_own = True
    commit()
    work_off()
    enter(MANAGER)
    assert len(names_of(taken(manager, url))) == 6  # three are theirs, three entered by them and nobody's
    other = begun(manager)
    found = the_export()
    found.only_own = True
    begin(port_id=NORTH, scope="staff")
    for client in db.session.scalars(select(Client).limit(2)):
        client.owner_id = user_id(AGENT)
    commit()
    work_off()
    assert len(names_of(taken(manager, other))) == 4


@pytest.mark.usefixtures("few")
def test_stopped_it_leaves_nothing(app: Flask, manager: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    some(6)
    url = begun(manager)
    tell = Steps.tell

    def stop(*_: object) -> None:
        monkeypatch.setattr(Steps, "tell", tell)
        assert manager.delete(f"{url}/run").status_code == 303

    monkeypatch.setattr(Steps, "tell", stop)
    assert work_off() == 1
    found = the_export()
    assert (found.status, found.done, found.storage_key) == ("stopped", 2, "")
    assert stored_files(app) == []
    assert manager.get(f"{url}/content").status_code == 409
    assert "Nothing of it is kept" in manager.get(url).text
    assert manager.delete(f"{url}/run").status_code == 303  # nothing to stop
    assert len(events_of("export:stopped")) == 1
    assert events_of("data:exported") == []


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_killed_it_begins_anew(app: Flask, manager: Visitor, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    some(6)
    url = begun(manager, format=kind)
    tell, told = Steps.tell, []

    class Killed(BaseException):
        """Nothing can be done about it in the process."""

    def kill(*_: object) -> None:
        told.append(1)
        if len(told) == 2:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Steps, "tell", kill)
        with pytest.raises(Killed):
            work_off()
    assert the_export().done == 4
    assert stored_files(app) == []
    monkeypatch.setattr(Steps, "tell", tell)
    with time_machine.travel(now() + LEASE * 2):
        work_off()
        assert the_export().done == 6
        assert names_of(taken(manager, url)) == [f"Person {at:03}" for at in range(6)]
    assert len(events_of("export:finished")) == 1


@pytest.mark.usefixtures("few")
def test_killed_before_its_end_was_noted_it_leaves_a_file_that_is_removed(
    app: Flask, manager: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    some(5)
    begun(manager)

    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Export, "note_finished", kill)
        with pytest.raises(Killed):
            work_off()
    (left,) = stored_files(app)
    with time_machine.travel(now() + LEASE * 2):
        work_off()
        (kept,) = set(stored_files(app)) - {left}
        assert the_export().storage_key == kept
    with time_machine.travel(now() + KEPT / 2):
        clean()
    assert stored_files(app) == [kept]


def clean() -> None:
    begin(port_id=NORTH, scope="staff")
    clean_up.later()
    commit()
    work_off()


@pytest.mark.usefixtures("few")
def test_after_three_days_it_is_gone(app: Flask, manager: Visitor) -> None:
    some(5)
    url = begun(manager)
    work_off()
    with time_machine.travel(now() + KEPT * 0.9):
        clean()
        assert len(stored_files(app)) == 1
    with time_machine.travel(now() + KEPT * 1.1):
        clean()
        assert stored_files(app) == []
        assert the_export().is_there is False
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    db.session.execute(db.text("UPDATE exports SET finished_at = finished_at - interval '4 days'"))
    commit()
    assert manager.get(f"{url}/content").status_code == 409
    assert "The file was removed" in manager.get(url).text


@pytest.mark.usefixtures("few")
def test_a_storage_that_stays_away_fails_it_in_plain_words(
    manager: Visitor, monkeypatch: pytest.MonkeyPatch, relayed: Callable[[], list[str]]
) -> None:
    some(5)
    url = begun(manager)
    relayed()

    def away(*_: object) -> None:
        raise StorageAway()

    monkeypatch.setattr(storage, "put", away)
    for later in range(4):
        with time_machine.travel(now() + LEASE * 2 * (later + 1)):
            work_off()
    assert the_export().status == "failed"
    assert "The file could not be made" in manager.get(url).text
    assert "export:failed" in relayed()
    assert events_of("data:exported") == []


@pytest.mark.usefixtures("few")
def test_two_at_once_are_two_files(manager: Visitor, visit: Callable[[str], Visitor], app: Flask) -> None:
    some(5)
    mate = visit("teammate@north.example")
    mine, theirs = begun(manager), begun(mate, extent="all")
    assert work_off() == 2
    assert len(stored_files(app)) == 2
    assert names_of(taken(manager, mine)) == names_of(taken(mate, theirs))


@pytest.mark.usefixtures("few")
def test_a_job_in_another_port_does_nothing(manager: Visitor, app: Flask) -> None:
    some(5)
    begun(manager)
    export_id = the_export().id
    begin(port_id=SOUTH, scope="staff")
    exporting.run_export.later(export_id=export_id)
    commit()
    assert work_off(SOUTH) == 1
    assert stored_files(app) == []
    assert the_export().status == "running"


@pytest.mark.usefixtures("few")
def test_who_is_gone_meanwhile_is_not_in_the_file(manager: Visitor) -> None:
    numbers = some(6)
    url = begun(manager)
    begin(port_id=NORTH, scope="staff")
    db.session.execute(db.text("DELETE FROM clients WHERE number = :number"), {"number": numbers[0]})
    commit()
    work_off()
    assert names_of(taken(manager, url)) == [f"Person {at:03}" for at in range(1, 6)]
    assert the_export().total == 5


@pytest.mark.usefixtures("few")
def test_steps_cost_a_bounded_number_of_statements(manager: Visitor, statements: list[str]) -> None:
    counts = []
    for size in (8, 8):
        some(size)
        begun(manager, extent="all")
        statements.clear()
        work_off()
        counts.append(len(statements))
    assert counts[1] < counts[0] * 2.1


def test_more_rows_than_a_sheet_has_go_out_as_csv(manager: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.exports.views.MOST_SHEET_ROWS", 3)
    some(3)
    answer = sent(manager, format="xlsx")
    assert answer.status_code == 422
    assert "Choose CSV." in answer.text
    assert sent(manager).status_code == 200
