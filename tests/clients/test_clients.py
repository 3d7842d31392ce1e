"""The list and the record of a client: see, create, edit, put away."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from markupsafe import escape
from sqlalchemy import select

from app.clients.models import Client, Note
from app.crypto import Keyring
from app.db import db
from tests.world import Visitor, enter, fields_of, make_client, user_id

pytestmark = pytest.mark.usefixtures("db")

MANAGER = "sales_manager@north.example"


def test_a_client_is_created_with_contacts_and_shown(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    form = manager.form("/north/clients/new")
    answer = manager.post(
        "/north/clients", {**form, "full_name": "Émile Ørsted", "email": "Emile@Example.com", "phone": "040 555 0113"}
    )
    assert answer.status_code == 303
    shown = manager.get(answer.headers["Location"]).text
    assert "Émile Ørsted" in shown
    assert "Emile@Example.com" in shown
    assert "+358 40 5550113" in shown


def test_bad_input_is_said_beside_the_field_and_kept(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    form = manager.form("/north/clients/new")
    answer = manager.post("/north/clients", {**form, "full_name": "Émile", "email": "emile@example"})
    assert answer.status_code == 422
    assert "Add what comes after the @" in answer.text
    assert 'value="Émile"' in answer.text
    assert 'value="emile@example"' in answer.text
    assert "Émile" not in manager.get("/north/clients").text


def test_edits_of_different_fields_merge(visit: Callable[[str], Visitor]) -> None:
    number = make_client(enter(MANAGER)).number
    mine, theirs = visit(MANAGER), visit("teammate@north.example")
    url = f"/north/clients/{number}"
    opened_by_me, opened_by_them = mine.form(f"{url}/edit"), theirs.form(f"{url}/edit")
    assert theirs.put(url, {**opened_by_them, "town": "Toulon"}).status_code == 303
    assert mine.put(url, {**opened_by_me, "street": "14 quai des Voiliers"}).status_code == 303
    shown = mine.get(url).text
    assert "Toulon" in shown
    assert "14 quai des Voiliers" in shown


def test_a_clash_shows_three_versions_and_is_settled_by_choice(visit: Callable[[str], Visitor]) -> None:
    number = make_client(enter(MANAGER), town="Nice").number
    mine, theirs = visit(MANAGER), visit("teammate@north.example")
    url = f"/north/clients/{number}"
    opened_by_me, opened_by_them = mine.form(f"{url}/edit"), theirs.form(f"{url}/edit")
    theirs.put(url, {**opened_by_them, "town": "Toulon"})
    answer = mine.put(url, {**opened_by_me, "town": "Marseille", "street": "14 quai des Voiliers"})
    assert answer.status_code == 409
    assert all(town in answer.text for town in ("Nice", "Toulon", "Marseille"))
    assert "Team Mate" in answer.text
    settled = mine.put(url, {**fields_of(answer.text), "town": "Toulon"})
    assert settled.status_code == 303
    shown = mine.get(url).text
    assert "Toulon" in shown
    assert "14 quai des Voiliers" in shown


# --- Input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "typed", "reason"),
    [
        ("full_name", "   ", "Type the name of the person or company."),
        ("full_name", "x" * 201, "This is longer than 200 characters."),
        ("languages", "fr, Klingonian", "“Klingonian” is not a language."),
        ("tax_number", "FI<1>", "A tax number has letters, digits, dots, dashes and slashes only."),
        ("phone", "112", "too few or too many digits"),
        ("country", "XX", "Not a valid choice"),
        ("owner_id", str(user_id("sales_manager@south.example")), "Not a valid choice"),
        ("owner_id", str(user_id("gone@north.example")), "Not a valid choice"),
    ],
)
def test_each_field_says_what_it_takes(visit: Callable[[str], Visitor], field: str, typed: str, reason: str) -> None:
    manager = visit(MANAGER)
    form = {**manager.form("/north/clients/new"), "full_name": "Émile", field: typed}
    answer = manager.post("/north/clients", form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert reason in unescape(answer.text)


def test_who_has_no_role_in_the_port_owns_nobody_in_it(visit: Callable[[str], Visitor]) -> None:
    helper = visit("super@quayside.example")
    form = {**helper.form("/north/clients/new"), "full_name": "Émile"}
    assert (
        helper.post("/north/clients", {**form, "owner_id": str(user_id("super@quayside.example"))}).status_code == 422
    )
    assert helper.post("/north/clients", {**form, "owner_id": ""}).status_code == 303


def test_every_wrong_field_is_named_at_once(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    form = manager.form("/north/clients/new")
    answer = manager.post("/north/clients", {**form, "full_name": "", "email": "emile", "phone": "call me"})
    assert all(f'id="{field}-error"' in answer.text for field in ("full_name", "email", "phone"))


def test_what_was_typed_is_tidied_into_what_is_meant(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    typed = {
        "full_name": "  Émile \t Ørsted\x00 ",
        "languages": "French, fi; FRA",
        "tax_number": "fr 12 345",
        "nationality": "FR",
        "owner_id": str(user_id("teammate@north.example")),
    }
    answer = manager.post("/north/clients", {**manager.form("/north/clients/new"), **typed})
    assert answer.status_code == 303
    enter(MANAGER)
    client = db.session.scalars(select(Client)).one()
    assert (client.full_name, client.sort_name) == ("Émile Ørsted", "emile orsted")
    assert (client.languages, client.tax_number, client.nationality) == (["fr", "fi"], "FR12345", "FR")
    assert client.owner_id == user_id("teammate@north.example")


NAUGHTY = ["<script>alert(1)</script>", "{{ 7 * 7 }}", "Robert'); DROP TABLE clients;--", "田中 👩‍👩‍👧 ﷽", "%s"]


@pytest.mark.parametrize("name", NAUGHTY)
def test_any_name_is_shown_as_it_was_typed(visit: Callable[[str], Visitor], name: str) -> None:
    manager = visit(MANAGER)
    answer = manager.post("/north/clients", {**manager.form("/north/clients/new"), "full_name": name})
    assert answer.status_code == 303
    for url in (answer.headers["Location"], "/north/clients"):
        assert f">{escape(name)}<" in manager.get(url).text


def test_a_kind_can_be_changed(visit: Callable[[str], Visitor]) -> None:
    url = f"/north/clients/{make_client(enter(MANAGER)).number}"
    manager = visit(MANAGER)
    assert manager.put(url, {**manager.form(f"{url}/edit"), "kind": "company"}).status_code == 303
    timeline = manager.get(f"{url}/events").text
    assert "<del>Person</del>" in timeline
    assert "<ins>Company</ins>" in timeline


def test_the_timeline_speaks_of_names_not_of_codes(visit: Callable[[str], Visitor]) -> None:
    manager = enter(MANAGER)
    client = make_client(manager, owner_id=manager.id, nationality="FR", languages=["fi"])
    client.update({"owner_id": user_id("teammate@north.example"), "status": "former"}, by=manager)
    client.update({"owner_id": None}, by=manager)
    url = f"/north/clients/{client.number}/events"
    timeline = visit(MANAGER).get(url).text
    for words in ("France", "Finnish", "Prospect", "Former", "Sales Manager North", "Team Mate"):
        assert words in timeline, words
    assert str(manager.id) not in timeline


# --- Owners -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("owner", "shown"),
    [("gone@north.example", "Gone Away (no longer here)"), ("sales_manager@south.example", "A former colleague")],
)
def test_an_owner_who_left_stays_until_another_is_chosen(
    visit: Callable[[str], Visitor], owner: str, shown: str
) -> None:
    client = make_client(enter(MANAGER), owner_id=user_id(owner))
    client_id, url, manager = client.id, f"/north/clients/{client.number}", visit(MANAGER)
    page = manager.get(f"{url}/edit").text
    assert f'<option selected value="{user_id(owner)}">{shown}</option>' in page
    assert manager.put(url, {**fields_of(page), "town": "Hanko"}).status_code == 303
    enter(MANAGER)
    kept = db.session.get_one(Client, client_id)
    assert (kept.owner_id, kept.town) == (user_id(owner), "Hanko")


def test_an_owner_who_left_does_not_stop_a_form_opened_before_another_was_chosen(
    visit: Callable[[str], Visitor],
) -> None:
    client = make_client(enter(MANAGER), owner_id=user_id("gone@north.example"))
    client_id, url = client.id, f"/north/clients/{client.number}"
    mine, theirs = visit(MANAGER), visit("teammate@north.example")
    opened = mine.form(f"{url}/edit")
    chosen = str(user_id("teammate@north.example"))
    assert theirs.put(url, {**theirs.form(f"{url}/edit"), "owner_id": chosen}).status_code == 303
    assert mine.put(url, {**opened, "town": "Hanko"}).status_code == 303
    enter(MANAGER)
    kept = db.session.get_one(Client, client_id)
    assert (str(kept.owner_id), kept.town) == (chosen, "Hanko")


# --- Putting away -------------------------------------------------------------------------------------------------


def test_archive_and_restore_are_idempotent_and_record_once(relayed: Callable[[], list[str]]) -> None:
    manager = enter(MANAGER)
    client = make_client(manager)
    client.archive(by=manager)
    client.archive(by=manager)
    client.restore(by=manager)
    client.restore(by=manager)
    assert relayed() == ["client:created", "client:archived", "client:restored"]


def names_in(page: str) -> list[str]:
    """Whom a list shows."""
    return re.findall(r'class="name" href="[^"]+">([^<]+)<', page)


def undo_of(page: str) -> str:
    """Where the toast's undo goes."""
    found = re.search(r'<div class="toast[^"]*".*?<form method="post" action="([^"]+)"', page, re.S)
    assert found, "no undo on the page"
    return unescape(found[1])


