"""The time of berths: calendar, board of the day, stays, absences, boats that were seen."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Page, expect

from app.db import now
from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, BOTH, VIEWER
from tests.browser.stage import QUIET, Scene, Stage, at

PORT = "/port-nimara"
CALENDAR, BOARD, STAYS = f"{PORT}/berths/calendar", f"{PORT}/berths/board", f"{PORT}/stays"
HERE = "SELECT min(number) FROM berth_occupancies WHERE state = 'active' AND kind = 'visit'"
HOLDER = "SELECT o.number FROM berth_occupancies o JOIN berth_absences a ON a.occupancy_id = o.id LIMIT 1"
ABSENCE = "SELECT min(number) FROM berth_absences"
PRICED = "SELECT min(number) FROM berth_occupancies WHERE kind = 'sublet'"


def opened(stage: Stage, page: Page) -> None:
    page.goto(f"{CALENDAR}?stay={stage.found(HERE)}")
    expect(page.locator(".stay-panel")).to_be_visible()


def holder(stage: Stage, page: Page) -> None:
    page.goto(f"{PORT}/occupancies/{stage.found(HOLDER)}")
    expect(page.get_by_role("heading", name="Absences")).to_be_visible()


def absence(stage: Stage, page: Page) -> None:
    page.goto(f"{PORT}/occupancies/{stage.found(HOLDER)}/absences/new")


def absence_refused(stage: Stage, page: Page) -> None:
    page.goto(f"{PORT}/absences/{stage.found(ABSENCE)}/edit")
    page.get_by_label("Back on").fill("2020-01-01")
    page.get_by_role("button", name="Save absence").click()
    expect(page.get_by_role("alert")).to_be_visible()


def moved(stage: Stage, page: Page) -> None:
    page.goto(f"{PORT}/occupancies/{stage.found(HERE)}/relocation/new")


def priced(stage: Stage, page: Page) -> None:
    number, begins = stage.found(PRICED), now().date() - timedelta(days=1)
    page.goto(f"{PORT}/occupancies/{number}/edit?arrives={begins}&leaves={begins + timedelta(days=3)}")
    expect(page.get_by_role("radio").first).to_be_visible()


def seen_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{PORT}/sightings/new")
    page.get_by_role("button", name="Note boat").click()
    expect(page.get_by_role("alert")).to_be_visible()


def free(_stage: Stage, page: Page) -> None:
    today = now().date()
    page.goto(f"{PORT}/berths/free?arrives={today}&leaves={today + timedelta(days=3)}")


class TestPages(Judged):
    scenes = (
        Scene("calendar", ADMIN, at(CALENDAR)),
        Scene("calendar, who may only look", VIEWER, at(CALENDAR)),
        Scene("calendar of twelve weeks", ADMIN, at(f"{CALENDAR}?days=84")),
        Scene("calendar, no berths", BOTH, at(f"{QUIET}/berths/calendar")),
        Scene("calendar with a stay", ADMIN, opened),
        Scene("board", ADMIN, at(BOARD)),
        Scene("board, who may only look", VIEWER, at(BOARD)),
        Scene("board, nobody", BOTH, at(f"{QUIET}/berths/board")),
        Scene("boat seen", ADMIN, at(f"{PORT}/sightings/new")),
        Scene("boat seen, refused", ADMIN, seen_refused, 422),
        Scene("stays", ADMIN, at(STAYS)),
        Scene("stays, none found", ADMIN, at(f"{STAYS}?kind=maintenance&state=no_show")),
        Scene("stays narrowed to a client", ADMIN, at(f"{STAYS}?client=1001&since=2026-01-01")),
        Scene("stays in a file", ADMIN, at(f"{STAYS}/exports/new?list=kind%3Dcontract")),
        Scene("stays of a client", ADMIN, at(f"{PORT}/clients/1001/stays")),
        Scene("stays of a vessel", ADMIN, at(f"{PORT}/vessels/1001/stays")),
        Scene("a stay with an absence", ADMIN, holder),
        Scene("new absence", ADMIN, absence),
        Scene("absence refused", ADMIN, absence_refused, 422),
        Scene("move a boat", ADMIN, moved),
        Scene("dates with another price", ADMIN, priced),
        Scene("free berths, nothing asked", ADMIN, at(f"{PORT}/berths/free")),
        Scene("free berths", ADMIN, free),
    )
