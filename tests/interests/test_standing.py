"""What interests say of the status of their berths, from the first link to the sale, in each mode of the rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from app.admin.models import Mode, SettingsSheet, Trigger
from app.berths.models import Berth, BerthStatus, Dock, Occupancy, OccupancyKind
from app.berths.models.status_rules import dismiss, suggestions_of
from app.bulk_edits.editing import do_all
from app.bulk_edits.kinds import KINDS, BulkAct
from app.bulk_edits.models import BulkEdit
from app.changes.models import ChangeSet
from app.clients.models import Client
from app.db import commit, db, now
from app.documents.models import Document, DocumentType
from app.errors import Refused
from app.interests.models import Deposit, Interest, Stage, hold
from app.interests.models.stages import missing
from tests.clients.test_bulk_edits import perform_waiting
from tests.world import Visitor, enter, make_berth, make_client, make_dock, make_file, make_interest

pytestmark = pytest.mark.usefixtures("db")

MANAGER, ADMIN = "sales_manager@north.example", "port_admin@north.example"
AVAILABLE, UNDER_OFFER, RESERVED, SOLD = (
    BerthStatus.AVAILABLE,
    BerthStatus.UNDER_OFFER,
    BerthStatus.RESERVED,
    BerthStatus.SOLD,
)
OF_INTERESTS = (
    Trigger.INTEREST_LINKED,
    Trigger.EOI_SIGNED,
    Trigger.DEPOSIT_RECEIVED,
    Trigger.CONTRACT_SIGNED,
    Trigger.INTEREST_LOST,
)


def rules(mode: Mode, *triggers: Trigger) -> None:
    """A signed contract reserves here, so that the sale is told apart from it."""
    admin = enter(ADMIN)
    fields: dict[str, Any] = {f"rule_{trigger}_mode": mode for trigger in triggers or OF_INTERESTS}
    SettingsSheet.locked(admin).update({**fields, "rule_contract_signed_status": "reserved"}, by=admin)


def interested(berth: Berth | None = None) -> tuple[Interest, Berth]:
    by = enter(MANAGER)
    berth = berth or make_berth(by)
    return make_interest(make_client(by), by=by, berth=berth), berth


def sign(interest: Interest, kind: DocumentType) -> Document:
    by = enter(MANAGER)
    of: dict[str, Any] = {"client": db.session.get_one(Client, interest.client_id), "interest": interest}
    return Document.record_signed(kind, make_file(by, record=interest), sha256=b"1" * 32, by=by, **of)


def pay(interest: Interest, amount: int = 100) -> Deposit:
    return interest.record_deposit(Decimal(amount), "EUR", received_on=now().date(), by=enter(MANAGER))


def asked(berth: Berth) -> set[tuple[str, str]]:
    return {(one.status, one.trigger) for one in suggestions_of(berth)}


def walked(interest: Interest, berth: Berth) -> list[str]:
    """The status after each step to the sale."""
    by, seen = enter(MANAGER), [berth.status]
    sign(interest, DocumentType.EOI)
    interest.move_to(Stage.SIGNED_EOI_NDA, by=by)
    seen.append(berth.status)
    pay(interest)
    interest.move_to(Stage.TEN_PERCENT_DEPOSIT, by=by)
    seen.append(berth.status)
    sign(interest, DocumentType.CONTRACT)
    interest.move_to(Stage.CONTRACT, by=by)
    seen.append(berth.status)
    interest.move_to(Stage.COMPLETED, by=by)
    return [*seen, berth.status]


# --- Step by step -------------------------------------------------------------------------------------------------


def test_by_themselves_statuses_follow_each_step() -> None:
    rules(Mode.AUTO)
    assert walked(*interested()) == [UNDER_OFFER, UNDER_OFFER, RESERVED, RESERVED, SOLD]


def test_switched_off_nothing_follows_but_the_sale() -> None:
    rules(Mode.OFF)
    interest, berth = interested()
    assert walked(interest, berth) == [AVAILABLE] * 4 + [SOLD]
    assert asked(berth) == set()


def test_after_asking_each_step_is_suggested_once() -> None:
    rules(Mode.SUGGEST)
    interest, berth = interested()
    assert walked(interest, berth)[:-1] == [AVAILABLE] * 4
    assert (berth.status, asked(berth)) == (SOLD, set())
    other, berth = interested(make_berth(enter(MANAGER), berth.dock, code="14"))
    by = enter(MANAGER)
    sign(other, DocumentType.EOI)
    pay(other)
    assert asked(berth) == {("under_offer", "interest_linked"), ("reserved", "deposit_received")}
    for one in suggestions_of(berth):
        dismiss(one, berth, by=by)
    other.move_to(Stage.TEN_PERCENT_DEPOSIT, by=by)
    assert asked(berth) == set()


@pytest.mark.parametrize("amounts", [(40, 60), (100,), (100, 500)])
def test_the_deposit_says_so_when_it_is_a_tenth(amounts: tuple[int, ...], relayed: Callable[[], list[str]]) -> None:
    rules(Mode.AUTO, Trigger.DEPOSIT_RECEIVED)
    interest, berth = interested()
    relayed()
    for at, amount in enumerate(amounts):
        enter(MANAGER)
        pay(interest, amount)
        is_tenth = sum(amounts[: at + 1]) >= 100
        assert berth.status == (RESERVED if is_tenth else AVAILABLE)
    assert relayed().count("berth:statusChanged") == 1


def test_a_deposit_becomes_a_tenth_also_when_the_value_is_typed() -> None:
    rules(Mode.AUTO, Trigger.DEPOSIT_RECEIVED)
    interest, berth = interested()
    by = enter(MANAGER)
    interest.update({"expected_value": None}, by=by)
    pay(interest)
    assert berth.status == AVAILABLE
    interest.update({"expected_value": Decimal(900)}, by=by)
    assert berth.status == RESERVED


def test_a_deposit_that_is_not_waited_for_was_not_received() -> None:
    rules(Mode.AUTO, Trigger.DEPOSIT_RECEIVED)
    interest, berth = interested()
    sign(interest, DocumentType.EOI)
    by = enter(MANAGER)
    interest.move_to(Stage.TEN_PERCENT_DEPOSIT, by=by, waives=True, note="Pays in spring")
    assert berth.status == AVAILABLE
    pay(interest)
    assert berth.status == RESERVED


def test_a_berth_that_is_linked_later_hears_what_was_signed_and_paid() -> None:
    rules(Mode.AUTO)
    by = enter(MANAGER)
    interest = make_interest(make_client(by), by=by)
    sign(interest, DocumentType.EOI)
    pay(interest)
    berth = make_berth(enter(MANAGER))
    interest.link_berth(berth, by=enter(MANAGER))
    assert berth.status == RESERVED


def test_a_void_document_carries_no_sale_through() -> None:
    interest, _berth = interested()
    papers, deposit = [sign(interest, kind) for kind in (DocumentType.EOI, DocumentType.CONTRACT)], pay(interest)
    by = enter(MANAGER)
    interest.move_to(Stage.CONTRACT, by=by)
    for paper in papers:
        paper.void("Wrong client", interest=interest, by=by)
    interest.reverse_deposit(deposit, "Bounced", by=by)
    asked_for = [one.stage for one in missing(interest, Stage.COMPLETED)]
    assert asked_for == [Stage.SIGNED_EOI_NDA, Stage.TEN_PERCENT_DEPOSIT, Stage.CONTRACT]
    with pytest.raises(Refused, match="expression of interest"):
        interest.move_to(Stage.COMPLETED, by=by)


def test_a_deposit_that_was_not_waited_for_is_not_asked_for_again() -> None:
    interest, _berth = interested()
    sign(interest, DocumentType.EOI)
    sign(interest, DocumentType.CONTRACT)
    by = enter(MANAGER)
    interest.move_to(Stage.TEN_PERCENT_DEPOSIT, by=by, waives=True, note="Comes in June")
    assert missing(interest, Stage.COMPLETED) == []


# --- And back -----------------------------------------------------------------------------------------------------


def end(interest: Interest, how: str) -> None:
    by = enter(MANAGER)
    if how == "lose":
        interest.lose("Too dear", by=by)
    elif how == "withdraw":
        interest.withdraw("Sold the boat", by=by)
    elif how == "archive":
        interest.archive(by=by)
    elif how == "unlink":
        interest.unlink_berth(by=by)
    else:
        in_bulk(interest, how.removeprefix("bulk "))


def in_bulk(interest: Interest, act: str) -> None:
    by = enter(MANAGER)
    how = BulkAct.ARCHIVE if act == "archive" else BulkAct.EDIT
    fields = {"outcome": "lost", "outcome_reason": "Too dear"} if act == "lose" else {}
    what: dict[str, Any] = {"change": f"{act}_interests", "title": "Bulk", "expected": 1, "chosen": {}}
    do_all(*BulkEdit.begin(KINDS["interests"], how, fields, record_ids=[interest.id], by=by, **what), by=by)


ENDS = ["lose", "withdraw", "archive", "unlink", "bulk lose", "bulk archive"]


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("mode", list(Mode))
def test_a_berth_that_nobody_wants_any_more_is_let_go(how: str, mode: Mode) -> None:
    rules(Mode.AUTO, Trigger.EOI_SIGNED)
    rules(mode, Trigger.INTEREST_LOST)
    interest, berth = interested()
    sign(interest, DocumentType.EOI)
    assert berth.status == UNDER_OFFER
    end(interest, how)
    db.session.refresh(berth)
    assert berth.status == (AVAILABLE if mode == Mode.AUTO else UNDER_OFFER)
    assert asked(berth) == ({("available", "interest_lost")} if mode == Mode.SUGGEST else set())


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("earns", ["stage", "document", "deposit"])
def test_a_berth_that_somebody_else_has_earned_stays(how: str, earns: str) -> None:
    rules(Mode.AUTO, Trigger.EOI_SIGNED, Trigger.INTEREST_LOST)
    interest, berth = interested()
    other, _berth = interested(berth)
    sign(interest, DocumentType.EOI)
    if earns == "deposit":
        pay(other, 5)
    else:
        sign(other, DocumentType.EOI)
    if earns == "stage":
        other.move_to(Stage.SIGNED_EOI_NDA, by=enter(MANAGER))
    end(interest, how)
    db.session.refresh(berth)
    assert berth.status == UNDER_OFFER
    end(other, how)
    db.session.refresh(berth)
    assert berth.status == AVAILABLE


def test_whoever_only_looks_at_it_keeps_no_berth() -> None:
    rules(Mode.AUTO, Trigger.EOI_SIGNED, Trigger.INTEREST_LOST)
    interest, berth = interested()
    interested(berth)
    sign(interest, DocumentType.EOI)
    end(interest, "lose")
    assert berth.status == AVAILABLE


def test_whoever_holds_it_keeps_it() -> None:
    rules(Mode.AUTO, Trigger.EOI_SIGNED, Trigger.INTEREST_LOST)
    interest, berth = interested()
    other, _berth = interested(berth)
    sign(interest, DocumentType.EOI)
    hold(other, until=now() + timedelta(days=7), by=enter(MANAGER))
    end(interest, "lose")
    assert berth.status == UNDER_OFFER


def test_whoever_looks_at_it_still_is_linked_still() -> None:
    rules(Mode.AUTO)
    admin = enter(ADMIN)
    SettingsSheet.locked(admin).update({"rule_interest_linked_status": "under_offer"}, by=admin)
    interest, berth = interested()
    interested(berth)
    sign(interest, DocumentType.EOI)
    end(interest, "lose")
    assert berth.status == UNDER_OFFER


def signed_and_sold(dock: Dock | None = None, code: str = "12") -> tuple[Interest, Berth, Document]:
    """By its contract, as the rules come."""
    interest, berth = interested(make_berth(enter(MANAGER), dock, code=code))
    sign(interest, DocumentType.EOI)
    contract = sign(interest, DocumentType.CONTRACT)
    assert berth.status == SOLD
    return interest, berth, contract


@pytest.mark.parametrize("how", ENDS)
def test_of_a_berth_that_a_contract_made_sold_somebody_is_asked(how: str) -> None:
    interest, berth, _contract = signed_and_sold()
    end(interest, how)
    db.session.refresh(berth)
    assert (berth.status, asked(berth)) == (SOLD, {("available", "interest_lost")})


def test_a_void_contract_asks_for_what_is_left() -> None:
    interest, berth, contract = signed_and_sold()
    contract.void("Wrong client", interest=interest, by=enter(MANAGER))
    assert (berth.status, asked(berth)) == (SOLD, {("under_offer", "eoi_signed")})


def test_a_berth_that_was_sold_by_hand_or_to_somebody_stays_sold() -> None:
    dock = make_dock(enter(MANAGER))
    interest, berth = interested(make_berth(enter(MANAGER), dock))
    berth.change_status(SOLD, by=enter(MANAGER), triggered_by="hand")
    sign(interest, DocumentType.EOI)
    end(interest, "lose")
    assert asked(berth) == set()
    interest, berth, _contract = signed_and_sold(dock, "13")
    during, by = Range(now(), None), enter(MANAGER)
    Occupancy.book(berth, during, OccupancyKind.CONTRACT, by=by, client=make_client(by))
    end(interest, "lose")
    assert asked(berth) == set()


@pytest.mark.parametrize("how", ["lose", "archive"])
def test_what_comes_back_says_again_what_it_has_come_to(how: str) -> None:
    rules(Mode.AUTO)
    interest, berth = interested()
    sign(interest, DocumentType.EOI)
    pay(interest)
    end(interest, how)
    assert berth.status == AVAILABLE
    by = enter(MANAGER)
    if how == "lose":
        interest.reopen(by=by)
    else:
        interest.restore(by=by)
    assert berth.status == RESERVED


@pytest.mark.parametrize("act", ["lose", "archive"])
def test_a_bulk_act_that_is_taken_back_does_as_well(act: str, visit: Callable[[str], Visitor]) -> None:
    rules(Mode.AUTO)
    interest, berth = interested()
    sign(interest, DocumentType.EOI)
    berth_id = berth.id
    in_bulk(interest, act)
    commit()
    enter(MANAGER)
    assert db.session.get_one(Berth, berth_id).status == AVAILABLE
    number = db.session.scalars(select(ChangeSet.number)).one()
    commit()
    assert visit(MANAGER).post(f"/north/changes/{number}/roll-back").status_code == 303
    perform_waiting()
    enter(MANAGER)
    db.session.expire_all()
    assert db.session.get_one(Berth, berth_id).status == UNDER_OFFER


def test_back_on_the_board_what_is_signed_stays_signed() -> None:
    rules(Mode.AUTO, Trigger.EOI_SIGNED, Trigger.INTEREST_LOST)
    interest, berth = interested()
    document, by = sign(interest, DocumentType.EOI), enter(MANAGER)
    interest.move_to(Stage.SIGNED_EOI_NDA, by=by)
    interest.move_to(Stage.VISITED, by=by, note="Wants to see it again")
    assert berth.status == UNDER_OFFER
    document.void("Withdrawn", interest=interest, by=by)
    assert berth.status == AVAILABLE


def test_what_is_void_or_paid_back_lets_the_berth_go_once_nothing_is_left() -> None:
    rules(Mode.AUTO, Trigger.EOI_SIGNED, Trigger.DEPOSIT_RECEIVED, Trigger.INTEREST_LOST)
    interest, berth = interested()
    document, deposit, by = sign(interest, DocumentType.EOI), pay(interest), enter(MANAGER)
    interest.move_to(Stage.TEN_PERCENT_DEPOSIT, by=by)
    interest.reverse_deposit(deposit, "Bounced", by=by)
    document.void("Not theirs", interest=interest, by=by)
    assert berth.status == RESERVED
    interest.move_to(Stage.VISITED, by=by, note="Begins anew")
    assert berth.status == AVAILABLE
