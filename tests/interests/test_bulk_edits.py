"""Changing many interests at once: what becomes of each, how it is told, and how it is taken back as a whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

from app.berths.models import Berth, BerthStatus, Occupancy, OccupancyState
from app.bulk_edits import editing
from app.bulk_edits.editing import do_all
from app.bulk_edits.kinds import KINDS, BulkAct
from app.bulk_edits.models import BulkEdit
from app.changes.models import ChangeItem, ChangeSet
from app.current import Member
from app.db import begin, commit, db, now
from app.interests.models import Interest, LeadCategory, Outcome, hold
from tests.clients.test_bulk_edits import events_of, perform_waiting, words_of
from tests.world import NORTH, Visitor, enter, make_berth, make_client, make_interest, user_id

MANAGER, MATE, AGENT, VIEWER = (
    f"{name}@north.example" for name in ("sales_manager", "teammate", "sales_agent", "viewer")
)
NEW, URL, TABLE = "/north/interests/bulk-edits/new", "/north/interests/bulk-edits", "/north/interests/table"
Visit = Callable[[str], Visitor]
pytestmark = pytest.mark.usefixtures("db")


def some(count: int, **fields: Any) -> list[int]:
    by = enter(MANAGER)
    numbers = [make_interest(make_client(by, full_name=f"Person {at}"), by=by, **fields).number for at in range(count)]
    commit()
    return numbers


def send(visitor: Visitor, act: str, numbers: list[int], query: str = "", **typed: Any) -> Any:
    asked = "&".join(f"number={number}" for number in numbers) or "all=1"
    form = visitor.form(f"{NEW}?act={act}&{asked}&list={quote(query)}")
    ticked = {"number": numbers} if numbers else {}
    return visitor.post(f"{URL}?list={quote(query)}", {**form, **ticked, **typed})


def of(numbers: list[int], column: Any) -> list[Any]:
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    db.session.expire_all()
    return list(db.session.scalars(select(column).where(Interest.number.in_(numbers)).order_by(Interest.number)))


def one(number: int) -> Interest:
    return db.session.scalars(select(Interest).where(Interest.number == number)).one()


def taken_back(visitor: Visitor) -> str:
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    number = db.session.scalars(select(ChangeSet.number).order_by(ChangeSet.number.desc())).first()
    assert visitor.post(f"/north/changes/{number}/roll-back").status_code == 303
    perform_waiting()
    return visitor.get(f"/north/changes/{number}").text


def test_the_ticked_are_given_to_somebody_and_told_of_once(visit: Visit, relayed: Callable[[], list[str]]) -> None:
    numbers, others = some(3), some(1)
    relayed()
    manager = visit(MANAGER)
    assert send(manager, "assign", numbers, owner_id=str(user_id(MATE))).headers["Location"] == TABLE
    assert of(numbers, Interest.owner_id) == [user_id(MATE)] * 3
    assert of(others, Interest.owner_id) == [user_id(MANAGER)]
    assert relayed() == ["changeSet:applied"]
    assert len(events_of("interest:assigned")) == 3
    assert "3 interests changed" in manager.get(TABLE).text
    send(manager, "assign", numbers, owner_id=str(user_id(MATE)))
    assert "Nothing to change" in manager.get(TABLE).text


def acted(interest: Interest, act: str, by: Member) -> None:
    if act == "assign":
        interest.assign(user_id(MATE), by=by)
    elif act == "lead":
        interest.set_lead(LeadCategory.COLD, by=by)
    elif act == "lose":
        interest.lose("Too dear", by=by)
    else:
        interest.archive(by=by)


FIELDS: dict[str, dict[str, Any]] = {
    "assign": {"owner_id": str(user_id(MATE))},
    "lead": {"lead_category": "cold", "is_lead_set": True},
    "lose": {"outcome": "lost", "outcome_reason": "Too dear"},
    "archive": {},
}
COLUMNS = (Interest.owner_id, Interest.lead_category, Interest.is_lead_set, Interest.outcome, Interest.outcome_reason)


def begun(by: Member, act: str, numbers: list[int]) -> tuple[BulkEdit, ChangeSet]:
    ids = db.session.scalars(select(Interest.id).where(Interest.number.in_(numbers))).all()
    how = BulkAct.ARCHIVE if act == "archive" else BulkAct.EDIT
    what: dict[str, Any] = {"change": "bulk_interests", "title": "Bulk", "expected": len(numbers), "chosen": {}}
    return BulkEdit.begin(KINDS["interests"], how, FIELDS[act], record_ids=ids, by=by, **what)


@pytest.mark.parametrize("act", FIELDS)
def test_it_comes_to_the_same_as_one_by_one(act: str) -> None:
    alone, bulk = some(2)
    by = enter(MANAGER)
    acted(one(alone), act, by)
    commit()
    by = enter(MANAGER)
    do_all(*begun(by, act, [bulk]), by=by)
    commit()
    for column in COLUMNS:
        assert of([alone], column) == of([bulk], column), column
    assert [value is None for value in of([alone, bulk], Interest.archived_at)] == [act != "archive"] * 2
    name = {"assign": "assigned", "lead": "leadCategoryChanged", "lose": "lost", "archive": "archived"}[act]
    first, second = (words_of(event) for event in events_of(f"interest:{name}"))
    for words, number in ((first, alone), (second, bulk)):
        assert words["details"].pop("number") == number
    assert first == second


@pytest.mark.parametrize(
    ("act", "typed"),
    [
        ("assign", {"owner_id": str(user_id(MATE))}),
        ("lead", {"lead_category": "dormant"}),
        ("lose", {"reason": "Too dear"}),
        ("archive", {}),
    ],
)
def test_all_of_it_is_taken_back_at_once(visit: Visit, act: str, typed: dict[str, Any]) -> None:
    numbers, manager = some(3), visit(MANAGER)
    before = [of(numbers, column) for column in COLUMNS]
    assert send(manager, act, numbers, **typed).status_code == 303
    assert [of(numbers, column) for column in COLUMNS] != before or of(numbers, Interest.archived_at) != [None] * 3
    page = taken_back(manager)
    assert [of(numbers, column) for column in COLUMNS] == before
    assert of(numbers, Interest.archived_at) == [None] * 3
    assert page.count(">As before<") >= 3


def test_what_was_changed_since_is_listed_and_left(visit: Visit) -> None:
    numbers, manager = some(2), visit(MANAGER)
    send(manager, "assign", numbers, owner_id=str(user_id(MATE)))
    by = enter(MANAGER)
    one(numbers[0]).assign(None, by=by)
    commit()
    assert "Owner: changed since by Sales Manager North" in taken_back(manager)
    assert of(numbers, Interest.owner_id) == [None, user_id(MANAGER)]


def test_what_is_over_is_not_lost_as_well(visit: Visit) -> None:
    numbers, manager = some(2), visit(MANAGER)
    one_of_them = enter(MANAGER)
    one(numbers[0]).withdraw("Moved away", by=one_of_them)
    commit()
    send(manager, "lose", numbers, reason="Too dear")
    assert of(numbers, Interest.outcome) == [Outcome.WITHDRAWN, Outcome.LOST]
    assert of(numbers, Interest.outcome_reason) == ["Moved away", "Too dear"]
    assert "1 interest changed" in manager.get(TABLE).text


@pytest.mark.parametrize(("act", "typed"), [("lose", {"reason": "Too dear"}), ("archive", {})])
def test_a_berth_that_is_held_is_let_go_and_stays_free(visit: Visit, act: str, typed: dict[str, Any]) -> None:
    by = enter(MANAGER)
    interest = make_interest(make_client(by), by=by, berth=make_berth(by))
    hold(interest, until=now() + timedelta(days=2), by=by)
    number = interest.number
    commit()
    manager = visit(MANAGER)
    assert "is let go" in manager.get(f"{NEW}?act={act}&number={number}").text
    send(manager, act, [number], **typed)
    assert of([number], Interest.occupancy_id) == [None]
    assert db.session.scalars(select(Occupancy.state)).all() == [OccupancyState.CANCELLED]
    taken_back(manager)
    assert of([number], Interest.outcome) == [None]
    assert of([number], Interest.archived_at) == [None]
    assert db.session.scalars(select(Occupancy.state)).all() == [OccupancyState.CANCELLED]


def test_the_status_of_a_berth_follows_from_what_is_lost(visit: Visit) -> None:
    by = enter(MANAGER)
    berth = make_berth(by)
    number = make_interest(make_client(by), by=by, berth=berth).number
    alone = make_interest(make_client(by), by=by, berth=make_berth(by, berth.dock, code="14"))
    alone.lose("Too dear", by=by)
    commit()
    send(visit(MANAGER), "lose", [number], reason="Too dear")
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    statuses = set(db.session.scalars(select(Berth.status)))
    assert len(statuses) == 1
    assert statuses <= set(BerthStatus)


def test_all_that_match_are_those_of_the_filters_and_the_search(visit: Visit) -> None:
    brokers, others, manager = some(3, source="broker"), some(2), visit(MANAGER)
    assert "Assign 3 interests" in manager.get(f"{NEW}?act=assign&all=1&list={quote('source=broker')}").text
    send(manager, "assign", [], "source=broker", owner_id="")
    assert of(brokers, Interest.owner_id) == [None] * 3
    assert of(others, Interest.owner_id) == [user_id(MANAGER)] * 2
    send(manager, "lead", [], "q=person+0&owner=me", lead_category="cold")
    assert of(others, Interest.lead_category) == ["cold", "hot"]


def test_many_are_done_in_steps_by_a_job(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.bulk_edits.views.AT_THE_CLICK", 2)
    monkeypatch.setattr(editing, "AT_ONCE", 2)
    numbers, manager = some(5), visit(MANAGER)
    answer = send(manager, "lose", numbers, reason="Too dear")
    assert "Under way" in manager.get(answer.headers["Location"]).text
    perform_waiting()
    assert of(numbers, Interest.outcome) == ["lost"] * 5
    assert "Undo 5 records" in manager.get(answer.headers["Location"]).text


@pytest.mark.parametrize(
    ("act", "typed", "says"),
    [
        ("lose", {"reason": ""}, "Say why."),
        ("lose", {"reason": "x" * 1001}, "longer than 1000"),
        ("lead", {"lead_category": "boiling"}, "Not a valid choice"),
        ("assign", {"owner_id": "nobody"}, "Not a valid choice"),
        ("assign", {"number": [], "owner_id": ""}, "Nothing is selected"),
    ],
)
def test_bad_input_changes_nothing(visit: Visit, act: str, typed: dict[str, Any], says: str) -> None:
    numbers = some(2)
    answer = send(visit(MANAGER), act, numbers, **typed)
    assert answer.status_code == 422
    assert says in answer.text
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    assert db.session.scalars(select(ChangeItem)).all() == []


def test_each_act_needs_its_own_permission(visit: Visit) -> None:
    numbers, agent, viewer = some(1), visit(AGENT), visit(VIEWER)
    page = agent.get(TABLE).text
    assert 'value="assign"' in page
    assert 'value="archive"' not in page
    assert agent.get(f"{NEW}?act=archive&number={numbers[0]}").status_code == 403
    assert viewer.get(f"{NEW}?act=assign&number={numbers[0]}").status_code == 403
    assert 'id="selection"' not in viewer.get(TABLE).text


@pytest.mark.parametrize("act", FIELDS)
def test_statements_do_not_grow_with_the_interests(statements: list[str], act: str) -> None:
    counts = []
    for size in (3, 30):
        numbers = some(size)
        by = enter(MANAGER)
        edit, change_set = begun(by, act, numbers)
        statements.clear()
        do_all(edit, change_set, by=by)
        counts.append(len(statements))
        commit()
    assert counts[0] == counts[1]
