"""Changing many clients at once: to whom, what, how it is told, and how it is taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

from app.bulk_edits import editing as bulk_editing
from app.bulk_edits.editing import do_all, do_some
from app.bulk_edits.kinds import KINDS, BulkAct
from app.bulk_edits.models import BulkEdit
from app.changes.models import ChangeItem, ChangeSet, ChangeSetStatus
from app.clients.models import Client
from app.current import Member
from app.db import begin, commit, db
from app.events.models import Event, SubjectKey, keyring, place_of_key
from app.identity.models import PortRoleOverride, Role
from app.jobs import perform
from app.tags.models import Tag
from tests.world import NORTH, Visitor, enter, make_client, user_id

MANAGER, MATE, AGENT, OPERATOR = (
    f"{name}@north.example" for name in ("sales_manager", "teammate", "sales_agent", "operator")
)
NEW, URL = "/north/clients/bulk-edits/new", "/north/clients/bulk-edits"


def some(count: int, by: Member, **fields: Any) -> list[int]:
    numbers = [make_client(by, full_name=f"Person {at:03}", **fields).number for at in range(count)]
    commit()
    return numbers


def send(visitor: Visitor, numbers: list[int], query: str = "", **typed: Any) -> Any:
    form = {**visitor.form(f"{NEW}?{'&'.join(f'number={number}' for number in numbers)}"), "number": numbers, **typed}
    return visitor.post(f"{URL}?list={quote(query)}", form)


def of(numbers: list[int], column: Any) -> list[Any]:
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    db.session.expire_all()
    return list(db.session.scalars(select(column).where(Client.number.in_(numbers)).order_by(Client.number)))


def words_of(event: Event) -> dict[str, Any]:
    sealed = db.session.get_one(SubjectKey, (event.subject_type, event.subject_id)).sealed_key
    key = keyring().open(sealed, place=place_of_key(event.subject_type, event.subject_id))
    words = event.opened(key)
    return {name: words[name] for name in ("changes", "details", "actor")}


def events_of(name: str) -> list[Event]:
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    return list(db.session.scalars(select(Event).where(Event.name == name).order_by(Event.id)))


def test_the_ticked_are_changed_and_told_of_once(
    visit: Callable[[str], Visitor], relayed: Callable[[], list[str]]
) -> None:
    numbers, others = some(3, enter(MANAGER)), some(2, enter(MANAGER))
    relayed()
    answer = send(visit(MANAGER), numbers, status="former", owner_id=str(user_id(MATE)))
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/north/clients"
    assert of(numbers, Client.status) == ["former"] * 3
    assert of(numbers, Client.owner_id) == [user_id(MATE)] * 3
    assert of(others, Client.status) == ["prospect"] * 2
    assert relayed() == ["changeSet:applied"]  # one refresh, whatever the number
    assert len(events_of("client:updated")) == 3


def test_it_is_told_as_one_by_one(visit: Callable[[str], Visitor]) -> None:
    """The events of a bulk act have what the verb would have recorded."""
    one, many = some(2, enter(MANAGER), source="event")
    by = enter(MANAGER)
    client = db.session.scalars(select(Client).where(Client.number == one)).one()
    client.update({"status": "active", "owner_id": user_id(MATE)}, by=by)
    commit()
    send(visit(MANAGER), [many], status="active", owner_id=str(user_id(MATE)))
    alone, bulk = events_of("client:updated")
    assert words_of(alone) == words_of(bulk)
    assert (alone.changed_fields, alone.actor_id) == (bulk.changed_fields, bulk.actor_id)
    assert of([one], Client.version) == of([many], Client.version)


def test_sent_twice_is_once(visit: Callable[[str], Visitor]) -> None:
    numbers, manager = some(2, enter(MANAGER)), visit(MANAGER)
    form = {**manager.form(f"{NEW}?number={numbers[0]}&number={numbers[1]}"), "number": numbers, "status": "active"}
    assert [manager.post(URL, form).status_code for _ in range(2)] == [303, 303]
    assert len(events_of("client:updated")) == 2


def test_who_is_so_already_is_not_told_of(visit: Callable[[str], Visitor]) -> None:
    numbers = [*some(1, enter(MANAGER), status="active"), *some(1, enter(MANAGER))]
    manager = visit(MANAGER)
    send(manager, numbers, status="active")
    assert "1 client changed" in manager.get("/north/clients").text
    assert len(events_of("client:updated")) == 1
    send(manager, numbers, status="active")
    assert "Nothing to change" in manager.get("/north/clients").text


def test_the_list_that_was_left_is_gone_back_to(visit: Callable[[str], Visitor]) -> None:
    numbers = some(1, enter(MANAGER))
    answer = send(visit(MANAGER), numbers, "status=prospect&sort=updated", status="active")
    assert answer.headers["Location"] == "/north/clients?status=prospect&sort=updated"


def test_all_that_match_are_those_of_the_filters(visit: Callable[[str], Visitor]) -> None:
    mine, others = some(3, enter(MANAGER), source="broker"), some(2, enter(MANAGER))
    manager, query = visit(MANAGER), "source=broker"
    page = manager.get(f"{NEW}?all=1&act=edit&list={quote(query)}").text
    assert "Edit 3 clients" in page
    form = {**manager.form(f"{NEW}?all=1&act=edit&list={quote(query)}"), "status": "active"}
    assert manager.post(f"{URL}?list={quote(query)}", form).status_code == 303
    assert of([*mine, *others], Client.status) == ["active"] * 3 + ["prospect"] * 2


def test_all_that_were_found_are_those_of_the_search(visit: Callable[[str], Visitor]) -> None:
    make_client(enter(MANAGER), full_name="Zebedee Quint")
    others = some(2, enter(MANAGER))
    manager, query = visit(MANAGER), "q=zebedee"
    form = {**manager.form(f"{NEW}?all=1&list={quote(query)}"), "status": "active"}
    assert form["count"] == "1"
    assert manager.post(f"{URL}?list={quote(query)}", form).status_code == 303
    assert of(others, Client.status) == ["prospect"] * 2


def test_a_list_that_grew_meanwhile_is_asked_about_again(visit: Callable[[str], Visitor]) -> None:
    some(2, enter(MANAGER))
    manager = visit(MANAGER)
    form = {**manager.form(f"{NEW}?all=1"), "status": "active"}
    some(1, enter(MANAGER))
    answer = manager.post(URL, form)
    assert answer.status_code == 409
    assert "there are 3 by now" in answer.text
    assert '<option selected value="active">' in answer.text
    assert events_of("client:updated") == []


@pytest.mark.parametrize(
    ("typed", "says"),
    [({}, "Choose what to change"), ({"status": "gone"}, "Not a valid choice"), ({"number": []}, "Nobody is selected")],
)
def test_bad_input_changes_nothing(visit: Callable[[str], Visitor], typed: dict[str, Any], says: str) -> None:
    numbers = some(2, enter(MANAGER))
    answer = send(visit(MANAGER), numbers, **typed)
    assert answer.status_code == 422
    assert says in answer.text
    assert events_of("client:updated") == []


def test_archiving_needs_its_own_permission(visit: Callable[[str], Visitor]) -> None:
    numbers = some(1, enter(MANAGER))
    agent = visit(AGENT)
    assert send(agent, numbers, act="archive").status_code == 403
    assert agent.get(f"{NEW}?act=archive&number={numbers[0]}").status_code == 403
    assert 'value="archive"' not in agent.get("/north/clients").text
    assert send(visit(MANAGER), numbers, act="archive").status_code == 303
    assert of(numbers, Client.archived_at) != [None]


def test_an_archiving_is_looked_at_and_taken_back_by_who_may_archive(visit: Callable[[str], Visitor]) -> None:
    override("sales_manager", edit=False)
    numbers, manager = some(2, enter(MANAGER)), visit(MANAGER)
    send(manager, numbers, act="archive")
    enter(MANAGER)
    number = db.session.scalars(select(ChangeSet.number)).one()
    assert visit(AGENT).post(f"/north/changes/{number}/roll-back").status_code == 404
    assert "Undo 2 records" in manager.get(f"/north/changes/{number}").text
    manager.post(f"/north/changes/{number}/roll-back")
    perform_waiting()
    assert of(numbers, Client.archived_at) == [None, None]


def test_who_sees_only_their_own_clients_sees_only_their_own_bulk_edits(visit: Callable[[str], Visitor]) -> None:
    override("operator", edit=True)
    send(visit(MANAGER), some(2, enter(MANAGER)), status="former")
    own, operator = some(2, enter(MANAGER), owner_id=user_id(OPERATOR)), visit(OPERATOR)
    send(operator, own, status="active")
    enter(MANAGER)
    theirs, mine = db.session.scalars(select(ChangeSet.number).order_by(ChangeSet.id))
    assert operator.get(f"/north/changes/{theirs}").status_code == 404
    assert operator.post(f"/north/changes/{theirs}/roll-back").status_code == 404
    assert operator.get(f"/north/changes/{mine}").status_code == 200


def override(role: str, **may: bool) -> None:
    enter(MANAGER)
    role_id = db.session.scalars(select(Role.id).where(Role.name == role)).one()
    db.session.add(PortRoleOverride(port_id=NORTH, role_id=role_id, permission_overrides={"clients": may}))
    commit()


def test_who_may_only_look_sees_nothing_to_tick(visit: Callable[[str], Visitor]) -> None:
    some(1, enter(MANAGER))
    assert 'id="selection"' not in visit("viewer@north.example").get("/north/clients").text


@pytest.mark.usefixtures("db")
def test_no_client_is_touched_that_one_may_not_see() -> None:
    """Whoever sees only their own: also with numbers of others, and with all."""
    mine, theirs = some(1, enter(MANAGER), owner_id=user_id(OPERATOR)), some(2, enter(MANAGER))
    ids = of([*mine, *theirs], Client.id)
    operator = enter(OPERATOR)
    for client_ids in (ids, None):
        edit, change_set = begun(operator, {"country": "FI" if client_ids else "FR"}, client_ids=client_ids)
        do_all(edit, change_set, by=operator)
        assert change_set.total == 1
    commit()
    assert of(theirs, Client.country) == ["", ""]
    assert of(mine, Client.country) == ["FR"]


def begun(by: Member, fields: dict[str, Any], *, client_ids: Any = None) -> tuple[BulkEdit, ChangeSet]:
    chosen = {"archived": "", "status": "", "kind": "", "source": "", "owner": ""}
    of: dict[str, Any] = {"change": "bulk_edit", "title": "Bulk", "expected": 3, "record_ids": client_ids}
    return BulkEdit.begin(KINDS["clients"], BulkAct.EDIT, fields, chosen=chosen, by=by, **of)


def test_numbers_of_another_port_are_nobody(visit: Callable[[str], Visitor]) -> None:
    south = make_client(enter("sales_manager@south.example", "south")).number
    commit()
    page = visit(MANAGER).get(f"{NEW}?number={south}")
    assert "Nobody is selected" in page.text


def test_many_are_done_in_steps_by_a_job(visit: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.bulk_edits.views.AT_THE_CLICK", 2)
    monkeypatch.setattr(bulk_editing, "AT_ONCE", 2)
    numbers, manager = some(5, enter(MANAGER)), visit(MANAGER)
    answer = send(manager, numbers, status="active")
    page = manager.get(answer.headers["Location"])
    assert "Under way" in page.text
    perform_waiting()
    assert of(numbers, Client.status) == ["active"] * 5
    change_set = db.session.scalars(select(ChangeSet)).one()
    assert (change_set.status, change_set.seen, change_set.total) == ("applied", 5, 5)
    assert "Undo 5 records" in manager.get(answer.headers["Location"]).text


def test_more_than_go_into_one_transaction_are_done_by_a_job(
    visit: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KINDS["clients"], "at_once", lambda act, fields: 2)
    few, many, manager = some(2, enter(MANAGER)), some(3, enter(MANAGER)), visit(MANAGER)
    assert send(manager, few, status="active").headers["Location"] == "/north/clients"
    assert of(few, Client.status) == ["active"] * 2
    assert "/north/changes/" in send(manager, many, status="active").headers["Location"]
    assert of(many, Client.status) == ["prospect"] * 3
    perform_waiting()
    assert of(many, Client.status) == ["active"] * 3


STATE = """
    SELECT c.number, to_jsonb(c) - 'version' - 'updated_at' AS row,
           (SELECT array_agg(g.name ORDER BY g.name) FROM client_tags t JOIN tags g ON g.id = t.tag_id
            WHERE t.client_id = c.id) AS tags
    FROM clients c WHERE c.number = ANY (:numbers) ORDER BY c.number
