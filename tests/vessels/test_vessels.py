"""Vessels: the list and the record, what is measured, whose they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app import formats
from app.clients.models import Client
from app.db import db
from app.events.models import Event
from app.events.timeline import timeline
from app.vessels.models import Document, Ownership, Taken, Vessel
from tests.world import Visitor, enter, fields_of, make_client, make_vessel, user_id

pytestmark = pytest.mark.usefixtures("db")

MANAGER = "sales_manager@north.example"
Visit = Callable[[str], Visitor]


def told(kind: str, record: Client | Vessel) -> list[str]:
    return [entry.text for entry in timeline(kind, record.id)]


# --- Verbs --------------------------------------------------------------------------------------------------------


def test_verbs_record_once_and_repeat_without_harm(relayed: Callable[[], list[str]]) -> None:
    manager = enter(MANAGER)
    vessel = make_vessel(manager)
    assert vessel.update({"loa_declared": Decimal("18.9"), "kind": "motor"}, by=manager)
    assert not vessel.update({"loa_declared": Decimal("18.90"), "kind": "motor"}, by=manager)
    measured = {"loa_measured": Decimal("19.02")}
    assert vessel.measure(measured, on=date(2026, 11, 3), by=manager)
    assert not vessel.measure(measured, on=date(2026, 11, 4), by=manager)
    for _ in range(2):
        vessel.archive(by=manager)
    for _ in range(2):
        vessel.restore(by=manager)
    assert relayed() == [
        "client:created",
        "vessel:created",
        "vessel:updated",
        "vessel:measured",
        "vessel:archived",
        "vessel:restored",
    ]


def test_what_is_measured_counts_before_what_was_declared_per_dimension() -> None:
    manager = enter(MANAGER)
    vessel = make_vessel(manager, loa_declared=Decimal("18.90"), beam_declared=Decimal("4.55"))
    vessel.measure({"beam_measured": Decimal("4.62")}, on=date(2026, 11, 3), by=manager)
    loa, beam, draft, *_rest = vessel.dimensions
    assert (loa.value, loa.is_measured) == (Decimal("18.90"), False)
    assert (beam.value, beam.declared, beam.is_measured) == (Decimal("4.62"), Decimal("4.55"), True)
    assert draft.value is None
    assert (vessel.measured_on, vessel.measured_by_id) == (date(2026, 11, 3), manager.id)
    db.session.refresh(vessel)
    assert vessel.length == 1890


def test_an_owner_has_a_vessel_from_one_day_to_another_and_both_timelines_tell_of_it() -> None:
    manager = enter(MANAGER)
    seller, buyer = make_client(manager, full_name="Léa Marchand"), make_client(manager, full_name="Eero Salo")
    vessel = make_vessel(manager, seller)
    assert vessel.change_owner(buyer, on=date(2026, 11, 1), by=manager)
    assert not vessel.change_owner(buyer, on=date(2026, 11, 2), by=manager)
    assert vessel.client_id == buyer.id
    owned = db.session.scalars(select(Ownership).where(Ownership.vessel_id == vessel.id).order_by(Ownership.id)).all()
    assert [(one.client_id, one.since, one.until) for one in owned] == [
        (seller.id, None, date(2026, 11, 1)),
        (buyer.id, date(2026, 11, 1), None),
    ]
    for kind, record in (("vessel", vessel), ("client", seller), ("client", buyer)):
        entry = timeline(kind, record.id)[0]
        assert entry.text == "gave Belle Étoile a new owner"
        assert entry.changes == [("Owner", "Léa Marchand", "Eero Salo")]
    assert len(db.session.scalars(select(Event.id).where(Event.name == "vessel:ownerChanged")).all()) == 1


def test_the_timeline_of_the_owner_tells_of_the_vessel_in_one_order_with_his_own() -> None:
    manager = enter(MANAGER)
    client = make_client(manager)
    vessel = make_vessel(manager, client)
    client.update({"town": "Toulon"}, by=manager)
    vessel.archive(by=manager)
    assert told("client", client) == [
        "archived the vessel Belle Étoile",
        "changed the details",
        "added the vessel Belle Étoile",
        "added this client",
    ]
    assert told("vessel", vessel) == ["archived the vessel Belle Étoile", "added the vessel Belle Étoile"]
    newest = timeline("client", client.id, limit=2)
    older = timeline("client", client.id, limit=2, before=newest[-1].id)
    assert [entry.text for entry in older] == ["added the vessel Belle Étoile", "added this client"]


@pytest.mark.parametrize("field", ["imo", "mmsi"])
def test_a_number_is_one_vessels_until_it_is_put_away(field: str) -> None:
    manager = enter(MANAGER)
    number = {"imo": "9074729", "mmsi": "230012340"}[field]
    first = make_vessel(manager, **{field: number})
    with pytest.raises(Taken) as refused:
        make_vessel(manager, **{field: number})
    assert (refused.value.field, refused.value.holder) == (field, first)
    first.archive(by=manager)
    make_vessel(manager, **{field: number})
    with pytest.raises(Taken):
        first.restore(by=manager)
    assert first.is_archived


@pytest.mark.parametrize(
    "fields", [{"imo": "9074728"}, {"imo": "907472"}, {"mmsi": "12345678"}, {"loa_declared": Decimal(0)}, {"name": ""}]
)
def test_the_database_keeps_what_no_form_lets_through(fields: dict[str, object]) -> None:
    manager = enter(MANAGER)
    with pytest.raises(IntegrityError), db.session.begin_nested():
        make_vessel(manager, **fields)


# --- Pages --------------------------------------------------------------------------------------------------------


def test_a_vessel_is_added_for_a_client_in_any_spelling(visit: Visit) -> None:
    number = make_client(enter(MANAGER), full_name="Léa Marchand").number
    manager = visit(MANAGER)
    form = manager.form(f"/north/vessels/new?client={number}")
    assert form["client"] == f"Léa Marchand · {number}"
    typed = {"name": " Belle  Étoile ", "loa_declared": "62'", "beam_declared": "4,55", "draft_declared": "9 ft 4 in"}
    numbers = {"imo": "IMO 9074729", "mmsi": "230 012 340", "displacement_declared": "24500 kg"}
    answer = manager.post("/north/vessels", {**form, **typed, **numbers, "flag": "FR"})
    assert answer.status_code == 303
    page = manager.get(answer.headers["Location"]).text
    for words in (
        "Belle Étoile",
        "18.90",
        "62′",
        "4.55",
        "2.84",
        "24.50",
        "9074729",
        "230012340",
        "France",
        "declared",
    ):
        assert words in page, words
    assert "Belle Étoile" in manager.get(f"/north/clients/{number}").text
    assert "Belle Étoile" in manager.get(f"/north/clients/{number}/vessels").text


@pytest.mark.parametrize(
    ("field", "typed", "reason"),
    [
        ("name", " ", "Type the name of the vessel."),
        ("loa_declared", "237.70", "237.70 m is longer than any vessel here; perhaps 23.77 m was meant"),
        ("loa_declared", "twelve", "Write metres, such as 18.90"),
        ("imo", "9074728", "The last digit of this IMO number does not fit"),
        ("imo", "12", "An IMO number has seven digits"),
        ("mmsi", "12345678", "An MMSI has nine digits"),
        ("power_amps", "0", "Between 1 and 2000 amperes."),
        ("client", "Nobody Here", "Nobody is called so."),
        ("client", "", "Type a name or a number."),
        ("flag", "XX", "Not a valid choice"),
    ],
)
def test_bad_input_is_said_beside_the_field_and_kept(visit: Visit, field: str, typed: str, reason: str) -> None:
    number = make_client(enter(MANAGER)).number
    manager = visit(MANAGER)
    form = manager.form(f"/north/vessels/new?client={number}")
    sent = {**form, "name": "Belle", "beam_declared": "15' 2\"", field: typed}
    answer = manager.post("/north/vessels", sent)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert reason in unescape(answer.text)
    again = fields_of(answer.text)
    assert again["beam_declared"] == "15' 2\""
    if field != "flag":
        assert again[field] == typed.strip()


def test_where_several_are_called_so_one_is_chosen(visit: Visit) -> None:
    by = enter(MANAGER)
    make_client(by, full_name="Anna Virtanen", town="Hanko")
    wanted = make_client(by, full_name="Anna Virtanen", town="Turku")
    wanted_id, number = wanted.id, wanted.number
    manager = visit(MANAGER)
    form = {**manager.form("/north/vessels/new"), "name": "Lumi", "client": "anna v"}
    answer = manager.post("/north/vessels", form)
    assert answer.status_code == 422
    assert "Several are called so. Choose one." in answer.text
    assert answer.text.count('type="radio" name="client"') == 2
    chosen = manager.post("/north/vessels", {**form, "client": ["anna v", f"· {number}"]})
    assert chosen.status_code == 303
    enter(MANAGER)
    assert db.session.scalars(select(Vessel.client_id)).one() == wanted_id


def test_edits_of_different_fields_merge_and_the_same_one_clashes(visit: Visit) -> None:
    vessel = make_vessel(enter(MANAGER), loa_declared=Decimal("18.90"))
    url = f"/north/vessels/{vessel.number}"
    mine, theirs = visit(MANAGER), visit("teammate@north.example")
    opened_by_me, opened_by_them = mine.form(f"{url}/edit"), theirs.form(f"{url}/edit")
    assert theirs.put(url, {**opened_by_them, "loa_declared": "19.10", "flag": "FI"}).status_code == 303
    answer = mine.put(url, {**opened_by_me, "loa_declared": "60'", "registration": "TL 555 014"})
    assert answer.status_code == 409
    assert all(words in answer.text for words in ("18.90", "19.10", "18.29", "Team Mate"))
    assert mine.put(url, {**fields_of(answer.text), "loa_declared": "19.10"}).status_code == 303
    page = mine.get(url).text
    assert all(words in page for words in ("19.10", "TL 555 014", "Finland"))


def test_a_number_somebody_else_has_is_said_with_their_name(visit: Visit) -> None:
    by = enter(MANAGER)
    make_vessel(by, name="Vesper", imo="9074729")
    vessel = make_vessel(by)
    url, manager = f"/north/vessels/{vessel.number}", visit(MANAGER)
    answer = manager.put(url, {**manager.form(f"{url}/edit"), "imo": "9074729", "registration": "X 1"})
    assert answer.status_code == 422
    assert "Vesper" in answer.text
    assert fields_of(answer.text)["registration"] == "X 1"


def test_measures_are_added_and_the_rest_stays(visit: Visit) -> None:
    vessel = make_vessel(enter(MANAGER), beam_declared=Decimal("4.55"), draft_declared=Decimal("2.85"))
    url, manager = f"/north/vessels/{vessel.number}", visit(MANAGER)
    form = manager.form(f"{url}/measurements/new")
    assert manager.post(f"{url}/measurements", form).status_code == 422
    tomorrow = (formats.today() + timedelta(days=2)).isoformat()
    late = manager.post(f"{url}/measurements", {**form, "beam": "4.62", "on": tomorrow})
    assert late.status_code == 422
    assert "still to come" in late.text
    assert manager.post(f"{url}/measurements", {**form, "beam": "4.62", "on": "2026-11-03"}).status_code == 303
    page = manager.get(url).text
    assert "Last measured on 3 Nov 2026 by Sales Manager North" in page
    assert page.count(">measured") == 1
    assert "declared 4.55" in page


def test_a_vessel_is_sold_and_its_story_stays_with_both(visit: Visit) -> None:
    by = enter(MANAGER)
    seller, buyer = make_client(by, full_name="Léa Marchand"), make_client(by, full_name="Eero Salo")
    vessel = make_vessel(by, seller)
    sold_by, bought_by = (f"/north/clients/{one.number}" for one in (seller, buyer))
    url, manager = f"/north/vessels/{vessel.number}", visit(MANAGER)
    form = {**manager.form(f"{url}/transfers/new"), "client": "Eero Salo", "on": "2026-11-01"}
    assert manager.post(f"{url}/transfers", form).status_code == 303
    again = {**manager.form(f"{url}/transfers/new"), "client": "Eero Salo", "on": "2026-11-02"}
    assert "It is theirs already." in manager.post(f"{url}/transfers", again).text
    before = {**manager.form(f"{url}/transfers/new"), "client": "Léa Marchand", "on": "2026-10-01"}
    early = manager.post(f"{url}/transfers", before)
    assert early.status_code == 422
    assert "since 1 Nov 2026" in early.text
    assert "until 1 Nov 2026" in manager.get(f"{sold_by}/vessels").text
    assert "gave Belle Étoile a new owner" in manager.get(bought_by).text


def test_an_archived_vessel_is_not_changed(visit: Visit) -> None:
    vessel = make_vessel(enter(MANAGER))
    url, manager = f"/north/vessels/{vessel.number}", visit(MANAGER)
    opened = manager.form(f"{url}/edit")
    assert manager.post(f"{url}/archival").status_code == 303
    assert "Archived on" in manager.get(url).text
    answer = manager.put(url, {**opened, "name": "Typed Name"})
    assert answer.status_code == 409
    assert "Typed Name" in answer.text
    assert manager.get(f"{url}/measurements/new").status_code == 409
    assert manager.delete(f"{url}/archival").status_code == 303
    assert manager.put(url, {**manager.form(f"{url}/edit"), "name": "Typed Name"}).status_code == 303


# --- The list -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"Ada", "Bea", "Cleo", "Dora"}),
        ("kind=motor", {"Bea"}),
        ("insurance=valid", {"Ada"}),
        ("insurance=expiring", {"Bea"}),
        ("insurance=expired", {"Cleo"}),
        ("insurance=missing", {"Dora"}),
        ("archived=1", {"Gone"}),
        ("kind=%00&insurance=x&archived=2", {"Ada", "Bea", "Cleo", "Dora"}),
    ],
)
def test_the_list_is_narrowed_by_what_is_offered(visit: Visit, query: str, names: set[str]) -> None:
    by = enter(MANAGER)
    today = formats.today()
    for name, days in (("Ada", 61), ("Bea", 60), ("Cleo", -2), ("Dora", None), ("Gone", None)):
        vessel = make_vessel(by, name=name, kind="motor" if name == "Bea" else "sail")
        if days is not None:
            end = today + timedelta(days=days)
            Document.create(vessel, {"kind": "insurance", "valid_until": end}, by=by)
            Document.create(vessel, {"kind": "insurance", "valid_until": end - timedelta(days=300)}, by=by)
        if name == "Gone":
            vessel.archive(by=by)
    page = visit(MANAGER).get(f"/north/vessels?{query}")
    assert page.status_code == 200
    shown = {name for name in ("Ada", "Bea", "Cleo", "Dora", "Gone") if f">{name}</a>" in page.text}
    assert shown == names


def test_the_list_is_ordered_by_length_and_takes_three_statements(visit: Visit, statements: list[str]) -> None:
    by = enter(MANAGER)
    client = make_client(by)
    for at in range(60):
        make_vessel(by, client, name=f"Vessel {at:02}", loa_declared=Decimal(at) if at else None)
    visitor = visit(MANAGER)
    for query in ("", "?sort=length", "?sort=updated", "?sort=length&direction=asc&end=1"):
        statements.clear()
        page = visitor.get(f"/north/vessels{query}").text
        assert len(statements) <= 3, query  # who asks, the filters of the port's own fields, the rows
        assert page.count("<tr id=") == 50
    first = visitor.get("/north/vessels?sort=length").text
    assert first.index("Vessel 59") < first.index("Vessel 58") < first.index("Vessel 10")
    following = unescape(first.partition('rel="next"')[2] or first)
    assert "after=" in following


def test_a_record_takes_six_statements(visit: Visit, statements: list[str]) -> None:
    by = enter(MANAGER)
    vessel = make_vessel(by)
    for at in range(6):
        Document.create(vessel, {"kind": "survey", "reference": str(at)}, by=by).verify(vessel, by=by)
    url, visitor = f"/north/vessels/{vessel.number}", visit(MANAGER)
    statements.clear()
    assert visitor.get(url).text.count('id="document-') == 6
    assert len(statements) <= 6


def test_the_page_of_a_client_takes_five_statements_with_all_its_cards(visit: Visit, statements: list[str]) -> None:
    by = enter(MANAGER)
    client = make_client(by, email="a@example.com")
    for at in range(3):
        vessel = make_vessel(by, client, name=f"Vessel {at}")
        Document.create(vessel, {"kind": "insurance", "valid_until": formats.today()}, by=by)
    url, visitor = f"/north/clients/{client.number}", visit(MANAGER)
    statements.clear()
    page = visitor.get(url).text
    assert len(statements) <= 5
    assert page.count("Insurance expires today") == 3
    assert page.count("Registration is missing") == 3


def test_who_sees_only_their_own_clients_sees_their_vessels_alone(visit: Visit) -> None:
    by = enter(MANAGER)
    own = make_vessel(by, make_client(by, owner_id=user_id("operator@north.example")), name="Mine", imo="")
    own_number, other_number = own.number, make_vessel(by, name="Theirs").number
    operator = visit("operator@north.example")
    assert "Theirs" not in operator.get("/north/vessels").text
    assert operator.get(f"/north/vessels/{own_number}").status_code == 200
    assert operator.get(f"/north/vessels/{other_number}").status_code == 404
