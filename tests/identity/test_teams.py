"""Teams: their name, their supervisor, who is in them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.db import begin, db
from app.events.models import Event
from app.identity.models import Team, TeamMember
from tests.world import NORTH, Visitor, fields_of, user_id

ADMIN, VIEWER, MATE = "port_admin@north.example", "viewer@north.example", "teammate@north.example"
TEAMS = "/north/admin/teams"

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def admin(visit: Callable[[str], Visitor]) -> Visitor:
    return visit(ADMIN)


def make(visitor: Visitor, name: str = "Dock crew", supervisor: str = "") -> str:
    form = {"name": name, "supervisor_id": str(user_id(supervisor)) if supervisor else ""}
    response = visitor.post(TEAMS, form)
    assert response.status_code == 303
    return str(response.location)


def happened(name: str) -> list[Event]:
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    return list(db.session.scalars(select(Event).where(Event.name == name).order_by(Event.id)))


def inside() -> set[uuid.UUID]:
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    return set(db.session.scalars(select(TeamMember.user_id)))


def form_of(visitor: Visitor, url: str) -> dict[str, Any]:
    form = visitor.form(url)
    del form["csrf_token"]
    return form


def test_a_team_is_made_and_listed(admin: Visitor) -> None:
    assert "No teams yet" in admin.get(TEAMS).text
    make(admin, supervisor="supervisor@north.example")
    listed = admin.get(TEAMS).text
    assert "Dock crew" in listed
    assert "Supervisor North" in listed
    assert len(happened("team:created")) == 1


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"name": "", "supervisor_id": ""}, "Type a name for the team."),
        ({"name": "Dock crew", "supervisor_id": ""}, "There is a team with that name already."),
        ({"name": "x" * 81, "supervisor_id": ""}, "longer than"),
        ({"name": "Other", "supervisor_id": str(user_id("viewer@south.example"))}, "Not a valid choice"),
    ],
)
def test_a_bad_team_is_shown_again(admin: Visitor, form: dict[str, str], says: str) -> None:
    make(admin)
    response = admin.post(TEAMS, form)
    assert response.status_code == 422
    assert says.casefold() in response.text.casefold()
    assert len(happened("team:created")) == 1


def test_people_come_and_go_once(admin: Visitor) -> None:
    url = make(admin)
    for _ in range(2):
        assert admin.post(f"{url}/members", {"user_id": str(user_id(VIEWER))}).status_code == 303
    assert inside() == {user_id(VIEWER)}
    assert "Viewer North" in admin.get(url).text
    assert admin.delete(f"{url}/members/{user_id(VIEWER)}").status_code == 303
    assert admin.delete(f"{url}/members/{user_id(VIEWER)}").status_code == 404
    assert inside() == set()
    assert [len(happened(f"team:{name}")) for name in ("memberAdded", "memberRemoved")] == [1, 1]


@pytest.mark.parametrize("email", ["viewer@south.example", "gone@north.example", "super@quayside.example"])
def test_who_is_not_here_does_not_join(admin: Visitor, email: str) -> None:
    url = make(admin)
    assert admin.post(f"{url}/members", {"user_id": str(user_id(email))}).status_code == 422
    assert inside() == set()


def test_two_administrators_at_one_team(admin: Visitor, visit: Callable[[str], Visitor]) -> None:
    url = make(admin)
    mine, theirs = form_of(admin, f"{url}/edit"), form_of(admin, f"{url}/edit")
    other = visit("director@north.example")
    assert other.put(url, {**theirs, "supervisor_id": str(user_id(MATE))}).status_code == 303
    assert admin.put(url, {**mine, "name": "Quay crew"}).status_code == 303
    shown = admin.get(url).text
    assert "Quay crew" in shown
    assert "Supervisor: Team Mate" in shown
    assert happened("team:updated")[0].changed_fields == ["supervisor_id"]
    clash = other.put(url, {**theirs, "name": "Night crew"})
    assert clash.status_code == 409
    assert "Quay crew" in clash.text
    assert fields_of(clash.text)["name"] == "Night crew"


def test_a_team_is_deleted_with_its_memberships(admin: Visitor) -> None:
    url = make(admin)
    admin.post(f"{url}/members", {"user_id": str(user_id(VIEWER))})
    assert admin.delete(url).status_code == 303
    assert admin.get(url).status_code == 404
    assert inside() == set()
    assert admin.get(f"/north/admin/users/{user_id(VIEWER)}").status_code == 200


def test_who_leaves_the_port_leaves_its_teams(admin: Visitor) -> None:
    url = make(admin, supervisor=VIEWER)
    admin.post(f"{url}/members", {"user_id": str(user_id(VIEWER))})
    assert admin.delete(f"/north/admin/users/{user_id(VIEWER)}").status_code == 303
    assert inside() == set()
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    assert db.session.scalars(select(Team)).one().supervisor_id is None


def test_the_list_asks_no_query_a_team(admin: Visitor, statements: list[str]) -> None:
    make(admin)
    statements.clear()
    admin.get(TEAMS)
    few = len(statements)
    for number in range(5):
        make(admin, f"Crew {number}")
    statements.clear()
    admin.get(TEAMS)
    assert len(statements) == few
