"""Who holds a berth is away, and it is sublet: never twice, and only while they are away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from app.berths.availability import sublettable
from app.berths.models import Absence, Berth, Dock, Occupancy, OccupancyKind, OccupancyState, Overlap, relocate
from app.berths.models.days import stay
from app.clients.models import Client
from app.db import commit, db, write
from app.errors import Refused
from app.events.timeline import timeline
from tests.servers import Installation
from tests.waiting import together
from tests.world import Visitor, enter, make_absence, make_berth, make_client, make_dock, make_vessel

MANAGER = "sales_manager@north.example"
Visit = Callable[[str], Visitor]


def days(begins: str, ends: str | None) -> Range[datetime]:
    """From noon to noon of days of 2027, such as `08-03`."""
    noons = [datetime.fromisoformat(f"2027-{day}T12:00+00:00") if day else None for day in (begins, ends)]
    return Range(*noons)


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"2027-{day}T12:00+00:00")


def holder_of(absence: Absence) -> Occupancy:
    return db.session.get_one(Occupancy, absence.occupancy_id)


def sublet(absence: Absence, during: Range[datetime], by: Any, **more: Any) -> Occupancy:
    client = more.pop("client", None) or make_client(by, full_name="Yuki Okada")
    berth = db.session.get_one(Berth, absence.berth_id)
    return Occupancy.book(berth, during, OccupancyKind.SUBLET, by=by, client=client, absence=absence, **more)


def beside(absence: Absence, by: Any, code: str) -> Berth:
    """Another berth on the same dock."""
    berth = db.session.get_one(Berth, absence.berth_id)
    return make_berth(by, db.session.get_one(Dock, berth.dock_id), code=code)


@pytest.fixture
def absence(db: object) -> Absence:
    """In August 2027, from a berth that is held all year."""
    manager = enter(MANAGER)
    return make_absence(make_berth(manager, code="12"), make_client(manager), by=manager)


def test_verbs_record_once_and_repeat_without_harm(absence: Absence, relayed: Callable[[], list[str]]) -> None:
    manager = enter(MANAGER)
    for _ in range(2):
        absence.change(days("08-02", "08-30"), by=manager, details={"note": "Cruising"})
    for _ in range(2):
        absence.end(at=noon("08-20"), by=manager)
    for _ in range(2):
        absence.cancel(by=manager)
    told = [name for name in relayed() if name.startswith("absence:")]
    assert told == ["absence:noted", "absence:changed", "absence:ended", "absence:cancelled"]


def test_it_is_told_of_the_berth_the_stay_and_the_client(absence: Absence) -> None:
    holder = holder_of(absence)
    for kind, record in (("berth", absence.berth_id), ("occupancy", holder.id), ("client", holder.client_id)):
        assert record is not None
        words = timeline(kind, record)[0].text
        assert words == "noted that the holder of berth B 12 is away, 1 Aug 2027 – 1 Sep 2027"


def test_a_sublet_takes_the_time_although_the_berth_is_held(absence: Absence) -> None:
    manager = enter(MANAGER)
    berth = db.session.get_one(Berth, absence.berth_id)
    first = sublet(absence, days("08-05", "08-12"), manager)
    assert first.kind == "sublet"
    with pytest.raises(Overlap) as refused:
        sublet(absence, days("08-10", "08-14"), manager)
    assert refused.value.other == first
    sublet(absence, days("08-12", "08-14"), manager)
    with pytest.raises(Overlap) as refused:
        Occupancy.book(berth, days("08-20", "08-22"), OccupancyKind.VISIT, by=manager, client=make_client(manager))
    assert refused.value.other == holder_of(absence)


@pytest.mark.parametrize(("begins", "ends"), [("07-30", "08-05"), ("08-28", "09-02"), ("10-01", "10-05")])
def test_a_sublet_lies_in_the_absence(absence: Absence, begins: str, ends: str) -> None:
    with pytest.raises(Refused, match="not away for all of that time"):
        sublet(absence, days(begins, ends), enter(MANAGER))


def test_without_an_absence_nothing_is_sublet(absence: Absence) -> None:
    manager = enter(MANAGER)
    berth = db.session.get_one(Berth, absence.berth_id)
    with pytest.raises(Refused, match="is away then"):
        Occupancy.book(berth, days("08-05", "08-06"), OccupancyKind.SUBLET, by=manager, client=make_client(manager))
    absence.cancel(by=manager)
    with pytest.raises(Refused, match="not away"):
        sublet(absence, days("08-05", "08-06"), manager)


def test_back_early_or_not_away_at_all_names_who_has_the_sublet(absence: Absence) -> None:
    manager = enter(MANAGER)
    guest = sublet(absence, days("08-05", "08-12"), manager)
    acts: list[Callable[[], object]] = [
        lambda: absence.end(at=noon("08-08"), by=manager),
        lambda: absence.cancel(by=manager),
        lambda: absence.change(days("08-06", "09-01"), by=manager, details={}),
    ]
    for act in acts:
        with pytest.raises(Refused, match="Yuki Okada has the berth as a sublet from 5 Aug 2027 to 12 Aug 2027"):
            act()
        db.session.expire_all()
    assert absence.end(at=noon("08-12"), by=manager)
    guest.cancel(by=manager)
    assert absence.cancel(by=manager)


def test_the_holder_keeps_the_time_of_an_absence(absence: Absence) -> None:
    manager = enter(MANAGER)
    holder = holder_of(absence)
    berth = db.session.get_one(Berth, absence.berth_id)
    with pytest.raises(Refused, match="outside that time"):
        holder.move(berth, days("01-01", "08-15"), by=manager)
    with pytest.raises(Refused, match="has an absence"):
        holder.cancel(by=manager)
    assert holder.move(berth, days("01-01", "10-01"), by=manager)
    db.session.refresh(absence)
    assert absence.holder_during == days("01-01", "10-01")
    with pytest.raises(Refused, match="away already"):
        Absence.create(holder, days("08-30", "09-05"), by=manager, details={})
    with pytest.raises(Refused, match="only for a part"):
        Absence.create(holder, days("09-25", "10-05"), by=manager, details={})


def test_an_absence_goes_to_another_berth_with_its_holder_unless_it_is_sublet(absence: Absence) -> None:
    manager = enter(MANAGER)
    holder = holder_of(absence)
    berth = db.session.get_one(Berth, absence.berth_id)
    other, third = (beside(absence, manager, code) for code in ("20", "21"))
    holder.move(other, holder.during, by=manager)
    db.session.refresh(absence)
    assert absence.berth_id == other.id
    sublet(absence, days("08-05", "08-12"), manager)
    with pytest.raises(Refused, match="Move the sublet first"):
        holder.move(third, holder.during, by=manager)
    assert berth.id != other.id


def test_only_who_holds_a_berth_is_away_from_it(absence: Absence) -> None:
    manager = enter(MANAGER)
    berth = beside(absence, manager, "20")
    visit = Occupancy.book(berth, days("08-01", "08-09"), OccupancyKind.VISIT, by=manager, client=make_client(manager))
    with pytest.raises(Refused, match="Only who holds"):
        Absence.create(visit, days("08-02", "08-03"), by=manager, details={})


@pytest.mark.parametrize(
    ("details", "price", "credit"),
    [
        ({"credit_percent": Decimal(40)}, Decimal(400), (Decimal("160.00"), "EUR")),
        ({"credit": Decimal(90), "currency": "USD", "credit_percent": None}, None, (Decimal(90), "USD")),
        ({"credit_percent": None}, Decimal(400), None),
        ({"credit_percent": Decimal(40)}, None, None),
    ],
)
def test_the_holder_has_a_credit(absence: Absence, details: dict[str, Any], price: Any, credit: Any) -> None:
    absence.change(absence.during, by=enter(MANAGER), details=details)
    assert absence.credit_for(price, "EUR" if price else None) == credit


@pytest.mark.parametrize(
    "values",
    [
        {"during": Range(empty=True)},
        {"during": Range(None, datetime(2027, 1, 1, tzinfo=UTC))},
        {"during": Range(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC))},
        {"holder_during": Range(datetime(2026, 1, 1, tzinfo=UTC), None)},
        {"holder_blocks": False},
        {"credit": Decimal(1), "currency": "EUR"},
        {"credit_percent": Decimal(101)},
        {"currency": "EUR"},
    ],
)
def test_the_database_keeps_what_no_absence_can_be(absence: Absence, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        write(absence, **values)


# --- Coming, going, moving ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_a_slip_is_taken_back_as_long_as_nobody_has_the_berth() -> None:
    manager = enter(MANAGER)
    berth, client = make_berth(manager), make_client(manager)
    found = Occupancy.book(berth, days("07-01", "07-20"), OccupancyKind.VISIT, by=manager, client=client)
    found.check_in(at=datetime(2027, 7, 1, 15, tzinfo=UTC), by=manager)
    assert found.undo_check_in(by=manager)
    assert not found.undo_check_in(by=manager)
    assert (found.state, found.arrived_at) == (OccupancyState.PLANNED, None)
    found.check_in(at=datetime(2027, 7, 1, 15, tzinfo=UTC), by=manager)
    found.check_out(at=datetime(2027, 7, 5, 12, tzinfo=UTC), by=manager)
    other = Occupancy.book(berth, days("07-10", "07-12"), OccupancyKind.VISIT, by=manager, client=client)
    with pytest.raises(Overlap):
        found.undo_check_out(by=manager)
    other.cancel(by=manager)
    assert found.undo_check_out(by=manager)
    assert not found.undo_check_out(by=manager)
    assert (found.state, found.during) == (OccupancyState.ACTIVE, days("07-01", "07-20"))


@pytest.mark.usefixtures("db")
def test_a_boat_that_is_moved_leaves_what_was_where_it_was() -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager)
    berth, other = make_berth(manager, dock, code="12"), make_berth(manager, dock, code="14")
    money = {"price": Decimal(100), "currency": "EUR"}
    of: Any = {"by": manager, "client": make_client(manager), "details": money}
    found = Occupancy.book(berth, days("07-01", "07-11"), OccupancyKind.VISIT, **of)
    with pytest.raises(Refused, match="Only a boat that is here"):
        relocate(found, other, at=datetime(2027, 7, 3, 12, tzinfo=UTC), by=manager)
    found.check_in(at=datetime(2027, 7, 1, 15, tzinfo=UTC), by=manager)
    moved = relocate(found, other, at=datetime(2027, 7, 4, 12, tzinfo=UTC), by=manager)
    assert (found.state, found.during, found.price) == ("completed", days("07-01", "07-04"), Decimal("30.00"))
    assert (moved.state, moved.during, moved.price) == ("active", days("07-04", "07-11"), Decimal("70.00"))
    assert moved.moved_from_id == found.id
    assert relocate(moved, other, at=datetime(2027, 7, 5, 12, tzinfo=UTC), by=manager) == moved
    for kind, record in (("berth", berth.id), ("berth", other.id), ("occupancy", moved.id)):
        assert "moved the boat from berth B 12 to B 14" in timeline(kind, record)[0].text


def test_absences_still_to_come_go_with_the_boat(absence: Absence) -> None:
    manager = enter(MANAGER)
    holder, other = holder_of(absence), beside(absence, manager, "20")
    holder.check_in(at=datetime(2027, 1, 1, 12, tzinfo=UTC), by=manager)
    guest = sublet(absence, days("08-05", "08-12"), manager)
    with pytest.raises(Refused, match="Move the sublet first"):
        relocate(holder, other, at=datetime(2027, 5, 1, 12, tzinfo=UTC), by=manager)
    db.session.expire_all()
    guest.cancel(by=manager)


def test_absences_go_along_where_nothing_is_sublet(absence: Absence) -> None:
    manager = enter(MANAGER)
    holder, other = holder_of(absence), beside(absence, manager, "20")
    holder.check_in(at=datetime(2027, 1, 1, 12, tzinfo=UTC), by=manager)
    moved = relocate(holder, other, at=datetime(2027, 5, 1, 12, tzinfo=UTC), by=manager)
    db.session.refresh(absence)
    assert (absence.occupancy_id, absence.berth_id) == (moved.id, other.id)


# --- Pages --------------------------------------------------------------------------------------------------------


def test_an_absence_is_noted_and_the_berth_sublet(absence: Absence, visit: Visit) -> None:
    manager = enter(MANAGER)
    number, holder = db.session.get_one(Berth, absence.berth_id).number, holder_of(absence).number
    away, named = absence.number, str(make_vessel(manager, name="Solveig").number)
    commit()
    visitor = visit(MANAGER)
    assert "credit 40 %" in visitor.get(f"/north/occupancies/{holder}").text
    url = f"/north/berths/{number}/occupancies/new"
    form = visitor.form(f"{url}?kind=sublet&arrives=2027-08-05&leaves=2027-08-12")
    assert (form["kind"], form["arrives"]) == ("sublet", "2027-08-05")
    asked = visitor.post(f"/north/berths/{number}/occupancies", {**form, "kind": "visit", "vessel": named})
    assert asked.status_code == 409
    assert "Its holder is away then" in asked.text
    money = {"price": "400", "currency": "EUR"}
    sent = {**visitor.form(url), **form, "vessel": named, **money}
    answer = visitor.post(f"/north/berths/{number}/occupancies", sent)
    assert answer.status_code == 303
    assert "€160.00" in visitor.get(answer.location).text
    refused = visitor.post(f"/north/absences/{away}/cancellation")
    assert refused.status_code == 409
    assert "Solveig has the berth as a sublet" in refused.text
    changed = visitor.form(f"/north/absences/{away}/edit")
    answer = visitor.put(f"/north/absences/{away}", {**changed, "arrives": "2027-08-08", "note": "kept"})
    assert answer.status_code == 409
    assert "kept" in answer.text
    assert "Solveig has the berth as a sublet" in unescape(answer.text)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"leaves": ""}, "on which day they are back"),
        ({"leaves": "2027-08-01"}, "ends before it begins"),
        ({"credit_percent": "140"}, "Between 0 and 100"),
        ({"credit": "12", "currency": "EUR", "credit_percent": "10"}, "not both"),
        ({"credit": "12"}, "go together"),
    ],
)
def test_what_no_absence_is_is_said_beside_it(
    absence: Absence, visit: Visit, typed: dict[str, str], words: str
) -> None:
    holder = holder_of(absence).number
    commit()
    visitor = visit(MANAGER)
    url = f"/north/occupancies/{holder}/absences"
    sent = {**visitor.form(f"{url}/new"), "arrives": "2027-08-05", "leaves": "2027-08-12", "note": "kept", **typed}
    answer = visitor.post(url, sent)
    assert answer.status_code == 422
    assert words in unescape(answer.text)
    assert "kept" in answer.text


def test_berths_of_who_is_away_are_found(absence: Absence) -> None:
    manager = enter(MANAGER)

    def found(begins: str, ends: str) -> list[str]:
        day = datetime.fromisoformat
        during = stay(day(f"2027-{begins}").date(), day(f"2027-{ends}").date())
        return [offer.row.code for offer in sublettable(manager, during, {}, {})]

    assert found("08-05", "08-12") == ["12"]
    sublet(absence, days("08-05", "08-12"), manager)
    assert (found("08-05", "08-08"), found("08-13", "08-20")) == ([], ["12"])
    assert found("08-25", "09-20") == []


# --- At once ------------------------------------------------------------------------------------------------------


def test_of_twenty_who_sublet_one_berth_at_once_one_has_it(committed: Installation) -> None:
    with committed.app.app_context():
        manager = enter(MANAGER)
        client = make_client(manager)
        found = make_absence(make_berth(manager), client, by=manager)
        absence_id, client_id = found.id, client.id
        commit()

    def book(at: int) -> str:
        with committed.app.app_context():
            by = enter(MANAGER)
            mine, whose = db.session.get_one(Absence, absence_id), db.session.get_one(Client, client_id)
            begins = datetime(2027, 8, 5 + at % 3, 12, tzinfo=UTC)
            try:
                sublet(mine, Range(begins, begins + timedelta(days=5)), by, client=whose)
            except Overlap:
                db.session.rollback()
                return "taken"
            commit()
            return "booked"

    answers = together(*((lambda at=at: book(at)) for at in range(20)), at_a_time=5)
    assert (answers.count("booked"), answers.count("taken")) == (1, 19)


def test_who_comes_back_and_who_sublets_at_once_never_both_have_it(committed: Installation) -> None:
    """Whoever is first, no sublet lies outside of an absence."""
    with committed.app.app_context():
        manager = enter(MANAGER)
        client = make_client(manager)
        dock = make_dock(manager, "D")
        made = [make_absence(make_berth(manager, dock, code=str(at)), client, by=manager).id for at in range(8)]
        client_id = client.id
        commit()

    def book(absence_id: Any) -> str:
        with committed.app.app_context():
            by = enter(MANAGER)
            mine, whose = db.session.get_one(Absence, absence_id), db.session.get_one(Client, client_id)
            return ended(lambda: sublet(mine, days("08-05", "08-12"), by, client=whose))

    def come_back(absence_id: Any) -> str:
        with committed.app.app_context():
            by = enter(MANAGER)
            mine = db.session.get_one(Absence, absence_id)
            return ended(lambda: mine.end(at=datetime(2027, 8, 8, 12, tzinfo=UTC), by=by))

    def ended(act: Callable[[], object]) -> str:
        try:
            act()
        except Refused:
            db.session.rollback()
            return "refused"
        commit()
        return "done"

    for absence_id in made:
        answers = together(partial(book, absence_id), partial(come_back, absence_id))
        assert sorted(answers) == ["done", "refused"]
    with committed.app.app_context():
        enter(MANAGER)
        for one in db.session.scalars(select(Occupancy).where(Occupancy.kind == "sublet")):
            away = db.session.get_one(Absence, one.absence_id)
            assert away.during.contains(one.during)
