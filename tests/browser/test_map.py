"""The map in two windows: what changes in one shows in the other, statuses and places."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, StorageState, expect

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
    working.get_by_label("Metres from the left of the map").fill("5")
    working.get_by_label("Metres from the top of the map").fill("40")
    working.get_by_label("Turned by degrees").fill("60")
    working.get_by_role("button", name="Save dock").click()
    pier = looking.locator('[data-pier][transform="translate(50 400)rotate(60)"]')
    expect(pier).to_have_count(1)
    first = pier.locator(".spot").first
    first.focus()
    looking.keyboard.press("Enter")
    expect(looking.locator("#panel-title")).to_be_focused()


def middle(page: Page, thing: Locator, *, along: float = 0.5) -> tuple[float, float]:
    box = thing.bounding_box()
    assert box
    return box["x"] + box["width"] * along, box["y"] + box["height"] / 2


def drag(page: Page, start: tuple[float, float], right: float, down: float) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + right / 2, start[1] + down / 2, steps=3)
    page.mouse.move(start[0] + right, start[1] + down, steps=3)
    page.mouse.up()


def test_a_berth_and_a_dock_that_are_dragged_move_on_the_map_of_another(
    windows: Windows, state_of: Callable[[str], StorageState]
) -> None:
    looking, working = windows.open(storage_state=state_of(VIEWER)), windows.open(storage_state=state_of(ADMIN))
    looking.goto(f"{BERTHS}/map")
    live(looking)
    mark(looking)
    working.goto(f"{BERTHS}/map/edit")
    live(working)  # who connects late has the page brought up to date, in the middle of a drag
    working.locator(".turner").wait_for(state="detached")
    expect(working.locator(".legend.keys")).to_be_visible()
    berth = working.locator("#pier-1001 .spot[aria-label]").nth(3)
    number = str(berth.locator("xpath=..").get_attribute("id")).removeprefix("spot-")
    drag(working, middle(working, berth), 60, 40)
    own = working.locator(f"#single-{number}")
    expect(own).to_have_count(1)
    expect(working.locator("#panel-title")).to_contain_text("Berth")
    expect(working.locator("input[name=was]").last).not_to_have_value("")
    expect(looking.locator(f"#single-{number}")).to_have_attribute("transform", str(own.get_attribute("transform")))

    before = working.locator("#pier-1002").get_attribute("transform")
    drag(working, middle(working, working.locator("#dock-1002 .spot"), along=0.2), 30, 20)
    expect(working.locator("#panel-title")).to_contain_text("Dock")
    moved = str(working.locator("#pier-1002").get_attribute("transform"))
    assert moved != before
    expect(looking.locator("#pier-1002")).to_have_attribute("transform", moved)
    assert is_same(looking)


def test_a_berth_is_picked_up_and_dropped_by_keys_alone(
    windows: Windows, state_of: Callable[[str], StorageState]
) -> None:
    page = windows.open(storage_state=state_of(ADMIN))
    page.goto(f"{BERTHS}/map/edit")
    live(page)
    spot = page.locator("#pier-1003 .spot").nth(2)
    number = str(spot.locator("xpath=..").get_attribute("id")).removeprefix("spot-")
    spot.focus()
    page.keyboard.press("Space")
    expect(page.locator("#announcer")).to_contain_text("Picked up")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.locator(f"#single-{number}")).to_have_count(0)
    page.keyboard.press("Space")
    for key in ("Shift+ArrowRight", "r", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#panel-title")).to_contain_text("Berth")
    expect(page.get_by_label("Turned by degrees")).to_have_value(re.compile("[1-9]"))
    expect(page.locator(f"#spot-{number} .spot")).to_be_focused()
