"""The board of interests by hand: cards are dragged or moved by keys, a stage says what it lacks, a colleague’s board
follows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, StorageState, expect

from tests.browser.pages import MANAGER, is_focused_in_sight, is_same, live, mark
from tests.browser.windows import Windows
from tests.servers import Installation

pytestmark = pytest.mark.usefixtures("at_work")

BOARD = "/port-nimara/interests"
# What a keyboard goes through: the columns in their order.
FIRST, SECOND, LAST = "open", "details_sent", "completed"
StateOf = Callable[[str], StorageState]


def open_board(windows: Windows, state_of: StateOf) -> Page:
    """So wide that the column after those that ask for nothing stands in sight: a hand has no need to scroll."""
    page = windows.open(storage_state=state_of(MANAGER), viewport={"width": 2000, "height": 900})
    page.goto(BOARD)
    live(page)
    mark(page)
    return page


def column(page: Page, stage: str) -> Locator:
    return page.locator(f"#column-{stage}")


def count(page: Page, stage: str) -> int:
    return int(column(page, stage).locator(".pill").inner_text())


def a_card(page: Page, stage: str = FIRST, *, at: int = 0) -> tuple[str, str]:
    """Where it is found wherever it goes, and whose it is."""
    card = column(page, stage).locator(".deal").nth(at)
    return f"#interest-{card.get_attribute('data-number')}", card.locator("a.name").inner_text()


def test_a_card_is_dragged_and_a_colleague_sees_it_move(windows: Windows, state_of: StateOf) -> None:
    page, colleague = open_board(windows, state_of), open_board(windows, state_of)
    card, name = a_card(page)
    before = {stage: count(page, stage) for stage in (FIRST, SECOND)}
    page.locator(card).drag_to(column(page, SECOND).locator("header"))
    for window in (page, colleague):
        expect(column(window, SECOND).locator(card)).to_be_visible()
        expect(window.locator(card)).to_have_count(1)
        assert column(window, SECOND).locator(".deal").first.get_attribute("id") == card.removeprefix("#")
        assert count(window, FIRST) == before[FIRST] - 1
        assert count(window, SECOND) == before[SECOND] + 1
        assert is_same(window)
    expect(page.locator("#toasts")).to_contain_text("was moved")
    page.reload()
    expect(column(page, SECOND).locator(card)).to_contain_text(name)


def test_what_is_dropped_where_it_was_stays_and_asks_nothing(windows: Windows, state_of: StateOf) -> None:
    page = open_board(windows, state_of)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    card, _name = a_card(page)
    page.locator(card).drag_to(column(page, FIRST).locator("header"))
    expect(page.locator(".dragged, .col.over")).to_have_count(0)
    expect(column(page, FIRST).locator(card)).to_be_visible()
    assert "POST" not in sent


def test_a_stage_that_lacks_something_comes_back_with_its_reason(windows: Windows, state_of: StateOf) -> None:
    windows.forgive("status of 409")
    page, colleague = open_board(windows, state_of), open_board(windows, state_of)
    card, name = a_card(page)
    page.locator(card).drag_to(column(page, "signed_eoi_nda").locator("header"))
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("A signed expression of interest is missing. Upload it first.")
    expect(alert).to_be_focused()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Move")
    expect(page.locator("input[name=stage]:checked")).to_have_value("signed_eoi_nda")
    expect(page.locator("#main")).to_contain_text(name)
    expect(column(colleague, FIRST).locator(card)).to_be_visible()
    # A stage that asks for nothing, from the same page.
    page.locator(f"input[name=stage][value={SECOND}]").check()
    page.get_by_role("button", name="Move interest").click()
    expect(column(page, SECOND).locator(card)).to_be_visible()
    expect(column(colleague, SECOND).locator(card)).to_be_visible()


def test_arrows_go_from_card_to_card_and_shift_takes_the_card_along(windows: Windows, state_of: StateOf) -> None:
    page, colleague = open_board(windows, state_of), open_board(windows, state_of)
    card, name = a_card(page, at=1)
    first, _name = a_card(page)
    page.locator(first).locator("a.name").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(card).locator("a.name")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator(first).locator("a.name")).to_be_focused()
    page.keyboard.press("ArrowRight")
    beside, _name = a_card(page, SECOND)
    expect(page.locator(beside).locator("a.name")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    expect(page.locator(card).locator("a.name")).to_be_focused()

    page.keyboard.press("Shift+ArrowRight")
    expect(column(page, SECOND).locator(card)).to_contain_text(name)
    expect(column(colleague, SECOND).locator(card)).to_contain_text(name)
    # The focus went along, so that the next key goes on from there.
    expect(page.locator(card).locator("a.name")).to_be_focused()
    assert is_focused_in_sight(page) is None
    page.keyboard.press("Shift+ArrowRight")
    expect(column(page, "in_communication").locator(card)).to_be_visible()
    expect(column(colleague, "in_communication").locator(card)).to_be_visible()
    assert is_same(page)
    assert is_same(colleague)


def test_the_way_back_asks_why(windows: Windows, state_of: StateOf) -> None:
    windows.forgive("status of 422")
    page = open_board(windows, state_of)
    card, _name = a_card(page, SECOND)
    page.locator(card).locator("a.name").focus()
    page.keyboard.press("Shift+ArrowLeft")
    why = page.get_by_label("Why", exact=False)
    expect(page.get_by_role("alert")).to_contain_text("Say why.")
    why.fill("The brochure came back")
    page.get_by_role("button", name="Move interest").click()
    expect(column(page, FIRST).locator(card)).to_be_visible()


@pytest.fixture
def won(site: Installation) -> str:
    """Where the card of an interest is found whose sale is completed."""
    with site.database.connect() as owner:
        found = owner.execute(
            "UPDATE interests SET stage = 'completed', outcome = 'won' FROM ports WHERE ports.id = port_id"
            " AND slug = 'port-nimara' AND stage IN ('signed_eoi_nda', 'completed') RETURNING interests.number"
        ).fetchall()
    return f"#interest-{found[0][0]}"


def test_a_card_that_is_won_is_not_taken_along(windows: Windows, state_of: StateOf, won: str) -> None:
    """At the last column Shift with an arrow goes nowhere, and what is written in a field is nobody's key."""
    page = open_board(windows, state_of)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    first, _name = a_card(page)
    for card, key in ((won, "Shift+ArrowRight"), (won, "Shift+ArrowLeft"), (first, "Shift+ArrowLeft")):
        page.locator(card).locator("a.name").focus()
        page.keyboard.press(key)
        expect(page.locator(card).locator("a.name")).to_be_focused()
    expect(column(page, LAST).locator(won)).to_be_visible()
    expect(column(page, FIRST).locator(first)).to_be_visible()
    words = page.locator("#palette-words")
    page.keyboard.press("/")
    expect(words).to_be_focused()
    page.keyboard.type("jen")
    page.keyboard.press("Shift+ArrowLeft")
    expect(words).to_have_value("jen")
    expect(words).to_be_focused()
    assert "POST" not in sent
    assert is_same(page)
