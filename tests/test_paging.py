"""Pages by key: every row once in either direction, whatever the order, and no cursor that breaks."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import insert, update

from app import paging
from app.clients.models import Client
from app.paging import Cursor
from tests.world import Visitor, enter, make_client

MANAGER = "sales_manager@north.example"
FIRST_MOMENT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def visitor(db: SQLAlchemy, visit: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """Looks at 23 clients, five a page. Names and moments come in threes, so that ids settle the order."""
    monkeypatch.setattr(paging, "SIZE", 5)
    manager = enter(MANAGER)
    for at in range(23):
        client = make_client(manager, full_name=f"{'abcdefgh'[at // 3]} client", town=str(at))
        moment = FIRST_MOMENT + timedelta(hours=(at * 7 % 23) // 3)
        stamps = {"created_at": moment, "updated_at": moment}
        db.session.execute(update(Client).where(Client.id == client.id).values(**stamps))
    return visit(MANAGER)


def numbers_in(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<tr id="client-(\d+)"', page)]


def link(page: str, label: str) -> str | None:
    found = re.search(rf'<a class="btn s[^"]*" href="([^"]+)"[^>]*>(?:<svg.*?</svg>)?{label}', page)
    return unescape(found[1]) if found else None


def position(page: str) -> str:
    found = re.search(r'<nav class="pager".*?<span>(.*?)</span>', page, re.S)
    assert found
    return found[1]


def walk(visitor: Visitor, url: str, label: str) -> list[str]:
    """The pages from this address on, following one link."""
    pages = [visitor.get(url).text]
    while following := link(pages[-1], label):
        pages.append(visitor.get(following).text)
        assert len(pages) < 20
    return pages


@pytest.mark.parametrize("sort", ["name", "updated", "created"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_every_row_is_met_once_forwards_and_backwards(visitor: Visitor, sort: str, direction: str) -> None:
    url = f"/north/clients?sort={sort}&direction={direction}"
    there = walk(visitor, url, "Next")
    met = [number for page in there for number in numbers_in(page)]
    assert (len(met), len(set(met))) == (23, 23)
    assert [position(page) for page in there] == [
        "1–5 of 23",
        "6–10 of 23",
        "11–15 of 23",
        "16–20 of 23",
        "21–23 of 23",
    ]
    back = walk(visitor, f"{url}&end=1", "Previous")
    assert [number for page in reversed(back) for number in numbers_in(page)] == met
    assert [position(page) for page in back] == [
        "19–23 of 23",
        "14–18 of 23",
        "9–13 of 23",
        "4–8 of 23",
        "1–3 of 23",
    ]
    other_way = walk(visitor, url.replace(direction, {"asc": "desc", "desc": "asc"}[direction]), "Next")
    assert [number for page in other_way for number in numbers_in(page)] == met[::-1]


def test_first_and_last_lead_to_the_ends(visitor: Visitor) -> None:
    first = visitor.get("/north/clients").text
    assert (link(first, "First"), link(first, "Previous")) == (None, None)
    last_url = link(first, "Last")
    assert last_url is not None
    last = visitor.get(last_url).text
    assert position(last) == "19–23 of 23"
    assert (link(last, "Next"), link(last, "Last")) == (None, None)
    first_url = link(last, "First")
    assert first_url is not None
    assert numbers_in(visitor.get(first_url).text) == numbers_in(first)


def test_filters_and_order_stay_from_page_to_page(visitor: Visitor) -> None:
    url = "/north/clients?sort=created&direction=asc&status=prospect&owner=nobody"
    following = link(visitor.get(url).text, "Next")
    assert following is not None
    assert all(part in following for part in ("sort=created", "direction=asc", "status=prospect", "owner=nobody"))


def letter_of(page: str, letter: str) -> str:
    offered = page.partition('<nav class="letters"')[2].partition("</nav>")[0]
    return unescape({name: url for url, name in re.findall(r'href="([^"]+)"[^>]*>(.)</a>', offered)}[letter])


def test_a_letter_leads_to_the_first_name_from_there_on(visitor: Visitor) -> None:
    page = visitor.get("/north/clients?sort=updated&status=prospect").text
    at_c = visitor.get(letter_of(page, "C")).text
    assert re.findall(r'class="name" href="[^"]+">(\w)', at_c) == ["c", "c", "c", "d", "d"]
    assert position(at_c) == "5 of 23"
    back = link(at_c, "Previous")
    assert back is not None
    assert re.findall(r'class="name" href="[^"]+">(\w)', visitor.get(back).text) == ["a", "a", "b", "b", "b"]


def test_a_letter_past_the_last_name_shows_the_last_page(visitor: Visitor) -> None:
    page = visitor.get(letter_of(visitor.get("/north/clients").text, "Z")).text
    assert position(page) == "19–23 of 23"
    assert link(page, "Next") is None


def test_a_page_before_the_first_row_is_the_first(visitor: Visitor) -> None:
    before = Cursor("", uuid.UUID(int=0)).written()
    page = visitor.get(f"/north/clients?before={before}").text
    assert position(page) == "1–5 of 23"


def test_rows_that_come_and_go_neither_repeat_nor_hide_others(visitor: Visitor, db: SQLAlchemy) -> None:
    first = visitor.get("/north/clients").text
    seen, following = numbers_in(first), link(first, "Next")
    assert following is not None
    manager = enter(MANAGER)
    gone = db.session.query(Client).filter(Client.number == seen[2]).one()
    gone.archive(by=manager)
    make_client(manager, full_name="A very new one")
    db.session.flush()
    assert not set(numbers_in(visitor.get(following).text)) & set(seen)
    assert len(numbers_in(visitor.get(following).text)) == 5


def written(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


AN_ID = uuid.UUID(int=7).hex


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%FF%FE",
        "é",
        written("text"),
        written({}),
        written([1, 2, 3]),
        written(["a"]),
        written(["a", 7]),
        written(["a", "no id"]),
        written([7, AN_ID]),
        written([None, AN_ID]),
        written(["a\x00", AN_ID]),
        base64.urlsafe_b64encode(b'["\\ud800","' + AN_ID.encode() + b'"]').decode(),
        base64.urlsafe_b64encode(b"[" * 20_000).decode(),
    ],
)
@pytest.mark.parametrize("way", ["after", "before"])
def test_an_altered_cursor_is_refused(visit: Callable[[str], Visitor], cursor: str, way: str) -> None:
    assert visit(MANAGER).get(f"/north/clients?{way}={cursor}").status_code == 400


@pytest.mark.parametrize("value", ["yesterday", 12, "0001-01-01T00:00:00+23:59", "2026-13-01"])
def test_an_altered_moment_is_refused(visit: Callable[[str], Visitor], value: Any) -> None:
    cursor = written([value, AN_ID])
    assert visit(MANAGER).get(f"/north/clients?sort=updated&after={cursor}").status_code == 400


@pytest.mark.parametrize("name", ["👩‍👩‍👧 family", "100% \\ _ '\"", "田中"])
def test_any_name_makes_a_cursor(visit: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(paging, "SIZE", 1)
    manager = enter(MANAGER)
    for last in ("1", "2"):
        make_client(manager, full_name=name + last)
    pages = walk(visit(MANAGER), "/north/clients", "Next")
    met = [number for page in pages for number in numbers_in(page)]
    assert met == sorted(met)
    assert (len(met), len(pages)) == (2, 2)


@pytest.mark.parametrize(("count", "shown"), [(9, "1–5 of 9"), (10, "1–5 of 10"), (11, "1–5 of 10 or more")])
def test_the_count_is_exact_up_to_its_bound(
    visit: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch, db: SQLAlchemy, count: int, shown: str
) -> None:
    monkeypatch.setattr(paging, "SIZE", 5)
    monkeypatch.setattr(paging, "COUNTED", 10)
    manager = enter(MANAGER)
    for _ in range(count):
        make_client(manager)
    visitor = visit(MANAGER)
    page = visitor.get("/north/clients").text
    assert position(page) == shown
    every = re.search(r'<a class="link" href="([^"]*count=all[^"]*)"', page)
    assert (every is not None) == (count == 11)
    if every:
        assert position(visitor.get(unescape(every[1])).text) == "1–5 of 11"
        assert position(visitor.get("/north/clients?end=1").text) == "5 of 10 or more"
        assert position(visitor.get("/north/clients?end=1&count=all").text) == "7–11 of 11"


def test_addresses_lead_nowhere_else(visitor: Visitor) -> None:
    page = visitor.get("/north/clients?endpoint=x&_external=1&_scheme=javascript&port=south&_anchor=x").text
    for label in ("Next", "Last"):
        url = link(page, label)
        assert url is not None
        assert url.startswith("/north/clients?")


def test_a_full_list_is_still_counted_to_its_bound_only(db: SQLAlchemy, visit: Callable[[str], Visitor]) -> None:
    manager = enter(MANAGER)
    make_client(manager)
    pattern = {c.key: getattr(db.session.query(Client).one(), c.key) for c in Client.__table__.columns}
    rows = [{**pattern, "id": uuid.uuid4(), "number": 500_000 + at} for at in range(paging.COUNTED)]
    db.session.execute(insert(Client), rows)
    page = visit(MANAGER).get("/north/clients").text
    assert position(page) == "1–50 of 10,000 or more"
