"""Views of a list that colleagues share, and many clients changed at once, in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.browser.pages import AGENT, CLIENTS, MANAGER, is_same, live, mark, reload_until, row_of
from tests.browser.windows import Windows

pytestmark = pytest.mark.usefixtures("at_work")

State = Callable[[str], StorageState]
VIEWS = f"{CLIENTS}/views"


def save_view(page: Page, name: str, query: str) -> None:
    page.goto(f"{CLIENTS}?{query}")
    page.get_by_role("link", name="Views").click()
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("checkbox", name="Share with everybody").check()
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("link", name=name)).to_be_visible()


def test_a_view_that_is_shared_is_in_the_colleagues_window(windows: Windows, state_of: State) -> None:
    manager, colleague = (windows.open(storage_state=state_of(who)) for who in (MANAGER, AGENT))
    colleague.goto(VIEWS)
    live(colleague)
    mark(colleague)
    save_view(manager, "Former clients", "status=former")
    shared = colleague.get_by_role("link", name="Former clients")
    expect(shared).to_contain_text("shared by Inês Rocha")
    expect(colleague.get_by_role("link", name="Rename or share Former clients")).to_have_count(0)

    manager.goto(VIEWS)
    manager.get_by_role("link", name="Rename or share Former clients").click()
    manager.get_by_role("textbox", name="Name").fill("Clients of old")
    manager.get_by_role("button", name="Save view").click()
    expect(colleague.get_by_role("link", name="Clients of old")).to_be_visible()
    manager.get_by_role("button", name="Delete the view Clients of old").click()
    expect(colleague.get_by_role("link", name="Clients of old")).to_have_count(0)
    manager.get_by_role("button", name="Undo").click()
    expect(colleague.get_by_role("link", name="Clients of old")).to_be_visible()
    assert is_same(colleague)
    colleague.get_by_role("link", name="Clients of old").click()
    expect(colleague.get_by_role("combobox", name="Status")).to_have_value("former")


def test_a_view_opens_the_list_and_columns_are_chosen(windows: Windows, state_of: State) -> None:
    """By keyboard, and the choice is there in the next window."""
    page = windows.open(storage_state=state_of(AGENT))
    save_view(page, "By broker", "source=broker")
    page.goto(VIEWS)
    page.get_by_role("button", name="Open the list with By broker").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Do not open the list with By broker")).to_be_visible()
    other = windows.open(storage_state=state_of(AGENT))
    other.goto(CLIENTS)
    expect(other.get_by_role("combobox", name="Source")).to_have_value("broker")
    other.goto(f"{CLIENTS}?view=all")
    other.get_by_role("link", name="Columns").focus()
    other.keyboard.press("Enter")
    other.get_by_role("checkbox", name="Town").focus()
    other.keyboard.press("Space")
    other.get_by_role("button", name="Show these columns").focus()
    other.keyboard.press("Enter")
    expect(other.get_by_role("columnheader", name="Town")).to_be_visible()
    page.goto(VIEWS)
    page.get_by_role("button", name="Do not open the list with By broker").click()
    expect(page.get_by_role("button", name="Open the list with By broker")).to_be_visible()


def test_many_are_changed_in_the_colleagues_window_and_changed_back(windows: Windows, state_of: State) -> None:
    manager, colleague = (windows.open(storage_state=state_of(who)) for who in (MANAGER, AGENT))
    for page in (manager, colleague):
        page.goto(f"{CLIENTS}?q=charters")
        live(page)
    mark(colleague)
    rows = manager.locator("#rows tr")
    count = rows.count()
    assert count > 3
    for at in range(3):
        rows.nth(at).locator(".c-pick input").check()
    before = {
        rows.nth(at).locator(".name").inner_text(): rows.nth(at).locator(".c-status").inner_text() for at in range(3)
    }
    manager.get_by_role("button", name="Edit", exact=True).click()
    manager.get_by_label("Status").select_option(label="Former")
    manager.get_by_role("button", name="Change 3 clients").click()
    for name in before:
        expect(row_of(manager, name).locator(".c-status")).to_have_text("Former")
        expect(row_of(colleague, name).locator(".c-status")).to_have_text("Former")
    manager.get_by_role("button", name="Undo").click()
    expect(manager.get_by_role("heading", name="Undone")).to_be_visible()
    for name, status in before.items():
        expect(row_of(colleague, name).locator(".c-status")).to_have_text(status)
    assert is_same(colleague)


def test_all_that_match_are_changed_and_changed_back(windows: Windows, state_of: State) -> None:
    """Also those of the pages that are not shown."""
    page = windows.open(storage_state=state_of(MANAGER))
    page.goto(f"{CLIENTS}?status=active")
    live(page)
    page.locator("#rows .c-pick input").first.check()
    everybody = page.get_by_role("checkbox", name=re.compile(r"All \d+ that match"))
    everybody.check()
    count = int(re.findall(r"\d+", page.locator("label", has=everybody).inner_text())[0])
    assert count > page.locator("#rows tr").count()
    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_label("Status").select_option(label="Former")
    page.get_by_role("button", name=f"Change {count} clients").click()
    expect(page.locator("#toasts")).to_contain_text(f"{count} clients changed")
    expect(page.locator("#rows tr")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Undone")).to_be_visible()
    page.goto(f"{CLIENTS}?status=active")
    live(page)
    page.locator("#rows .c-pick input").first.check()
    expect(page.get_by_role("checkbox", name=f"All {count} that match")).to_have_count(1)


def test_without_scripts(windows: Windows, state_of: State) -> None:
    page = windows.open(storage_state=state_of(MANAGER), java_script_enabled=False)
    page.goto(f"{CLIENTS}?q=yachting")
    page.get_by_role("link", name="Views").click()
    page.get_by_role("textbox", name="Name").fill("Yachting")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("link", name="Yachting", exact=True)).to_be_visible()
    page.get_by_role("link", name="Columns").click()
    page.get_by_role("checkbox", name="Source").check()
    page.get_by_role("button", name="Show these columns").click()
    expect(page.get_by_role("columnheader", name="Source")).to_be_visible()

    picked = page.locator("#rows .c-pick input")
    names = page.locator("#rows .name").all_inner_texts()[:2]
    for at in range(2):
        picked.nth(at).check()
    page.get_by_role("button", name="Archive", exact=True).click()
    page.get_by_role("button", name="Archive 2 clients").click()
    expect(page.get_by_text("2 clients changed")).to_be_visible()
    for name in names:
        expect(row_of(page, name)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    reload_until(page, page.get_by_role("heading", name="Undone").is_visible)
    page.goto(f"{CLIENTS}?q=yachting")
    for name in names:
        expect(row_of(page, name)).to_have_count(1)
