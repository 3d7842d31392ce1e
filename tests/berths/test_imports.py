"""Files of berths: read, checked, let in with their docks and harbours, and taken back."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.dialects.postgresql import Range

from app.berths.models import Berth, BerthStatus, BerthTag, Dock, Harbour, Occupancy, OccupancyKind
from app.berths.models.status_rules import Trigger, suggest, suggestions_of
from app.changes.models import ChangeItem, ChangeSet
from app.current import Member
from app.db import commit, db, now
from app.events.bulk import kept_keys
from app.events.models import Event
from app.fields.models import FieldDefinition
from app.imports import jobs
from app.imports.models import Import
from app.tags.models import Tag
from tests.importing import ADMIN, forget_files, let_in, rows, the_import, verdicts, work_off
from tests.importing import checked as of_a_file
from tests.world import NORTH, Visitor, enter, make_berth, make_client, make_dock, make_stay

pytestmark = pytest.mark.usefixtures("db")

IMPORTS = "/north/berths/imports"
HELSINKI = Path(__file__).parents[1] / "data" / "helsinki-berths.csv"
HEAD = (
    "harbour,pier,berth,length_m,width_m,depth_m,mooring,electricity,water,gate,price_tier,pier_lat,pier_lon,active\n"
)


@pytest.fixture
def admin(app: Flask, visit: Callable[[str], Visitor]) -> Visitor:
    forget_files(app)
    return visit(ADMIN)


def brought(admin: Visitor, content: str | bytes) -> Import:
    return let_in(admin, checked(admin, content))


def berth(code: str) -> Berth:
    enter(ADMIN)
    db.session.expire_all()
    return db.session.scalars(select(Berth).where(Berth.code == code, Berth.archived_at.is_(None))).one()


def dock(name: str) -> Dock:
    enter(ADMIN)
    db.session.expire_all()
    return db.session.scalars(select(Dock).where(Dock.name == name, Dock.archived_at.is_(None))).one()


def counts() -> tuple[int, ...]:
    """Harbours, docks and berths in use."""
    enter(ADMIN)
    return tuple(
        db.session.scalar(select(func.count()).select_from(kind).where(kind.archived_at.is_(None))) or 0
        for kind in (Harbour, Dock, Berth)
    )


def undo(admin: Visitor) -> ChangeSet:
    changes = the_import().change_set()
    assert changes is not None
    commit()
    assert admin.post(f"/north/changes/{changes.number}/roll-back").status_code == 303
    work_off()
    enter(ADMIN)
    return db.session.scalars(select(ChangeSet).order_by(ChangeSet.id.desc()).limit(1)).one()


def checked(admin: Visitor, content: str | bytes) -> str:
    return of_a_file(admin, content, "berths.csv", to=IMPORTS)


# --- The real file ------------------------------------------------------------------------------------------------


def test_the_harbours_of_a_city_come_in_and_go_again(admin: Visitor) -> None:
    url = checked(admin, HELSINKI.read_bytes())
    found = the_import()
    assert (found.status, found.new_count, found.wrong_count, found.duplicate_count) == ("preview", 1344, 0, 0)
    let_in(admin, url)
    assert counts() == (11, 27, 1344)
    with HELSINKI.open(newline="") as lines:
        first = next(csv.DictReader(lines))
    one = db.session.scalars(
        select(Berth).join(Dock, Dock.id == Berth.dock_id).join(Harbour, Harbour.id == Dock.harbour_id)
        .where(Harbour.name == first["harbour"], Dock.name == first["pier"], Berth.code == first["berth"])
    ).one()  # fmt: skip
    assert (one.max_loa, one.max_beam, one.depth) == (Decimal("4.00"), Decimal("2.00"), None)
    assert (one.mooring, one.has_water, one.length) == ("no_stern_to", False, 400)
    its = db.session.get_one(Dock, one.dock_id)
    assert (its.price_tier, its.has_power, its.latitude) == (3, False, Decimal("60.188155"))
    harbour = db.session.get_one(Harbour, its.harbour_id)
    assert (harbour.address, harbour.postcode, harbour.region) == ("Airoranta 2", "00830", "east")
    page = admin.get("/north/berths?q=airorannan+a3").text
    assert "1 berth" in page
    again = checked(admin, HELSINKI.read_bytes())
    assert (the_import().new_count, the_import().duplicate_count) == (0, 1344)
    assert "nothing differs" in admin.get(again).text
    db.session.delete(the_import())
    commit()
    changes = undo(admin)
    assert (changes.status, changes.put_back, changes.kept) == ("rolled_back", 1344 + 27 + 11, 0)
    assert counts() == (0, 0, 0)


def test_so_many_berths_take_a_few_statements(admin: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a batch, whatever its rows."""

    def statements(count: int) -> int:
        lines = [f"Harbour {count},A,{at},5.00,2.00,,finger,yes,yes,no,1,,,yes\n" for at in range(count)]
        url, said = checked(admin, HEAD + "".join(lines)), []

        def note(*arguments: Any) -> None:
            said.append(arguments[2])

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            let_in(admin, url)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(said)

    assert statements(200) <= statements(2)


