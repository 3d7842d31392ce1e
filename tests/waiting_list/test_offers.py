"""Offers: a hold and nothing else says which berth and until when; what comes of a yes; who comes at once; a killed
worker."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from app.berths.jobs import release_hold
from app.berths.models import Berth, Occupancy, OccupancyState
from app.db import begin, commit, db, now, rollback
from app.dev.processes import wait_until
from app.errors import Refused
from app.events.models import Event
from app.events.timeline import timeline
from app.interests.models import Interest, hold_of
from app.jobs import Job, act_for, perform
from app.waiting_list.models import WaitingEntry, WaitingEvent, WaitingList, WaitingStatus
from tests.clients.killing import children, send_again, start_worker, work_off_outbox
from tests.servers import Installation
from tests.waiting import Beside
from tests.world import (
    NORTH,
    Visitor,
    enter,
    let_holds_go,
    make_berth,
    make_client,
    make_dock,
    make_waiting_list,
    relay,
)

MANAGER = "sales_manager@north.example"
Visit = Callable[[str], Visitor]
YEAR = Range(datetime(2027, 1, 1, 10, tzinfo=UTC), datetime(2028, 1, 1, 10, tzinfo=UTC))


def offer(**fields: Any) -> tuple[WaitingList, WaitingEntry, Occupancy]:
    """A list with Ann and Bo, of whom Ann is offered a berth."""
    manager = enter(MANAGER)
    found = make_waiting_list(manager, **fields)
    for name in ("Ann", "Bo"):
        WaitingEntry.enter(found, make_client(manager, full_name=name), by=manager)
    berth = make_berth(manager, make_dock(manager, uuid.uuid4().hex[:8]))
    entry = found.offer(berth, YEAR, by=manager)
    return found, entry, db.session.get_one(Occupancy, entry.occupancy_id)


def standing(waiting_list: WaitingList) -> list[str]:
    return [f"{place.entry.client.full_name} {place.entry.status}" for place in waiting_list.line()]


def states_of(berth_id: uuid.UUID) -> list[str]:
    found = select(Occupancy).where(Occupancy.berth_id == berth_id).order_by(Occupancy.id)
    return [f"{one.kind} {one.state}" for one in db.session.scalars(found)]


def do_jobs() -> None:
    """What waits to be done later, as a worker does it."""
    for job_id in db.session.scalars(select(Job.id).order_by(Job.id)).all():
        commit()
        perform(str(job_id))
    enter(MANAGER)
    db.session.expire_all()


# --- One truth ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_the_hold_alone_says_until_when() -> None:
    found, entry, hold = offer()
    until = hold.hold_expires_at
    assert until is not None
    assert until - now() > timedelta(days=6, hours=23)
    hold.hold_expires_at = until + timedelta(days=3)
    for moment, status in ((until + timedelta(days=2), "offered"), (until + timedelta(days=4), "expired")):
        with time_machine.travel(moment, tick=False):
            enter(MANAGER)
            let_holds_go()
        assert db.session.get_one(WaitingEntry, entry.id).status == status
    assert standing(found) == ["Bo offered"]


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(("by_hand", "ended"), [(False, "expired"), (True, "declined")])
def test_what_no_time_is_left_of_is_offered_to_nobody_else(visit: Visit, by_hand: bool, ended: str) -> None:
    found, entry, hold = offer()
    number, berth_id, entry_id = entry.number, hold.berth_id, entry.id
    assert YEAR.upper is not None
    commit()
    with time_machine.travel(YEAR.upper, tick=False):
        if by_hand:
            assert visit(MANAGER).post(f"/north/waiting-entries/{number}/refusal").status_code == 303
        enter(MANAGER)
        let_holds_go()
        commit()
    enter(MANAGER)
    db.session.expire_all()
    assert db.session.get_one(WaitingEntry, entry_id).status == ended
    assert standing(the(WaitingList, found.number)) == ["Bo waiting"]
    assert states_of(berth_id) == ["hold cancelled"]


@pytest.mark.usefixtures("db")
def test_its_pages_say_the_same(visit: Visit) -> None:
    found, entry, hold = offer()
    pages = f"waiting-lists/{found.number}", f"waiting-entries/{entry.number}", f"occupancies/{hold.number}"
    hold.hold_expires_at = datetime(2027, 3, 9, 10, 30, tzinfo=UTC)
    other = make_berth(enter(MANAGER), make_dock(enter(MANAGER), "Q"), "77")
    hold.move(other, YEAR, by=enter(MANAGER))
    commit()
    visitor = visit(MANAGER)
    for one in pages:
        words = visitor.get(f"/north/{one}").text
        assert "Q 77" in words
        assert "9 Mar 2027" in words


@pytest.mark.usefixtures("db")
def test_a_hold_that_is_cancelled_takes_the_offer_back(visit: Visit) -> None:
    found, entry, hold = offer()
    number, hold_number, entry_id, hold_id = found.number, hold.number, entry.id, hold.id
    commit()
    visit(MANAGER).post(f"/north/occupancies/{hold_number}/cancellation")
    relay()
    for _ in range(2):
        do_jobs()
    assert standing(the(WaitingList, number)) == ["Ann waiting", "Bo waiting"]
    kinds = select(WaitingEvent.kind).where(WaitingEvent.entry_id == entry_id).order_by(WaitingEvent.id)
    assert db.session.scalars(kinds).all() == ["entered", "offered", "taken_back"]
    assert "the hold was cancelled" in timeline("occupancy", hold_id)[0].text


@pytest.mark.usefixtures("db")
def test_a_hold_that_ended_keeps_nobody_from_a_no() -> None:
    """Before the job has noticed it."""
    for act, stands in (("decline", ["Bo waiting"]), ("withdraw", ["Bo waiting"]), ("take_back", ["Ann waiting"])):
        found, entry, hold = offer(offers_next=False)
        hold.note_no_show(by=enter(MANAGER))
        locked = next(one for one in WaitingList.locked(entry.list_id).offered() if one.id == entry.id)
        with pytest.raises(Refused, match="is over"):
            locked.accept(by=enter(MANAGER))
        assert getattr(locked, act)(by=enter(MANAGER))
        assert standing(found)[: len(stands)] == stands


@pytest.mark.usefixtures("db")
def test_an_offer_is_taken_back_by_hand_once(visit: Visit, relayed: Callable[[], list[str]]) -> None:
    found, entry, hold = offer()
    number, entry_number, berth_id = found.number, entry.number, hold.berth_id
    relayed()
    visitor = visit(MANAGER)
    for _ in range(2):
        assert visitor.delete(f"/north/waiting-entries/{entry_number}/offer").status_code == 303
    assert relayed().count("waitingEntry:offerTakenBack") == 1
    enter(MANAGER)
    assert standing(the(WaitingList, number)) == ["Ann waiting", "Bo waiting"]
    assert states_of(berth_id) == ["hold cancelled"]


# --- What comes of a yes ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_a_yes_leads_to_the_stay(visit: Visit) -> None:
    _found, entry, hold = offer()
    number, berth_id = entry.number, hold.berth_id
    commit()
    visitor = visit(MANAGER)
    for _ in range(2):
        assert visitor.post(f"/north/waiting-entries/{number}/acceptance").status_code == 303
    assert visitor.post(f"/north/waiting-entries/{number}/sale").status_code == 303
    enter(MANAGER)
    assert states_of(berth_id) == ["hold cancelled", "contract planned"]
    stay = db.session.scalars(select(Occupancy).where(Occupancy.state == OccupancyState.PLANNED)).one()
    assert f"Stay {stay.number}" in visitor.get(f"/north/waiting-entries/{number}").text
    assert db.session.scalars(select(Interest.id)).all() == []


@pytest.mark.usefixtures("db")
def test_a_sale_has_the_hold_until_it_is_completed_or_lost(visit: Visit) -> None:
    found, entry, hold = offer(offers_next=False)
    number, berth_id, client_id = entry.number, hold.berth_id, entry.client_id
    commit()
    with time_machine.travel(now() + timedelta(days=6), tick=False):
        visitor = visit(MANAGER)
        for _ in range(2):
            assert visitor.post(f"/north/waiting-entries/{number}/sale").status_code == 303
    enter(MANAGER)
    [interest] = db.session.scalars(select(Interest)).all()
    assert (interest.client_id, interest.berth_id, interest.tenure) == (client_id, berth_id, "annual")
    held = hold_of(interest)
    assert held is not None
    assert held.hold_expires_at is not None
    assert held.hold_expires_at - now() > timedelta(days=12)
    assert states_of(berth_id) == ["hold planned"]
    assert interest.name in visit(MANAGER).get(f"/north/waiting-entries/{number}").text
    assert standing(the(WaitingList, found.number)) == ["Bo waiting"]
    with time_machine.travel(now() + timedelta(days=14), tick=False):
        enter(MANAGER)
        let_holds_go()
        commit()
    enter(MANAGER)
    assert states_of(berth_id) == ["hold cancelled"]
    assert db.session.get_one(WaitingEntry, entry.id).status == WaitingStatus.ACCEPTED


@pytest.mark.usefixtures("db")
def test_only_contracts_are_negotiated(visit: Visit) -> None:
    _found, entry, _hold = offer(tenure="seasonal")
    number = entry.number
    commit()
    visitor = visit(MANAGER)
    assert "sale begins" not in visitor.get(f"/north/waiting-entries/{number}").text
    assert visitor.post(f"/north/waiting-entries/{number}/sale").status_code == 409


# --- Two at once --------------------------------------------------------------------------------------------------


def the(model: Any, number: int) -> Any:
    return db.session.scalars(select(model).where(model.number == number)).one()


def is_waiting(installation: Installation) -> bool:
    """Whether a connection waits for what another has locked."""
    with installation.database.connect() as owner:
        waits = owner.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ).fetchone()
    return waits == (1,)


@pytest.fixture
def offered(committed: Installation) -> tuple[Installation, int, int, uuid.UUID]:
    """The numbers of a list and of its entry that is offered a berth, and the hold."""
    with committed.app.app_context():
        found, entry, hold = offer()
        ids = found.number, entry.number, hold.id
        commit()
    return committed, *ids


def expire(installation: Installation, hold_id: uuid.UUID) -> None:
    with installation.app.app_context():
        act_for(NORTH)
        release_hold(hold_id)
        commit()


def outcome(installation: Installation, number: int, hold_id: uuid.UUID) -> tuple[list[str], list[str]]:
    with installation.app.app_context():
        begin(port_id=NORTH, scope="staff")
        found = standing(the(WaitingList, number)), states_of(db.session.get_one(Occupancy, hold_id).berth_id)
        rollback()
    return found


def test_a_yes_just_before_the_end_stands(offered: tuple[Installation, int, int, uuid.UUID]) -> None:
    """The worker comes while the answer is not committed yet."""
    installation, number, entry_number, hold_id = offered
    with installation.app.app_context():
        enter(MANAGER)
        entry = the(WaitingEntry, entry_number)
        locked = next(one for one in WaitingList.locked(entry.list_id).offered() if one.id == entry.id)
        locked.accept(by=enter(MANAGER))
        db.session.flush()
        with time_machine.travel(now() + timedelta(days=8)):
            worker = Beside(lambda: expire(installation, hold_id))
            assert wait_until(lambda: is_waiting(installation), seconds=10)
            commit()
            worker.answer()
    assert outcome(installation, number, hold_id) == (["Bo waiting"], ["hold cancelled", "contract planned"])


def test_a_yes_just_after_the_end_is_too_late(offered: tuple[Installation, int, int, uuid.UUID]) -> None:
    """The answer comes while the worker has not committed yet."""
    installation, number, entry_number, hold_id = offered
    with installation.app.app_context():
        visitor = Visitor.of(installation.app, MANAGER)
        with time_machine.travel(now() + timedelta(days=8)):
            act_for(NORTH)
            release_hold(hold_id)
            db.session.flush()
        answer = Beside(lambda: visitor.post(f"/north/waiting-entries/{entry_number}/acceptance"))
        assert wait_until(lambda: is_waiting(installation), seconds=10)
        commit()
        refused = answer.answer()
    assert refused.status_code == 409
    assert "Nothing is offered to Ann now" in refused.text
    assert outcome(installation, number, hold_id) == (["Bo offered"], ["hold cancelled", "hold planned"])


def test_a_worker_killed_in_between_loses_nothing(offered: tuple[Installation, int, int, uuid.UUID]) -> None:
    """It is killed while it waits for the berth, with the offer half let go: nothing of that is kept, and the job is
    done by another one."""
    installation, number, _entry_number, hold_id = offered
    app = installation.app
    with installation.database.connect() as owner:
        past = "UPDATE berth_occupancies SET hold_expires_at = %s WHERE id = %s RETURNING berth_id"
        [(berth_id,)] = owner.execute(past, (now() - timedelta(minutes=1), hold_id)).fetchall()
    with app.app_context():
        act_for(NORTH)
        release_hold.later(hold_id=hold_id)
        commit()
    with installation.database.connect() as guard, guard.transaction():
        guard.execute("SELECT FROM berths WHERE id = %s FOR UPDATE", (berth_id,))
        worker = start_worker(installation)
        work_off_outbox(app)
        assert wait_until(lambda: is_waiting(installation), seconds=30)
        os.kill(children(worker)[0].pid, signal.SIGKILL)
        assert wait_until(lambda: not is_waiting(installation), seconds=30)
    assert outcome(installation, number, hold_id) == (["Ann offered", "Bo waiting"], ["hold planned"])
    send_again(app, installation)
    after = ["Bo offered"], ["hold cancelled", "hold planned"]
    assert wait_until(lambda: outcome(installation, number, hold_id) == after, seconds=30)


# --- The list -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_a_change_of_a_list_is_taken_back(visit: Visit) -> None:
    found = make_waiting_list(enter(MANAGER))
    found.update({"name": "Wrong", "offer_days": 3, "offers_next": False}, by=enter(MANAGER))
    of = select(Event.id).where(Event.subject_id == found.id).order_by(Event.id.desc())
    event = db.session.scalars(of.limit(1)).one()
    commit()
    admin = visit("port_admin@north.example")
    for _ in range(2):
        assert admin.post(f"/north/admin/audit/{event}/reversal").status_code == 303
    enter(MANAGER)
    db.session.refresh(found)
    assert (found.name, found.offer_days, found.offers_next) == ("Any berth", 7, True)
    found.archive(by=enter(MANAGER))
    commit()
    assert admin.post(f"/north/admin/audit/{event}/reversal").status_code == 409


@pytest.mark.usefixtures("db")
def test_the_berth_stays_where_it_is_while_it_is_offered() -> None:
    _found, _entry, hold = offer()
    berth = db.session.get_one(Berth, hold.berth_id)
    with pytest.raises(Refused, match="is held until"):
        berth.archive(by=enter(MANAGER))
