"""The overview map: live in two windows, by keyboard alone, and without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from app.dev.servers import free_port
from tests.browser.pages import ADMIN, VIEWER, is_same, live, mark
from tests.browser.tiles import Tiles, serving
from tests.browser.windows import Windows
from tests.servers import Installation

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


def test_no_pin_reaches_out_of_a_narrow_map(windows: Windows, state_of: Callable[[str], StorageState]) -> None:
    page = windows.open(storage_state=state_of(VIEWER), viewport={"width": 320, "height": 640})
    page.goto(OVERVIEW)
    expect(page.locator(".chart .pin").first).to_be_visible()
    chart = page.locator(".chart").bounding_box()
    boxes = [pin.bounding_box() for pin in page.locator(".chart .pin").all()]
    assert chart
    for box in boxes:
        assert box
        assert chart["x"] <= box["x"]
        assert box["x"] + box["width"] <= chart["x"] + chart["width"]


def test_a_pin_that_is_moved_to_the_edge_shrinks(windows: Windows, state_of: Callable[[str], StorageState]) -> None:
    page = windows.open(storage_state=state_of(VIEWER))
    page.goto(OVERVIEW)
    pins, tight = page.locator(".chart .pin"), page.locator(".chart .tight")
    expect(pins.first).to_be_visible()
    expect(tight).to_have_count(0)
    chart, pin = page.locator(".chart").bounding_box(), pins.first.bounding_box()
    assert chart
    assert pin
    x, y = chart["x"] + chart["width"] / 2, chart["y"] + chart["height"] - 60
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - (pin["x"] - chart["x"]) - pin["width"] / 4, y, steps=8)
    page.mouse.up()
    expect(tight).not_to_have_count(0)


# --- With tiles ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def charts() -> Iterator[Tiles]:
    with serving() as tiles:
        yield tiles


@pytest.fixture(scope="module")
def charted(site: Installation, charts: Tiles) -> str:
    """The address of a second web process, which has a server of tiles."""
    port = free_port()
    url = f"http://localhost:{port}"
    site.start_web(port=port, PUBLIC_URL=url, MAP_TILE_URL=charts.url, MAP_TILE_ATTRIBUTION="© Chart makers")
    return url


@pytest.fixture
def seaside(browser: Browser, charted: str, charts: Tiles) -> Iterator[Windows]:
    charts.is_away = charts.has_holes = False
    charts.given.clear()
    opened = Windows(browser, charted)
    yield opened
    opened.close()
    assert opened.unforgiven() == []


def looked_at(seaside: Windows, state: StorageState) -> Page:
    page = seaside.open(storage_state=state)
    page.goto(OVERVIEW)
    expect(page.locator(".chart .pin").first).to_be_visible()
    return page


def test_tiles_lie_under_the_pins_and_are_dimmed_in_the_dark(
    seaside: Windows, charts: Tiles, state_of: Callable[[str], StorageState]
) -> None:
    page = looked_at(seaside, state_of(VIEWER))
    tiles = page.locator("img.leaflet-tile-loaded")
    expect(tiles.first).to_be_visible()
    expect(page.locator(".graticule")).to_have_count(0)
    page.get_by_text("© Chart makers").click(trial=True)
    page.get_by_role("button", name="Zoom in").click(trial=True)
    assert charts.given
    assert tiles.evaluate_all("all => all.every(one => one.naturalWidth === 256)")
    look = "document.querySelector('.leaflet-tile-pane').computedStyleMap().get('filter').toString()"
    page.emulate_media(color_scheme="light")
    assert page.evaluate(look) == "none"
    page.emulate_media(color_scheme="dark")
    assert "brightness" in page.evaluate(look)


def test_a_tile_that_is_missing_takes_no_other_away(
    seaside: Windows, charts: Tiles, state_of: Callable[[str], StorageState]
) -> None:
    seaside.forgive("status of 404")
    charts.has_holes = True
    page = looked_at(seaside, state_of(VIEWER))
    expect(page.locator("img.leaflet-tile-loaded").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert page.locator("img.leaflet-tile-loaded").count() > 1
    expect(page.locator(".graticule")).to_have_count(0)


def test_where_no_tile_comes_the_water_is_back(
    seaside: Windows, charts: Tiles, state_of: Callable[[str], StorageState]
) -> None:
    seaside.forgive("status of 404")
    charts.is_away = True
    page = looked_at(seaside, state_of(VIEWER))
    expect(page.locator(".graticule").first).to_be_attached()
    expect(page.locator("img.leaflet-tile")).to_have_count(0)
    expect(page.get_by_text("© Chart makers")).to_be_hidden()
    page.get_by_role("button", name="Zoom in").click()
    expect(page.locator(".graticule").first).to_be_attached()
