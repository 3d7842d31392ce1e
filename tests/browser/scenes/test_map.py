"""The harbour map: statuses, who is here on a day, what fits, and a berth beside it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, BOTH, VIEWER
from tests.browser.stage import QUIET, Scene, Stage, at

MAP = "/port-nimara/berths/map"


def panel(_stage: Stage, page: Page) -> None:
    page.goto(MAP)
    page.locator(".plan .spot").first.click()
    expect(page.locator("#panel-title")).to_be_focused()


class TestPages(Judged):
    scenes = (
        Scene("map", ADMIN, at(MAP)),
        Scene("map, who may only look", VIEWER, at(MAP)),
        Scene("map, a berth beside it", ADMIN, panel),
        Scene("map, a berth beside it from its address", VIEWER, at(f"{MAP}?berth=1001")),
        Scene("map, who is here", ADMIN, at(f"{MAP}?view=stays")),
        Scene("map, one sign alone", VIEWER, at(f"{MAP}?sign=available")),
        Scene("map, what fits", ADMIN, at(f"{MAP}?fits=14+x+4+x+2&berth=1001")),
        Scene("map, nobody knows the size", ADMIN, at(f"{MAP}?fits=14+x+wide")),
        Scene("map, no harbour", BOTH, at(f"{QUIET}/berths/map")),
        Scene("a berth by itself", VIEWER, at("/port-nimara/berths/1001/brief")),
    )
