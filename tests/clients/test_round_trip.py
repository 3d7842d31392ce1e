"""What goes out comes back: a full export is read without a question, changes nothing here, is the same elsewhere."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.clients.listing import RECORDS
from app.clients.models import Client, ClientTag, Contact, Note
from app.codes import country_codes
from app.db import commit, db
from app.exports.exporting import Manner, at_once
from app.exports.kinds import KINDS
from app.fields.models import FieldDefinition
from app.forms import tidy, tidy_text
from app.lists.selection import Listed
from app.sorting import sort_name
from app.tables.formulas import undefused
from app.tags.models import Tag
from app.vessels.models import Vessel
from tests.round_trips import ADMINS, PORTS, let_in, read, rows_in, unchanged, undone
from tests.world import SOUTH, enter, make_client

# --- People as forms let them in ----------------------------------------------------------------------------------

NAUGHTY = [
    "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "'=1", "''=1", "'", "-", "+358", "\uff1d1", "O'Brien",
    "<r>x</r>", "<script>alert(1)</script>", '"', '""', "a,b", "a;b", "a\tb", "Total", "Name", "NULL", "True", "00123",
    "1E5", "1.234", "undefined", "\ufdfa", "\U0001f469\u200d\U0001f467", "\u03a9\u2248\u00e7\u221a", "\u202eevil",
    "\ufeffBOM", "\u200b", "Z\u032e\u031e\u0320", "_x0041_", "&amp;", "{{7*7}}", "%s%n", "yes", "\\", "\\N", "::",
    "\u2167", "\u00df", "\u0130", "\u2028x", "\x7f", "\x01",
]  # fmt: skip
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")


def lines(longest: int, *, least: int = 0) -> st.SearchStrategy[str]:
    """A line as a form keeps it."""
    typed = st.sampled_from(NAUGHTY) | st.text(CHARACTERS, max_size=longest)
    return typed.map(tidy).filter(lambda text: least <= len(text) <= longest)


TEXTS = (st.sampled_from(NAUGHTY) | st.text(CHARACTERS, max_size=60)).map(tidy_text).filter(bool)
EMAILS = st.from_regex(r"[a-z0-9=+'-][a-z0-9]{0,8}@[a-z]{3,8}\.example", fullmatch=True)
PHONES = st.sampled_from(["+358 40 5550113", "+33 6 55 55 11 22", "+1 410-555-0180", "+44 20 7946 0991 ext. 12"])
COUNTRIES = st.sampled_from(["", *sorted(country_codes("en"))])
CONTACTS = st.lists(
    st.one_of(
        st.tuples(st.just("email"), EMAILS),
        st.tuples(st.just("phone"), PHONES),
        st.tuples(st.just("whatsapp"), PHONES),
        st.tuples(st.just("address"), lines(80, least=1).filter(lambda text: ":::" not in text)),
    ),
    max_size=5,
    unique_by=lambda contact: (contact[0], contact[1].casefold()),
)
CENTIMETRES = st.none() | st.integers(100, 2500).map(lambda cm: Decimal(cm) / 100)
VESSELS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "name": lines(40, least=1),
        "kind": st.sampled_from(["sail", "motor", "catamaran", "trimaran", "rib", "other"]),
        "flag": COUNTRIES,
        "registration": lines(20),
        "loa_declared": CENTIMETRES,
        "beam_declared": CENTIMETRES,
        "displacement_declared": CENTIMETRES,
        "power_amps": st.none() | st.integers(1, 2000),
        "power_phases": st.sampled_from([None, 1, 3]),
        "custom_sail_number": lines(20),
    }
)
FIELDS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["person", "company"]),
        "full_name": lines(60, least=1),
        "company_name": lines(60),
        "preferred_name": lines(40),
        "nationality": COUNTRIES,
        "languages": st.lists(st.sampled_from(["fi", "sv", "en", "fr", "de", "pt", "gsw"]), max_size=3, unique=True),
        "source": st.sampled_from(["website", "manual", "referral", "broker", "event", "other"]),
        "status": st.sampled_from(["prospect", "active", "former"]),
        "tax_number": st.from_regex(r"([A-Z0-9][A-Z0-9./-]{0,12})?", fullmatch=True),
        "street": lines(60),
        "postcode": lines(20),
        "town": lines(40),
        "region": lines(40),
        "country": COUNTRIES,
        "marketing_consent": st.booleans(),
        "custom_boat_club": lines(60),
        "custom_depth": st.sampled_from(["", "1.234", "-0.5", "1000000", "12.5"]),
        "custom_fee": st.sampled_from(["", "1250.50", "1000.00"]),
        "custom_since": st.sampled_from(["", "2026-02-28"]),
        "custom_berth": st.sampled_from(["", "gold", "silver"]),
        "custom_key": st.sampled_from(["", "yes", "no"]),
    }
)
TAGS = st.lists(lines(20, least=1), max_size=2, unique_by=str.casefold)
# Two of one name are told apart by their numbers.
FLEETS = st.lists(VESSELS, max_size=2) | VESSELS.map(lambda vessel: [vessel, {**vessel, "kind": "rib"}])
PEOPLE = st.fixed_dictionaries(
    {
        "fields": FIELDS,
        "contacts": CONTACTS,
        "labels": st.lists(st.sampled_from(["WhatsApp", "* Home"]) | lines(20), min_size=5, max_size=5),
        "notes": st.lists(TEXTS, max_size=3, unique=True),
        "tags": TAGS,
        "vessels": FLEETS,
    }
)
OWN_FIELDS: list[dict[str, Any]] = [
    {"label": "Boat club", "kind": "text"},
    {"label": "Depth", "kind": "number"},
    {"label": "Fee", "kind": "money"},
    {"label": "Since", "kind": "date"},
    {"label": "Berth", "kind": "choice", "options": ["Gold", "Silver"]},
    {"label": "Key", "kind": "yes_no"},
]


def add(person: Mapping[str, Any], slug: str = "north") -> Client:
    by = enter(ADMINS[slug], slug)
    client = Client.create(person["fields"], port_id=PORTS[slug], by=by)
    for (kind, value), label in zip(person["contacts"], person["labels"], strict=False):
        Contact.create(client, {"kind": kind, "value": value, "label": label}, country="FI", by=by)
    for body in person["notes"]:
        Note.create(client, body, by=by)
    for name in person["tags"]:
        found = select(Tag).where(Tag.port_id == PORTS[slug], db.func.lower(Tag.name) == db.func.lower(name))
        tag = db.session.scalars(found).first() or Tag.create(name, "teal", port_id=PORTS[slug], by=by)
        ClientTag.put_on(client, tag, by=by)
    for vessel in person["vessels"]:
        Vessel.create(client, vessel, by=by)
    return client


def define_fields(slug: str) -> None:
    by = enter(ADMINS[slug], slug)
    for fields in OWN_FIELDS:
        FieldDefinition.create(fields, resource="client", currency="EUR", port_id=PORTS[slug], by=by)
    sail_number = {"label": "Sail number", "kind": "text"}
    FieldDefinition.create(sail_number, resource="vessel", currency="EUR", port_id=PORTS[slug], by=by)
    commit()


# --- Out and in ---------------------------------------------------------------------------------------------------


def exported(app: Flask, slug: str, form: str = "csv") -> bytes:
    with app.test_request_context():
        member = enter(ADMINS[slug], slug)
        listed = Listed.sent(RECORDS, MultiDict(), "", member)
        ids = listed.every_id()
        commit()
        return b"".join(at_once(Manner(KINDS["clients"], form, "all", ()), ids, member))


NOT_COMPARED = ("Client number", "Vessel number", "Owner")


def facts(content: bytes) -> list[dict[str, str]]:
    """What is in a file, but for what is another's elsewhere. Several notes come in as one."""
    found = []
    for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")):
        cells = {name: undefused(cell) for name, cell in row.items() if name not in NOT_COMPARED}
        notes = [cells.pop(name) for name in list(cells) if name.startswith("Note")]
        found.append({**cells, "notes": "\n".join(filter(None, notes))})
    return found


