"""Roles and what a port lays over them; looking around as one of them without acting."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app import limits
from app.db import begin, commit, db
from app.events.models import Event
from app.identity.models import PortRoleOverride, Role, UserPortRole, roles_here
from app.identity.permissions import LEAVES, RESOURCES, as_overrides
from app.identity.words import ACTION_WORDS, GROUPS, RESOURCE_WORDS
from app.web import WRITES
from tests.world import NORTH, SOUTH, Visitor, enter, fields_of, user_id

ADMIN, DIRECTOR, SUPER = "port_admin@north.example", "director@north.example", "super@quayside.example"
ROLES = "/north/admin/roles"

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def admin(visit: Callable[[str], Visitor]) -> Visitor:
    return visit(ADMIN)


@pytest.fixture
def owner(visit: Callable[[str], Visitor]) -> Visitor:
    return visit(SUPER)


def role_id(name: str) -> uuid.UUID:
    begin(scope="staff")
    return db.session.scalars(select(Role.id).where(Role.name == name)).one()


def url_of(name: str) -> str:
    return f"{ROLES}/{role_id(name)}"


def happened(name: str, email: str = ADMIN) -> list[Event]:
    begin(port_id=NORTH, user_id=user_id(email), scope="staff")
    return list(db.session.scalars(select(Event).where(Event.name == name).order_by(Event.id)))


def laid(name: str, port: uuid.UUID = NORTH) -> dict[str, Any]:
    begin(port_id=port, user_id=user_id(ADMIN), scope="staff")
    kept = select(PortRoleOverride.permission_overrides).join(Role, Role.id == PortRoleOverride.role_id)
    return db.session.scalars(kept.where(Role.name == name, PortRoleOverride.port_id == port)).one_or_none() or {}


def form_of(visitor: Visitor, url: str) -> dict[str, Any]:
    """The form as it opens, to be sent by anybody."""
    form = visitor.form(url)
    del form["csrf_token"]
    return form


def may(email: str, leaf: str, slug: str = "north") -> bool:
    member = enter(email, slug)
    commit()
    return member.can(leaf)


@pytest.fixture
def own(owner: Visitor) -> str:
    """The address of a copy of the viewer."""
    made = owner.post(f"{url_of('viewer')}/copy", {"label": "Night watch", "description": "Looks after the quay"})
    assert made.status_code == 303
    return made.location.removesuffix("/edit")


def test_every_right_has_plain_words_and_a_place_in_the_grid() -> None:
    assert set(RESOURCE_WORDS) == set(RESOURCES)
    assert {action for actions in RESOURCES.values() for action in actions} == set(ACTION_WORDS)
    assert sorted(name for _group, names in GROUPS for name in names.split()) == sorted(RESOURCES)


# --- Roles themselves


def test_the_list_names_every_role_that_can_be_held(admin: Visitor) -> None:
    listed = admin.get(ROLES).text
    assert "Sales agent" in listed
    assert "Super admin" not in listed


def test_a_copy_begins_with_the_same_rights(owner: Visitor, own: str) -> None:
    begin(port_id=NORTH, user_id=user_id(SUPER), scope="staff")
    by_name = {here.role.name: here for here in roles_here(NORTH)}
    assert by_name["night_watch"].leaves == by_name["viewer"].leaves
    assert not by_name["night_watch"].role.is_system
    assert len(happened("role:created", SUPER)) == 1


def test_a_name_that_is_taken_is_said_beside_the_field(owner: Visitor, own: str) -> None:
    again = owner.post(f"{url_of('viewer')}/copy", {"label": "Night  Watch", "description": "x"})
    assert again.status_code == 422
    assert "There is a role with that name already." in again.text
    assert owner.post(f"{url_of('viewer')}/copy", {"label": ""}).status_code == 422


def test_rights_of_a_role_are_changed(owner: Visitor, own: str) -> None:
    form = owner.form(f"{own}/edit")
    del form["invoices.view"]
    assert owner.put(own, {**form, "clients.edit": "y"}).status_code == 303
    shown = owner.get(own).text
    assert "Night watch" in shown
    begin(port_id=NORTH, user_id=user_id(SUPER), scope="staff")
    leaves = next(here.leaves for here in roles_here(NORTH) if here.role.label == "Night watch")
    assert "clients.edit" in leaves
    assert "invoices.view" not in leaves
    assert happened("role:updated", SUPER)[0].changed_fields == ["clients.edit", "invoices.view"]


@pytest.mark.parametrize("unknown", ["clients.fly", "admin.everything", "nonsense", "is_system"])
def test_a_right_nobody_knows_is_refused_and_nothing_stored(owner: Visitor, own: str, unknown: str) -> None:
    form = owner.form(f"{own}/edit")
    response = owner.put(own, {**form, "clients.edit": "y", unknown: "y"})
    assert response.status_code == 422
    assert f"There is no such right: {unknown}." in response.text
    assert happened("role:updated", SUPER) == []
    override = f"{url_of('viewer')}/override"
    assert owner.put(override, {**owner.form(override), "clients.edit": "on", unknown: "on"}).status_code == 422
    assert laid("viewer") == {}


def test_two_administrators_who_change_different_rights_of_one_role_merge(
    owner: Visitor, visit: Callable[[str], Visitor], own: str
) -> None:
    mine, theirs = form_of(owner, f"{own}/edit"), form_of(owner, f"{own}/edit")
    assert visit(SUPER).put(own, {**theirs, "clients.edit": "y"}).status_code == 303
    assert owner.put(own, {**mine, "clients.create": "y"}).status_code == 303
    begin(port_id=NORTH, user_id=user_id(SUPER), scope="staff")
    leaves = next(here.leaves for here in roles_here(NORTH) if here.role.label == "Night watch")
    assert {"clients.edit", "clients.create"} <= leaves


def test_the_same_words_of_one_role_clash(owner: Visitor, own: str) -> None:
    mine, theirs = form_of(owner, f"{own}/edit"), form_of(owner, f"{own}/edit")
    assert owner.put(own, {**theirs, "label": "Day watch"}).status_code == 303
    clash = owner.put(own, {**mine, "label": "Dog watch"})
    assert clash.status_code == 409
    for word in ("Night watch", "Day watch", "Dog watch", "which one is right?"):
        assert word in clash.text


def test_system_roles_stay_as_they_are(owner: Visitor) -> None:
    url = url_of("viewer")
    assert owner.get(f"{url}/edit").status_code == 409
    assert owner.put(url, {"label": "Looker", "description": "", "clients.delete": "y"}).status_code == 409
    assert owner.delete(url).status_code == 409
    begin(port_id=NORTH, user_id=user_id(SUPER), scope="staff")
    assert next(here for here in roles_here(NORTH) if here.role.name == "viewer").role.label == "Viewer"


def test_a_role_in_use_anywhere_is_not_deleted(owner: Visitor, own: str) -> None:
    begin(port_id=SOUTH, user_id=user_id(SUPER), scope="staff")
    made = uuid.UUID(own.rpartition("/")[2])
    held = UserPortRole(user_id=user_id("viewer@south.example"), port_id=SOUTH, role_id=made)
    db.session.add(held)
    commit()
    response = owner.delete(own)
    assert response.status_code == 409
    assert "Somebody still holds this role" in response.text
    begin(port_id=SOUTH, user_id=user_id(SUPER), scope="staff")
    db.session.delete(held)
    commit()
    assert owner.delete(own).status_code == 303
    assert owner.get(own).status_code == 404
    assert len(happened("role:deleted", SUPER)) == 1


def test_port_administrators_do_not_touch_roles(admin: Visitor, own: str) -> None:
    url = url_of("viewer")
    answers = (
        admin.get(f"{url}/copy"),
        admin.post(f"{url}/copy", {"label": "Mine"}),
        admin.get(f"{own}/edit"),
        admin.put(own, {"label": "Mine"}),
        admin.delete(own),
    )
    assert {response.status_code for response in answers} == {403}


# --- What a port lays over


def test_an_override_takes_effect_here_and_nowhere_else(admin: Visitor) -> None:
    url = f"{url_of('viewer')}/override"
    assert not may("viewer@north.example", "clients.edit")
    assert admin.put(url, {**admin.form(url), "clients.edit": "on", "invoices.view": "off"}).status_code == 303
    assert laid("viewer") == {"clients": {"edit": True}, "invoices": {"view": False}}
    assert may("viewer@north.example", "clients.edit")
    assert not may("viewer@north.example", "invoices.view")
    assert may("viewer@south.example", "invoices.view", "south")
    assert happened("role:overridden")[0].changed_fields == ["clients.edit", "invoices.view"]


def test_the_grid_says_where_each_right_comes_from(admin: Visitor) -> None:
    url = url_of("viewer")
    form = admin.form(f"{url}/override")
    changed = {"clients.edit": "on", "invoices.view": "off", "clients.view_own": "off"}
    admin.put(f"{url}/override", {**form, **changed})
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    here = next(each for each in roles_here(NORTH) if each.role.name == "viewer")
    sources = {leaf: here.source(leaf) for leaf in LEAVES}
    assert sources["clients.edit"] == "added"
    assert sources["invoices.view"] == "taken"
    assert sources["clients.view"] == "role"
    assert sources["clients.view_own"] == "implied"  # who sees all sees their own
    assert sources["clients.delete"] == "none"
    shown = admin.get(url).text
    for words in ("override: on", "override: off", "by the role", "not allowed", "follows from another"):
        assert f"<small>{words}</small>" in shown


def test_two_administrators_at_one_override(admin: Visitor, visit: Callable[[str], Visitor]) -> None:
    """Different rights merge; the same one clashes with before, theirs and yours, and is then decided."""
    url = f"{url_of('viewer')}/override"
    mine, theirs = form_of(admin, url), form_of(admin, url)
    first = {**theirs, "clients.edit": "on", "invoices.view": "off"}
    assert visit(DIRECTOR).put(url, first).status_code == 303
    clash = admin.put(url, {**mine, "clients.edit": "off", "berths.view": "off"})
    assert clash.status_code == 409
    for words in ("Clients: Change: which one is right?", "Before", "Theirs", "Yours", "Director North"):
        assert words in clash.text
    assert laid("viewer") == {"clients": {"edit": True}, "invoices": {"view": False}}
    again = fields_of(clash.text)
    assert (again["invoices.view"], again["berths.view"], again["clients.edit"]) == ("off", "off", "off")
    assert admin.put(url, {**again, "clients.edit": "on"}).status_code == 303
    assert laid("viewer") == {"berths": {"view": False}, "clients": {"edit": True}, "invoices": {"view": False}}


def test_nobody_switches_on_what_they_do_not_hold(visit: Callable[[str], Visitor]) -> None:
    director, url = visit(DIRECTOR), f"{url_of('viewer')}/override"
    response = director.put(url, {**director.form(url), "admin.manage_settings": "on"})
    assert response.status_code == 409
    assert "Administration: Change settings" in response.text
    assert laid("viewer") == {}
    assert len(happened("user:changeRefused")) == 1


def test_nor_lets_go_of_what_was_switched_off(admin: Visitor, visit: Callable[[str], Visitor]) -> None:
    url = f"{url_of('port_admin')}/override"
    assert admin.put(url, {**admin.form(url), "admin.manage_tags": "off"}).status_code == 303
    director = visit(DIRECTOR)
    assert director.put(url, {**director.form(url), "admin.manage_tags": ""}).status_code == 409
    assert laid("port_admin") == {"admin": {"manage_tags": False}}


def test_the_last_administrators_are_not_switched_off(admin: Visitor) -> None:
    for name, status in (("director", 303), ("port_admin", 409)):
        url = f"{url_of(name)}/override"
        response = admin.put(url, {**admin.form(url), "admin.manage_users": "off"})
        assert response.status_code == status, name
    assert "Nobody would be left" in response.text
    assert laid("port_admin") == {}


@pytest.mark.parametrize("value", ["yes", "true", "ON"])
def test_a_choice_that_is_none_is_refused(admin: Visitor, value: str) -> None:
    url = f"{url_of('viewer')}/override"
    assert admin.put(url, {**admin.form(url), "clients.edit": value}).status_code == 422
    assert laid("viewer") == {}


def test_an_altered_base_is_refused(admin: Visitor) -> None:
    url = f"{url_of('viewer')}/override"
    assert admin.put(url, {**admin.form(url), "_base": "x"}).status_code == 400
    other = admin.form(f"{url_of('operator')}/override")
    assert admin.put(url, other).status_code == 400


def test_only_leaves_are_laid_over() -> None:
    with pytest.raises(ValueError, match=r"clients\.fly"):
        as_overrides({"clients.fly": True})


# --- See as this role


def test_a_preview_narrows_what_is_seen_and_changes_nothing(admin: Visitor) -> None:
    assert admin.post(f"{url_of('technician')}/preview").status_code == 303
    assert admin.get("/north/clients").status_code == 403
    page = admin.get("/north/")
    assert "You see this port as “Technician”" in page.text
    assert "End preview" in page.text
    assert admin.get(ROLES).status_code == 403
    assert len(happened("user:previewStarted")) == 1


def test_a_preview_gives_nothing_that_one_does_not_hold(visit: Callable[[str], Visitor]) -> None:
    director = visit(DIRECTOR)
    director.post(f"{url_of('port_admin')}/preview")
    assert director.get("/north/clients/imports").status_code == 403
    assert director.get("/north/clients").status_code == 200


def test_every_write_but_the_end_is_refused(admin: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.AMOUNTS, "writes", "1000 per minute")  # there are more than anybody may send
    monkeypatch.setitem(limits.AMOUNTS, "bulk", "1000 per minute")
    monkeypatch.setitem(limits.AMOUNTS, "uploads", "1000 per minute")
    own = url_of("viewer")
    assert admin.post(f"{url_of('port_admin')}/preview").status_code == 303
    allowed, asked = [], 0
    ids = {"user_id": user_id("viewer@north.example"), "role_id": role_id("viewer")}
    for rule in admin.app.url_map.iter_rules():
        view: Any = admin.app.view_functions[rule.endpoint]
        for method in (rule.methods or set()) & WRITES:
            if view.access.public or rule.endpoint in ("identity.destroy_preview", "identity.destroy_session"):
                continue
            values: dict[str, Any] = {
                name: ids.get(name, 1 if name == "number" else uuid.UUID(int=1)) for name in rule.arguments
            }
            values |= {"port": "north"} if "port" in rule.arguments else {}
            path = admin.app.url_map.bind("localhost").build(rule.endpoint, values, method)
            response = admin.post(f"{path}?_method={method}" if method != "POST" else path)
            asked += 1
            if response.status_code != 409 or "looking around as" not in response.text:
                allowed.append((method, path, response.status_code))
    assert asked > 20
    assert allowed == []
    assert admin.get(own).status_code == 200
    assert laid("viewer") == {}


@pytest.mark.parametrize("path", ["/auth/confirm", "/north/settings/profile", "/north/settings/security"])
def test_no_page_of_passwords_and_proofs_opens(admin: Visitor, path: str) -> None:
    admin.post(f"{url_of('port_admin')}/preview")
    assert admin.get(path).status_code == 409
    assert admin.get("/auth/ports").status_code == 200


def test_a_super_admin_is_none_while_looking(owner: Visitor) -> None:
    url = url_of("viewer")
    assert owner.get(f"{url}/copy").status_code == 200
    owner.post(f"{url_of('port_admin')}/preview")
    assert owner.get(f"{url}/copy").status_code == 403


def test_the_end_is_the_end(admin: Visitor) -> None:
    admin.post(f"{url_of('technician')}/preview")
    for _ in range(2):
        assert admin.delete("/north/admin/preview").status_code == 303
    assert admin.get("/north/clients").status_code == 200
    assert "End preview" not in admin.get("/north/clients").text
    assert len(happened("user:previewEnded")) == 1


def test_a_preview_is_of_one_port(visit: Callable[[str], Visitor]) -> None:
    both = visit("both@quayside.example")
    both.post(f"{url_of('technician')}/preview")
    assert both.get("/north/clients").status_code == 403
    assert both.get("/south/clients").status_code == 200
