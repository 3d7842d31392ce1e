"""Papers of vessels: their states, verification, and the ladder of reminders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.db import begin, commit, db
from app.events.models import Event
from app.notifications.models import Notification
from app.vessels.jobs import remind_of_documents
from app.vessels.models import Document, State, Vessel, papers_of, state_of
from app.vessels.models.document import step_of
from tests.world import NORTH, Visitor, enter, fields_of, make_client, make_vessel, relay, user_id

pytestmark = pytest.mark.usefixtures("db")

MANAGER, AGENT = "sales_manager@north.example", "sales_agent@north.example"
TODAY = date(2026, 11, 21)
MORNING = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)
Visit = Callable[[str], Visitor]


@pytest.mark.parametrize(
    ("days", "state", "step"),
    [
        (61, State.VALID, None),
        (60, State.EXPIRING, 60),
        (31, State.EXPIRING, 60),
        (30, State.EXPIRING, 30),
        (8, State.EXPIRING, 30),
        (7, State.EXPIRING, 7),
        (1, State.EXPIRING, 7),
        (0, State.EXPIRING, 0),
        (-1, State.EXPIRED, 0),
        (-30, State.EXPIRED, 0),
        (-31, State.EXPIRED, None),
    ],
)
def test_states_and_steps(days: int, state: State, step: int | None) -> None:
    end = TODAY + timedelta(days=days)
    assert (state_of(end, TODAY), step_of(end, TODAY)) == (state, step)


def test_the_paper_that_is_good_longest_counts_and_what_is_required_is_missed() -> None:
    old = Document(kind="insurance", valid_until=TODAY - timedelta(days=5))
    new = Document(kind="insurance", valid_until=TODAY + timedelta(days=200))
    survey = Document(kind="survey", valid_until=TODAY + timedelta(days=5))
    papers = papers_of([old, new, survey], TODAY)
    assert [(paper.kind, paper.state) for paper in papers] == [
        ("survey", State.EXPIRING),
        ("registration", State.MISSING),
        ("insurance", State.VALID),
    ]
    assert papers[-1].document is new


# --- Pages --------------------------------------------------------------------------------------------------------


def test_a_document_is_added_changed_verified_removed_and_put_back(visit: Visit) -> None:
    vessel = make_vessel(enter(MANAGER))
    vessel_id, url, manager = vessel.id, f"/north/vessels/{vessel.number}", visit(MANAGER)
    typed = {"issuer": "Harbour Mutual", "reference": "MR-1", "cover_amount": "5,000,000", "cover_currency": "EUR"}
    form = manager.form(f"{url}/documents/new")
    assert manager.post(f"{url}/documents", {**form, **typed, "valid_until": "2027-12-31"}).status_code == 303
    enter(MANAGER)
    document_id = db.session.scalars(select(Document.id).where(Document.vessel_id == vessel_id)).one()
    one = f"{url}/documents/{document_id}"
    assert "Harbour Mutual, EUR 5,000,000, MR-1" in manager.get(url).text
    for _ in range(2):
        assert manager.post(f"{one}/verification").status_code == 303
    assert "verified by Sales Manager North" in manager.get(url).text
    edit = manager.form(f"{one}/edit")
    assert edit["cover_amount"] == "5000000.00"
    assert manager.put(one, edit).status_code == 303
    assert "verified by" in manager.get(url).text
    assert manager.put(one, {**edit, "valid_until": "2028-12-31"}).status_code == 303
    assert "verified by" not in manager.get(url).text.partition("timeline")[0]
    assert manager.delete(one).status_code == 303
    assert "Harbour Mutual" not in manager.get(url).text.partition("timeline-title")[0]
    assert manager.post(f"{one}/restoration").status_code == 303
    assert "until 31 Dec 2028" in manager.get(url).text


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"cover_amount": "five million", "cover_currency": "EUR"}, "Write an amount such as 5,000,000."),
        ({"cover_amount": "5000000"}, "An amount and its currency go together."),
        ({"valid_from": "2026-12-01", "valid_until": "2026-11-01"}, "It ends before it begins."),
        ({"valid_until": "31/12/2026"}, "Not a valid date value."),
    ],
)
def test_bad_input_is_said_and_kept(visit: Visit, fields: dict[str, str], reason: str) -> None:
    vessel = make_vessel(enter(MANAGER))
    url, manager = f"/north/vessels/{vessel.number}/documents", visit(MANAGER)
    answer = manager.post(url, {**manager.form(f"{url}/new"), "issuer": "Harbour Mutual", **fields})
    assert answer.status_code == 422
    assert reason in answer.text
    kept = fields_of(answer.text)
    assert kept["issuer"] == "Harbour Mutual"
    assert {name: kept[name] for name in fields} == fields


def test_a_document_is_reached_through_its_own_vessel_only(visit: Visit) -> None:
    by = enter(MANAGER)
    document = Document.create(make_vessel(by), {"kind": "survey"}, by=by)
    other = make_vessel(by, name="Other")
    url, manager = f"/north/vessels/{other.number}/documents/{document.id}", visit(MANAGER)
    assert manager.get(f"{url}/edit").status_code == 404
    assert manager.delete(url).status_code == 404


# --- The ladder ---------------------------------------------------------------------------------------------------


def morning(day: date) -> list[str]:
    """The job of that day; what was told of, and to whom."""
    with time_machine.travel(MORNING + (day - TODAY), tick=False):
        begin(port_id=NORTH, scope="staff")
        remind_of_documents()
        relay()
    begin(port_id=NORTH, scope="staff")
    return titles()


def titles() -> list[str]:
    rows = db.session.scalars(select(Notification).where(Notification.type == "document_expiring"))
    return sorted(row.words.title for row in rows.unique().all())


def insured(days: int) -> tuple[Vessel, Document]:
    by = enter(MANAGER)
    vessel = make_vessel(by, make_client(by, owner_id=user_id(AGENT)))
    document = Document.create(vessel, {"kind": "insurance", "valid_until": TODAY + timedelta(days=days)}, by=by)
    commit()
    return vessel, document


def test_each_step_is_told_once_to_who_looks_after_the_client(visit: Visit) -> None:
    with time_machine.travel(MORNING, tick=False):
        insured(61)
    assert morning(TODAY) == []
    expected = []
    for days in (1, 31, 54, 61):
        for _again in range(2):
            found = morning(TODAY + timedelta(days=days))
        expected.append(days)
        assert len(found) == len(expected)
    assert any("expires in 60 days, on 21 Jan 2027" in title for title in found)
    assert any("expires today" in title for title in found)
    owners = db.session.scalars(select(Notification.user_id).where(Notification.type == "document_expiring"))
    assert set(owners) == {user_id(AGENT)}
    assert morning(TODAY + timedelta(days=70)) == found


def test_days_that_were_missed_are_made_up_for_by_the_last_step() -> None:
    with time_machine.travel(MORNING, tick=False):
        insured(61)
    assert len(morning(TODAY + timedelta(days=40))) == 1
    assert len(morning(TODAY + timedelta(days=41))) == 1
    begin(port_id=NORTH, scope="staff")
    assert len(db.session.scalars(select(Event.id).where(Event.name == "vessel:documentExpiring")).all()) == 1


def test_a_renewed_document_begins_the_ladder_anew() -> None:
    with time_machine.travel(MORNING, tick=False):
        vessel, document = insured(7)
    assert len(morning(TODAY)) == 1
    by = enter(MANAGER)
    document.update(vessel, {"valid_until": TODAY + timedelta(days=372)}, by=by)
    commit()
    assert len(morning(TODAY + timedelta(days=1))) == 1
    assert len(morning(TODAY + timedelta(days=365))) == 2


@pytest.mark.parametrize("what", ["outlasted", "removed", "archived"])
def test_nobody_is_told_of_what_does_not_matter_any_more(what: str) -> None:
    with time_machine.travel(MORNING, tick=False):
        vessel, document = insured(7)
        by = enter(MANAGER)
        if what == "outlasted":
            Document.create(vessel, {"kind": "insurance", "valid_until": TODAY + timedelta(days=300)}, by=by)
        elif what == "removed":
            document.archive(vessel, by=by)
        else:
            vessel.archive(by=by)
        commit()
    assert morning(TODAY) == []


def test_where_nobody_owns_the_client_all_who_edit_clients_are_told() -> None:
    with time_machine.travel(MORNING, tick=False):
        by = enter(MANAGER)
        vessel = make_vessel(by, make_client(by, owner_id=user_id("gone@north.example")))
        Document.create(vessel, {"kind": "insurance", "valid_until": TODAY}, by=by)
        commit()
    morning(TODAY)
    told = set(db.session.scalars(select(Notification.user_id).where(Notification.type == "document_expiring")))
    assert {user_id(MANAGER), user_id(AGENT), user_id("port_admin@north.example")} <= told
    assert user_id("viewer@north.example") not in told
    assert user_id("gone@north.example") not in told