def differing(before: list[dict[str, str]], after: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    assert len(before) == len(after)
    return [
        (name, old, new[name])
        for cells, new in zip(before, after, strict=True)
        for name, old in cells.items()
        if new[name] != old
    ]


@pytest.fixture
def fields_of_ports(db: SQLAlchemy) -> None:
    for slug in PORTS:
        define_fields(slug)


EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to look for a smaller one takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@EXAMPLES
@given(people=st.lists(PEOPLE, min_size=1, max_size=2))
@pytest.mark.usefixtures("fields_of_ports")
def test_an_export_changes_nothing_where_it_comes_from(app: Flask, people: list[dict[str, Any]]) -> None:
    with undone():
        for person in people:
            add(person)
        commit()
        assert unchanged(read("clients", exported(app, "north"), "north")) >= len(people)


@settings(EXAMPLES, max_examples=3)
@given(people=st.lists(PEOPLE, min_size=1, max_size=4))
@pytest.mark.usefixtures("fields_of_ports")
def test_a_workbook_neither(app: Flask, people: list[dict[str, Any]]) -> None:
    with undone():
        for person in people:
            add(person)
        commit()
        assert unchanged(read("clients", exported(app, "north", "xlsx"), "north", "xlsx")) >= len(people)


def apart(people: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same people, but that no two have anything in common by which a file of strangers could mix them up."""
    seen: set[Any] = set()

    def is_first(key: Any) -> bool:
        was_there = key in seen
        seen.add(key)
        return not was_there

    for person in people:
        fields = person["fields"]
        fields["company_name"] = "" if fields["company_name"] == fields["full_name"] else fields["company_name"]
        person["contacts"] = [(kind, value) for kind, value in person["contacts"] if is_first((kind, value.casefold()))]
        for vessel in person["vessels"]:
            letters = re.sub(r"[\W_]+", "", vessel["registration"]).upper()
            vessel["registration"] = vessel["registration"] if letters and is_first(letters) else ""
    return [person for person in people if is_first(sort_name(person["fields"]["full_name"]))]


@settings(EXAMPLES, max_examples=3)
@given(people=st.lists(PEOPLE, min_size=1, max_size=4))
@pytest.mark.usefixtures("fields_of_ports")
def test_in_another_port_they_are_the_same(app: Flask, people: list[dict[str, Any]]) -> None:
    """Out of one port, into another, out of that, into it again."""
    with undone():
        for person in (distinct := apart(people)):
            add(person)
        commit()
        first = exported(app, "north")
        found = read("clients", first, "south")
        assert all(row[0] in ("new", "update") for row in rows_in(found)), rows_in(found)
        let_in(found, "south")
        second = exported(app, "south")
        assert differing(facts(first), facts(second)) == []
        assert unchanged(read("clients", second, "south")) >= len(distinct)


def kestrels(slug: str) -> list[tuple[str, str, int | None]]:
    enter(ADMINS[slug], slug)
    db.session.expire_all()
    found = db.session.scalars(select(Vessel).order_by(Vessel.number))
    return [(vessel.name, vessel.kind, vessel.power_amps) for vessel in found]


@pytest.mark.usefixtures("fields_of_ports")
@pytest.mark.parametrize("at_once", [1, 1000])
def test_vessels_of_one_name_without_a_registration_stay_apart(
    app: Flask, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("app.imports.jobs.LET_IN_AT_ONCE", at_once)
    by = enter(ADMINS["north"])
    client = make_client(by, email="lea@example.com")
    fleet = [("sail", 16), ("rib", None), ("motor", 32)]
    for kind, amps in fleet:
        Vessel.create(client, {"name": "Kestrel", "kind": kind, "power_amps": amps}, by=by)
    commit()
    content = exported(app, "north")
    assert unchanged(read("clients", content, "north")) >= 3
    let_in(read("clients", content, "south"), "south")
    assert kestrels("south") == [("Kestrel", kind, amps) for kind, amps in fleet]
    assert unchanged(read("clients", exported(app, "south"), "south")) >= 3


@pytest.mark.usefixtures("fields_of_ports")
def test_what_changed_of_one_of_two_of_a_name_is_changed_there(app: Flask) -> None:
    by = enter(ADMINS["north"])
    client = make_client(by, email="lea@example.com")
    for amps in (16, 32):
        Vessel.create(client, {"name": "Kestrel", "kind": "sail", "power_amps": amps}, by=by)
    commit()
    content = exported(app, "north").replace(b",32,", b",63,")
    let_in(read("clients", content, "north"), "north")
    assert [amps for _name, _kind, amps in kestrels("north")] == [16, 63]


@pytest.mark.usefixtures("fields_of_ports")
@pytest.mark.parametrize("label", ["WhatsApp", "* Mobile"])
def test_a_phone_keeps_its_label_and_stays_a_phone(app: Flask, label: str) -> None:
    by = enter(ADMINS["north"])
    client = make_client(by)
    Contact.create(client, {"kind": "phone", "value": "+358405550113", "label": label}, country="FI", by=by)
    commit()
    let_in(read("clients", exported(app, "north"), "south"), "south")
    enter(ADMINS["south"], "south")
    found = db.session.scalars(select(Contact).where(Contact.port_id == SOUTH)).one()
    assert (found.kind, found.label) == ("phone", label)


@pytest.mark.usefixtures("fields_of_ports")
def test_what_is_no_number_of_a_vessel_is_said(app: Flask) -> None:
    found = read("clients", b"Name,Vessel name,Vessel number\nAna,Kestrel,B-17\n", "north")
    assert rows_in(found)[0][:2] == ("wrong", "\u201cB-17\u201d is no vessel number.")
