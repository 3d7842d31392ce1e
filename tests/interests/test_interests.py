"""Interests: verbs, the rules of their stages, holds, the sale, and their pages."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select

from app.berths.models import Berth, BerthStatus, Occupancy, OccupancyKind, OccupancyState
from app.clients.models import Client
from app.db import begin, commit, now, rollback
from app.db import db as unit
from app.documents.models import Document, DocumentType
from app.errors import Refused
from app.events.models import System
from app.interests.jobs import cool_leads
from app.interests.models import (
    Interest,
    InterestNote,
    LeadCategory,
    Outcome,
    Source,
    Stage,
    extend_hold,
    hold,
    release_hold,
)
from app.interests.models.sale import hold_of
from tests.servers import Installation
from tests.waiting import together
from tests.world import NORTH, Visitor, enter, let_holds_go, make_berth, make_client, make_file, make_interest

MANAGER = "sales_manager@north.example"


@pytest.fixture
def interest(db: SQLAlchemy) -> Interest:
    by = enter(MANAGER)
    return make_interest(make_client(by), by=by, berth=make_berth(by))


def sign(interest: Interest, kind: DocumentType) -> None:
    by = enter(MANAGER)
    client = Client.visible_to(by).where(Client.id == interest.client_id)
    file = make_file(by, record=interest)
    of: dict[str, Any] = {
        "client": unit.session.scalars(client).one(),
        "interest": interest,
        "sha256": b"1" * 32,
        "by": by,
    }
    Document.record_signed(kind, file, **of)


def make_ready(interest: Interest) -> None:
    by = enter(MANAGER)
    sign(interest, DocumentType.EOI)
    sign(interest, DocumentType.CONTRACT)
    interest.record_deposit(Decimal(100), "EUR", received_on=now().date(), by=by)


class TestVerbs:
    def test_it_is_created_with_one_event_and_its_first_stage(
        self, interest: Interest, relayed: Callable[[], list[str]]
    ) -> None:
        names = relayed()
        assert names.count("interest:created") == 1
        assert names.count("interest:berthLinked") == 1
        enter(MANAGER)
        assert (interest.stage, interest.outcome, interest.lead_category) == (Stage.OPEN, None, LeadCategory.HOT)

    def test_the_public_form_registers_one_of_nobody(self, db: SQLAlchemy) -> None:
        by = enter(MANAGER)
        interest = Interest.register(make_client(by), {"loa": Decimal("12.4")}, by=System())
        assert (interest.source, interest.owner_id, interest.loa) == (Source.WEBSITE, None, Decimal("12.40"))

    def test_an_update_records_what_differs_once(self, interest: Interest, relayed: Callable[[], list[str]]) -> None:
        relayed()
        by = enter(MANAGER)
        assert interest.update({"budget": Decimal(900)}, by=by)
        assert not interest.update({"budget": Decimal("900.00")}, by=by)
        assert relayed() == ["interest:updated"]

    def test_a_berth_is_linked_and_taken_away_once(self, interest: Interest) -> None:
        by = enter(MANAGER)
        assert interest.unlink_berth(by=by)
        assert not interest.unlink_berth(by=by)
        assert interest.berth_id is None

    @pytest.mark.parametrize("outcome", [Outcome.LOST, Outcome.WITHDRAWN])
    def test_it_ends_with_a_reason_once_and_opens_again(self, interest: Interest, outcome: Outcome) -> None:
        by = enter(MANAGER)
        end = interest.lose if outcome == Outcome.LOST else interest.withdraw
        assert end("Bought a house", by=by)
        assert not end("Bought a house", by=by)
        assert (interest.outcome, interest.outcome_reason) == (outcome, "Bought a house")
        with pytest.raises(Refused, match="over"):
            interest.move_to(Stage.VISITED, by=by)
        assert interest.reopen(by=by)
        assert not interest.reopen(by=by)
        assert interest.outcome is None

    def test_an_archived_one_does_not_move(self, interest: Interest) -> None:
        by = enter(MANAGER)
        interest.archive(by=by)
        with pytest.raises(Refused, match="archived"):
            interest.move_to(Stage.VISITED, by=by)
        interest.restore(by=by)
        assert interest.move_to(Stage.VISITED, by=by)

    def test_a_lead_cools_until_somebody_sets_it(self, interest: Interest) -> None:
        by = enter(MANAGER)
        interest.active_at = now() - timedelta(days=30)
        commit()
        enter(MANAGER)
        cool_leads()
        assert interest.lead_category == LeadCategory.COLD
        interest.set_lead(LeadCategory.WARM, by=by)
        interest.active_at = now() - timedelta(days=90)
        assert not interest.cool(by=System())
        assert interest.lead_category == LeadCategory.WARM


class TestStages:
    def test_forward_by_several_is_kept_in_the_history(
        self, interest: Interest, relayed: Callable[[], list[str]]
    ) -> None:
        relayed()
        by = enter(MANAGER)
        assert interest.move_to(Stage.VISITED, by=by)
        assert not interest.move_to(Stage.VISITED, by=by)
        assert relayed() == ["interest:stageChanged"]

    def test_back_needs_a_reason(self, interest: Interest) -> None:
        by = enter(MANAGER)
        interest.move_to(Stage.VISITED, by=by)
        with pytest.raises(Refused, match="Say why"):
            interest.move_to(Stage.OPEN, by=by)
        assert interest.move_to(Stage.OPEN, by=by, note="Wrong client")

    def test_a_stage_skipped_without_its_condition_names_what_is_missing(self, interest: Interest) -> None:
        by = enter(MANAGER)
        with pytest.raises(Refused) as refused:
            interest.move_to(Stage.CONTRACT, by=by)
        for words in ("expression of interest", "deposit", "contract"):
            assert words in refused.value.text
        assert interest.stage == Stage.OPEN

    def test_a_deposit_of_less_than_a_tenth_is_not_enough(self, interest: Interest) -> None:
        by = enter(MANAGER)
        sign(interest, DocumentType.EOI)
        interest.record_deposit(Decimal("99.99"), "EUR", received_on=now().date(), by=by)
        with pytest.raises(Refused, match="10 %"):
            interest.move_to(Stage.TEN_PERCENT_DEPOSIT, by=by)
        interest.record_deposit(Decimal("0.01"), "EUR", received_on=now().date(), by=by)
        assert interest.move_to(Stage.TEN_PERCENT_DEPOSIT, by=by)

    def test_the_deposit_is_waived_with_a_reason_only(self, interest: Interest) -> None:
        by = enter(MANAGER)
        sign(interest, DocumentType.EOI)
        with pytest.raises(Refused):
            interest.move_to(Stage.TEN_PERCENT_DEPOSIT, by=by, waives=True)
        assert interest.move_to(Stage.TEN_PERCENT_DEPOSIT, by=by, waives=True, note="Paid in cash on Monday")

    def test_completing_gives_the_berth_to_the_client(self, db: SQLAlchemy, interest: Interest) -> None:
        by = enter(MANAGER)
        make_ready(interest)
        hold(interest, until=now() + timedelta(days=7), by=by)
        interest.update({"tenure": "annual", "wanted_until": date(2028, 7, 1)}, by=by)
        assert interest.move_to(Stage.COMPLETED, by=by)
        berth = db.session.get_one(Berth, interest.berth_id)
        booked = db.session.get_one(Occupancy, interest.occupancy_id)
        assert (interest.outcome, berth.status) == (Outcome.WON, BerthStatus.SOLD)
        assert (berth.tenure, berth.tenure_expires_on) == ("annual", date(2028, 7, 1))
        assert (booked.kind, booked.client_id) == (OccupancyKind.CONTRACT, interest.client_id)

    def test_a_berth_that_is_taken_is_not_sold_and_nothing_is_half_done(
        self, db: SQLAlchemy, interest: Interest
    ) -> None:
        by = enter(MANAGER)
        other = make_interest(make_client(by, full_name="Ana Beltrán"), by=by)
        berth = db.session.get_one(Berth, interest.berth_id)
        other.link_berth(berth, by=by)
        for one in (interest, other):
            make_ready(one)
        other.move_to(Stage.COMPLETED, by=by)
        with pytest.raises(Refused, match="is taken in that time"):
            interest.move_to(Stage.COMPLETED, by=by)
        assert (interest.stage, interest.outcome) == (Stage.OPEN, None)


class TestHolds:
    def test_it_is_held_extended_and_let_go(self, interest: Interest, relayed: Callable[[], list[str]]) -> None:
        relayed()
        by = enter(MANAGER)
        until = now() + timedelta(days=7)
        assert hold(interest, until=until, by=by)
        assert not hold(interest, until=until, by=by)
        assert extend_hold(interest, until=until + timedelta(days=1), by=by)
        assert release_hold(interest, by=by)
        assert not release_hold(interest, by=by)
        assert [name for name in relayed() if name.startswith("interest:")] == [
            "interest:berthHeld",
            "interest:holdExtended",
            "interest:holdReleased",
        ]

    def test_a_berth_is_not_archived_while_it_is_held(self, db: SQLAlchemy, interest: Interest) -> None:
        by = enter(MANAGER)
        hold(interest, until=now() + timedelta(days=7), by=by)
        berth = db.session.get_one(Berth, interest.berth_id)
        with pytest.raises(Refused, match="is held until"):
            berth.archive(by=by)
        interest.archive(by=by)
        berth.archive(by=by)
        assert berth.is_archived

    def test_an_expired_hold_is_released_once(
        self, db: SQLAlchemy, interest: Interest, relayed: Callable[[], list[str]]
    ) -> None:
        by = enter(MANAGER)
        hold(interest, until=now() + timedelta(days=7), by=by)
        held = hold_of(interest)
        assert held is not None
        held.hold_expires_at = now() - timedelta(minutes=1)
        relayed()
        for _ in range(2):
            enter(MANAGER)
            let_holds_go()
        assert relayed().count("interest:holdExpired") == 1
        enter(MANAGER)
        assert db.session.get_one(Occupancy, held.id).state == OccupancyState.CANCELLED


class TestPages:
    def test_it_is_added_by_the_form(self, db: SQLAlchemy, visit: Callable[[str], Visitor]) -> None:
        by = enter(MANAGER)
        client = make_client(by, full_name="Léa Marchand")
        commit()
        visitor = visit(MANAGER)
        form = {**visitor.form("/north/interests/new"), "client": f"· {client.number}", "loa": "12.40"}
        form |= {"expected_value": "58000", "currency": "EUR"}
        assert visitor.post("/north/interests", form).status_code == 303
        assert "Léa Marchand" in visitor.get("/north/interests").text
        assert "58,000" in visitor.get("/north/interests/table").text

    @pytest.mark.parametrize(
        ("name", "typed"),
        [
            ("loa", "2300"),
            ("budget", "-5"),
            ("expected_value", "-1"),
            ("expected_close_on", "0026-07-01"),
        ],
    )
    def test_bad_input_is_kept_beside_its_field(
        self, db: SQLAlchemy, visit: Callable[[str], Visitor], name: str, typed: str
    ) -> None:
        by = enter(MANAGER)
        client = make_client(by)
        commit()
        visitor = visit(MANAGER)
        form = {**visitor.form("/north/interests/new"), "client": f"· {client.number}", name: typed}
        answer = visitor.post("/north/interests", form)
        assert answer.status_code == 422
        assert f'value="{typed}"' in answer.text

    def test_inverted_dates_are_refused(self, db: SQLAlchemy, visit: Callable[[str], Visitor]) -> None:
        by = enter(MANAGER)
        client = make_client(by)
        commit()
        visitor = visit(MANAGER)
        dates = {"wanted_from": "2027-07-02", "wanted_until": "2027-07-01"}
        form = {**visitor.form("/north/interests/new"), "client": f"· {client.number}", **dates}
        answer = visitor.post("/north/interests", form)
        assert answer.status_code == 422
        assert "It ends before it begins." in answer.text

    def test_its_page_shows_and_moves_it(
        self, db: SQLAlchemy, interest: Interest, visit: Callable[[str], Visitor]
    ) -> None:
        number = interest.number
        commit()
        visitor = visit(MANAGER)
        assert visitor.get(f"/north/interests/{number}").status_code == 200
        path = f"/north/interests/{number}/stage"
        form = visitor.form(path)
        refused = visitor.post(f"{path}?_method=PUT", {**form, "stage": "contract"})
        assert refused.status_code == 409
        assert "A signed contract is missing" in refused.text
        assert visitor.post(f"{path}?_method=PUT", {**form, "stage": "visited"}).status_code == 303
        assert visitor.post(f"{path}?_method=PUT", {**form, "stage": "open"}).status_code == 422

    def test_a_client_has_them_all_on_a_page(
        self, db: SQLAlchemy, interest: Interest, visit: Callable[[str], Visitor], statements: list[str]
    ) -> None:
        by = enter(MANAGER)
        client = db.session.get_one(Client, interest.client_id)
        for _ in range(12):
            make_interest(client, by=by).lose(by=by, reason="Too far")
        make_interest(make_client(by), by=by)
        url, number = f"/north/clients/{client.number}/interests", interest.number
        commit()
        visitor = visit(MANAGER)
        statements.clear()
        page = visitor.get(url).text
        assert page.count('<tr id="interest-') == 13
        assert page.index(f'id="interest-{number}"') < page.index("Lost")
        assert len(statements) <= 3

    def test_its_page_takes_the_same_statements_whatever_it_has(
        self, db: SQLAlchemy, interest: Interest, visit: Callable[[str], Visitor], statements: list[str]
    ) -> None:
        by = enter(MANAGER)
        make_ready(interest)
        hold(interest, until=now() + timedelta(days=2), by=by)
        for at in range(12):
            InterestNote.create(interest, f"Called {at} times", by=by)
        url = f"/north/interests/{interest.number}"
        commit()
        visitor = visit(MANAGER)
        visitor.get(url)
        statements.clear()
        assert visitor.get(url).status_code == 200
        assert len(statements) <= 11, statements

    def test_the_board_takes_four_statements(
        self, db: SQLAlchemy, visit: Callable[[str], Visitor], statements: list[str]
    ) -> None:
        by = enter(MANAGER)
        client = make_client(by)
        for _ in range(25):
            make_interest(client, by=by)
        commit()
        visitor = visit(MANAGER)
        visitor.get("/north/interests")
        statements.clear()
        page = visitor.get("/north/interests").text
        assert page.count('class="deal"') == 20
        assert page.count("Show more") == 1
        assert len(statements) <= 5


def test_two_agents_complete_two_interests_on_one_berth(committed: Installation) -> None:
    """One sells it; the other is told in words, and stays where it was."""
    app = committed.app
    with app.app_context():
        by = enter(MANAGER)
        berth = make_berth(by)
        interests = [make_interest(make_client(by, full_name=name), by=by, berth=berth) for name in ("Ana", "Bram")]
        for one in interests:
            make_ready(one)
        ids = [one.id for one in interests]
        commit()

    def complete(interest_id: uuid.UUID) -> str:
        with app.app_context():
            by = enter(MANAGER)
            found = Interest.visible_to(by).where(Interest.id == interest_id).with_for_update()
            interest = unit.session.scalars(found).one()
            try:
                interest.move_to(Stage.COMPLETED, by=by)
            except Refused as error:
                rollback()
                return error.text
            commit()
            return "sold"

    answers = sorted(together(*(partial(complete, one) for one in ids)), key=len)
    assert answers[0] == "sold"
    assert "is taken in that time" in answers[1]
    with app.app_context():
        begin(port_id=NORTH, scope="staff")
        assert unit.session.scalar(select(func.count()).where(Interest.outcome == Outcome.WON)) == 1
