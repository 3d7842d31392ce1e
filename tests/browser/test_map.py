"""The map in two windows: what changes in one shows in the other, statuses and places."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import StorageState, expect

from tests.browser.pages import ADMIN, VIEWER, is_same, live, mark
from tests.browser.windows import Windows

pytestmark = pytest.mark.usefixtures("at_work")

BERTHS = "/port-nimara/berths"


def test_a_status_changed_in_one_window_shows_on_the_map_of_another(
    windows: Windows, state_of: Callable[[str], StorageState]
) -> None:
    looking, working = windows.open(storage_state=state_of(VIEWER)), windows.open(storage_state=state_of(ADMIN))
    looking.goto(f"{BERTHS}/map")
    live(looking)
    mark(looking)
    spot = looking.locator('.plan .spot[aria-label$=", Available"]').first
    name, number = str(spot.get_attribute("aria-label")).rpartition(",")[0], str(spot.get_attribute("href"))
    sold = looking.locator("ul.legend").get_by_role("button", name="Sold or let")
    before = int(sold.inner_text().rpartition("\n")[2] or sold.inner_text().split()[-1])

    working.goto(f"{BERTHS}/{number.rpartition('berth=')[2]}")
    working.get_by_label("Status", exact=True).select_option(label="Sold or let")
    working.get_by_role("button", name="Change status").click()
    expect(looking.locator(f'.plan .spot[aria-label="{name}, Sold or let"]')).to_have_count(1)
    expect(sold).to_contain_text(str(before + 1))
    assert is_same(looking)


def test_a_dock_placed_in_one_window_moves_on_the_map_of_another(
    windows: Windows, state_of: Callable[[str], StorageState]
) -> None:
    looking, working = windows.open(storage_state=state_of(VIEWER)), windows.open(storage_state=state_of(ADMIN))
    looking.goto(f"{BERTHS}/map")
    live(looking)
    working.goto("/port-nimara/docks/1001/edit")
    working.get_by_label("Metres from the left of the map").fill("120")
    working.get_by_label("Metres from the top of the map").fill("40")
    working.get_by_label("Turned by degrees").fill("60")
    working.get_by_role("button", name="Save dock").click()
    pier = looking.locator('[data-pier][transform="translate(1200 400)rotate(60)"]')
    expect(pier).to_have_count(1)
    first = pier.locator(".spot").first
    first.focus()
    looking.keyboard.press("Enter")
    expect(looking.locator("#panel-title")).to_be_focused()
