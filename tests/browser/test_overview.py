"""The overview map: live in two windows, by keyboard alone, and without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.browser.pages import ADMIN, VIEWER, is_same, live, mark
from tests.browser.windows import Windows

pytestmark = pytest.mark.usefixtures("at_work")

OVERVIEW = "/port-nimara/berths/overview"
OUTSIDE = "Sandy Ground moorings"


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent"))


def test_a_berth_under_repair_in_one_window_is_one_free_less_in_another(
    windows: Windows, state_of: Callable[[str], StorageState]
) -> None:
    looking, working = windows.open(storage_state=state_of(VIEWER)), windows.open(storage_state=state_of(ADMIN))
    looking.goto(OVERVIEW)
    live(looking)
    mark(looking)
    pin = looking.locator(".chart .pin", has_text=OUTSIDE)
    expect(pin).to_contain_text("8 of 8 free")
    working.goto("/port-nimara/berths?q=M3+Sandy")
    working.get_by_role("link", name="M3").first.click()
    working.get_by_label("Status", exact=True).select_option(label="Maintenance")
    working.get_by_role("button", name="Change status").click()
    expect(pin).to_contain_text("7 of 8 free")
    expect(looking.locator("section.harbour", has_text=OUTSIDE).locator("header")).to_contain_text("7 free")
    assert is_same(looking)


def test_a_dock_that_moves_in_one_window_moves_in_another(
    windows: Windows, state_of: Callable[[str], StorageState]
) -> None:
    looking, working = windows.open(storage_state=state_of(VIEWER)), windows.open(storage_state=state_of(ADMIN))
    looking.goto(OVERVIEW)
    live(looking)
    looking.get_by_role("button", name="Show Inner harbour on the map").click()
    expect(looking.locator(".chart .pin .dock-name")).to_have_count(3)
    working.goto("/port-nimara/docks/1001/edit")
    working.get_by_label("Latitude").fill("18,1684")
    working.get_by_label("Longitude").fill("-63.0940")
    working.get_by_role("button", name="Save dock").click()
    expect(looking.locator('li[data-at="18.168400,-63.094000"]')).to_have_count(1)
    expect(looking.locator(".chart .pin .dock-name")).to_have_count(3)


def test_by_keyboard_from_the_map_to_the_plan_of_a_harbour(
    windows: Windows, state_of: Callable[[str], StorageState]
) -> None:
    page = windows.open(storage_state=state_of(VIEWER))
    page.goto(OVERVIEW)
    chart = page.get_by_role("group", name="Map of the harbours")
    expect(chart.locator(".pin")).to_have_count(2)
    chart.focus()
    page.keyboard.press("Tab")
    assert "Inner harbour" in focused(page)
    page.keyboard.press("Tab")
    assert OUTSIDE in focused(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(OUTSIDE)


def test_without_scripts_the_list_leads_to_the_plans(windows: Windows, state_of: Callable[[str], StorageState]) -> None:
    page = windows.open(storage_state=state_of(VIEWER), java_script_enabled=False)
    page.goto(OVERVIEW)
    expect(page.locator(".chart")).to_be_hidden()
    expect(page.get_by_role("button", name="Show Inner harbour on the map")).to_be_hidden()
    page.get_by_role("link", name="Inner harbour").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inner harbour")
