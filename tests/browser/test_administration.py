"""Administering people in a real browser: an account that ends takes its windows with it; the grid by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import StorageState, expect

from tests.browser.pages import ADMIN, AGENT, CLIENTS, is_focused_in_sight, live
from tests.browser.windows import Windows
from tests.servers import Installation

pytestmark = pytest.mark.usefixtures("at_work")

USERS, ROLES = "/port-nimara/admin/users", "/port-nimara/admin/roles"


def id_of(site: Installation, query: str) -> str:
    with site.database.connect() as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return str(row[0])


def test_a_right_is_switched_by_keyboard_alone(
    windows: Windows, site: Installation, state_of: Callable[[str], StorageState]
) -> None:
    page = windows.open(storage_state=state_of(ADMIN), viewport={"width": 320, "height": 640})
    role = id_of(site, "SELECT id FROM roles WHERE name = 'operator'")
    page.goto(f"{ROLES}/{role}/override")
    page.locator("main").focus()
    page.keyboard.press("Tab")
    field = page.locator('[id="clients.view"]')
    expect(field).to_be_focused()
    assert is_focused_in_sight(page) is None
    page.keyboard.press("ArrowDown")
    expect(field).to_have_value("on")
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Save for this port").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.url}{ROLES}/{role}")
    expect(page.locator(".right.added")).to_contain_text("override: on")


def test_an_account_that_ends_takes_its_windows_with_it(
    windows: Windows, site: Installation, state_of: Callable[[str], StorageState]
) -> None:
    """The window of the agent hears of it while nobody touches it."""
    agent = windows.open(storage_state=state_of(AGENT))
    agent.goto(CLIENTS)
    live(agent)
    admin = windows.open(storage_state=state_of(ADMIN))
    person = id_of(site, f"SELECT id FROM users WHERE email = '{AGENT}'")
    admin.goto(f"{USERS}/{person}")
    admin.get_by_role("button", name="Deactivate").click()
    admin.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
    expect(admin.locator("#toasts")).to_contain_text("is deactivated and signed out everywhere")
    expect(agent.get_by_role("alert")).to_contain_text("You are signed out.")
    agent.goto(CLIENTS)
    expect(agent.get_by_role("heading", level=1)).to_have_text("Sign in")
    admin.get_by_role("button", name="Activate").click()
    expect(admin.get_by_role("button", name="Deactivate")).to_be_visible()
