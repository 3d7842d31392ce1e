"""Stays: what takes a berth's time, and that nothing takes it twice."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from app import formats
from app.berths.availability import nearest, now_and_next
from app.berths.models import Berth, Occupancy, OccupancyKind, OccupancyState, Overlap, Sighting
from app.berths.models.days import stay
from app.clients.models import Client
from app.clients.models.erasure import erase
from app.db import commit, db, write
from app.errors import Refused
from app.events.timeline import timeline
from app.vessels.models import Vessel
from tests.servers import Installation
from tests.waiting import together
from tests.world import Visitor, enter, make_berth, make_client, make_dock, make_vessel

MANAGER, VIEWER = "sales_manager@north.example", "viewer@north.example"
Visit = Callable[[str], Visitor]
Details = dict[str, Any]


def days(arrives: int, leaves: int | None) -> Range[datetime]:
    """From day to day of July 2027, at noon UTC."""
    begins = datetime(2027, 7, 1, 12, tzinfo=UTC)
    return Range(begins + timedelta(arrives - 1), begins + timedelta(leaves - 1) if leaves else None)


def visit_of(berth: Berth, when: Range[datetime], /, by: Any, **more: Any) -> Occupancy:
    client = more.pop("client", None) or make_client(by)
    return Occupancy.book(berth, when, OccupancyKind.VISIT, by=by, client=client, **more)


# --- Verbs --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_verbs_record_once_and_repeat_without_harm(relayed: Callable[[], list[str]]) -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    other = make_berth(manager, berth.dock, code="14")
    found = visit_of(berth, days(1, 8), manager)
    for _ in range(2):
        found.move(other, days(2, 9), by=manager)
    for _ in range(2):
        found.check_in(at=days(2, 3).lower, by=manager)  # type: ignore[arg-type]
    for _ in range(2):
        found.check_out(at=days(5, 6).lower, by=manager)  # type: ignore[arg-type]
    cancelled, no_show = visit_of(berth, days(10, 12), manager), visit_of(berth, days(12, 14), manager)
    for _ in range(2):
        cancelled.cancel(by=manager, reason="Engine trouble")
        no_show.note_no_show(by=manager)
    told = [name for name in relayed() if name.startswith("occupancy:")]
    assert sorted(told) == [
        "occupancy:booked",
        "occupancy:booked",
        "occupancy:booked",
        "occupancy:cancelled",
        "occupancy:checkedIn",
        "occupancy:checkedOut",
        "occupancy:moved",
        "occupancy:noShow",
    ]


@pytest.mark.usefixtures("db")
def test_a_stay_is_told_of_the_berth_the_vessel_and_the_client() -> None:
    manager = enter(MANAGER)
    berth, vessel = make_berth(manager, code="12"), make_vessel(manager)
    client = db.session.get_one(Client, vessel.client_id)
    visit_of(berth, days(1, 8), manager, client=client, vessel=vessel)
    for kind, record in (("berth", berth), ("vessel", vessel), ("client", client)):
        assert timeline(kind, record.id)[0].text == "booked berth B 12: Visit, 1 Jul 2027 – 8 Jul 2027"


@pytest.mark.usefixtures("db")
def test_a_berth_is_taken_once_and_who_leaves_makes_room_on_the_day() -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    first = visit_of(berth, days(5, 10), manager)
    for inside in (days(5, 10), days(9, 12), days(1, 6), days(6, 7), days(1, None)):
        with pytest.raises(Overlap) as refused:
            visit_of(berth, inside, manager)
        assert refused.value.other == first
    visit_of(berth, days(1, 5), manager)
    last = visit_of(berth, days(10, None), manager)
    with pytest.raises(Overlap):
        first.move(berth, days(5, 11), by=manager)
    assert first.during == days(5, 10)
    last.cancel(by=manager)
    assert first.move(berth, days(5, 11), by=manager)


@pytest.mark.usefixtures("db")
def test_what_is_held_or_repaired_takes_the_time_too() -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    Occupancy.book(berth, days(1, None), OccupancyKind.MAINTENANCE, by=manager, details={"title": "Cleats"})
    with pytest.raises(Overlap) as refused:
        visit_of(berth, days(300, 302), manager)
    assert refused.value.other is not None
    assert refused.value.other.title == "Cleats"
    with pytest.raises(Refused, match="whose stay"):
        Occupancy.book(make_berth(manager, make_dock(manager, "C")), days(1, 2), OccupancyKind.VISIT, by=manager)


@pytest.mark.usefixtures("db")
def test_who_leaves_early_frees_the_rest() -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    first = visit_of(berth, days(1, 20), manager)
    with pytest.raises(Refused, match="Check in first"):
        first.check_out(at=days(4, 5).lower, by=manager)  # type: ignore[arg-type]
    first.check_in(at=days(1, 2).lower, by=manager)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="Check out instead"):
        first.cancel(by=manager)
    first.check_out(at=days(4, 5).lower, by=manager)  # type: ignore[arg-type]
    assert (first.state, first.during) == (OccupancyState.COMPLETED, days(1, 4))
    visit_of(berth, days(4, 9), manager)
    with pytest.raises(Refused, match="over"):
        first.move(berth, days(1, 3), by=manager)


@pytest.mark.usefixtures("db")
def test_an_archived_berth_is_not_booked() -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    berth.archive(by=manager)
    with pytest.raises(Refused, match="cannot be booked"):
        visit_of(berth, days(1, 2), manager)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    "values",
    [
        {"during": Range(empty=True)},
        {"during": Range(None, datetime(2027, 1, 1, tzinfo=UTC))},
        {"during": Range(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC), bounds="[]")},
        {"kind": "party"},
        {"state": "maybe"},
        {"state": "active"},
        {"client_id": None},
        {"departed_at": datetime(2027, 1, 1, tzinfo=UTC)},
        {"price": Decimal(3)},
    ],
)
def test_the_database_keeps_what_no_stay_can_be(values: Details) -> None:
    manager = enter(MANAGER)
    found = visit_of(make_berth(manager), days(1, 2), manager)
    with pytest.raises(IntegrityError):
        write(found, **values)


# --- Days ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("zone", "night", "hours"),
    [
        ("Europe/Helsinki", date(2027, 3, 27), 23),
        ("Europe/Helsinki", date(2027, 10, 30), 25),
        ("America/Anguilla", date(2027, 3, 27), 24),
    ],
)
def test_a_night_is_as_long_as_the_clocks_make_it(app: Flask, zone: str, night: date, hours: int) -> None:
    port = enter(MANAGER).here()
    with formats.use(type(port)(**{name: getattr(port, name) for name in port.__slots__} | {"timezone": zone})):
        during = stay(night, night + timedelta(days=1))
        assert during.lower is not None
        assert during.upper is not None
        assert during.upper.astimezone(UTC) - during.lower.astimezone(UTC) == timedelta(hours=hours)
        with pytest.raises(ValueError, match="before it begins"):
            stay(night, night)


# --- Free berths --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_the_nearest_that_are_free_and_fit_are_offered_in_one_statement(statements: list[str]) -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager, "B")
    sizes = (12, 12, 8, 12, 12, 12)
    berths = [make_berth(manager, dock, code=str(at), max_loa=Decimal(size)) for at, size in enumerate(sizes, 1)]
    far = make_berth(manager, make_dock(manager, "C"), code="1", max_loa=Decimal(12))
    visit_of(berths[4], days(3, 9), manager)
    visit_of(berths[5], days(20, 25), manager)
    db.session.flush()
    statements.clear()
    offers = nearest(berths[1], days(5, 10), {"loa": Decimal(11)}, {}, most=9)
    assert len(statements) == 1
    assert [offer.row.number for offer in offers] == [one.number for one in (berths[0], berths[3], berths[5], far)]
    assert offers[0].fit.spare == Decimal(1)


@pytest.mark.usefixtures("db")
def test_what_is_now_and_next_stands_on_the_berth() -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    second, first = visit_of(berth, days(5, 9), manager), visit_of(berth, days(1, 5), manager)
    visit_of(berth, days(9, 12), manager).cancel(by=manager)
    assert now_and_next(berth) == [first, second]


# --- Erasing ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_an_erased_client_leaves_the_berth_as_taken_as_it_was() -> None:
    manager = enter("port_admin@north.example")
    berth, vessel = make_berth(manager), make_vessel(manager)
    client = db.session.get_one(Client, vessel.client_id)
    past = visit_of(berth, days(1, 5), manager, client=client, vessel=vessel, details={"notes": "Likes the sun"})
    past.check_in(at=days(1, 2).lower, by=manager)  # type: ignore[arg-type]
    coming = visit_of(berth, days(8, 12), manager, client=client)
    kept = [past.id, coming.id]
    erase(client, by=manager, reason="asked")
    db.session.expire_all()
    rows = [db.session.get_one(Occupancy, one) for one in kept]
    assert [(row.state, row.notes, row.vessel_id) for row in rows] == [("active", "", None), ("cancelled", "", None)]
    assert db.session.scalar(select(Vessel.id)) is None


@pytest.mark.usefixtures("db")
def test_a_boat_that_was_seen_and_became_a_stay_of_the_client_goes_with_them() -> None:
    manager = enter("port_admin@north.example")
    berth, client = make_berth(manager), make_client(manager)
    morning = days(1, 2).lower
    assert morning is not None
    seen = Sighting.create(berth, name="Petrel", note="Léa rowed ashore", by=manager, seen_at=morning)
    other = Sighting.create(berth, name="Puffin", by=manager, seen_at=morning)
    seen.turn_into(visit_of(berth, days(1, 5), manager, client=client), by=manager)
    kept = [seen.id, other.id]
    erase(client, by=manager, reason="asked")
    db.session.expire_all()
    rows = [db.session.get_one(Sighting, one) for one in kept]
    assert [(row.name, row.note) for row in rows] == [("", ""), ("Puffin", "")]


# --- Pages --------------------------------------------------------------------------------------------------------


def booked(visitor: Visitor, berth: int, **typed: str) -> Any:
    form = visitor.form(f"/north/berths/{berth}/occupancies/new")
    return visitor.post(f"/north/berths/{berth}/occupancies", {**form, "kind": "visit", **typed})


@pytest.mark.usefixtures("db")
def test_a_stay_is_booked_moved_checked_in_and_out(visit: Visit) -> None:
    manager = enter(MANAGER)
    berth, vessel = make_berth(manager, code="12"), make_vessel(manager, name="Sirocco")
    number, named = berth.number, str(vessel.number)
    commit()
    visitor = visit(MANAGER)
    answer = booked(visitor, number, vessel=named, arrives="2027-07-01", leaves="2027-07-08")
    assert answer.status_code == 303
    url = answer.location
    assert "Sirocco" in visitor.get(f"/north/berths/{number}").text
    page = visitor.get(url)
    assert "1 Jul 2027 – 8 Jul 2027" in page.text
    form = visitor.form(f"{url}/edit")
    assert visitor.put(url, {**form, "leaves": "2027-07-06"}).status_code == 303
    assert "1 Jul 2027 – 6 Jul 2027" in visitor.get(url).text
    assert visitor.post(f"{url}/departure").status_code == 409
    assert visitor.post(f"{url}/arrival").status_code == 303
    assert "Check out" in visitor.get(url).text
    assert visitor.post(f"{url}/cancellation").status_code == 409
    assert visitor.post(f"{url}/departure").status_code == 303
    assert "Nobody is booked here." in visitor.get(f"/north/berths/{number}").text


@pytest.mark.usefixtures("db")
def test_who_comes_second_is_told_who_has_it_and_what_is_free(visit: Visit) -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager, "B")
    berth, beside = (make_berth(manager, dock, code=code, max_loa=Decimal(15)) for code in ("7", "9"))
    visit_of(berth, days(3, 9), manager, client=make_client(manager, full_name="Yuki Okada"))
    vessel = make_vessel(manager, name="Sirocco", loa_declared=Decimal("14.02"))
    number, other, named = berth.number, beside.number, str(vessel.number)
    commit()
    visitor = visit(MANAGER)
    typed = {"vessel": named, "arrives": "2027-07-05", "leaves": "2027-07-12", "notes": "Late at night"}
    answer = booked(visitor, number, **typed)
    page = unescape(answer.text)
    assert answer.status_code == 409
    assert "Yuki Okada has it from 3 Jul 2027 to 9 Jul 2027." in page
    assert f"/north/berths/{other}/occupancies/new?arrives=2027-07-05" in page
    assert "B 9" in page
    assert "Late at night" in page
    assert db.session.query(Occupancy).count() == 1


@pytest.mark.usefixtures("db")
def test_what_does_not_fit_is_put_there_only_with_a_reason(visit: Visit) -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager, max_beam=Decimal("4.50"))
    vessel = make_vessel(manager, beam_declared=Decimal("4.62"))
    number, named = berth.number, str(vessel.number)
    commit()
    visitor = visit(MANAGER)
    typed = {"vessel": named, "arrives": "2027-07-05", "leaves": "2027-07-12"}
    answer = booked(visitor, number, **typed)
    assert answer.status_code == 422
    assert "beam 4.62 m, berth 4.50 m: 32 cm too wide (with 0.20 m to spare)" in answer.text
    answer = booked(visitor, number, **typed, override="Fenders are off")
    assert answer.status_code == 303
    assert "(Fenders are off)" in visitor.get(answer.location).text


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"leaves": "2027-07-01"}, "ends before it begins"),
        ({"leaves": "2027-06-01"}, "ends before it begins"),
        ({"leaves": ""}, "on which day it ends"),
        ({"arrives": ""}, "on which day it begins"),
        ({"arrives": "0027-07-01"}, "four digits"),
        ({"vessel": ""}, "whose stay it is"),
        ({"vessel": "Flying Dutchman"}, "Nobody is called so"),
        ({"kind": "party"}, "Not a valid choice"),
        ({"price": "12"}, "go together"),
    ],
)
def test_what_cannot_be_booked_is_said_beside_it(visit: Visit, typed: dict[str, str], words: str) -> None:
    manager = enter(MANAGER)
    number, named = make_berth(manager).number, str(make_vessel(manager).number)
    commit()
    visitor = visit(MANAGER)
    sent = {"vessel": named, "arrives": "2027-07-01", "leaves": "2027-07-08", "notes": "kept", **typed}
    answer = booked(visitor, number, **sent)
    assert answer.status_code == 422
    assert words in unescape(answer.text)
    assert "kept" in answer.text
    assert db.session.query(Occupancy).count() == 0


# --- At once ------------------------------------------------------------------------------------------------------


def test_of_fifty_who_book_one_berth_at_once_one_has_it(committed: Installation) -> None:
    """With connections of their own; the others are told who has it, and which berths near it are free and fit."""
    app = committed.app
    with app.app_context():
        manager = enter(MANAGER)
        dock = make_dock(manager)
        wanted, _near, narrow, _far = (
            make_berth(manager, dock, code=code, max_beam=Decimal(beam))
            for code, beam in (("12", "4.5"), ("13", "4.5"), ("14", "2.5"), ("15", "4.5"))
        )
        client = make_client(manager)
        boats = [make_vessel(manager, client, name=f"Swift {at}", beam_declared=Decimal(3)).number for at in range(5)]
        url, too_narrow = f"/north/berths/{wanted.number}/occupancies", f"/berths/{narrow.number}/"
        berth_id = wanted.id
        visitors = [Visitor.of(app, MANAGER) for _ in range(5)]
        commit()

    def book(at: int) -> tuple[int, str]:
        days = {"arrives": f"2027-07-0{1 + at % 5}", "leaves": f"2027-07-1{at % 7}"}
        form = {"kind": "visit", "vessel": str(boats[at % 5]), "_key": uuid.uuid4().hex, **days}
        answer = visitors[at % 5].post(url, form)
        return answer.status_code, unescape(answer.text)

    answers = together(*((lambda at=at: book(at)) for at in range(50)), at_a_time=5, seconds=90)
    assert [status for status, _text in answers].count(303) == 1
    refused = [text for status, text in answers if status == 409]
    assert len(refused) == 49
    for text in refused:
        assert "Berth B 12 is taken then. Nothing was changed." in text
        assert "Swift" in text
        assert "B 13" in text
        assert "B 15" in text
        assert too_narrow not in text
    with committed.database.connect() as owner:
        kept = owner.execute("SELECT count(*) FROM berth_occupancies WHERE berth_id = %s", (berth_id,)).fetchone()
    assert kept == (1,)
