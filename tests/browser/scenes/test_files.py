"""Files: lists, a file with its pages, folders, trash."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import MANAGER, VIEWER
from tests.browser.stage import Scene, Stage, at
from tests.files import samples

pytestmark = pytest.mark.usefixtures("at_work")

FILES = "/port-nimara/files"


def refused(_stage: Stage, page: Page) -> None:
    page.goto(FILES)
    page.get_by_label("Upload files").set_input_files(
        {"name": "liar.pdf", "mimeType": "application/pdf", "buffer": b"MZ\x90\x00" + bytes(500)}
    )
    expect(page.locator(".sending-line")).to_contain_text("looks like EXE")


def show(_stage: Stage, page: Page) -> None:
    page.goto(FILES)
    name = "Plan of the piers.pdf"
    if not page.get_by_role("link", name=name).count():
        page.get_by_label("Upload files").set_input_files(
            {"name": name, "mimeType": "application/pdf", "buffer": samples.pdf(2)}
        )
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("img", name=f"{name}, page 2")).to_be_visible()


def edit(stage: Stage, page: Page) -> None:
    show(stage, page)
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Edit")


def folder(_stage: Stage, page: Page) -> None:
    page.goto(FILES)
    page.get_by_role("link", name="Rules").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rules")


def edit_folder(stage: Stage, page: Page) -> None:
    folder(stage, page)
    page.get_by_role("link", name="Edit folder").click()
    page.get_by_role("button", name="Delete folder").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def trash(_stage: Stage, page: Page) -> None:
    page.goto(FILES)
    if page.get_by_role("link", name="The piers from above.png").count():
        page.get_by_role("link", name="The piers from above.png").click()
        page.get_by_role("button", name="Delete").click()
        expect(page.locator("#toasts")).to_contain_text("was deleted")
    page.goto(f"{FILES}/trash")


def of_client(stage: Stage, page: Page) -> None:
    page.goto(f"{stage.client(0)}/files")
    expect(page.get_by_role("link", name="Insurance.pdf")).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("files", MANAGER, at(FILES)),
        Scene("files of a viewer", VIEWER, at(FILES)),
        Scene("upload refused", MANAGER, refused, status=422),
        Scene("files with records", MANAGER, at(f"{FILES}/records")),
        Scene("nothing called so", MANAGER, at(f"{FILES}?q=nothing+like+it")),
        Scene("file", MANAGER, show),
        Scene("file edited", MANAGER, edit),
        Scene("folder of files", MANAGER, folder),
        Scene("folder edited", MANAGER, edit_folder),
        Scene("files of a client", MANAGER, of_client),
        Scene("trash of files", MANAGER, trash),
        Scene("upload page", MANAGER, at(f"{FILES}/new")),
    )