"""


def state_of(numbers: list[int]) -> list[Any]:
    """All that is known of them, but for stamps."""
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    return list(db.session.execute(db.text(STATE), {"numbers": numbers}).all())


@pytest.mark.parametrize(
    ("act", "typed", "done"),
    [
        ("archive", {}, "row ->> 'archived_at' IS NOT NULL"),
        ("edit", {"owner_id": "teammate"}, "row ->> 'owner_id' = :mate"),
        ("tag", {"name": "VIP"}, "tags = '{VIP}'"),
    ],
)
def test_all_that_match_are_done_in_steps_and_taken_back_as_a_whole(
    visit: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch, act: str, typed: dict[str, str], done: str
) -> None:
    """By a filter that they do not pass any more once somebody has them."""
    monkeypatch.setattr("app.bulk_edits.views.AT_THE_CLICK", 2)
    monkeypatch.setattr(bulk_editing, "AT_ONCE", 2)
    monkeypatch.setattr("app.changes.jobs.AT_ONCE", 2)
    Tag.create("VIP", "navy", port_id=NORTH, by=enter(MANAGER))
    mine, others = some(5, enter(MANAGER), source="broker"), some(2, enter(MANAGER))
    others += some(1, enter(MANAGER), source="broker", owner_id=user_id(AGENT))
    was, manager, query = state_of([*mine, *others]), visit(MANAGER), "source=broker&owner=nobody"
    typed = {name: str(user_id(MATE)) if name == "owner_id" else value for name, value in typed.items()}
    form = {**manager.form(f"{NEW}?act={act}&all=1&list={quote(query)}"), **typed}
    assert form["count"] == "5"
    page = manager.post(f"{URL}?list={quote(query)}", form).headers["Location"]
    assert "Under way" in manager.get(page).text
    perform_waiting()
    found = f"SELECT s.number FROM ({STATE}) s WHERE {done}"
    everybody = {"numbers": [*mine, *others], "mate": str(user_id(MATE))}
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    assert db.session.scalars(db.text(found), everybody).all() == mine
    change_set = db.session.scalars(select(ChangeSet)).one()
    assert (change_set.status, change_set.seen, change_set.total) == ("applied", 5, 5)
    assert manager.post(f"{page}/roll-back").status_code == 303
    perform_waiting()
    assert state_of([*mine, *others]) == was


def perform_waiting() -> None:
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    ids = db.session.scalars(db.text("SELECT id FROM jobs WHERE name LIKE '%bulk%' OR name LIKE '%roll_back%'")).all()
    commit()
    for job_id in ids:
        perform(str(job_id))


@pytest.mark.usefixtures("db")
def test_it_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step is whole or nothing: what a killed worker left is not done again, and nobody is left out."""
    monkeypatch.setattr(bulk_editing, "AT_ONCE", 2)
    numbers = some(5, enter(MANAGER))
    by = enter(MANAGER)
    edit, change_set = begun(by, {"status": "active"})
    assert do_some(edit, change_set, by=by)
    younger = make_client(by, full_name="Too young").number
    commit()
    by = enter(MANAGER)
    edit, change_set = db.session.scalars(select(BulkEdit)).one(), db.session.scalars(select(ChangeSet)).one()
    do_all(edit, change_set, by=by)
    commit()
    assert of(numbers, Client.status) == ["active"] * 5
    assert of([younger], Client.status) == ["prospect"]
    assert len(events_of("client:updated")) == 5
    assert db.session.scalars(select(ChangeSet.total)).one() == 5


