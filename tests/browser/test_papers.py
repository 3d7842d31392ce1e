"""The file of a vessel's paper: sent with a bar, stopped, sent again; refused without losing what was typed."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import StorageState, expect

from tests.browser.pages import MANAGER, PART_OF_THE_WAY, SLOW, on_a_slow_line
from tests.browser.windows import Windows

VESSELS = "/port-nimara/vessels"
# Large enough to be seen on its way over a slow line.
CREW = b"Name,Rank\n" + b"Somebody,Deckhand\n" * 60_000


def test_the_file_of_a_paper_has_a_bar(windows: Windows, state_of: Callable[[str], StorageState]) -> None:
    windows.forgive("status of 422")
    page = windows.open(storage_state=state_of(MANAGER))
    page.goto(VESSELS)
    page.locator("#rows a.name").first.click()
    name = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name="Add document").first.click()
    page.get_by_label("Kind").select_option("Crew list")
    page.get_by_label("Issued by").fill("The skipper")
    page.get_by_label("The paper itself").set_input_files(
        {"name": "Crew.csv", "mimeType": "text/csv", "buffer": b"MZ\x90\x00" + bytes(500)}
    )
    page.get_by_role("button", name="Add document").click()
    expect(page.locator(".drop .error")).to_contain_text("looks like EXE")
    expect(page.get_by_label("Issued by")).to_have_value("The skipper")

    chosen = {"name": "Crew.csv", "mimeType": "text/csv", "buffer": CREW}
    page.get_by_label("The paper itself").set_input_files(chosen)  # type: ignore[arg-type]
    on_a_slow_line(page, SLOW)
    page.get_by_role("button", name="Add document").click()
    page.wait_for_function(PART_OF_THE_WAY)
    line = page.locator(".sending-line")
    expect(line.get_by_role("progressbar", name="Crew.csv")).to_be_visible()
    line.get_by_role("button", name="Stop").click()
    expect(line.locator(".state")).to_have_text("Stopped")
    expect(page.get_by_label("Issued by")).to_have_value("The skipper")

    on_a_slow_line(page, -1)
    page.get_by_role("button", name="Add document").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    papers = page.locator(".papers > li", has_text="The skipper")
    expect(papers).to_have_count(1)
    with page.expect_download() as download:
        papers.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes() == CREW
