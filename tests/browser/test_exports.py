"""Clients as a file, in a browser without scripts."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, StorageState, expect

from tests.browser.pages import CLIENTS, MANAGER
from tests.browser.windows import Windows


def rows_in(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def downloaded(page: Page, *, file: str, extent: str) -> tuple[str, Path]:
    page.get_by_label(file).check()
    page.get_by_label(extent).check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    return download.value.suggested_filename, download.value.path()


def test_what_the_list_shows_comes_as_a_file(windows: Windows, state_of: Callable[[str], StorageState]) -> None:
    page = windows.open(storage_state=state_of(MANAGER), java_script_enabled=False)
    page.goto(f"{CLIENTS}?status=former&sort=name&direction=desc")
    shown = page.locator("#rows a.name").all_inner_texts()
    page.get_by_role("link", name="Export").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Export {len(shown)} clients")
    name, path = downloaded(page, file="CSV (.csv)", extent="What the list shows")
    assert name.endswith(".csv")
    assert [row[0] for row in rows_in(path)[1:]] == shown
    page.get_by_role("link", name="Back to the list").click()
    assert page.locator("#rows a.name").all_inner_texts() == shown

    for ticked in shown[:2]:
        page.get_by_label(f"Select {ticked}").check()
    page.locator("#selection").get_by_role("button", name="Export").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Export 2 clients")
    name, path = downloaded(page, file="vCard (.vcf)", extent="Everything, to be imported again")
    cards = path.read_text(encoding="utf-8")
    assert name.endswith(".vcf")
    assert [card.partition("\n")[0] for card in cards.replace("\r", "").split("FN:")[1:]] == shown[:2]
