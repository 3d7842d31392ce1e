"""Ways to reach a client: read in any spelling, one of a kind used first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from app.clients.models import Client, Contact
from app.clients.models.contact import Unfit, read_value
from tests.world import Visitor, contacts_of, enter, fields_of, make_client

MANAGER = "sales_manager@north.example"


@pytest.fixture
def client(db: SQLAlchemy) -> Client:
    return make_client(enter(MANAGER))


def add(client: Client, kind: str, value: str, *, is_primary: bool = False) -> Contact:
    fields = {"kind": kind, "value": value, "is_primary": is_primary}
    return Contact.create(client, fields, country="FI", by=enter(MANAGER))


def standing(client: Client) -> list[tuple[str, bool]]:
    return [(contact.display, contact.is_primary) for contact in contacts_of(client)]


# --- Spellings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "country", "shown", "normalised"),
    [
        ("040 555 0113", "FI", "+358 40 5550113", "+358405550113"),
        ("(040) 555-0113", "FI", "+358 40 5550113", "+358405550113"),
        ("+358 (0)40 5550113", "AI", "+358 40 5550113", "+358405550113"),
        ("00358 40 555 0113", "AI", "+358 40 5550113", "+358405550113"),
        ("011 358 40 5550113", "AI", "+358 40 5550113", "+358405550113"),
        ("0044.20.7946.0991", "FI", "+44 20 7946 0991", "+442079460991"),
        ("tel:+44-20-7946-0991", "FI", "+44 20 7946 0991", "+442079460991"),
        ("020 7946 0991 ext. 12", "GB", "+44 20 7946 0991 x12", "+442079460991"),
        ("497 2123", "AI", "+1 264-497-2123", "+12644972123"),
        ("+39 010 123456", "FI", "+39 010 123456", "+39010123456"),
        ("٠٤٠ ٥٥٥ ٠١١٣", "FI", "+358 40 5550113", "+358405550113"),
    ],
)
def test_a_phone_number_is_read_in_any_spelling(
    app: Flask, typed: str, country: str, shown: str, normalised: str
) -> None:
    with app.app_context():
        assert read_value("phone", typed, country=country) == (shown, normalised)
        assert read_value("whatsapp", shown, country="JP") == (shown, normalised)


@pytest.mark.parametrize(
    ("kind", "typed", "reason"),
    [
        ("phone", "555-0113", "area code is missing"),
        ("phone", "112", "too few or too many"),
        ("phone", "call me", "not one phone number"),
        ("phone", "040 5550113, 040 5550114", "not one phone number"),
        ("phone", "3.58405E+11", "spreadsheet has shortened"),
        ("phone", "  ", "Type the"),
        ("email", "lea.example.com", "has an @"),
        ("email", "lea@", "what comes after the @"),
        ("email", "lea@example", "what comes after the @"),
        ("email", "lea marchand@example.com", "not one e-mail address"),
        ("email", "a@example.com, b@example.com", "not one e-mail address"),
        ("email", "Léa <lea@example.com>", "not one e-mail address"),
        ("email", "lea@port..example.com", "not one e-mail address"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(app: Flask, kind: str, typed: str, reason: str) -> None:
    with app.app_context(), pytest.raises(Unfit, match=reason):
        read_value(kind, typed, country="US")


def test_an_email_address_is_kept_as_typed_and_compared_in_lower_case(app: Flask) -> None:
    with app.app_context():
        assert read_value("email", " Léa.M@Éxample.FR ", country="FI") == ("Léa.M@Éxample.FR", "léa.m@éxample.fr")


# --- One of a kind is used first ----------------------------------------------------------------------------------


def test_the_first_of_a_kind_is_primary_and_another_takes_its_place(client: Client) -> None:
    add(client, "email", "a@example.com")
    add(client, "email", "b@example.com")
    add(client, "phone", "040 5550113")
    assert standing(client) == [("a@example.com", True), ("b@example.com", False), ("+358 40 5550113", True)]
    add(client, "email", "c@example.com", is_primary=True)
    assert [shown for shown, primary in standing(client) if primary] == ["c@example.com", "+358 40 5550113"]


def test_a_primary_that_goes_leaves_its_place_to_the_next_and_comes_back_behind_it(client: Client) -> None:
    manager = enter(MANAGER)
    first, second = add(client, "email", "a@example.com"), add(client, "email", "b@example.com")
    first.archive(client, by=manager)
    assert standing(client) == [("b@example.com", True)]
    first.restore(client, by=manager)
    assert standing(client) == [("b@example.com", True), ("a@example.com", False)]
    second.archive(client, by=manager)
    first.archive(client, by=manager)
    second.restore(client, by=manager)
    assert standing(client) == [("b@example.com", True)]


def test_first_place_is_handed_on_and_the_only_one_keeps_it(client: Client) -> None:
    manager = enter(MANAGER)
    first = add(client, "email", "a@example.com")
    with pytest.raises(Unfit) as refused:
        first.update(client, {"is_primary": False}, country="FI", by=manager)
    assert refused.value.field == "is_primary"
    add(client, "email", "b@example.com")
    first.update(client, {"is_primary": False}, country="FI", by=manager)
    assert standing(client) == [("b@example.com", True), ("a@example.com", False)]


def test_verbs_record_once_and_repeat_without_harm(client: Client, relayed: Callable[[], list[str]]) -> None:
    manager = enter(MANAGER)
    contact = add(client, "phone", "040 5550113")
    assert contact.update(client, {"label": "Captain"}, country="FI", by=manager)
    assert not contact.update(client, {"label": "Captain", "value": "+358405550113"}, country="AI", by=manager)
    for _ in range(2):
        contact.archive(client, by=manager)
    for _ in range(2):
        contact.restore(client, by=manager)
    assert relayed() == [
        "client:created",
        "contact:created",
        "contact:updated",
        "contact:archived",
        "contact:restored",
    ]


def test_a_removed_contact_that_was_added_anew_is_not_put_back_beside_it(client: Client) -> None:
    removed = add(client, "email", "a@example.com")
    removed.archive(client, by=enter(MANAGER))
    add(client, "email", "A@example.com")
    removed.restore(client, by=enter(MANAGER))
    assert standing(client) == [("A@example.com", True)]


def test_a_national_number_stays_itself_when_the_client_moves_abroad(client: Client) -> None:
    contact = add(client, "phone", "040 5550113")
    client.update({"country": "GB"}, by=enter(MANAGER))
    contact.update(client, {"value": contact.value, "label": "Boat"}, country="GB", by=enter(MANAGER))
    assert contact.normalised == "+358405550113"


# --- Pages --------------------------------------------------------------------------------------------------------


def test_a_contact_is_added_changed_removed_and_put_back(client: Client, visit: Callable[[str], Visitor]) -> None:
    url, manager = f"/north/clients/{client.number}", visit(MANAGER)
    typed = {**manager.form(f"{url}/contacts/new"), "kind": "phone", "value": "040 5550113", "label": "Boat"}
    assert manager.post(f"{url}/contacts", typed).status_code == 303
    enter(MANAGER)
    (contact,) = contacts_of(client)
    edit = f"{url}/contacts/{contact.id}"
    assert manager.put(edit, {**manager.form(f"{edit}/edit"), "label": "Captain"}).status_code == 303
    assert "Captain" in manager.get(url).text

    assert manager.delete(edit).status_code == 303
    page = manager.get(url).text
    assert f"{edit}/restoration" in page  # the undo of the toast
    assert "+358 40 5550113</a>" not in page
    for _ in range(2):
        assert manager.post(f"{edit}/restoration").status_code == 303
        assert manager.get(url).text.count("+358 40 5550113</a>") == 1


def test_a_value_that_stands_there_already_is_said_beside_the_field(
    client: Client, visit: Callable[[str], Visitor]
) -> None:
    add(client, "email", "a@example.com")
    url, manager = f"/north/clients/{client.number}/contacts", visit(MANAGER)
    answer = manager.post(url, {**manager.form(f"{url}/new"), "kind": "email", "value": "A@EXAMPLE.com"})
    assert answer.status_code == 422
    assert "This client already has it." in answer.text
    assert 'value="A@EXAMPLE.com"' in answer.text


def test_white_space_is_no_value(client: Client, visit: Callable[[str], Visitor]) -> None:
    url, manager = f"/north/clients/{client.number}/contacts", visit(MANAGER)
    answer = manager.post(url, {**manager.form(f"{url}/new"), "value": "   "})
    assert answer.status_code == 422
    assert "Type the e-mail address" in answer.text


def test_two_people_change_the_same_contact(client: Client, visit: Callable[[str], Visitor]) -> None:
    contact = add(client, "email", "a@example.com")
    url = f"/north/clients/{client.number}/contacts/{contact.id}"
    mine, theirs = visit(MANAGER), visit("teammate@north.example")
    opened_by_me, opened_by_them = mine.form(f"{url}/edit"), theirs.form(f"{url}/edit")
    assert theirs.put(url, {**opened_by_them, "value": "b@example.com", "label": "Office"}).status_code == 303
    answer = mine.put(url, {**opened_by_me, "value": "c@example.com"})
    assert answer.status_code == 409
    assert all(value in answer.text for value in ("a@example.com", "b@example.com", "c@example.com", "Team Mate"))
    assert mine.put(url, {**fields_of(answer.text), "value": "c@example.com"}).status_code == 303
    enter(MANAGER)
    assert [(c.value, c.label) for c in contacts_of(client)] == [("c@example.com", "Office")]


def test_a_contact_removed_meanwhile_is_not_changed_and_what_was_typed_is_kept(
    client: Client, visit: Callable[[str], Visitor]
) -> None:
    contact = add(client, "email", "a@example.com")
    url, manager = f"/north/clients/{client.number}/contacts/{contact.id}", visit(MANAGER)
    opened = manager.form(f"{url}/edit")
    manager.delete(url)
    answer = manager.put(url, {**opened, "value": "typed@example.com"})
    assert answer.status_code == 409
    assert "removed this contact" in answer.text
    assert "typed@example.com" in answer.text
    assert manager.get(f"{url}/edit").status_code == 404
    enter(MANAGER)
    assert contacts_of(client) == []


def test_a_contact_is_reached_through_its_own_client_only(client: Client, visit: Callable[[str], Visitor]) -> None:
    contact = add(client, "email", "a@example.com")
    other = make_client(enter(MANAGER), full_name="Somebody Else")
    url, manager = f"/north/clients/{other.number}/contacts/{contact.id}", visit(MANAGER)
    assert manager.get(f"{url}/edit").status_code == 404
    assert manager.delete(url).status_code == 404
