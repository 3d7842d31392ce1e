"""The list of stays in a file: whose days it counts, how numbers stand in it, and who may still fetch it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from app import formats
from app.berths.models import Occupancy, OccupancyKind
from app.db import commit, db
from app.exports.exporting import Manner, at_once
from app.exports.kinds import KINDS
from app.identity.models import PortRoleOverride, Role
from tests.clients.test_exports import rows_of
from tests.importing import work_off
from tests.world import NORTH, SOUTH, Visitor, enter, make_berth, make_client, make_interest, make_stay

Visit = Callable[[str], Visitor]
EVENING = datetime(2027, 7, 7, 2, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """One is many."""
    monkeypatch.setattr("app.exports.views.AT_THE_CLICK", 0)


def made(visitor: Visitor, slug: str, query: str = "") -> str:
    """The address of the file, which a job has written."""
    answer = visitor.post(f"/{slug}/stays/exports?list={quote(query)}", {"format": "csv"})
    assert answer.status_code == 303, answer.text
    work_off({"north": NORTH, "south": SOUTH}[slug])
    return answer.headers["Location"]


def content(visitor: Visitor, url: str) -> Any:
    link = visitor.get(f"{url}/content")
    return visitor.get(link.headers["Location"]) if link.status_code == 303 else link


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("query", ["until=2027-07-06", "since=2027-07-06"])
def test_days_of_a_filter_are_those_of_the_port(visit: Visit, query: str) -> None:
    """Ten in the evening there is the next day in Greenwich, where a job would count."""
    by = enter("sales_manager@south.example", "south")
    begins = EVENING if query.startswith("until") else EVENING - timedelta(days=3)
    Occupancy.book(
        make_berth(by), Range(begins, begins + timedelta(days=3)), OccupancyKind.VISIT, by=by, client=make_client(by)
    )
    commit()
    visitor = visit("sales_manager@south.example")
    assert "Léa Marchand" in visitor.get(f"/south/stays?{query}").text
    assert [row[2] for row in rows_of(content(visitor, made(visitor, "south", query)))[1:]] == ["Léa Marchand"]


@pytest.mark.usefixtures("later")
def test_who_may_not_see_berths_any_more_does_not_fetch_it(visit: Visit) -> None:
    by = enter("sales_manager@north.example")
    make_stay(make_berth(by), make_client(by), by=by)
    commit()
    visitor = visit("sales_manager@north.example")
    url = made(visitor, "north")
    assert content(visitor, url).status_code == 200
    enter("sales_manager@north.example")
    role_id = db.session.scalars(select(Role.id).where(Role.name == "sales_manager")).one()
    overrides = {"berths": {"view": False}}
    db.session.add(PortRoleOverride(port_id=NORTH, role_id=role_id, permission_overrides=overrides))
    commit()
    assert content(visitor, url).status_code == 404
    assert visitor.get(url).status_code == 404


def sheet(app: Flask, kind: str, ids: list[uuid.UUID], locale: str, columns: tuple[str, ...] = ()) -> bytes:
    with app.test_request_context():
        member = enter("sales_manager@north.example")
        commit()
        with formats.use(member.here(), locale=locale):
            return b"".join(at_once(Manner(KINDS[kind], "csv", "shown", columns), ids, member))


@pytest.mark.parametrize(
    ("locale", "sizes"), [("en", (",1250.50,", ",13.75", ",9000.00,")), ("fi", (";1250,50;", ";13,75", ";9000,00;"))]
)
def test_numbers_have_the_sign_that_cells_leave_free(app: Flask, locale: str, sizes: tuple[str, ...]) -> None:
    by = enter("sales_manager@north.example")
    priced = {"price": Decimal("1250.50"), "currency": "EUR"}
    client, during = make_client(by), Range(EVENING, EVENING + timedelta(days=3))
    stay = Occupancy.book(make_berth(by), during, OccupancyKind.VISIT, by=by, client=client, details=priced)
    interest = make_interest(make_client(by), by=by, expected_value=Decimal(9000), loa=Decimal("13.75"))
    stays, interests = [stay.id], [interest.id]
    commit()
    price, length, value = sizes
    assert price in sheet(app, "stays", stays, locale).decode()
    interests_out = sheet(app, "interests", interests, locale, ("value", "owner")).decode()
    assert length in interests_out
    assert value in interests_out