# --- Reading ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "size"),
    [
        ("Harbour;Dock;Berth;Length;Width\nInner;A;1;12,50;3,75\n".encode("cp1252"), ("12.50", "3.75")),
        ("Harbour,Dock,Berth,Length (ft),Width (ft)\nInner,A,1,39,12.5\n".encode("utf-8-sig"), ("11.89", "3.81")),
        (b'Harbour,Dock,Berth,Length,Width\nInner,A,1,"39\'4""","12\'"\n', ("11.99", "3.66")),
        ("satama\tlaituri\tpaikka\tpituus\tleveys\nInner\tA\t1\t12\t4\n".encode("utf-16"), ("12.00", "4.00")),
        ("hamn;brygga;plats;längd;bredd\nInner;A;1;9,5;3\n".encode("cp1252"), ("9.50", "3.00")),
        (b"harbour,pier,berth,length_ft,width_cm\nInner,A,1,40,350\n", ("12.19", "3.50")),
    ],
)
def test_files_of_offices_are_read(admin: Visitor, content: bytes, size: tuple[str, str]) -> None:
    brought(admin, content)
    found = berth("1")
    assert (found.max_loa, found.max_beam) == tuple(map(Decimal, size))


def test_what_a_row_says_is_told_where_it_cannot_be_read(admin: Visitor) -> None:
    lines = [
        "Inner,A,1,long,2,,finger,,,,,,,",
        "Inner,A,2,500,2,,finger,,,,,,,",
        "Inner,A,3,5,2,,anchor chain,,,,,,,",
        "Inner,A,,5,2,,finger,,,,,,,",
        "Total,,1344,,,,,,,,,,,",
        ",A,4,5,2,,finger,,,,,,,",
        "Inner,A,5,5,2,,finger,perhaps,,,,,,",
        "Inner,A,6,5,2,,finger,,,,gold,,,",
        "Inner,A,7,5,2,,finger,,,,,91,25,",
        "Inner,A,8,5,2,,finger,,,,,60,,",
        "Inner,A,=1+1,5,2,,finger,,,,,,,",
        "Inner,A,9,5,2,,finger,,,,,60.1,25.1,,more",
        '"",,,,,,,,,,,,,',
    ]
    url = checked(admin, HEAD + "\n".join(lines) + "\n")
    told = [message for _verdict, message in verdicts()]
    assert [verdict for verdict, _message in verdicts()] == ["wrong"] * 12
    for message, words in zip(
        told,
        (
            "Length: Write metres",
            "longer than any vessel",
            "“anchor chain” is none of these: Finger pontoon",
            "no berth number",
            "row of totals",
            "in which harbour",
            "“perhaps” is neither yes nor no",
            "“gold” is no price tier",
            "Between -90 and 90",
            "go together",
            "is a formula",
            "15 cells",
        ),
        strict=True,
    ):
        assert words in message
    left = admin.get(f"{url}/errors").get_data(as_text=True)
    assert "Why it was left out" in left
    assert "no berth number" in left
    assert admin.post(f"{url}/run").status_code == 303
    assert counts() == (0, 0, 0)


@pytest.mark.parametrize("word", ["yes", "JA", "kyllä", "x", "1", "true"])
def test_yes_is_said_in_many_ways(admin: Visitor, word: str) -> None:
    brought(admin, f"harbour,pier,berth,electricity,water,gate\nInner,A,1,{word},{word},no\n")
    found = dock("A")
    assert (found.has_power, found.has_water, found.has_gate, berth("1").has_water) == (True, True, False, True)


