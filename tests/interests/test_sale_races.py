"""The sale and whoever else wants the berth at that moment, each with a connection of its own: a booking, the worker
that lets holds go."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import time_machine

from app.berths.jobs import release_hold
from app.berths.models import Berth, BerthStatus, Occupancy, OccupancyKind, Overlap
from app.berths.models.status_rules import suggestions_of
from app.clients.models import Client
from app.db import begin, commit, db, now, rollback
from app.dev.processes import wait_until
from app.documents.models import Document, DocumentType
from app.errors import Refused
from app.files.models import File
from app.interests.models import Interest, Stage, hold
from app.interests.models.wanted import wanted_time
from app.jobs import act_for
from tests.servers import Installation
from tests.waiting import Beside, together
from tests.world import NORTH, enter, make_berth, make_client, make_dock, make_file, make_interest

MANAGER = "sales_manager@north.example"
LATER = timedelta(days=8)


@dataclass(frozen=True)
class Sale:
    """An interest that lacks nothing but its completion, the berth it is for, and somebody else who wants that."""

    site: Installation
    interest_id: uuid.UUID
    berth_id: uuid.UUID
    hold_id: uuid.UUID | None
    other_id: uuid.UUID

    def complete(self) -> str:
        """What becomes of it; what it did is not committed yet."""
        by = enter(MANAGER)
        found = Interest.visible_to(by).where(Interest.id == self.interest_id).with_for_update()
        try:
            db.session.scalars(found).one().move_to(Stage.COMPLETED, by=by)
        except Refused as error:
            rollback()
            return error.text
        return "sold"

    def book(self) -> str:
        by = enter(MANAGER)
        during = wanted_time(db.session.get_one(Interest, self.interest_id))
        of: dict[str, Any] = {"by": by, "client": db.session.get_one(Client, self.other_id)}
        try:
            Occupancy.book(db.session.get_one(Berth, self.berth_id), during, OccupancyKind.SEASON, **of)
        except Overlap:
            rollback()
            return "taken"
        return "booked"

    def let_go(self) -> str:
        assert self.hold_id is not None
        act_for(NORTH)
        release_hold(self.hold_id)
        return "let go"

    def by_itself(self, act: Callable[[], str]) -> str:
        """From the beginning of its transaction to the end."""
        with self.site.app.app_context():
            said = act()
            commit()
        return said

    def first_and_second(self, first: Callable[[], str], second: Callable[[], str]) -> tuple[str, str]:
        """The second comes while the first has not committed yet, and waits for it."""
        with self.site.app.app_context():
            said = first()
            db.session.flush()
            beside = Beside(partial(self.by_itself, second))
            assert wait_until(partial(is_waiting, self.site), seconds=10)
            commit()
        return said, beside.answer()

    def outcome(self) -> tuple[str | None, str, list[str]]:
        """Of the interest, of the berth, and what lies there or did."""
        with self.site.app.app_context():
            begin(port_id=NORTH, scope="staff")
            stays = db.session.query(Occupancy).where(Occupancy.berth_id == self.berth_id)
            told = sorted(f"{stay.kind} {stay.state}" for stay in stays)
            interest, berth = (
                db.session.get_one(Interest, self.interest_id),
                db.session.get_one(Berth, self.berth_id),
            )
            found = interest.outcome, berth.status, told
            rollback()
        return found


def is_waiting(site: Installation) -> bool:
    """Whether a connection waits for what another has locked."""
    with site.database.connect() as owner:
        waits = owner.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ).fetchone()
    return waits == (1,)


def prepare(site: Installation, *, holds: bool) -> Sale:
    with site.app.app_context():
        by = enter(MANAGER)
        berth = make_berth(by, make_dock(by, f"Q {uuid.uuid4().hex[:6]}"))
        client, other = make_client(by, full_name="Ana"), make_client(by, full_name="Bram")
        interest = make_interest(client, by=by, berth=berth)
        for kind in (DocumentType.EOI, DocumentType.CONTRACT):
            file = make_file(by, record=interest)
            Document.record_signed(kind, file, client=client, interest=interest, sha256=b"1" * 32, by=by)
        interest.record_deposit(Decimal(100), "EUR", received_on=now().date(), by=by)
        if holds:
            hold(interest, until=now() + LATER - timedelta(days=1), by=by)
        sale = Sale(site, interest.id, berth.id, interest.occupancy_id, other.id)
        commit()
    return sale


SOLD = ("won", "sold", ["contract confirmed"])
SOLD_AFTER_HOLD = ("won", "sold", ["contract confirmed", "hold cancelled"])


def test_a_berth_that_one_loses_while_another_signs_is_not_let_go(committed: Installation) -> None:
    """Whoever comes second sees what the first did: nobody is asked to make it available."""
    with committed.app.app_context():
        by = enter(MANAGER)
        berth = make_berth(by, make_dock(by, f"Q {uuid.uuid4().hex[:6]}"))
        berth.change_status(BerthStatus.UNDER_OFFER, by=by, triggered_by="hand")
        losing, signing = (make_interest(make_client(by), by=by, berth=berth) for _ in range(2))
        ids, berth_id = (losing.id, signing.id), berth.id
        file_id = make_file(by, record=signing).id
        commit()

    def lose() -> None:
        with committed.app.app_context():
            by = enter(MANAGER)
            db.session.get_one(Interest, ids[0]).lose("Too dear", by=by)
            commit()

    with committed.app.app_context():
        by = enter(MANAGER)
        signing = db.session.get_one(Interest, ids[1])
        of: dict[str, Any] = {"client": db.session.get_one(Client, signing.client_id), "interest": signing}
        Document.record_signed(DocumentType.EOI, db.session.get_one(File, file_id), sha256=b"1" * 32, by=by, **of)
        db.session.flush()
        beside = Beside(lose)
        assert wait_until(partial(is_waiting, committed), seconds=10)
        commit()
        beside.answer()
        enter(MANAGER)
        assert suggestions_of(db.session.get_one(Berth, berth_id)) == []
        rollback()


def test_a_sale_and_a_booking_at_once_never_both_have_the_berth(committed: Installation) -> None:
    """Whoever is first."""
    for sale in [prepare(committed, holds=at % 2 == 0) for at in range(6)]:
        told, booked = together(partial(sale.by_itself, sale.complete), partial(sale.by_itself, sale.book))
        outcome, _status, stays = sale.outcome()
        open_ones = [stay for stay in stays if "cancelled" not in stay]
        if told == "sold":
            assert (booked, outcome, open_ones) == ("taken", "won", ["contract confirmed"])
        else:
            assert "is taken in that time" in told
            assert (booked, outcome, open_ones) == ("booked", None, ["season planned"])


def test_a_booking_comes_while_the_sale_is_not_committed(committed: Installation) -> None:
    sale = prepare(committed, holds=False)
    assert sale.first_and_second(sale.complete, sale.book) == ("sold", "taken")
    assert sale.outcome() == SOLD


def test_a_booking_does_not_slip_in_where_the_sale_lets_its_hold_go(committed: Installation) -> None:
    """Between the end of the hold and the contract nothing of the berth's time is free to others."""
    sale = prepare(committed, holds=True)
    assert sale.first_and_second(sale.complete, sale.book) == ("sold", "taken")
    assert sale.outcome() == SOLD_AFTER_HOLD