def test_taken_back_but_for_what_was_changed_since(visit: Callable[[str], Visitor]) -> None:
    numbers, manager = some(3, enter(MANAGER), status="prospect"), visit(MANAGER)
    send(manager, numbers, status="former", source="event")
    by = enter(MANAGER)
    later = db.session.scalars(select(Client).where(Client.number == numbers[1])).one()
    later.update({"status": "active"}, by=by)
    commit()
    enter(MANAGER)
    number = db.session.scalars(select(ChangeSet.number)).one()
    assert manager.post(f"/north/changes/{number}/roll-back").status_code == 303
    perform_waiting()
    assert of(numbers, Client.status) == ["prospect", "active", "prospect"]
    assert of(numbers, Client.source) == ["manual", "event", "manual"]
    shown = manager.get(f"/north/changes/{number}?outcome=kept").text
    assert "Status: changed since by Sales Manager North" in shown


def test_archived_is_taken_back(visit: Callable[[str], Visitor]) -> None:
    numbers, manager = some(2, enter(MANAGER)), visit(MANAGER)
    send(manager, numbers, act="archive")
    assert None not in of(numbers, Client.archived_at)
    number = db.session.scalars(select(ChangeSet.number)).one()
    manager.post(f"/north/changes/{number}/roll-back")
    perform_waiting()
    assert of(numbers, Client.archived_at) == [None, None]
    assert len(events_of("client:restored")) == 2