def test_a_dock_has_what_one_of_its_berths_has(admin: Visitor) -> None:
    brought(admin, "harbour,pier,berth,electricity,water\nInner,A,1,no,no\nInner,A,2,yes,no\nInner,A,3,no,yes\n")
    assert (dock("A").has_power, dock("A").has_water) == (True, True)
    assert [berth(code).has_water for code in "123"] == [False, False, True]


def test_a_harbour_without_docks_has_one_without_a_name(admin: Visitor) -> None:
    brought(admin, "harbour,pier,berth\nMoorings,,M1\nMoorings,-,M2\n")
    assert counts() == (1, 1, 2)
    assert dock("-").name == "-"
    assert ">M1<" in admin.get(f"/north/berths/{berth('M1').number}").text


def test_a_port_with_one_harbour_needs_no_column_for_it(admin: Visitor) -> None:
    brought(admin, "pier,berth\nA,1\n")
    assert counts() == (1, 1, 1)
    enter(ADMIN)
    assert db.session.scalars(select(Harbour.name)).one() == enter(ADMIN).here().name
    commit()
    brought(admin, "pier,berth\nA,2\n")
    assert counts() == (1, 1, 2)
    brought(admin, "harbour,pier,berth\nOuter,A,1\n")
    url = checked(admin, "pier,berth\nB,1\n")
    assert the_import().status == "mapping"
    refused = admin.put(f"{url}/columns", {"column-0": "dock", "column-1": "code"})
    assert refused.status_code == 422
    assert "this port has several" in refused.text


def test_headings_nobody_knows_are_asked_about_once_a_port(admin: Visitor) -> None:
    content = "Basin,Row,Spot,Size\nInner,A,1,7.5\n"
    url = checked(admin, content)
    assert the_import().status == "mapping"
    assert "What do the columns hold?" in admin.get(url).text
    chosen = {f"column-{at}": key for at, key in enumerate(("harbour", "dock", "code", "max_loa"))}
    admin.put(f"{url}/columns", chosen)
    work_off()
    assert (the_import().status, the_import().new_count) == ("preview", 1)
    checked(admin, content)
    assert (the_import().status, the_import().mapping["remembered"]) == ("preview", True)
    assert rows()[2].fields["max_loa"] == "7.50"


# --- Verdicts -----------------------------------------------------------------------------------------------------


def test_an_update_says_what_changes_and_empty_cells_erase_nothing(admin: Visitor) -> None:
    by = enter(ADMIN)
    make_berth(by, make_dock(by), code="B-07", max_loa=Decimal(10), depth=Decimal("2.1"), notes="Kept")
    commit()
    harbour, name = in_words_of(admin)
    url = checked(admin, f"harbour,pier,berth,length_m,depth_m,price_tier\n{harbour},{name},b-07,12,,2\n")
    row = rows()[2]
    assert (row.verdict, row.differences) == (
        "update",
        [["max_loa", "10.00", "12.00"], ["dock_price_tier", None, 2]],
    )
    page = admin.get(url).text
    assert "Length changes from 10.00 m to <b>12.00 m</b>" in page
    found = let_in(admin, url)
    assert (found.created_count, found.updated_count) == (0, 1)
    changed = berth("B-07")
    assert (changed.max_loa, changed.depth, changed.notes) == (Decimal(12), Decimal("2.10"), "Kept")
    assert changed.version == 2
    assert dock(name).price_tier == 2
    changes = undo(admin)
    assert (changes.put_back, changes.kept) == (2, 0)
    assert berth("B-07").max_loa == 10
    assert dock(name).price_tier is None


def in_words_of(admin: Visitor) -> tuple[str, str]:
    """The harbour and the dock that are here."""
    enter(ADMIN)
    row = db.session.execute(select(Harbour.name, Dock.name).join(Dock, Dock.harbour_id == Harbour.id)).one()
    commit()
    return row[0], row[1]