def test_archiving_offers_an_undo_that_may_be_pressed_twice(visit: Callable[[str], Visitor]) -> None:
    url = f"/north/clients/{make_client(enter(MANAGER)).number}"
    manager = visit(MANAGER)
    assert manager.post(f"{url}/archival").status_code == 303
    page = manager.get(url).text
    assert "Archived" in page
    assert names_in(manager.get("/north/clients").text) == []
    assert names_in(manager.get("/north/clients?archived=1").text) == ["Léa Marchand"]
    undo = undo_of(page)
    assert [manager.post(undo).status_code for _ in range(2)] == [303, 303]
    page = manager.get(url).text
    assert names_in(manager.get("/north/clients").text) == ["Léa Marchand"]
    assert [manager.post(undo_of(page)).status_code for _ in range(2)] == [303, 303]
    assert names_in(manager.get("/north/clients").text) == []


def test_an_archived_client_is_not_changed_and_nothing_typed_is_lost(visit: Callable[[str], Visitor]) -> None:
    url = f"/north/clients/{make_client(enter(MANAGER)).number}"
    mine, theirs = visit(MANAGER), visit("teammate@north.example")
    opened, contact = mine.form(f"{url}/edit"), mine.form(f"{url}/contacts/new")
    theirs.post(f"{url}/archival")
    answers = {
        "typed town": mine.put(url, {**opened, "town": "typed town"}),
        "typed@example.com": mine.post(f"{url}/contacts", {**contact, "value": "typed@example.com"}),
        "typed note": mine.post(f"{url}/notes", {"body": "typed note"}),
    }
    for typed, answer in answers.items():
        assert answer.status_code == 409, typed
        assert typed in answer.text
        assert "archived this client meanwhile" in answer.text
    assert mine.get(f"{url}/edit").status_code == 409
    assert mine.get(f"{url}/contacts/new").status_code == 409
    theirs.post(f"{url}/archival?_method=DELETE")
    again = {**fields_of(answers["typed town"].text), "town": "typed town"}
    assert mine.put(url, again).status_code == 303
    assert "typed town" in mine.get(url).text


