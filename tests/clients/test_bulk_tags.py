"""Putting a tag on many clients at once, taking it off, stopping half-way, and taking all of it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

from app.bulk_edits import editing as bulk_editing
from app.bulk_edits.editing import apply_bulk_edit, do_all, do_some
from app.bulk_edits.kinds import KINDS, BulkAct
from app.bulk_edits.models import BulkEdit
from app.changes.models import ChangeItem, ChangeSet, Ending, Outcome
from app.clients.models import Client, ClientTag
from app.current import Member
from app.db import begin, commit, db
from app.tags.models import Tag
from tests.clients.test_bulk_edits import events_of, of, perform_waiting, some, words_of
from tests.world import NORTH, Visitor, enter, user_id

pytestmark = pytest.mark.usefixtures("db")

MANAGER, ADMIN, AGENT = (f"{name}@north.example" for name in ("sales_manager", "port_admin", "sales_agent"))
NEW, URL = "/north/clients/bulk-edits/new", "/north/clients/bulk-edits"
Visit = Callable[[str], Visitor]


@pytest.fixture
def vip() -> Tag:
    tag = Tag.create("VIP", "navy", port_id=NORTH, by=enter(MANAGER))
    commit()
    return tag


def send(visitor: Visitor, numbers: list[int], query: str = "", **typed: Any) -> Any:
    asked = "&".join(f"number={number}" for number in numbers)
    form = {**visitor.form(f"{NEW}?act=tag&{asked}"), "number": numbers, "name": "VIP", **typed}
    return visitor.post(f"{URL}?list={quote(query)}", form)


def begun(act: BulkAct, tag: Tag, by: Member, *, client_ids: Any = None) -> tuple[BulkEdit, ChangeSet]:
    chosen = {"archived": "", "status": "", "kind": "", "source": "", "owner": ""}
    of: dict[str, Any] = {"change": "bulk_edit", "title": "Bulk", "expected": 3, "tag_id": tag.id}
    return BulkEdit.begin(KINDS["clients"], act, {}, chosen=chosen, record_ids=client_ids, by=by, **of)


def carrying(numbers: list[int]) -> list[int]:
    """Those of them that carry a tag."""
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    tagged = select(Client.number).join(ClientTag, ClientTag.client_id == Client.id)
    return list(db.session.scalars(tagged.where(Client.number.in_(numbers)).order_by(Client.number)))


def tag_by_hand(number: int, tag: Tag, *, on: bool) -> None:
    by = enter(MANAGER)
    client = db.session.scalars(select(Client).where(Client.number == number).with_for_update()).one()
    tag = db.session.get_one(Tag, tag.id)
    assert (ClientTag.put_on if on else ClientTag.take_off)(client, tag, by=by)
    commit()


def taken_back(visitor: Visitor) -> str:
    enter(MANAGER)
    number = db.session.scalars(select(ChangeSet.number).order_by(ChangeSet.number.desc())).first()
    assert visitor.post(f"/north/changes/{number}/roll-back").status_code == 303
    perform_waiting()
    return visitor.get(f"/north/changes/{number}").text


def test_the_ticked_get_it_and_are_told_of_once(visit: Visit, vip: Tag, relayed: Callable[[], list[str]]) -> None:
    numbers, others = some(3, enter(MANAGER)), some(2, enter(MANAGER))
    tag_by_hand(numbers[0], vip, on=True)
    relayed()
    manager = visit(MANAGER)
    assert send(manager, numbers).status_code == 303
    assert carrying([*numbers, *others]) == numbers
    assert relayed() == ["changeSet:applied"]
    assert len(events_of("client:tagged")) == 3  # who had it already is not told of again
    assert "2 clients changed" in manager.get("/north/clients").text
    send(manager, numbers)
    assert "Nothing to change" in manager.get("/north/clients").text


@pytest.mark.parametrize("act", [BulkAct.TAG, BulkAct.UNTAG])
def test_it_comes_to_the_same_as_one_by_one(act: BulkAct, vip: Tag) -> None:
    """Rows, versions, stamps and events."""
    one, many = some(2, enter(MANAGER))
    if act == BulkAct.UNTAG:
        tag_by_hand(one, vip, on=True)
        tag_by_hand(many, vip, on=True)
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    before = of([one, many], Client.updated_at)
    tag_by_hand(one, vip, on=act == BulkAct.TAG)
    by = enter(MANAGER)
    edit, change_set = begun(act, vip, by, client_ids=of([many], Client.id))
    do_all(edit, change_set, by=enter(MANAGER))
    commit()
    assert carrying([one, many]) == ([one, many] if act == BulkAct.TAG else [])
    alone, bulk = events_of("client:tagged" if act == BulkAct.TAG else "client:untagged")
    assert words_of(alone) == words_of(bulk)
    assert (alone.changed_fields, alone.actor_kind) == (bulk.changed_fields, bulk.actor_kind)
    assert of([one], Client.version) == of([many], Client.version)
    assert all(new > old for old, new in zip(before, of([one, many], Client.updated_at), strict=True))


def test_all_that_match_lose_it(visit: Visit, vip: Tag) -> None:
    mine, others = some(3, enter(MANAGER)), some(1, enter(MANAGER))
    query, manager = f"tag={vip.id}", visit(MANAGER)
    for number in [*mine, *others]:
        tag_by_hand(number, vip, on=True)
    form = {**manager.form(f"{NEW}?act=tag&all=1&list={quote(query)}"), "way": "untag", "name": "vip"}
    assert form["count"] == "4"
    assert manager.post(f"{URL}?list={quote(query)}", form).status_code == 303
    assert carrying([*mine, *others]) == []
    assert db.session.scalars(select(ChangeSet.title)).one() == "Tag taken off: VIP"


def test_sent_twice_is_once(visit: Visit, vip: Tag) -> None:
    numbers, manager = some(2, enter(MANAGER)), visit(MANAGER)
    asked = "&".join(f"number={number}" for number in numbers)
    form = {**manager.form(f"{NEW}?act=tag&{asked}"), "number": numbers, "name": "VIP"}
    assert [manager.post(URL, form).status_code for _ in range(2)] == [303, 303]
    assert len(events_of("client:tagged")) == 2


def test_a_new_name_is_a_new_tag_for_who_looks_after_them(visit: Visit) -> None:
    numbers = some(2, enter(MANAGER))
    assert send(visit(MANAGER), numbers, name="Regatta 2027").status_code == 422
    assert send(visit(ADMIN), numbers, name="Regatta 2027").status_code == 303
    assert carrying(numbers) == numbers


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": ""}, "Type the name of a tag"),
        ({"name": "Nothing"}, "There is no tag called “Nothing”"),
        ({"name": "Nothing", "way": "untag"}, "There is no tag called “Nothing”"),
        ({"number": []}, "Nobody is selected"),
        ({"way": "burn"}, "Not a valid choice"),
    ],
)
def test_bad_input_changes_nothing_and_is_kept(visit: Visit, vip: Tag, typed: dict[str, Any], says: str) -> None:
    numbers = some(2, enter(MANAGER))
    answer = send(visit(MANAGER), numbers, **typed)
    assert answer.status_code == 422
    assert says in answer.text
    assert "number" in typed or f'value="{typed.get("name", "VIP")}"' in answer.text
    assert events_of("client:tagged") == []


def test_who_may_only_look_may_not(visit: Visit, vip: Tag) -> None:
    numbers = some(1, enter(MANAGER))
    viewer = visit("viewer@north.example")
    assert viewer.get(f"{NEW}?act=tag&number={numbers[0]}").status_code == 403


def test_an_archived_tag_comes_off_and_is_put_on_nobody(visit: Visit, vip: Tag) -> None:
    numbers, manager = some(2, enter(MANAGER)), visit(MANAGER)
    tag_by_hand(numbers[0], vip, on=True)
    by = enter(MANAGER)
    db.session.get_one(Tag, vip.id).archive(by=by)
    commit()
    assert send(manager, numbers).status_code == 422
    assert carrying(numbers) == numbers[:1]
    assert send(manager, numbers, way="untag").status_code == 303
    assert carrying(numbers) == []


def test_a_tag_archived_meanwhile_ends_it(vip: Tag, monkeypatch: pytest.MonkeyPatch, visit: Visit) -> None:
    monkeypatch.setattr(bulk_editing, "AT_ONCE", 2)
    numbers, by = some(5, enter(MANAGER)), enter(MANAGER)
    edit, change_set = begun(BulkAct.TAG, vip, by)
    assert do_some(edit, change_set, by=by)
    vip.archive(by=by)
    assert not do_some(edit, change_set, by=by)
    number = change_set.number
    assert (change_set.ending, change_set.total, change_set.can_be_taken_back) == (Ending.TAG_ARCHIVED, 2, True)
    commit()
    assert carrying(numbers) == numbers[:2]
    assert "The tag was archived meanwhile, after 2 of 3" in visit(MANAGER).get(f"/north/changes/{number}").text


def test_taken_back_as_a_whole(visit: Visit, vip: Tag) -> None:
    numbers, manager = some(3, enter(MANAGER)), visit(MANAGER)
    tag_by_hand(numbers[0], vip, on=True)
    send(manager, numbers)
    taken_back(manager)
    assert carrying(numbers) == numbers[:1]  # who had it before keeps it
    assert len(events_of("client:untagged")) == 2


def test_taken_off_and_back_is_as_it_was(visit: Visit, vip: Tag) -> None:
    numbers, manager = some(3, enter(MANAGER)), visit(MANAGER)
    for number in numbers[:2]:
        tag_by_hand(number, vip, on=True)

    def rows() -> list[Any]:
        begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
        columns = (ClientTag.id, ClientTag.client_id, ClientTag.tag_id, ClientTag.created_at)
        return [tuple(row) for row in db.session.execute(select(*columns).order_by(ClientTag.id))]

    before = rows()
    send(manager, numbers, way="untag")
    assert rows() == []
    taken_back(manager)
    assert rows() == before


def test_what_somebody_did_since_is_left(visit: Visit, vip: Tag) -> None:
    """Taken off since: right already. Taken off and put on again: theirs now, and listed."""
    numbers, manager = some(3, enter(MANAGER)), visit(MANAGER)
    send(manager, numbers)
    tag_by_hand(numbers[0], vip, on=False)
    tag_by_hand(numbers[1], vip, on=False)
    tag_by_hand(numbers[1], vip, on=True)
    page = taken_back(manager)
    assert carrying(numbers) == numbers[1:2]
    assert "The tag VIP was taken off and put on again since" in page
    assert db.session.scalars(select(ChangeItem.outcome).order_by(ChangeItem.outcome)).all() == [
        Outcome.KEPT,
        Outcome.PUT_BACK,
        Outcome.PUT_BACK,
    ]
    assert len(events_of("client:untagged")) == 3  # two by hand, and one that was taken back


def test_put_on_since_and_archived_since(visit: Visit, vip: Tag) -> None:
    numbers, manager = some(3, enter(MANAGER)), visit(MANAGER)
    for number in numbers:
        tag_by_hand(number, vip, on=True)
    send(manager, numbers, way="untag")
    tag_by_hand(numbers[0], vip, on=True)
    by = enter(MANAGER)
    db.session.get_one(Tag, vip.id).archive(by=by)
    db.session.scalars(select(Client).where(Client.number == numbers[1])).one().archive(by=by)
    commit()
    page = taken_back(manager)
    assert carrying(numbers) == numbers[:1]
    assert "The client was archived since" in page
    assert "The tag VIP was archived since" in page


def test_no_client_is_touched_that_one_may_not_see(vip: Tag) -> None:
    operator = "operator@north.example"
    mine, theirs = some(1, enter(MANAGER), owner_id=user_id(operator)), some(2, enter(MANAGER))
    ids = of([*mine, *theirs], Client.id)
    for client_ids in (ids, None):
        by = enter(operator)
        edit, change_set = begun(BulkAct.TAG, vip, by, client_ids=client_ids)
        do_all(edit, change_set, by=by)
    commit()
    assert carrying([*mine, *theirs]) == mine


def test_statements_do_not_grow_with_the_clients(statements: list[str], vip: Tag) -> None:
    counts = []
    for size in (3, 40):
        ids = of(some(size, enter(MANAGER)), Client.id)
        by = enter(MANAGER)
        edit, change_set = begun(BulkAct.TAG, vip, by, client_ids=ids)
        statements.clear()
        do_all(edit, change_set, by=by)
        counts.append(len(statements))
        commit()
    assert counts[0] == counts[1]


# --- Stopping


@pytest.fixture
def under_way(monkeypatch: pytest.MonkeyPatch, vip: Tag) -> tuple[int, list[int]]:
    """Five clients, of whom two are done; the number of the change set."""
    monkeypatch.setattr(bulk_editing, "AT_ONCE", 2)
    numbers, by = some(5, enter(MANAGER)), enter(MANAGER)
    edit, change_set = begun(BulkAct.TAG, vip, by)
    change_set.expected = 5
    do_some(edit, change_set, by=by)
    apply_bulk_edit.later(change_set_id=change_set.id, user_id=by.id)
    commit()
    return change_set.number, numbers


def test_stopped_after_what_is_in_hand(
    visit: Visit, under_way: tuple[int, list[int]], relayed: Callable[[], list[str]]
) -> None:
    (number, numbers), manager = under_way, visit(MANAGER)
    relayed()
    url = f"/north/changes/{number}"
    assert "Stop</button>" in manager.get(url).text
    assert [manager.delete(f"{url}/run").status_code for _ in range(2)] == [303, 303]
    page = manager.get(url).text
    assert "Stopping after the records in hand" in page
    assert "Stop</button>" not in page
    perform_waiting()
    assert carrying(numbers) == numbers[:2]
    page = manager.get(url).text
    assert "Stopped after 2 of 5" in page
    assert "Undo 2 records" in page
    assert relayed() == ["changeSet:stopped", "changeSet:applied"]
    assert manager.delete(f"{url}/run").status_code == 303  # too late, and no harm
    taken_back(manager)
    assert carrying(numbers) == []


def test_stopped_after_the_last_it_is_finished(visit: Visit, under_way: tuple[int, list[int]]) -> None:
    (number, numbers), manager = under_way, visit(MANAGER)
    by = enter(MANAGER)
    change_set = db.session.scalars(select(ChangeSet)).one()
    for _ in range(2):
        do_some(db.session.scalars(select(BulkEdit)).one(), change_set, by=by)
    commit()
    assert manager.delete(f"/north/changes/{number}/run").status_code == 303
    perform_waiting()
    assert carrying(numbers) == numbers
    change_set = db.session.scalars(select(ChangeSet)).one()
    assert (change_set.status, change_set.ending, change_set.seen) == ("applied", Ending.WHOLE, 5)
    page = manager.get(f"/north/changes/{number}").text
    assert "Stopped" not in page


def test_what_is_over_does_not_stop(visit: Visit, vip: Tag) -> None:
    manager = visit(MANAGER)
    send(manager, some(1, enter(MANAGER)))
    enter(MANAGER)
    number = db.session.scalars(select(ChangeSet.number)).one()
    manager.delete(f"/north/changes/{number}/run")
    assert events_of("changeSet:stopped") == []


def test_a_job_that_is_given_up_says_so(visit: Visit, under_way: tuple[int, list[int]]) -> None:
    enter(MANAGER)
    change_set = db.session.scalars(select(ChangeSet)).one()
    bulk_editing._give_up(change_set.id, user_id(MANAGER), "broken")
    commit()
    page = visit(MANAGER).get(f"/north/changes/{under_way[0]}").text
    assert "Something broke on our side after 2 of 5" in page
    assert "Undo 2 records" in page


def test_an_undo_asked_while_it_goes_on_is_refused(visit: Visit, under_way: tuple[int, list[int]]) -> None:
    manager, url = visit(MANAGER), f"/north/changes/{under_way[0]}"
    for _ in range(2):
        assert manager.post(f"{url}/roll-back").status_code == 409
        manager.delete(f"{url}/run")