def test_a_berth_that_stands_twice_comes_in_once(admin: Visitor) -> None:
    url = checked(
        admin, "harbour,pier,berth,length_m\nInner,A,1,5\nINNER,a,1,6\nInner,B,1,5\nInner,A,01,5\nInner,A, 1 ,5\n"
    )
    assert [verdict for verdict, _message in verdicts()] == ["new", "duplicate", "new", "new", "duplicate"]
    assert verdicts()[1][1].startswith("Same berth as row 2")
    page = admin.get(f"{url}/rows/3").text
    assert "Add as another" not in page
    admin.put(f"{url}/rows/3/verdict", {"to": "new"})
    assert rows()[3].verdict == "duplicate"
    form = admin.form(f"{url}/rows/3")
    assert admin.put(f"{url}/rows/3", {**form, "code": "2"}).status_code == 303
    assert let_in(admin, url).created_count == 4
    assert berth("2").max_loa == 6


def test_what_a_dock_is_said_once(admin: Visitor) -> None:
    checked(admin, "harbour,pier,berth,price_tier\nInner,A,1,1\nInner,A,2,2\nInner,B,1,2\n")
    assert verdicts() == [("new", ""), ("wrong", "Price tier: row 2 says 1 of the same place."), ("new", "")]


def test_a_berth_that_is_not_in_use_comes_in_archived_once(admin: Visitor) -> None:
    content = "harbour,pier,berth,active\nInner,A,1,yes\nInner,A,2,no\n"
    brought(admin, content)
    enter(ADMIN)
    assert [one.code for one in db.session.scalars(select(Berth).where(Berth.archived_at.is_not(None)))] == ["2"]
    checked(admin, content)
    assert verdicts() == [
        ("duplicate", "A 1 is here already, and nothing differs."),
        ("duplicate", "A 2 is archived here already."),
    ]


def test_a_boat_that_should_have_left_keeps_its_berth_in_use(admin: Visitor) -> None:
    brought(admin, "harbour,pier,berth\nInner,A,1\n")
    by = enter(ADMIN)
    week = Range(now() - timedelta(days=9), now() - timedelta(days=2))
    found = Occupancy.book(berth("1"), week, OccupancyKind.VISIT, by=by, client=make_client(by))
    found.check_in(at=now() - timedelta(days=8), by=by)
    commit()
    checked(admin, "harbour,pier,berth,active\nInner,A,1,no\n")
    assert verdicts() == [("wrong", "A 1 is booked here. End its stays before it goes out of use.")]


def test_a_berth_goes_out_of_use_unless_it_is_booked(admin: Visitor) -> None:
    brought(admin, "harbour,pier,berth\nInner,A,1\nInner,A,2\n")
    by = enter(ADMIN)
    make_stay(berth("2"), make_client(by), by=by)
    commit()
    url = checked(admin, "harbour,pier,berth,active\nInner,A,1,no\nInner,A,2,no\n")
    assert verdicts()[1] == ("wrong", "A 2 is booked here. End its stays before it goes out of use.")
    assert rows()[2].differences == [["is_active", True, False]]
    let_in(admin, url)
    assert counts() == (1, 1, 1)
    assert undo(admin).put_back == 1
    assert counts() == (1, 1, 2)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Inner,A,1,freehold,2030-01-01,,,,", "A freehold does not expire."),
        ("Inner,A,1,,,5,9,,", "The berth is shorter than the shortest boat it takes."),
        ("Inner,A,1,,,,,2020-01-01,", "Say which depth was sounded that day."),
        ("Inner,A,1,,,,,2199-01-01,2", "This day is still to come."),
    ],
)
def test_what_does_not_go_together_is_told(admin: Visitor, line: str, why: str) -> None:
    checked(admin, f"harbour,pier,berth,tenure,tenure expires,length,shortest boat,sounded on,depth\n{line}\n")
    assert verdicts()[0][0] == "wrong"
    assert verdicts()[0][1].endswith(why)


def test_a_row_is_mended_here(admin: Visitor) -> None:
    url = checked(admin, "harbour,pier,berth,length_m,mooring\nInner,A,1,long,single slip\n")
    form = admin.form(f"{url}/rows/2")
    assert (form["max_loa"], form["mooring"], form["harbour"]) == ("long", "single slip", "Inner")
    still = admin.put(f"{url}/rows/2", {**form, "max_loa": "x"})
    assert still.status_code == 422
    assert 'value="x"' in still.text
    assert admin.put(f"{url}/rows/2", {**form, "max_loa": "8,5"}).status_code == 303
    let_in(admin, url)
    assert (berth("1").max_loa, berth("1").mooring) == (Decimal("8.50"), "single_slip")


