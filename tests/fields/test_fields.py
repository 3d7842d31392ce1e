"""Custom fields: what they are; what stands in them, on the form, in the facts, in the timeline and in the list."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.clients.fields import fields_of_clients
from app.clients.models import Client
from app.db import begin, commit, db
from app.fields.models import (
    FieldDefinition,
    FieldKind,
    FieldValue,
    InUse,
    Option,
    RecordField,
    Taken,
    Unfit,
    read,
    shown,
)
from app.vessels.models import Vessel
from tests.world import NORTH, Visitor, enter, fields_of, make_client, make_vessel, user_id

pytestmark = pytest.mark.usefixtures("db")

ADMIN, MANAGER, MATE = "port_admin@north.example", "sales_manager@north.example", "teammate@north.example"
URL = "/north/admin/custom-fields"
Visit = Callable[[str], Visitor]
Relayed = Callable[[], list[str]]


def make_field(label: str, kind: str = "text", options: tuple[str, ...] = (), **more: object) -> FieldDefinition:
    fields = {"label": label, "kind": kind, "options": list(options), **more}
    return FieldDefinition.create(fields, resource="client", currency="EUR", port_id=NORTH, by=enter(ADMIN))


def all_fields() -> list[tuple[str, str, bool]]:
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    found = db.session.scalars(select(FieldDefinition).order_by(FieldDefinition.position))
    return [(field.label, field.kind, field.archived_at is None) for field in found]


# --- Kinds ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("text", "  Hanko   SS ", "Hanko SS"),
        ("number", "1 250,5", "1250.5"),
        ("number", "1,250.50", "1250.5"),
        ("number", "1.250,50", "1250.5"),
        ("number", "-0", "0"),
        ("number", "1,250", "1250"),
        ("money", "99,9", "99.90"),
        ("money", "1'000", "1000.00"),
        ("date", "2026-05-31", "2026-05-31"),
        ("date", "31.5.2026", "2026-05-31"),
        ("choice", "gold", "g"),
        ("choice", "g", "g"),
        ("yes_no", "Kyllä", "yes"),
        ("yes_no", "0", "no"),
        ("number", "   ", ""),
        ("date", None, ""),
    ],
)
def test_what_is_typed_is_kept_in_one_way(kind: str, typed: str | None, kept: str) -> None:
    options = [Option("g", "Gold"), Option("s", "Silver")]
    assert read(kind, typed, options) == kept
    assert read(kind, read(kind, typed, options), options) == kept, "what is kept is read as it is"


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("text", "x" * 501),
        ("number", "twelve"),
        ("number", "1e5"),
        ("number", "٣"),
        ("number", "1.0000001"),
        ("number", "9" * 13),
        ("money", "1.005,001"),
        ("date", "31/12/2026"),
        ("date", "2026-02-30"),
        ("date", "0001-01-01"),
        ("choice", "Bronze"),
        ("yes_no", "perhaps"),
    ],
)
def test_what_cannot_be_read_is_refused(kind: str, typed: str) -> None:
    with pytest.raises(Unfit):
        read(kind, typed, [Option("g", "Gold")])


def test_values_are_shown_in_words() -> None:
    assert shown(FieldKind.MONEY, "1250.50", currency="EUR") == "€1,250.50"
    assert shown(FieldKind.NUMBER, "1250.5") == "1,250.5"
    assert shown(FieldKind.DATE, "2026-05-31") == "31 May 2026"
    assert shown(FieldKind.CHOICE, "g", options=[Option("g", "Gold")]) == "Gold"
    assert shown(FieldKind.YES_NO, "no") == "No"


# --- What fields there are --------------------------------------------------------------------------------------


def test_a_field_sent_twice_is_added_once(visit: Visit, relayed: Relayed) -> None:
    admin = visit(ADMIN)
    form = {**admin.form(f"{URL}/new"), "label": " Boat  club ", "kind": "choice", "options": "Gold\n\n Silver\ngold"}
    for _ in range(2):
        assert admin.post(URL, form).status_code == 303
    assert relayed() == ["field:created"]
    assert all_fields() == [("Boat club", "choice", True)]
    page = admin.get(URL).text
    assert "Gold, Silver" in page


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"label": ""}, "Type a name."),
        ({"label": "x" * 61}, "longer than 60"),
        ({"label": "boat club"}, "There is a field called Boat club already."),
        ({"label": "New", "kind": "colour"}, "Not a valid choice"),
        ({"label": "New", "kind": "choice", "options": " \n "}, "Write at least one choice."),
        ({"label": "New", "kind": "choice", "options": "y" * 61}, "longer than 60 characters."),
    ],
)
def test_a_field_that_cannot_be_is_told_beside_it(visit: Visit, typed: dict[str, str], words: str) -> None:
    make_field("Boat club")
    commit()
    answer = visit(ADMIN).post(URL, {"resource": "client", "kind": "text", **typed})
    assert answer.status_code == 422
    assert words in unescape(answer.text)
    assert f'value="{typed["label"]}"' in answer.text
    assert len(all_fields()) == 1


def test_a_field_is_changed_and_two_editors_are_asked(visit: Visit, relayed: Relayed) -> None:
    url = f"{URL}/{make_field('Boat club', 'choice', ('Gold', 'Silver')).id}"
    commit()
    relayed()
    mine, theirs = visit(ADMIN), visit("super@quayside.example")
    opened = mine.form(f"{url}/edit")
    assert opened["options"] == "Gold\nSilver"
    assert theirs.put(url, {**theirs.form(f"{url}/edit"), "help": "As on the card"}).status_code == 303
    for _ in range(2):
        assert mine.put(url, {**opened, "label": "Club"}).status_code == 303
    assert all_fields() == [("Club", "choice", True)]
    assert relayed() == ["field:updated", "field:updated"]
    clash = mine.put(url, {**opened, "label": "Sailing club"})
    assert clash.status_code == 409
    assert "which one is right?" in clash.text


def test_fields_are_put_in_order_without_scripts(visit: Visit, relayed: Relayed) -> None:
    urls = [f"{URL}/{make_field(label).id}" for label in ("A", "B", "C")]
    commit()
    relayed()
    admin = visit(ADMIN)
    for _ in range(2):
        assert admin.post(f"{urls[2]}/position?to=1&_method=PUT").status_code == 303
    assert [label for label, _kind, _used in all_fields()] == ["C", "A", "B"]
    assert admin.post(f"{urls[2]}/position?to=99&_method=PUT").status_code == 303
    assert [label for label, _kind, _used in all_fields()] == ["A", "B", "C"]
    assert relayed() == ["field:moved", "field:moved"]


def test_archived_and_back(visit: Visit, relayed: Relayed) -> None:
    url = f"{URL}/{make_field('Boat club').id}"
    commit()
    relayed()
    admin = visit(ADMIN)
    for _ in range(2):
        assert admin.post(f"{url}/archival").status_code == 303
    assert all_fields() == [("Boat club", "text", False)]
    assert "Boat club" in admin.get(f"{URL}?archived=1").text
    assert "custom_boat_club" not in admin.get("/north/clients/new").text
    for _ in range(2):
        assert admin.delete(f"{url}/archival").status_code == 303
    assert relayed() == ["field:archived", "field:restored"]
    admin.post(f"{url}/archival")
    make_field("BOAT CLUB")
    commit()
    refused = admin.delete(f"{url}/archival")
    assert refused.status_code == 409
    assert "the field BOAT CLUB has the name now" in refused.text


def test_a_kind_with_values_stays(visit: Visit) -> None:
    field = make_field("Boat club")
    make_client(enter(ADMIN), custom_boat_club="HSS")
    with pytest.raises(InUse):
        field.update({"kind": "number"}, currency="EUR", by=enter(ADMIN))
    url = f"{URL}/{field.id}"
    commit()
    admin = visit(ADMIN)
    answer = admin.put(url, {**admin.form(f"{url}/edit"), "kind": "number"})
    assert answer.status_code == 422
    assert "1 record has a value here" in answer.text


def test_the_database_itself_keeps_the_kind_and_what_is_in_it() -> None:
    field = make_field("Boat club")
    make_client(enter(ADMIN), custom_boat_club="HSS")
    for statement in (
        "UPDATE custom_field_definitions SET kind = 'number' WHERE id = :id",
        "UPDATE custom_field_values SET text_value = NULL, number_value = 1 WHERE definition_id = :id",
        "UPDATE custom_field_values SET resource = 'vessel' WHERE definition_id = :id",
    ):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.execute(text(statement), {"id": field.id})


def test_a_choice_in_use_does_not_vanish_but_can_be_called_otherwise(visit: Visit) -> None:
    field = make_field("Boat club", "choice", ("Gold", "Silver", "Bronze"))
    client = make_client(enter(ADMIN), custom_boat_club="gold")
    url, page = f"{URL}/{field.id}", f"/north/clients/{client.number}"
    commit()
    admin = visit(ADMIN)
    form = admin.form(f"{url}/edit")
    refused = admin.put(url, {**form, "options": "Silver"})
    assert refused.status_code == 422
    assert "“Gold” cannot go: 1 record has it." in refused.text
    assert admin.put(url, {**form, "options": "Silver\nGold"}).status_code == 303
    for _ in range(2):
        assert admin.put(f"{url}/option", {"option": "gold", "name": "Golden"}).status_code == 303
    assert "Golden" in admin.get(page).text
    taken = admin.put(f"{url}/option", {"option": "gold", "name": "silver"})
    assert taken.status_code == 422
    assert "There is a choice called “silver” already." in taken.text


def test_a_label_is_there_once() -> None:
    make_field("Boat club")
    with pytest.raises(Taken):
        make_field("boat CLUB")
    assert make_field("Boat-club").key == "boat_club_2"


# --- On a client ------------------------------------------------------------------------------------------------


@pytest.fixture
def several(relayed: Relayed) -> None:
    make_field("Boat club", required=True)
    make_field("Deposit", "money")
    make_field("Cutlery sets", "number")
    make_field("Member since", "date")
    make_field("Winter place", "choice", ("Hall", "Quay"))
    make_field("Has a key", "yes_no")
    relayed()


FILLED = {
    "custom_boat_club": "HSS",
    "custom_deposit": "1 250,5",
    "custom_cutlery_sets": "12",
    "custom_member_since": "2019-04-01",
    "custom_winter_place": "hall",
    "custom_has_a_key": "yes",
}


def test_all_kinds_are_typed_shown_and_told(visit: Visit, several: None, relayed: Relayed) -> None:
    manager = visit(MANAGER)
    form = {**manager.form("/north/clients/new"), "full_name": "Émile Ørsted", **FILLED}
    answer = manager.post("/north/clients", form)
    assert answer.status_code == 303
    assert relayed() == ["client:created"]
    page = unescape(manager.get(answer.headers["Location"]).text)
    facts = page.partition('id="facts-title"')[2].partition("</section>")[0]
    for words in ("HSS", "€1,250.50", "12", "1 Apr 2019", "Hall", "Yes", "Boat club", "Member since"):
        assert words in facts, words
    edit = manager.form(f"{answer.headers['Location']}/edit")
    assert edit["custom_deposit"] == "1250.50"
    assert edit["custom_winter_place"] == "hall"
    changed = {**edit, "custom_winter_place": "quay", "custom_deposit": ""}
    for _ in range(2):
        assert manager.put(answer.headers["Location"], changed).status_code == 303
    assert relayed() == ["client:updated"]
    told = unescape(manager.get(f"{answer.headers['Location']}/events").text)
    assert "<del>Hall</del> → <ins>Quay</ins>" in told
    assert "<dt>Winter place</dt>" in told
    assert "<del>€1,250.50</del>" in told


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("custom_boat_club", "", "Fill this in."),
        ("custom_deposit", "plenty", "“plenty” is not a number."),
        ("custom_member_since", "last year", "is not a day"),
        ("custom_winter_place", "attic", "Not a valid choice"),
    ],
)
def test_bad_input_is_told_beside_the_field_and_kept(
    visit: Visit, several: None, field: str, typed: str, words: str
) -> None:
    manager = visit(MANAGER)
    form = {**manager.form("/north/clients/new"), "full_name": "Émile Ørsted", **FILLED, field: typed}
    answer = manager.post("/north/clients", form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert words in unescape(answer.text)
    assert 'value="HSS"' in answer.text or field == "custom_boat_club"


def test_edits_of_different_fields_merge_and_of_one_are_asked(visit: Visit, several: None) -> None:
    url = f"/north/clients/{make_client(enter(MANAGER), custom_boat_club='HSS').number}"
    commit()
    mine, theirs = visit(MANAGER), visit(MATE)
    opened_by_me, opened_by_them = mine.form(f"{url}/edit"), theirs.form(f"{url}/edit")
    changed = {**opened_by_them, "custom_has_a_key": "yes", "custom_boat_club": "NJK"}
    assert theirs.put(url, changed).status_code == 303
    assert mine.put(url, {**opened_by_me, "custom_deposit": "50"}).status_code == 303
    page = mine.get(url).text
    assert "€50.00" in page
    assert "NJK" in page
    clash = mine.put(url, {**opened_by_me, "custom_boat_club": "BS"})
    assert clash.status_code == 409
    assert all(club in clash.text for club in ("HSS", "NJK", "BS", "Team Mate"))
    assert mine.put(url, {**fields_of(clash.text), "custom_boat_club": "BS"}).status_code == 303


def test_a_change_is_taken_back_from_the_log_and_hidden_from_who_may_not_open_the_client(
    visit: Visit, several: None
) -> None:
    by = enter(MANAGER)
    client = make_client(by, custom_boat_club="Secret Sailors")
    client.update({"custom_boat_club": "NJK"}, by=by)
    client_id, url = client.id, f"/north/clients/{client.number}"
    event_id = db.session.scalar(
        text("SELECT id FROM events WHERE name = 'client:updated' AND subject_id = :id"), {"id": client_id}
    )
    commit()
    admin = visit(ADMIN)
    assert "Secret Sailors" in admin.get("/north/admin/audit").text
    assert admin.post(f"/north/admin/audit/{event_id}/reversal").status_code == 303
    assert "Secret Sailors" in admin.get(url).text.partition('id="facts-title"')[2].partition("</section>")[0]
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    roles = "INSERT INTO port_role_overrides (id, port_id, role_id, permission_overrides, created_at, updated_at)"
    laid = ' SELECT gen_random_uuid(), :port, id, \'{"clients": {"view": false, "view_own": false}}\', :now, :now'
    where = " FROM roles WHERE name = 'port_admin'"
    moment = db.session.get_one(Client, client_id).created_at
    db.session.execute(text(roles + laid + where), {"port": NORTH, "now": moment})
    commit()
    hidden = visit(ADMIN).get("/north/admin/audit").text
    assert "Secret Sailors" not in hidden
    assert "Boat club" in hidden


def test_what_was_archived_is_not_taken_back(visit: Visit, several: None) -> None:
    by = enter(ADMIN)
    client = make_client(by, custom_winter_place="hall")
    client.update({"custom_winter_place": "quay"}, by=by)
    event_id = db.session.scalar(
        text("SELECT id FROM events WHERE name = 'client:updated' AND subject_id = :id"), {"id": client.id}
    )
    field = db.session.scalars(select(FieldDefinition).where(FieldDefinition.key == "winter_place")).one()
    field.archive(by=by)
    commit()
    answer = visit(ADMIN).post(f"/north/admin/audit/{event_id}/reversal")
    assert answer.status_code == 409
    assert "the field is archived" in answer.text


def test_what_is_archived_is_kept_and_comes_back(several: None, visit: Visit) -> None:
    by = enter(ADMIN)
    client = make_client(by, custom_winter_place="hall")
    url = f"/north/clients/{client.number}"
    field = db.session.scalars(select(FieldDefinition).where(FieldDefinition.key == "winter_place")).one()
    field.archive(by=by)
    commit()
    admin = visit(ADMIN)
    assert "Hall" not in admin.get(url).text.partition('id="facts-title"')[2].partition("</section>")[0]
    admin.delete(f"{URL}/{field.id}/archival")
    assert "Hall" in admin.get(url).text.partition('id="facts-title"')[2].partition("</section>")[0]


def test_the_list_is_narrowed_to_a_choice(visit: Visit, several: None) -> None:
    by = enter(MANAGER)
    make_client(by, full_name="In The Hall", custom_winter_place="hall", custom_has_a_key="no")
    make_client(by, full_name="On The Quay", custom_winter_place="quay", custom_has_a_key="yes")
    commit()
    manager = visit(MANAGER)
    for query, name in (("custom_winter_place=hall", "In The Hall"), ("custom_has_a_key=yes", "On The Quay")):
        found = manager.get(f"/north/clients?{query}").text
        assert [one for one in ("In The Hall", "On The Quay") if one in found] == [name]
    both = manager.get("/north/clients?custom_winter_place=attic&custom_boat_club=x").text
    assert "In The Hall" in both
    assert "On The Quay" in both


def test_the_list_of_vessels_is_narrowed_to_a_choice(visit: Visit) -> None:
    fields = {"label": "Shed", "kind": "choice", "options": ["Hall", "Quay"], "required": False, "help": ""}
    by = enter(MANAGER)
    FieldDefinition.create(fields, resource="vessel", currency="EUR", port_id=NORTH, by=by)
    owner = make_client(by)
    for name, choice in (("Kestrel", "hall"), ("Merlin", "quay")):
        make_vessel(by, owner, name=name, custom_shed=choice)
    commit()
    found = visit(MANAGER).get("/north/vessels?custom_shed=quay").text
    assert [name for name in ("Kestrel", "Merlin") if name in found] == ["Merlin"]


def test_the_pages_take_no_more_statements(visit: Visit, several: None, statements: list[str]) -> None:
    client = make_client(enter(MANAGER), **FILLED)
    pages = {f"/north/clients/{client.number}": 7, "/north/clients?custom_has_a_key=yes": 3, f"{URL}": 2}
    commit()
    for url, most in pages.items():
        visitor = visit(ADMIN)
        statements.clear()
        assert visitor.get(url).status_code == 200
        assert len(statements) <= most, url


def test_values_go_with_the_client_and_nothing_stands_where_nothing_is(several: None) -> None:
    by = enter(MANAGER)
    client = make_client(by, custom_boat_club="HSS", custom_has_a_key="yes")
    client.update({"custom_has_a_key": ""}, by=by)
    assert [value.text for value in db.session.scalars(select(FieldValue))] == ["HSS"]
    assert client.custom == {"custom_boat_club": "HSS"}
    with pytest.raises(KeyError):
        client.update({"custom_nothing": "x"}, by=by)


def test_one_list_has_what_is_built_in_and_what_is_made_up(several: None) -> None:
    client = make_client(enter(MANAGER), town="Hanko", country="FI", custom_winter_place="hall", custom_deposit="50")
    fields = {field.key: field for field in fields_of_clients(NORTH)}
    assert list(fields)[: len(Client.EDITABLE)] == list(Client.EDITABLE)
    said = {key: fields[key].words(getattr(client, key)) for key in ("town", "country", "custom_winter_place")}
    assert said == {"town": "Hanko", "country": "Finland", "custom_winter_place": "Hall"}
    typed = {"country": "Ranska", "status": "Former", "custom_deposit": "75,5", "marketing_consent": "yes"}
    fit = {key: read_by(fields, key, words) for key, words in typed.items()}
    assert client.update(fit, by=enter(MANAGER))
    assert (client.country, client.status, client.custom["custom_deposit"]) == ("FR", "former", "75.50")
    unfit = {"country": "Atlantis", "languages": "Klingonian", "town": "x" * 101, "status": "Rich"}
    for key, words in unfit.items():
        with pytest.raises(Unfit):
            read_by(fields, key, words)


def read_by(fields: dict[str, RecordField], key: str, typed: str) -> object:
    reader = fields[key].read
    assert reader is not None
    return reader(typed)


# --- On a vessel ------------------------------------------------------------------------------------------------


def test_a_vessel_has_fields_of_its_own(visit: Visit, several: None, relayed: Relayed) -> None:
    sail = {"label": "Sail number", "kind": "text"}
    FieldDefinition.create(sail, resource="vessel", currency="EUR", port_id=NORTH, by=enter(ADMIN))
    by = enter(MANAGER)
    vessel = Vessel.create(make_client(by), {"name": "Belle Étoile", "custom_sail_number": "FIN 12"}, by=by)
    url = f"/north/vessels/{vessel.number}"
    commit()
    relayed()
    manager = visit(MANAGER)
    form = manager.form(f"{url}/edit")
    assert "custom_boat_club" not in form
    for _ in range(2):
        assert manager.put(url, {**form, "custom_sail_number": "FIN 21"}).status_code == 303
    assert relayed() == ["vessel:updated"]
    page = manager.get(url).text
    assert "FIN 21" in page.partition('-facts"')[2].partition("</dl>")[0]
    assert "<del>FIN 12</del> → <ins>FIN 21</ins>" in page
