"""Tags for many clients: those who are ticked, the form, and the form refused."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, CLIENTS
from tests.browser.stage import Scene, Stage


def ticked(_stage: Stage, page: Page) -> None:
    page.goto(CLIENTS)
    if page.locator("#picking").count():
        page.evaluate("document.querySelector('#picking').checked = true")
    for at in range(2):
        page.locator("#rows .c-pick input").nth(at).check()
    expect(page.get_by_role("button", name="Tag", exact=True)).to_be_visible()


def form(stage: Stage, page: Page) -> None:
    ticked(stage, page)
    page.get_by_role("button", name="Tag", exact=True).click()
    expect(page.get_by_role("heading", name="Tags of 2 clients")).to_be_visible()


def refused(stage: Stage, page: Page) -> None:
    form(stage, page)
    page.get_by_role("button", name="Change 2 clients").click()
    expect(page.get_by_role("alert")).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("clients, two ticked", ADMIN, ticked),
        Scene("tags of two clients", ADMIN, form),
        Scene("tags of two clients refused", ADMIN, refused, 422),
    )