def test_somebody_was_faster(admin: Visitor) -> None:
    url = checked(admin, "harbour,pier,berth\nInner,A,1\nInner,A,2\n")
    by = enter(ADMIN)
    of: dict[str, Any] = {"port_id": NORTH, "by": by}
    harbour = Harbour.create({"name": "inner"}, **of)
    made = Dock.create({"name": "a", "harbour_id": harbour.id}, **of)
    Berth.create({"dock_id": made.id, "code": "2"}, **of)
    commit()
    found = let_in(admin, url)
    assert (found.created_count, found.duplicate_count) == (1, 1)
    assert rows()[3].message == "A 2 is here since the file was checked."
    assert counts() == (1, 1, 2)


# --- Who ----------------------------------------------------------------------------------------------------------


def test_who_imports_berths_alone_does_not_see_files_of_contacts(admin: Visitor, visit: Callable[..., Visitor]) -> None:
    url = checked(admin, "harbour,pier,berth\nInner,A,1\n")
    number = url.rsplit("/", 1)[1]
    assert admin.get(f"/north/clients/imports/{number}").status_code == 404
    manager = visit("sales_manager@north.example")
    assert manager.get(url).status_code == 200
    assert manager.get("/north/clients/imports").status_code == 403
    assert "Import" in manager.get("/north/berths").text
    viewer = visit("viewer@north.example")
    assert viewer.get(url).status_code == 403
    assert "berths/imports" not in viewer.get("/north/berths").text


def test_who_may_not_edit_berths_may_not_by_a_file(admin: Visitor) -> None:
    brought(admin, "harbour,pier,berth\nInner,A,1\n")
    checked(admin, "harbour,pier,berth,length_m\nInner,A,1,5\nInner,A,2,5\n")
    found = the_import()
    found.may_update = False
    found.reopen_columns()
    found.match_columns([target for _heading, target in found.columns])
    jobs.check_import.later(import_id=found.id)
    commit()
    work_off()
    assert verdicts() == [("duplicate", "A 1 is here already. You may add berths, not change them."), ("new", "")]


# --- What is written ----------------------------------------------------------------------------------------------


def stored(place: Any) -> dict[str, Any]:
    own = {"id", "number", "created_at", "updated_at", "dock_id", "harbour_id"}
    return {name: value for name, value in vars(place).items() if name[0] != "_" and name not in own}


def told(place: Any) -> list[tuple[Any, ...]]:
    events = db.session.scalars(select(Event).where(Event.subject_id == place.id).order_by(Event.id)).all()
    keys = kept_keys(place.subject_type, [place.id])
    words = [one.opened(keys[place.id]) for one in events]
    grounds = {"dock_id", "harbour_id"}
    return [
        (one.name, {name: pair for name, pair in said["changes"].items() if name not in grounds}, said["details"])
        for one, said in zip(events, words, strict=True)
    ]


def test_a_row_comes_to_the_same_as_typing_it(admin: Visitor) -> None:
    brought(
        admin,
        "harbour,address,pier,berth,length_m,depth_m,sounded on,mooring,water,electricity,tier,price,tenure,notes\n"
        "By file,Quay 1,A,B-7,12.5,2.10,2026-01-31,finger,yes,yes,2,1200,lease,Ask first\n",
    )
    by = enter(ADMIN)
    of: dict[str, Any] = {"port_id": NORTH, "by": by}
    harbour = Harbour.create({"name": "By hand", "address": "Quay 1"}, **of)
    fields = {"name": "A", "harbour_id": harbour.id, "price_tier": 2, "has_power": True, "has_water": True}
    made = Dock.create(fields, **of)
    typed = Berth.create(
        {
            "dock_id": made.id,
            "code": "B-7",
            "max_loa": Decimal("12.5"),
            "depth": Decimal("2.1"),
            "sounded_on": date(2026, 1, 31),
            "mooring": "finger",
            "has_water": True,
            "price": Decimal(1200),
            "currency": by.here().currency,
            "tenure": "lease",
            "notes": "Ask first",
        },
        **of,
    )
    commit()
    enter(ADMIN)
    db.session.expire_all()
    came = db.session.scalars(select(Berth).where(Berth.id != typed.id)).one()
    its = db.session.scalars(select(Dock).where(Dock.id == came.dock_id)).one()
    for one, other in ((came, typed), (its, made)):
        db.session.refresh(one)
        db.session.refresh(other)
    assert {**stored(came), "sort_place": ""} == {**stored(typed), "sort_place": ""}
    assert came.sort_place == typed.sort_place.replace("by hand", "by file")
    assert stored(its) == stored(made)
    assert told(came) == told(typed)
    assert told(its) == told(made)


