"""Taking back a change of an interest from the audit log: a new change, or the reasons why not."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from app.db import begin, commit, db
from app.events.models import Event
from app.interests.models import Interest, Source
from app.vessels.models import Vessel
from tests.clients.test_reversals import reasons, revert
from tests.world import NORTH, Visitor, enter, make_client, make_interest, make_vessel, user_id

ADMIN, MANAGER, MATE = (f"{name}@north.example" for name in ("port_admin", "sales_manager", "teammate"))
Visit = Callable[[str], Visitor]
pytestmark = pytest.mark.usefixtures("db")

AFTER: dict[str, Any] = {
    "source": Source.BROKER,
    "expected_value": Decimal(900),
    "expected_close_on": date(2027, 3, 1),
    "loa": Decimal("14.2"),
    "tenure": "lease",
    "notes": "Wants the inner basin",
}


def changed(to: dict[str, Any], **before: Any) -> tuple[Interest, uuid.UUID]:
    """An interest and the change of it."""
    by = enter(MANAGER)
    interest = make_interest(make_client(by), by=by, **before)
    interest.update(to, by=by)
    return interest, last_event()


def given(interest: Interest, to: str) -> Interest:
    interest.assign(user_id(to), by=enter(MANAGER))
    return interest


def last_event() -> uuid.UUID:
    found: uuid.UUID = db.session.scalars(select(Event.id).order_by(Event.id.desc()).limit(1)).one()
    commit()
    return found


def now_of(interest: Interest) -> Interest:
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    db.session.expire_all()
    return db.session.scalars(select(Interest)).one()


def events() -> list[str]:
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    return list(db.session.scalars(select(Event.name).where(Event.name.like("interest:%")).order_by(Event.id)))


def test_every_kind_of_value_goes_back_as_a_new_change_once(visit: Visit) -> None:
    interest, event = changed(AFTER)
    admin = visit(ADMIN)
    assert revert(admin, event).status_code == 303
    found = now_of(interest)
    assert (found.source, found.expected_value, found.expected_close_on) == (Source.MANUAL, Decimal(1000), None)
    assert (found.loa, found.tenure, found.notes) == (None, None, "")
    assert events()[-1] == "interest:reverted"
    revert(admin, event)
    assert events().count("interest:reverted") == 1


def test_what_was_taken_back_can_be_taken_back_in_turn(visit: Visit) -> None:
    interest, event = changed(AFTER)
    admin = visit(ADMIN)
    revert(admin, event)
    enter(MANAGER)
    assert revert(admin, last_event()).status_code == 303
    assert now_of(interest).expected_value == Decimal("900.00")


def test_what_was_changed_again_since_is_said_and_left(visit: Visit) -> None:
    interest, event = changed(AFTER)
    now_of(interest).update({"notes": "Wants the outer basin"}, by=enter(MANAGER))
    commit()
    (reason,) = reasons(revert(visit(ADMIN), event))
    assert "changed again since by Sales Manager North" in reason
    found = now_of(interest)
    assert (found.notes, found.tenure) == ("Wants the outer basin", "lease")


def test_an_owner_goes_back_as_a_new_assignment(visit: Visit) -> None:
    by = enter(MANAGER)
    interest = given(make_interest(make_client(by), by=by), MATE)
    interest.assign(by.id, by=by)
    event, admin = last_event(), visit(ADMIN)
    assert revert(admin, event).status_code == 303
    assert now_of(interest).owner_id == user_id(MATE)
    revert(admin, event)
    assert events().count("interest:assigned") == 3


def test_an_owner_who_may_hold_none_any_more_does_not_come_back(visit: Visit) -> None:
    by = enter(MANAGER)
    interest = given(make_interest(make_client(by), by=by), "viewer@north.example")
    interest.assign(by.id, by=by)
    event = last_event()
    assert "not here any more" in reasons(revert(visit(ADMIN), event))[0]
    assert now_of(interest).owner_id == user_id(MANAGER)


def test_an_archived_one_stays_as_it_is(visit: Visit) -> None:
    interest, event = changed(AFTER)
    now_of(interest).archive(by=enter(MANAGER))
    commit()
    assert "restore it first" in reasons(revert(visit(ADMIN), event))[0]


def test_no_end_comes_to_stand_before_its_beginning(visit: Visit) -> None:
    interest, event = changed({"wanted_until": date(2027, 9, 1)}, wanted_from=None, wanted_until=date(2027, 5, 1))
    now_of(interest).update({"wanted_from": date(2027, 6, 1)}, by=enter(MANAGER))
    commit()
    assert "end before it begins" in reasons(revert(visit(ADMIN), event))[0]
    assert now_of(interest).wanted_until == date(2027, 9, 1)


def test_a_vessel_that_is_gone_does_not_come_back(visit: Visit) -> None:
    by = enter(MANAGER)
    client = make_client(by)
    vessel = make_vessel(by, client)
    interest = make_interest(client, by=by, vessel_id=vessel.id)
    interest.update({"vessel_id": None}, by=by)
    event = last_event()
    enter(MANAGER)
    db.session.get_one(Vessel, vessel.id).archive(by=by)
    commit()
    assert "vessel of before" in reasons(revert(visit(ADMIN), event))[0]
    assert now_of(interest).vessel_id is None


def test_who_may_not_edit_takes_nothing_back(visit: Visit) -> None:
    _interest, event = changed(AFTER)
    assert revert(visit("viewer@north.example"), event).status_code == 403
