"""Search as one types, the palette, and single keys, in a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, StorageState, expect

from tests.browser.pages import CLIENTS, MANAGER, is_same, mark
from tests.browser.windows import Windows


@pytest.fixture
def page(windows: Windows, state_of: Callable[[str], StorageState]) -> Page:
    page = windows.open(storage_state=state_of(MANAGER))
    page.goto(CLIENTS)
    return page


def test_the_list_follows_what_is_typed(page: Page) -> None:
    mark(page)
    box = page.get_by_role("searchbox", name="Name, e-mail, phone or vessel")
    box.press_sequentially("lehtomaki", delay=30)
    expect(page.locator("#rows mark").first).to_have_text("Lehtomäki")
    expect(box).to_be_focused()
    expect(box).to_have_value("lehtomaki")
    assert is_same(page)
    assert page.url.endswith("?q=lehtomaki")
    page.reload()
    expect(box).to_have_value("lehtomaki")
    box.fill("")
    expect(page.locator("#rows mark")).to_have_count(0)


def test_a_late_answer_does_not_take_the_place_of_a_newer_one(page: Page) -> None:
    """The first answer comes when the second has been shown already."""
    held: list[Route] = []
    page.route("**/clients?q=a", lambda route: held.append(route))
    box = page.get_by_role("searchbox", name="Name, e-mail, phone or vessel")
    with page.expect_request("**/clients?q=a"):
        box.fill("a")
    box.fill("aino")
    expect(page.locator("#rows mark").first).to_have_text("Aino")
    for route in held:
        route.fulfill(status=200, body="<h1>Too late</h1>")
    box.fill("aino l")
    expect(page.locator("#rows tr")).to_have_count(1)
    expect(page.get_by_text("Too late")).to_have_count(0)


def test_the_palette_finds_and_goes(page: Page) -> None:
    name = page.locator("#rows .name").nth(2).inner_text()
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Search or jump to")
    expect(box).to_be_focused()
    page.keyboard.type(name)
    # Entered before the answer is there, it still means what was typed.
    page.keyboard.press("Enter")
    expect(page).to_have_title(f"{name} – Port Nimara")

    page.keyboard.press("Control+k")
    first = page.locator("#palette-lines [role=option]").first
    expect(first).to_contain_text(name)
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "false")
    chosen = page.locator("#palette-lines [aria-selected=true]")
    expect(box).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_the_palette_does(page: Page) -> None:
    page.locator("[data-palette]").click()
    page.keyboard.type("dark")
    expect(page.locator("#palette-lines [aria-selected=true]")).to_have_text("Dark theme")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("#palette")).to_be_hidden()


def test_keys_move_through_the_list(page: Page) -> None:
    names = page.locator("#rows .name")
    page.keyboard.press("j")
    expect(names.first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    expect(names.nth(2)).to_be_focused()
    page.keyboard.press("k")
    expect(names.nth(1)).to_be_focused()
    name = names.nth(1).inner_text()
    page.keyboard.press("Enter")
    expect(page).to_have_title(f"{name} – Port Nimara")
    page.keyboard.press("e")
    expect(page).to_have_title(f"Edit {name} – Port Nimara")
    page.goto(CLIENTS)
    page.keyboard.press("/")
    expect(page.locator("[data-list-search]")).to_be_focused()
    page.keyboard.type("jn?")
    expect(page.locator("[data-list-search]")).to_have_value("jn?")
    expect(page.locator("#shortcuts")).to_be_hidden()
    page.goto(CLIENTS)
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("n")
    expect(page).to_have_title("Clients – Port Nimara")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page).to_have_title("New client – Port Nimara")


def test_without_a_script_search_is_a_page(windows: Windows, state_of: Callable[[str], StorageState]) -> None:
    page = windows.open(storage_state=state_of(MANAGER), java_script_enabled=False)
    page.goto(CLIENTS)
    page.locator("[data-palette]").click()
    page.get_by_role("searchbox", name="Search for anything").fill("lehtomaki")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("region", name="Clients").locator("mark").first).to_have_text("Lehtomäki")
    page.get_by_role("link", name="Show all").click()
    expect(page.get_by_role("searchbox", name="Name, e-mail, phone or vessel")).to_have_value("lehtomaki")
    page.get_by_role("searchbox", name="Name, e-mail, phone or vessel").press("Enter")
    expect(page.locator("#rows mark").first).to_be_visible()
