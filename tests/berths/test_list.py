"""The list of berths: its columns and views, handing it out, and tags for many."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from app.berths.models import Berth, BerthTag, Tenure
from app.changes.models import ChangeSet
from app.db import begin, commit
from app.db import db as unit
from app.formats import today
from app.saved_views.models import SavedView
from app.tags.models import Tag
from app.vessels.models import Vessel
from tests.clients.test_bulk_edits import events_of, perform_waiting, words_of
from tests.clients.test_exports import rows_of
from tests.world import NORTH, Visitor, enter, make_berth, make_dock, make_vessel, user_id

MANAGER, VIEWER = "sales_manager@north.example", "viewer@north.example"
LIST = "/north/berths"
Visit = Callable[[str], Visitor]
pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def berths(db: SQLAlchemy) -> list[int]:
    by = enter(MANAGER)
    dock = make_dock(by, "B")
    made = [make_berth(by, dock, code=code) for code in ("1", "2", "10")]
    made[0].update({"max_loa": Decimal(12), "max_beam": Decimal(4), "price": Decimal(900), "currency": "EUR"}, by=by)
    ends = today() + timedelta(days=20)
    made[1].update({"tenure": Tenure.LEASE, "tenure_expires_on": ends, "max_loa": Decimal(8)}, by=by)
    made[2].update({"max_loa": Decimal(10)}, by=by)
    make_vessel(by, name="Sirocco", loa_declared=Decimal(11))
    numbers = [berth.number for berth in made]
    Tag.create("Electric", "teal", port_id=NORTH, by=by)
    commit()
    return numbers


def shown(visitor: Visitor, query: str) -> list[str]:
    return re.findall(r'<a class="name" href="/north/berths/\d+[^"]*">B (\d+)</a>', visitor.get(f"{LIST}?{query}").text)


def sent(visitor: Visitor, query: str = "", **form: Any) -> list[list[str]]:
    return rows_of(visitor.post(f"{LIST}/exports?list={quote(query)}", {"format": "csv", **form}))


@pytest.mark.usefixtures("berths")
@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("", ["1", "2", "10"]),
        ("sort=name&direction=desc", ["10", "2", "1"]),
        ("sort=length", ["1", "10", "2"]),
        ("tenure=lease", ["2"]),
        ("expires=12", ["2"]),
        ("q=b10", ["10"]),
        ("q=b&tenure=lease", ["2"]),
        ("fits=11 × 3.8", ["1"]),
        ("fits=Sirocco", ["1"]),
        ("fits=Sirocco&q=b", ["1"]),
        ("fits=Sirocco&tenure=lease", []),
        ("fits=Nobody", ["1", "2", "10"]),
    ],
)
def test_the_file_has_what_the_list_shows_in_its_order(visit: Visit, query: str, codes: list[str]) -> None:
    viewer = visit(VIEWER)
    assert shown(viewer, query) == codes
    if not codes:
        assert viewer.post(f"{LIST}/exports?list={quote(query)}", {"format": "csv"}).status_code == 422
        return
    assert [row[2] for row in sent(viewer, query)[1:]] == codes


def test_columns_are_those_chosen(visit: Visit, berths: list[int]) -> None:
    viewer = visit(VIEWER)
    viewer.put(f"{LIST}/columns", {"column": ["size", "price"]})
    page = viewer.get(LIST).text
    assert "hide-status" in page
    assert "hide-size" not in page
    table = sent(viewer, number=[berths[0]])
    assert table[0] == ["Harbour", "Dock", "Berth", "Tags", "Length (m)", "Width (m)", "Price", "Currency",
                        "Price for"]  # fmt: skip
    assert table[1] == ["Harbour of B", "B", "1", "", "12.00", "4.00", "900.00", "EUR", "a year"]


@pytest.mark.usefixtures("berths")
def test_a_view_is_kept_and_opens_the_list(visit: Visit) -> None:
    manager, url = visit(MANAGER), f"{LIST}/views?list={quote('tenure=lease&sort=length')}"
    answer = manager.post(url, {**manager.form(url), "name": "Leases"})
    assert answer.headers["Location"].startswith(f"{LIST}?tenure=lease&sort=length")
    assert "Leases" in manager.get(answer.headers["Location"]).text


@pytest.mark.usefixtures("berths")
def test_a_view_keeps_what_has_to_fit(visit: Visit) -> None:
    manager, query = visit(MANAGER), "fits=Sirocco&columns=size"
    url = f"{LIST}/views?list={quote(query)}"
    assert "Vessel, or length × beam × draft: Sirocco · Columns: Length × width" in manager.get(url).text
    answer = manager.post(url, {**manager.form(url), "name": "For Sirocco", "is_shared": "y"})
    assert answer.headers["Location"].startswith(f"{LIST}?fits=Sirocco")
    assert shown(manager, answer.headers["Location"].partition("?")[2]) == ["1"]
    view = unit.session.scalars(select(SavedView)).one()
    manager.post(f"{LIST}/views/{view.id}/default")
    opened = manager.get(LIST)
    assert f"/berths/views/{view.id}" in opened.headers["Location"]
    assert manager.get(opened.headers["Location"]).headers["Location"].startswith(f"{LIST}?fits=Sirocco")
    assert "For Sirocco" in visit(VIEWER).get(f"{LIST}/views").text


@pytest.mark.usefixtures("berths")
def test_the_tags_of_a_berth_stand_in_its_row_and_in_the_file(visit: Visit, berths: list[int]) -> None:
    manager = visit(MANAGER)
    tag(manager, berths[:1])
    assert '<span class="tinted teal">Electric</span>' in manager.get(LIST).text
    assert [row[3] for row in sent(manager)[1:]] == ["Electric", "", ""]


def tag(visitor: Visitor, numbers: list[int], **typed: Any) -> Any:
    asked = "&".join(f"number={number}" for number in numbers)
    form = {**visitor.form(f"{LIST}/bulk-edits/new?act=tag&{asked}"), "number": numbers, "name": "Electric", **typed}
    return visitor.post(f"{LIST}/bulk-edits", form)


def carrying() -> list[int]:
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    tagged = select(Berth.number).join(BerthTag, BerthTag.berth_id == Berth.id)
    return list(unit.session.scalars(tagged.order_by(Berth.number)))


def test_the_ticked_get_a_tag_and_lose_it_together(
    visit: Visit, berths: list[int], relayed: Callable[[], list[str]]
) -> None:
    relayed()
    manager = visit(MANAGER)
    assert tag(manager, berths[:2]).status_code == 303
    assert carrying() == sorted(berths[:2])
    assert relayed() == ["changeSet:applied"]
    assert "2 berths changed" in manager.get(LIST).text
    tag(manager, berths, way="untag")
    assert carrying() == []
    number = unit.session.scalars(select(ChangeSet.number).order_by(ChangeSet.number.desc())).first()
    manager.post(f"/north/changes/{number}/roll-back")
    perform_waiting()
    assert carrying() == sorted(berths[:2])


def all_tagged(visitor: Visitor, query: str, many: str) -> None:
    asked = f"{LIST}/bulk-edits/new?act=tag&all=1&list={quote(query)}"
    assert f"Tags of {many}" in visitor.get(asked).text
    form = {**visitor.form(asked), "name": "Electric"}
    assert visitor.post(f"{LIST}/bulk-edits?list={quote(query)}", form).status_code == 303


@pytest.mark.parametrize(
    ("query", "which"), [("fits=Sirocco", [0]), ("fits=Sirocco&q=b", [0]), ("tenure=annual", [0, 2])]
)
def test_all_that_match_are_those_that_the_list_shows(
    visit: Visit, berths: list[int], query: str, which: list[int]
) -> None:
    manager = visit(MANAGER)
    all_tagged(manager, query, "1 berth" if len(which) == 1 else f"{len(which)} berths")
    assert carrying() == sorted(berths[at] for at in which)


def test_a_job_keeps_to_what_had_to_fit(visit: Visit, berths: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the vessel was measured anew meanwhile."""
    monkeypatch.setattr("app.bulk_edits.views.AT_THE_CLICK", 0)
    all_tagged(visit(MANAGER), "fits=Sirocco", "1 berth")
    by = enter(MANAGER)
    unit.session.scalars(select(Vessel)).one().update({"loa_declared": Decimal(7)}, by=by)
    commit()
    perform_waiting()
    assert carrying() == berths[:1]


