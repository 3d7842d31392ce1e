"""People of a port: who is listed, invited, given roles, deactivated, removed; and what is refused."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from app import live
from app.db import begin, commit, db, now
from app.events.models import Event
from app.identity.models import (
    FactorKind,
    MfaFactor,
    Purpose,
    Role,
    Session,
    User,
    UserPortRole,
    Verification,
)
from app.live.rooms import channel_of
from tests.world import NORTH, SOUTH, Visitor, user_id

ADMIN, DIRECTOR, VIEWER = "port_admin@north.example", "director@north.example", "viewer@north.example"
USERS = "/north/admin/users"

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def admin(visit: Callable[[str], Visitor]) -> Visitor:
    return visit(ADMIN)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Whose sockets were closed for good."""
    return ended_by("close", monkeypatch)


@pytest.fixture
def reopened(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Whose sockets were closed to come back, with other rights perhaps."""
    return ended_by("reopen", monkeypatch)


def ended_by(how: str, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    end = getattr(live.rooms, how)

    def note(**about: Any) -> None:
        said.append(about)
        end(**about)

    monkeypatch.setattr(live, how, note)
    return said


def role_id(name: str) -> uuid.UUID:
    begin(scope="staff")
    return db.session.scalars(select(Role.id).where(Role.name == name)).one()


def roles_of(email: str, port: uuid.UUID = NORTH) -> set[str]:
    begin(port_id=port, user_id=user_id(email), scope="staff")
    held = select(Role.name).join(UserPortRole, UserPortRole.role_id == Role.id)
    held = held.join(User, User.id == UserPortRole.user_id)
    return set(db.session.scalars(held.where(User.email == email, UserPortRole.port_id == port)))


def happened(name: str) -> list[Event]:
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    return list(db.session.scalars(select(Event).where(Event.name == name).order_by(Event.id)))


def page_of(email: str) -> str:
    return f"{USERS}/{user_id(email)}"


def change_roles(by: Visitor, email: str, *, give: str = "", take: str = "") -> TestResponse:
    url = f"{page_of(email)}/roles"
    form = by.form(url)
    for name in take.split():
        form.pop(role_id(name).hex, None)
    return by.put(url, {**form, **{role_id(name).hex: "y" for name in give.split()}})


# --- The list


def test_the_list_holds_the_port_and_nobody_else(admin: Visitor) -> None:
    text_of = admin.get(USERS).text
    assert VIEWER in text_of
    assert "gone@north.example" in text_of
    assert "@south.example" not in text_of
    assert "super@quayside.example" not in text_of


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=mate", ["teammate@north.example"]),
        ("q=TEAMMATE@NORTH", ["teammate@north.example"]),
        ("q=100%25", []),
        ("q=_", ["sales_agent@north.example"]),
        ("state=deactivated", ["gone@north.example"]),
        ("state=invited", []),
        ("q=%00", None),
        ("role=nonsense&state=nonsense", None),
    ],
)
def test_searching_and_filtering(admin: Visitor, query: str, found: list[str] | None) -> None:
    response = admin.get(f"{USERS}?{query}")
    assert response.status_code == 200
    for email in found or []:
        assert email in response.text
    assert (VIEWER in response.text) == (found is None)


def test_filtering_by_role(admin: Visitor) -> None:
    listed = admin.get(f"{USERS}?role={role_id('technician')}").text
    assert "technician@north.example" in listed
    assert "two_roles@north.example" in listed
    assert VIEWER not in listed


def many(count: int) -> None:
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    viewer = role_id("viewer")
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    invite = text("SELECT id FROM invite_user(gen_random_uuid(), :email, :name, :now)")
    for number in range(count):
        made = {"email": f"guest{number:03d}@north.example", "name": f"Guest {number:03d}", "now": now()}
        db.session.add(UserPortRole(user_id=db.session.scalar(invite, made), port_id=NORTH, role_id=viewer))
    commit()


def test_pages_by_key_without_a_query_a_row(admin: Visitor, statements: list[str]) -> None:
    admin.get(USERS)
    statements.clear()
    admin.get(USERS)
    few = len(statements)
    many(70)
    statements.clear()
    first = admin.get(USERS)
    assert len(statements) == few <= 6
    assert "1–50 of" in first.text
    following = first.text.split('aria-label="Pages"')[1]
    address = following.split("after=")[1].split('"')[0].replace("&amp;", "&")
    second = admin.get(f"{USERS}?after={address}")
    assert "51–" in second.text
    assert "Viewer North" in second.text


# --- Inviting


def invitation(email: str = "new@north.example", *roles: str) -> dict[str, Any]:
    return {"email": email, "name": "Noor New", "roles": [str(role_id(name)) for name in roles or ("viewer",)]}


def test_inviting_makes_the_account_with_its_roles(admin: Visitor) -> None:
    response = admin.post(USERS, invitation("New@North.example", "viewer", "sales_agent"))
    assert response.status_code == 303
    shown = admin.get(response.location).text
    assert "Invited" in shown
    assert "on its way" in shown
    assert roles_of("new@north.example") == {"viewer", "sales_agent"}
    event = happened("user:invited")[-1]
    assert (event.port_id, event.actor_id) == (NORTH, user_id(ADMIN))


def test_a_form_sent_twice_invites_once(admin: Visitor) -> None:
    form = {**invitation(), "_key": "k" * 32}
    assert [admin.post(USERS, form).status_code for _ in range(2)] == [303, 303]
    assert len(happened("user:invited")) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"email": ""}, "Type their e-mail address."),
        ({"email": "no at sign"}, "This is not an e-mail address."),
        ({"email": "a@b.example\nBcc: x@y.example"}, "This is not an e-mail address."),
        ({"name": " "}, "Type their name."),
        ({"roles": []}, "Choose at least one role."),
        ({"roles": ["nonsense"]}, "not a valid choice"),
    ],
)
def test_a_bad_invitation_is_shown_again(admin: Visitor, change: dict[str, Any], says: str) -> None:
    response = admin.post(USERS, {**invitation("kept@north.example"), **change})
    assert response.status_code == 422
    assert says in response.text
    assert "Noor New" in response.text or "name" in change
    assert happened("user:invited") == []


def test_an_account_of_another_port_is_found_and_keeps_its_name(admin: Visitor) -> None:
    assert admin.post(USERS, invitation("viewer@south.example")).status_code == 303
    assert roles_of("viewer@south.example") == {"viewer"}
    assert "Viewer South" in admin.get(page_of("viewer@south.example")).text
    assert roles_of("viewer@south.example", SOUTH) == {"viewer"}


@pytest.mark.parametrize(
    ("email", "says"), [(VIEWER, "in this port already"), ("super@quayside.example", "cannot be invited")]
)
def test_who_cannot_be_invited(admin: Visitor, email: str, says: str) -> None:
    response = admin.post(USERS, invitation(email))
    assert response.status_code == 409
    assert says in response.text
    assert email in response.text
    assert len(happened("user:changeRefused")) == 1


def test_nobody_gives_what_they_do_not_hold(visit: Callable[[str], Visitor]) -> None:
    director = visit(DIRECTOR)
    response = director.post(USERS, invitation("new@north.example", "port_admin"))
    assert response.status_code == 409
    assert "You cannot give what you do not hold yourself" in response.text
    assert change_roles(director, VIEWER, give="port_admin").status_code == 409
    assert roles_of(VIEWER) == {"viewer"}
    assert roles_of("new@north.example") == set()
    assert len(happened("user:changeRefused")) == 2


def test_an_invitation_says_until_when_it_works_and_is_sent_again(admin: Visitor) -> None:
    url = admin.post(USERS, invitation()).location
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    who = uuid.UUID(url.rpartition("/")[2].partition("?")[0])
    made = {"user_id": who, "port_id": NORTH, "purpose": Purpose.INVITE, "token_hash": b"x" * 32}
    db.session.add(Verification(**made, expires_at=now() + timedelta(hours=72)))
    commit()
    assert "and works until" in admin.get(url).text
    with time_machine.travel(now() + timedelta(hours=73)):
        assert "The link expired on" in Visitor.of(admin.app, ADMIN).get(url).text
    assert admin.post(f"{USERS}/{who}/invitation").status_code == 303
    assert [event.subject_id for event in happened("user:invited")] == [who, who]


def test_who_was_here_needs_no_invitation(admin: Visitor) -> None:
    assert admin.post(f"{page_of(VIEWER)}/invitation").status_code == 409


# --- Roles of somebody


def test_roles_are_given_and_taken_and_windows_come_back(admin: Visitor, reopened: list[dict[str, Any]]) -> None:
    url = f"{page_of(VIEWER)}/roles"
    form = admin.form(url)
    del form[role_id("viewer").hex]
    assert admin.put(url, {**form, role_id("operator").hex: "y", role_id("technician").hex: "y"}).status_code == 303
    assert roles_of(VIEWER) == {"operator", "technician"}
    assert len(happened("user:rolesChanged")) == 1
    assert [about["user_id"] for about in reopened] == [user_id(VIEWER)]


def test_saving_nothing_records_nothing(admin: Visitor) -> None:
    url = f"{page_of(VIEWER)}/roles"
    assert admin.put(url, admin.form(url)).status_code == 303
    assert happened("user:rolesChanged") == []


def test_two_administrators_who_tick_different_roles_merge(admin: Visitor, visit: Callable[[str], Visitor]) -> None:
    url = f"{page_of(VIEWER)}/roles"
    mine, theirs = admin.form(url), admin.form(url)
    del theirs["csrf_token"]
    assert visit(DIRECTOR).put(url, {**theirs, role_id("operator").hex: "y"}).status_code == 303
    assert admin.put(url, {**mine, role_id("technician").hex: "y"}).status_code == 303
    assert roles_of(VIEWER) == {"viewer", "operator", "technician"}


def test_everybody_keeps_a_role(admin: Visitor) -> None:
    url = f"{page_of(VIEWER)}/roles"
    form = admin.form(url)
    del form[role_id("viewer").hex]
    response = admin.put(url, form)
    assert response.status_code == 409
    assert "would have no role left" in response.text
    assert roles_of(VIEWER) == {"viewer"}


def test_nobody_changes_their_own_roles(admin: Visitor) -> None:
    url = f"{page_of(ADMIN)}/roles"
    response = admin.put(url, {**admin.form(url), role_id("viewer").hex: "y"})
    assert response.status_code == 409
    assert "Nobody changes their own access" in response.text
    assert roles_of(ADMIN) == {"port_admin"}
    assert len(happened("user:changeRefused")) == 1


def test_a_super_admin_is_not_touched(admin: Visitor) -> None:
    viewer = role_id("viewer")
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    db.session.add(UserPortRole(user_id=user_id("super@quayside.example"), port_id=NORTH, role_id=viewer))
    commit()
    url = page_of("super@quayside.example")
    assert admin.get(url).status_code == 200
    for response in (
        change_roles(admin, "super@quayside.example", give="operator"),
        admin.post(f"{url}/deactivation"),
        admin.delete(url),
    ):
        assert response.status_code == 409
        assert "super-admin" in response.text
    assert roles_of("super@quayside.example") == {"viewer"}


# --- The last administrator


def leave_only(*kept: str) -> None:
    """Nobody but these holds admin.manage_users in Port North any more."""
    others = {ADMIN, DIRECTOR, "both@quayside.example"} - set(kept)
    begin(port_id=NORTH, user_id=user_id(kept[0]), scope="staff")
    db.session.execute(
        text("DELETE FROM user_port_roles WHERE port_id = :port AND user_id = ANY(:ids)"),
        {"port": NORTH, "ids": [user_id(email) for email in others]},
    )
    commit()


def test_the_last_administrator_cannot_go(admin: Visitor) -> None:
    leave_only(ADMIN)
    for response in (
        admin.post(f"{page_of(ADMIN)}/deactivation"),
        admin.delete(page_of(ADMIN)),
        change_roles(admin, ADMIN, give="viewer", take="port_admin"),
    ):
        assert response.status_code == 409
        assert "Ask another administrator." in response.text
    assert roles_of(ADMIN) == {"port_admin"}
    assert len(happened("user:changeRefused")) == 3


@pytest.mark.parametrize("act", ["deactivate", "remove", "demote"])
def test_nor_is_the_last_one_taken_by_a_super_admin(visit: Callable[[str], Visitor], act: str) -> None:
    leave_only(ADMIN)
    owner, url = visit("super@quayside.example"), page_of(ADMIN)
    response = {
        "deactivate": lambda: owner.post(f"{url}/deactivation"),
        "remove": lambda: owner.delete(url),
        "demote": lambda: change_roles(owner, ADMIN, give="viewer", take="port_admin"),
    }[act]()
    assert response.status_code == 409
    assert "Nobody would be left who can manage people here." in response.text
    assert roles_of(ADMIN) == {"port_admin"}


def test_an_invitation_nobody_took_up_is_no_administrator(visit: Callable[[str], Visitor], admin: Visitor) -> None:
    admin.post(USERS, invitation("new@north.example", "director"))
    leave_only(ADMIN)
    assert visit("super@quayside.example").delete(page_of(ADMIN)).status_code == 409


# --- Deactivating and removing


def test_deactivating_ends_sessions_tokens_and_sockets(
    app: Flask, admin: Visitor, visit: Callable[[str], Visitor], closed: list[dict[str, Any]]
) -> None:
    viewer = visit(VIEWER)
    assert viewer.get("/north/clients").status_code == 200
    begin(port_id=NORTH, user_id=user_id(VIEWER), scope="staff")
    db.session.execute(
        text(
            "INSERT INTO api_tokens (id, user_id, port_id, name, token_hash, scopes, created_at, expires_at)"
            " VALUES (gen_random_uuid(), :user, :port, 'Till', '\\x01', '{}', :now, :now)"
        ),
        {"user": user_id(VIEWER), "port": NORTH, "now": now()},
    )
    commit()
    assert admin.post(f"{page_of(VIEWER)}/deactivation").status_code == 303
    assert viewer.get("/north/clients").location.startswith("/auth/login")
    begin(port_id=NORTH, user_id=user_id(VIEWER), scope="staff")
    assert db.session.scalars(select(Session)).all() == []
    assert db.session.scalar(text("SELECT count(*) FROM api_tokens WHERE revoked_at IS NULL")) == 0
    assert [about["user_id"] for about in closed] == [user_id(VIEWER)]
    assert len(happened("user:deactivated")) == 1
    assert "Deactivated" in admin.get(page_of(VIEWER)).text


def test_who_lost_their_phone_is_let_in_with_the_password_again(
    admin: Visitor, visit: Callable[[str], Visitor], closed: list[dict[str, Any]]
) -> None:
    viewer = visit(VIEWER)
    begin(user_id=user_id(VIEWER), scope="staff")
    db.session.add(MfaFactor(user_id=user_id(VIEWER), kind=FactorKind.TOTP, confirmed_at=now()))
    commit()
    assert "Reset second factor" in admin.get(page_of(VIEWER)).text
    assert admin.delete(f"{page_of(VIEWER)}/factors").status_code == 303
    assert viewer.get("/north/clients").location.startswith("/auth/login")
    begin(port_id=NORTH, user_id=user_id(VIEWER), scope="staff")
    assert db.session.scalars(select(MfaFactor)).all() == []
    assert [about["user_id"] for about in closed] == [user_id(VIEWER)]
    assert len(happened("user:factorsReset")) == 1


def test_a_director_does_not_reset_an_administrator(visit: Callable[[str], Visitor]) -> None:
    refused = visit(DIRECTOR).delete(f"{page_of(ADMIN)}/factors")
    assert refused.status_code == 409
    assert happened("user:factorsReset") == []


def test_activating_lets_in_again_and_twice_is_once(admin: Visitor, visit: Callable[[str], Visitor]) -> None:
    for _ in range(2):
        assert admin.post(f"{page_of(VIEWER)}/deactivation").status_code == 303
    for _ in range(2):
        assert admin.delete(f"{page_of(VIEWER)}/deactivation").status_code == 303
    assert visit(VIEWER).get("/north/clients").status_code == 200
    assert [len(happened(f"user:{name}")) for name in ("deactivated", "activated")] == [1, 1]


def test_an_account_of_two_ports_is_ended_by_super_admins_only(admin: Visitor, visit: Callable[[str], Visitor]) -> None:
    url = page_of("both@quayside.example")
    assert "Deactivate" not in admin.get(url).text.partition("<main")[2]
    response = admin.post(f"{url}/deactivation")
    assert response.status_code == 409
    assert "works in another port as well" in response.text
    both = visit("both@quayside.example")
    assert both.get("/south/clients").status_code == 200
    assert visit("super@quayside.example").post(f"{url}/deactivation").status_code == 303
    assert both.get("/south/clients").status_code == 303


def test_removing_takes_roles_here_and_leaves_the_account(
    admin: Visitor, visit: Callable[[str], Visitor], reopened: list[dict[str, Any]]
) -> None:
    both = visit("both@quayside.example")
    assert admin.delete(page_of("both@quayside.example")).status_code == 303
    assert both.get("/north/clients").status_code == 404
    assert both.get("/south/clients").status_code == 200
    assert admin.get(page_of("both@quayside.example")).status_code == 404
    assert [about["user_id"] for about in reopened] == [user_id("both@quayside.example")]
    assert len(happened("user:removed")) == 1


def test_a_director_does_not_end_an_administrator(visit: Callable[[str], Visitor]) -> None:
    director = visit(DIRECTOR)
    assert director.post(f"{page_of(ADMIN)}/deactivation").status_code == 409
    assert director.delete(page_of(ADMIN)).status_code == 409
    assert roles_of(ADMIN) == {"port_admin"}


def test_people_of_another_port_do_not_exist(admin: Visitor) -> None:
    url = page_of("viewer@south.example")
    answers = (
        admin.get(url),
        admin.get(f"{url}/roles"),
        admin.put(f"{url}/roles", {role_id("viewer").hex: "y"}),
        admin.post(f"{url}/deactivation"),
        admin.delete(f"{url}/deactivation"),
        admin.post(f"{url}/invitation"),
        admin.delete(url),
    )
    assert {response.status_code for response in answers} == {404}
    assert roles_of("viewer@south.example", SOUTH) == {"viewer"}


def test_a_page_of_somebody_costs_few_statements(admin: Visitor, statements: list[str]) -> None:
    admin.get(page_of(VIEWER))
    statements.clear()
    admin.get(page_of(VIEWER))
    assert len(statements) <= 9


def test_the_timeline_tells_what_was_done(admin: Visitor) -> None:
    admin.post(f"{page_of(VIEWER)}/deactivation")
    shown = admin.get(page_of(VIEWER)).text
    assert "deactivated this account and ended its sessions" in shown


# --- Live


def test_open_pages_of_administration_follow(app: Flask, admin: Visitor, relayed: Callable[[], list[str]]) -> None:
    for page in (USERS, page_of(VIEWER), "/north/admin/roles", "/north/admin/teams"):
        assert "follow=people" in admin.get(page).text, page
    relayed()
    redis = app.extensions["redis"]
    with redis.pubsub() as air:
        air.subscribe(channel_of(redis))
        assert air.get_message(timeout=2)["type"] == "subscribe"
        change_roles(admin, VIEWER, give="operator")
        admin.post("/north/admin/teams", {"name": "Night watch"})
        assert relayed() == ["user:rolesChanged", "team:created"]
        heard = [message["data"].decode() for _ in range(3) if (message := air.get_message(timeout=2))]
    assert heard[0].startswith("reopen user:")  # whose roles they were
    assert heard[1:] == [f"say port:{NORTH}:people\nrefresh #main"] * 2
