"""Who looks, what the pages are called, and the ways that several tests take."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Sequence

from playwright.sync_api import FilePayload, Locator, Page, expect
from pyotp import TOTP

ADMIN = "dana.fields@nimara.example"
MANAGER = "ines.rocha@nimara.example"
AGENT = "mats.berg@nimara.example"
VIEWER = "vera.lund@nimara.example"
ELSEWHERE = "aino.laine@hanko.example"
BOTH = "petra.holm@quayside.example"

CLIENTS = "/port-nimara/clients"
IMPORTS = f"{CLIENTS}/imports"
SECURITY = "/port-nimara/settings/security"

HEADINGS = ("First Name", "Last Name", "Organization Name", "E-mail 1 - Value", "Phone 1 - Value", "City", "Country")


def contacts(*rows: Sequence[str], more: int = 0) -> str:
    """A contact file as Google writes it: `rows`, then `more` people who differ only in their number."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([*HEADINGS, "Group Membership"])
    writer.writerows([*row, "* myContacts"] for row in rows)
    writer.writerows(
        ("Guest", f"{number:04d}", "", f"guest.{number:04d}@example.org", "", "", "", "* myContacts")
        for number in range(more)
    )
    return buffer.getvalue()


def upload(text: str, name: str = "contacts.csv") -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode("utf-8")}


def live(page: Page) -> None:
    """Wait until the page listens."""
    expect(page.locator("html")).to_have_attribute("data-live", "open")


def mark(page: Page) -> None:
    """From here on `is_same(page)` tells whether the page was ever loaded anew."""
    page.evaluate("window.isSame = true")


def is_same(page: Page) -> bool:
    return bool(page.evaluate("window.isSame === true"))


def row_of(page: Page, name: str) -> Locator:
    return page.locator("#rows tr", has=page.get_by_role("link", name=name, exact=True))


def number_of(page: Page) -> int:
    """The number in the address of a record's page."""
    return int(page.url.partition("?")[0].rstrip("/").rpartition("/")[2])


def reload_until(page: Page, is_there: Callable[[], bool], *, seconds: float = 20) -> None:
    """For a window without scripts, whose user has to look again."""
    until = time.monotonic() + seconds
    while not is_there():
        assert time.monotonic() < until, f"{page.url} never showed it"
        page.reload()


# What is wrong with how the focused element shows; null when it stands in sight with a ring around it.
IN_SIGHT = """() => {
  const focused = document.activeElement;
  const name = focused.outerHTML.slice(0, 120);
  const around = focused.closest(".chip, .choice, .version, .drop");
  const rings = [[focused, null], [focused, "::after"], [around, null]];
  const isRing = ([element, part]) => {
    if (!element) return false;
    const style = getComputedStyle(element, part);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  };
  if (!rings.some(isRing)) return `no ring: ${name}`;
  const box = focused.getBoundingClientRect();
  if (box.width === 0 || box.height === 0) return `no size: ${name}`;
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) return `out of sight: ${name}`;
  const top = document.elementFromPoint(x, y);
  const isOnTop = top && (focused.contains(top) || top.contains(focused) || focused.labels?.[0]?.contains(top));
  return isOnTop ? null : `under ${top?.outerHTML.slice(0, 60)}: ${name}`;
}"""


def is_focused_in_sight(page: Page) -> str | None:
    """What is wrong with how the focused element shows; None when it stands in sight with a ring around it."""
    found: str | None = page.evaluate(IN_SIGHT)
    return found


def set_up_app(page: Page) -> tuple[str, list[str]]:
    """An authenticator app through the pages; gives its secret and the recovery codes."""
    page.goto(f"{SECURITY}/apps/new")
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    page.get_by_label("Code from the app").fill(TOTP(secret).now())
    page.get_by_label("Name (optional)").fill("Phone")
    page.get_by_role("button", name="Add the app").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    return secret, page.locator(".codes code").all_inner_texts()


SLOW = 200_000  # bytes a second
PART_OF_THE_WAY = """() => {
    const bar = document.querySelector(".sending-line progress");
    return bar.value > 0 && bar.value < 1;
}"""


def on_a_slow_line(page: Page, throughput: int) -> None:
    """-1: as fast as it goes."""
    line = page.context.new_cdp_session(page)
    line.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": throughput},
    )