def test_a_sale_comes_while_a_booking_is_not_committed(committed: Installation) -> None:
    """It is refused in words and stays where it was, with all that it had."""
    sale = prepare(committed, holds=False)
    booked, told = sale.first_and_second(sale.book, sale.complete)
    assert booked == "booked"
    assert "is taken in that time" in told
    outcome, _status, stays = sale.outcome()
    assert (outcome, stays) == (None, ["season planned"])


@pytest.mark.parametrize("first", ["sale", "worker"])
def test_a_sale_and_the_end_of_its_hold(committed: Installation, first: str) -> None:
    """The sale stands whichever of them comes first: it ends the hold, or finds the berth free."""
    sale = prepare(committed, holds=True)
    acts = [sale.complete, sale.let_go]
    with time_machine.travel(now() + LATER):
        said = sale.first_and_second(*(acts if first == "sale" else reversed(acts)))
    assert set(said) == {"sold", "let go"}
    assert sale.outcome() == SOLD_AFTER_HOLD


def test_a_sale_and_the_end_of_its_hold_at_once(committed: Installation) -> None:
    for sale in [prepare(committed, holds=True) for _ in range(4)]:
        with time_machine.travel(now() + LATER):
            said = together(partial(sale.by_itself, sale.complete), partial(sale.by_itself, sale.let_go))
        assert said == ["sold", "let go"]
        assert sale.outcome() == SOLD_AFTER_HOLD


def test_a_sale_a_booking_and_the_end_of_the_hold_at_once(committed: Installation) -> None:
    """When the worker was first the booking may have been second; the sale is refused then, never done by half."""
    for sale in [prepare(committed, holds=True) for _ in range(4)]:
        with time_machine.travel(now() + LATER):
            acts = (sale.complete, sale.book, sale.let_go)
            told, booked, _let_go = together(*(partial(sale.by_itself, act) for act in acts))
        outcome, _status, stays = sale.outcome()
        open_ones = [stay for stay in stays if "cancelled" not in stay]
        if told == "sold":
            assert (booked, outcome, open_ones) == ("taken", "won", ["contract confirmed"])
        else:
            assert "is taken in that time" in told
            assert (booked, outcome, open_ones) == ("booked", None, ["season planned"])
