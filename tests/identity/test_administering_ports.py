"""Ports: super-admins make, close and open them; inside one its name and place are changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.db import begin, db
from app.events.models import Event
from app.identity.models import Port
from tests.world import NORTH, SOUTH, Visitor, user_id

ADMIN, SUPER = "port_admin@north.example", "super@quayside.example"
PORTS, HERE = "/north/admin/ports", "/north/admin/port"

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def owner(visit: Callable[[str], Visitor]) -> Visitor:
    return visit(SUPER)


@pytest.fixture
def admin(visit: Callable[[str], Visitor]) -> Visitor:
    return visit(ADMIN)


def new(**typed: str) -> dict[str, str]:
    fields = {"name": "Port West", "slug": "west", "country": "FR", "timezone": "Europe/Paris"}
    return {**fields, "default_currency": "EUR", "locale": "fr", **typed}


def port(port_id: Any = NORTH) -> Port:
    begin(port_id=port_id, user_id=user_id(SUPER), scope="staff")
    return db.session.scalars(select(Port).execution_options(populate_existing=True)).one()


def events(port_id: Any) -> list[str]:
    begin(port_id=port_id, user_id=user_id(SUPER), scope="staff")
    return list(db.session.scalars(select(Event.name).where(Event.port_id == port_id).order_by(Event.id)))


def test_a_port_is_made_and_can_be_worked_in(owner: Visitor) -> None:
    assert owner.post(PORTS, {**new(), "_key": "k" * 32}).status_code == 303
    assert "Port West" in owner.get(PORTS).text
    assert owner.get("/west/clients").status_code == 200
    assert owner.get("/west/admin/users").status_code == 200
    begin(scope="staff", user_id=user_id(SUPER))
    made = next(each for each in Port.all() if each.slug == "west")
    assert events(made.id) == ["port:created"]
    assert (made.currency, made.timezone, made.locale, made.country) == ("EUR", "Europe/Paris", "fr", "FR")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"slug": "south"}, "Another port has this address already."),
        ({"slug": "auth"}, "used by Quayside itself"),
        ({"slug": "static"}, "used by Quayside itself"),
        ({"slug": "Port West"}, "Small letters, digits and dashes only"),
        ({"slug": "-x"}, "Small letters, digits and dashes only"),
        ({"slug": "x" * 51}, "Small letters, digits and dashes only"),
        ({"name": ""}, "Type the name of the port."),
        ({"timezone": "Mars/Base"}, "Not a valid choice"),
        ({"default_currency": "EURO"}, "Not a valid choice"),
        ({"country": "XX"}, "Not a valid choice"),
        ({"locale": "../en"}, "Not a valid choice"),
    ],
)
def test_a_bad_port_is_shown_again(owner: Visitor, change: dict[str, str], says: str) -> None:
    response = owner.post(PORTS, new(**change))
    assert response.status_code == 422
    assert says in response.text
    assert change.get("slug", 'value="west"') in response.text
    assert owner.get("/west/").status_code == 404


def test_closing_a_port_ends_access_and_opening_gives_it_back(owner: Visitor, visit: Callable[[str], Visitor]) -> None:
    colleague = visit("viewer@south.example")
    assert colleague.get("/south/clients").status_code == 200
    for _ in range(2):
        assert owner.post(f"{PORTS}/south/deactivation").status_code == 303
    assert colleague.get("/south/clients").status_code == 404
    assert owner.get("/south/clients").status_code == 404
    assert "Open again" in owner.get(PORTS).text
    for _ in range(2):
        assert owner.delete(f"{PORTS}/south/deactivation").status_code == 303
    assert colleague.get("/south/clients").status_code == 200
    assert events(SOUTH) == ["port:deactivated", "port:activated"]


def test_the_port_one_stands_in_is_not_closed(owner: Visitor) -> None:
    response = owner.post(f"{PORTS}/north/deactivation")
    assert response.status_code == 409
    assert "This is the port you are in." in response.text
    assert owner.post(f"{PORTS}/nowhere/deactivation").status_code == 404


def test_an_administrator_changes_their_port_and_no_other(admin: Visitor) -> None:
    form = admin.form(HERE)
    assert form["timezone"] == "Europe/Helsinki"
    assert admin.put(HERE, {**form, "name": "Port Far North", "default_currency": "NOK"}).status_code == 303
    assert (port().name, port().default_currency, port().slug) == ("Port Far North", "NOK", "north")
    assert events(NORTH)[-1] == "port:updated"
    assert port(SOUTH).name == "Port South"
    assert admin.put("/south/admin/port", form).status_code == 404
    assert admin.get(PORTS).status_code == 403


def test_two_administrators_at_one_port(admin: Visitor, owner: Visitor) -> None:
    mine, theirs = admin.form(HERE), admin.form(HERE)
    del theirs["csrf_token"]
    assert owner.put(HERE, {**theirs, "name": "Port Nord"}).status_code == 303
    assert admin.put(HERE, {**mine, "country": "SE"}).status_code == 303
    assert (port().name, port().country) == ("Port Nord", "SE")
    clash = admin.put(HERE, {**mine, "name": "Port Norden"})
    assert clash.status_code == 409
    for word in ("Port North", "Port Nord", "Port Norden"):
        assert word in clash.text


@pytest.mark.parametrize("change", [{"name": ""}, {"timezone": "x"}, {"country": ""}])
def test_a_bad_change_is_shown_again(admin: Visitor, change: dict[str, str]) -> None:
    assert admin.put(HERE, {**admin.form(HERE), **change}).status_code == 422
    assert port().name == "Port North"
