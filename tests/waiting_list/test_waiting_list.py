"""Waiting lists: the order, offers and what becomes of them, and that a berth is offered once."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
import time_machine
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError, ProgrammingError

from app.berths.models import Berth, Occupancy, OccupancyKind, OccupancyState, Overlap
from app.clients.models import Client, Merge
from app.clients.models.erasure import erase
from app.clients.models.merge import lock_two
from app.current import Member
from app.db import begin, commit, db, now
from app.errors import Refused
from app.events.timeline import timeline
from app.jobs import act_for
from app.notifications.models import Notification
from app.waiting_list.models import (
    AfterNo,
    Order,
    PriorityClass,
    Unofferable,
    WaitingEntry,
    WaitingEvent,
    WaitingList,
    WaitingStatus,
)
from tests.servers import Installation
from tests.waiting import together
from tests.world import (
    NORTH,
    Visitor,
    enter,
    let_holds_go,
    make_berth,
    make_client,
    make_dock,
    make_vessel,
    make_waiting_list,
    user_id,
)

MANAGER, MATE, VIEWER = "sales_manager@north.example", "teammate@north.example", "viewer@north.example"
Visit = Callable[[str], Visitor]
Relayed = Callable[[], list[str]]
YEAR = Range(datetime(2027, 1, 1, 10, tzinfo=UTC), datetime(2028, 1, 1, 10, tzinfo=UTC))


def put_on(waiting_list: WaitingList, by: Member, name: str, /, **more: Any) -> WaitingEntry:
    """Somebody with a boat of 9 × 3 m unless it is said otherwise."""
    size = {"loa": Decimal(9), "beam": Decimal(3), **more.pop("size", {})}
    fields = {**size, "priority_class": more.pop("priority_class", PriorityClass.OTHER)}
    client = more.pop("client", None) or make_client(by, full_name=name)
    return WaitingEntry.enter(waiting_list, client, fields=fields, by=by, **more)


def line(waiting_list: WaitingList) -> list[str]:
    return [f"{place.rank} {place.entry.client.full_name}" for place in waiting_list.line()]


def opened(number: int) -> WaitingEntry:
    """The entry as the views have it: behind the lock of its list."""
    entry = db.session.scalars(select(WaitingEntry).where(WaitingEntry.number == number)).one()
    locked = WaitingList.locked(entry.list_id)
    return next((one for one in locked.offered() if one.number == number), entry)


# --- The order ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_people_stand_by_the_day_they_asked_and_nobody_writes_another() -> None:
    manager = enter(MANAGER)
    found = make_waiting_list(manager)
    first, second = put_on(found, manager, "Ann"), put_on(found, manager, "Bo")
    early = datetime(2020, 5, 1, tzinfo=UTC)
    put_on(found, manager, "Cid", requested_at=early, source="Paper list, page 4")
    assert line(found) == ["1 Cid", "2 Ann", "3 Bo"]
    with pytest.raises(ValueError, match="source"):
        put_on(found, manager, "Dee", requested_at=early)
    with pytest.raises(Refused, match="still to come"):
        put_on(found, manager, "Eve", requested_at=now() + timedelta(days=1), source="Paper list")
    db.session.flush()
    backdated = "UPDATE waiting_entries SET requested_at = '2019-01-01' WHERE id = :id"
    with pytest.raises(ProgrammingError, match="permission denied"), db.session.begin_nested():
        db.session.execute(text(backdated), {"id": second.id})
    with pytest.raises(ProgrammingError, match="permission denied"), db.session.begin_nested():
        db.session.execute(text("UPDATE waiting_events SET placed_at = '2019-01-01'"))
    with pytest.raises(IntegrityError, match="requested_at"), db.session.begin_nested():
        db.session.execute(
            text(
                "INSERT INTO waiting_entries (id, port_id, number, list_id, client_id, priority_class, notes,"
                " requested_at, source, status, version, created_at, updated_at) SELECT gen_random_uuid(), port_id,"
                " 77, list_id, client_id, 'other', '', '2019-01-01', '', 'withdrawn', 1, created_at, created_at"
                " FROM waiting_entries WHERE id = :id"
            ),
            {"id": first.id},
        )
    noted = (
        "INSERT INTO waiting_events (id, port_id, entry_id, kind, at, by_name, reason, placed_at)"
        " VALUES (gen_random_uuid(), :port, :id, :kind, :at, '', 'x', '2019-01-01')"
    )
    for kind, broken in (("declined", "placed_at"), ("entered", "asked")):
        values = {"port": NORTH, "id": second.id, "kind": kind, "at": now()}
        with pytest.raises(IntegrityError, match=broken), db.session.begin_nested():
            db.session.execute(text(noted), values)
    assert line(found) == ["1 Cid", "2 Ann", "3 Bo"]


@pytest.mark.usefixtures("db")
def test_a_form_says_no_other_day(visit: Visit) -> None:
    manager = enter(MANAGER)
    client, found = make_client(manager), make_waiting_list(manager)
    url, list_id = f"/north/waiting-lists/{found.number}/entries", found.id
    form = {"client": f"· {client.number}", "priority_class": "other", "_key": uuid.uuid4().hex}
    commit()
    back = {"requested_at": "2019-01-01", "placed_at": "2019-01-01", "source": "Paper", "created_at": "2019-01-01"}
    before = now()
    assert visit(MANAGER).post(url, {**form, **back}).status_code == 303
    entry = db.session.scalars(select(WaitingEntry).where(WaitingEntry.list_id == list_id)).one()
    assert (entry.requested_at >= before, entry.source) == (True, "")


@pytest.mark.usefixtures("db")
def test_classes_come_first_where_the_list_says_so() -> None:
    manager = enter(MANAGER)
    found = make_waiting_list(manager, order=Order.CLASS_THEN_DATE)
    put_on(found, manager, "Other")
    put_on(found, manager, "Resident", priority_class=PriorityClass.RESIDENT)
    put_on(found, manager, "Holder", priority_class=PriorityClass.HOLDER)
    late = put_on(found, manager, "Late")
    assert line(found) == ["1 Holder", "2 Resident", "3 Other", "4 Late"]
    assert "then who lives here" in found.rule
    with pytest.raises(Refused, match="Say why"):
        late.place(PriorityClass.HOLDER, by=manager, reason="")
    for _ in range(2):
        late.place(PriorityClass.HOLDER, by=manager, reason="Took over the berth of a relative")
    assert line(found) == ["1 Holder", "2 Late", "3 Resident", "4 Other"]
    found.update({"order": Order.DATE}, by=manager)
    assert line(found) == ["1 Other", "2 Resident", "3 Holder", "4 Late"]


@pytest.mark.usefixtures("db")
def test_nobody_waits_twice_on_a_list_with_one_boat() -> None:
    manager = enter(MANAGER)
    found = make_waiting_list(manager)
    client = make_client(manager)
    entry = put_on(found, manager, "", client=client)
    with pytest.raises(Refused, match="already"):
        put_on(found, manager, "", client=client)
    put_on(found, manager, "", client=client, vessel=make_vessel(manager, client))
    db.session.refresh(entry, ["client"])
    entry.withdraw(by=manager, reason="Sold the boat")
    put_on(found, manager, "", client=client)


# --- Verbs --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_verbs_record_once_and_repeat_without_harm(relayed: Relayed) -> None:
    manager = enter(MANAGER)
    berth, found = make_berth(manager), make_waiting_list(manager, offers_next=False)
    numbers = [put_on(found, manager, name).number for name in ("Ann", "Bo", "Cid")]
    for number in numbers:
        found.offer(berth, YEAR, by=manager)
        if number == numbers[0]:
            for _ in range(2):
                opened(number).decline(by=manager, reason="Too narrow")
        elif number == numbers[1]:
            for _ in range(2):
                opened(number).withdraw(by=manager)
        else:
            for _ in range(2):
                opened(number).accept(by=manager)
    told = [name for name in relayed() if name.startswith("waitingEntry:")]
    assert sorted(told) == [
        "waitingEntry:accepted",
        "waitingEntry:declined",
        *["waitingEntry:entered"] * 3,
        *["waitingEntry:offered"] * 3,
        "waitingEntry:withdrawn",
    ]


@pytest.mark.usefixtures("db")
def test_an_offer_holds_the_berth_and_a_yes_is_a_stay() -> None:
    manager = enter(MANAGER)
    berth, found = make_berth(manager), make_waiting_list(manager)
    entry = put_on(found, manager, "Ann")
    offered = found.offer(berth, YEAR, by=manager)
    assert offered.id == entry.id
    hold = db.session.get_one(Occupancy, offered.occupancy_id)
    assert (hold.kind, hold.during, hold.client_id) == (OccupancyKind.HOLD, YEAR, entry.client_id)
    with pytest.raises(Overlap):
        Occupancy.book(berth, YEAR, OccupancyKind.VISIT, by=manager, client=make_client(manager))
    booked = opened(entry.number).accept(by=manager)
    assert booked is not None
    assert (booked.kind, booked.during, hold.state) == (OccupancyKind.CONTRACT, YEAR, OccupancyState.CANCELLED)
    assert line(found) == []
    words = [one.text for one in timeline("client", entry.client_id)]
    assert "noted that berth B 12 was accepted" in words
    assert "noted that berth B 12 was accepted" in [one.text for one in timeline("berth", berth.id)]


@pytest.mark.usefixtures("db")
def test_who_does_not_fit_is_passed_over_and_told_why() -> None:
    manager = enter(MANAGER)
    berth, found = make_berth(manager, max_beam=Decimal("3.5"), max_loa=Decimal(10)), make_waiting_list(manager)
    wide = put_on(found, manager, "Wide", size={"beam": Decimal(4)})
    fits = put_on(found, manager, "Fits")
    places = found.line(berth)
    assert [(place.entry.id, place.is_next) for place in places] == [(wide.id, False), (fits.id, True)]
    assert places[0].fit is not None
    assert "70 cm too wide" in places[0].fit.reasons[0]
    assert found.offer(berth, YEAR, by=manager).id == fits.id
    narrow = make_berth(manager, berth.dock, "14", max_beam=Decimal(2))
    with pytest.raises(Unofferable):
        found.offer(narrow, YEAR, by=manager, to=opened(wide.number))


@pytest.mark.usefixtures("db")
def test_out_of_turn_needs_a_reason_and_stays_in_the_history() -> None:
    manager = enter(MANAGER)
    berth, found = make_berth(manager), make_waiting_list(manager)
    first, second = put_on(found, manager, "Ann"), put_on(found, manager, "Bo")
    with pytest.raises(Refused, match="Say why Ann is passed over"):
        found.offer(berth, YEAR, by=manager, to=second)
    found.offer(berth, YEAR, by=manager, to=second, reason="Ann is abroad until May")
    events = db.session.scalars(select(WaitingEvent).where(WaitingEvent.entry_id == first.id).order_by(WaitingEvent.id))
    assert [(event.kind, event.reason) for event in events] == [("entered", ""), ("skipped", "Ann is abroad until May")]
    assert line(found) == ["1 Ann", "2 Bo"]


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("after", "expected", "status"),
    [
        (AfterNo.KEEPS, ["1 Ann", "2 Bo"], WaitingStatus.WAITING),
        (AfterNo.GOES_BACK, ["1 Bo", "2 Ann"], WaitingStatus.WAITING),
        (AfterNo.LEAVES, ["1 Bo"], WaitingStatus.DECLINED),
    ],
)
def test_what_becomes_of_who_declines_says_the_list(after: AfterNo, expected: list[str], status: WaitingStatus) -> None:
    manager = enter(MANAGER)
    berth, found = make_berth(manager), make_waiting_list(manager, after_no=after)
    first, second = put_on(found, manager, "Ann"), put_on(found, manager, "Bo")
    found.offer(berth, YEAR, by=manager)
    opened(first.number).decline(by=manager, reason="Too far out")
    assert line(found) == expected
    assert (first.status, second.status) == (status, WaitingStatus.OFFERED)


@pytest.mark.usefixtures("db")
def test_a_berth_outside_the_scope_is_not_offered() -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager, max_beam=Decimal(3))
    other = make_berth(manager, make_dock(manager, "C"), max_beam=Decimal(4))
    unknown = make_berth(manager, other.dock, "13")
    scopes: list[dict[str, Any]] = [
        {"berth_id": berth.id},
        {"dock_id": berth.dock_id},
        {"harbour_id": berth.dock.harbour_id},
        {"over_width": Decimal("2.5"), "up_to_width": Decimal(3)},
    ]
    for scope in scopes:
        found = make_waiting_list(manager, **scope)
        put_on(found, manager, "Ann", size={"beam": Decimal(2)})
        assert [found.has_in_scope(one) for one in (berth, other, unknown)] == [True, False, False], scope
        with pytest.raises(Refused, match="not for that berth"):
            found.offer(other, YEAR, by=manager)


@pytest.mark.usefixtures("db")
def test_a_list_is_closed_when_nobody_waits() -> None:
    manager = enter(MANAGER)
    found = make_waiting_list(manager)
    entry = put_on(found, manager, "Ann")
    with pytest.raises(Refused, match="1 still wait"):
        found.archive(by=manager)
    db.session.refresh(entry, ["client"])
    entry.withdraw(by=manager)
    for _ in range(2):
        found.archive(by=manager)
    with pytest.raises(Refused, match="Restore"):
        put_on(found, manager, "Bo")
    for _ in range(2):
        found.restore(by=manager)
    put_on(found, manager, "Bo")


# --- Time -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_who_does_not_answer_makes_room_for_the_next(relayed: Relayed) -> None:
    manager = enter(MANAGER)
    berth, found = make_berth(manager), make_waiting_list(manager)
    first, second = put_on(found, manager, "Ann"), put_on(found, manager, "Bo")
    found.offer(berth, YEAR, by=manager)
    until = now() + timedelta(days=found.offer_days)
    relayed()
    for moment, statuses in (
        (until - timedelta(minutes=1), (WaitingStatus.OFFERED, WaitingStatus.WAITING)),
        (until + timedelta(minutes=1), (WaitingStatus.EXPIRED, WaitingStatus.OFFERED)),
        (until + timedelta(minutes=6), (WaitingStatus.EXPIRED, WaitingStatus.OFFERED)),
        (until + timedelta(days=8), (WaitingStatus.EXPIRED, WaitingStatus.EXPIRED)),
    ):
        with time_machine.travel(moment, tick=False):
            act_for(NORTH)
            let_holds_go()
            commit()
            act_for(NORTH)
        ids = (first.id, second.id)
        stand = {one.id: one.status for one in db.session.scalars(select(WaitingEntry))}
        assert tuple(stand[one] for one in ids) == statuses
    relayed()
    begin(port_id=NORTH, user_id=user_id(MATE), scope="staff")
    told = db.session.scalars(select(Notification).where(Notification.user_id == user_id(MATE)))
    assert sorted(one.words.title for one in told) == [
        "Ann did not answer in time about berth B 12",
        "Berth B 12 was offered to Ann",
        "Berth B 12 was offered to Bo",
        "Bo did not answer in time about berth B 12",
    ]
    begin(port_id=NORTH, scope="staff")
    taken = select(Occupancy.id).where(Occupancy.state != OccupancyState.CANCELLED)
    assert db.session.scalars(taken).all() == []


@pytest.mark.usefixtures("db")
def test_an_answer_that_comes_too_late_is_none() -> None:
    manager = enter(MANAGER)
    berth, found = make_berth(manager), make_waiting_list(manager)
    entry = put_on(found, manager, "Ann")
    found.offer(berth, YEAR, by=manager)
    with time_machine.travel(now() + timedelta(days=8), tick=False), pytest.raises(Refused, match="is over"):
        opened(entry.number).accept(by=manager)


@pytest.mark.usefixtures("db")
def test_places_follow_a_merge_and_go_with_an_erasure() -> None:
    manager = enter(MANAGER)
    found = make_waiting_list(manager)
    survivor, merged = make_client(manager), make_client(manager, full_name="L. Marchand")
    other = make_waiting_list(manager, name="Other")
    kept, twice = put_on(found, manager, "", client=survivor), put_on(found, manager, "", client=merged)
    alone = put_on(other, manager, "", client=merged)
    merge = Merge.make(survivor, merged, [], by=manager)
    db.session.expire_all()
    assert (alone.client_id, twice.status, kept.status) == (survivor.id, "withdrawn", "waiting")
    merge.undo(survivor, merged, by=manager)
    db.session.expire_all()
    assert (alone.client_id, twice.status) == (merged.id, "waiting")
    erase(merged, reason="Asked for it", by=manager)
    assert db.session.scalars(select(WaitingEntry.id)).all() == [kept.id]


@pytest.mark.usefixtures("db")
def test_what_is_offered_to_a_client_who_is_merged_is_the_survivors() -> None:
    """Who waited beside it in the same line makes room, and has the place back when the merge is undone."""
    manager = enter(MANAGER)
    survivor, merged = make_client(manager, full_name="Ann North"), make_client(manager, full_name="A. North")
    found, other = make_waiting_list(manager), make_waiting_list(manager, name="Other")
    entries = [
        put_on(found, manager, "", client=merged),
        put_on(found, manager, "", client=survivor),
        put_on(other, manager, "", client=survivor),
        put_on(other, manager, "", client=merged),
    ]
    found.offer(make_berth(manager), YEAR, by=manager)
    assert states() == ["offered", "waiting", "waiting", "waiting"]
    was = images(entries)
    merge = Merge.make(survivor, merged, [], by=manager)
    db.session.expire_all()
    assert states() == ["offered", "withdrawn", "waiting", "withdrawn"]
    assert {entry.client_id for entry in entries} == {survivor.id}
    assert merge.undo(survivor, merged, by=manager) == []
    db.session.expire_all()
    assert images(entries) == was
    Merge.make(survivor, merged, [], by=manager)
    db.session.expire_all()
    assert opened(entries[0].number).accept(by=manager) is not None


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("answer", ["decline", "take_back"])
def test_who_was_merged_while_both_were_offered_a_berth_stands_in_no_line_after_it(answer: str) -> None:
    manager = enter(MANAGER)
    survivor, merged = make_client(manager, full_name="Ann North"), make_client(manager, full_name="A. North")
    found = make_waiting_list(manager, after_no="keeps", offers_next=False)
    theirs = put_on(found, manager, "", client=merged)
    put_on(found, manager, "", client=survivor)
    dock = make_dock(manager)
    for code in ("12", "14"):
        found.offer(make_berth(manager, dock, code), YEAR, by=manager)
    Merge.make(survivor, merged, [], by=manager)
    db.session.expire_all()
    assert states() == ["offered", "offered"]
    entry = opened(theirs.number)
    assert getattr(entry, answer)(by=manager)
    assert states() == ["withdrawn", "offered"]
    assert line(found) == ["1 Ann North"]
    kinds = select(WaitingEvent.kind).where(WaitingEvent.entry_id == entry.id).order_by(WaitingEvent.id.desc())
    assert db.session.scalars(kinds.limit(2)).all() == ["withdrawn", {"decline": "declined"}.get(answer, "taken_back")]
    told = timeline("waitingEntry", entry.id)[0]
    assert "took this client off the waiting list" in told.text
    assert "merged into another client" in told.text


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("offered", [None, "theirs", "both"])
def test_who_is_off_the_list_by_a_merge_is_told_so(visit: Visit, offered: str | None) -> None:
    manager = enter(MANAGER)
    survivor, merged = make_client(manager, full_name="Ann North"), make_client(manager, full_name="A. North")
    found = make_waiting_list(manager, after_no="keeps", offers_next=False)
    theirs, mine = put_on(found, manager, "", client=merged), put_on(found, manager, "", client=survivor)
    alone = put_on(make_waiting_list(manager, name="Other"), manager, "", client=merged)
    dock = make_dock(manager)
    for code in {None: (), "theirs": ("12",), "both": ("12", "14")}[offered]:
        found.offer(make_berth(manager, dock, code), YEAR, by=manager)
    Merge.make(survivor, merged, [], by=manager)
    db.session.expire_all()
    if offered == "both":
        opened(theirs.number).decline(by=manager)
    off, stays = (mine, theirs) if offered == "theirs" else (theirs, mine)
    other = f"/waiting-entries/{stays.number}", "Merged into the other place of Ann North"
    said = (f"/clients/{survivor.number}", "Merged into Ann North") if offered == "both" else other
    of = {name: entry.number for name, entry in (("off", off), ("stays", stays), ("alone", alone))}
    commit()
    assert {name: why_off(visit, number) for name, number in of.items()} == {"off": [said], "stays": [], "alone": []}
    undo_merge()
    assert why_off(visit, of["off"]) == []


def undo_merge() -> None:
    by, merge = enter(MANAGER), db.session.scalars(select(Merge)).one()
    both = (select(Client).where(Client.id == one) for one in (merge.survivor_id, merge.merged_id))
    merge.undo(*lock_two(*both), by=by)
    commit()


def why_off(visit: Visit, number: int) -> list[tuple[str, str]]:
    page = visit(MANAGER).get(f"/north/waiting-entries/{number}").text
    return re.findall(r'href="/north([^"]*)">(Merged into [^<]*)</a>', page)


@pytest.mark.usefixtures("db")
def test_who_takes_an_entry_off_is_told_and_no_merge(visit: Visit) -> None:
    manager = enter(MANAGER)
    survivor, merged = make_client(manager, full_name="Ann North"), make_client(manager, full_name="A. North")
    found = make_waiting_list(manager)
    theirs = put_on(found, manager, "", client=merged)
    theirs.withdraw(by=manager, reason="Sold the boat")
    put_on(found, manager, "", client=survivor)
    Merge.make(survivor, merged, [], by=manager)
    number = theirs.number
    commit()
    assert why_off(visit, number) == []
    assert "Sold the boat" in visit(MANAGER).get(f"/north/waiting-entries/{number}").text


@pytest.mark.usefixtures("db")
def test_open_lists_see_a_merge_and_its_undoing(relayed: Relayed, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = enter(MANAGER)
    survivor, merged = make_client(manager, full_name="Ann North"), make_client(manager, full_name="A. North")
    found, other, theirs = (make_waiting_list(manager, name=name) for name in ("Any berth", "Other", "Of others"))
    for client in (survivor, merged):
        put_on(found, manager, "", client=client)
    put_on(other, manager, "", client=merged)
    put_on(theirs, manager, "Cy")
    rooms = {f"waiting_list:{one.id}" for one in (found, other)} | {f"port:{NORTH}:waiting_lists"}
    both = survivor.id, merged.id
    relayed()
    heard: list[str] = []
    monkeypatch.setattr("app.live.refresh", lambda room, **_: heard.append(room))
    manager = enter(MANAGER)
    survivor, merged = lock_two(*(select(Client).where(Client.id == one) for one in both))
    Merge.make(survivor, merged, [], by=manager)
    relayed()
    assert {room for room in heard if "waiting" in room} == rooms
    heard.clear()
    undo_merge()
    relayed()
    assert {room for room in heard if "waiting" in room} == rooms


def states() -> list[str]:
    db.session.flush()
    return list(db.session.scalars(select(WaitingEntry.status).order_by(WaitingEntry.id)))


def images(entries: list[WaitingEntry]) -> list[str]:
    """The rows as they stand in the database."""
    db.session.flush()
    statement = text("SELECT to_jsonb(t)::text FROM waiting_entries t WHERE id = ANY (:ids) ORDER BY id")
    return list(db.session.scalars(statement, {"ids": [entry.id for entry in entries]}))


# --- Two at once --------------------------------------------------------------------------------------------------


@pytest.fixture
def waiting(committed: Installation) -> tuple[Installation, int, int]:
    """A list with Ann and Bo, and a berth: their numbers."""
    with committed.app.app_context():
        manager = enter(MANAGER)
        found = make_waiting_list(manager, name=uuid.uuid4().hex)
        for name in ("Ann", "Bo"):
            put_on(found, manager, name)
        numbers = found.number, make_berth(manager, make_dock(manager, uuid.uuid4().hex[:8])).number
        commit()
    return committed, *numbers


def the(model: Any, number: int) -> Any:
    return db.session.scalars(select(model).where(model.number == number)).one()


def offers(waiting_list: int) -> list[str]:
    begin(port_id=NORTH, scope="staff")
    found = the(WaitingList, waiting_list)
    return [place.entry.client.full_name for place in found.line() if place.entry.status == WaitingStatus.OFFERED]


def test_two_who_offer_one_berth_at_once_make_one_offer(waiting: tuple[Installation, int, int]) -> None:
    installation, number, berth_number = waiting
    app = installation.app
    with app.app_context():
        visitors = [Visitor.of(app, email) for email in (MANAGER, MATE)]

    def offer(visitor: Visitor) -> int:
        form = {"berth": f"· {berth_number}", "arrives": "2027-01-01", "leaves": "2028-01-01", "to": ""}
        url = f"/north/waiting-lists/{number}/offers"
        return visitor.post(url, {**form, "_key": uuid.uuid4().hex}).status_code

    assert sorted(together(*(lambda one=one: offer(one) for one in visitors))) == [303, 409]
    with app.app_context():
        assert offers(number) == ["Ann"]


def test_two_workers_who_expire_at_once_offer_it_once(waiting: tuple[Installation, int, int]) -> None:
    installation, number, berth_number = waiting
    app = installation.app
    with app.app_context():
        by = enter(MANAGER)
        the(WaitingList, number).offer(the(Berth, berth_number), YEAR, by=by)
        commit()
    with installation.database.connect() as owner:
        past = "UPDATE berth_occupancies SET hold_expires_at = %s WHERE state = 'planned' AND kind = 'hold'"
        owner.execute(past, (now() - timedelta(minutes=1),))

    def work() -> None:
        with app.app_context():
            act_for(NORTH)
            let_holds_go()
            commit()

    together(work, work)
    with app.app_context():
        assert offers(number) == ["Bo"]
        holds = select(Occupancy.id).where(
            Occupancy.berth_id == the(Berth, berth_number).id, Occupancy.state != OccupancyState.CANCELLED
        )
        assert len(db.session.scalars(holds).all()) == 1


def test_one_entry_has_one_offer_whatever_writes_it(waiting: tuple[Installation, int, int]) -> None:
    installation, number, berth_number = waiting
    with installation.app.app_context():
        by = enter(MANAGER)
        the_list = the(WaitingList, number)
        entry = the_list.offer(the(Berth, berth_number), YEAR, by=by)
        second = next(place.entry for place in the_list.line() if place.entry.status == WaitingStatus.WAITING)
        ids = entry.occupancy_id, second.id
        commit()
    with installation.database.connect() as owner, pytest.raises(psycopg.errors.UniqueViolation):
        owner.execute("UPDATE waiting_entries SET status = 'offered', occupancy_id = %s WHERE id = %s", ids)


# --- Pages --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_a_list_is_made_somebody_put_on_offered_and_accepted(visit: Visit) -> None:
    manager = enter(MANAGER)
    client, berth = make_client(manager), make_berth(manager, max_beam=Decimal("3.2"))
    pages = f"/north/clients/{client.number}", f"/north/berths/{berth.number}"
    client_number, berth_number = client.number, berth.number
    commit()
    visitor = visit(MANAGER)
    typed = {"name": "Three metres", "over_width": "3,0", "up_to_width": "3.5"}
    form = {**visitor.form("/north/waiting-lists/new"), **typed}
    for _ in range(2):
        url = visitor.post("/north/waiting-lists", form).location
    assert "width 3.00 – 3.50 m" in visitor.get(url).text.replace("\n", "")
    entered = {**visitor.form(f"{url}/entries/new?client={client_number}"), "beam": "2.9", "loa": "9"}
    assert entered["client"] == f"Léa Marchand · {client_number}"
    entry_url = visitor.post(f"{url}/entries", entered).location
    assert "Place 1 on" in visitor.get(entry_url).text
    assert visitor.post(f"{url}/entries", {**entered, "_key": uuid.uuid4().hex}).status_code == 409
    for one in pages:
        assert "Three metres" in visitor.get(one).text
    offer_url = f"{url}/offers/new?berth=·%20{berth_number}"
    offer = {**visitor.form(offer_url), "arrives": "2027-05-01", "leaves": "2027-10-01"}
    assert "Who is next and fits: Léa Marchand" in visitor.get(offer_url).text
    assert visitor.post(f"{url}/offers", {**offer, "to": ""}).location == entry_url
    assert "Offered" in visitor.get(entry_url).text
    stay = visitor.post(f"{entry_url}/acceptance").location
    assert "/north/occupancies/" in stay
    assert visitor.get(stay).status_code == 200
    assert visitor.post(f"{url}/archival").status_code == 303
    assert visitor.delete(f"{url}/archival").status_code == 303


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "Type the name of the list."),
        ({"over_width": "3", "up_to_width": "2.5"}, "more than the width above"),
        ({"offer_days": "0"}, "Between 1 and 365 days."),
        ({"berth": "Z 99"}, "No berth is called so"),
    ],
)
def test_a_list_that_is_wrong_is_shown_again(visit: Visit, wrong: dict[str, str], words: str) -> None:
    visitor = visit(MANAGER)
    form = {**visitor.form("/north/waiting-lists/new"), "name": "Three metres", **wrong}
    answer = visitor.post("/north/waiting-lists", form)
    assert answer.status_code == 422
    assert words in answer.text


@pytest.mark.usefixtures("db")
def test_an_offer_that_cannot_be_says_why_and_keeps_what_was_typed(visit: Visit) -> None:
    manager = enter(MANAGER)
    berth, found = make_berth(manager), make_waiting_list(manager)
    put_on(found, manager, "Ann")
    second = put_on(found, manager, "Bo").number
    Occupancy.book(berth, YEAR, OccupancyKind.VISIT, by=manager, client=make_client(manager))
    url, number = f"/north/waiting-lists/{found.number}/offers", berth.number
    commit()
    visitor = visit(MANAGER)
    form = {**visitor.form(f"{url}/new"), "berth": f"· {number}", "to": ""}
    taken = visitor.post(url, {**form, "arrives": "2027-05-01", "leaves": "2027-06-01"})
    assert taken.status_code == 409
    assert "This berth is taken in that time" in taken.text
    assert "2027-05-01" in taken.text
    jump = visitor.post(url, {**form, "arrives": "2029-05-01", "to": str(second), "_key": uuid.uuid4().hex})
    assert jump.status_code == 409
    assert "Say why Ann is passed over." in jump.text
    for wrong, words in (
        ({"arrives": ""}, "Say from which day."),
        ({"arrives": "2027-05-01", "leaves": "2027-04-01"}, "It ends before it begins."),
        ({"berth": "", "arrives": "2027-05-01"}, "Say which berth."),
    ):
        answer = visitor.post(url, {**form, **wrong, "_key": uuid.uuid4().hex})
        assert answer.status_code == 422
        assert words in answer.text


@pytest.mark.usefixtures("db")
def test_who_may_only_look_changes_nothing(visit: Visit) -> None:
    manager = enter(MANAGER)
    found = make_waiting_list(manager)
    entry = put_on(found, manager, "Ann").number
    number = found.number
    commit()
    viewer = visit(VIEWER)
    assert "Offer a berth" not in viewer.get(f"/north/waiting-lists/{number}").text
    assert viewer.get(f"/north/waiting-entries/{entry}").status_code == 200
    assert viewer.post(f"/north/waiting-entries/{entry}/withdrawal").status_code == 403


@pytest.mark.usefixtures("db")
def test_a_long_line_takes_a_handful_of_statements(visit: Visit, statements: list[str]) -> None:
    manager = enter(MANAGER)
    found = make_waiting_list(manager)
    for at in range(20):
        put_on(found, manager, f"Number {at}")
    number = found.number
    commit()
    visitor = visit(MANAGER)
    statements.clear()
    assert visitor.get(f"/north/waiting-lists/{number}").text.count('id="entry-') == 20
    assert len(statements) <= 6
    statements.clear()
    assert visitor.get("/north/waiting-lists").status_code == 200
    assert len(statements) <= 3


@pytest.mark.usefixtures("db")
def test_a_long_line_is_counted_whole_and_shown_page_by_page(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.waiting_list.queries.ON_PAGE", 2)
    manager = enter(MANAGER)
    found = make_waiting_list(manager)
    entries = [put_on(found, manager, f"Waiting {n}") for n in range(5)]
    entries[0].withdraw(by=manager)
    url = f"/north/waiting-lists/{found.number}"
    commit()
    visitor = visit(VIEWER)
    for start, shown in ((1, ["Waiting 1", "Waiting 2"]), (3, ["Waiting 3", "Waiting 4"]), (5, ["Waiting 0"])):
        page = visitor.get(f"{url}?from={start}").text
        assert re.findall(r"Waiting \d", page.partition('class="split"')[2].partition("<aside")[0]) == shown
        assert "4 in line" in page
        assert f"{start}–{start + len(shown) - 1} of 5" in page
    assert "Nobody waits" not in page
