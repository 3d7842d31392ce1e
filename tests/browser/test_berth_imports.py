"""The berths of a city come in by their own file, with its wrong rows told, and go again as a whole; and all of that
without scripts."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, StorageState, expect

from tests.browser.pages import ADMIN
from tests.browser.test_imports import comes_by_itself, comes_by_reloading, in_database
from tests.browser.windows import Windows
from tests.clients.killing import start_worker
from tests.servers import Installation

BERTHS = "/port-nimara/berths"
HELSINKI = Path(__file__).parents[1] / "data" / "helsinki-berths.csv"
# Of the file: a length that is none, a mooring nobody knows, a row that stands twice, and a row of totals.
SPOILT = {10: ("length_m", "long"), 20: ("mooring", "anchor chain"), 30: ("berth", "")}


@pytest.fixture(scope="module", autouse=True)
def at_work(site: Installation) -> None:
    site.start_relay()
    start_worker(site)


def spoilt() -> tuple[bytes, int]:
    """The real file with a few rows as offices send them; how many are good."""
    with HELSINKI.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    for at, (column, value) in SPOILT.items():
        rows[at][column] = value
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows([*rows, rows[0], {"harbour": "Total", "berth": "1344"}])
    return buffer.getvalue().encode("cp1252"), len(rows) - len(SPOILT)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "without-scripts"])
def test_the_berths_of_a_city_come_in_and_go_again(
    windows: Windows, site: Installation, state_of: Callable[[str], StorageState], scripts: bool
) -> None:
    page = windows.open(storage_state=state_of(ADMIN), java_script_enabled=scripts)
    look = comes_by_itself if scripts else comes_by_reloading
    in_use = "SELECT count(*) FROM {} WHERE archived_at IS NULL"
    before = [in_database(site, in_use.format(table)) for table in ("harbours", "docks", "berths")]
    content, good = spoilt()
    page.goto(BERTHS)
    page.get_by_role("main").get_by_role("link", name="Import", exact=True).click()
    page.get_by_role("main").get_by_role("link", name="Import a file").first.click()
    file: FilePayload = {"name": "berths.csv", "mimeType": "text/csv", "buffer": content}
    page.get_by_label("File of berths").set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    expect(page).to_have_url(re.compile(r"/berths/imports/\d+$"))
    look(page, page.get_by_role("region", name="Result of the check"))
    figures = page.get_by_role("region", name="Result of the check").locator("dd.big")
    expect(figures).to_have_text([f"{good:,}", "0", "1", "4"])
    for told in ("Length: Write metres", "“anchor chain” is none of these", "no berth number", "row of totals"):
        expect(page.get_by_text(told, exact=False).first).to_be_visible()
    expect(page.get_by_text("Same berth as row 2 of this file.", exact=False)).to_be_visible()

    # One of them is mended.
    page.get_by_role("row", name=re.compile("Length: Write metres")).get_by_role("link", name="Fix here").click()
    page.get_by_label("Length", exact=True).fill("39'4\"")
    page.get_by_role("button", name="Check this row again").click()
    expect(figures).to_have_text([f"{good + 1:,}", "0", "1", "3"])
    page.get_by_role("button", name=f"Import {good + 1:,} rows").click()
    look(page, page.get_by_role("heading", name="Import finished"))
    assert in_database(site, in_use.format("berths"))[0] == int(str(before[2][0])) + good + 1

    page.get_by_role("link", name="Undo the import").click()
    page.get_by_role("button", name=re.compile("Undo .* records")).click()
    look(page, page.get_by_role("heading", name="Undone"))
    assert [in_database(site, in_use.format(table)) for table in ("harbours", "docks", "berths")] == before
