"""Holding and selling: the time that is wanted, whether the boat fits, what is taken back, and berths that are sold for
later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from app import live
from app.berths.models import Berth, BerthStatus, Occupancy, OccupancyKind
from app.clients.models import Client
from app.db import begin, commit, db, now
from app.documents.models import Document, DocumentStatus, DocumentType
from app.errors import Refused
from app.events.models import Event
from app.events.timeline import timeline
from app.formats import today
from app.identity.models import PortRoleOverride, Role
from app.interests.jobs import begin_tenures
from app.interests.models import Deposit, Interest, Misfit, Outcome, Stage, extend_hold, hold, hold_of
from app.interests.models.stages import missing
from app.schedule import RECURRING
from tests.world import NORTH, Visitor, enter, make_berth, make_client, make_dock, make_file, make_interest

pytestmark = pytest.mark.usefixtures("db")

MANAGER, DIRECTOR = "sales_manager@north.example", "director@north.example"
VIEWER, AGENT = "viewer@north.example", "sales_agent@north.example"
Visit = Callable[[str], Visitor]
Relayed = Callable[[], list[str]]


def interested(berth: Berth | None = None, /, **fields: Any) -> Interest:
    by = enter(MANAGER)
    return make_interest(make_client(by), by=by, berth=berth or make_berth(by), **fields)


def sign(interest: Interest, *kinds: DocumentType) -> list[Document]:
    by = enter(MANAGER)
    of: dict[str, Any] = {"client": db.session.get_one(Client, interest.client_id), "interest": interest}
    file = make_file(by, record=interest)
    return [Document.record_signed(kind, file, sha256=b"1" * 32, by=by, **of) for kind in kinds]


def pay(interest: Interest, amount: int = 100) -> Deposit:
    return interest.record_deposit(Decimal(amount), "EUR", received_on=now().date(), by=enter(MANAGER))


def make_ready(interest: Interest) -> None:
    sign(interest, DocumentType.EOI, DocumentType.CONTRACT)
    pay(interest)


def in_a_week() -> datetime:
    return now() + timedelta(days=7)


def url_of(interest: Interest) -> str:
    return f"/north/interests/{interest.number}"


# --- The time that is wanted --------------------------------------------------------------------------------------

GONE: list[dict[str, int | None]] = [
    {"wanted_from": None, "wanted_until": 0},
    {"wanted_from": None, "wanted_until": -3},
    {"wanted_from": -9, "wanted_until": -3},
    {"wanted_from": 20, "wanted_until": 20},
]


def days(fields: dict[str, int | None]) -> dict[str, Any]:
    return {name: None if at is None else today() + timedelta(days=at) for name, at in fields.items()}


@pytest.mark.parametrize("fields", GONE)
def test_a_time_that_is_none_is_refused_by_its_name(fields: dict[str, int | None]) -> None:
    enter(MANAGER)
    interest = interested(**days(fields))
    make_ready(interest)
    by = enter(MANAGER)
    with pytest.raises(Refused, match="“Wanted until”"):
        hold(interest, until=in_a_week(), by=by)
    with pytest.raises(Refused, match="“Wanted until”"):
        interest.move_to(Stage.COMPLETED, by=by)
    assert (interest.stage, interest.occupancy_id) == (Stage.OPEN, None)


def test_the_pages_say_so_and_lead_to_where_it_is_changed(visit: Visit) -> None:
    enter(MANAGER)
    interest = interested(**days(GONE[1]))
    make_ready(interest)
    url = url_of(interest)
    commit()
    manager = visit(MANAGER)
    form = manager.form(url)
    answer = manager.post(f"{url}/hold?_method=PUT", {**form, "until": in_a_week().date().isoformat()})
    assert (answer.status_code, "Wanted until" in answer.text) == (409, True)
    answer = manager.post(f"{url}/stage?_method=PUT", {**manager.form(f"{url}/stage"), "stage": "completed"})
    assert answer.status_code == 409
    assert f'href="{url}/edit#wanted_until"' in answer.text


# --- Holds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("happens", ["cancel", "note_no_show"])
def test_a_hold_that_was_cancelled_among_the_stays_is_made_anew(happens: str, visit: Visit) -> None:
    interest = interested()
    by = enter(MANAGER)
    hold(interest, until=in_a_week(), by=by)
    first = hold_of(interest)
    assert first is not None
    getattr(first, happens)(by=by)
    url, interest_id = url_of(interest), interest.id
    commit()
    manager = visit(MANAGER)
    answer = manager.post(f"{url}/hold?_method=PUT", {**manager.form(url), "until": in_a_week().date().isoformat()})
    assert answer.status_code == 303
    enter(MANAGER)
    second = hold_of(db.session.get_one(Interest, interest_id))
    assert second is not None
    assert second.id != first.id


def test_the_page_of_the_interest_follows_a_hold_that_is_cancelled(
    relayed: Relayed, monkeypatch: pytest.MonkeyPatch
) -> None:
    interest = interested()
    by = enter(MANAGER)
    hold(interest, until=in_a_week(), by=by)
    relayed()
    by = enter(MANAGER)
    held, room = hold_of(interest), interest.room
    assert held is not None
    held.cancel(by=by)
    rooms: list[str] = []
    monkeypatch.setattr(live, "refresh", lambda room, **_target: rooms.append(room))
    relayed()
    assert room in rooms


def test_what_is_let_go_is_forgotten_also_where_it_was_cancelled_before() -> None:
    interest = interested()
    by = enter(MANAGER)
    hold(interest, until=in_a_week(), by=by)
    held = hold_of(interest)
    assert held is not None
    held.cancel(by=by)
    interest.unlink_berth(by=by)
    assert interest.occupancy_id is None


@pytest.mark.parametrize("end", ["lost", "won", "archived"])
def test_what_is_over_holds_nothing(end: str) -> None:
    interest = interested()
    make_ready(interest)
    by = enter(MANAGER)
    if end == "lost":
        interest.lose("Too dear", by=by)
    elif end == "won":
        interest.move_to(Stage.COMPLETED, by=by)
    else:
        interest.archive(by=by)
    had = interest.occupancy_id
    for act in (hold, extend_hold):
        with pytest.raises(Refused, match=r"archived|over"):
            act(interest, until=in_a_week(), by=by)
    assert (interest.occupancy_id, had is None) == (had, end != "won")


def test_the_contract_of_a_sale_is_not_forgotten_with_its_hold() -> None:
    interest = interested()
    make_ready(interest)
    by = enter(MANAGER)
    interest.move_to(Stage.COMPLETED, by=by)
    contract = interest.occupancy_id
    interest.archive(by=by)
    assert interest.occupancy_id == contract is not None


def test_once_it_is_signed_holding_stands_at_the_top(visit: Visit) -> None:
    interest = interested()
    sign(interest, DocumentType.EOI)
    interest.move_to(Stage.SIGNED_EOI_NDA, by=enter(MANAGER))
    url, offered = url_of(interest), (today() + timedelta(days=14)).isoformat()
    commit()
    page = visit(MANAGER).get(url).text
    top = page.partition('aria-labelledby="next-title"')[2].partition("</section>")[0]
    assert ">10 % deposit</span>" in top
    assert "A recorded deposit of at least 10 % is missing." in top
    assert f'value="{offered}"' in top
    assert page.count('name="until"') == 1
    assert "Hold the berth" in top
    for who, words in ((VIEWER, "Hold the berth"), (AGENT, "Record it")):
        assert words not in visit(who).get(url).text


def test_the_next_step_says_when_nothing_is_missing(visit: Visit) -> None:
    url = url_of(interested())
    commit()
    page = visit(MANAGER).get(url).text
    assert ">Details sent</span>" in page
    assert f'href="{url}/stage?to=details_sent"' in page


# --- Completing ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("says", [True, False])
def test_a_freehold_is_sold_without_an_end(says: bool) -> None:
    by = enter(MANAGER)
    berth = make_berth(by, tenure="annual" if says else "freehold")
    interest = interested(berth, tenure="freehold" if says else None, wanted_until=date(2028, 7, 1))
    make_ready(interest)
    assert interest.move_to(Stage.COMPLETED, by=enter(MANAGER))
    assert (berth.tenure, berth.tenure_expires_on, berth.status) == ("freehold", None, BerthStatus.SOLD)


def test_why_it_was_won_is_kept(visit: Visit) -> None:
    interest = interested()
    make_ready(interest)
    interest.move_to(Stage.COMPLETED, by=enter(MANAGER), note="Liked the neighbours")
    assert (interest.outcome, interest.outcome_reason) == (Outcome.WON, "Liked the neighbours")
    url = url_of(interest)
    commit()
    assert "Liked the neighbours" in visit(VIEWER).get(url).text.partition('class="split"')[0]


def sold_twice() -> tuple[Berth, Interest]:
    """Until July 2027 to one, and from then on to another."""
    by = enter(MANAGER)
    berth = make_berth(by, tenure="annual")
    first = interested(berth, wanted_from=date(2026, 7, 1), wanted_until=date(2027, 7, 1), tenure="seasonal")
    second = interested(berth, wanted_from=date(2027, 7, 1), wanted_until=date(2029, 7, 1), tenure="lease")
    for one in (first, second):
        make_ready(one)
        one.move_to(Stage.COMPLETED, by=enter(MANAGER))
    return berth, second


def morning(day: date) -> Berth:
    """What is the berth after that morning."""
    commit()
    with time_machine.travel(datetime(day.year, day.month, day.day, 5, tzinfo=UTC), tick=False):
        begin(port_id=NORTH, scope="staff")
        begin_tenures()
        commit()
    enter(MANAGER)
    return db.session.scalars(select(Berth)).one()


def test_who_has_the_berth_until_it_is_sold_keeps_the_tenure() -> None:
    with time_machine.travel(datetime(2026, 11, 22, tzinfo=UTC), tick=False):
        berth, second = sold_twice()
    assert (berth.tenure, berth.tenure_expires_on) == ("seasonal", date(2027, 7, 1))
    assert second.tenure_from == date(2027, 7, 1)
    assert morning(date(2027, 6, 30)).tenure == "seasonal"
    found = morning(date(2027, 7, 1))
    assert (found.tenure, found.tenure_expires_on, found.status) == ("lease", date(2029, 7, 1), BerthStatus.SOLD)
    updates = select(Event.id).where(Event.name == "berth:updated")
    count = len(db.session.scalars(updates).all())
    assert morning(date(2027, 7, 2)).tenure == "lease"
    assert len(db.session.scalars(updates).all()) == count


def test_a_contract_that_was_moved_to_an_earlier_day_counts_from_that() -> None:
    with time_machine.travel(datetime(2026, 11, 22, tzinfo=UTC), tick=False):
        berth, second = sold_twice()
        by = enter(MANAGER)
        before = select(Occupancy).where(Occupancy.berth_id == berth.id, Occupancy.id != second.occupancy_id)
        db.session.scalars(before).one().cancel(by=by)
        booked = db.session.get_one(Occupancy, second.occupancy_id)
        days = [datetime(year, month, 1, 12, tzinfo=UTC) for year, month in ((2027, 5), (2029, 7))]
        assert booked.move(berth, Range(*days), by=by)
    assert morning(date(2027, 4, 30)).tenure == "seasonal"
    assert morning(date(2027, 5, 1)).tenure == "lease"


def test_a_tenure_that_was_only_typed_lasts_until_it_ends() -> None:
    with time_machine.travel(datetime(2026, 11, 22, tzinfo=UTC), tick=False):
        berth = make_berth(enter(MANAGER), tenure="annual", tenure_expires_on=date(2027, 6, 30))
        interest = interested(berth, wanted_from=date(2027, 7, 1), wanted_until=date(2029, 7, 1), tenure="lease")
        make_ready(interest)
        interest.move_to(Stage.COMPLETED, by=enter(MANAGER))
    assert (berth.tenure, berth.tenure_expires_on) == ("annual", date(2027, 6, 30))
    assert morning(date(2027, 7, 1)).tenure == "lease"


def test_a_sale_that_was_cancelled_meanwhile_changes_no_tenure() -> None:
    with time_machine.travel(datetime(2026, 11, 22, tzinfo=UTC), tick=False):
        _berth, second = sold_twice()
        db.session.get_one(Occupancy, second.occupancy_id).cancel(by=enter(MANAGER))
    assert morning(date(2027, 7, 1)).tenure == "seasonal"


def test_where_nobody_has_it_the_tenure_changes_at_once() -> None:
    by = enter(MANAGER)
    berth = make_berth(by, tenure="annual")
    interest = interested(berth, wanted_until=date(2029, 7, 1), tenure="lease")
    make_ready(interest)
    interest.move_to(Stage.COMPLETED, by=enter(MANAGER))
    assert (berth.tenure, berth.tenure_expires_on, interest.tenure_from) == ("lease", date(2029, 7, 1), None)


def test_tenures_begin_before_their_ends_are_looked_for() -> None:
    rows = {row.name: row for row in RECURRING}
    assert (rows["tenure-begin"].cron, rows["tenure-begin"].in_port_time) == ("0 6 * * *", True)
    assert rows["tenure-expiry-check"].cron == "0 8 * * *"


# --- Whether it fits ----------------------------------------------------------------------------------------------


def too_long() -> Interest:
    by = enter(MANAGER)
    return interested(make_berth(by, max_loa=Decimal(12)), loa=Decimal(14))


def test_what_does_not_fit_is_neither_held_nor_sold_without_a_reason() -> None:
    interest = too_long()
    make_ready(interest)
    by = enter(MANAGER)
    with pytest.raises(Misfit, match="200 cm too long"):
        hold(interest, until=in_a_week(), by=by)
    with pytest.raises(Refused, match="200 cm too long"):
        interest.move_to(Stage.COMPLETED, by=by)
    assert hold(interest, until=in_a_week(), by=by, override="Lies across the end")
    assert interest.move_to(Stage.COMPLETED, by=by, override="Lies across the end")
    sold = db.session.get_one(Occupancy, interest.occupancy_id)
    assert sold.kind == OccupancyKind.CONTRACT
    assert "Lies across the end" in timeline("occupancy", sold.id)[0].text


def test_the_page_shows_the_misfit_and_takes_the_reason_of_who_may_say_so(visit: Visit) -> None:
    url, until = url_of(too_long()), in_a_week().date().isoformat()
    commit()
    manager = visit(MANAGER)
    assert "length 14.00 m, berth 12.00 m: 200 cm too long" in manager.get(url).text
    refused = manager.post(f"{url}/hold?_method=PUT", {**manager.form(url), "until": until})
    assert refused.status_code == 422
    assert f'value="{until}"' in refused.text
    assert refused.text.count("200 cm too long") == 2
    told = {"until": until, "override": "Lies across the end"}
    assert manager.post(f"{url}/hold?_method=PUT", {**manager.form(url), **told}).status_code == 303


def test_the_stage_takes_the_reason_too(visit: Visit) -> None:
    interest = too_long()
    make_ready(interest)
    url, interest_id = url_of(interest), interest.id
    commit()
    manager = visit(MANAGER)
    form = {**manager.form(f"{url}/stage"), "stage": "completed"}
    refused = manager.post(f"{url}/stage?_method=PUT", form)
    assert (refused.status_code, "200 cm too long" in refused.text) == (409, True)
    form["override"] = "Lies across the end"
    assert manager.post(f"{url}/stage?_method=PUT", form).status_code == 303
    enter(MANAGER)
    assert db.session.get_one(Interest, interest_id).outcome == Outcome.WON


# --- Taken back ---------------------------------------------------------------------------------------------------


def test_a_deposit_that_is_taken_back_counts_no_more(relayed: Relayed) -> None:
    interest = interested()
    sign(interest, DocumentType.EOI)
    deposit = pay(interest)
    assert missing(interest, Stage.TEN_PERCENT_DEPOSIT) == []
    relayed()
    by = enter(MANAGER)
    assert interest.reverse_deposit(deposit, "It was for number 9", by=by)
    assert not interest.reverse_deposit(deposit, "It was for number 9", by=by)
    assert [one.mend for one in missing(interest, Stage.TEN_PERCENT_DEPOSIT)] == ["record_deposit"]
    assert relayed() == ["interest:depositReversed"]
    enter(MANAGER)
    told = timeline("interest", interest.id)[0].text
    assert told == f"took a deposit of 100.00 EUR of interest {interest.number} back: It was for number 9"


def test_an_archived_one_keeps_its_deposit_and_one_that_is_over_gives_it_back() -> None:
    interest = interested()
    deposit = pay(interest)
    by = enter(MANAGER)
    interest.lose("Too dear", by=by)
    interest.archive(by=by)
    with pytest.raises(Refused, match="archived"):
        interest.reverse_deposit(deposit, "Paid back", by=by)
    interest.restore(by=by)
    assert interest.reverse_deposit(deposit, "Paid back", by=by)


def test_the_page_takes_a_deposit_back_with_a_reason(visit: Visit) -> None:
    interest = interested()
    deposit, url = pay(interest), url_of(interest)
    at = f"{url}/deposits/{deposit.id}/reversal"
    other = interested(make_berth(enter(MANAGER), make_dock(enter(MANAGER), "C")))
    elsewhere = f"{url_of(other)}/deposits/{deposit.id}/reversal"
    commit()
    director = visit(DIRECTOR)
    assert f'href="{at}"' in director.get(url).text
    assert at not in visit(MANAGER).get(url).text
    assert director.get(elsewhere).status_code == 404
    refused = director.post(at, director.form(at))
    assert (refused.status_code, "Say why." in refused.text) == (422, True)
    for _ in range(2):
        assert director.post(at, {**director.form(at), "reason": "Bounced"}).status_code == 303
    page = director.get(url).text
    assert "Taken back on" in page
    assert page.count("took a deposit") == 1


def test_who_books_money_in_records_deposits(visit: Visit) -> None:
    url = url_of(interested())
    commit()
    assert "Record deposit" not in visit(MANAGER).get(url).text
    director = visit(DIRECTOR)
    form = {**director.form(url), "amount": "100", "currency": "EUR", "received_on": today().isoformat()}
    assert director.post(f"{url}/deposits", form).status_code == 303
    assert visit(MANAGER).post(f"{url}/deposits", form).status_code == 403


def test_who_sees_no_interests_books_nothing_on_them(visit: Visit) -> None:
    interest = interested()
    deposit_id, url = pay(interest).id, url_of(interest)
    role_id = db.session.scalars(select(Role.id).where(Role.name == "director")).one()
    db.session.add(
        PortRoleOverride(port_id=NORTH, role_id=role_id, permission_overrides={"interests": {"view": False}})
    )
    commit()
    director = visit(DIRECTOR)
    assert director.post(f"{url}/deposits", {"amount": "x"}).status_code == 404
    assert director.get(f"{url}/deposits/{deposit_id}/reversal").status_code == 404


def test_a_void_document_opens_no_stage(relayed: Relayed) -> None:
    interest = interested()
    [document] = sign(interest, DocumentType.EOI)
    relayed()
    by = enter(MANAGER)
    assert document.void("Wrong client", interest=interest, by=by)
    assert not document.void("Wrong client", interest=interest, by=by)
    assert document.status == DocumentStatus.VOID
    with pytest.raises(Refused, match="expression of interest"):
        interest.move_to(Stage.SIGNED_EOI_NDA, by=by)
    assert relayed() == ["document:voided"]
    enter(MANAGER)
    told = timeline("interest", interest.id)[0].text
    assert told == "made a signed document void: Expression of interest: Wrong client"
