"""Berths, docks and harbours: lists, records, forms."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, BOTH, VIEWER
from tests.browser.stage import QUIET, Scene, Stage, at

PORT = "/port-nimara"
BERTHS, HARBOURS = f"{PORT}/berths", f"{PORT}/harbours"
FIRST = f"{BERTHS}/1001"


def new_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{BERTHS}/new")
    page.get_by_label("Length").fill("1200")
    page.get_by_role("button", name="Create berth").click()
    expect(page.get_by_role("alert")).to_be_visible()


def archived(_stage: Stage, page: Page) -> None:
    page.goto(f"{BERTHS}/1002")
    if page.get_by_role("button", name="Restore").count() == 0:
        page.get_by_role("button", name="Archive", exact=True).click()
        page.get_by_role("button", name="Archive berth").click()
    expect(page.get_by_role("button", name="Restore")).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("berths", ADMIN, at(BERTHS)),
        Scene("berths, who may only look", VIEWER, at(BERTHS)),
        Scene("berths, none found", ADMIN, at(f"{BERTHS}?q=nowhere")),
        Scene("berths, no harbour", BOTH, at(f"{QUIET}/berths")),
        Scene("berth", ADMIN, at(FIRST)),
        Scene("berth, who may only look", VIEWER, at(FIRST)),
        Scene("berth archived", ADMIN, archived),
        Scene("berth's timeline", ADMIN, at(f"{FIRST}/events")),
        Scene("new berth", ADMIN, at(f"{BERTHS}/new")),
        Scene("new berth refused", ADMIN, new_refused, 422),
        Scene("edit berth", ADMIN, at(f"{FIRST}/edit")),
        Scene("harbours", ADMIN, at(HARBOURS)),
        Scene("harbours, none", BOTH, at(f"{QUIET}/harbours")),
        Scene("new harbour", ADMIN, at(f"{HARBOURS}/new")),
        Scene("edit harbour", ADMIN, at(f"{HARBOURS}/1001/edit")),
        Scene("new dock", ADMIN, at(f"{PORT}/docks/new")),
        Scene("edit dock", ADMIN, at(f"{PORT}/docks/1001/edit")),
    )
