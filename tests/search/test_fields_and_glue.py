"""What stands in custom fields is found, words written as one, vessels by the list's own box, and who is picked."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.clients.models import Client
from app.clients.models.finding import suggested
from app.clients.queries import best_clients
from app.db import commit, db
from app.fields.models import FieldDefinition
from app.vessels.models import Vessel
from app.vessels.models.finding import search as search_vessels
from tests.world import NORTH, Visitor, enter, make_client, make_vessel

pytestmark = pytest.mark.usefixtures("db")

MANAGER, OPERATOR = "sales_manager@north.example", "operator@north.example"
Visit = Callable[[str], Visitor]


def field(resource: str, kind: str, label: str) -> str:
    """The name under which its value is written."""
    fields = {"label": label, "kind": kind, "options": [], "required": False, "help": ""}
    made = FieldDefinition.create(fields, resource=resource, currency="EUR", port_id=NORTH, by=enter(MANAGER))
    return f"custom_{made.key}"


def found(asked: str, who: str = MANAGER) -> list[tuple[str, str]]:
    return [(row.full_name, row.why or "") for row in best_clients(enter(who), asked, 10)]


def test_text_and_numbers_of_a_client_are_found() -> None:
    box, depth = field("client", "text", "Mail box"), field("client", "number", "Key number")
    by = enter(MANAGER)
    lea = make_client(by, full_name="Léa Marchand", **{box: "Schlüsselfach 7b", depth: "4711"})
    make_client(by, full_name="Ann North")
    assert found("schlusselfach") == [("Léa Marchand", "Schlüsselfach 7b")]
    assert found("4711") == [("Léa Marchand", "4711")]
    lea.update({box: "Pigeonhole"}, by=by)
    assert found("schlusselfach") == []
    assert found("pigeon") == [("Léa Marchand", "Pigeonhole")]


def test_money_is_found_as_it_is_written() -> None:
    deposit = field("client", "money", "Deposit")
    by = enter(MANAGER)
    lea = make_client(by, full_name="Léa Marchand", **{deposit: "4 711,50"})
    make_client(by, full_name="Ann North", **{deposit: "812.00"})
    for asked in ("4711.5", "4711.50", "4711,50"):
        assert [name for name, _why in found(asked)] == ["Léa Marchand"], asked
    assert [name for name, _why in found("812")] == ["Ann North"]
    lea.update({deposit: ""}, by=by)
    assert found("4711.50") == []


def test_a_day_is_found_however_it_is_written() -> None:
    since = field("client", "date", "Member since")
    by = enter(MANAGER)
    lea = make_client(by, full_name="Léa Marchand", **{since: "2019-04-01"})
    for asked in ("2019-04-01", "1.4.2019", "04/2019"):
        assert found(asked) == [("Léa Marchand", "2019-04-01")], asked
    lea.update({since: "2020-05-02"}, by=by)
    assert found("2019-04-01") == []


def test_a_field_that_is_put_away_finds_nobody() -> None:
    box = field("client", "text", "Mail box")
    by = enter(MANAGER)
    make_client(by, full_name="Léa Marchand", **{box: "Pigeonhole"})
    db.session.scalars(select(FieldDefinition)).one().archive(by=by)
    db.session.flush()
    assert found("pigeonhole") == []


def test_a_field_of_a_vessel_finds_it_and_its_owner() -> None:
    sail = field("vessel", "text", "Sail number")
    by = enter(MANAGER)
    lea = make_client(by, full_name="Léa Marchand")
    make_vessel(by, lea, name="Kestrel", **{sail: "FIN 1234"})
    hits = search_vessels(by, "fin 1234", 5)
    names = select(Vessel.name).join(hits, hits.c.vessel_id == Vessel.id)
    assert db.session.scalars(names).all() == ["Kestrel"]
    assert found("fin 1234") == [("Léa Marchand", "FIN 1234")]


def test_who_sees_only_their_own_finds_no_other() -> None:
    box = field("client", "text", "Mail box")
    make_client(enter(MANAGER), full_name="Léa Marchand", **{box: "Pigeonhole"})
    assert found("pigeonhole", OPERATOR) == []


@pytest.mark.parametrize("asked", ["annavirtanen", "virtanenanna", "annavirt"])
def test_two_words_written_as_one(asked: str) -> None:
    make_client(enter(MANAGER), full_name="Anna Virtanen")
    make_client(enter(MANAGER), full_name="Annabel Virta")
    assert "Anna Virtanen" in [name for name, _why in found(asked)]


# --- The list of vessels


def rows(page: str) -> list[str]:
    return re.findall(r'<a class="name"[^>]*>([^<]+)</a>', page)


def test_the_list_of_vessels_is_searched(visit: Visit) -> None:
    by = enter(MANAGER)
    owner = make_client(by)
    make_vessel(by, owner, name="Kestrel", registration="FI 40417")
    make_vessel(by, owner, name="Kestrel of the North", kind="motor")
    make_vessel(by, owner, name="Sea Kestrel").archive(by=by)
    make_vessel(by, owner, name="Aurora")
    commit()
    manager = visit(MANAGER)
    assert rows(manager.get("/north/vessels?q=kestrel").text) == ["Kestrel", "Kestrel of the North"]
    assert rows(manager.get("/north/vessels?q=kestrle").text) == ["Kestrel", "Kestrel of the North"]
    assert rows(manager.get("/north/vessels?q=40417").text) == ["Kestrel"]
    assert rows(manager.get("/north/vessels?q=kestrel&kind=motor").text) == ["Kestrel of the North"]
    assert rows(manager.get("/north/vessels?q=kestrel&archived=1").text) == ["Sea Kestrel"]
    page = manager.get("/north/vessels?q=zzzz").text
    assert "No vessel found" in page
    assert 'value="zzzz"' in page


def test_a_search_of_vessels_is_one_statement_more_or_less(visit: Visit, statements: list[str]) -> None:
    by = enter(MANAGER)
    for at in range(12):
        make_vessel(by, name=f"Kestrel {at}")
    commit()
    manager = visit(MANAGER)
    statements.clear()
    assert len(rows(manager.get("/north/vessels?q=kestrel").text)) == 12
    assert len(statements) <= 3


# --- Picking somebody


def test_a_slip_is_asked_about_and_not_taken(visit: Visit) -> None:
    by = enter(MANAGER)
    make_client(by, full_name="Léa Marchand")
    commit()
    manager = visit(MANAGER)
    form = {**manager.form("/north/vessels/new"), "name": "Aurora"}
    answer = manager.post("/north/vessels", {**form, "client": "Lea Marchnad"})
    assert answer.status_code == 422
    assert "Did you mean one of these?" in answer.text
    assert "Léa Marchand" in answer.text
    assert "Nobody is called so." in manager.post("/north/vessels", {**form, "client": "Zzzz Qqqq"}).text


def test_what_is_offered_while_somebody_types(visit: Visit) -> None:
    by = enter(MANAGER)
    make_client(by, full_name="Léa Marchand", email="lea@harbour.example")
    commit()
    manager = visit(MANAGER)
    for typed in ("marchand", "lea@harbour", "Lea Marchnad"):
        assert "Léa Marchand" in manager.get(f"/north/clients/choices?client={typed}").text
    enter(MANAGER)
    assert [client.full_name for client in suggested(enter(MANAGER), "marchnad")] == ["Léa Marchand"]
    assert db.session.scalars(select(Client.full_name)).all() == ["Léa Marchand"]
