"""The calendar of berths by hand: arrows, keys, bars that are dragged to other days or another berth, free places that
are dragged over."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, StorageState, expect

from app.berths.models import Berth, Dock, Occupancy, OccupancyKind
from app.berths.models.days import stay
from app.clients.models import Client
from app.db import begin, commit, db
from app.events.models import System
from app.formats import use
from app.identity.models import current_port_of
from tests.browser.pages import ADMIN, is_focused_in_sight, is_same, live, mark
from tests.browser.windows import Windows
from tests.servers import Installation

StateOf = Callable[[str], StorageState]
# A month in which the demo has nothing but what goes on for years.
FIRST = date(2031, 5, 5)
DAY = timedelta(days=1)
DOCK = "K"


@pytest.fixture(scope="module")
def dock(site: Installation) -> int:
    """Its number. Of its berths the first is taken from the 7th to the 10th and from the 14th to the 17th, the second
    is free, the third is taken from the 5th on, and the fourth as the first."""
    with site.database.connect() as owner:
        port_id = owner.execute("SELECT id FROM ports WHERE slug = 'port-nimara'").fetchall()[0][0]
    with site.app.app_context():
        begin(port_id=port_id, scope="staff")
        port = current_port_of(port_id)
        of: dict[str, Any] = {"port_id": port.id, "by": System()}
        beside = db.session.query(Dock).where(Dock.port_id == port.id).first()
        assert beside is not None
        made = Dock.create({"harbour_id": beside.harbour_id, "name": DOCK}, **of)
        berths = [Berth.create({"dock_id": made.id, "code": code}, **of) for code in ("1", "2", "3", "4")]
        client = db.session.query(Client).where(Client.port_id == port.id, Client.archived_at.is_(None)).first()
        with use(port):
            for berth, begins, ends in ((0, 2, 5), (0, 9, 12), (3, 2, 5)):
                during = stay(FIRST + DAY * begins, FIRST + DAY * ends)
                Occupancy.book(berths[berth], during, OccupancyKind.VISIT, client=client, by=System())
            Occupancy.book(berths[2], stay(FIRST, None), OccupancyKind.VISIT, client=client, by=System())
        number = made.number
        commit()
    return number


@pytest.fixture
def calendar(windows: Windows, state_of: StateOf, dock: int) -> Page:
    page = windows.open(storage_state=state_of(ADMIN), viewport={"width": 1440, "height": 900})
    page.goto(f"/port-nimara/berths/calendar?dock={dock}&from={FIRST}&days=14")
    live(page)
    mark(page)
    return page


def row(page: Page, at: int) -> Locator:
    return page.locator("[data-calendar] tbody tr").nth(at)


def free(page: Page, at: int, day: date) -> Locator:
    return row(page, at).locator(f"a.free-place[href*='arrives={day}']")


def bar(page: Page, at: int, nth: int = 0) -> Locator:
    return row(page, at).locator("a.stay").nth(nth)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_arrows_go_along_a_berth_and_across_berths(calendar: Page) -> None:
    head = row(calendar, 0).locator("th a")
    head.focus()
    # The nights before the stay, of which the first began the day before.
    press(calendar, *["ArrowRight"] * 4)
    expect(bar(calendar, 0)).to_be_focused()
    assert is_focused_in_sight(calendar) is None
    # In the row below, what lies at the same time: the middle of the bar.
    press(calendar, "ArrowDown")
    expect(free(calendar, 1, FIRST + DAY * 3)).to_be_focused()
    press(calendar, "ArrowDown")
    expect(bar(calendar, 2)).to_be_focused()
    # Below the last there is nothing.
    press(calendar, "ArrowDown", "ArrowDown", "Home")
    expect(row(calendar, 3).locator("th a")).to_be_focused()
    press(calendar, *["ArrowUp"] * 3)
    expect(head).to_be_focused()
    press(calendar, "End")
    expect(row(calendar, 0).locator("td a").last).to_be_focused()
    press(calendar, "ArrowRight")
    expect(row(calendar, 0).locator("td a").last).to_be_focused()


def test_one_of_them_is_a_stop_and_it_is_where_one_left(calendar: Page) -> None:
    stops = calendar.locator("[data-calendar] tbody a[tabindex='0']")
    expect(stops).to_have_count(1)
    bar(calendar, 0, 1).focus()
    press(calendar, "Shift+Tab")
    assert not calendar.evaluate("document.activeElement.closest('[data-calendar] tbody')")
    press(calendar, "Tab")
    expect(bar(calendar, 0, 1)).to_be_focused()
    expect(stops).to_have_count(1)


def test_enter_opens_a_stay_and_escape_goes_back_to_it(calendar: Page) -> None:
    bar(calendar, 0).focus()
    press(calendar, "Enter")
    panel = calendar.locator(".stay-panel")
    expect(panel.get_by_role("heading")).to_be_focused()
    expect(calendar).to_have_url(re.compile(r"stay=\d+"))
    press(calendar, "Escape")
    expect(panel).to_have_count(0)
    expect(bar(calendar, 0)).to_be_focused()
    press(calendar, "ArrowRight")
    expect(free(calendar, 0, FIRST + DAY * 5)).to_be_focused()
    assert is_same(calendar)


CLICKED = """document.addEventListener("click", (event) => {
  const before = sessionStorage.clicked?.split(" ") ?? [];
  sessionStorage.clicked = [...before, event.target.closest("a").pathname].join(" ");
}, { capture: true })"""


def test_n_books_where_one_stands(calendar: Page) -> None:
    """And does not begin what `n` begins beside the calendar."""
    place = free(calendar, 1, FIRST + DAY * 3)
    address = str(place.get_attribute("href")).partition("?")[0]
    calendar.evaluate(CLICKED)
    place.focus()
    press(calendar, "n")
    expect(calendar.get_by_role("heading", level=1)).to_have_text(f"Book berth {DOCK} 2")
    expect(calendar.get_by_label("Arrives")).to_have_value(str(FIRST + DAY * 3))
    expect(calendar.get_by_label("Leaves", exact=False)).to_have_value(str(FIRST + DAY * 4))
    assert calendar.evaluate("sessionStorage.clicked") == address


def test_brackets_go_to_other_days_and_n_from_a_berth_looks_for_one(calendar: Page) -> None:
    began = calendar.get_by_label("From", exact=True)
    press(calendar, "]")
    expect(began).not_to_have_value(str(FIRST))
    press(calendar, "[")
    expect(began).to_have_value(str(FIRST))
    assert is_same(calendar)
    row(calendar, 1).locator("th a").focus()
    press(calendar, "n")
    expect(calendar).to_have_url(re.compile("/berths/free"))


def test_a_date_that_is_changed_after_a_refusal_keeps_the_focus(windows: Windows, calendar: Page) -> None:
    """The price follows it; and asks only for what it depends on."""
    windows.forgive("status of 422")
    free(calendar, 1, FIRST + DAY * 3).click()
    calendar.get_by_label("Notes", exact=False).fill("Between us")
    calendar.get_by_label("Arrives").fill("")
    calendar.get_by_role("button", name="Book berth").click()
    expect(calendar.locator(".sum")).to_be_focused()
    leaves = calendar.get_by_label("Leaves", exact=False)
    with calendar.expect_response(re.compile("/occupancies/price")) as answer:
        leaves.fill(str(FIRST + DAY * 6))
    asked = parse_qs(urlsplit(answer.value.url).query, keep_blank_values=True)
    assert set(asked) == {"kind", "vessel", "arrives", "leaves", "price"}
    assert asked["leaves"] == [str(FIRST + DAY * 6)]
    expect(calendar.locator("#announcer")).to_have_text("This page was updated.")
    expect(leaves).to_be_focused()


def pull(page: Page, what: Locator, days: float, *, rows: int = 0, drop: bool = True) -> None:
    """By so many days and berths, in steps, as a hand does."""
    box, day = what.bounding_box(), day_width(page)
    height = row(page, 0).bounding_box()
    assert box
    assert height
    x, y = box["x"] + min(box["width"] / 2, day), box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + days * day, y + rows * height["height"], steps=8)
    if drop:
        page.mouse.up()


def day_width(page: Page) -> float:
    heads = page.locator("[data-calendar] .day-heads th")
    first, second = heads.nth(3).bounding_box(), heads.nth(4).bounding_box()
    assert first
    assert second
    return second["x"] - first["x"]


def test_a_bar_is_dragged_to_other_days(calendar: Page) -> None:
    address = calendar.url
    pull(calendar, bar(calendar, 3), 2)
    expect(calendar.get_by_role("heading", level=1)).to_contain_text("Dates of")
    expect(calendar.get_by_label("Arrives")).to_have_value(str(FIRST + DAY * 4))
    expect(calendar.get_by_label("Leaves", exact=False)).to_have_value(str(FIRST + DAY * 7))
    calendar.get_by_role("button", name="Save dates").click()
    expect(calendar.get_by_role("heading", level=1)).not_to_contain_text("Dates of")
    calendar.goto(address)
    for at in (2, 3):
        expect(free(calendar, 3, FIRST + DAY * at)).to_have_count(1)
    expect(free(calendar, 3, FIRST + DAY * 4)).to_have_count(0)


def test_what_other_dates_cost_is_asked_for_by_dates_and_berth_alone(calendar: Page) -> None:
    pull(calendar, bar(calendar, 0, 1), 1)
    leaves = calendar.get_by_label("Leaves", exact=False)
    with calendar.expect_response(re.compile("/quote")) as answer:
        leaves.fill(str(FIRST + DAY * 14))
    asked = parse_qs(urlsplit(answer.value.url).query, keep_blank_values=True)
    assert asked == {"arrives": [str(FIRST + DAY * 10)], "leaves": [str(FIRST + DAY * 14)], "berth": [""]}
    expect(leaves).to_be_focused()


def test_a_bar_is_dragged_to_another_berth(calendar: Page) -> None:
    pull(calendar, bar(calendar, 0), 0, rows=1)
    expect(calendar.get_by_role("heading", level=1)).to_contain_text("Dates of")
    expect(calendar.get_by_label("Arrives")).to_have_value(str(FIRST + DAY * 2))
    expect(calendar.get_by_label("Berth (optional)")).to_have_value(re.compile(f"^{DOCK} 2 ·"))


def test_a_bar_that_is_let_go_by_escape_or_where_it_was_stays(calendar: Page) -> None:
    pull(calendar, bar(calendar, 0), 3, drop=False)
    expect(bar(calendar, 0)).to_have_attribute("data-dragged", "")
    press(calendar, "Escape")
    expect(bar(calendar, 0)).not_to_have_attribute("data-dragged", "")
    calendar.mouse.up()
    pull(calendar, bar(calendar, 0), 0.3)
    # As long as a panel would take to open.
    calendar.wait_for_timeout(500)
    expect(bar(calendar, 0)).not_to_have_attribute("data-dragged", "")
    assert is_same(calendar)
    expect(calendar.locator(".stay-panel")).to_have_count(0)
    # It opens by a click as ever.
    bar(calendar, 0).click()
    expect(calendar.locator(".stay-panel")).to_be_visible()


def test_free_places_that_are_dragged_over_are_booked_at_once(calendar: Page) -> None:
    pull(calendar, free(calendar, 1, FIRST + DAY * 3), 4, drop=False)
    expect(row(calendar, 1).locator("a[data-swept]")).to_have_count(5)
    calendar.mouse.up()
    expect(calendar.get_by_role("heading", level=1)).to_have_text(f"Book berth {DOCK} 2")
    expect(calendar.get_by_label("Arrives")).to_have_value(str(FIRST + DAY * 3))
    expect(calendar.get_by_label("Leaves", exact=False)).to_have_value(str(FIRST + DAY * 8))


def test_a_click_that_slips_a_little_books_that_night(calendar: Page) -> None:
    pull(calendar, free(calendar, 1, FIRST + DAY * 3), 0.3)
    expect(calendar.get_by_role("heading", level=1)).to_have_text(f"Book berth {DOCK} 2")
    expect(calendar.get_by_label("Arrives")).to_have_value(str(FIRST + DAY * 3))
    expect(calendar.get_by_label("Leaves", exact=False)).to_have_value(str(FIRST + DAY * 4))


def test_backwards_and_not_over_what_lies_there(calendar: Page) -> None:
    """From the days after a stay back over it: what is free begins after the stay."""
    pull(calendar, free(calendar, 0, FIRST + DAY * 7), -6.5)
    expect(calendar.get_by_label("Arrives")).to_have_value(str(FIRST + DAY * 5))
    expect(calendar.get_by_label("Leaves", exact=False)).to_have_value(str(FIRST + DAY * 8))


def test_a_sweep_is_let_go_by_escape(calendar: Page) -> None:
    pull(calendar, free(calendar, 1, FIRST + DAY * 3), 4, drop=False)
    press(calendar, "Escape")
    expect(calendar.locator("a[data-swept]")).to_have_count(0)
    calendar.mouse.up()
    assert is_same(calendar)
