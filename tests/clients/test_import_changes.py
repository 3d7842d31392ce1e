"""Rows that meet somebody who is here: updates, duplicates to be decided on, rows mended; and taking it all back."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
import xlsxwriter
from flask import Flask
from sqlalchemy import select, text

from app.changes.models import ChangeItem, ChangeSet
from app.clients.models import Client
from app.db import begin, commit, db, now
from app.events.models import Event, keyring, message_of
from app.jobs import Steps
from tests.importing import ADMIN, IMPORTS, checked, forget_files, let_in, rows, send_file, the_import, work_off
from tests.world import SOUTH, Visitor, contacts_of, enter, make_client, notes_of, user_id

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def admin(app: Flask, visit: Callable[[str], Visitor]) -> Visitor:
    forget_files(app)
    return visit(ADMIN)


def client(name: str) -> Client:
    enter(ADMIN)
    db.session.expire_all()
    return db.session.scalars(select(Client).where(Client.full_name == name)).one()


def ana() -> Client:
    found = make_client(
        enter(ADMIN), full_name="Ana Beltrán", email="ana@example.com", phone="+34 971 555 210", town="Palma"
    )
    commit()
    return found


# --- Verdicts -----------------------------------------------------------------------------------------------------


def test_an_update_says_what_changes_and_changes_nothing_else(admin: Visitor) -> None:
    ana()
    url = checked(
        admin,
        "Name,E-mail,Phone,Town,Country,Note\n"
        "Ana Beltrán,ANA@example.com,+34 971 555 214,Palma,Spain,Likes berth 4\n"
        "Ana Beltrán,ana@example.com,,,,\n",
    )
    row = rows()[2]
    assert (row.verdict, row.differences) == (
        "update",
        [["country", "", "ES"], ["phone", "+34 971 55 52 10", "+34 971 55 52 14"], ["note", None, "Likes berth 4"]],
    )
    page = admin.get(url).text
    assert "Phone changes from +34 971 55 52 10 to <b>+34 971 55 52 14</b>" in page
    found = let_in(admin, url)
    assert (found.created_count, found.updated_count, found.update_count) == (0, 1, 1)
    who = client("Ana Beltrán")
    assert (who.town, who.country, who.version) == ("Palma", "ES", 2)
    assert [contact.value for contact in contacts_of(who)] == ["ana@example.com", "+34 971 55 52 14"]
    assert [note.body for note in notes_of(who)] == ["Likes berth 4"]


def test_an_empty_cell_erases_nothing_and_a_second_address_is_added(admin: Visitor) -> None:
    ana()
    let_in(admin, checked(admin, 'Name,E-mail,Town\n"Beltrán, Ana",ana@example.com ::: ana@work.example,\n'))
    who = client("Ana Beltrán")
    assert who.town == "Palma"
    emails = [(one.value, one.is_primary) for one in contacts_of(who) if one.kind == "email"]
    assert emails == [("ana@example.com", True), ("ana@work.example", False)]


def test_who_may_not_edit_clients_may_not_by_a_file(admin: Visitor) -> None:
    ana()
    send_file(admin, b"Name,E-mail,Town\nAna Beltr\xc3\xa1n,ana@example.com,Nice\n")
    the_import().may_update = False
    commit()
    work_off()
    assert rows()[2].verdict == "duplicate"
    assert "not change them" in rows()[2].message
    assert admin.put(f"{IMPORTS}/{the_import().number}/rows/2/verdict", {"to": "update"}).status_code == 303
    assert rows()[2].verdict == "duplicate"


@pytest.mark.parametrize(
    ("name", "words"),
    [("A. Beltrán", "a name close to it"), ("Zoltan Kovacs", "under another name")],
)
def test_a_duplicate_waits_for_a_decision(admin: Visitor, name: str, words: str) -> None:
    ana()
    url = checked(admin, f"Name,Phone,Town\n{name},+34971555210,Nice\n")
    assert words in rows()[2].message
    page = admin.get(f"{url}/rows/2").text
    assert "Change Ana Beltrán by this row" in page
    admin.put(f"{url}/rows/2/verdict", {"to": "new"})
    found = let_in(admin, url)
    assert (found.created_count, found.duplicate_count) == (1, 0)
    assert client(name).town == "Nice"


def test_a_duplicate_may_change_the_client_it_is_like(admin: Visitor) -> None:
    ana()
    url = checked(admin, "Name,Phone,Town\nAna B,+34971555210,Nice\n")
    admin.put(f"{url}/rows/2/verdict", {"to": "update"})
    let_in(admin, url)
    assert client("Ana B").town == "Nice"


def test_a_row_is_left_out_and_taken_in_again(admin: Visitor) -> None:
    url = checked(admin, "Name,E-mail\nAino,a@example.com\nEero,e@example.com\n")
    admin.put(f"{url}/rows/2/verdict", {"to": "out"})
    assert (the_import().new_count, the_import().out_count) == (1, 1)
    admin.put(f"{url}/rows/2/verdict", {"to": "out"})
    assert the_import().out_count == 1
    admin.put(f"{url}/rows/2/verdict", {"to": "again"})
    assert (the_import().new_count, the_import().out_count) == (2, 0)
    admin.put(f"{url}/rows/3/verdict", {"to": "out"})
    assert let_in(admin, url).created_count == 1
    admin.put(f"{url}/rows/2/verdict", {"to": "out"})
    assert rows()[2].verdict == "new"


def test_a_wrong_row_is_mended_here(admin: Visitor) -> None:
    url = checked(admin, "Name,E-mail,Country\nAino,aino@example,Atlantis\n")
    form = admin.form(f"{url}/rows/2")
    assert (form["email"], form["country"]) == ("aino@example", "Atlantis")
    still = admin.put(f"{url}/rows/2", {**form, "country": "Finland"})
    assert still.status_code == 422
    assert "Add what comes after the @" in still.text
    assert 'value="Finland"' in still.text
    assert admin.put(f"{url}/rows/2", {**form, "country": "Finland", "email": "aino@example.com"}).status_code == 303
    assert (the_import().new_count, the_import().wrong_count) == (1, 0)
    let_in(admin, url)
    assert client("Aino").country == "FI"


def test_a_row_that_was_mended_into_its_neighbour_is_not_entered_twice(admin: Visitor) -> None:
    url = checked(admin, "Name,E-mail\nAino,aino@example.com\nAino,aino@example\n")
    form = admin.form(f"{url}/rows/3")
    admin.put(f"{url}/rows/3", {**form, "email": "aino@example.com"})
    found = let_in(admin, url)
    assert (found.created_count, found.duplicate_count) == (1, 1)
    assert "Row 2 of this file says the same" in rows()[3].message


# --- Columns ------------------------------------------------------------------------------------------------------


def test_headings_nobody_knows_are_asked_about_once(admin: Visitor) -> None:
    content = "Skipper,Boat club,Mail\nAino Laine,HSS,aino@example.com\n"
    url = checked(admin, content)
    assert the_import().status == "mapping"
    page = admin.get(url).text
    assert "What do the columns hold?" in page
    assert "Aino Laine" in page
    nobody = admin.put(f"{url}/columns", {"column-2": "email"})
    assert nobody.status_code == 422
    assert "Say which column holds the name" in nobody.text
    admin.put(f"{url}/columns", {"column-0": "full_name", "column-1": "told_note", "column-2": "email"})
    work_off()
    assert (the_import().status, the_import().new_count) == ("preview", 1)
    let_in(admin, url)
    assert [note.body for note in notes_of(client("Aino Laine"))] == ["Boat club: HSS"]
    checked(admin, content)
    assert (the_import().status, the_import().duplicate_count) == ("preview", 1)


def test_what_one_port_said_of_its_headings_another_is_asked(admin: Visitor, visit: Callable[[str], Visitor]) -> None:
    content = "Skipper,Boat club,Mail\nAino Laine,HSS,aino@example.com\n"
    said = {"column-0": "full_name", "column-1": "told_note", "column-2": "email"}
    admin.put(f"{checked(admin, content)}/columns", said)
    work_off()
    south = visit("port_admin@south.example")
    answer = send_file(south, content.encode(), to="/south/clients/imports")
    work_off(SOUTH)
    page = south.get(answer.headers["Location"]).text
    assert "What do the columns hold?" in page
    asked = south.form(f"{answer.headers['Location']}/columns")
    assert [asked[name] for name in said] == ["", "", "email"]
    south.put(f"{answer.headers['Location']}/columns", {**said, "column-1": "note"})
    work_off(SOUTH)
    assert "Aino Laine" in south.get(answer.headers["Location"]).text
    checked(admin, content)
    assert [target for _heading, target in the_import().columns] == list(said.values())


def test_columns_are_matched_anew_before_anything_is_in(admin: Visitor) -> None:
    url = checked(admin, "Name,Company\nAino,Laine Oy\n")
    admin.put(f"{url}/columns", {"column-0": "company_name", "column-1": "full_name"})
    work_off()
    assert rows()[2].fields["full_name"] == "Laine Oy"
    let_in(admin, url)
    assert admin.put(f"{url}/columns", {"column-0": "full_name", "column-1": ""}).status_code == 303
    assert the_import().status == "finished"


FORBIDDEN = ("port_id", "owner_id", "id", "archived_at", "created_by_id", "version", "sort_name", "number_block")


def test_no_column_reaches_what_a_file_may_not_write(admin: Visitor) -> None:
    foreign = user_id("sales_manager@south.example")
    head = ",".join(("Name", "Owner", *FORBIDDEN))
    values = {"port_id": str(SOUTH), "owner_id": str(foreign), "id": "0" * 32}
    line = ",".join(["Aino", "", *(values.get(name, "2020-01-01") for name in FORBIDDEN)])
    url = checked(admin, f"{head}\n{line}\nEero,sales_manager@south.example{',' * len(FORBIDDEN)}\n")
    assert the_import().status == "mapping"
    targets = {f"column-{at}": name for at, name in enumerate(("full_name", "owner", *FORBIDDEN))}
    assert admin.put(f"{url}/columns", targets).status_code == 422
    admin.put(f"{url}/columns", {"column-0": "full_name", "column-1": "owner"})
    work_off()
    assert rows()[3].message == "“sales_manager@south.example” is nobody who works here."
    let_in(admin, url)
    who = client("Aino")
    assert (who.port_id, who.owner_id, who.archived_at) == (enter(ADMIN).here().id, None, None)
    begin(port_id=SOUTH, scope="staff")
    assert db.session.query(Client).count() == 0


# --- What is written ----------------------------------------------------------------------------------------------


def stored(found: Client) -> dict[str, Any]:
    own = {"id", "number", "created_at", "updated_at", "client_id", "author_id"}
    values = {name: value for name, value in vars(found).items() if name[0] != "_" and name not in own}
    contacts = [
        (one.kind, one.value, one.normalised, one.label, one.is_primary, one.version) for one in contacts_of(found)
    ]
    return {**values, "contacts": contacts, "notes": [(note.body, note.pinned) for note in notes_of(found)]}


def told(found: Client) -> list[tuple[str, list[str]]]:
    events = db.session.scalars(select(Event).where(Event.subject_id == found.id).order_by(Event.id))
    return [(event.name, list(event.changed_fields)) for event in events]


def test_a_row_comes_to_the_same_as_typing_it(admin: Visitor) -> None:
    let_in(
        admin,
        checked(
            admin,
            "Name,E-mail,Phone,Town,Country,Languages,VAT\n"
            "Aino Laine,A@example.com,040 5550113,Hanko,FI,fi;sv,FI 123\n",
        ),
    )
    by_file = client("Aino Laine")
    told_by_file = told(by_file)
    fields = {
        "full_name": "Aino Laine",
        "town": "Hanko",
        "country": "FI",
        "languages": ["fi", "sv"],
        "tax_number": "FI123",
    }
    by_hand = make_client(enter(ADMIN), email="A@example.com", phone="040 5550113", **fields)
    commit()
    enter(ADMIN)
    db.session.refresh(by_hand)
    by_file = db.session.scalars(select(Client).where(Client.id == by_file.id)).one()
    assert stored(by_file) == stored(by_hand)
    assert told_by_file == told(by_hand)


def test_events_of_a_bulk_act_are_signed_and_wait_for_their_seal(admin: Visitor) -> None:
    let_in(admin, checked(admin, "Name,E-mail\nAino,a@example.com\nEero,e@example.com\n"))
    enter(ADMIN)
    events = db.session.scalars(select(Event).where(Event.name.in_(("client:created", "contact:created")))).all()
    assert len(events) == 4
    assert all(keyring().is_signed(message_of(event), event.signature) for event in events)
    begin()
    waiting = set(db.session.scalars(text("SELECT * FROM unsealed_after(:after, 1000)"), {"after": "0" * 32}))
    assert {event.id for event in events} <= waiting


def test_an_import_announces_itself_once(admin: Visitor, relayed: Callable[[], list[str]]) -> None:
    url = checked(admin, "Name,E-mail\nAino,a@example.com\nEero,e@example.com\n")
    relayed()
    let_in(admin, url)
    assert relayed() == ["import:started", "import:finished"]


# --- Workbooks ----------------------------------------------------------------------------------------------------


def workbook(*lines: tuple[Any, ...]) -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet()
    for at, line in enumerate(lines):
        sheet.write_row(at, 0, line)
    book.close()
    return stream.getvalue()


def test_a_workbook_comes_in_and_what_is_left_out_is_a_workbook(admin: Visitor) -> None:
    content = workbook(("Name", "E-mail", "Phone"), ("Aino", "a@example.com", 358405550113), ("", "e@example.com", ""))
    url = checked(admin, content, "clients.xlsx")
    assert (the_import().new_count, the_import().wrong_count) == (1, 1)
    url = checked(admin, workbook(("Name", "E-mail"), ("Aino", "a@example.com"), ("=1+1", "e@example")), "a.xlsx")
    assert let_in(admin, url).created_count == 1
    answer = admin.get(f"{url}/errors")
    assert answer.data.startswith(b"PK")
    assert 'filename="a - left out.xlsx"' in answer.headers["Content-Disposition"]


# --- Taking back --------------------------------------------------------------------------------------------------


def undo(admin: Visitor) -> ChangeSet:
    enter(ADMIN)
    changes = the_import().change_set()
    assert changes is not None
    number = changes.number
    for _ in range(2):
        admin.post(f"/north/changes/{number}/roll-back")
    work_off()
    enter(ADMIN)
    db.session.expire_all()
    return db.session.scalars(select(ChangeSet).where(ChangeSet.number == number)).one()


FILE = "Name,E-mail,Phone,Town,Note\nAna Beltrán,ana@example.com,+34971555214,Nice,New here\nEero,e@example.com,,,\n"


def test_the_whole_import_is_taken_back(admin: Visitor, relayed: Callable[[], list[str]]) -> None:
    ana()
    before = stored(client("Ana Beltrán"))
    url = checked(admin, FILE)
    let_in(admin, url)
    assert client("Ana Beltrán").town == "Nice"
    relayed()
    changes = undo(admin)
    assert (changes.status, changes.total, changes.put_back, changes.kept) == ("rolled_back", 2, 2, 0)
    after = stored(client("Ana Beltrán"))
    for kept in (before, after):
        kept.pop("version")
        kept["contacts"] = [one[:5] for one in kept["contacts"]]
    assert after == before
    assert client("Eero").is_archived
    names = [name for name, _fields in told(client("Ana Beltrán"))]
    assert names[-3:] == ["client:reverted", "contact:reverted", "client:noteRemoved"]
    assert relayed() == ["changeSet:rollBackStarted", "changeSet:rolledBack"]
    assert "This import was taken back" in admin.get(url).text
    checked(admin, FILE)
    assert (the_import().new_count, the_import().update_count) == (1, 1)


def test_what_somebody_changed_since_is_listed_and_kept(admin: Visitor) -> None:
    ana()
    let_in(admin, checked(admin, FILE))
    client("Ana Beltrán").update({"town": "Toulon"}, by=enter("teammate@north.example"))
    commit()
    client("Eero").update({"town": "Hanko"}, by=enter("teammate@north.example"))
    commit()
    changes = undo(admin)
    assert (changes.put_back, changes.kept) == (0, 2)
    who = client("Ana Beltrán")
    assert (who.town, [one.value for one in contacts_of(who)][-1]) == ("Toulon", "+34 971 55 52 14")
    assert not client("Eero").is_archived
    enter(ADMIN)
    reasons = sorted(db.session.scalars(select(ChangeItem.reason)))
    assert re.fullmatch(r"Town: changed since by Team Mate on .+", reasons[0])
    assert re.fullmatch(r"changed since by Team Mate on .+", reasons[1])
    page = admin.get(f"/north/changes/{changes.number}?outcome=kept").text
    assert "Kept: Town: changed since by Team Mate" in page


def test_another_field_that_was_changed_since_stays_and_ours_goes_back(admin: Visitor) -> None:
    ana()
    let_in(admin, checked(admin, FILE))
    client("Ana Beltrán").update({"street": "Rua 1"}, by=enter("teammate@north.example"))
    commit()
    undo(admin)
    assert (client("Ana Beltrán").town, client("Ana Beltrán").street) == ("Palma", "Rua 1")


def test_after_thirty_days_it_is_too_late(admin: Visitor) -> None:
    let_in(admin, checked(admin, FILE))
    changes = the_import().change_set()
    assert changes is not None
    with time_machine.travel(now() + timedelta(days=30, minutes=1)):
        enter(ADMIN)
        assert not changes.can_be_taken_back


def test_an_import_that_was_taken_back_is_not_gone_on_with(admin: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.imports import jobs

    monkeypatch.setattr(jobs, "LET_IN_AT_ONCE", 1)
    url = checked(admin, FILE)
    tell = Steps.tell

    def stop(*args: Any, **kwargs: Any) -> None:
        tell(*args, **kwargs)
        admin.delete(f"{url}/run")

    with monkeypatch.context() as patched:
        patched.setattr(Steps, "tell", stop)
        let_in(admin, url)
    assert (the_import().status, the_import().done) == ("stopped", 1)
    assert undo(admin).put_back == 1
    admin.post(f"{url}/run")
    assert the_import().status == "stopped"
