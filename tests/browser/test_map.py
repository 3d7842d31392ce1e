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

    other = working.locator("#pier-1003 .spot[aria-label]").nth(1)
    name = str(other.get_attribute("aria-label")).partition(",")[0]
    other.focus()
    working.keyboard.press("Enter")
    expect(working.locator("#panel-title")).to_contain_text(name)


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


def view_of(page: Page) -> list[float]:
    """Left, top, width and height of what is in sight."""
    return [float(value) for value in str(page.locator("svg.plan").get_attribute("viewBox")).split()]


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.id"))


def test_by_keys_from_berth_to_berth_closer_and_farther_and_one_beside_the_map(
    windows: Windows, state_of: Callable[[str], StorageState]
) -> None:
    page = windows.open(storage_state=state_of(VIEWER))
    page.goto(f"{BERTHS}/map")
    live(page)
    page.locator('.plan .spot[tabindex="0"]').focus()
    whole = view_of(page)
    for key in ("ArrowRight", "ArrowDown"):
        before = focused(page)
        page.keyboard.press(key)
        assert "," in focused(page)
        assert focused(page) != before
    page.keyboard.press("+")
    assert view_of(page)[2] == pytest.approx(whole[2] / 1.25, rel=0.01)
    page.keyboard.press("-")
    assert view_of(page)[2] == pytest.approx(whole[2], rel=0.01)
    page.keyboard.press("+")
    page.keyboard.press("0")
    assert view_of(page)[2] == pytest.approx(whole[2], rel=0.01)
    last = focused(page)
    page.keyboard.press("Enter")
    expect(page.locator("#panel-title")).to_be_focused()
    expect(page.locator("#panel-title")).to_contain_text(last.partition(",")[0])
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    assert focused(page) == last


def test_by_mouse_closer_and_aside_and_a_key_after_it_still_opens_a_berth(
    windows: Windows, state_of: Callable[[str], StorageState]
) -> None:
    page = windows.open(storage_state=state_of(VIEWER))
    page.goto(f"{BERTHS}/map")
    live(page)
    plan, before = page.locator("svg.plan"), view_of(page)
    page.mouse.move(*middle(page, plan))
    page.mouse.wheel(0, -300)
    page.wait_for_function("before => document.querySelector('svg.plan').viewBox.baseVal.width < before", arg=before[2])
    closer = view_of(page)
    drag(page, middle(page, plan), 120, 60)
    left, top, width, height = view_of(page)
    assert (width, height) == (closer[2], closer[3])
    assert left < closer[0]
    assert top < closer[1]
    expect(page.locator("#panel")).to_be_hidden()
    page.locator(".plan .spot").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#panel-title")).to_be_focused()


def test_any_day_is_looked_at_and_one_line_of_the_legend_alone(
    windows: Windows, state_of: Callable[[str], StorageState]
) -> None:
    page = windows.open(storage_state=state_of(VIEWER))
    page.goto(f"{BERTHS}/map")
    live(page)
    page.locator("ul.legend").get_by_role("button", name="Available").click()
    expect(page).to_have_url(re.compile("sign=available"))
    expect(page.locator('.plan .spot.dim[aria-label$=", Available"]')).to_have_count(0)
    expect(page.locator(".plan .spot.dim").first).to_be_attached()
    page.get_by_role("link", name="Who is here").click()
    page.get_by_label("Who is here on").fill("2027-07-14")
    expect(page).to_have_url(re.compile("on=2027-07-14"))
    expect(page.locator(".datepick")).to_contain_text("14 Jul 2027")
    expect(page.locator(".plan .spot").first).to_be_attached()


def test_a_phone_that_is_turned_and_turned_back_shows_what_it_showed(
    windows: Windows, state_of: Callable[[str], StorageState]
) -> None:
    page = windows.open_touched(storage_state=state_of(VIEWER))
    page.goto(f"{BERTHS}/map")
    live(page)
    page.get_by_role("button", name="Zoom in").click()
    before = view_of(page)
    for _ in range(2):
        for width, height in ((844, 390), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_function(SHAPED)
    assert view_of(page) == pytest.approx(before, abs=1)


def test_the_longest_name_of_a_harbour_stays_within_a_phone(
    windows: Windows, state_of: Callable[[str], StorageState]
) -> None:
    page = windows.open_touched(storage_state=state_of(VIEWER))
    page.goto(f"{BERTHS}/map")
    chosen = page.locator(".map-look select")
    chosen.locator("option").last.evaluate("one => (one.textContent = 'Outer harbour by the long road '.repeat(4))")
    box = chosen.locator("xpath=..").bounding_box()
    assert box
    assert box["x"] + box["width"] <= 390


# What is in sight has the shape of the window it is seen in.
SHAPED = """() => {
  const plan = document.querySelector("svg.plan"), box = plan.getBoundingClientRect(), view = plan.viewBox.baseVal;
  return Math.abs(box.width / box.height - view.width / view.height) < 0.01;
}"""
