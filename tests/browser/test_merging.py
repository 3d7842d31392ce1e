"""Two clients become one and two again, in a browser: with a colleague's windows that follow, and without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, StorageState, expect

from tests.browser.pages import AGENT, CLIENTS, MANAGER, is_same, live, mark, number_of
from tests.browser.windows import Windows
from tests.servers import Installation

pytestmark = pytest.mark.usefixtures("at_work")

DUPLICATES = f"{CLIENTS}/duplicates"
State = Callable[[str], StorageState]


def number(site: Installation, name: str) -> int:
    with site.database.connect() as connection:
        row = connection.execute("SELECT number FROM clients WHERE full_name = %s", (name,)).fetchone()
    assert row is not None, name
    return int(row[0])


def pair(page: Page, name: str) -> Locator:
    return page.locator(".pair", has_text=name)


def region(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def merge(page: Page, one: str, other: str, *, taking: str | None = None) -> None:
    """From the queue, with one field of the other."""
    page.goto(DUPLICATES)
    page.get_by_role("link", name=f"Compare and merge {one} and {other}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Merge two clients")
    if taking:
        page.get_by_role("radio", name=taking, exact=True).check()
    page.get_by_role("button", name="Merge into").click()
    expect(page.get_by_text(f"{one} is one client now").first).to_be_visible()


def undo(page: Page, name: str) -> None:
    """From the page of who stands for both."""
    page.get_by_role("link", name="Look at it or undo it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.get_by_role("button", name="Undo the merge").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Undo the merge").click()
    expect(page.get_by_role("link", name="Look at it or undo it")).to_have_count(0)


def test_a_merge_in_the_windows_of_a_colleague(windows: Windows, site: Installation, state_of: State) -> None:
    """The page of who goes leads to who stays, the pair leaves the queue, the row the list; undone, all come back."""
    robert, bob = number(site, "Robert Ashcombe"), number(site, "Bob Ashcombe")
    manager = windows.open(storage_state=state_of(MANAGER))
    colleague = windows.open(storage_state=state_of(AGENT))
    queue = windows.open(storage_state=state_of(MANAGER))
    listed, at_bob, at_robert = colleague, colleague.context.new_page(), colleague.context.new_page()
    listed.goto(f"{CLIENTS}?q=ashcombe")
    at_bob.goto(f"{CLIENTS}/{bob}")
    at_robert.goto(f"{CLIENTS}/{robert}")
    queue.goto(DUPLICATES)
    for page in (listed, at_bob, at_robert, queue):
        live(page)
        mark(page)
    expect(listed.locator("#rows tr")).to_have_count(2)

    merge(manager, "Robert Ashcombe", "Bob Ashcombe", taking="Mats Berg")
    assert number_of(manager) == robert
    for page in (manager, at_bob, at_robert):
        expect(page.get_by_role("heading", level=1)).to_have_text("Robert Ashcombe")
        expect(region(page, "Notes")).to_contain_text("Rang about winter storage")
        expect(region(page, "Contacts")).to_contain_text("bob@example.com")
    expect(listed.locator("#rows tr")).to_have_count(1)
    expect(pair(queue, "Bob Ashcombe")).to_have_count(0)
    assert all(is_same(page) for page in (listed, at_robert, queue))

    undo(manager, "Bob Ashcombe")
    expect(region(at_robert, "Contacts")).not_to_contain_text("bob@example.com")
    expect(region(at_robert, "Notes")).not_to_contain_text("Rang about winter storage")
    expect(listed.locator("#rows tr")).to_have_count(2)
    expect(pair(queue, "Bob Ashcombe")).to_have_count(1)
    at_bob.goto(f"{CLIENTS}/{bob}")
    expect(at_bob.get_by_role("heading", level=1)).to_have_text("Bob Ashcombe")
    assert is_same(at_robert)


def test_what_was_changed_since_stays_and_is_said(windows: Windows, site: Installation, state_of: State) -> None:
    page = windows.open(storage_state=state_of(MANAGER))
    merge(page, "Clémence Vaillant", "Vaillant Clemence")
    page.goto(f"{CLIENTS}/{number(site, 'Clémence Vaillant')}/edit")
    page.get_by_label("Region").fill("Var")
    page.get_by_role("button", name="Save client").click()
    page.get_by_role("link", name="Look at it or undo it").click()
    expect(page.get_by_text("Region is “Var” since")).to_be_visible()
    page.go_back()
    undo(page, "Vaillant Clemence")
    expect(region(page, "Details")).to_contain_text("Var")
    page.goto(f"{CLIENTS}/{number(site, 'Vaillant Clemence')}")
    expect(region(page, "Details")).not_to_contain_text("Var")


def test_not_the_same_leaves_the_queue_of_everybody(windows: Windows, state_of: State) -> None:
    page, other = (windows.open(storage_state=state_of(MANAGER)) for _ in range(2))
    for window in (page, other):
        window.goto(DUPLICATES)
        live(window)
        mark(window)
    pair(page, "Skagern Yacht Charter").get_by_role("button", name="Not the same").click()
    expect(pair(other, "Skagern Yacht Charter")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(pair(other, "Skagern Yacht Charter")).to_have_count(1)
    assert is_same(other)


def test_by_keyboard_alone(windows: Windows, site: Installation, state_of: State) -> None:
    """From the queue to the merge and back, with the keys that every browser has."""
    stays = number(site, "Skagern Charters AB")
    page = windows.open(storage_state=state_of(MANAGER))
    page.goto(DUPLICATES)
    page.get_by_role("link", name="Compare and merge Skagern Charters AB").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Merge two clients")
    page.get_by_role("radio", name="Skagern Charters AB", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Skagern Yacht Charter", exact=True)).to_be_checked()
    while page.evaluate("document.activeElement.type") != "submit":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Skagern Yacht Charter")
    assert number_of(page) == stays
    page.get_by_role("link", name="Look at it or undo it").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Undo the merge").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Tab")
    page.get_by_role("dialog").get_by_role("button", name="Undo the merge").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Skagern Charters AB")


def test_without_scripts(windows: Windows, site: Installation, state_of: State) -> None:
    page = windows.open(storage_state=state_of(MANAGER), java_script_enabled=False)
    page.goto(DUPLICATES)
    pair(page, "Skagern Yacht Charter").get_by_role("button", name="Not the same").click()
    expect(pair(page, "Skagern Yacht Charter")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(pair(page, "Skagern Yacht Charter")).to_have_count(1)
    merge(page, "Skagern Charters AB", "Skagern Yacht Charter")
    page.goto(f"{CLIENTS}/{number(site, 'Skagern Yacht Charter')}")  # leads on
    assert number_of(page) == number(site, "Skagern Charters AB")
    undo(page, "Skagern Yacht Charter")
    page.goto(f"{CLIENTS}/{number(site, 'Skagern Yacht Charter')}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Skagern Yacht Charter")
