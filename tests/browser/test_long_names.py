"""Names that are long, without a space, or written from the right: no page scrolls sideways or writes over itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser.pages import ADMIN, CLIENTS
from tests.browser.windows import Windows
from tests.files import samples
from tests.servers import Installation

PORT = "/port-nimara"
LONG = "Longest" + "vessel" * 13
RIGHT = "محمد بن عبد الله الأنصاري – יעקב בן־אברהם"


def send(page: Page, path: str, **typed: str) -> None:
    """Open a form without a script, fill it in, and send it."""
    page.goto(path)
    form = page.locator("main form:has(button.primary)").last
    for name, value in typed.items():
        form.locator(f"[name={name}]").first.fill(value)
    form.locator("button.primary").last.click()


def has(page: Page, text: str) -> None:
    """The page that the form led to, once it is there."""
    expect(page.get_by_text(text).first).to_be_attached()


@pytest.fixture(scope="module")
def paths(browser: Browser, site: Installation, state_of: Callable[[str], StorageState]) -> Iterator[list[str]]:
    """Pages full of such names."""
    windows = Windows(browser, site.url)
    page = windows.open(storage_state=state_of(ADMIN), java_script_enabled=False)
    found = [f"{CLIENTS}?q=longest", f"{PORT}/search?q=longest", f"{PORT}/vessels?q=longest", f"{PORT}/admin/tags"]
    send(page, f"{PORT}/admin/tags/new", name=LONG[:40])
    send(page, f"{PORT}/admin/custom-fields/new?resource=vessel", label=LONG[:60])
    send(page, f"{CLIENTS}/views?list=q%3D{LONG}", name=LONG[:80])
    found += [f"{PORT}/admin/custom-fields?resource=vessel", f"{CLIENTS}/views"]
    for name in (LONG, RIGHT):
        send(
            page, f"{CLIENTS}/new", full_name=name, company_name=name, email=f"{'mailbox' * 8}@{'harbour' * 8}.example"
        )
        has(page, name)
        client = page.url.removeprefix(site.url)
        owner = client.rpartition("/")[2]
        send(page, f"{PORT}/vessels/new?client={owner}", name=name, registration="REGISTRATION" * 3)
        has(page, name)
        vessel = page.url.removeprefix(site.url)
        page.goto(f"{vessel}/documents/new")
        page.locator("[type=file]").set_input_files(
            {"name": f"{name}.pdf", "mimeType": "application/pdf", "buffer": samples.pdf()}
        )
        page.locator("[name=issuer]").fill(name)
        page.locator("[name=reference]").fill("0123456789" * 8)
        page.get_by_role("button", name="Add document").click()
        has(page, f"{name}.pdf")
        paper = page.locator("a[href*='/documents/'][href$='/edit']").first.get_attribute("href")
        found += [client, f"{client}/vessels", f"{client}/files", f"{client}/edit", f"{client}/privacy"]
        found += [vessel, f"{vessel}/edit", f"{vessel}/measurements/new", f"{vessel}/transfers/new", str(paper)]
    yield found
    windows.close()


OVERLAP = """() => {
    const [crumbs, search] = [".crumbs li:last-child", ".top .jump"].map((one) => document.querySelector(one));
    return crumbs && search ? crumbs.getBoundingClientRect().right - search.getBoundingClientRect().left : 0;
}"""


@pytest.mark.parametrize("width", [320, 390, 1440])
def test_nothing_scrolls_sideways(
    windows: Windows, state_of: Callable[[str], StorageState], paths: list[str], width: int
) -> None:
    page = windows.open(storage_state=state_of(ADMIN), viewport={"width": width, "height": 800})
    wide = []
    for path in paths:
        page.goto(path)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        wide += [f"{path} by {over} px"] if over > 0 else []
        under = page.evaluate(OVERLAP)
        wide += [f"{path}: the way to it goes {under} px under what stands beside it"] if under > 1 else []
    assert not wide, "\n".join(wide)