def test_what_was_archived_since_stays_as_it_is(visit: Visit, berths: list[int]) -> None:
    manager = visit(MANAGER)
    tag(manager, berths[:2])
    by = enter(MANAGER)
    unit.session.scalars(select(Berth).where(Berth.number == berths[0])).one().archive(by=by)
    number = unit.session.scalars(select(ChangeSet.number)).one()
    commit()
    manager.post(f"/north/changes/{number}/roll-back")
    perform_waiting()
    assert carrying() == berths[:1]
    assert "It was archived since." in manager.get(f"/north/changes/{number}").text


def test_it_is_told_as_one_by_one(visit: Visit, berths: list[int]) -> None:
    by = enter(MANAGER)
    berth = unit.session.scalars(select(Berth).where(Berth.number == berths[0])).one()
    BerthTag.put_on(berth, unit.session.scalars(select(Tag)).one(), by=by)
    commit()
    tag(visit(MANAGER), berths[1:2])
    alone, bulk = (words_of(event) for event in events_of("berth:tagged"))
    assert alone == bulk


def test_who_may_only_look_may_take_the_list_along_and_no_more(visit: Visit, berths: list[int]) -> None:
    viewer = visit(VIEWER)
    page = viewer.get(LIST).text
    assert "/berths/exports/new" in page
    assert "bulk-edits" not in page
    assert "bulk-edits" not in visit(MANAGER).get(f"{LIST}?archived=1").text
    assert viewer.get(f"{LIST}/bulk-edits/new?number={berths[0]}").status_code == 403


def test_statements_of_the_file_do_not_grow_with_the_berths(visit: Visit, statements: list[str]) -> None:
    manager, counts = visit(MANAGER), []
    for name, size in (("A", 2), ("C", 30)):
        by = enter(MANAGER)
        dock = make_dock(by, name)
        for at in range(size):
            make_berth(by, dock, code=str(at + 1))
        commit()
        statements.clear()
        assert len(sent(manager)) > size
        counts.append(len(statements))
    assert counts[0] == counts[1] < 20


@pytest.mark.usefixtures("berths")
def test_columns_and_views_ask_no_more_of_the_database(visit: Visit, statements: list[str]) -> None:
    manager, counts = visit(MANAGER), []
    for columns in (["size", "price"], ["status", "size", "depth", "tenure", "price", "updated"]):
        manager.put(f"{LIST}/columns", {"column": columns})
        statements.clear()
        manager.get(LIST)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6
