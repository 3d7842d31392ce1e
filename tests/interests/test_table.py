"""The table of interests: its filters, orders, columns and views, and handing it out."""

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

from app.berths.models import Harbour
from app.db import begin, commit
from app.db import db as unit
from app.events.models import Event
from app.formats import today
from app.interests.models import Interest, InterestTag, LeadCategory, Source
from app.saved_views.models import SavedView
from app.tags.models import Tag
from tests.clients.test_exports import rows_of
from tests.world import NORTH, Visitor, enter, make_berth, make_client, make_dock, make_interest, user_id

MANAGER, AGENT, VIEWER = (f"{name}@north.example" for name in ("sales_manager", "sales_agent", "viewer"))
TABLE, EXPORTS = "/north/interests/table", "/north/interests/exports"
Visit = Callable[[str], Visitor]
pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def three(db: SQLAlchemy) -> None:
    """Of three clients, no two alike."""
    by = enter(MANAGER)
    harbours = (Harbour.create({"name": name}, port_id=NORTH, by=by) for name in ("Inner", "Outer"))
    inner, outer = (make_dock(by, name, harbour) for name, harbour in zip("AB", harbours, strict=True))
    aino, bo, cy = (make_client(by, full_name=name) for name in ("Aino", "Bo", "Cy"))
    first = make_interest(aino, by=by, berth=make_berth(by, inner), expected_close_on=today() + timedelta(days=9))
    first.set_lead(LeadCategory.COLD, by=by)
    second = make_interest(bo, by=by, berth=make_berth(by, outer, code="2"), source=Source.BROKER)
    second.assign(None, by=by)
    second.update({"expected_value": Decimal(5_000), "expected_close_on": today() - timedelta(days=1)}, by=by)
    make_interest(cy, by=by, expected_value=None).lose("Sold the boat", by=by)
    commit()


def names(visitor: Visitor, query: str) -> list[str]:
    return re.findall(r'class="name" href="/north/interests/\d+[^"]*">(.*?)</a>', visitor.get(f"{TABLE}?{query}").text)


def harbour_named(visitor: Visitor, name: str) -> str:
    found = re.search(rf'<option value="(\d+)"[^>]*>{name}</option>', visitor.get(TABLE).text)
    assert found
    return found[1]


def sent(visitor: Visitor, query: str = "", **form: Any) -> Any:
    return visitor.post(f"{EXPORTS}?list={quote(query)}", {"format": "csv", **form})


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("sort=number&direction=asc", ["Aino", "Bo", "Cy"]),
        ("lead=cold", ["Aino"]),
        ("owner=none", ["Bo"]),
        ("owner=me&outcome=open", ["Aino"]),
        ("source=broker", ["Bo"]),
        ("outcome=lost", ["Cy"]),
        ("closes=past", ["Bo"]),
        ("closes=30", ["Aino"]),
        ("closes=none", ["Cy"]),
        ("berth=linked&sort=value", ["Bo", "Aino"]),
        ("berth=none", ["Cy"]),
        ("q=aino", ["Aino"]),
        ("q=aino&source=broker", []),
        ("sort=closes", ["Bo", "Aino", "Cy"]),
        ("sort=value", ["Bo", "Aino", "Cy"]),
        ("archived=1", []),
    ],
)
def test_the_file_has_what_the_table_shows_in_its_order(visit: Visit, query: str, shown: list[str]) -> None:
    manager = visit(MANAGER)
    assert names(manager, query) == shown
    answer = sent(manager, query)
    if shown:
        assert [row[1] for row in rows_of(answer)[1:]] == shown
    else:
        assert answer.status_code == 422
        assert "The list shows no interest" in answer.text


@pytest.mark.usefixtures("three")
def test_it_is_narrowed_to_the_harbour_of_the_berth(visit: Visit) -> None:
    manager = visit(MANAGER)
    outer = harbour_named(manager, "Outer")
    assert names(manager, f"berth={outer}") == ["Bo"]
    assert [row[1] for row in rows_of(sent(manager, f"berth={outer}"))[1:]] == ["Bo"]


@pytest.mark.usefixtures("three")
def test_it_and_the_board_are_narrowed_to_a_tag(visit: Visit) -> None:
    assert 'name="tag"' not in visit(MANAGER).get(TABLE).text  # nothing to choose
    by = enter(MANAGER)
    tag = Tag.create("Winter place", "teal", port_id=NORTH, by=by)
    first = unit.session.scalars(select(Interest).order_by(Interest.number)).first()
    assert first
    InterestTag.put_on(first, tag, by=by)
    found = f"tag={tag.id}"
    commit()
    visitor = visit(MANAGER)
    assert names(visitor, found) == ["Aino"]
    board = visitor.get(f"/north/interests?{found}").text
    assert "Aino" in board
    assert ">Bo<" not in board


