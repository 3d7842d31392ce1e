"""Price lists, and what berths cost."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, BOTH, VIEWER
from tests.browser.stage import QUIET, Scene, Stage, at

LISTS, BERTHS = "/port-nimara/price-lists", "/port-nimara/berth-prices"


def open_list(page: Page) -> None:
    page.goto(LISTS)
    page.locator("#rows a.name").last.click()
    expect(page.get_by_role("heading", level=2, name="Prices")).to_be_visible()


def one_list(_stage: Stage, page: Page) -> None:
    open_list(page)


def a_list_with_a_fault(_stage: Stage, page: Page) -> None:
    open_list(page)
    page.get_by_label("Price, up to 2.00 m wide").first.fill("two hundred")
    page.get_by_role("button", name="Save prices").click()
    expect(page.get_by_text("Write an amount")).to_be_visible()


def new_line(_stage: Stage, page: Page) -> None:
    open_list(page)
    page.get_by_role("link", name="Add price").click()
    expect(page.get_by_role("heading", level=1, name="New price")).to_be_visible()


def copy(_stage: Stage, page: Page) -> None:
    open_list(page)
    page.get_by_role("link", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copy price list")).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("price lists", ADMIN, at(LISTS)),
        Scene("price lists, none", BOTH, at(f"{QUIET}/price-lists")),
        Scene("price list", ADMIN, one_list),
        Scene("price list, who may only look", VIEWER, one_list),
        Scene("price list with a fault", ADMIN, a_list_with_a_fault, 422),
        Scene("new price", ADMIN, new_line),
        Scene("copy of a price list", ADMIN, copy),
        Scene("new price list", ADMIN, at(f"{LISTS}/new")),
        Scene("prices of berths", VIEWER, at(BERTHS)),
        Scene("prices of berths, without", VIEWER, at(f"{BERTHS}?term=seasonal&price=none")),
    )
