"""What open pages are told of interests: those in whose timelines they stand, the dashboard, and after a bulk act."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from app.berths.models import Berth
from app.clients.models import Client
from app.db import begin, commit
from app.db import db as unit
from app.documents.models import Document, DocumentType
from app.interests.models import Interest, InterestNote, InterestTag, Stage
from app.jobs import Job
from app.live.rooms import channel_of
from app.tags.models import Tag
from tests.clients.test_reactions import Air, Said
from tests.interests.test_bulk_edits import send, taken_back
from tests.world import NORTH, Visitor, enter, make_berth, make_client, make_file, make_interest, relay, user_id

MANAGER = "sales_manager@north.example"
PIPELINE = f"port:{NORTH}:pipeline"
Visit = Callable[[str], Visitor]
Listens = Callable[[], Any]


@pytest.fixture
def listening(app: Flask, db: SQLAlchemy) -> Listens:
    """What is said meanwhile, once the reactions ran."""

    @contextmanager
    def listen() -> Iterator[list[Said]]:
        relay()
        said: list[Said] = []
        redis = app.extensions["redis"]
        with redis.pubsub() as subscription:
            subscription.subscribe(channel_of(redis))
            air = Air(subscription)
            air.heard()
            yield said
            relay()
            said += air.heard()

    return listen


@pytest.fixture
def interest(db: SQLAlchemy) -> Interest:
    by = enter(MANAGER)
    return make_interest(make_client(by, full_name="Ana Beltrán"), by=by, berth=make_berth(by))


def rooms(said: list[Said]) -> set[str]:
    return {one.room for one in said}


@pytest.mark.parametrize("act", [lambda one, by: one.move_to(Stage.VISITED, by=by), Interest.unlink_berth])
def test_pages_that_tell_of_it_follow(listening: Listens, interest: Interest, act: Any) -> None:
    """In the timelines of the client and of the berth, also of one that is taken away."""
    interest_id, client = interest.id, f"client:{interest.client_id}"
    wanted = {client, f"{client}:own", f"berth:{interest.berth_id}"}
    with listening() as said:
        by = enter(MANAGER)
        act(unit.session.get_one(Interest, interest_id), by=by)
    assert wanted <= rooms(said)


def test_the_page_of_the_berth_follows_a_signed_document(listening: Listens, interest: Interest) -> None:
    client_id, berth_id = interest.client_id, interest.berth_id
    with listening() as said:
        by = enter(MANAGER)
        client, berth = unit.session.get_one(Client, client_id), unit.session.get_one(Berth, berth_id)
        of: dict[str, Any] = {"client": client, "berth": berth, "sha256": b"1" * 32}
        Document.record_signed(DocumentType.EOI, make_file(by, record=client), by=by, **of)
    assert f"berth:{berth_id}" in rooms(said)


def test_the_pipeline_follows_what_changes_it_and_nothing_else(listening: Listens, interest: Interest) -> None:
    by = enter(MANAGER)
    tag = Tag.create("VIP", "navy", port_id=NORTH, by=by)
    one = interest

    def acts() -> Iterator[tuple[bool, Callable[[Any], Any]]]:
        yield False, lambda by: InterestNote.create(one, "She called", by=by)
        yield False, lambda by: InterestTag.put_on(one, tag, by=by)
        yield False, lambda by: one.update({"notes": "By the showers"}, by=by)
        yield False, lambda by: one.assign(None, by=by)
        yield True, lambda by: one.update({"expected_value": Decimal(9000)}, by=by)
        yield True, lambda by: one.lose("Too dear", by=by)
        yield True, lambda by: one.reopen(by=by)
        yield True, lambda by: one.archive(by=by)

    for follows, act in acts():
        with listening() as said:
            act(enter(MANAGER))
        assert (PIPELINE in rooms(said)) == follows


@pytest.mark.parametrize(("act", "typed"), [("lose", {"reason": "Too dear"}), ("archive", {})])
def test_open_lists_and_dashboards_follow_a_bulk_act_and_its_undo(
    visit: Visit, listening: Listens, interest: Interest, act: str, typed: dict[str, str]
) -> None:
    number, manager = interest.number, visit(MANAGER)
    wanted = {PIPELINE, *(f"port:{NORTH}:{room}" for room in ("interests", "interests:narrowed", "reminders"))}
    with listening() as said:
        send(manager, act, [number], **typed)
    assert wanted <= rooms(said)
    with listening() as said:
        taken_back(manager)
    assert wanted <= rooms(said)


@pytest.mark.parametrize(
    ("act", "typed", "looks"), [("lose", {"reason": "No"}, 1), ("archive", {}, 1), ("lead", {}, 0)]
)
def test_rivals_are_looked_for_again(
    visit: Visit, interest: Interest, act: str, typed: dict[str, str], looks: int
) -> None:
    """Whoever has the same berth among theirs has a rival less, and one more after the undo."""
    number, manager = interest.number, visit(MANAGER)
    relay()
    for step in (
        lambda: send(manager, act, [number], **({"lead_category": "cold"} | typed)),
        lambda: taken_back(manager),
    ):
        before = waiting()
        step()
        relay()
        assert waiting() == before + looks


def waiting() -> int:
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    found = len(unit.session.scalars(select(Job.id).where(Job.name.endswith("look_for_all"))).all())
    commit()
    return found


def test_search_finds_one_by_its_number(visit: Visit, interest: Interest) -> None:
    number = interest.number
    commit()
    page = visit(MANAGER).get(f"/north/search?q={number}").text
    assert f'href="/north/interests/{number}"' in page
    assert f"/north/interests/{number}" not in visit(MANAGER).get(f"/north/search?q={number}0").text
