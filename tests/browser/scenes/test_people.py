"""People, roles and teams of a port, and a look through the eyes of a role."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, BOTH, CLIENTS
from tests.browser.pages import VIEWER as VERA
from tests.browser.stage import LOOKING, QUIET, SUPER, Scene, Stage, at

NOOR = "noor.haddad@nimara.example"
USERS, ROLES, TEAMS = (f"/port-nimara/admin/{name}" for name in ("users", "roles", "teams"))


def user(stage: Stage, email: str) -> str:
    return f"{USERS}/{stage.found('SELECT id FROM users WHERE email = %s', email)}"


def role(stage: Stage, name: str) -> str:
    return f"{ROLES}/{stage.found('SELECT id FROM roles WHERE name = %s', name)}"


def team(stage: Stage, name: str) -> str:
    return f"{TEAMS}/{stage.found('SELECT id FROM teams WHERE name = %s', name)}"


def end_account(stage: Stage, page: Page) -> None:
    page.goto(user(stage, VERA))
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def invite_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{USERS}/new")
    page.get_by_label("Name").fill("Nora Next")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("alert")).to_be_visible()


def override_clash(stage: Stage, page: Page) -> None:
    """Two administrators switch the same right of one role."""
    path = f"{role(stage, 'technician')}/override"
    page.goto(path)
    other = stage.window(LOOKING)
    end_preview(other)
    other.goto(path)
    field = page.locator('[id="clients.merge"]')
    opened = field.input_value()
    theirs, yours = [value for value in ("", "on", "off") if value != opened]
    for window, value in ((other, theirs), (page, yours)):
        window.locator('[id="clients.merge"]').select_option(value)
        window.get_by_role("button", name="Save for this port").click()
    expect(page.locator("fieldset.clash").first).to_be_visible()


def own_role(stage: Stage, page: Page) -> None:
    """The form of a role that is nobody's but one's own, made when there is none yet."""
    page.goto(ROLES)
    if not page.get_by_role("link", name="Night watch").count():
        page.goto(f"{role(stage, 'viewer')}/copy")
        page.get_by_label("Name of the copy").fill("Night watch")
        page.get_by_role("button", name="Make the copy").click()
    else:
        page.get_by_role("link", name="Night watch").click()
        page.get_by_role("link", name="Edit role").click()
    expect(page.get_by_role("button", name="Save role")).to_be_visible()


def end_preview(page: Page) -> None:
    page.goto("/port-nimara/")
    ending = page.get_by_role("button", name="End preview")
    if ending.count():
        ending.click()
        expect(ending).to_have_count(0)


def looking(stage: Stage, page: Page) -> None:
    end_preview(page)
    page.goto(role(stage, "viewer"))
    page.get_by_role("button", name="See as this role").click()
    page.goto(CLIENTS)
    expect(page.get_by_role("region", name="Preview")).to_be_visible()


def looking_refused(stage: Stage, page: Page) -> None:
    looking(stage, page)
    page.goto("/port-nimara/settings/profile")


class TestPages(Judged):
    scenes = (
        Scene("people", ADMIN, at(USERS)),
        Scene("people, nobody matches", ADMIN, at(f"{USERS}?q=nobody")),
        Scene("person", ADMIN, at(lambda stage: user(stage, VERA))),
        Scene("person, invited", ADMIN, at(lambda stage: user(stage, NOOR))),
        Scene("person, oneself", ADMIN, at(lambda stage: user(stage, ADMIN))),
        Scene("person, deactivate?", ADMIN, end_account),
        Scene("person, roles", ADMIN, at(lambda stage: f"{user(stage, VERA)}/roles")),
        Scene("invite", BOTH, at(f"{USERS}/new")),
        Scene("invite refused", ADMIN, invite_refused, 422),
        Scene("roles", ADMIN, at(ROLES)),
        Scene("role", ADMIN, at(lambda stage: role(stage, "viewer"))),
        Scene("role, in this port", ADMIN, at(lambda stage: f"{role(stage, 'viewer')}/override")),
        Scene("role, clash", ADMIN, override_clash, 409),
        Scene("role, copy", SUPER, at(lambda stage: f"{role(stage, 'viewer')}/copy")),
        Scene("role, edit", SUPER, own_role),
        Scene("teams", ADMIN, at(TEAMS)),
        Scene("teams, none", BOTH, at(f"{QUIET}/admin/teams")),
        Scene("team", ADMIN, at(lambda stage: team(stage, "Front office"))),
        Scene("team, new", ADMIN, at(f"{TEAMS}/new")),
        Scene("team, edit", ADMIN, at(lambda stage: f"{team(stage, 'Front office')}/edit")),
        Scene("preview", LOOKING, looking),
        Scene("preview, refused", LOOKING, looking_refused, 409),
    )