def test_only_who_may_delete_archives(visit: Callable[[str], Visitor]) -> None:
    url = f"/north/clients/{make_client(enter(MANAGER)).number}"
    agent = visit("sales_agent@north.example")
    assert agent.post(f"{url}/archival").status_code == 403
    assert agent.put(url, agent.form(f"{url}/edit")).status_code == 303
    viewer = visit("viewer@north.example")
    assert viewer.get(url).status_code == 200
    assert viewer.get(f"{url}/edit").status_code == 403
    assert viewer.post(f"{url}/notes", {"body": "x"}).status_code == 403


# --- Notes --------------------------------------------------------------------------------------------------------


def test_a_note_is_written_removed_and_put_back(visit: Callable[[str], Visitor]) -> None:
    url = f"/north/clients/{make_client(enter(MANAGER)).number}"
    manager = visit(MANAGER)
    assert manager.post(f"{url}/notes", {"body": "First line\r\nsecond", "pinned": "y"}).status_code == 303
    page = manager.get(url).text
    assert '<div class="pre">First line\nsecond</div>' in page
    found = re.search(r'formaction="(/north/clients/\d+/notes/[0-9a-f-]+)\?_method=DELETE"', page)
    assert found
    assert [manager.delete(found[1]).status_code for _ in range(2)] == [303, 303]
    page = manager.get(url).text
    assert '<div class="pre">First line' not in page
    undo = undo_of(page)
    assert [manager.post(undo).status_code for _ in range(2)] == [303, 303]
    assert manager.get(url).text.count('<div class="pre">First line') == 1


