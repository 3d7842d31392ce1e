"""The main job: a stranger asks for a berth on the public page, and staff walk it to a completed sale while a colleague
looks on. By mouse, by keyboard alone, and without scripts."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import FilePayload, Locator, Page, StorageState, expect

from app.db import now
from app.dev.processes import wait_until
from app.registration.views.public import QUICKEST
from tests.browser.pages import ADMIN, MANAGER, is_same, live, mark
from tests.browser.windows import Windows
from tests.servers import Installation

pytestmark = pytest.mark.usefixtures("at_work")

PORT = "/port-nimara"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF"
NAMES = {"by mouse": "Odile Vestergaard", "by keyboard": "Runa Vestergaard", "without scripts": "Tamsin Vestergaard"}
StateOf = Callable[[str], StorageState]


@dataclass
class Hand:
    """Who acts on a page: with the mouse, or with keys alone."""

    page: Page
    has_mouse: bool = True

    def press(self, what: Locator) -> None:
        if self.has_mouse:
            what.click()
        else:
            self.reach(what)
            self.page.keyboard.press("Enter")

    def fill(self, what: Locator, text: str) -> None:
        if self.has_mouse:
            what.fill(text)
        else:
            self.reach(what)
            self.page.keyboard.press("ControlOrMeta+a")
            self.page.keyboard.type(text)

    def tick(self, what: Locator) -> None:
        if self.has_mouse:
            what.check()
        else:
            self.reach(what)
            self.page.keyboard.press("Space")
        expect(what).to_be_checked()

    def reach(self, what: Locator) -> None:
        """With the Tab key, from wherever one is."""
        expect(what).to_be_visible()
        for _step in range(400):
            if what.evaluate("(element) => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        pytest.fail(f"the Tab key does not reach {what}")


def a_free_berth(site: Installation) -> tuple[str, int]:
    """What somebody types for it, and its number."""
    with site.database.connect() as connection:
        row = connection.execute(
            "SELECT b.code, b.number FROM berths b JOIN ports p ON p.id = b.port_id"
            " WHERE p.slug = 'port-nimara' AND b.status = 'available' AND b.archived_at IS NULL"
            " AND NOT EXISTS (SELECT FROM berth_occupancies o WHERE o.berth_id = b.id)"
            " AND NOT EXISTS (SELECT FROM interests i WHERE i.berth_id = b.id) ORDER BY b.number LIMIT 1"
        ).fetchone()
    assert row is not None
    return f"{row[0]} · {row[1]}", row[1]


def ask(hand: Hand, name: str, opened: float) -> None:
    """On the public page."""
    page = hand.page
    hand.fill(page.get_by_label("Your name"), name)
    hand.fill(page.get_by_label("E-mail", exact=True), f"{name.split()[0].lower()}@sail.example")
    hand.fill(page.get_by_label("Name of your boat"), "Skylark")
    hand.tick(page.locator("input[name=consent]"))
    # Nobody types as fast as that.
    wait_until(lambda: time.monotonic() - opened > QUICKEST.total_seconds(), seconds=30)
    hand.press(page.get_by_role("button", name="Send to Port Nimara"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")


def open_interest(hand: Hand, name: str) -> None:
    """From the registrations, once the job has made it."""
    page = hand.page
    page.goto(f"{PORT}/registrations")
    line = page.locator("ul.registrations > li", has_text=name)

    def is_there() -> bool:
        if not line.count():
            page.reload()
        return line.count() > 0

    assert wait_until(is_there, seconds=60)
    hand.press(line.get_by_role("button", name=f"Accept {name}"))
    expect(line).to_have_count(0)
    page.goto(f"{PORT}/registrations?status=accepted")
    hand.press(line.get_by_role("link", name=re.compile("^Interest ")))
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def state_value(hand: Hand) -> None:
    page = hand.page
    hand.press(page.locator(".record-top").get_by_role("link", name="Edit"))
    hand.fill(page.get_by_label("Expected value"), "12000")
    hand.press(page.get_by_role("button", name="Save interest"))
    expect(page.get_by_role("region", name="Details")).to_contain_text("$12,000.00")


def link(hand: Hand, berth: str) -> None:
    page = hand.page
    hand.fill(page.locator("input[name=berth]"), berth)
    hand.press(page.get_by_role("button", name="Link berth"))
    expect(page.get_by_role("button", name="Take the berth away")).to_be_visible()


def hold(hand: Hand) -> None:
    page = hand.page
    page.get_by_label("Held until").fill((now() + timedelta(days=30)).date().isoformat())
    hand.press(page.get_by_role("button", name="Hold the berth"))
    expect(page.get_by_text("Held until", exact=False).first).to_be_visible()
    expect(page.get_by_role("button", name="Let the berth go")).to_be_visible()


def signed(kind: str) -> FilePayload:
    return {"name": f"{kind}.pdf", "mimeType": "application/pdf", "buffer": PDF}


def record_signed(hand: Hand, kind: str) -> None:
    page = hand.page
    hand.press(page.get_by_role("link", name="Record document"))
    page.locator("select[name=type]").select_option(kind)
    page.get_by_label("The signed document").set_input_files(signed(kind))
    hand.press(page.get_by_role("button", name="Record document"))
    expect(page.get_by_role("region", name="Signed documents")).to_contain_text(f"{kind}.pdf")


def record_deposit(hand: Hand) -> None:
    page = hand.page
    hand.fill(page.locator("input[name=amount]"), "1200")
    page.get_by_label("Received on").fill(now().date().isoformat())
    hand.press(page.get_by_role("button", name="Record deposit"))
    expect(page.get_by_role("region", name="Deposit")).to_contain_text("$1,200.00")


def move(hand: Hand, stage: str, *, refused: str = "") -> None:
    page = hand.page
    hand.press(page.locator(".record-top").get_by_role("link", name="Move"))
    choice = page.locator(f"input[name=stage][value={stage}]")
    if hand.has_mouse:
        choice.check()
    else:
        hand.reach(page.locator("input[name=stage]:checked"))
        while not choice.is_checked():
            page.keyboard.press("ArrowDown")
    hand.press(page.get_by_role("button", name="Move interest"))
    if refused:
        expect(page.get_by_role("alert")).to_contain_text(refused)
        hand.press(page.get_by_role("link", name="Cancel"))
    expect(page.get_by_role("region", name="Signed documents")).to_be_visible()


@pytest.mark.parametrize("how", ["by mouse", "by keyboard", "without scripts"])
def test_from_the_public_page_to_a_completed_sale(
    how: str, site: Installation, windows: Windows, state_of: StateOf
) -> None:
    scripts, name = (
        how != "without scripts",
        {"by mouse": "Odile", "by keyboard": "Runa", "without scripts": "Tamsin"}[how],
    )
    name = f"{name} Vestergaard"
    berth, number = a_free_berth(site)
    windows.forgive("status of 409")
    stranger = Hand(windows.open(java_script_enabled=scripts), how != "by keyboard")
    stranger.page.goto(f"/public{PORT}/register")
    opened = time.monotonic()
    looking = windows.open(storage_state=state_of(MANAGER))
    looking.goto(f"{PORT}/")
    live(looking)
    mark(looking)
    page = windows.open(storage_state=state_of(ADMIN), java_script_enabled=scripts)
    hand = Hand(page, how != "by keyboard")

    ask(stranger, name, opened)
    assert not stranger.page.context.cookies()
    expect(looking.locator("#dashboard-registrations")).to_contain_text(name)
    assert is_same(looking)
    open_interest(hand, name)
    looking.goto(f"{PORT}/interests")
    live(looking)
    mark(looking)

    state_value(hand)
    link(hand, berth)
    hold(hand)
    move(hand, "contract", refused="A signed expression of interest is missing.")
    for kind in ("eoi", "contract"):
        record_signed(hand, kind)
    record_deposit(hand)
    move(hand, "contract")
    expect(looking.locator("#column-contract")).to_contain_text(name)
    move(hand, "completed")
    expect(page.locator(".record-head")).to_contain_text("Won")
    expect(looking.locator("#column-completed")).to_contain_text(name)
    assert is_same(looking)
    page.goto(f"{PORT}/berths/{number}")
    expect(page.locator("main")).to_contain_text("Sold or let")
    expect(page.locator("main")).to_contain_text(name)
