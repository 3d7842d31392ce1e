"""The palette and the page of search: what they offer to whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
import redis
from flask import Flask, g
from flask_sqlalchemy import SQLAlchemy

from app.clients.models import Client
from app.db import commit
from app.search.palette import fitting, places
from app.search.registry import COMMANDS, SOURCES, Hit, command, source
from tests.world import Visitor, enter, make_client, user_id

pytestmark = pytest.mark.usefixtures("db")

MANAGER, VIEWER, TECHNICIAN = (f"{role}@north.example" for role in ("sales_manager", "viewer", "technician"))
PALETTE, SEARCH = "/north/search/palette", "/north/search"


def choices(html: str) -> list[str]:
    found = re.findall(r'role="option".*?<span class="label">(.*?)</span>', html, re.S)
    return [unescape(re.sub(r"</?mark>", "", label)) for label in found]


def test_it_opens_with_what_one_may_do_and_where_one_may_go(visit: Callable[[str], Visitor]) -> None:
    offered = choices(visit(MANAGER).get(PALETTE).text)
    assert offered[0] == "New client"
    assert {"Light theme", "Dark theme", "Sign out", "Clients"} <= set(offered)
    assert "Import contacts" not in offered
    assert "New client" not in choices(visit(VIEWER).get(PALETTE).text)
    assert "Clients" not in choices(visit(TECHNICIAN).get(PALETTE).text)


def test_it_finds_records_deeds_and_places(visit: Callable[[str], Visitor]) -> None:
    by = enter(MANAGER)
    number = make_client(by, full_name="Clio Newman", company_name="Clients & Co").number
    commit()
    manager = visit(MANAGER)
    page = manager.get(f"{PALETTE}?q=cli").text
    assert choices(page) == ["Clio Newman", "New client", "Clients", "Everything about “cli”"]
    assert f'href="/north/clients/{number}"' in page
    assert "<mark>Cli</mark>o Newman" in page
    assert choices(manager.get(f"{PALETTE}?q=log+out").text)[:1] == ["Sign out"]


def test_what_nobody_is_called_may_be_added(visit: Callable[[str], Visitor]) -> None:
    assert choices(visit(MANAGER).get(f"{PALETTE}?q=Xyzzy").text) == [
        "Everything about “Xyzzy”",
        "Add client “Xyzzy”",
    ]
    assert choices(visit(VIEWER).get(f"{PALETTE}?q=Xyzzy").text) == ["Everything about “Xyzzy”"]


def test_who_may_see_no_clients_finds_none(visit: Callable[[str], Visitor]) -> None:
    make_client(enter(MANAGER), full_name="Clio Newman")
    commit()
    technician = visit(TECHNICIAN)
    for path in (PALETTE, SEARCH):
        assert "Clio" not in technician.get(f"{path}?q=newman").text


def test_what_was_opened_last_stands_first(visit: Callable[[str], Visitor]) -> None:
    by = enter(MANAGER)
    numbers = [make_client(by, full_name=f"Client {at}").number for at in range(10)]
    commit()
    manager = visit(MANAGER)
    for number in (*numbers, numbers[4]):
        manager.get(f"/north/clients/{number}")
    offered = choices(manager.get(PALETTE).text)
    assert offered[:8] == ["Client 4", *(f"Client {at}" for at in (9, 8, 7, 6, 5, 3, 2))]
    assert not [label for label in choices(visit("teammate@north.example").get(PALETTE).text) if "Client " in label]


def test_what_one_may_no_longer_open_is_not_remembered(visit: Callable[[str], Visitor], db: SQLAlchemy) -> None:
    by = enter(MANAGER)
    number = make_client(by, full_name="Clio Newman", owner_id=user_id("operator@north.example")).number
    commit()
    operator = visit("operator@north.example")
    operator.get(f"/north/clients/{number}")
    assert "Clio Newman" in choices(operator.get(PALETTE).text)
    by = enter(MANAGER)
    client = db.session.scalars(Client.visible_to(by).where(Client.full_name == "Clio Newman")).one()
    client.update({"owner_id": by.id}, by=by)
    commit()
    assert "Clio Newman" not in choices(operator.get(PALETTE).text)


def test_without_redis_there_is_nothing_recent(
    app: Flask, visit: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = make_client(enter(MANAGER), full_name="Clio Newman").number
    commit()
    manager = visit(MANAGER)
    away = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.1)
    monkeypatch.setitem(app.extensions, "redis", away)
    assert manager.get(f"/north/clients/{number}").status_code == 200
    assert "Clio Newman" not in choices(manager.get(PALETTE).text)


def test_the_page_works_without_a_script(visit: Callable[[str], Visitor]) -> None:
    number = make_client(enter(MANAGER), full_name="Clio Newman").number
    commit()
    manager = visit(MANAGER)
    page = manager.get(f"{SEARCH}?q=newman").text
    assert f'href="/north/clients/{number}"' in page
    assert 'href="/north/clients?q=newman"' in page
    assert "Nothing found" in manager.get(f"{SEARCH}?q=xyzzy").text
    assert "Go to" in manager.get(SEARCH).text


def test_a_module_adds_what_is_its_own(visit: Callable[[str], Visitor]) -> None:
    before = dict(SOURCES), list(COMMANDS)
    try:

        @source("berths", "Berths", icon="anchor", permissions=("berths.view",))
        def find(member: object, asked: str, most: int) -> list[Hit]:
            return [Hit("Berth A-07", "/north/berths/7", "12 m")] if asked == "a-07" else []

        command("Print the plan", "printer", "clients.index", ("berths.view",), words="map")
        page = visit(MANAGER).get(f"{PALETTE}?q=a-07").text
        assert choices(page)[0] == "Berth A-07"
        assert choices(visit(MANAGER).get(f"{PALETTE}?q=map").text)[0] == "Print the plan"
        assert "Print the plan" not in choices(visit(TECHNICIAN).get(f"{PALETTE}?q=map").text)
    finally:
        SOURCES.clear()
        SOURCES.update(before[0])
        COMMANDS[:] = before[1]


def test_places_are_those_of_the_menus(app: Flask) -> None:
    member = enter("port_admin@north.example")
    with app.test_request_context("/north/clients"):
        g.member, g.port_slug = member, "north"
        urls = [line.url for line in places(member)]
        assert len(urls) == len(set(urls))
        assert "/north/admin/users" in urls
        assert [line.label for line in fitting(places(member), "admin peo")] == ["People"]


def test_single_letters_can_be_switched_off(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    assert "data-keys" not in manager.get("/north/clients").text.partition(">")[0]
    form = {"csrf_token": manager.csrf_token(), "single_keys": "0", "next": "/north/search/shortcuts"}
    assert manager.put("/auth/preferences", form).headers["Location"].endswith("/north/search/shortcuts")
    page = manager.get("/north/search/shortcuts").text
    assert 'data-keys="off"' in page
    assert "Switch single letters on" in page


def test_a_palette_takes_few_statements(visit: Callable[[str], Visitor], statements: list[str]) -> None:
    by = enter(MANAGER)
    for at in range(20):
        make_client(by, full_name=f"Ana Marchand {at}")
    commit()
    manager = visit(MANAGER)
    statements.clear()
    assert len(choices(manager.get(f"{PALETTE}?q=marchand").text)) == 6
    assert len(statements) <= 2 + (len(SOURCES) - 1)