def test_a_note_of_somebody_whom_colleagues_do_not_see_names_its_author(visit: Callable[[str], Visitor]) -> None:
    url = f"/north/clients/{make_client(enter(MANAGER)).number}"
    visit("super@quayside.example").post(f"{url}/notes", {"body": "Seen to"})
    page = visit(MANAGER).get(url).text
    assert f"<span>{enter('super@quayside.example').name} · <time" in page


def test_without_the_key_of_its_words_the_page_opens_all_the_same(
    app: Flask, visit: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"/north/clients/{make_client(enter(MANAGER)).number}"
    monkeypatch.setitem(app.extensions, "keyring", Keyring({"another": bytes(32)}))
    page = visit(MANAGER).get(url)
    assert page.status_code == 200
    assert "did something that was erased since" in page.text


def test_an_empty_note_is_refused_beside_its_field(visit: Callable[[str], Visitor]) -> None:
    url = f"/north/clients/{make_client(enter(MANAGER)).number}"
    answer = visit(MANAGER).post(f"{url}/notes", {"body": " \r\n "})
    assert answer.status_code == 422
    assert "Write the note first." in answer.text


# --- Who sees what ------------------------------------------------------------------------------------------------


def test_who_sees_only_his_own_sees_no_others(visit: Callable[[str], Visitor]) -> None:
    manager = enter(MANAGER)
    mine = make_client(manager, full_name="Mine Own", owner_id=user_id("operator@north.example")).number
    other = make_client(manager, full_name="Not Mine", owner_id=manager.id).number
    operator = visit("operator@north.example")
    page = operator.get("/north/clients").text
    assert "Mine Own" in page
    assert "Not Mine" not in page
    assert operator.get(f"/north/clients/{mine}").status_code == 200
    assert operator.get(f"/north/clients/{other}").status_code == 404


@pytest.mark.parametrize("number", [0, 999, 2**31, 10**30])
def test_a_number_nobody_has_is_not_found(visit: Callable[[str], Visitor], number: int) -> None:
    assert visit(MANAGER).get(f"/north/clients/{number}").status_code == 404


def test_a_page_asked_for_in_part_comes_without_the_shell(visit: Callable[[str], Visitor]) -> None:
    url = f"/north/clients/{make_client(enter(MANAGER)).number}"
    part = visit(MANAGER).fragment(url)
    assert "Léa Marchand" in part.text
    assert "<html" not in part.text
    assert "HX-Request-Type" in part.headers["Vary"]


# --- Statements ---------------------------------------------------------------------------------------------------


def test_a_list_takes_three_statements(visit: Callable[[str], Visitor], statements: list[str]) -> None:
    manager = enter(MANAGER)
    for at in range(60):
        make_client(manager, full_name=f"Client {at:02}", email=f"c{at}@example.com", owner_id=manager.id)
    visitor = visit(MANAGER)
    for query in ("", "?sort=updated", "?owner=me&status=prospect", "?end=1"):
        statements.clear()
        page = visitor.get(f"/north/clients{query}")
        assert page.status_code == 200
        assert len(statements) <= 3, query
        assert page.text.count("<tr id=") == 50


def test_a_record_takes_five_statements(visit: Callable[[str], Visitor], statements: list[str]) -> None:
    manager = enter(MANAGER)
    client = make_client(manager, email="a@example.com", phone="040 5550113", owner_id=manager.id)
    for at in range(12):
        Note.create(client, f"Note {at}", by=manager)
        client.update({"owner_id": user_id("teammate@north.example") if at % 2 else None}, by=manager)
    url, visitor = f"/north/clients/{client.number}", visit(MANAGER)
    statements.clear()
    assert visitor.get(url).text.count('id="note-') == 12
    assert len(statements) <= 5
    statements.clear()
    assert visitor.get(f"{url}/edit").status_code == 200
    assert len(statements) <= 4


def test_the_whole_timeline_is_read_by_pages(visit: Callable[[str], Visitor]) -> None:
    manager = enter(MANAGER)
    client = make_client(manager)
    for at in range(60):
        client.update({"town": f"Town {at:02}"}, by=manager)
    url, visitor = f"/north/clients/{client.number}/events", visit(MANAGER)
    first = visitor.get(url).text
    older = re.search(r'href="([^"]+before=[^"]+)"', first)
    assert older
    second = visitor.get(unescape(older[1])).text
    assert "before=" not in second.partition("<main")[2]
    told = [re.findall(r"<ins>(Town \d\d)</ins>", page) for page in (first, second)]
    assert [len(towns) for towns in told] == [50, 10]
    assert told[0] + told[1] == [f"Town {at:02}" for at in reversed(range(60))]


# --- Filters ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"Aino", "Eero", "Ltd"}),
        ("status=active", {"Aino"}),
        ("kind=company", {"Ltd"}),
        ("source=broker", {"Eero"}),
        ("owner=me", {"Aino"}),
        ("owner=nobody", {"Eero", "Ltd"}),
        ("archived=1", {"Gone"}),
        ("status=active&kind=company", set()),
        ("status=%00&owner=nonsense&kind=x&archived=2&endpoint=x&_external=1&port=south", {"Aino", "Eero", "Ltd"}),
    ],
)
def test_the_list_is_narrowed_by_what_is_offered(visit: Callable[[str], Visitor], query: str, names: set[str]) -> None:
    manager = enter(MANAGER)
    make_client(manager, full_name="Aino", status="active", owner_id=manager.id)
    make_client(manager, full_name="Eero", source="broker")
    make_client(manager, full_name="Ltd", kind="company")
    make_client(manager, full_name="Gone").archive(by=manager)
    page = visit(MANAGER).get(f"/north/clients?{query}")
    assert page.status_code == 200
    assert set(names_in(page.text)) == names


@pytest.mark.parametrize(
    ("query", "topic"),
    [
        ("", "clients"),
        ("sort=name&direction=desc", "clients"),
        ("sort=updated", "clients:narrowed"),
        ("status=active", "clients:narrowed"),
    ],
)
def test_a_list_whose_order_a_change_may_touch_is_told_to_look_again(
    visit: Callable[[str], Visitor], query: str, topic: str
) -> None:
    assert f'data-follow="{topic} bell"' in visit(MANAGER).get(f"/north/clients?{query}").text


def test_clients_of_another_port_do_not_exist(visit: Callable[[str], Visitor]) -> None:
    number = make_client(enter(MANAGER)).number
    stranger = visit("sales_manager@south.example")
    assert stranger.get(f"/north/clients/{number}").status_code == 404
    assert stranger.get(f"/south/clients/{number}").status_code == 404
