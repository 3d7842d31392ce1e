"""Search: the page, the palette, the sheet of shortcuts; and the page of components."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, CLIENTS, VIEWER
from tests.browser.stage import Scene, Stage, at

SEARCH = "/port-nimara/search"


def palette(words: str = "") -> Callable[[Stage, Page], None]:
    def play(_stage: Stage, page: Page) -> None:
        page.goto(CLIENTS)
        page.locator("[data-palette]").click()
        page.get_by_role("combobox", name="Search or jump to").fill(words)
        expect(page.locator("#palette-lines [aria-selected=true]")).to_be_visible()

    return play


def sheet(_stage: Stage, page: Page) -> None:
    page.goto(CLIENTS)
    page.locator("main h1").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("search", ADMIN, at(SEARCH)),
        Scene("search, found", ADMIN, at(f"{SEARCH}?q=an")),
        Scene("search, nothing found", VIEWER, at(f"{SEARCH}?q=xyzzy")),
        Scene("palette", ADMIN, palette()),
        Scene("palette, found", ADMIN, palette("an")),
        Scene("shortcuts", ADMIN, at(f"{SEARCH}/shortcuts")),
        Scene("shortcuts, sheet", ADMIN, sheet),
        Scene("list, found", ADMIN, at(f"{CLIENTS}?q=an")),
        Scene("list, no one found", ADMIN, at(f"{CLIENTS}?q=xyzzy")),
        Scene("components", None, at("/dev/components")),
    )