def test_an_import_announces_itself_once(admin: Visitor, relayed: Callable[[], list[str]]) -> None:
    url = checked(admin, "harbour,pier,berth\nInner,A,1\nInner,A,2\n")
    relayed()
    let_in(admin, url)
    assert relayed() == ["import:started", "import:finished"]


# --- Taking it back -----------------------------------------------------------------------------------------------


def test_what_was_changed_since_stays_with_what_it_stands_on(admin: Visitor) -> None:
    brought(admin, "harbour,pier,berth\nInner,A,1\nInner,A,2\nInner,B,1\nOuter,C,1\n")
    by = enter(ADMIN)
    berth("2").update({"notes": "Ours"}, by=by)
    made = db.session.scalars(select(Berth).join(Dock, Dock.id == Berth.dock_id).where(Dock.name == "C")).one()
    make_stay(made, make_client(by), by=by)
    commit()
    changes = undo(admin)
    assert (changes.put_back, changes.kept) == (3, 6)
    assert counts() == (2, 2, 2)
    reasons = db.session.execute(select(ChangeItem.subject_type, ChangeItem.reason).where(ChangeItem.reason != ""))
    told = dict(reasons.all())
    assert told["berth"].startswith("changed since")
    assert told["dock"] == told["harbour"] == "1 place that stays is on it."


@pytest.mark.parametrize(
    ("before", "imported", "since", "why"),
    [
        ({}, "depth_m:2.5", {"sounded_on": date(2026, 5, 1)}, "Say which depth was sounded that day."),
        ({"max_loa": Decimal(8)}, "length_m:12", {"min_loa": Decimal(10)}, "The berth is shorter than"),
    ],
)
def test_what_would_not_go_together_any_more_stays_and_says_why(
    admin: Visitor, before: dict[str, Any], imported: str, since: dict[str, Any], why: str
) -> None:
    by = enter(ADMIN)
    make_berth(by, make_dock(by), code="B-07", **before)
    commit()
    harbour, name = in_words_of(admin)
    heading, _colon, value = imported.partition(":")
    brought(admin, f"harbour,pier,berth,{heading}\n{harbour},{name},B-07,{value}\n")
    berth("B-07").update(since, by=enter(ADMIN))
    commit()
    changes = undo(admin)
    assert (changes.status, changes.put_back, changes.kept) == ("rolled_back", 0, 1)
    reason = db.session.scalar(select(ChangeItem.reason).where(ChangeItem.reason != ""))
    assert reason is not None
    assert reason.startswith(why)


def test_a_berth_does_not_come_back_onto_a_dock_that_is_put_away(admin: Visitor) -> None:
    by = enter(ADMIN)
    ground = make_dock(by)
    make_berth(by, ground, code="B-07")
    commit()
    harbour, name = in_words_of(admin)
    brought(admin, f"harbour,pier,berth,active\n{harbour},{name},B-07,no\n")
    dock(name).archive(by=enter(ADMIN))
    commit()
    changes = undo(admin)
    assert (changes.status, changes.put_back, changes.kept) == ("rolled_back", 0, 1)
    reason = db.session.scalar(select(ChangeItem.reason).where(ChangeItem.reason != ""))
    assert reason == "The dock of this berth is archived. Restore it first."


