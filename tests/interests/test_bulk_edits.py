"""Changing many interests at once: what becomes of each, how it is told, and how it is taken back as a whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from sqlalchemy import select

from app.berths.models import Berth, BerthStatus, Dock, Occupancy, OccupancyState
from app.bulk_edits import editing
from app.bulk_edits.editing import do_all
from app.bulk_edits.kinds import KINDS, BulkAct
from app.bulk_edits.models import BulkEdit
from app.changes.models import ChangeItem, ChangeSet
from app.clients.privacy.forgetting import forget_old
from app.current import Member
from app.db import begin, commit, db, now
from app.events.models import Event, EventMention, System
from app.interests.models import Interest, InterestNote, LeadCategory, Outcome, follow_up, hold
from app.jobs import Job, perform
from app.reminders.models import Reminder
from tests.clients.test_bulk_edits import events_of, perform_waiting, words_of
from tests.world import NORTH, Visitor, enter, make_berth, make_client, make_dock, make_interest, user_id

MANAGER, MATE, AGENT, VIEWER = (
    f"{name}@north.example" for name in ("sales_manager", "teammate", "sales_agent", "viewer")
)
SUPERVISOR = "supervisor@north.example"  # has no reminders
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


def followed(numbers: list[int]) -> list[int]:
    """Their owner was reminded of them this morning."""
    enter(MANAGER)
    for number in numbers:
        interest = one(number)
        interest.active_at -= timedelta(days=3)
        follow_up(interest, 3, whose=interest.owner_id, by=System())
    commit()
    return numbers


def standing(number: int) -> tuple[bool, Any, Any]:
    """The follow-up: whether it is open, whose it is, and who did it."""
    enter(MANAGER)
    of_it = select(Reminder).where(Reminder.about_id == one(number).id)
    reminder = db.session.scalars(of_it.execution_options(populate_existing=True)).one()
    return reminder.is_open, reminder.assigned_to_id, reminder.completed_by_id


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
    alone, bulk = followed(some(2))
    by = enter(MANAGER)
    acted(one(alone), act, by)
    commit()
    by = enter(MANAGER)
    do_all(*begun(by, act, [bulk]), by=by)
    commit()
    for column in (*COLUMNS, Interest.followed_up_days):
        assert of([alone], column) == of([bulk], column), column
    happened = {"assign": "assigned", "lose": "completed", "archive": "completed"}.get(act, "created")
    first, second = (words_of(event) for event in events_of(f"reminder:{happened}"))
    for told in (first["details"], second["details"]):
        assert told.pop("name").startswith("Follow up with Person")
        told.pop("due_at", None)
    assert first == second
    assert standing(alone) == standing(bulk)
    assert [value is None for value in of([alone, bulk], Interest.archived_at)] == [act != "archive"] * 2
    name = {"assign": "assigned", "lead": "leadCategoryChanged", "lose": "lost", "archive": "archived"}[act]
    first, second = (words_of(event) for event in events_of(f"interest:{name}"))
    for words, number in ((first, alone), (second, bulk)):
        assert words["details"].pop("number") == number
    assert first == second


def test_no_follow_up_is_given_to_who_would_not_see_it() -> None:
    (number,) = followed(some(1))
    by = enter(MANAGER)
    edit, change_set = begun(by, "assign", [number])
    edit.fields = {"owner_id": str(user_id(SUPERVISOR))}
    do_all(edit, change_set, by=by)
    commit()
    assert standing(number) == (True, None, None)


@pytest.mark.parametrize(("act", "typed"), [("lose", {"reason": "Too dear"}), ("archive", {})])
def test_it_is_no_activity(visit: Visit, act: str, typed: dict[str, Any], relayed: Callable[[], list[str]]) -> None:
    by = enter(MANAGER)
    (number,) = some(1)
    by = enter(MANAGER)
    interest = one(number)
    interest.link_berth(make_berth(by), by=by)
    hold(interest, until=now() + timedelta(days=2), by=by)
    long_ago = now() - timedelta(days=90)
    commit()
    followed([number])
    enter(MANAGER)
    one(number).active_at, one(number).lead_category = long_ago, LeadCategory.DORMANT
    commit()
    relayed()
    send(visit(MANAGER), act, [number], **typed)
    assert "interest:leadCategoryChanged" not in relayed()
    perform_all("note_activity")
    assert of([number], Interest.active_at) == [long_ago]
    assert of([number], Interest.lead_category) == [LeadCategory.DORMANT]


def perform_all(name: str) -> None:
    """What waits under that name."""
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    ids = db.session.scalars(select(Job.id).where(Job.name.endswith(name))).all()
    commit()
    for job_id in ids:
        perform(str(job_id))


@pytest.mark.parametrize(
    ("act", "typed"),
    [("assign", {"owner_id": str(user_id(MATE))}), ("lose", {"reason": "Too dear"}), ("archive", {})],
)
def test_what_was_to_be_followed_up_is_so_again(visit: Visit, act: str, typed: dict[str, Any]) -> None:
    numbers, manager = followed(some(2)), visit(MANAGER)
    before = [standing(number) for number in numbers]
    send(manager, act, numbers, **typed)
    assert [standing(number) for number in numbers] != before
    taken_back(manager)
    assert [standing(number) for number in numbers] == before
    assert of(numbers, Interest.followed_up_days) == [3, 3]


def test_what_was_done_about_it_since_is_not_followed_up_again(visit: Visit) -> None:
    (number,), manager = followed(some(1)), visit(MANAGER)
    send(manager, "lose", [number], reason="Too dear")
    by = enter(MANAGER)
    InterestNote.create(one(number), "She called", by=by)
    commit()
    taken_back(manager)
    assert of([number], Interest.outcome) == [None]
    assert standing(number)[0] is False
    assert of([number], Interest.followed_up_days) == [None]


def test_an_owner_who_may_hold_none_any_more_does_not_come_back(visit: Visit) -> None:
    numbers, manager = some(2), visit(MANAGER)
    by = enter(MANAGER)
    one(numbers[0]).assign(user_id(VIEWER), by=by)
    commit()
    send(manager, "assign", numbers, owner_id=str(user_id(MATE)))
    assert "Owner: the owner of before is not here any more" in taken_back(manager)
    assert of(numbers, Interest.owner_id) == [user_id(MATE), user_id(MANAGER)]


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


def test_holds_let_go_come_to_the_same_as_one_by_one(visit: Visit, relayed: Callable[[], list[str]]) -> None:
    alone, bulk = with_holds(some(2))
    by = enter(MANAGER)
    one(alone).lose("Too dear", by=by)
    commit()
    relayed()
    send(visit(MANAGER), "lose", [bulk], reason="Too dear")
    assert relayed().count("occupancy:cancelled") == 1
    for name in ("occupancy:cancelled", "interest:holdReleased"):
        first, second = (words_of(event) for event in events_of(name))
        for words in (first, second):
            for own in ("number", "berth"):
                words["details"].pop(own, None)
        assert first == second
        mentions = [set(kinds) for kinds in (told_in(event) for event in events_of(name))]
        assert mentions[0] == mentions[1]
    kept = db.session.execute(select(Occupancy.state, Occupancy.blocks)).all()
    assert len(set(kept)) == 1


def told_in(event: Event) -> list[str]:
    return list(db.session.scalars(select(EventMention.subject_type).where(EventMention.event_id == event.id)))


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


def test_what_was_typed_is_not_kept_beyond_the_days_of_the_undo(visit: Visit) -> None:
    send(visit(MANAGER), "lose", some(1), reason="Ana Beltrán is ill")
    with time_machine.travel(now() + timedelta(days=31)):
        begin(port_id=NORTH, scope="staff")
        forget_old.later()
        commit()
        perform_all("forget_old")
        begin(port_id=NORTH, scope="staff")
        assert db.session.scalars(select(BulkEdit.fields)).all() == [{}]


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


def with_holds(numbers: list[int]) -> list[int]:
    by = enter(MANAGER)
    dock = db.session.scalars(select(Dock)).first() or make_dock(by)
    for number in numbers:
        interest = one(number)
        interest.link_berth(make_berth(by, dock, code=str(number)), by=by)
        hold(interest, until=now() + timedelta(days=2), by=by)
    commit()
    return numbers


@pytest.mark.parametrize("act", ["lose", "archive"])
def test_who_lies_on_the_held_berth_checks_out_first(act: str) -> None:
    """As one by one, where that is refused; the others go on."""
    arrived, other = with_holds(some(2))
    by = enter(MANAGER)
    db.session.get_one(Occupancy, one(arrived).occupancy_id).check_in(at=now(), by=by)
    commit()
    by = enter(MANAGER)
    do_all(*begun(by, act, [arrived, other]), by=by)
    commit()
    enter(MANAGER)
    assert (one(arrived).is_open, one(arrived).occupancy_id is None) == (True, False)
    assert (one(other).is_open, one(other).occupancy_id is None) == (False, True)


@pytest.mark.parametrize("act", FIELDS)
def test_statements_do_not_grow_with_the_interests(statements: list[str], act: str) -> None:
    """Nor with what is held of their berths, or to be followed up; nobody has made these berths less than free."""
    counts = []
    for size in (3, 20):
        numbers = followed(with_holds(some(size)))
        by = enter(MANAGER)
        edit, change_set = begun(by, act, numbers)
        statements.clear()
        do_all(edit, change_set, by=by)
        counts.append(len(statements))
        commit()
    assert counts[0] == counts[1]
