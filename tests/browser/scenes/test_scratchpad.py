"""The scratchpad: blank, written on, saved over in another window."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged, too_small_for_fingers
from tests.browser.pages import AGENT, MANAGER, VIEWER
from tests.browser.stage import Scene, Stage, at
from tests.browser.windows import Windows

PAD = "/port-nimara/scratchpad"


def written(_stage: Stage, page: Page) -> None:
    page.goto(PAD)
    page.get_by_role("textbox", name="Your notes").fill("Call the sailmaker.\nBerth E-02: light is out.\n" * 30)
    page.get_by_role("button", name="Save notes").click()
    expect(page.locator("[data-autosave-state]")).to_contain_text("Saved")


def saved_in_another_window(stage: Stage, page: Page) -> None:
    page.goto(PAD)
    page.get_by_role("textbox", name="Your notes").fill("From this window")
    with stage.site.database.connect() as connection:
        connection.execute("UPDATE scratchpad_notes SET version = version + 1, body = 'From the other' || version")
    page.get_by_role("button", name="Save notes").click()
    expect(page.get_by_role("alert")).to_contain_text("Another window saved its words meanwhile.")


class TestPages(Judged):
    scenes = (
        Scene("scratchpad, blank", VIEWER, at(PAD)),
        Scene("scratchpad", MANAGER, written),
        Scene("scratchpad, saved in another window", MANAGER, saved_in_another_window, 409),
    )


def test_fingers_find_it(windows: Windows, stage: Stage) -> None:
    page = windows.open_touched(storage_state=stage.state_of(AGENT))
    page.goto(PAD)
    assert too_small_for_fingers(page) == []
