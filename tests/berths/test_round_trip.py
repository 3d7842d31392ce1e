"""Berths that go out come back: a full export is read without a question, changes nothing here, is the same
elsewhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app import formats
from app.berths.listing import RECORDS
from app.berths.models import Berth, BerthTag, Dock, Harbour
from app.berths.models.berth import NO_DOCK
from app.db import commit, db
from app.exports.exporting import Manner, at_once
from app.exports.kinds import KINDS
from app.fields.models import FieldDefinition
from app.forms import tidy, tidy_text
from app.imports.rows import NOTHING
from app.lists.selection import Listed
from app.tags.models import Tag
from tests.round_trips import ADMINS, PORTS, let_in, read, rows_in, unchanged, undone
from tests.world import NORTH, enter

HELSINKI = Path(__file__).parents[1] / "data" / "helsinki-berths.csv"

# --- Berths as forms let them in ----------------------------------------------------------------------------------

NAUGHTY = ["=1+1", "-2+3", "@SUM(A1)", "'=1", "O'Brien", "<b>x</b>", '"', "a,b", "a;b", "NULL", "True", "00123", "1E5",
           "1.234", "Ω≈ç√", "{{7*7}}", "%s%n", "yes", "\\N", "Total depth"]  # fmt: skip
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")


def says_something(text: str) -> bool:
    """A dash or `?` in a file means an empty cell."""
    return text not in NOTHING


def lines(longest: int, *, least: int = 0) -> st.SearchStrategy[str]:
    typed = st.sampled_from(NAUGHTY) | st.text(CHARACTERS, max_size=longest)
    return typed.map(tidy).filter(lambda text: least <= len(text) <= longest and says_something(text))


TEXTS = (st.sampled_from(NAUGHTY) | st.text(CHARACTERS, max_size=60)).map(tidy_text).filter(says_something)
METRES = st.none() | st.integers(300, 900).map(lambda centimetres: Decimal(centimetres) / 100)
LONGER = st.none() | st.integers(900, 9_000).map(lambda centimetres: Decimal(centimetres) / 100)
PRICES = st.fixed_dictionaries(
    {"price": st.sampled_from(["1250.50", "1000.00", "1234567.89"]).map(Decimal), "currency": st.just("EUR")}
)
BERTHS: st.SearchStrategy[dict[str, Any]] = st.builds(
    lambda fields, price: {**fields, **price},
    st.fixed_dictionaries(
        {
            "code": st.from_regex(r"[A-Z]{0,2}[0-9]{1,3}[a-z]?", fullmatch=True),
            "mooring": st.sampled_from(["finger", "sea_buoy", "other", "stern_to"]),
            "side": st.sampled_from(["", "left", "right", "end"]),
            "min_loa": METRES,
            "max_loa": LONGER,
            "max_beam": METRES,
            "depth": METRES,
            "max_height": METRES,
            "datum": lines(40),
            "tenure": st.sampled_from(["lease", "annual", "seasonal", "visitor"]),
            "price_period": st.sampled_from(["annual", "monthly", "once"]),
            "power_amps": st.none() | st.integers(1, 2000),
            "power_phases": st.sampled_from([None, 1, 3]),
            "has_water": st.booleans(),
            "has_fuel": st.booleans(),
            "notes": TEXTS,
            "custom_keeper": lines(60),
            "custom_rope": st.sampled_from(["", "1.234", "-0.5", "1000000", "12.5"]),
            "custom_fee": st.sampled_from(["", "1250.50", "1000.00"]),
            "custom_since": st.sampled_from(["", "2026-02-28"]),
            "custom_grade": st.sampled_from(["", "gold", "silver"]),
            "custom_gate_key": st.sampled_from(["", "yes", "no"]),
        }
    ),
    st.just({}) | PRICES,
)
TAGS = st.lists(lines(20, least=2).filter(lambda name: ":::" not in name), max_size=2, unique_by=str.casefold)
PLACES = st.lists(st.tuples(BERTHS, TAGS), min_size=1, max_size=4, unique_by=lambda place: place[0]["code"].casefold())
OWN_FIELDS: list[dict[str, Any]] = [
    {"label": "Keeper", "kind": "text"},
    {"label": "Rope", "kind": "number"},
    {"label": "Fee", "kind": "money"},
    {"label": "Since", "kind": "date"},
    {"label": "Grade", "kind": "choice", "options": ["Gold", "Silver"]},
    {"label": "Gate key", "kind": "yes_no"},
]


def add(places: list[tuple[Mapping[str, Any], list[str]]]) -> None:
    """On a dock that has what one of them has, in a harbour with an address, and without docks."""
    by = enter(ADMINS["north"])
    harbour = Harbour.create({"name": "Inner, old; basin", "address": "Quay 1", "region": "east"}, port_id=NORTH, by=by)
    ground = {"price_tier": 3, "has_power": True, "has_water": True, "latitude": Decimal("60.154810"),
              "longitude": Decimal("24.950000")}  # fmt: skip
    dock = Dock.create({"harbour_id": harbour.id, "name": "A", **ground}, port_id=NORTH, by=by)
    field = Harbour.create({"name": "Field"}, port_id=NORTH, by=by)
    moorings = Dock.create({"harbour_id": field.id, "name": NO_DOCK, **ground}, port_id=NORTH, by=by)
    for fields, tags in places:
        for where in (dock, moorings):
            berth = Berth.create({"dock_id": where.id, **fields}, port_id=NORTH, by=by)
            for name in tags:
                BerthTag.put_on(berth, tag_called(name, by), by=by)
    commit()


def tag_called(name: str, by: Any) -> Tag:
    found = select(Tag).where(Tag.port_id == NORTH, db.func.lower(Tag.name) == db.func.lower(name))
    return db.session.scalars(found).first() or Tag.create(name, "teal", port_id=NORTH, by=by)


# --- Out and in ---------------------------------------------------------------------------------------------------


COLUMNS = ("size", "depth", "tenure", "price")


def exported(app: Flask, slug: str, form: str = "csv", extent: str = "all", locale: str | None = None) -> bytes:
    with app.test_request_context():
        member = enter(ADMINS[slug], slug)
        ids = Listed.sent(RECORDS, MultiDict(), "", member).every_id()
        commit()
        with formats.use(member.here(), locale=locale):
            return b"".join(at_once(Manner(KINDS["berths"], form, extent, COLUMNS), ids, member))


def facts(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.fixture
def fields_of_ports(db: SQLAlchemy) -> None:
    for slug in PORTS:
        by = enter(ADMINS[slug], slug)
        for fields in OWN_FIELDS:
            FieldDefinition.create(fields, resource="berth", currency="EUR", port_id=PORTS[slug], by=by)
        commit()


EXAMPLES = settings(
    derandomize=True,
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # to look for a smaller one takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@EXAMPLES
@given(places=PLACES)
@pytest.mark.usefixtures("fields_of_ports")
def test_an_export_changes_nothing_where_it_comes_from(app: Flask, places: list[Any]) -> None:
    with undone():
        add(places)
        assert unchanged(read("berths", exported(app, "north"), "north")) == 2 * len(places)


@settings(EXAMPLES, max_examples=2)
@given(places=PLACES)
@pytest.mark.usefixtures("fields_of_ports")
def test_a_workbook_neither(app: Flask, places: list[Any]) -> None:
    with undone():
        add(places)
        assert unchanged(read("berths", exported(app, "north", "xlsx"), "north", "xlsx")) == 2 * len(places)


@settings(EXAMPLES, max_examples=3)
@given(places=PLACES)
@pytest.mark.usefixtures("fields_of_ports")
def test_in_another_port_they_are_the_same(app: Flask, places: list[Any]) -> None:
    """Out of one port, into another, out of that, into it again."""
    with undone():
        add(places)
        first = exported(app, "north")
        found = read("berths", first, "south")
        assert {row[0] for row in rows_in(found)} == {"new"}, rows_in(found)
        let_in(found, "south")
        second = exported(app, "south")
        assert facts(second) == facts(first)
        assert unchanged(read("berths", second, "south")) == 2 * len(places)


@pytest.mark.usefixtures("db")
def test_the_harbours_of_a_city_go_out_and_come_back(app: Flask) -> None:
    let_in(read("berths", HELSINKI.read_bytes(), "north"), "north")
    content = exported(app, "north")
    assert len(facts(content)) == 1344
    assert unchanged(read("berths", content, "north")) == 1344


@pytest.mark.usefixtures("fields_of_ports")
@pytest.mark.parametrize("locale", ["en", "fi"])
def test_what_the_list_shows_is_read_again_with_points_or_commas(app: Flask, locale: str) -> None:
    sizes = {"max_loa": Decimal("12.50"), "max_beam": Decimal("4.05"), "depth": Decimal("2.30")}
    terms = {"price": Decimal("1234.50"), "currency": "EUR", "tenure_expires_on": date(2030, 5, 31)}
    add([({"code": "1", **sizes, **terms}, ["Electric", "a,b"])])
    content = exported(app, "north", extent="shown", locale=locale)
    assert (b";12,50;4,05;2,30;" if locale == "fi" else b",12.50,4.05,2.30,") in content
    assert unchanged(read("berths", content, "north")) == 2
