"""The custom fields of a port: list and forms."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN
from tests.browser.stage import Scene, Stage, at

FIELDS = "/port-nimara/admin/custom-fields"


def new_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{FIELDS}/new")
    page.get_by_role("button", name="Create field").click()
    expect(page.get_by_role("alert")).to_be_visible()


def edit(_stage: Stage, page: Page) -> None:
    page.goto(FIELDS)
    page.get_by_role("link", name="Edit Winter place").click()
    expect(page.get_by_role("heading", name="Call a choice otherwise")).to_be_visible()


def choice_in_use(stage: Stage, page: Page) -> None:
    edit(stage, page)
    page.get_by_role("textbox", name="Choices").fill("Hall A")
    page.get_by_role("button", name="Save field").click()
    expect(page.get_by_role("alert")).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("custom fields", ADMIN, at(FIELDS)),
        Scene("custom fields, archived", ADMIN, at(f"{FIELDS}?archived=1")),
        Scene("new custom field", ADMIN, at(f"{FIELDS}/new?resource=vessel")),
        Scene("new custom field refused", ADMIN, new_refused, 422),
        Scene("custom field", ADMIN, edit),
        Scene("custom field, a choice in use", ADMIN, choice_in_use, 422),
    )
