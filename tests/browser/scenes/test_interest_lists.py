"""The table of interests: filters, columns, views, what is done with many of it, and its file."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import MANAGER, VIEWER
from tests.browser.stage import Scene, Stage, at

TABLE = "/port-nimara/interests/table"
INTERESTS = "/port-nimara/interests"
ALL_COLUMNS = "stage,berth,value,lead,owner,source,closes,created,since,updated"


def ticked(_stage: Stage, page: Page) -> None:
    page.goto(f"{TABLE}?lead=hot")
    if page.viewport_size and page.viewport_size["width"] < 768:
        page.locator(".picking").click()
    page.locator("#rows .c-pick input").first.check()
    expect(page.locator("#selection")).to_be_visible()


def lost_without_a_reason(_stage: Stage, page: Page) -> None:
    page.goto(f"{INTERESTS}/bulk-edits/new?act=lose&all=1")
    page.get_by_role("button", name="as lost").click()
    expect(page.get_by_role("alert")).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("all columns of the table", MANAGER, at(f"{TABLE}?columns={ALL_COLUMNS}")),
        Scene("the table for who may only look", VIEWER, at(TABLE)),
        Scene("the table, nobody found", MANAGER, at(f"{TABLE}?q=nobody+at+all")),
        Scene("ticked interests", MANAGER, ticked),
        Scene("columns of interests", MANAGER, at(f"{INTERESTS}/columns")),
        Scene("views of interests", MANAGER, at(f"{INTERESTS}/views?list=lead%3Dhot%26sort%3Dvalue")),
        Scene("assign many interests", MANAGER, at(f"{INTERESTS}/bulk-edits/new?act=assign&all=1")),
        Scene("lead of many interests", MANAGER, at(f"{INTERESTS}/bulk-edits/new?act=lead&all=1")),
        Scene("archive many interests", MANAGER, at(f"{INTERESTS}/bulk-edits/new?act=archive&all=1")),
        Scene("many lost without a reason", MANAGER, lost_without_a_reason, 422),
        Scene("nothing ticked", MANAGER, at(f"{INTERESTS}/bulk-edits/new?act=assign")),
        Scene("export of interests", MANAGER, at(f"{INTERESTS}/exports/new")),
        Scene("no interest to export", MANAGER, at(f"{INTERESTS}/exports/new?number=999999")),
    )
