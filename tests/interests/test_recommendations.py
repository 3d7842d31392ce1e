"""Recommendations: the score and its reasons, keeping them up to date, what people say of them, and their pages."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import Range

from app import formats
from app.berths.models import Absence, Berth, BerthStatus, Dock, Occupancy, OccupancyKind, fit
from app.berths.models.days import stay
from app.clients.models import Client
from app.db import begin, commit, now, rollback
from app.db import db as unit
from app.errors import Refused
from app.identity.models import current_port_of
from app.interests.models import Interest, hold
from app.interests.recommendations.finding import Findings, find
from app.interests.recommendations.jobs import look_for_interest
from app.interests.recommendations.labels import PARTS, SAID, reason_words
from app.interests.recommendations.models import Lookout, Origin, Reason, Recommendation
from app.interests.recommendations.queries import best_of, wanting
from app.interests.recommendations.renewing import mark_all, mark_berth, mark_interest, work_off
from app.interests.recommendations.score import OF
from app.interests.recommendations.wish import Wish
from app.jobs import Job, perform
from app.prices.models import PriceList, price_of
from tests.live.pages import Page
from tests.servers import Installation
from tests.waiting import together
from tests.world import (
    NORTH,
    Visitor,
    enter,
    make_berth,
    make_client,
    make_dock,
    make_interest,
    make_vessel,
    price_line,
    relay,
)

MANAGER, AGENT = "sales_manager@north.example", "sales_agent@north.example"
D = Decimal
SIZE: dict[str, Any] = {"loa": D(10), "beam": D("3.30")}
# As large as that boat needs, with the 20 cm that the port wants free beside it.
JUST: dict[str, Any] = {"max_loa": D(10), "max_beam": D("3.50")}


@pytest.fixture
def interest(db: SQLAlchemy) -> Interest:
    by = enter(MANAGER)
    return make_interest(make_client(by), by=by, **SIZE)


@pytest.fixture
def dock(interest: Interest) -> Dock:
    return make_dock(enter(MANAGER))


def found(interest: Interest, **how: Any) -> Findings:
    by = enter(MANAGER)
    same = unit.session.scalars(Interest.visible_to(by).where(Interest.id == interest.id)).one()
    unit.session.refresh(same, ["vessel"])
    with formats.use(by.here()):
        return find(Wish.of(same, by.here()), **how)


def names(findings: Findings) -> list[str]:
    return [one.row.code for one in findings.best]


def given_for(interest: Interest, code: str) -> dict[str, Reason]:
    [one] = [one for one in found(interest).best if one.row.code == code]
    assert one.score == sum(reason.points for reason in one.reasons)
    return {reason.part: reason for reason in one.reasons}


def look(port_id: uuid.UUID = NORTH) -> list[uuid.UUID]:
    """Work off what is marked, as the job does; gives the interests of which something changed."""
    enter(MANAGER)
    changed = []
    while not (looked := work_off(current_port_of(port_id))).is_done:
        changed += looked.changed
    return changed


def kept(interest: Interest) -> list[Recommendation]:
    rows = select(Recommendation).where(Recommendation.interest_id == interest.id)
    order = (Recommendation.score.desc(), Recommendation.id)
    return list(unit.session.scalars(rows.order_by(*order).execution_options(populate_existing=True)))


def is_marked(interest: Interest) -> bool:
    of = select(Lookout.stale_since).where(Lookout.interest_id == interest.id)
    return unit.session.scalar(of) is not None


def named(choices: str) -> list[str]:
    return re.findall('value="([^"·]+) · ', choices)


# --- The score ----------------------------------------------------------------------------------------------------


class TestScore:
    def test_its_parts_come_to_a_hundred(self) -> None:
        assert sum(OF.values()) == 100

    def test_what_is_just_as_wanted_has_all_of_them(self, interest: Interest, dock: Dock) -> None:
        make_berth(enter(MANAGER), dock, **JUST)
        [one] = found(interest).best
        assert (one.score, [reason.points for reason in one.reasons]) == (100, list(OF.values()))

    @pytest.mark.parametrize(
        ("size", "part", "points"),
        [
            ({"max_loa": D("12.50")}, "length", 10),
            ({"max_loa": D(15)}, "length", 0),
            ({"max_loa": D(30)}, "length", 0),
            ({"max_loa": None}, "length", 0),
            ({"max_beam": D("4.20")}, "width", 9),
            ({"max_beam": None}, "width", 0),
        ],
    )
    def test_more_room_than_needed_gives_less(
        self, interest: Interest, dock: Dock, size: dict[str, Any], part: str, points: int
    ) -> None:
        make_berth(enter(MANAGER), dock, **JUST | size)
        assert given_for(interest, "12")[part].points == points

    def test_what_is_taken_all_the_time_over_a_change_of_clocks_is_not_recommended(
        self, interest: Interest, dock: Dock
    ) -> None:
        by = enter(MANAGER)
        interest.wanted_from, interest.wanted_until = date(2027, 3, 1), date(2027, 5, 1)
        with formats.use(by.here()):
            during = stay(interest.wanted_from, interest.wanted_until)
        Occupancy.book(make_berth(by, dock, **JUST), during, OccupancyKind.VISIT, by=by, client=make_client(by))
        assert names(found(interest)) == []

    def test_where_the_boat_does_not_fit_nothing_is_recommended(self, interest: Interest, dock: Dock) -> None:
        by = enter(MANAGER)
        make_berth(by, dock, "short", **JUST | {"max_loa": D("9.99")})
        make_berth(by, dock, "narrow", **JUST | {"max_beam": D("3.49")})
        make_berth(by, dock, "large", **JUST | {"max_loa": D(15), "min_loa": D("10.01")})
        assert found(interest) == Findings([])

    def test_the_vessel_says_its_size_before_the_wish_does(self, interest: Interest, dock: Dock) -> None:
        by = enter(MANAGER)
        client = unit.session.get_one(Client, interest.client_id)
        vessel = make_vessel(by, client, loa_declared=D(12), draft_declared=D(2))
        interest.update({"vessel_id": vessel.id}, by=by)
        make_berth(by, dock, "short", **JUST)
        make_berth(by, dock, "shallow", max_loa=D(12), max_beam=D("3.50"), depth=D("2.20"))
        make_berth(by, dock, "fits", max_loa=D(12), max_beam=D("3.50"), depth=D("2.30"))
        assert names(found(interest)) == ["fits"]

    @pytest.mark.parametrize(
        ("fields", "missing"),
        [({"loa": None, "beam": None}, "size"), ({"wanted_from": None, "wanted_until": date(2020, 1, 1)}, "time")],
    )
    def test_without_a_size_or_time_nobody_can_say(
        self, interest: Interest, dock: Dock, fields: dict[str, Any], missing: str
    ) -> None:
        by = enter(MANAGER)
        make_berth(by, dock, **JUST)
        interest.update(fields, by=by)
        unit.session.refresh(interest, ["vessel"])
        with formats.use(by.here()):
            assert Wish.of(interest, by.here()).missing == missing
        assert found(interest).best == []

    @pytest.mark.parametrize(
        ("status", "points"), [(BerthStatus.AVAILABLE, 10), (BerthStatus.UNDER_OFFER, 4), (BerthStatus.RESERVED, 2)]
    )
    def test_by_status(self, interest: Interest, dock: Dock, status: BerthStatus, points: int) -> None:
        by = enter(MANAGER)
        make_berth(by, dock, **JUST).change_status(status, by=by, triggered_by="hand")
        assert given_for(interest, "12")["status"].points == points

    @pytest.mark.parametrize("status", [BerthStatus.SOLD, BerthStatus.MAINTENANCE])
    def test_what_cannot_be_had_is_not_recommended(self, interest: Interest, dock: Dock, status: BerthStatus) -> None:
        by = enter(MANAGER)
        berth = make_berth(by, dock, **JUST)
        berth.change_status(status, by=by, triggered_by="hand")
        assert found(interest).best == []

    def test_what_is_sold_until_then_is(self, interest: Interest, dock: Dock) -> None:
        by = enter(MANAGER)
        berth = make_berth(by, dock, **JUST)
        berth.change_status(BerthStatus.SOLD, by=by, triggered_by="hand")
        berth.update({"tenure_expires_on": date(2027, 7, 1)}, by=by)
        assert given_for(interest, "12")["status"].points == 5
        berth.update({"tenure_expires_on": date(2027, 7, 2)}, by=by)
        assert found(interest).best == []

    def test_an_archived_one_is_not(self, interest: Interest, dock: Dock) -> None:
        by = enter(MANAGER)
        make_berth(by, dock, **JUST).archive(by=by)
        assert found(interest).best == []

    def test_by_tenure(self, interest: Interest, dock: Dock) -> None:
        by = enter(MANAGER)
        make_berth(by, dock, tenure="seasonal", **JUST)
        interest.update({"tenure": "annual"}, by=by)
        reason = given_for(interest, "12")["tenure"]
        assert (reason.points, reason_words(reason)) == (0, "seasonal")

    def test_by_others_who_have_it(self, interest: Interest, dock: Dock) -> None:
        by = enter(MANAGER)
        berth = make_berth(by, dock, **JUST)
        client = make_client(by, full_name="Ana Beltrán")
        for _ in range(2):
            make_interest(client, by=by, berth=berth)
        make_interest(client, by=by, berth=berth).lose("Too far", by=by)
        interest.link_berth(berth, by=by)
        reason = given_for(interest, "12")["rivals"]
        assert (reason.points, reason_words(reason)) == (1, "2 other open interests have it")

    def test_it_is_the_same_each_time(self, interest: Interest, dock: Dock) -> None:
        by = enter(MANAGER)
        for code in ("9", "10", "8"):
            make_berth(by, dock, code, **JUST)
        assert [names(found(interest)) for _ in range(2)] == [["8", "9", "10"]] * 2


class TestDates:
    @pytest.fixture
    def berth(self, interest: Interest, dock: Dock) -> Berth:
        """For July 2027, which has 31 nights until the first of August."""
        by = enter(MANAGER)
        interest.update({"wanted_until": date(2027, 8, 1)}, by=by)
        return make_berth(by, dock, **JUST)

    def book(self, berth: Berth, begins: int, ends: int, kind: OccupancyKind = OccupancyKind.VISIT) -> Occupancy:
        """From day to day of July, at noon in Helsinki."""
        first = datetime(2027, 7, 1, 9, tzinfo=UTC)
        by = enter(MANAGER)
        during = Range(first + timedelta(begins - 1), first + timedelta(ends - 1))
        return Occupancy.book(berth, during, kind, by=by, client=make_client(by))

    def test_partly_free(self, interest: Interest, berth: Berth) -> None:
        self.book(berth, 1, 11)
        reason = given_for(interest, "12")["dates"]
        assert (reason.points, reason_words(reason)) == (10, "free for 21 of 31 days")

    def test_who_leaves_as_they_come_is_not_in_the_way(self, interest: Interest, berth: Berth) -> None:
        self.book(berth, -5, 1)
        self.book(berth, 32, 40)
        assert given_for(interest, "12")["dates"].points == 25

    def test_taken_all_the_time_is_not_recommended(self, interest: Interest, berth: Berth) -> None:
        stay = self.book(berth, 1, 32)
        assert found(interest).best == []
        stay.cancel(by=enter(MANAGER))
        assert given_for(interest, "12")["dates"].points == 25

    def test_ones_own_hold_is_nobody_elses(self, interest: Interest, berth: Berth) -> None:
        by = enter(MANAGER)
        other = make_interest(make_client(by), by=by, **SIZE, wanted_until=date(2027, 8, 1))
        interest.link_berth(berth, by=by)
        with formats.use(by.here()):
            hold(interest, until=now() + timedelta(days=3), by=by)
        assert given_for(interest, "12")["dates"].points == 25
        assert found(other).best == []

    def test_a_sublet_lies_in_the_time_of_its_holder(self, interest: Interest, berth: Berth) -> None:
        holder = self.book(berth, 1, 11, OccupancyKind.CONTRACT)
        by = enter(MANAGER)
        absence = Absence.create(holder, holder.during, by=by, details={"credit_percent": D(40)})
        Occupancy.book(berth, holder.during, OccupancyKind.SUBLET, by=by, client=make_client(by), absence=absence)
        assert given_for(interest, "12")["dates"].value == "21"


class TestPrices:
    @pytest.fixture
    def berth(self, interest: Interest, dock: Dock) -> Berth:
        by = enter(MANAGER)
        prices = {"name": "Berths 2027", "currency": "EUR", "valid_from": date(2027, 1, 1)}
        lines = [
            price_line(up_to="3.00", amount="500"),
            price_line(above="3.00", amount="300", is_per_unit=True, hull_coefficient="1.50", rounding="10"),
            price_line(term="nightly", measure="vessel_loa", amount="2", is_per_unit=True, minimum="25"),
        ]
        PriceList.create(prices, port_id=NORTH, by=by).change_lines(lines, by=by)
        return make_berth(by, dock, **JUST)

    @pytest.mark.parametrize(
        ("budget", "points", "words"),
        [
            (1050, 20, "€1,050.00 a year, within the budget"),
            (1000, 16, "€1,050.00 a year, above the budget"),
            (840, 0, "€1,050.00 a year, above the budget"),
            (None, 20, "€1,050.00 a year, and no budget was said"),
        ],
    )
    def test_against_the_budget(
        self, interest: Interest, berth: Berth, budget: int | None, points: int, words: str
    ) -> None:
        by = enter(MANAGER)
        interest.update({"budget": D(budget) if budget else None}, by=by)
        reason = given_for(interest, "12")["price"]
        with formats.use(by.here()):
            assert (reason.points, reason_words(reason)) == (points, words)

    def test_what_nobody_can_compare_has_half(self, interest: Interest, berth: Berth) -> None:
        by = enter(MANAGER)
        interest.update({"budget": D(2000), "currency": "USD"}, by=by)
        assert given_for(interest, "12")["price"].points == 10
        interest.update({"currency": "EUR", "tenure": "seasonal"}, by=by)
        reason = given_for(interest, "12")["price"]
        assert (reason.points, reason.how) == (10, "unknown")

    @pytest.mark.parametrize("tenure", ["annual", "visitor"])
    @pytest.mark.parametrize("kind", ["motor", "catamaran"])
    @pytest.mark.parametrize("own", [None, D("77.50")])
    def test_it_is_the_price_that_the_list_gives(
        self, interest: Interest, berth: Berth, tenure: str, kind: str, own: Decimal | None
    ) -> None:
        """Also where the database is asked for the prices of all berths at once."""
        by = enter(MANAGER)
        vessel = make_vessel(by, unit.session.get_one(Client, interest.client_id), kind=kind, loa_declared=D("9.70"))
        wished = {"vessel_id": vessel.id, "tenure": tenure, "wanted_until": date(2027, 7, 8), "budget": D(1)}
        interest.update(wished, by=by)
        berth.update({"price": own, "currency": "EUR" if own else None, "price_period": "nightly"}, by=by)
        term, nights = ("annual", 1) if tenure == "annual" else ("nightly", 7)
        exact = price_of(berth, term=term, on=date(2027, 7, 1), vessel=vessel, quantity=nights)
        assert exact is not None
        assert D(given_for(interest, "12")["price"].amount) == exact.amount


LENGTHS = st.none() | st.decimals(min_value=4, max_value=25, places=2)
WIDTHS = st.none() | st.decimals(min_value=2, max_value=8, places=2)
BERTH = st.fixed_dictionaries({"max_loa": LENGTHS, "max_beam": WIDTHS, "min_loa": LENGTHS})
BERTHS = st.lists(BERTH.filter(lambda one: (one["min_loa"] or 0) <= (one["max_loa"] or 99)), max_size=6)
SIZES = st.fixed_dictionaries({"loa": LENGTHS, "beam": WIDTHS}).filter(lambda one: one["loa"] or one["beam"])


@pytest.fixture
def six(interest: Interest, dock: Dock) -> list[uuid.UUID]:
    by = enter(MANAGER)
    return [make_berth(by, dock, str(code)).id for code in range(6)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=SIZES, berths=BERTHS)
def test_whatever_the_sizes(
    interest: Interest, six: Sequence[uuid.UUID], size: dict[str, Any], berths: Sequence[dict[str, Any]]
) -> None:
    """0 to 100, never a berth on which the boat does not fit and always one on which it does, and of two of which one
    is as tight as the other or tighter in every way, the tighter one is not behind."""
    enter(MANAGER)
    for berth_id, dimensions in zip(six, berths, strict=False):
        unit.session.execute(update(Berth).where(Berth.id == berth_id).values(**dimensions))
    interest.update(size, by=enter(MANAGER))
    best = found(interest).best
    assert all(0 <= one.score <= 100 and one.suits and one.fit.fits for one in best)
    clearances = {"beam": D("0.20"), "draft": D("0.30")}
    every = unit.session.scalars(select(Berth).execution_options(populate_existing=True)).all()
    assert {one.row.id for one in best} == {one.id for one in every if fit(size, one, clearances).fits}
    assert [one.score for one in best] == sorted((one.score for one in best), reverse=True)
    for one in best:
        for other in best:
            known = [row.max_loa and row.max_beam for row in (one.row, other.row)]
            if all(known) and one.row.max_loa <= other.row.max_loa and one.row.max_beam <= other.row.max_beam:
                assert one.score >= other.score


def test_every_reason_has_words() -> None:
    for part, how in SAID:
        assert reason_words(Reason(part=part, points=0, of=10, how=how))  # type: ignore[arg-type]  # the parts there are
    assert set(PARTS) == {*OF, "unfit"}


# --- Kept up to date ----------------------------------------------------------------------------------------------


class TestRenewing:
    def test_what_is_found_is_kept_with_one_event_for_the_best(
        self, interest: Interest, dock: Dock, relayed: Callable[[], list[str]]
    ) -> None:
        by = enter(MANAGER)
        berth = make_berth(by, dock, **JUST)
        make_berth(by, dock, "14", max_loa=D(12), max_beam=D("3.50"))
        relayed()
        enter(MANAGER)
        mark_interest(interest)
        assert look() == [interest.id]
        assert [(one.berth_id == berth.id, one.score) for one in kept(interest)] == [(True, 100), (False, 92)]
        assert relayed() == ["interest:recommendationsGenerated"]
        enter(MANAGER)
        assert mark_interest(interest) == 1
        assert look() == []
        assert relayed() == []

    def test_of_two_that_suit_alike_the_same_one_is_the_best_each_night(
        self, interest: Interest, dock: Dock, relayed: Callable[[], list[str]]
    ) -> None:
        told = []
        for code, length in (("long", D(30)), ("short", D(20)), ("", None)):
            by = enter(MANAGER)
            if code:
                make_berth(by, dock, code, **JUST | {"max_loa": length})
            mark_interest(interest)
            look()
            told.append(relayed().count("interest:recommendationsGenerated"))
        assert told == [1, 1, 0]

    def test_a_hundred_changes_are_one_look(self, interest: Interest, dock: Dock) -> None:
        by = enter(MANAGER)
        berth = make_berth(by, dock, **JUST)
        mark_interest(interest)
        look()
        assert [mark_berth(berth, by.here()) for _ in range(100)] == [1, *[0] * 99]

    def test_a_berth_that_changes_is_found_or_lost(self, interest: Interest, dock: Dock) -> None:
        by = enter(MANAGER)
        berth = make_berth(by, dock, **JUST | {"max_loa": D(9)})
        mark_interest(interest)
        look()
        assert kept(interest) == []
        for length, count in ((D(11), 1), (D(9), 0)):
            by = enter(MANAGER)
            berth.update({"max_loa": length}, by=by)
            mark_berth(berth, by.here())
            look()
            assert len(kept(interest)) == count

    def test_a_berth_on_which_it_does_not_fit_is_not_its_matter(self, interest: Interest, dock: Dock) -> None:
        by = enter(MANAGER)
        mark_interest(interest)
        look()
        for at, size in enumerate(({"max_loa": D(9)}, {"max_beam": D(3)}, {"max_loa": D(15), "min_loa": D(11)})):
            assert mark_berth(make_berth(by, dock, str(at), **JUST | size), by.here()) == 0
        assert mark_berth(make_berth(by, dock, **JUST), by.here()) == 1

    def test_nor_is_one_that_cannot_be_among_the_best(self, interest: Interest, dock: Dock) -> None:
        by = enter(MANAGER)
        for code in range(20):
            make_berth(by, dock, str(code), **JUST)
        mark_interest(interest)
        look()
        assert mark_berth(make_berth(by, dock, "far too long", **JUST | {"max_loa": D(15)}), by.here()) == 0
        assert mark_berth(make_berth(by, dock, "as good", **JUST), by.here()) == 1

    def test_what_nobody_asked_for_keeps_no_berth_from_being_among_the_best(self, dock: Dock) -> None:
        """Of the boat only its length is known, and of the berth everything but its width."""
        by = enter(MANAGER)
        interest = make_interest(make_client(by), by=by, loa=SIZE["loa"])
        mark_interest(interest)
        look()
        unit.session.execute(update(Lookout).values(lowest=100))
        mark_berth(make_berth(by, dock, **JUST | {"max_beam": None}), by.here())
        assert is_marked(interest)

    def test_who_is_closed_is_left_alone(self, interest: Interest, dock: Dock) -> None:
        by = enter(MANAGER)
        berth = make_berth(by, dock, **JUST)
        mark_interest(interest)
        look()
        interest.lose("Too far", by=by)
        assert mark_all(NORTH) == 0
        mark_berth(berth, by.here())
        assert look() == []

    def test_all_are_looked_at_where_it_matters_to_all(self, interest: Interest, dock: Dock) -> None:
        by = enter(MANAGER)
        make_berth(by, dock, **JUST)
        for _ in range(12):
            make_interest(make_client(by), by=by, **SIZE)
        assert mark_all(NORTH) == 13
        assert mark_all(NORTH) == 0
        assert len(look()) == 13

    @pytest.mark.parametrize("count", [1, 10])
    def test_statements_do_not_grow_with_the_berths(
        self, interest: Interest, dock: Dock, statements: list[str], count: int
    ) -> None:
        by = enter(MANAGER)
        for code in range(count):
            make_berth(by, dock, str(code), **JUST)
        mark_interest(interest)
        enter(MANAGER)
        port = current_port_of(NORTH)
        statements.clear()
        work_off(port)
        assert len(statements) <= 16

    @pytest.mark.parametrize(
        ("act", "job"),
        [
            (lambda berth, _one, by: berth.update({"max_loa": D(11)}, by=by), "look_after_berth"),
            (lambda berth, _one, by: berth.update({"notes": "Loose plank"}, by=by), ""),
            (lambda berth, _one, by: berth.archive(by=by), "look_after_berth"),
            (lambda _berth, one, by: one.update({"budget": D(10)}, by=by), "look_for_interest"),
            (lambda _berth, one, by: one.update({"notes": "Rang twice"}, by=by), ""),
            (lambda berth, one, by: one.link_berth(berth, by=by), "look_after_berth"),
        ],
    )
    def test_what_happened_has_it_looked_at(
        self, interest: Interest, dock: Dock, act: Callable[..., object], job: str
    ) -> None:
        by = enter(MANAGER)
        berth = make_berth(by, dock, **JUST)
        relay()
        enter(MANAGER)
        before = waiting_jobs()
        act(berth, interest, enter(MANAGER))
        relay()
        enter(MANAGER)
        assert waiting_jobs() - before == ({job: 1} if job else {})

    def test_a_stay_has_its_berth_looked_at(self, interest: Interest, dock: Dock) -> None:
        by = enter(MANAGER)
        berth = make_berth(by, dock, **JUST)
        relay()
        by = enter(MANAGER)
        before = waiting_jobs()
        begins = datetime(2027, 7, 1, 9, tzinfo=UTC)
        during = Range(begins, begins + timedelta(days=7))
        Occupancy.book(berth, during, OccupancyKind.VISIT, by=by, client=make_client(by))
        relay()
        enter(MANAGER)
        assert waiting_jobs() - before == {"look_after_berth": 1}


def waiting_jobs() -> Counter[str]:
    """How many of each kind."""
    names_ = unit.session.scalars(select(Job.name).where(Job.name.contains(".recommendations.")))
    return Counter(name.rpartition(".")[2] for name in names_)


# --- What people say ----------------------------------------------------------------------------------------------


class TestVerbs:
    @pytest.fixture
    def berth(self, interest: Interest, dock: Dock) -> Berth:
        return make_berth(enter(MANAGER), dock, **JUST)

    def test_one_is_named_once_and_stays(
        self, interest: Interest, berth: Berth, relayed: Callable[[], list[str]]
    ) -> None:
        relayed()
        by = enter(MANAGER)
        assert Recommendation.recommend(interest, berth, "Near the crane", by=by)
        assert not Recommendation.recommend(interest, berth, "Near the crane", by=by)
        assert relayed() == ["interest:recommendationAdded"]
        by = enter(MANAGER)
        berth.archive(by=by)
        mark_interest(interest)
        look()
        [one] = kept(interest)
        assert (one.source, one.note, one.score, one.by_id) == (Origin.MANUAL, "Near the crane", 0, by.id)
        assert [reason["how"] for reason in one.reasons] == ["archived"]

    def test_not_this_one_is_remembered_until_it_is_brought_back(
        self, interest: Interest, berth: Berth, relayed: Callable[[], list[str]]
    ) -> None:
        mark_interest(interest)
        look()
        relayed()
        by = enter(MANAGER)
        assert Recommendation.dismiss(interest, berth, by=by)
        assert not Recommendation.dismiss(interest, berth, by=by)
        mark_interest(interest)
        look()
        assert best_of(interest).best == []
        by = enter(MANAGER)
        assert Recommendation.bring_back(interest, berth, by=by)
        assert not Recommendation.bring_back(interest, berth, by=by)
        assert [one.name for one in best_of(interest).best] == ["B 12"]
        names_ = [name for name in relayed() if name != "interest:recommendationsGenerated"]
        assert names_ == ["interest:recommendationDismissed", "interest:recommendationRestored"]

    @pytest.mark.parametrize("end", [lambda one, by: one.lose("Too far", by=by), lambda one, by: one.archive(by=by)])
    def test_what_is_over_takes_none(
        self, interest: Interest, berth: Berth, end: Callable[[Interest, Any], object]
    ) -> None:
        by = enter(MANAGER)
        end(interest, by)
        for verb in (
            partial(Recommendation.recommend, interest, berth, "Near the crane"),
            partial(Recommendation.dismiss, interest, berth),
            partial(Recommendation.bring_back, interest, berth),
        ):
            with pytest.raises(Refused):
                verb(by=by)


# --- Pages --------------------------------------------------------------------------------------------------------


class TestPages:
    @pytest.fixture
    def berth(self, interest: Interest, dock: Dock) -> Berth:
        berth = make_berth(enter(MANAGER), dock, **JUST)
        mark_interest(interest)
        look()
        return berth

    def test_the_card_says_how_well_and_why(
        self, interest: Interest, berth: Berth, visit: Callable[[str], Visitor]
    ) -> None:
        number = interest.number
        commit()
        page = visit(MANAGER).get(f"/north/interests/{number}").text
        card = page[page.index('id="recommended-title"') :]
        for words in ("B 12", "Why 100", "just as large as needed", "free all the wanted time", "20 of 20"):
            assert words in card

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({}, "Looking for berths."),
            ({"loa": None, "beam": None}, "Nobody knows how large the boat is."),
            ({"wanted_from": date(2025, 7, 1), "wanted_until": date(2025, 9, 1)}, "The wanted time is over."),
        ],
    )
    def test_an_empty_card_says_what_is_missing(
        self, interest: Interest, visit: Callable[[str], Visitor], fields: dict[str, Any], words: str
    ) -> None:
        interest.update(fields, by=enter(MANAGER))
        number = interest.number
        commit()
        assert words in visit(MANAGER).get(f"/north/interests/{number}").text

    def test_the_best_is_linked_by_its_button(
        self, interest: Interest, berth: Berth, visit: Callable[[str], Visitor]
    ) -> None:
        number, berth_number = interest.number, berth.number
        commit()
        answer = visit(MANAGER).put(f"/north/interests/{number}/berth", {"berth": f"· {berth_number}"})
        assert answer.status_code == 303
        enter(MANAGER)
        assert unit.session.get_one(Interest, interest.id).berth_id == berth.id

    def test_the_field_for_a_berth_offers_the_best_first(
        self, interest: Interest, dock: Dock, visit: Callable[[str], Visitor], statements: list[str]
    ) -> None:
        """On the page as it comes, so also without scripts; and while somebody types, before those of that name."""
        by = enter(MANAGER)
        small = make_berth(by, dock, code="121", max_loa=D(5), max_beam=D(2))
        wide, just = make_berth(by, dock, code="122", max_loa=D(14), max_beam=D(5)), make_berth(by, dock, "12", **JUST)
        mark_interest(interest)
        look()
        number, stranger = interest.number, small.number
        commit()
        visitor = visit(MANAGER)
        page = visitor.get(f"/north/interests/{number}").text
        choices = page.partition('<datalist id="berth-choices">')[2].partition("</datalist>")[0]
        assert re.findall('value="([^"]+)">([^<]+)<', choices) == [
            (f"B 12 · {just.number}", "Recommended, 100 of 100 · Harbour of B"),
            (f"B 122 · {wide.number}", "Recommended, 71 of 100 · Harbour of B"),
        ]
        path = f"/north/interests/choices?interest={number}&berth="
        statements.clear()
        assert named(visitor.get(f"{path}b12").text) == ["B 12", "B 122"]
        assert len(statements) <= 4
        assert named(visitor.get(f"{path}122").text) == ["B 122"]
        assert named(visitor.get(f"{path}{stranger}").text) == ["B 121"]
        assert named(visitor.get(path).text) == ["B 12", "B 122"]
        for nobody in ("", "0", "x", "99999999999"):
            found = visitor.get(f"/north/interests/choices?interest={nobody}&berth=121").text
            assert (named(found), "Recommended" in found) == (["B 121"], False)

    def test_not_this_one_and_back(self, interest: Interest, berth: Berth, visit: Callable[[str], Visitor]) -> None:
        path = f"/north/interests/{interest.number}/recommendations"
        dismissal = f"{path}/{berth.number}/dismissal"
        commit()
        visitor = visit(MANAGER)
        assert visitor.post(dismissal).location == f"/north/interests/{interest.number}"
        assert "Bring back" in visitor.get(path).text
        assert visitor.post(f"{dismissal}?_method=DELETE&from=all").location == path
        assert "Bring back" not in visitor.get(path).text

    def test_one_is_named_by_the_form(self, interest: Interest, berth: Berth, visit: Callable[[str], Visitor]) -> None:
        path = f"/north/interests/{interest.number}/recommendations"
        commit()
        visitor = visit(AGENT)
        form = {**visitor.form(path), "berth": f"· {berth.number}"}
        lacking = visitor.post(path, form)
        assert (lacking.status_code, "Say why." in lacking.text) == (422, True)
        assert visitor.post(path, {**form, "note": "Near the crane"}).location == path
        assert "Near the crane" in visitor.get(path).text

    def test_one_that_does_not_suit_needs_who_may_say_so(
        self, interest: Interest, dock: Dock, visit: Callable[[str], Visitor]
    ) -> None:
        berth = make_berth(enter(MANAGER), dock, "14", **JUST | {"max_loa": D(9)})
        path = f"/north/interests/{interest.number}/recommendations"
        commit()
        sent = {"berth": f"· {berth.number}", "note": "She sells the boat", "anyway": "y"}
        for email, status in ((AGENT, 409), (MANAGER, 303)):
            visitor = visit(email)
            answer = visitor.post(path, {**visitor.form(path), **sent})
            assert answer.status_code == status
            if status == 409:
                assert "100 cm too long" in answer.text
                assert "She sells the boat" in answer.text

    def test_who_may_want_a_berth(self, interest: Interest, berth: Berth, visit: Callable[[str], Visitor]) -> None:
        by = enter(MANAGER)
        other = make_interest(make_client(by, full_name="Ana Beltrán"), by=by, **SIZE | {"loa": D("9.50")})
        mark_interest(other)
        look()
        assert [(one.number, one.score) for one in wanting(berth)] == [(interest.number, 100), (other.number, 98)]
        other.lose("Too far", by=enter(MANAGER))
        number = berth.number
        commit()
        page = visit(MANAGER).get(f"/north/berths/{number}/interests").text
        assert "Léa Marchand" in page
        assert "Ana Beltrán" not in page

    @pytest.mark.parametrize("count", [1, 8])
    def test_statements(
        self, interest: Interest, dock: Dock, visit: Callable[[str], Visitor], statements: list[str], count: int
    ) -> None:
        by = enter(MANAGER)
        for code in range(count):
            make_berth(by, dock, str(code), **JUST)
        mark_interest(interest)
        look()
        path = f"/north/interests/{interest.number}/recommendations"
        commit()
        visitor = visit(MANAGER)
        visitor.get(path)
        statements.clear()
        visitor.get(path)
        assert len(statements) <= 5


# --- Two at once --------------------------------------------------------------------------------------------------


def test_two_workers_take_turns_and_leave_one_row_of_each(committed: Installation) -> None:
    app = committed.app
    with app.app_context():
        by = enter(MANAGER)
        dock = make_dock(by)
        for code in range(3):
            make_berth(by, dock, str(code), **JUST)
        client = make_client(by)
        for _ in range(25):
            make_interest(client, by=by, **SIZE)
        assert mark_all(NORTH) == 25
        commit()

    def work() -> int:
        with app.app_context():
            looked_at = 0
            while True:
                enter(MANAGER)
                looked = work_off(current_port_of(NORTH))
                looked_at += len(looked.changed)
                commit()
                if looked.is_done:
                    return looked_at

    assert sum(together(work, work)) == 25
    with app.app_context():
        begin(port_id=NORTH, scope="staff")
        assert len(unit.session.scalars(select(Recommendation.id)).all()) == 75
        assert unit.session.scalars(select(Lookout.id).where(Lookout.stale_since.is_not(None))).all() == []


def test_who_is_at_work_on_an_interest_is_not_waited_for(committed: Installation) -> None:
    """A worker leaves it for later, so that neither ever waits for the other in a circle."""
    app = committed.app
    with app.app_context():
        by = enter(MANAGER)
        interest = make_interest(make_client(by), by=by, **SIZE)
        mark_interest(interest)
        interest_id = interest.id
        commit()
    held = app.app_context()
    held.push()
    enter(MANAGER)
    locked = unit.session.scalars(select(Interest).where(Interest.id == interest_id).with_for_update()).one()
    try:
        with app.app_context():
            enter(MANAGER)
            assert work_off(current_port_of(NORTH)).busy == {locked.id}
            rollback()
    finally:
        rollback()
        held.pop()


@pytest.mark.usefixtures("server")
def test_an_open_page_is_sent_what_the_job_found(committed: Installation) -> None:
    with committed.app.app_context():
        by = enter(MANAGER)
        interest = make_interest(make_client(by), by=by, **SIZE)
        make_berth(by, make_dock(by, "Pushed"), **JUST)
        number, interest_id = interest.number, interest.id
        commit()
        with Page.following(committed, MANAGER, f"interest:{number}") as page:
            enter(MANAGER)
            job = look_for_interest.later(interest_id=interest_id)
            commit()
            perform(str(job))
            said = str(page.next())
    assert f'hx-target="#interest-{number}-recommendations"' in said
    assert "Pushed 12" in said
