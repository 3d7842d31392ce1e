"""Reminders: list, record, forms."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, BOTH, VIEWER
from tests.browser.stage import QUIET, Scene, Stage, at

REMINDERS = "/port-nimara/reminders"
OPEN = "SELECT min(number) FROM reminders WHERE completed_at IS NULL AND recurrence <> ''"
DONE = "SELECT min(number) FROM reminders WHERE completed_at IS NOT NULL"


def new_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{REMINDERS}/new")
    page.get_by_label("Day").fill("")
    page.get_by_role("button", name="Add reminder").click()
    expect(page.get_by_role("alert")).to_be_visible()


def one(stage: Stage, page: Page) -> None:
    page.goto(f"{REMINDERS}/{stage.found(OPEN)}")


def edited(stage: Stage, page: Page) -> None:
    page.goto(f"{REMINDERS}/{stage.found(OPEN)}/edit")


def done(stage: Stage, page: Page) -> None:
    page.goto(f"{REMINDERS}/{stage.found(DONE)}")


def snoozing(_stage: Stage, page: Page) -> None:
    page.goto(f"{REMINDERS}?whose=all")
    page.locator(".reminders .menu > summary").first.click()
    expect(page.get_by_role("button", name="Next week").first).to_be_visible()


def on_a_berth(stage: Stage, page: Page) -> None:
    number = stage.found(
        "SELECT b.number FROM reminders r JOIN berths b ON b.id = r.about_id WHERE r.about_type = 'berth' LIMIT 1"
    )
    page.goto(f"/port-nimara/berths/{number}")
    page.locator(".add-reminder > summary").click()
    expect(page.get_by_label("What to do")).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("reminders, everybody's", ADMIN, at(f"{REMINDERS}?whose=all")),
        Scene("reminders, who may only look", VIEWER, at(f"{REMINDERS}?whose=all")),
        Scene("reminders, done", ADMIN, at(f"{REMINDERS}?view=done&whose=all")),
        Scene("reminders, none", BOTH, at(f"{QUIET}/reminders")),
        Scene("reminders, snoozing", ADMIN, snoozing),
        Scene("new reminder", ADMIN, at(f"{REMINDERS}/new")),
        Scene("new reminder refused", ADMIN, new_refused, 422),
        Scene("reminder", ADMIN, one),
        Scene("edit reminder", ADMIN, edited),
        Scene("reminder done", ADMIN, done),
        Scene("berth with a reminder", ADMIN, on_a_berth),
    )
