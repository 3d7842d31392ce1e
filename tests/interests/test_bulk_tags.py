"""Putting a tag on many interests at once, taking it off, and taking all of it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

from app.bulk_edits.editing import do_all
from app.bulk_edits.kinds import KINDS, BulkAct
from app.bulk_edits.models import BulkEdit
from app.changes.models import ChangeSet
from app.current import Member
from app.db import begin, commit, db
from app.interests.models import Interest, InterestTag
from app.tags.models import Tag
from tests.clients.test_bulk_edits import events_of, words_of
from tests.interests.test_bulk_edits import MANAGER, NEW, TABLE, VIEWER, of, one, send, some, taken_back, told_in
from tests.world import NORTH, Visitor, enter, user_id

Visit = Callable[[str], Visitor]
pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def vip() -> Tag:
    tag = Tag.create("VIP", "navy", port_id=NORTH, by=enter(MANAGER))
    commit()
    return tag


def carrying(numbers: list[int]) -> list[int]:
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    tagged = select(Interest.number).join(InterestTag, InterestTag.interest_id == Interest.id)
    return list(db.session.scalars(tagged.where(Interest.number.in_(numbers)).order_by(Interest.number)))


def by_hand(number: int, tag: Tag, *, on: bool = True) -> None:
    by = enter(MANAGER)
    assert (InterestTag.put_on if on else InterestTag.take_off)(one(number), db.session.get_one(Tag, tag.id), by=by)
    commit()


def begun(act: BulkAct, tag: Tag, numbers: list[int], by: Member) -> tuple[BulkEdit, ChangeSet]:
    ids = db.session.scalars(select(Interest.id).where(Interest.number.in_(numbers))).all()
    what: dict[str, Any] = {"change": "bulk_interests", "title": "Bulk", "expected": len(numbers), "chosen": {}}
    return BulkEdit.begin(KINDS["interests"], act, {}, record_ids=ids, tag_id=tag.id, by=by, **what)


def test_the_ticked_get_it_and_are_told_of_once(visit: Visit, vip: Tag, relayed: Callable[[], list[str]]) -> None:
    numbers, others, manager = some(3), some(1), visit(MANAGER)
    by_hand(numbers[0], vip)
    relayed()
    assert send(manager, "tag", numbers, name="VIP").headers["Location"] == TABLE
    assert carrying([*numbers, *others]) == numbers
    assert relayed() == ["changeSet:applied"]
    assert len(events_of("interest:tagged")) == 3, "who had it already is not told of again"
    assert "2 interests changed" in manager.get(TABLE).text
    send(manager, "tag", numbers, name="vip")
    assert "Nothing to change" in manager.get(TABLE).text


@pytest.mark.parametrize("act", [BulkAct.TAG, BulkAct.UNTAG])
def test_it_comes_to_the_same_as_one_by_one(act: BulkAct, vip: Tag) -> None:
    alone, bulk = some(2)
    if act == BulkAct.UNTAG:
        by_hand(alone, vip)
        by_hand(bulk, vip)
    by_hand(alone, vip, on=act == BulkAct.TAG)
    by = enter(MANAGER)
    do_all(*begun(act, vip, [bulk], by), by=by)
    commit()
    assert carrying([alone, bulk]) == ([alone, bulk] if act == BulkAct.TAG else [])
    events = events_of("interest:tagged" if act == BulkAct.TAG else "interest:untagged")
    first, second = (words_of(event) for event in events)
    for words, number in ((first, alone), (second, bulk)):
        assert words["details"].pop("number") == number
    assert first == second
    assert [told_in(event) for event in events] == [[], []]
    assert of([alone], Interest.version) == of([bulk], Interest.version)
    assert of([alone], Interest.lead_category) == of([bulk], Interest.lead_category)


def test_all_that_match_lose_it(visit: Visit, vip: Tag) -> None:
    brokers, others, manager = some(2, source="broker"), some(1), visit(MANAGER)
    for number in (*brokers, *others):
        by_hand(number, vip)
    assert "Tags of 2 interests" in manager.get(f"{NEW}?act=tag&all=1&list={quote('source=broker')}").text
    send(manager, "tag", [], "source=broker", way="untag", name="VIP")
    assert carrying([*brokers, *others]) == others
    assert db.session.scalars(select(ChangeSet.title)).one() == "Tag taken off: VIP"


def test_taken_back_as_a_whole_but_for_what_somebody_did_since(visit: Visit, vip: Tag) -> None:
    numbers, manager = some(4), visit(MANAGER)
    by_hand(numbers[0], vip)
    send(manager, "tag", numbers, name="VIP")
    by_hand(numbers[1], vip, on=False)
    by_hand(numbers[2], vip, on=False)
    by_hand(numbers[2], vip)
    assert "The tag VIP was taken off and put on again since" in taken_back(manager)
    assert carrying(numbers) == [numbers[0], numbers[2]]


def test_taken_off_and_back_is_as_it_was(visit: Visit, vip: Tag) -> None:
    numbers, manager = some(2), visit(MANAGER)
    for number in numbers:
        by_hand(number, vip)
    send(manager, "tag", numbers, way="untag", name="VIP")
    assert carrying(numbers) == []
    taken_back(manager)
    assert carrying(numbers) == numbers


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": ""}, "Type the name of a tag"),
        ({"name": "Nothing"}, "There is no tag called “Nothing”"),
        ({"name": "VIP", "way": "burn"}, "Not a valid choice"),
    ],
)
def test_bad_input_changes_nothing(visit: Visit, vip: Tag, typed: dict[str, Any], says: str) -> None:
    answer = send(visit(MANAGER), "tag", some(1), **typed)
    assert answer.status_code == 422
    assert says in answer.text
    assert events_of("interest:tagged") == []


def test_who_may_only_look_may_not(visit: Visit, vip: Tag) -> None:
    assert visit(VIEWER).get(f"{NEW}?act=tag&number={some(1)[0]}").status_code == 403


def test_statements_do_not_grow_with_the_interests(statements: list[str], vip: Tag) -> None:
    counts = []
    for size in (3, 20):
        numbers, by = some(size), enter(MANAGER)
        edit, change_set = begun(BulkAct.TAG, vip, numbers, by)
        statements.clear()
        do_all(edit, change_set, by=by)
        counts.append(len(statements))
        commit()
    assert counts[0] == counts[1]
