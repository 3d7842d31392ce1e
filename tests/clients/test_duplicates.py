"""Clients that look like one: how much, while one is entered, and in the whole port."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from html import unescape

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from app.clients.duplicates.likeness import ENOUGH, Look, compare, name_keys
from app.clients.duplicates.nicknames import GROUPS_OF
from app.clients.duplicates.scan import scan_for_duplicates
from app.clients.models import Duplicate, DuplicateScan, Merge
from app.current import Member
from app.db import begin, commit, db
from app.events.models import Event
from app.notifications.models import Notification
from app.schedule import RECURRING
from app.sorting import sort_name
from tests.world import NORTH, SOUTH, Visitor, enter, make_client, make_duplicate, make_vessel, user_id

MANAGER = "sales_manager@north.example"


def look(name: str, **fields: object) -> Look:
    return Look(uuid.uuid4(), str(fields.pop("kind", "person")), sort_name(name), **fields)  # type: ignore[arg-type]


# --- How much two look like one -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("Émile Ørsted", "Emile Orsted", "name"),
        ("Léa Marchand", "Marchand, Léa", "words"),
        ("John Smith", "J. Smith", "initial"),
        ("Robert Smith", "Bob Smith", "nickname"),
        ("Smith Bob", "Robert Smith", "nickname"),
        ("Juan García", "Pepe García", ""),
        ("Johannes Lehtomäki", "Johannes Lehtomaeki", "similar"),
        ("Dr. Ana Sousa", "Ana Sousa", "name"),
        ("Ana Sousa", "Rui Sousa", ""),
        ("Ann", "Bo", ""),
    ],
)
def test_a_name_in_another_spelling_is_seen(one: str, other: str, reason: str) -> None:
    _score, reasons = compare(look(one), look(other))
    assert reasons == ([reason] if reason else [])
    if reason:
        assert not name_keys(sort_name(one)).isdisjoint(name_keys(sort_name(other)))


def test_a_company_is_the_same_whatever_its_legal_form() -> None:
    one, other = look("Nordic Charters Oy", kind="company"), look("NORDIC CHARTERS GmbH", kind="company")
    assert compare(one, other) == (62, ["company_name"])


@pytest.mark.parametrize(
    ("fields", "others", "is_enough"),
    [
        ({"emails": ["a@x.fi"]}, {"emails": ["a@x.fi"]}, True),
        ({"phones": ["+358401"]}, {"phones": ["+358401"]}, True),
        ({"emails": ["a@x.fi"]}, {"emails": ["b@x.fi"]}, False),
        ({"tax_number": "FI1"}, {"tax_number": "FI1"}, True),
    ],
)
def test_more_reasons_are_more_and_other_contacts_are_less(
    fields: dict[str, object], others: dict[str, object], is_enough: bool
) -> None:
    score, _reasons = compare(look("Ann North", **fields), look("Ann North", **others))
    assert (score >= ENOUGH) is is_enough
    if is_enough:
        assert score > compare(look("Ann North"), look("Ann North"))[0]


def test_two_people_behind_one_phone_number_are_two() -> None:
    assert compare(look("Ann North", phones=["+358401"]), look("Cy West", phones=["+358401"]))[0] < ENOUGH


def test_nicknames_are_folded_words() -> None:
    assert all(name == sort_name(name) and " " not in name for name in GROUPS_OF)


# --- While one is entered -----------------------------------------------------------------------------------------


@pytest.fixture
def manager(db: SQLAlchemy) -> Member:
    return enter(MANAGER)


def entered(visitor: Visitor, **typed: str) -> tuple[int, str, dict[str, str]]:
    form = {**visitor.form("/north/clients/new"), **typed}
    answer = visitor.post("/north/clients", form)
    return answer.status_code, unescape(answer.text), form


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"full_name": "Marchand Lea"}, "Same name in another order"),
        ({"full_name": "L. Marchand", "email": "LEA@example.com"}, "Same e-mail address · The initial fits"),
        ({"full_name": "Lea Marchant", "phone": "040 555 0113"}, "Same phone number"),
    ],
)
def test_who_is_here_already_is_said_before_saving(
    manager: Member, visit: Callable[[str], Visitor], typed: dict[str, str], why: str
) -> None:
    number = make_client(manager, email="lea@example.com", phone="+358405550113").number
    commit()
    visitor = visit(MANAGER)
    status, shown, form = entered(visitor, **typed, town="Nice")
    assert status == 409
    assert f"/north/clients/{number}" in shown
    assert why in shown
    assert 'value="Nice"' in shown
    assert visitor.post("/north/clients", {**form, "anyway": "y"}).status_code == 303


def test_somebody_else_is_saved_at_once(manager: Member, visit: Callable[[str], Visitor]) -> None:
    make_client(manager)
    commit()
    assert entered(visit(MANAGER), full_name="Rui Sousa")[0] == 303


def test_only_who_may_be_seen_is_named(manager: Member, visit: Callable[[str], Visitor]) -> None:
    make_client(enter("port_admin@south.example", "south"), email="lea@example.com")
    commit()
    assert entered(visit(MANAGER), full_name="Léa Marchand", email="lea@example.com")[0] == 303


@pytest.mark.parametrize(
    ("here", "typed"),
    [
        ({"full_name": "Nordic Charters Oy", "kind": "company"}, {"full_name": "Nordic Charters", "kind": "company"}),
        ({"full_name": "Nordic Oy", "kind": "company"}, {"full_name": "Nordic", "kind": "company"}),
        ({"full_name": "Dr. Ana Sousa"}, {"full_name": "Sousa, Ana"}),
        ({"full_name": "Ana O’Hara"}, {"full_name": "O'Hara Ana"}),
        ({"street": "Rantakatu 1", "postcode": "10900"}, {"full_name": "Lea Marchant"}),
        ({"full_name": "Robert Smith", "street": "Rantakatu 1"}, {"full_name": "Smith Bob"}),
        ({"full_name": "Bob Smith", "company_name": "Nordic Oy"}, {"full_name": "Robert Smith"}),
        ({"full_name": "John Smith", "street": "Quay 1", "company_name": "Nordic Oy"}, {"full_name": "J. Smith"}),
        ({"full_name": "Johannes Lehtomäki", "tax_number": "FI1"}, {"full_name": "Johannes Lehtomaeki"}),
        ({"full_name": "Nordic Charters Oy", "tax_number": "FI1"}, {"full_name": "Sailing in Finland"}),
    ],
)
def test_a_name_in_another_spelling_is_looked_for(
    manager: Member, visit: Callable[[str], Visitor], here: dict[str, str], typed: dict[str, str]
) -> None:
    number = make_client(manager, **here).number
    commit()
    status, shown, _form = entered(visit(MANAGER), **(here | typed))
    assert status == 409
    assert f"/north/clients/{number}" in shown


@pytest.mark.parametrize("typed", ["Lea Marchant", "Marchand L.", "Lia Marchand", "Andre Virtanen", "A Virtanen"])
def test_a_name_that_only_resembles_is_not_enough_even_with_the_town(typed: str) -> None:
    """Nobody is looked for by that alone while one is entered."""
    scores = [
        compare(look(name, town="Nice"), look(typed, town="Nice"))[0] for name in ("Léa Marchand", "Antti Virtanen")
    ]
    assert 0 < max(scores) < ENOUGH


def test_looking_takes_a_statement_and_one_more_for_who_is_found(
    manager: Member, visit: Callable[[str], Visitor], statements: list[str]
) -> None:
    for _ in range(8):
        make_client(manager, email=None)
    commit()
    visitor = visit(MANAGER)
    form = {**visitor.form("/north/clients/new"), "full_name": "Léa Marchand"}
    statements.clear()
    assert visitor.post("/north/clients", form).status_code == 409
    assert len(statements) <= 6  # enter, the once-key, own fields, candidates, what they look like, colleagues
    statements.clear()
    assert visitor.post("/north/clients", {**form, "full_name": "Rui Sousa"}).status_code == 303
    # The same and no colleagues; the client, its key, its event, the outbox, the answer kept, a block of numbers or
    # the relay woken.
    assert len(statements) <= 4 + 5 + 3


# --- The whole port -----------------------------------------------------------------------------------------------


def scan() -> None:
    begin(port_id=NORTH, scope="staff")
    scan_for_duplicates()
    db.session.flush()


def pairs() -> list[tuple[uuid.UUID, uuid.UUID, str]]:
    db.session.expire_all()
    found = db.session.scalars(select(Duplicate).order_by(Duplicate.a_id, Duplicate.b_id))
    return [(pair.a_id, pair.b_id, pair.state) for pair in found]


def test_a_scan_finds_pairs_once_and_tells_once(manager: Member, relayed: Callable[[], list[str]]) -> None:
    ann = make_client(manager, full_name="Ann North", email="ann@example.com").id
    ann_again = make_client(manager, full_name="North, Ann", email="ANN@example.com").id
    bob = make_client(manager, full_name="Bob West", phone="+358405550113").id
    robert = make_client(manager, full_name="Robert West", phone="+358405550113").id
    make_client(manager, full_name="Cy East")
    scan()
    scan()
    assert pairs() == sorted([(ann, ann_again, "open"), (bob, robert, "open")])
    assert (
        db.session.scalars(select(Event.name).where(Event.name == "client:duplicateDetected")).all()
        == ["client:duplicateDetected"] * 2
    )
    told = relayed()
    assert told.count("duplicateScan:finished") == 2
    assert "client:duplicateDetected" not in told
    enter(MANAGER)
    mine = select(Notification).where(Notification.user_id == user_id(MANAGER), Notification.type == "duplicate_alert")
    assert len(db.session.scalars(mine).all()) == 1


def test_a_vessel_entered_twice_is_a_reason(manager: Member) -> None:
    one, other, third = (make_client(manager, full_name=name) for name in ("Cy North", "Rui Sousa", "Ann East"))
    make_vessel(manager, one, name="Vesper", registration="FI 40417")
    make_vessel(manager, other, name="Vesper II", registration="fi-40417")
    make_vessel(manager, third, name="Vesper", registration="?")
    scan()
    assert pairs() == [(*sorted((one.id, other.id)), "open")]
    assert db.session.scalars(select(Duplicate.reasons)).one() == ["registration"]


def test_not_the_same_is_remembered(manager: Member) -> None:
    for _ in range(2):
        make_client(manager, email="lea@example.com")
    scan()
    (pair,) = db.session.scalars(select(Duplicate)).all()
    pair.dismiss(by=manager)
    scan()
    assert [state for *_ids, state in pairs()] == ["dismissed"]


def test_what_looks_alike_no_longer_is_forgotten(manager: Member) -> None:
    make_client(manager, full_name="Ann North")
    other = make_client(manager, full_name="Ann North")
    scan()
    assert len(pairs()) == 1
    other.update({"full_name": "Cy West"}, by=manager)
    scan()
    assert pairs() == []


def test_a_shared_address_is_compared_with_neighbours_only(manager: Member) -> None:
    for at in range(40):
        make_client(manager, full_name=f"Guest{at:03} Of", email="office@example.com")
    scan()
    compared = db.session.scalars(select(DuplicateScan.compared)).one()
    assert compared <= 40 * 8 * 3


def test_a_pair_is_unordered_and_once(manager: Member) -> None:
    a, b = make_client(manager), make_client(manager)
    make_duplicate(a, b)
    for first, second in ((a, b), (b, a), (a, a)):
        row = {"port_id": NORTH, "a_id": first.id, "b_id": second.id, "score": 70, "reasons": []}
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.execute(insert(Duplicate).values(row))


def test_another_port_is_not_touched(manager: Member) -> None:
    south = enter("port_admin@south.example", "south")
    for _ in range(2):
        make_client(south)
    scan()
    begin(port_id=SOUTH, scope="staff")
    assert pairs() == []


def test_it_is_done_at_one_in_the_night_of_the_port() -> None:
    (row,) = [row for row in RECURRING if row.name == "duplicate-scan"]
    assert (row.job, row.cron, row.in_port_time) == (scan_for_duplicates.name, "0 1 * * *", True)


# --- The queue ----------------------------------------------------------------------------------------------------


def test_the_queue_shows_the_likeliest_first_and_pages(
    manager: Member, visit: Callable[[str], Visitor], statements: list[str]
) -> None:
    for at in range(51):
        make_duplicate(
            make_client(manager, full_name=f"A{at}"), make_client(manager, full_name=f"B{at}"), score=60 + at % 3
        )
    make_duplicate(make_client(manager, full_name="Likely"), make_client(manager), score=99, reasons=("email", "name"))
    commit()
    visitor = visit(MANAGER)
    statements.clear()
    shown = visitor.get("/north/clients/duplicates").text
    assert len(statements) <= 3
    assert shown.index("99 of 100") < shown.index("62 of 100") < shown.index("61 of 100")
    assert "Same e-mail address" in shown
    assert shown.count('id="duplicate-') == 50
    after = unescape(shown.partition("after=")[2].partition('"')[0])
    assert visitor.get(f"/north/clients/duplicates?after={after}").text.count('id="duplicate-') == 2


def test_deciding_takes_the_pair_away_and_back(manager: Member, visit: Callable[[str], Visitor]) -> None:
    url = f"/north/clients/duplicates/{make_duplicate(make_client(manager), make_client(manager)).id}/dismissal"
    commit()
    visitor = visit(MANAGER)
    for _ in range(2):
        assert visitor.post(url).status_code == 303
    assert "No duplicates to look at" in visitor.get("/north/clients/duplicates").text
    assert visitor.delete(url).status_code == 303
    assert "No duplicates to look at" not in visitor.get("/north/clients/duplicates").text
    enter(MANAGER)
    names = db.session.scalars(select(Event.name).where(Event.name.like("client:duplicate%")).order_by(Event.id))
    assert list(names) == ["client:duplicateDismissed", "client:duplicateReopened"]


def test_looking_now_is_one_job_until_it_is_done(manager: Member, visit: Callable[[str], Visitor]) -> None:
    commit()
    visitor = visit(MANAGER)
    for _ in range(2):
        assert visitor.post("/north/clients/duplicates/scan").status_code == 303
    assert "being compared" in visitor.get("/north/clients/duplicates").text
    begin(port_id=NORTH, scope="staff")
    assert (
        db.session.scalar(text("SELECT count(*) FROM jobs WHERE name = :name"), {"name": scan_for_duplicates.name}) == 1
    )
    scan()
    commit()
    assert re.search(r"compared \d", visitor.get("/north/clients/duplicates").text)


def test_a_merge_settles_the_pair(manager: Member) -> None:
    a, b = make_client(manager), make_client(manager)
    make_duplicate(a, b)
    made = Merge.make(a, b, [], by=manager)
    assert [state for *_ids, state in pairs()] == ["merged"]
    made.undo(a, b, by=manager)
    assert [state for *_ids, state in pairs()] == ["open"]
