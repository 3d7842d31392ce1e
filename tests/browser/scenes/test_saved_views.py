"""Views of a list and its columns: beside the list, on pages of their own, refused."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.judged import Judged, too_small_for_fingers
from tests.browser.pages import AGENT, CLIENTS, MANAGER, VIEWER
from tests.browser.stage import Scene, Stage, at
from tests.browser.windows import Windows

VIEWS = f"{CLIENTS}/views"
NAME = "Own: everybody who came by a broker, an event or somebody else’s word, still wi"


@pytest.fixture(scope="module")
def stage(stage: Stage) -> Stage:
    """A colleague shares one with a long name, and opens the list with another."""
    page = stage.window(AGENT)
    for name, shares in ((NAME, True), ("Brokers", False)):
        page.goto(f"{VIEWS}?list=source%3Dbroker")
        page.get_by_role("textbox", name="Name").fill(name)
        page.get_by_role("checkbox", name="Share with everybody").set_checked(shares)
        page.get_by_role("button", name="Save view").click()
        expect(page.get_by_role("link", name=name)).to_be_visible()
    page.goto(VIEWS)
    page.get_by_role("button", name="Open the list with Brokers").click()
    expect(page.get_by_text("The list opens with “Brokers”").first).to_be_visible()
    return stage


def beside_the_list(_stage: Stage, page: Page) -> None:
    page.goto(f"{CLIENTS}?status=active")
    page.get_by_role("link", name="Views").click()
    expect(page.get_by_role("button", name="Save view")).to_be_visible()


def columns_beside_the_list(_stage: Stage, page: Page) -> None:
    page.goto(f"{CLIENTS}?status=active")
    page.get_by_role("link", name="Columns").click()
    expect(page.get_by_role("button", name="Show these columns")).to_be_visible()


def name_taken(_stage: Stage, page: Page) -> None:
    page.goto(f"{VIEWS}?list=status%3Dactive")
    page.get_by_role("textbox", name="Name").fill("Brokers")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("alert")).to_contain_text("You have a view of this name")


def edited(_stage: Stage, page: Page) -> None:
    page.goto(VIEWS)
    page.get_by_role("link", name="Rename or share Brokers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Edit Brokers")


def edit_refused(stage: Stage, page: Page) -> None:
    edited(stage, page)
    page.get_by_role("textbox", name="Name").fill("")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("alert")).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("views", AGENT, at(f"{VIEWS}?list=status%3Dactive%26sort%3Dupdated")),
        Scene("views, nothing to save", MANAGER, at(VIEWS)),
        Scene("views of who may only look", VIEWER, at(f"{VIEWS}?list=status%3Dactive")),
        Scene("views beside the list", AGENT, beside_the_list),
        Scene("view refused", AGENT, name_taken, 422),
        Scene("view, edit", AGENT, edited),
        Scene("view, edit refused", AGENT, edit_refused, 422),
        Scene("columns", MANAGER, at(f"{CLIENTS}/columns")),
        Scene("columns beside the list", MANAGER, columns_beside_the_list),
    )


def test_fingers_find_it(windows: Windows, stage: Stage) -> None:
    page = windows.open_touched(storage_state=stage.state_of(AGENT))
    for path in (f"{VIEWS}?list=status%3Dactive", f"{CLIENTS}/columns"):
        page.goto(path)
        assert too_small_for_fingers(page) == [], path
