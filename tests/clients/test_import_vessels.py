"""Vessels, tags and the port's own fields in a contact file: checked, let in, and taken back."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.changes.models import ChangeItem, ChangeSet
from app.clients.models import Client, ClientTag
from app.db import commit, db
from app.events.bulk import kept_keys
from app.events.models import Event, EventMention
from app.fields.models import FieldDefinition
from app.imports.models import Import
from app.tags.models import Tag
from app.vessels.models import Ownership, Vessel
from tests.importing import (
    ADMIN,
    IMPORTS,
    checked,
    forget_files,
    let_in,
    rows,
    send_file,
    the_import,
    verdicts,
    work_off,
)
from tests.world import NORTH, Visitor, enter, make_client

pytestmark = pytest.mark.usefixtures("db")

HEAD = "Name,E-mail,Vessel name,Vessel kind,Flag,Registration,MMSI,LOA,Beam,Draft,Air draft,Displacement,Power,Phases\n"
VEGA = "Vega,sailing yacht,Finland,FIN-12,230012340,11.5,3.42,1.9,17,6.2,16,1"
KESTREL = "Kestrel,Motor yacht,,,,23'10\",,,,,,"


@pytest.fixture
def admin(app: Flask, visit: Callable[[str], Visitor]) -> Visitor:
    forget_files(app)
    return visit(ADMIN)


def brought(admin: Visitor, content: str) -> Import:
    return let_in(admin, checked(admin, content))


def vessels() -> dict[str, Vessel]:
    enter(ADMIN)
    db.session.expire_all()
    return {one.name: one for one in db.session.scalars(select(Vessel).order_by(Vessel.number))}


def client(name: str) -> Client:
    enter(ADMIN)
    return db.session.scalars(select(Client).where(Client.full_name == name)).one()


def told(subject_id: Any) -> list[str]:
    return list(db.session.scalars(select(Event.name).where(Event.subject_id == subject_id).order_by(Event.id)))


def undo(admin: Visitor) -> ChangeSet:
    enter(ADMIN)
    changes = the_import().change_set()
    assert changes is not None
    number = changes.number
    admin.post(f"/north/changes/{number}/roll-back")
    work_off()
    enter(ADMIN)
    db.session.expire_all()
    return db.session.scalars(select(ChangeSet).where(ChangeSet.number == number)).one()


def kestrel_of(owner: str = "Léa Marchand", email: str = "lea@example.com", **fields: Any) -> Vessel:
    """Somebody who is here, with a vessel."""
    by = enter(ADMIN)
    lea = make_client(by, full_name=owner, email=email)
    vessel = Vessel.create(lea, {"name": "Kestrel", "kind": "motor", **fields}, by=by)
    commit()
    return vessel


# --- A vessel in a row --------------------------------------------------------------------------------------------


def test_a_row_brings_a_client_with_a_vessel(admin: Visitor) -> None:
    url = checked(admin, f"{HEAD}Léa Marchand,lea@example.com,{VEGA}\nEero Niemi,eero@example.com{',' * 12}\n")
    assert verdicts() == [("new", ""), ("new", "")]
    assert "Added as a person. With the vessel Vega." in admin.get(url).text
    let_in(admin, url)
    vega = vessels()["Vega"]
    assert vega.client_id == client("Léa Marchand").id
    assert (vega.kind, vega.flag, vega.registration, vega.mmsi) == ("sail", "FI", "FIN-12", "230012340")
    assert (vega.loa_declared, vega.beam_declared, vega.draft_declared) == tuple(map(Decimal, ("11.5", "3.42", "1.9")))
    assert (vega.air_draft_declared, vega.displacement_declared) == (Decimal(17), Decimal("6.2"))
    assert (vega.power_amps, vega.power_phases, vega.version) == (16, 1, 1)
    assert len(vessels()) == 1


def test_a_vessel_by_file_comes_to_the_same_as_one_typed(admin: Visitor) -> None:
    brought(admin, f"{HEAD}Léa Marchand,lea@example.com,{VEGA}\n")
    by_file = vessels()["Vega"]
    by = enter(ADMIN)
    fields = {
        "name": "Vega",
        "kind": "sail",
        "flag": "FI",
        "registration": "FIN-12",
        **{f"{name}_declared": Decimal(size) for name, size in (("loa", "11.5"), ("beam", "3.42"), ("draft", "1.9"))},
        "air_draft_declared": Decimal(17),
        "displacement_declared": Decimal("6.2"),
        "power_amps": 16,
        "power_phases": 1,
    }
    by_hand = Vessel.create(make_client(by, full_name="Eero"), {**fields, "mmsi": "230012341"}, by=by)
    commit()
    enter(ADMIN)
    own = {"id", "number", "created_at", "updated_at", "client_id", "mmsi", "version"}

    def stored(vessel: Vessel) -> dict[str, Any]:
        db.session.refresh(vessel)
        return {name: value for name, value in vars(vessel).items() if name[0] != "_" and name not in own}

    by_file = db.session.scalars(select(Vessel).where(Vessel.id == by_file.id)).one()
    assert stored(by_file) == stored(by_hand)
    events = []
    for vessel in (by_file, by_hand):
        (event,) = db.session.scalars(select(Event).where(Event.subject_id == vessel.id))
        mentions = db.session.scalars(select(EventMention.subject_id).where(EventMention.event_id == event.id)).all()
        assert mentions == [vessel.client_id]
        words = event.opened(kept_keys("vessel", [vessel.id])[vessel.id])
        words["changes"].pop("mmsi")
        details = {name: value for name, value in words["details"].items() if name != "client_id"}
        events.append((event.name, event.changed_fields, words["changes"], details))
        assert Ownership.present(vessel).client_id == vessel.client_id
    assert events[0] == events[1]
    timeline = admin.get(f"/north/clients/{client('Léa Marchand').number}/events").text
    assert "added the vessel Vega" in timeline


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("Vega,submarine,,,,,,,,,,", "Vessel kind: “submarine” is no kind of vessel."),
        ("Vega,,Atlantis,,,,,,,,,", "Vessel flag: “Atlantis” is not a country."),
        ("Vega,,,,12,,,,,,,", "Vessel MMSI: An MMSI has nine digits, such as 230012340."),
        ("Vega,,,,,long,,,,,,", "Vessel length: Write metres, such as 18.90,"),
        ("Vega,,,,,1150,,,,,,", "Vessel length: 1,150.00 m is longer than any vessel here; perhaps 115.00 m was meant"),
        ("Vega,,,,,,,,,,lots,", "Vessel power need (A): Write amperes such as 32, at most 2000."),
        ("Vega,,,,,,,,,,,2", "Vessel phases: Write 1 or 3 phases."),
        (f"{'V' * 121},,,,,,,,,,,", "Vessel name is longer than 120 characters."),
        (",motor,,,,,,,,,,", "The row has a vessel without a name."),
        ("=1+1,,,,,,,,,,,", "“=1+1” is a formula."),
    ],
)
def test_a_vessel_that_cannot_be_read_says_why(admin: Visitor, cells: str, reason: str) -> None:
    checked(admin, f"{HEAD}Léa Marchand,lea@example.com,{cells}\n")
    ((verdict, message),) = verdicts()
    assert verdict == "wrong"
    assert message.startswith(reason.replace("1,150.00", "1150.00")), message


def test_a_vessel_without_a_name_is_called_by_its_registration(admin: Visitor) -> None:
    brought(admin, "Name,Boat,Registration\nLéa Marchand,,FIN-12\n")
    assert [(one.name, one.kind) for one in vessels().values()] == [("FIN-12", "other")]


@pytest.mark.parametrize(
    ("head", "cell", "metres"),
    [
        ("LOA", "11,5", "11.50"),
        ("LOA", "11.5", "11.50"),
        ("LOA", "23'10\"", "7.26"),
        ("LOA (ft)", "38", "11.58"),
        ("Length in feet", "38,5", "11.73"),
        ("Length [cm]", "1150", "11.50"),
        ("LOA (ft)", "11.5 m", "11.50"),
    ],
)
def test_lengths_are_read_in_any_spelling(admin: Visitor, head: str, cell: str, metres: str) -> None:
    quoted = cell.replace('"', '""')
    brought(admin, f'Name;Vessel name;{head}\nLéa Marchand;Vega;"{quoted}"\n')
    assert vessels()["Vega"].loa_declared == Decimal(metres)


@pytest.mark.parametrize(("others", "tonnes"), [("6,2", "1.25"), ("6.2", "1250.00"), ("", "1.25"), ("1.234,5", "1.25")])
def test_the_decimal_sign_is_that_of_the_file(admin: Visitor, others: str, tonnes: str) -> None:
    file = f"Name;Vessel name;Displacement\nAino;Vega;1,250\nEero;Nova;{others}\n"
    brought(admin, file)
    assert vessels()["Vega"].displacement_declared == Decimal(tonnes)


def test_a_number_that_can_be_read_in_two_ways_is_not_guessed(admin: Visitor) -> None:
    checked(admin, "Name;Vessel name;Displacement\nAino;Vega;1,250\nEero;Nova;6.2\nLéa;Luna;7,4\n")
    assert [verdict for verdict, _message in verdicts()] == ["wrong", "new", "new"]
    assert "“1,250” can be read in two ways" in verdicts()[0][1]


# --- Several rows of one client -----------------------------------------------------------------------------------


def test_several_rows_of_a_client_are_several_vessels(admin: Visitor) -> None:
    url = checked(
        admin,
        "Name,E-mail,Town,Vessel name,LOA\n"
        "Léa Marchand,lea@example.com,Toulon,Vega,11.5\n"
        "Léa Marchand,LEA@example.com,Toulon,Nova,9\n"
        '"Marchand, Léa",,,Luna,8\n'
        "Eero Niemi,,,Sisu,7\n"
        "Eero Niemi,,,Otava,7\n",
    )
    assert [verdict for verdict, _message in verdicts()] == ["new", "update", "new", "new", "update"]
    page = admin.get(url).text
    assert "The client of row 2. Added: Vessel <b>Nova</b>." in " ".join(page.split())
    found = let_in(admin, url)
    assert (found.status, found.created_count, found.updated_count, found.done) == ("finished", 3, 2, 5)
    lea = client("Léa Marchand")
    assert [name for name, one in vessels().items() if one.client_id == lea.id] == ["Vega", "Nova"]
    assert (lea.version, told(lea.id)) == (1, ["client:created", "contact:created"])
    assert rows()[3].client_id == lea.id


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Léa Marchand,lea@example.com,Nice,Nova", "Row 2 has the same client, with another Town."),
        ("Zoltan Kovacs,lea@example.com,,Nova", "Row 2 has the same client, with another Full name."),
        ("Léa Marchand,lea@example.com,,VEGA", "Row 2 of this file names the same vessel of Léa Marchand."),
        ("Léa Marchand,lea@example.com,Toulon,", "Same e-mail as row 2 of this file."),
    ],
)
def test_a_second_row_that_is_no_other_vessel_waits_for_somebody(admin: Visitor, line: str, reason: str) -> None:
    checked(admin, f"Name,E-mail,Town,Vessel name\nLéa Marchand,lea@example.com,Toulon,Vega\n{line}\n")
    assert verdicts()[1][0] == "duplicate"
    assert verdicts()[1][1].startswith(reason)


def test_of_two_with_the_same_name_a_vessel_by_name_alone_is_nobodys(admin: Visitor) -> None:
    checked(
        admin,
        "Name,E-mail,Vessel name\nAino Laine,a@example.com,Vega\nAino Laine,b@example.com,Nova\nAino Laine,,Luna\n",
    )
    assert [verdict for verdict, _message in verdicts()] == ["new", "new", "duplicate"]
    assert verdicts()[2][1].startswith("Several rows above are of a Aino Laine.")


def test_rows_of_a_client_in_other_batches_find_each_other(admin: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.imports import jobs

    monkeypatch.setattr(jobs, "CHECKED_AT_ONCE", 1)
    monkeypatch.setattr(jobs, "LET_IN_AT_ONCE", 1)
    brought(admin, "Name,E-mail,Vessel name\n" + "".join(f"Léa,lea@example.com,V{at}\n" for at in range(4)))
    lea = client("Léa")
    assert [(name, one.client_id) for name, one in vessels().items()] == [(f"V{at}", lea.id) for at in range(4)]


def test_a_vessel_whose_client_was_left_out_waits(admin: Visitor) -> None:
    url = checked(admin, "Name,E-mail,Vessel name\nLéa,lea@example.com,Vega\nLéa,lea@example.com,Nova\n")
    admin.put(f"{url}/rows/2/verdict", {"to": "out"})
    found = let_in(admin, url)
    assert (found.created_count, found.duplicate_count, vessels()) == (0, 1, {})
    assert rows()[3].message == "Row 2, which has this client, did not come in."


def test_a_row_that_was_mended_finds_the_client_above(admin: Visitor) -> None:
    url = checked(admin, "Name,E-mail,Vessel name,LOA\nLéa,lea@example.com,Vega,9\nLéa,lea@example.com,Nova,long\n")
    form = admin.form(f"{url}/rows/3")
    assert (form["vessel_name"], form["vessel_loa_declared"]) == ("Nova", "long")
    assert admin.put(f"{url}/rows/3", {**form, "vessel_loa_declared": "long"}).status_code == 422
    assert admin.put(f"{url}/rows/3", {**form, "vessel_loa_declared": "8,5"}).status_code == 303
    assert (rows()[3].verdict, rows()[3].twin) == ("update", 2)
    let_in(admin, url)
    assert vessels()["Nova"].loa_declared == Decimal("8.5")
    assert vessels()["Nova"].client_id == vessels()["Vega"].client_id


# --- Vessels that are here ----------------------------------------------------------------------------------------


def test_a_vessel_that_is_here_is_updated_and_put_back(admin: Visitor) -> None:
    kestrel = kestrel_of(loa_declared=Decimal("12.00"), registration="GBR 7")
    kestrel_id, before = kestrel.id, kestrel.version
    url = checked(
        admin,
        "Name,E-mail,Vessel name,Registration,LOA,Beam\n"
        "Léa Marchand,lea@example.com,Kestrel,GBR7,12.4,4\n"
        "Léa Marchand,lea@example.com,Vega,,9,\n",
    )
    assert rows()[2].differences == [
        ["vessel_registration", "GBR 7", "GBR7"],
        ["vessel_loa_declared", "12.00", "12.40"],
        ["vessel_beam_declared", None, "4.00"],
    ]
    page = " ".join(admin.get(url).text.split())
    assert "Vessel length changes from 12.00 m to <b>12.40 m</b>." in page
    found = let_in(admin, url)
    assert (found.created_count, found.updated_count) == (0, 2)
    here = vessels()
    assert (here["Kestrel"].loa_declared, here["Kestrel"].version) == (Decimal("12.40"), before + 1)
    assert here["Vega"].client_id == here["Kestrel"].client_id
    assert told(kestrel_id) == ["vessel:created", "vessel:updated"]
    changes = undo(admin)
    assert (changes.total, changes.put_back, changes.kept) == (2, 2, 0)
    here = vessels()
    assert (here["Kestrel"].loa_declared, here["Kestrel"].beam_declared) == (Decimal("12.00"), None)
    assert here["Kestrel"].registration == "GBR 7"
    assert here["Vega"].is_archived
    assert told(kestrel_id)[-1] == "vessel:reverted"
    assert told(here["Vega"].id) == ["vessel:created", "vessel:archived"]
    assert not client("Léa Marchand").is_archived


def test_a_vessel_somebody_changed_since_is_listed_and_kept(admin: Visitor) -> None:
    kestrel_of()
    brought(
        admin,
        "Name,E-mail,Vessel name,LOA\nLéa Marchand,lea@example.com,Kestrel,12.4\nLéa Marchand,lea@example.com,Vega,9\n",
    )
    for name in ("Kestrel", "Vega"):
        vessels()[name].update({"loa_declared": Decimal(13)}, by=enter("teammate@north.example"))
        commit()
    changes = undo(admin)
    assert (changes.put_back, changes.kept) == (0, 2)
    assert [one.loa_declared for one in vessels().values()] == [13, 13]
    enter(ADMIN)
    reasons = sorted(db.session.scalars(select(ChangeItem.reason)))
    assert reasons[0].startswith("Length declared: changed since by Team Mate on ")
    assert reasons[1].startswith("changed since by Team Mate on ")


def test_the_same_file_again_changes_nothing(admin: Visitor) -> None:
    file = f"{HEAD}Léa Marchand,lea@example.com,{VEGA}\nLéa Marchand,lea@example.com,{KESTREL}\n"
    brought(admin, file)
    checked(admin, file)
    assert [verdict for verdict, _message in verdicts()] == ["duplicate", "duplicate"]
    assert all("nothing differs" in message for _verdict, message in verdicts())


@pytest.mark.parametrize(
    ("cells", "verdict", "reason"),
    [
        (",230012340", "wrong", "The MMSI 230012340 is that of Kestrel, a vessel of Léa Marchand."),
        ("GBR 7,", "duplicate", "The registration GBR 7 is that of Kestrel, a vessel of Léa Marchand."),
    ],
)
def test_a_vessel_of_somebody_else_is_not_taken(admin: Visitor, cells: str, verdict: str, reason: str) -> None:
    kestrel_of(mmsi="230012340", registration="GBR 7")
    checked(admin, f"Name,E-mail,Vessel name,Registration,MMSI\nEero,eero@example.com,Vega,{cells}\n")
    assert verdicts() == [(verdict, reason)]


def test_two_rows_cannot_have_one_vessel(admin: Visitor) -> None:
    url = checked(
        admin,
        "Name,Vessel name,Registration,MMSI\n"
        "Aino,Vega,,230012340\nEero,Nova,,230012340\nUno,Luna,FIN-1,\nDos,Sol,FIN-1,\n",
    )
    assert [verdict for verdict, _message in verdicts()] == ["new", "wrong", "new", "duplicate"]
    assert verdicts()[1][1] == "The vessel 230012340 stands in row 2 of this file already."
    admin.put(f"{url}/rows/5/verdict", {"to": "new"})
    let_in(admin, url)
    assert [one.registration for one in vessels().values()] == ["", "FIN-1", "FIN-1"]


def test_a_number_that_was_given_since_the_check_turns_the_row_away(admin: Visitor) -> None:
    url = checked(admin, "Name,E-mail,Vessel name,MMSI\nEero,eero@example.com,Vega,230012340\n")
    kestrel_of(mmsi="230012340")
    found = let_in(admin, url)
    assert (found.status, found.created_count, found.duplicate_count) == ("finished", 0, 1)
    assert "is that of Kestrel" in rows()[2].message


def test_who_may_not_edit_clients_adds_no_vessel_to_one(admin: Visitor) -> None:
    kestrel_of()
    send_file(admin, "Name,E-mail,Vessel name,Tags\nLéa Marchand,lea@example.com,Vega,\n".encode())
    the_import().may_update = False
    commit()
    work_off()
    # Nor are tags a column for them: the file asks what it is.
    assert the_import().status == "mapping"
    number = the_import().number
    columns = {"column-0": "full_name", "column-1": "email", "column-2": "vessel_name", "column-3": "tags"}
    assert admin.put(f"{IMPORTS}/{number}/columns", columns).status_code == 422
    admin.put(f"{IMPORTS}/{number}/columns", {**columns, "column-3": ""})
    work_off()
    assert verdicts() == [("duplicate", "Léa Marchand is here already. You may add clients, not change them.")]


# --- Tags and own fields ------------------------------------------------------------------------------------------


def tags_of(name: str) -> list[str]:
    on = (Tag.port_id == ClientTag.port_id) & (Tag.id == ClientTag.tag_id)
    found = select(Tag.name).join(ClientTag, on).where(ClientTag.client_id == client(name).id)
    return sorted(db.session.scalars(found))


def test_tags_are_put_on_and_made_where_they_are_missing(admin: Visitor) -> None:
    by = enter(ADMIN)
    Tag.create("Winter", "blue", port_id=NORTH, by=by)
    make_client(by, full_name="Léa Marchand", email="lea@example.com")
    commit()
    file = 'Name,E-mail,Tags\nEero,e@example.com,winter; Racing\nLéa Marchand,lea@example.com,"WINTER, Racing"\n'
    url = checked(admin, file)
    assert "Added: Tags <b>Winter, Racing</b>." in " ".join(admin.get(url).text.split())
    let_in(admin, url)
    assert tags_of("Eero") == tags_of("Léa Marchand") == ["Racing", "Winter"]
    assert told(client("Eero").id).count("client:tagged") == 2
    checked(admin, file)
    assert [verdict for verdict, _message in verdicts()] == ["duplicate", "duplicate"]


def test_tags_come_off_when_the_import_is_taken_back(admin: Visitor) -> None:
    make_client(enter(ADMIN), full_name="Léa Marchand", email="lea@example.com")
    commit()
    brought(admin, "Name,E-mail,Tags\nLéa Marchand,lea@example.com,Racing\n")
    assert undo(admin).put_back == 1
    assert tags_of("Léa Marchand") == []
    assert told(client("Léa Marchand").id)[-2:] == ["client:tagged", "client:untagged"]


def test_who_may_not_manage_tags_is_told_which_is_unknown(admin: Visitor) -> None:
    send_file(admin, b"Name,Tags\nEero,Racing\n")
    the_import().may_add_tags = False
    commit()
    work_off()
    ((verdict, message),) = verdicts()
    assert verdict == "wrong"
    assert message.startswith("There is no tag “Racing” here")


def own_field(label: str, kind: str, resource: str = "client", **more: Any) -> FieldDefinition:
    by = enter(ADMIN)
    fields = {"label": label, "kind": kind, **more}
    found = FieldDefinition.create(fields, resource=resource, currency="EUR", port_id=NORTH, by=by)
    commit()
    enter(ADMIN)
    return found


def test_own_fields_are_read_by_their_definitions(admin: Visitor) -> None:
    own_field("Boat club", "text")
    own_field("Members since", "date")
    own_field("Deposit", "money")
    own_field("Hull", "choice", resource="vessel", options=["Steel", "Glass fibre"])
    make_client(enter(ADMIN), full_name="Léa Marchand", email="lea@example.com")
    commit()
    url = checked(
        admin,
        "Name;E-mail;Boat club;Members since;Deposit;Vessel name;Vessel: Hull\n"
        "Eero;e@example.com;HSS;1.5.2019;1.250,50;Vega;steel\n"
        "Léa Marchand;lea@example.com;YCF;;300;;\n"
        "Aino;a@example.com;;soon;;;\n"
        "Uno;u@example.com;;;;Nova;wood\n",
    )
    assert the_import().status == "preview"
    assert [verdict for verdict, _message in verdicts()] == ["new", "update", "wrong", "wrong"]
    assert verdicts()[2][1].startswith("Members since: “soon” is not a day.")
    assert verdicts()[3][1] == "Vessel: Hull: “wood” is none of the choices."
    page = " ".join(admin.get(url).text.split())
    assert "Added: Boat club <b>YCF</b>." in page
    let_in(admin, url)
    assert client("Eero").custom == {
        "custom_boat_club": "HSS",
        "custom_members_since": "2019-05-01",
        "custom_deposit": "1250.50",
    }
    assert client("Léa Marchand").custom == {"custom_boat_club": "YCF", "custom_deposit": "300.00"}
    assert vessels()["Vega"].custom == {"custom_hull": "steel"}
    assert undo(admin).kept == 0
    assert client("Léa Marchand").custom == {}
    assert client("Eero").is_archived


def test_a_field_that_was_archived_since_turns_the_row_away(admin: Visitor) -> None:
    field = own_field("Boat club", "text")
    url = checked(admin, "Name,Boat club\nEero,HSS\nAino,\n")
    by = enter(ADMIN)
    db.session.merge(field).archive(by=by)
    commit()
    found = let_in(admin, url)
    assert (found.created_count, found.duplicate_count) == (1, 1)
    assert rows()[2].message == "A field of this row was archived since the file was checked."


def test_no_column_reaches_a_field_of_another_port(admin: Visitor) -> None:
    by = enter("port_admin@south.example", "south")
    fields = {"label": "Secret", "kind": "text"}
    FieldDefinition.create(fields, resource="client", currency="USD", port_id=by.here().id, by=by)
    Tag.create("Southern", "blue", port_id=by.here().id, by=by)
    commit()
    url = checked(admin, "Name,Secret,Tags\nEero,x,Southern\n")
    assert the_import().status == "mapping"
    columns = {"column-0": "full_name", "column-1": "custom_secret", "column-2": "tags"}
    assert admin.put(f"{url}/columns", columns).status_code == 422
    admin.put(f"{url}/columns", {**columns, "column-1": ""})
    work_off()
    let_in(admin, url)
    enter(ADMIN)
    assert [(tag.name, tag.port_id) for tag in db.session.scalars(select(Tag))] == [("Southern", NORTH)]


def test_rows_that_were_mended_into_one_vessel_do_not_collide(admin: Visitor) -> None:
    url = checked(admin, "Name,Vessel name,MMSI\nAino,Vega,230012340\nEero,Nova,2300\n")
    form = admin.form(f"{url}/rows/3")
    admin.put(f"{url}/rows/3", {**form, "vessel_mmsi": "230012340"})
    found = let_in(admin, url)
    assert (found.status, found.created_count, found.duplicate_count) == ("finished", 1, 1)
    assert rows()[3].message == "The vessel 230012340 stands in a row above already."
