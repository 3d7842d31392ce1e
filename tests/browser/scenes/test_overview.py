"""The overview map of harbours and docks, and the list beside it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, BOTH, VIEWER
from tests.browser.stage import QUIET, Scene, Stage, at

OVERVIEW = "/port-nimara/berths/overview"


def one_harbour(_stage: Stage, page: Page) -> None:
    page.goto(OVERVIEW)
    page.get_by_role("button", name="Show Inner harbour on the map").click()
    expect(page.locator(".chart .pin .dock-name")).to_have_count(3)


class TestPages(Judged):
    scenes = (
        Scene("overview map", ADMIN, at(OVERVIEW)),
        Scene("overview map, the docks of a harbour", VIEWER, one_harbour),
        Scene("overview map, no harbour", BOTH, at(f"{QUIET}/berths/overview")),
    )
