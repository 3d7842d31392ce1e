"""What is held about a client, handed out and erased; two windows; an archive that comes down."""

from __future__ import annotations

import io
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, expect

from tests.browser.judged import Judged, too_small_for_fingers
from tests.browser.pages import MANAGER, live
from tests.browser.stage import Scene, Stage, at
from tests.browser.windows import Windows


@pytest.fixture(scope="module")
def stage(stage: Stage, at_work: None) -> Stage:
    """With an archive of the first client, and the second one erased."""
    page = stage.window(MANAGER)
    page.goto(f"{stage.client(0)}/privacy")
    page.get_by_role("button", name="Put an archive together").click()
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=20_000)
    erase(page, stage.client(1))
    return stage


def erase(page: Page, address: str) -> None:
    page.goto(f"{address}/erasure/new")
    page.get_by_label("Reason").fill("Asked by letter")
    page.get_by_label("Number or full name").fill(address.rpartition("/")[2])
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Erased client")


def refused(stage: Stage, page: Page) -> None:
    page.goto(f"{stage.client(2)}/erasure/new")
    page.get_by_role("button", name="Erase for good").click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("privacy", MANAGER, at(lambda stage: f"{stage.client(2)}/privacy")),
        Scene("privacy, with an archive", MANAGER, at(lambda stage: f"{stage.client(0)}/privacy")),
        Scene("erasure, new", MANAGER, at(lambda stage: f"{stage.client(2)}/erasure/new")),
        Scene("erasure refused", MANAGER, refused, 422),
        Scene("client, erased", MANAGER, at(lambda stage: stage.client(1))),
    )


def test_fingers_find_it(windows: Windows, stage: Stage) -> None:
    page = windows.open_touched(storage_state=stage.state_of(MANAGER))
    for path in (f"{stage.client(0)}/privacy", f"{stage.client(2)}/erasure/new"):
        page.goto(path)
        assert too_small_for_fingers(page) == [], path


def test_another_window_becomes_the_erased_client(windows: Windows, stage: Stage) -> None:
    here, there = (windows.open(storage_state=stage.state_of(MANAGER)) for _ in range(2))
    there.goto(stage.client(3))
    live(there)
    erase(here, stage.client(3))
    expect(there.get_by_role("heading", level=1)).to_contain_text("Erased client", timeout=10_000)


def test_an_archive_comes_down_without_scripts(windows: Windows, stage: Stage) -> None:
    page = windows.open(storage_state=stage.state_of(MANAGER), java_script_enabled=False)
    page.goto(f"{stage.client(0)}/privacy")
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download").click()
    with ZipFile(io.BytesIO(coming.value.path().read_bytes())) as archive:
        assert {"index.html", "data.json"} <= set(archive.namelist())
