"""The search box of the list of clients."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask_sqlalchemy import SQLAlchemy
from markupsafe import Markup

from app.clients.models import Note
from app.db import commit
from app.search.marking import excerpt, marked, parts
from tests.world import Visitor, enter, make_client, user_id

pytestmark = pytest.mark.usefixtures("db")

MANAGER = "sales_manager@north.example"
LIST = "/north/clients"


def names(html: str) -> list[str]:
    found = re.findall(r'<a class="name"[^>]*>(.*?)</a>', html)
    return [re.sub(r"</?mark>", "", name) for name in found]


@pytest.fixture
def manager(visit: Callable[[str], Visitor]) -> Visitor:
    by = enter(MANAGER)
    for at in range(3):
        make_client(by, full_name=f"Ana Marchand {at}", status="active" if at else "former")
    make_client(by, full_name="Émile Ørsted", email="emile@oersted.example", phone="+33655551402")
    Note.create(make_client(by, full_name="Zoë Nkosi"), "Looks for a mooring next to Marchand.", by=by)
    commit()
    return visit(MANAGER)


def test_who_is_looked_for_is_listed_and_marked(manager: Visitor) -> None:
    page = manager.get(f"{LIST}?q=marchand").text
    assert names(page) == [*(f"Ana Marchand {at}" for at in range(3)), "Zoë Nkosi"]
    assert page.count("Ana <mark>Marchand</mark>") == 3
    assert "a mooring next to <mark>Marchand</mark>." in page
    assert 'value="marchand"' in page
    assert "4 people and companies" in page


def test_it_goes_with_filters_and_pages(manager: Visitor) -> None:
    assert names(manager.get(f"{LIST}?q=marchand&status=former").text) == ["Ana Marchand 0"]
    assert names(manager.get(f"{LIST}?q=marchand&archived=1").text) == []
    by = enter(MANAGER)
    for at in range(40):
        make_client(by, full_name=f"Berit Lind {at:02}")
    commit()
    first = manager.get(f"{LIST}?q=lind").text
    assert names(first) == [f"Berit Lind {at:02}" for at in range(25)]
    assert "40 people and companies" in first
    assert "q=lind&amp;from=26" in first
    second = manager.get(f"{LIST}?q=lind&from=26").text
    assert names(second) == [f"Berit Lind {at:02}" for at in range(25, 40)]
    assert names(manager.get(f"{LIST}?q=lind&from=5000").text) == names(first)


def test_nobody_found_offers_to_add_them(manager: Visitor) -> None:
    page = manager.get(f"{LIST}?q=Tove+Ångström").text
    assert "No one found" in page
    assert "/north/clients/new?name=Tove+%C3%85ngstr%C3%B6m" in page
    assert "Look among the archived" in page
    assert 'value="Tove Ångström"' in manager.get("/north/clients/new?name=Tove+Ångström").text


def test_who_may_not_add_is_not_offered_to(manager: Visitor, visit: Callable[[str], Visitor]) -> None:
    assert "/clients/new" not in visit("viewer@north.example").get(f"{LIST}?q=nobody").text


@pytest.mark.parametrize("asked", ["%00", "%25", "<script>", "a" * 5000, "%F0%9F%9A%A4", "'", "😀", "‮"])
def test_whatever_is_typed_is_answered(manager: Visitor, asked: str) -> None:
    answer = manager.get(LIST, query_string=f"q={asked}")
    assert answer.status_code in (200, 400)
    assert "<script>" not in answer.text.partition("<main")[2]


def test_the_page_takes_as_many_statements_as_without(manager: Visitor, statements: list[str]) -> None:
    statements.clear()
    manager.get(LIST)
    without = len(statements)
    statements.clear()
    manager.get(f"{LIST}?q=marchand&status=active")
    assert len(statements) == without


def test_who_sees_their_own_finds_their_own(db: SQLAlchemy, manager: Visitor, visit: Callable[[str], Visitor]) -> None:
    make_client(enter(MANAGER), full_name="Mia Marchand", owner_id=user_id("operator@north.example"))
    commit()
    assert names(visit("operator@north.example").get(f"{LIST}?q=marchand").text) == ["Mia Marchand"]


# --- What is marked ----------------------------------------------------------------------------------------


def shown(text: str, query: str) -> str:
    return "".join(f"[{part}]" if is_match else part for part, is_match in parts(text, query))


@pytest.mark.parametrize(
    ("text", "query", "as_shown"),
    [
        ("Émile Ørsted", "orst em", "[Ém]ile [Ørst]ed"),
        ("Émile Ørsted", "orsetd", "Émile [Ørsted]"),
        ("O’Brien Ltd", "o'brien", "[O’Brien] Ltd"),
        ("Straßer", "strasser", "[Straßer]"),
        ("+33 6 55 55 14 02", "0655 5514", "+33 [6 55 55 14] 02"),
        ("+33 6 55 55 14 02", "1402", "+33 6 55 55 [14 02]"),
        ("Quay 14", "14", "Quay [14]"),
        ("Léa", "", "Léa"),
        ("", "x", ""),
        ("Léa & <b>", "b", "Léa & <[b]>"),
    ],
)
def test_what_is_looked_for_is_marked(text: str, query: str, as_shown: str) -> None:
    assert shown(text, query) == as_shown


def test_a_page_marks_and_escapes() -> None:
    assert marked("Léa & <b>", "b") == Markup("Léa &amp; &lt;<mark>b</mark>&gt;")
    assert marked(None, "b") == Markup("")


def test_a_long_note_is_shown_where_it_matches() -> None:
    note = "Long before. " * 20 + "Then the anchor broke off. " + "Long after. " * 20
    part = excerpt(note, "anchor")
    assert "the anchor broke" in part
    assert part.startswith("… ")
    assert part.endswith(" …")
    assert len(part) < 130