def test_before_images_are_sealed_under_the_key_of_the_client(visit: Callable[[str], Visitor]) -> None:
    send(visit(MANAGER), some(1, enter(MANAGER)), status="former")
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    item = db.session.scalars(select(ChangeItem)).one()
    assert b"prospect" not in item.sealed
    sealed = db.session.get_one(SubjectKey, ("client", item.subject_id)).sealed_key
    image = item.opened(keyring().open(sealed, place=place_of_key("client", item.subject_id)))
    assert image["fields"] == {"status": ["prospect", "former"]}


@pytest.mark.usefixtures("db")
def test_a_job_that_is_given_up_leaves_what_it_did_to_be_undone() -> None:
    numbers, by = some(2, enter(MANAGER)), enter(MANAGER)
    edit, change_set = begun(by, {"status": "active"})
    do_some(edit, change_set, by=by)
    bulk_editing._give_up(change_set.id, by.id, "broken")
    assert change_set.status == ChangeSetStatus.APPLIED
    assert change_set.can_be_taken_back
    assert of(numbers, Client.status) == ["active"] * 2


@pytest.mark.usefixtures("db")
def test_statements_do_not_grow_with_the_clients(statements: list[str]) -> None:
    counts = []
    for size in (3, 40):
        ids = of(some(size, enter(MANAGER)), Client.id)
        by = enter(MANAGER)
        edit, change_set = begun(by, {"status": "active"}, client_ids=ids)
        statements.clear()
        do_all(edit, change_set, by=by)
        counts.append(len(statements))
        commit()
    assert counts[0] == counts[1]


def test_bulk_is_limited(visit: Callable[[str], Visitor]) -> None:
    numbers, manager = some(1, enter(MANAGER)), visit(MANAGER)
    answers = [send(manager, numbers, status=status).status_code for status in ("active", "former") * 3]
    assert answers == [303] * 5 + [429]
