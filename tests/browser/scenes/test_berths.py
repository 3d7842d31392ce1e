"""Berths, docks and harbours: lists, records, forms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from app.db import now
from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, BOTH, VIEWER
from tests.browser.stage import QUIET, Scene, Stage, at

PORT = "/port-nimara"
BERTHS, HARBOURS = f"{PORT}/berths", f"{PORT}/harbours"
FIRST = f"{BERTHS}/1001"
FIRST_STAY = "SELECT min(number) FROM berth_occupancies WHERE state = 'active'"


def new_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{BERTHS}/new")
    page.get_by_label("Length").fill("1200")
    page.get_by_role("button", name="Create berth").click()
    expect(page.get_by_role("alert")).to_be_visible()


def archived(stage: Stage, page: Page) -> None:
    """One that nobody has, since others are not archived; the same again where it is by now."""
    number = stage.found(
        "SELECT b.number FROM berths b JOIN ports p ON p.id = b.port_id AND p.slug = 'port-nimara'"
        " WHERE NOT EXISTS (SELECT FROM berth_occupancies o WHERE o.berth_id = b.id)"
        " ORDER BY b.archived_at, b.number LIMIT 1"
    )
    page.goto(f"{BERTHS}/{number}")
    if page.get_by_role("button", name="Restore").count() == 0:
        page.get_by_role("button", name="Archive", exact=True).click()
        page.get_by_role("button", name="Archive berth").click()
    expect(page.get_by_role("button", name="Restore")).to_be_visible()


def taken(stage: Stage, page: Page) -> None:
    """Of a berth where somebody lies; the nearest free ones are offered."""
    number = stage.found(
        "SELECT b.number FROM berths b JOIN berth_occupancies o ON o.berth_id = b.id WHERE o.state = 'active'"
        " ORDER BY b.number LIMIT 1"
    )
    page.goto(f"{BERTHS}/{number}/occupancies/new")
    page.get_by_role("combobox", name="Client").fill("1001")
    today = now().date()
    page.get_by_label("Arrives").fill(today.isoformat())
    page.get_by_label("Leaves").fill((today + timedelta(days=3)).isoformat())
    page.get_by_role("button", name="Book berth").click()
    expect(page.get_by_text("Nothing was changed.")).to_be_visible()


def stay(stage: Stage, page: Page) -> None:
    page.goto(f"{PORT}/occupancies/{stage.found(FIRST_STAY)}")


def dates(stage: Stage, page: Page) -> None:
    page.goto(f"{PORT}/occupancies/{stage.found(FIRST_STAY)}/edit")


REPAIRED = "SELECT b.number FROM berths b JOIN berth_maintenance_log m ON m.berth_id = b.id ORDER BY m.id LIMIT 1"


def repaired(part: str) -> Callable[[Stage, Page], None]:
    def go(stage: Stage, page: Page) -> None:
        page.goto(f"{BERTHS}/{stage.found(REPAIRED)}{part}")

    return go


def edit_entry(stage: Stage, page: Page) -> None:
    entry = stage.found("SELECT id FROM berth_maintenance_log ORDER BY id LIMIT 1")
    page.goto(f"{BERTHS}/{stage.found(REPAIRED)}/maintenance/{entry}/edit")


def entry_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{FIRST}/maintenance/new")
    page.get_by_label("Until").fill("2027-01-10")
    page.get_by_role("button", name="Write into the log").click()
    expect(page.get_by_role("alert")).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("berths", ADMIN, at(BERTHS)),
        Scene("berths, who may only look", VIEWER, at(BERTHS)),
        Scene("berths, none found", ADMIN, at(f"{BERTHS}?q=nowhere")),
        Scene("berths, a size that cannot be read", ADMIN, at(f"{BERTHS}?fits=nobody")),
        Scene("berths, no harbour", BOTH, at(f"{QUIET}/berths")),
        Scene("berth", ADMIN, at(FIRST)),
        Scene("berth, who may only look", VIEWER, at(FIRST)),
        Scene("berth archived", ADMIN, archived),
        Scene("berths whose tenure expires", ADMIN, at(f"{BERTHS}?expires=12")),
        Scene("berths under repair", VIEWER, at(f"{BERTHS}?maintenance=open")),
        Scene("maintenance log", ADMIN, repaired("/maintenance")),
        Scene("maintenance log, empty", VIEWER, at(f"{FIRST}/maintenance")),
        Scene("berth under repair", VIEWER, repaired("")),
        Scene("new entry of the maintenance log", ADMIN, at(f"{FIRST}/maintenance/new")),
        Scene("new entry refused", ADMIN, entry_refused, 422),
        Scene("edit an entry", ADMIN, edit_entry),
        Scene("suggestions", ADMIN, at(f"{BERTHS}/suggestions")),
        Scene("suggestions, who may only look", VIEWER, at(f"{BERTHS}/suggestions")),
        Scene("suggestions, none", BOTH, at(f"{QUIET}/berths/suggestions")),
        Scene("berth's timeline", ADMIN, at(f"{FIRST}/events")),
        Scene("new berth", ADMIN, at(f"{BERTHS}/new")),
        Scene("new berth refused", ADMIN, new_refused, 422),
        Scene("edit berth", ADMIN, at(f"{FIRST}/edit")),
        Scene("book a berth", ADMIN, at(f"{FIRST}/occupancies/new")),
        Scene("book a berth that is taken", ADMIN, taken, 409),
        Scene("a stay", ADMIN, stay),
        Scene("a stay, who may only look", VIEWER, stay),
        Scene("dates of a stay", ADMIN, dates),
        Scene("harbours", ADMIN, at(HARBOURS)),
        Scene("harbours, none", BOTH, at(f"{QUIET}/harbours")),
        Scene("new harbour", ADMIN, at(f"{HARBOURS}/new")),
        Scene("edit harbour", ADMIN, at(f"{HARBOURS}/1001/edit")),
        Scene("new dock", ADMIN, at(f"{PORT}/docks/new")),
        Scene("edit dock", ADMIN, at(f"{PORT}/docks/1001/edit")),
    )
