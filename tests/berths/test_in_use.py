"""What is in use is not put away, and nothing comes onto what is; who does both at one moment take turns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from app.berths.models import Berth, Dock, Harbour, Occupancy, OccupancyKind, relocate
from app.clients.models import Client
from app.db import commit, db, now
from app.errors import Refused
from app.events.models import Event
from app.events.reverts import WAYS, NotReverted, revert
from tests.servers import Installation
from tests.waiting import together
from tests.world import NORTH, Visitor, enter, make_berth, make_client, make_dock, make_stay, make_vessel

MANAGER = "sales_manager@north.example"
Visit = Callable[[str], Visitor]


def around_now(days: int = 3) -> Range[datetime]:
    return Range(now() - timedelta(days=days), now() + timedelta(days=days))


def latest(name: str) -> Event:
    return db.session.scalars(select(Event).where(Event.name == name).order_by(Event.id.desc()).limit(1)).one()


# --- Put away -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    "kind", [OccupancyKind.CONTRACT, OccupancyKind.VISIT, OccupancyKind.HOLD, OccupancyKind.MAINTENANCE]
)
@pytest.mark.parametrize("ends", [True, False])
def test_a_berth_that_somebody_has_is_not_put_away(kind: OccupancyKind, *, ends: bool) -> None:
    manager = enter(MANAGER)
    berth, client = make_berth(manager, code="12"), make_client(manager, full_name="Yuki Okada")
    during = around_now() if ends else Range(around_now().lower, None)
    found = Occupancy.book(berth, during, kind, by=manager, client=client)
    with pytest.raises(Refused, match=rf"Yuki Okada, stay {found.number}\. End or move it first"):
        berth.archive(by=manager)
    assert not berth.is_archived
    found.cancel(by=manager)
    berth.archive(by=manager)
    assert berth.is_archived


@pytest.mark.usefixtures("db")
def test_who_lies_there_longer_than_booked_keeps_the_berth_and_who_left_does_not() -> None:
    manager = enter(MANAGER)
    berth, vessel = make_berth(manager), make_vessel(manager, name="Sirocco")
    week_ago = Range(now() - timedelta(days=9), now() - timedelta(days=2))
    found = Occupancy.book(berth, week_ago, OccupancyKind.VISIT, by=manager, client=make_client(manager), vessel=vessel)
    found.check_in(at=now() - timedelta(days=8), by=manager)
    with pytest.raises(Refused, match="Sirocco"):
        berth.archive(by=manager)
    found.check_out(at=now(), by=manager)
    berth.archive(by=manager)
    with pytest.raises(Refused, match="archived"):
        found.undo_check_out(by=manager)


@pytest.mark.usefixtures("db")
def test_a_hold_of_days_gone_by_keeps_the_berth_only_while_an_answer_may_come() -> None:
    manager = enter(MANAGER)
    berth, client = make_berth(manager), make_client(manager)
    week_ago, until = Range(now() - timedelta(days=9), now() - timedelta(days=2)), now() + timedelta(days=1)
    details = {"hold_expires_at": until}
    Occupancy.book(berth, week_ago, OccupancyKind.HOLD, by=manager, client=client, details=details)
    with pytest.raises(Refused, match="is held until"):
        berth.archive(by=manager)
    with time_machine.travel(until, tick=False):
        berth.archive(by=manager)
    assert berth.is_archived


@pytest.mark.usefixtures("db")
def test_a_hold_from_the_form_says_until_when(visit: Visit) -> None:
    manager = enter(MANAGER)
    number = make_berth(manager, code="12").number
    commit()
    visitor = visit(MANAGER)
    url = f"/north/berths/{number}/occupancies"
    typed = {
        **visitor.form(f"{url}/new?kind=hold"),
        "arrives": "2027-07-01",
        "leaves": "2027-07-08",
        "title": "Regatta",
    }
    for until, words in (
        ("", "until which day it is held"),
        ("2020-01-01", "a day after today"),
        ("2029-01-01", "not held longer than its days"),
    ):
        refused = visitor.post(url, {**typed, "held_until": until})
        assert (refused.status_code, words in refused.text, "Regatta" in refused.text) == (422, True, True)
    day = (now() + timedelta(days=9)).date()
    assert visitor.post(url, {**typed, "held_until": day.isoformat()}).status_code == 303
    enter(MANAGER)
    found = db.session.scalars(select(Occupancy)).one()
    assert found.hold_expires_at is not None
    assert found.hold_expires_at.date() == day
    with pytest.raises(Refused, match="is held until"):
        db.session.get_one(Berth, found.berth_id).archive(by=enter(MANAGER))


@pytest.mark.usefixtures("db")
def test_nothing_in_use_comes_onto_what_is_put_away() -> None:
    manager = enter(MANAGER)
    berth, gone = make_berth(manager, code="1"), make_dock(manager, "C")
    basin = Harbour.create({"name": "Outer"}, port_id=NORTH, by=manager)
    for place in (gone, basin):
        place.archive(by=manager)
    of: Any = {"port_id": NORTH, "by": manager}
    with pytest.raises(Refused, match="dock of this berth is archived"):
        berth.update({"dock_id": gone.id}, by=manager)
    with pytest.raises(Refused, match="dock of this berth is archived"):
        Berth.create({"dock_id": gone.id, "code": "9"}, **of)
    with pytest.raises(Refused, match="harbour of this dock is archived"):
        db.session.get_one(Dock, berth.dock_id).update({"harbour_id": basin.id}, by=manager)
    with pytest.raises(Refused, match="harbour of this dock is archived"):
        Dock.create({"harbour_id": basin.id, "name": "D"}, **of)


@pytest.mark.usefixtures("db")
def test_who_never_came_is_not_checked_in_on_a_berth_that_is_put_away() -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager, code="12")
    week_ago = Range(now() - timedelta(days=9), now() - timedelta(days=2))
    found = Occupancy.book(berth, week_ago, OccupancyKind.VISIT, by=manager, client=make_client(manager))
    berth.archive(by=manager)
    with pytest.raises(Refused, match="12 is archived"):
        found.check_in(at=now(), by=manager)
    berth.restore(by=manager)
    assert found.check_in(at=now(), by=manager)


# --- Taking a change back -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_a_move_is_not_taken_back_onto_a_dock_that_is_put_away() -> None:
    manager = enter(MANAGER)
    berth, other = make_berth(manager, code="1"), make_dock(manager, "C")
    before = db.session.get_one(Dock, berth.dock_id)
    berth.update({"dock_id": other.id}, by=manager)
    before.archive(by=manager)
    moved = latest("berth:updated")
    with pytest.raises(NotReverted) as refused:
        revert(moved, WAYS[moved.name], manager)
    assert [one.text for one in refused.value.reasons] == ["The dock of this berth is archived. Restore it first."]
    assert berth.dock_id == other.id


@pytest.mark.usefixtures("db")
def test_a_change_is_not_taken_back_where_it_would_not_go_together_any_more() -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    berth.update({"depth": Decimal("2.50")}, by=manager)
    sounded = latest("berth:updated")
    berth.update({"sounded_on": date(2026, 5, 1)}, by=manager)
    with pytest.raises(NotReverted) as refused:
        revert(sounded, WAYS[sounded.name], manager)
    [reason] = refused.value.reasons
    assert (reason.text, reason.label) == ("Say which depth was sounded that day.", "Sounded on")
    assert berth.depth == Decimal("2.50")


@pytest.mark.usefixtures("db")
def test_a_departure_by_moving_to_another_berth_is_not_undone() -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager)
    berth, other = (make_berth(manager, dock, code=code) for code in ("1", "2"))
    found = make_stay(berth, make_client(manager), by=manager)
    found.check_in(at=datetime(2027, 7, 1, 15, tzinfo=UTC), by=manager)
    moved = relocate(found, other, at=datetime(2027, 7, 3, 15, tzinfo=UTC), by=manager)
    with pytest.raises(Refused, match=rf"moved to another berth: stay {moved.number}"):
        found.undo_check_out(by=manager)
    assert (found.state, moved.state) == ("completed", "active")


# --- At once ------------------------------------------------------------------------------------------------------


def outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except Refused:
        db.session.rollback()
        return "refused"
    commit()
    return "done"


def test_who_books_and_who_puts_away_take_turns(committed: Installation) -> None:
    """Of a booking, a move onto the berth and its archiving at one moment, either it is put away and nobody is on it,
    or it is in use."""
    made = []
    with committed.app.app_context():
        manager = enter(MANAGER)
        dock, client = make_dock(manager), make_client(manager)
        for at in range(8):
            aside = make_berth(manager, dock, code=f"{at}-aside")
            stay = make_stay(aside, client, by=manager)
            made.append((make_berth(manager, dock, code=str(at)).id, stay.id))
        commit()

    def archive(berth_id: Any) -> str:
        with committed.app.app_context():
            by = enter(MANAGER)
            berth = db.session.get_one(Berth, berth_id)
            return outcome(lambda: berth.archive(by=by))

    def come(berth_id: Any, stay_id: Any, *, moves: bool) -> str:
        with committed.app.app_context():
            by = enter(MANAGER)
            berth, stay = db.session.get_one(Berth, berth_id), db.session.get_one(Occupancy, stay_id)
            if moves:
                return outcome(lambda: stay.move(berth, stay.during, by=by))
            return outcome(lambda: make_stay(berth, db.session.get_one(Client, stay.client_id), by=by))

    for at, (berth_id, stay_id) in enumerate(made):
        answers = together(partial(archive, berth_id), partial(come, berth_id, stay_id, moves=at % 2 == 0))
        assert sorted(answers) == ["done", "refused"]


def test_who_comes_to_a_dock_and_who_puts_it_away_take_turns(committed: Installation) -> None:
    with committed.app.app_context():
        manager = enter(MANAGER)
        docks = [make_dock(manager, name).id for name in "DEFGHI"]
        commit()

    def archive(dock_id: Any) -> str:
        with committed.app.app_context():
            by = enter(MANAGER)
            dock = db.session.get_one(Dock, dock_id)
            return outcome(lambda: dock.archive(by=by))

    def add(dock_id: Any) -> str:
        with committed.app.app_context():
            by = enter(MANAGER)
            return outcome(lambda: Berth.create({"dock_id": dock_id, "code": "1"}, port_id=NORTH, by=by))

    for dock_id in docks:
        answers = together(partial(archive, dock_id), partial(add, dock_id))
        assert sorted(answers) == ["done", "refused"]