@pytest.mark.usefixtures("three")
def test_columns_and_file_are_those_chosen(visit: Visit) -> None:
    manager = visit(MANAGER)
    manager.put("/north/interests/columns", {"column": ["berth", "value", "closes"]})
    page = manager.get(f"{TABLE}?sort=number&direction=asc").text
    assert 'class="c-berth"' in page
    assert "c-stage" not in page
    table = rows_of(sent(manager, "sort=number&direction=asc"))
    assert table[0] == ["Number", "Client", "Vessel", "Length (m)", "Harbour", "Berth", "Expected value", "Currency",
                        "Closes on"]  # fmt: skip
    assert table[1][1:] == ["Aino", "", "", "Inner", "A 12", "1000.00", "EUR", f"{today() + timedelta(days=9)}"]


@pytest.mark.usefixtures("three")
def test_a_view_is_kept_shared_and_opens_the_table(visit: Visit) -> None:
    manager, query = visit(MANAGER), "lead=cold&sort=closes&columns=stage,lead"
    url = f"/north/interests/views?list={quote(query)}"
    assert "Lead: Cold · Sorted by: Closes on · Columns: Stage, Lead" in manager.get(url).text
    answer = manager.post(url, {**manager.form(url), "name": "Cooled", "is_shared": "y"})
    assert answer.headers["Location"].startswith(f"{TABLE}?lead=cold&sort=closes")
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    view = unit.session.scalars(select(SavedView)).one()
    assert view.resource == "interests"
    manager.post(f"/north/interests/views/{view.id}/default")
    opened = manager.get(TABLE)
    assert opened.status_code == 303
    assert f"/interests/views/{view.id}" in opened.headers["Location"]
    other = visit(AGENT).get("/north/interests/views").text
    assert "Cooled" in other
    assert manager.get(f"/north/clients/views/{view.id}").status_code == 404


@pytest.mark.usefixtures("three")
def test_the_ticked_go_out_alone_and_it_is_recorded(visit: Visit) -> None:
    manager = visit(MANAGER)
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    numbers = unit.session.scalars(select(Interest.number).order_by(Interest.number)).all()
    page = manager.get(f"{EXPORTS}/new?number={numbers[0]}&number={numbers[2]}").text
    assert "Export 2 interests" in page
    assert "vCard" not in page
    assert [row[1] for row in rows_of(sent(manager, number=[numbers[0], numbers[2]]))[1:]] == ["Cy", "Aino"]
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    assert unit.session.scalars(select(Event.name).where(Event.name == "data:exported")).all() == ["data:exported"]
    assert "exported 2 interests" in visit("port_admin@north.example").get("/north/admin/audit").text


@pytest.mark.usefixtures("three")
def test_who_may_not_hand_out_finds_no_way_to(visit: Visit) -> None:
    viewer = visit(VIEWER)
    page = viewer.get(TABLE).text
    assert "/interests/exports" not in page
    assert 'id="selection"' not in page
    assert sent(viewer).status_code == 403
    assert sent(visit(MANAGER), format="vcf").status_code == 422


@pytest.mark.parametrize("path", [TABLE, f"{TABLE}?q=person&berth=linked&sort=value", f"{EXPORTS}/new"])
def test_statements_do_not_grow_with_the_interests(visit: Visit, statements: list[str], path: str) -> None:
    manager, counts = visit(MANAGER), []
    for size in (2, 30):
        by = enter(MANAGER)
        for at in range(size):
            make_interest(make_client(by, full_name=f"Person {at}"), by=by)
        commit()
        manager.get(path)
        statements.clear()
        assert manager.get(path).status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 7


def test_statements_of_the_file_do_not_grow_with_the_interests(visit: Visit, statements: list[str]) -> None:
    manager, counts = visit(MANAGER), []
    for size in (2, 30):
        by = enter(MANAGER)
        for at in range(size):
            make_interest(make_client(by, full_name=f"Person {at}"), by=by)
        commit()
        statements.clear()
        assert len(sent(manager).data) > 100
        counts.append(len(statements))
    assert counts[0] == counts[1] < 20


def test_a_long_name_and_no_interests(visit: Visit) -> None:
    manager = visit(MANAGER)
    assert "No interests yet" in manager.get(TABLE).text
    assert "No interest found" in manager.get(f"{TABLE}?q=nobody").text
    by = enter(MANAGER)
    make_interest(make_client(by, full_name="<b>" + "x" * 180), by=by)
    commit()
    assert f"&lt;b&gt;{'x' * 180}</a>" in manager.get(TABLE).text
