"""Arranging the map, and the plan behind it: nothing chosen, a berth, a dock, refused, moved meanwhile."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, VIEWER
from tests.browser.stage import Scene, Stage, at

EDIT = "/port-nimara/berths/map/edit"
PLAN = "/port-nimara/harbours/1001/plan"


def refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{EDIT}?berth=1001")
    page.get_by_label("Turned by degrees").fill("400")
    page.get_by_role("button", name="Save place").click()
    expect(page.get_by_role("alert")).to_be_visible()


def picked_up(_stage: Stage, page: Page) -> None:
    page.goto(EDIT)
    page.locator(".plan .spot").nth(3).focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".spot.held")).to_have_count(1)


def no_picture(_stage: Stage, page: Page) -> None:
    page.goto(PLAN)
    page.get_by_role("button", name="Show another picture").click()
    expect(page.get_by_role("alert")).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("arrange", ADMIN, at(EDIT)),
        Scene("arrange, a berth chosen", ADMIN, at(f"{EDIT}?berth=1001")),
        Scene("arrange, a dock chosen", ADMIN, at(f"{EDIT}?dock=1001")),
        Scene("arrange, moorings", ADMIN, at(f"{EDIT}?harbour=1002")),
        Scene("arrange, picked up by keys", ADMIN, picked_up),
        Scene("arrange refused", ADMIN, refused, 422),
        Scene("plan of a harbour", ADMIN, at(PLAN)),
        Scene("plan of a harbour, who may only look", VIEWER, at(PLAN)),
        Scene("plan of a harbour, none", ADMIN, at("/port-nimara/harbours/1002/plan")),
        Scene("plan of a harbour, no picture chosen", ADMIN, no_picture, 422),
    )
