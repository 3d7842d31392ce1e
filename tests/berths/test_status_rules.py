"""The port's rules for the status of a berth: by itself, after asking, not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.admin.models import Mode, SettingsSheet
from app.admin.models.settings import FIXED
from app.berths.models import Berth, BerthStatus, StatusSuggestion
from app.berths.models.status_rules import Trigger, dismiss, suggestions_of, take, triggered
from app.current import Member
from app.db import commit, db
from app.events.models import System
from app.events.timeline import timeline
from tests.world import Visitor, enter, make_berth, make_suggestion

pytestmark = pytest.mark.usefixtures("db")

MANAGER, ADMIN, VIEWER = "sales_manager@north.example", "port_admin@north.example", "viewer@north.example"
Visit = Callable[[str], Visitor]
Relayed = Callable[[], list[str]]


def rule(trigger: Trigger, mode: Mode, to: BerthStatus | None = None) -> None:
    admin = enter(ADMIN)
    fields = {f"rule_{trigger}_mode": mode} | ({f"rule_{trigger}_status": to} if to else {})
    SettingsSheet.locked(admin).update(fields, by=admin)


def berth_that_is(status: BerthStatus) -> tuple[Berth, Member]:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    berth.change_status(status, by=manager, triggered_by="hand")
    return berth, manager


def asked(berth: Berth) -> list[tuple[str, str]]:
    return [(one.status, one.trigger) for one in suggestions_of(berth)]


# --- What a trigger does ------------------------------------------------------------------------------------------


def test_by_itself_the_status_changes_once_and_says_by_which_rule(relayed: Relayed) -> None:
    berth, manager = berth_that_is(BerthStatus.AVAILABLE)
    for _ in range(2):
        triggered(Trigger.CONTRACT_SIGNED, berth, by=manager, because="Interest 1042")
    assert (berth.status, asked(berth)) == (BerthStatus.SOLD, [])
    said = timeline("berth", berth.id)[0].text
    assert said == "set the status to Sold or let (The contract is signed): Interest 1042"
    assert relayed()[3:] == ["berth:statusChanged"]


def test_after_asking_it_is_suggested_once(relayed: Relayed) -> None:
    berth, manager = berth_that_is(BerthStatus.AVAILABLE)
    for _ in range(2):
        triggered(Trigger.EOI_SIGNED, berth, by=manager, because="Interest 1042")
    assert (berth.status, asked(berth)) == (BerthStatus.AVAILABLE, [("under_offer", "eoi_signed")])
    assert relayed()[3:] == ["berth:statusSuggested"]


def test_not_at_all_means_nothing_happens(relayed: Relayed) -> None:
    berth, manager = berth_that_is(BerthStatus.AVAILABLE)
    triggered(Trigger.INTEREST_LINKED, berth, by=manager)
    assert (berth.status, asked(berth), relayed()[3:]) == (BerthStatus.AVAILABLE, [], [])


@pytest.mark.parametrize("trigger", [trigger for trigger in Trigger if trigger not in FIXED])
def test_the_port_says_what_every_trigger_does(trigger: Trigger) -> None:
    berth, _manager = berth_that_is(BerthStatus.MAINTENANCE)
    if trigger in (Trigger.INTEREST_LOST, Trigger.TENURE_EXPIRED):
        was = BerthStatus.SOLD if trigger == Trigger.TENURE_EXPIRED else BerthStatus.UNDER_OFFER
        berth.change_status(was, by=System(), triggered_by="hand")
    elif trigger == Trigger.MAINTENANCE_OPENED:
        berth.change_status(BerthStatus.SOLD, by=System(), triggered_by="hand")
    else:
        berth.status_before = None
    to = BerthStatus.MAINTENANCE if trigger == Trigger.MAINTENANCE_OPENED else BerthStatus.RESERVED
    to = BerthStatus.AVAILABLE if trigger == Trigger.INTEREST_LOST else to
    rule(trigger, Mode.AUTO, to)
    triggered(trigger, berth, by=System())
    assert berth.status == to


@pytest.mark.parametrize(
    ("trigger", "was"),
    [
        (Trigger.DEPOSIT_RECEIVED, BerthStatus.SOLD),
        (Trigger.EOI_SIGNED, BerthStatus.RESERVED),
        (Trigger.INTEREST_LOST, BerthStatus.SOLD),
        (Trigger.INTEREST_LOST, BerthStatus.MAINTENANCE),
        (Trigger.TENURE_EXPIRED, BerthStatus.UNDER_OFFER),
        (Trigger.MAINTENANCE_CLOSED, BerthStatus.SOLD),
    ],
)
def test_a_berth_that_is_further_by_now_stays_so(trigger: Trigger, was: BerthStatus) -> None:
    berth, manager = berth_that_is(was)
    rule(trigger, Mode.AUTO)
    triggered(trigger, berth, by=manager)
    assert (berth.status, asked(berth)) == (was, [])


def test_what_was_repaired_is_again_what_it_was_before() -> None:
    berth, manager = berth_that_is(BerthStatus.SOLD)
    for trigger in (Trigger.MAINTENANCE_OPENED, Trigger.MAINTENANCE_CLOSED):
        rule(trigger, Mode.AUTO)
        triggered(trigger, berth, by=manager)
    assert (berth.status, berth.status_before) == (BerthStatus.SOLD, None)


def test_an_archived_berth_is_left_alone() -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    berth.archive(by=manager)
    triggered(Trigger.CONTRACT_SIGNED, berth, by=manager)
    triggered(Trigger.EOI_SIGNED, berth, by=manager)
    assert (berth.status, asked(berth)) == (BerthStatus.AVAILABLE, [])


# --- Suggestions --------------------------------------------------------------------------------------------------


def test_a_suggestion_is_taken_by_its_rule_and_takes_the_others_with_it(relayed: Relayed) -> None:
    berth, manager = berth_that_is(BerthStatus.AVAILABLE)
    make_suggestion(berth, by=manager, to=BerthStatus.MAINTENANCE)
    suggestion = make_suggestion(berth, by=manager)
    assert take(suggestion, berth, by=manager)
    assert (berth.status, asked(berth)) == (BerthStatus.UNDER_OFFER, [])
    assert relayed()[5:] == ["berth:statusChanged"]


def test_a_suggestion_that_is_dismissed_goes_and_the_status_stays(relayed: Relayed) -> None:
    berth, manager = berth_that_is(BerthStatus.AVAILABLE)
    suggestion = make_suggestion(berth, by=manager)
    dismiss(suggestion, berth, by=manager)
    assert (berth.status, asked(berth)) == (BerthStatus.AVAILABLE, [])
    told = timeline("berth", berth.id)[0].text
    assert told == "left the status as it is, rather than Under offer: The expression of interest is signed"
    assert relayed()[4:] == ["berth:suggestionDismissed"]


def test_what_was_suggested_is_stale_once_the_status_changes() -> None:
    berth, manager = berth_that_is(BerthStatus.AVAILABLE)
    make_suggestion(berth, by=manager)
    berth.change_status(BerthStatus.SOLD, by=manager, triggered_by="hand")
    assert asked(berth) == []


# --- The pages ----------------------------------------------------------------------------------------------------


def suggested_berth() -> tuple[str, str]:
    """The address of the berth, and of its suggestion."""
    berth, manager = berth_that_is(BerthStatus.AVAILABLE)
    suggestion = make_suggestion(berth, by=manager)
    url = f"/north/berths/{berth.number}"
    one = f"{url}/suggestions/{suggestion.id}"
    commit()
    return url, one


def test_a_suggestion_stands_on_the_berth_and_in_the_list_for_who_may_decide(visit: Visit) -> None:
    url, one = suggested_berth()
    for address in (url, "/north/berths/suggestions"):
        page = visit(MANAGER).get(address).text
        assert f'formaction="{one}/acceptance' in page
        assert "The expression of interest is signed: Interest 1042" in page
        assert 'id="row-actions"' in page
        assert 'id="row-actions"' not in visit(VIEWER).get(address).text
    assert "1 suggestion</a>" in visit(VIEWER).get("/north/berths").text


@pytest.mark.parametrize(
    ("act", "status"), [("/acceptance", BerthStatus.UNDER_OFFER), ("?_method=DELETE", BerthStatus.AVAILABLE)]
)
def test_deciding_twice_decides_once(visit: Visit, relayed: Relayed, act: str, status: BerthStatus) -> None:
    url, one = suggested_berth()
    relayed()
    manager = visit(MANAGER)
    for _ in range(2):
        answer = manager.post(one + act)
        assert (answer.status_code, answer.location) == (303, url)
    assert "That is decided already" in manager.get(url).text
    assert len(relayed()) == 1
    enter(MANAGER)
    assert db.session.scalars(select(Berth.status)).all() == [status]
    assert db.session.scalars(select(StatusSuggestion)).all() == []


def test_who_decides_in_the_list_stays_in_it(visit: Visit) -> None:
    _url, one = suggested_berth()
    assert visit(MANAGER).post(f"{one}/acceptance?back=list").location == "/north/berths/suggestions"


def test_the_list_of_suggestions_takes_two_statements(visit: Visit, statements: list[str]) -> None:
    manager = enter(MANAGER)
    first = make_berth(manager)
    make_suggestion(first, by=manager)
    for code in range(20):
        make_suggestion(make_berth(manager, first.dock, code=f"C{code}"), by=manager)
    commit()
    visitor = visit(VIEWER)
    statements.clear()
    assert visitor.get("/north/berths/suggestions").text.count('<div class="suggestion"') == 21
    assert len(statements) <= 2
