"""Saved views: kept, opened, checked when used, shared, the one a list opens with; and its columns."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from flask import Flask, render_template
from sqlalchemy import select, update

from app import formats
from app.clients.listing import CLIENTS
from app.clients.queries import row_of
from app.db import commit, db
from app.events.models import Event
from app.identity.models import current_port_of
from app.saved_views.models import SavedView
from app.tags.models import Tag
from tests.world import NORTH, Visitor, enter, make_client, user_id

MANAGER, MATE, ADMIN = "sales_manager@north.example", "teammate@north.example", "port_admin@north.example"
URL = "/north/clients"
LIST = "status=active&sort=updated&columns=status,town"


def save(visitor: Visitor, name: str = "Mine", query: str = LIST, **typed: Any) -> Any:
    url = f"{URL}/views?list={quote(query)}"
    return visitor.post(url, {**visitor.form(url), "name": name, **typed})


def kept(name: str = "Mine") -> SavedView:
    return db.session.scalars(select(SavedView).where(SavedView.name == name).order_by(SavedView.id.desc())).first()  # type: ignore[return-value]


def query_of(answer: Any) -> dict[str, str]:
    assert answer.status_code == 303, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def test_a_view_keeps_what_the_list_knows_and_nothing_else(visit: Callable[[str], Visitor]) -> None:
    answer = save(visit(MANAGER), query=f"{LIST}&q=lea&after=abc&from=51&evil=1&direction=desc&view=all")
    enter(MANAGER)
    view = kept()
    assert view.query == "status=active&q=lea&sort=updated&direction=desc&columns=status%2Ctown"
    assert query_of(answer)["view"] == str(view.id)


def test_saving_twice_is_once_and_told_once(visit: Callable[[str], Visitor], relayed: Callable[[], list[str]]) -> None:
    manager, url = visit(MANAGER), f"{URL}/views?list={quote(LIST)}"
    form = {**manager.form(url), "name": "Mine"}
    assert [manager.post(url, form).status_code for _ in range(2)] == [303, 303]
    assert relayed() == ["savedView:created"]


@pytest.mark.parametrize("name", ["", "x" * 81, "mine"])
def test_a_bad_name_is_kept_with_why(visit: Callable[[str], Visitor], name: str) -> None:
    manager = visit(MANAGER)
    save(manager)
    answer = save(manager, name)
    assert answer.status_code == 422
    assert f'value="{name}"' in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_view_opens_its_list(visit: Callable[[str], Visitor]) -> None:
    make_client(enter(MANAGER), status="active")
    commit()
    manager = visit(MANAGER)
    save(manager)
    enter(MANAGER)
    opened = manager.get(f"{URL}/views/{kept().id}")
    assert query_of(opened) == {
        "status": "active",
        "sort": "updated",
        "columns": "status,town",
        "view": str(kept().id),
    }
    page = manager.get(opened.headers["Location"]).text
    assert "Mine" in page
    assert "hide-contact" in page
    assert "hide-town" not in page
    assert '<option value="active" selected>' in page


def test_what_is_gone_is_left_out_and_said(visit: Callable[[str], Visitor]) -> None:
    manager, gone = visit(MANAGER), uuid.uuid4()
    save(manager)
    enter(MANAGER)
    query = f"status=active&owner={gone}&columns=status,berth&tag=1"
    db.session.execute(update(SavedView).values(query=query))
    commit()
    opened = manager.get(f"{URL}/views/{kept().id}")
    assert "owner" not in query_of(opened)
    said = manager.get(opened.headers["Location"]).text
    assert "not there any more: Owner, berth, tag" in said


def test_the_page_says_what_a_view_keeps(visit: Callable[[str], Visitor]) -> None:
    tag_id = Tag.create("R & <D>", "navy", port_id=NORTH, by=enter(MANAGER)).id
    commit()
    manager = visit(MANAGER)
    query = f"q=Nordic Star&tag={tag_id}&owner=me&sort=updated&columns=contact,town"
    shown = "Search: Nordic Star · Owner: me · Tag: R &amp; &lt;D&gt; · Sorted by: Last change · Columns: Contact, Town"
    assert f">{shown}<" in manager.get(f"{URL}/views?list={quote(query)}").text  # of what would be saved
    save(manager, query=query)
    assert f">{shown}<" in manager.get(f"{URL}/views").text
    save(manager, "Gone", query="owner=nobody")
    enter(MANAGER)
    db.session.execute(update(SavedView).where(SavedView.name == "Gone").values(query=f"owner={uuid.uuid4()}"))
    commit()
    assert ">Owner: not there any more<" in manager.get(f"{URL}/views").text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", ""),
        ("sort=name&direction=asc", "Sorted by: Name"),
        ("sort=name&direction=desc", "Sorted by: Name, reversed"),
        ("sort=updated&direction=desc", "Sorted by: Last change"),
        ("columns=none", "Columns: only the name"),
        ("q=100% %s {x}", "Search: 100% %s {x}"),
    ],
)
def test_orders_and_columns_are_said(app: Flask, query: str, words: str) -> None:
    with app.test_request_context():
        assert " · ".join(CLIENTS.told(query, [])) == words


def test_the_default_opens_the_bare_list_and_says_what_it_filters(visit: Callable[[str], Visitor]) -> None:
    enter(MANAGER)
    make_client(enter(MANAGER), full_name="Passive Person", status="former")
    commit()
    manager = visit(MANAGER)
    save(manager)
    enter(MANAGER)
    default = f"{URL}/views/{kept().id}/default"
    assert manager.post(default).status_code == 303
    bare = manager.get(URL)
    assert bare.headers["Location"] == f"{URL}/views/{kept().id}"
    opened = manager.get(manager.get(bare.headers["Location"]).headers["Location"]).text
    assert "Passive Person" not in opened
    assert 'href="/north/clients?view=all"' in opened  # the way to everybody
    assert "Passive Person" in manager.get(f"{URL}?view=all").text
    assert visit(MATE).get(URL).status_code == 200
    assert manager.delete(default).status_code == 303
    assert manager.get(URL).status_code == 200


def test_a_default_that_was_deleted_opens_everything(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    save(manager)
    enter(MANAGER)
    view_url = f"{URL}/views/{kept().id}"
    manager.post(f"{view_url}/default")
    manager.delete(view_url)
    opened = manager.get(manager.get(URL).headers["Location"])
    assert query_of(opened) == {"view": "all"}
    assert "is gone" in manager.get(opened.headers["Location"]).text


def test_deleting_is_undone(visit: Callable[[str], Visitor], relayed: Callable[[], list[str]]) -> None:
    manager = visit(MANAGER)
    save(manager)
    enter(MANAGER)
    view_url = f"{URL}/views/{kept().id}"
    for _ in range(2):
        assert manager.delete(view_url).status_code == 303
    assert ">Mine<" not in manager.get(f"{URL}/views").text
    for _ in range(2):
        assert manager.post(f"{view_url}/restoration").status_code == 303
    assert ">Mine<" in manager.get(f"{URL}/views").text
    assert relayed() == ["savedView:created", "savedView:archived", "savedView:restored"]


def test_it_does_not_come_back_onto_a_taken_name(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    save(manager)
    enter(MANAGER)
    view_id = kept().id
    manager.delete(f"{URL}/views/{view_id}")
    save(manager)
    assert manager.post(f"{URL}/views/{view_id}/restoration").status_code == 409


def test_renaming_and_keeping_what_the_list_shows_now(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    save(manager)
    enter(MANAGER)
    view_url = f"{URL}/views/{kept().id}"
    form = {**manager.form(f"{view_url}/edit"), "name": "Ours", "is_shared": "y"}
    assert manager.put(view_url, form).status_code == 303
    assert manager.post(f"{view_url}/query?list=kind%3Dcompany&_method=PUT").status_code == 303
    enter(MANAGER)
    db.session.expire_all()
    assert (kept("Ours").query, kept("Ours").is_shared) == ("kind=company", True)
    names = db.session.scalars(select(Event.name).where(Event.subject_id == kept("Ours").id).order_by(Event.id)).all()
    assert names == ["savedView:created", "savedView:updated", "savedView:updated"]


def test_ones_own_is_ones_own_and_shared_is_everybodys(visit: Callable[[str], Visitor]) -> None:
    manager, mate = visit(MANAGER), visit(MATE)
    save(manager)
    save(manager, "Ours", is_shared="y")
    enter(MANAGER)
    private, shared = kept().id, kept("Ours").id
    listed = mate.get(f"{URL}/views").text
    assert ("Ours" in listed, ">Mine<" in listed) == (True, False)
    assert mate.get(f"{URL}/views/{private}").status_code == 404
    assert mate.delete(f"{URL}/views/{private}").status_code == 404
    assert mate.get(f"{URL}/views/{shared}").status_code == 303
    assert mate.delete(f"{URL}/views/{shared}").status_code == 403
    assert mate.get(f"{URL}/views/{shared}/edit").status_code == 403
    admin = visit(ADMIN)
    form = {**admin.form(f"{URL}/views/{shared}/edit"), "name": "The port's"}
    assert admin.put(f"{URL}/views/{shared}", form).status_code == 303
    enter(MANAGER)
    assert kept("The port's").is_shared


def test_two_windows_rename(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    save(manager)
    enter(MANAGER)
    view_url = f"{URL}/views/{kept().id}"
    first, second = manager.form(f"{view_url}/edit"), manager.form(f"{view_url}/edit")
    manager.put(view_url, {**first, "name": "First"})
    answer = manager.put(view_url, {**second, "name": "Second"})
    assert answer.status_code == 409
    assert "First" in answer.text
    assert "Second" in answer.text


def test_columns_are_ones_own_choice(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    make_client(enter(MANAGER), town="Toulon")
    commit()
    assert "hide-town" in manager.get(URL).text
    answer = manager.post(f"{URL}/columns?list=q%3Dlea&_method=PUT", {"column": ["town", "berth"]})
    assert query_of(answer) == {"q": "lea"}
    page = manager.get(URL).text
    assert re.search(r'class="table clients ([^"]*)"', page)[1].split() == [  # type: ignore[index]
        "hide-contact",
        "hide-status",
        "hide-owner",
        "hide-source",
        "hide-created",
        "hide-updated",
    ]
    assert "Toulon" in page
    assert "hide-town" in visit(MATE).get(URL).text
    assert 'value="town" checked' in manager.get(f"{URL}/columns").text
    manager.put(f"{URL}/columns", {})
    assert "hide-town" in manager.get(URL).text


def test_columns_of_a_view_are_the_views(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    save(manager)
    enter(MANAGER)
    sent = quote(f"{LIST}&view={kept().id}")
    answer = manager.post(f"{URL}/columns?list={sent}&_method=PUT", {"column": ["owner"]})
    assert query_of(answer)["columns"] == "owner"
    assert "hide-contact" not in manager.get(URL).text


def test_a_row_has_the_columns_that_are_shown_and_all_of_them_where_it_is_pushed(
    visit: Callable[[str], Visitor],
) -> None:
    """What is pushed to open lists is the same for everybody."""
    client_id = make_client(enter(MANAGER), town="Toulon", source="broker").id
    commit()
    row = re.search(r"<tr id=.*?</tr>", visit(MANAGER).get(URL).text, re.S)
    assert row
    assert "c-status" in row[0]
    assert "Toulon" not in row[0]
    enter(MANAGER)
    port = current_port_of(NORTH)
    with formats.use(port):
        pushed = render_template("clients/_row.html", client=row_of(client_id), port=port)
    assert "Toulon" in pushed
    assert "Broker" in pushed


def test_a_list_through_a_view_takes_four_statements(visit: Callable[[str], Visitor], statements: list[str]) -> None:
    manager = visit(MANAGER)
    save(manager)
    enter(MANAGER)
    view_id = kept().id
    statements.clear()
    manager.get(f"{URL}?{LIST}&view={view_id}")
    assert len(statements) <= 4
    statements.clear()
    manager.get(f"{URL}/views?list={quote(LIST)}")
    assert len(statements) <= 3


def test_the_maker_is_known(visit: Callable[[str], Visitor]) -> None:
    save(visit(MANAGER))
    enter(MANAGER)
    assert (kept().user_id, kept().port_id, kept().resource) == (user_id(MANAGER), NORTH, "clients")