def test_another_end_of_a_tenure_and_its_undo_leave_no_suggestion_of_the_one_before(admin: Visitor) -> None:
    by = enter(ADMIN)
    one = make_berth(by, make_dock(by), code="B-07", tenure_expires_on=date(2026, 1, 31))
    suggest(one, BerthStatus.RESERVED, Trigger.TENURE_EXPIRED, by=by)
    suggest(one, BerthStatus.UNDER_OFFER, Trigger.EOI_SIGNED, by=by)
    commit()
    harbour, name = in_words_of(admin)
    brought(admin, f"harbour,pier,berth,tenure_expires_on\n{harbour},{name},B-07,2028-01-31\n")
    assert [one.trigger for one in suggestions_of(berth("B-07"))] == [Trigger.EOI_SIGNED]
    suggest(berth("B-07"), BerthStatus.RESERVED, Trigger.TENURE_EXPIRED, by=enter(ADMIN))
    commit()
    assert undo(admin).kept == 0
    assert berth("B-07").tenure_expires_on == date(2026, 1, 31)
    assert [one.trigger for one in suggestions_of(berth("B-07"))] == [Trigger.EOI_SIGNED]


def test_a_dock_that_grew_over_several_batches_goes_with_them(admin: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LET_IN_AT_ONCE", 1)
    monkeypatch.setattr(jobs, "CHECKED_AT_ONCE", 1)
    lines = ["Inner,A,1,no,", "Inner,A,2,yes,", "Inner,A,3,yes,2"]
    found = brought(admin, "harbour,pier,berth,electricity,price_tier\n" + "\n".join(lines) + "\n")
    assert (found.created_count, dock("A").has_power, dock("A").price_tier) == (3, True, 2)
    assert undo(admin).kept == 0
    assert counts() == (0, 0, 0)


def test_the_list_of_berths_of_no_port_but_this(admin: Visitor) -> None:
    brought(admin, "harbour,pier,berth\nInner,A,1\n")
    assert re.search(r"1 berth\b", admin.get("/north/berths").text)
    enter("port_admin@south.example", "south")
    assert db.session.scalar(select(func.count()).select_from(Berth)) == 0


def test_what_comes_with_a_berth_is_said_of_the_first_that_brings_it(admin: Visitor) -> None:
    url = checked(admin, "harbour,pier,berth,price_tier\nInner,A,1,1\nInner,A,2,1\nInner,B,1,\nOuter,,1,\n")
    page = admin.get(url).text
    assert page.count("Added, with the harbour Inner and its dock A.") == 1
    assert "Added, with the dock B." in page
    assert "Added, with the harbour Outer." in page
    let_in(admin, url)
    url = checked(admin, "harbour,pier,berth,price_tier\nInner,A,3,2\n")
    assert "Price tier changes from 1 to <b>2</b>" in admin.get(url).text


# --- Tags and fields of the port's own ----------------------------------------------------------------------------


def make_own_fields(by: Member) -> None:
    of: dict[str, Any] = {"resource": "berth", "currency": "EUR", "port_id": NORTH, "by": by}
    FieldDefinition.create({"label": "Pontoon", "kind": "choice", "options": ["Wood", "Concrete"]}, **of)
    FieldDefinition.create({"label": "Bollards", "kind": "number"}, **of)


def carried(code: str) -> list[str]:
    on = (BerthTag.port_id == Tag.port_id) & (BerthTag.tag_id == Tag.id)
    found = select(Tag.name).join(BerthTag, on).where(BerthTag.berth_id == berth(code).id)
    return list(db.session.scalars(found.order_by(Tag.name)))


def test_tags_and_own_fields_come_in_change_and_go_again(admin: Visitor) -> None:
    by = enter(ADMIN)
    make_own_fields(by)
    Tag.create("Near the crane", "teal", port_id=NORTH, by=by)
    commit()
    head = "harbour,pier,berth,tags,pontoon,bollards\n"
    url = checked(admin, head + 'Inner,A,1,near THE crane; Sunny,wood,"1,5"\nInner,A,2,,,\n')
    assert "Added, with the harbour Inner and its dock A. Tagged Near the crane, Sunny." in admin.get(url).text
    found = let_in(admin, url)
    assert (found.created_count, found.wrong_count) == (2, 0)
    assert carried("1") == ["Near the crane", "Sunny"]
    assert berth("1").custom == {"custom_pontoon": "wood", "custom_bollards": "1.5"}
    url = checked(admin, head + "Inner,A,1,Sunny; Quiet,concrete,\nInner,A,2,sunny,,3\n")
    assert [rows()[number].differences for number in (2, 3)] == [
        [["custom_pontoon", "wood", "concrete"], ["tags", None, ["Quiet"]]],
        [["custom_bollards", "", "3"], ["tags", None, ["Sunny"]]],
    ]
    page = admin.get(url).text
    assert "Pontoon changes from Wood to <b>Concrete</b>" in page
    assert "Quiet" in page
    beside = admin.get(f"{url}/rows/2").text
    assert "Near the crane, Sunny" in beside
    assert 'value="Sunny; Quiet"' in beside
    assert let_in(admin, url).updated_count == 2
    assert (carried("1"), berth("1").custom["custom_pontoon"]) == (["Near the crane", "Quiet", "Sunny"], "concrete")
    changes = undo(admin)
    assert (changes.put_back, changes.kept) == (2, 0)
    assert (carried("1"), carried("2")) == (["Near the crane", "Sunny"], [])
    assert berth("1").custom == {"custom_pontoon": "wood", "custom_bollards": "1.5"}
    assert berth("2").custom == {}


def test_a_tag_or_a_choice_that_is_not_there_is_said(admin: Visitor) -> None:
    make_own_fields(enter(ADMIN))
    commit()
    lines = f"Inner,A,1,{'x' * 41},\nInner,A,2,,glass\nInner,A,3,New,\n"
    url = checked(admin, f"harbour,pier,berth,tags,pontoon\n{lines}")
    assert [verdict for verdict, _message in verdicts()] == ["wrong", "wrong", "new"]
    assert "longer than 40" in verdicts()[0][1]
    assert verdicts()[1][1] == "Pontoon: “glass” is none of the choices."
    form = admin.form(f"{url}/rows/3")
    assert admin.put(f"{url}/rows/3", {**form, "custom_pontoon": "wood", "tags": "New"}).status_code == 303
    assert rows()[3].fields["tags"] == ["New"]
    assert db.session.scalars(select(Tag)).all() == []
    let_in(admin, url)
    assert (carried("2"), carried("3")) == (["New"], ["New"])


def test_who_may_not_make_tags_may_not_by_a_file(admin: Visitor, visit: Callable[..., Visitor]) -> None:
    checked(admin, "harbour,pier,berth,tags\nInner,A,1,New\n")
    found = the_import()
    found.may_add_tags = False
    found.reopen_columns()
    found.match_columns([target for _heading, target in found.columns])
    jobs.check_import.later(import_id=found.id)
    commit()
    work_off()
    told = "There is no tag “New” here, and adding one takes the permission to manage tags."
    assert verdicts() == [("wrong", told)]


def test_what_went_since_the_check_is_told(admin: Visitor) -> None:
    by = enter(ADMIN)
    make_own_fields(by)
    tag_id = Tag.create("Sunny", "amber", port_id=NORTH, by=by).id
    commit()
    url = checked(admin, "harbour,pier,berth,tags,bollards\nInner,A,1,Sunny,\nInner,A,2,,4\nInner,A,3,,\n")
    by = enter(ADMIN)
    db.session.get_one(Tag, tag_id).archive(by=by)
    found = the_import()
    found.may_add_tags = False
    db.session.scalars(select(FieldDefinition).where(FieldDefinition.label == "Bollards")).one().archive(
        by=enter(ADMIN)
    )
    commit()
    assert let_in(admin, url).created_count == 1
    assert verdicts()[:2] == [
        ("duplicate", "There is no tag “Sunny” any more."),
        ("duplicate", "A field of this row was archived since the file was checked."),
    ]


def test_a_tagged_row_with_own_fields_comes_to_the_same_as_typing_it(admin: Visitor) -> None:
    make_own_fields(enter(ADMIN))
    commit()
    brought(admin, "harbour,pier,berth,tags,pontoon,bollards\nInner,A,1,Sunny,wood,4\n")
    by = enter(ADMIN)
    of: dict[str, Any] = {"port_id": NORTH, "by": by}
    came, tag = berth("1"), db.session.scalars(select(Tag)).one()
    typed = Berth.create({"dock_id": came.dock_id, "code": "2", "custom_pontoon": "wood", "custom_bollards": "4"}, **of)
    BerthTag.put_on(typed, tag, by=by)
    commit()
    enter(ADMIN)
    (made, said, named), on = told(typed)
    assert told(came) == [(made, {**said, "code": [None, "1"]}, {**named, "name": "1"}), on]
