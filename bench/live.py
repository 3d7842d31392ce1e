"""From the commit in one window to the swapped row in another, with five hundred more listening."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect, sync_playwright

from app.live.rooms import say
from app.web import SESSION_COOKIE
from bench.crowd import Crowd, Place, Stalled
from bench.editor import Editor
from bench.site import MANAGER, WATCHERS, Site, memory_of
from bench.visitors import percentile
from tests.browser.chromium import launch
from tests.servers import Running

SOCKETS, EACH = 500, 10
STALLED = 5
PACE = 0.15
GIVEN_UP_AFTER = 8  # the server cuts a stalled socket after ten seconds; a new one takes its place before
BALLAST = "refresh #nothing" + " " * 400_000

WATCH = """() => {
  const seen = window.benchSwaps = {};
  new MutationObserver(() => {
    const moment = performance.timeOrigin + performance.now();
    for (const small of document.querySelectorAll("#rows small")) {
      const change = /^Change (\\d+)$/.exec(small.textContent);
      if (change) seen[change[1]] ??= moment / 1000;
    }
  }).observe(document.getElementById("main"), { subtree: true, childList: true, characterData: true });
}"""


@dataclass
class Latency:
    """Seconds from commit to the swapped DOM, and to the last of the plain sockets."""

    dom: list[float] = field(default_factory=list)
    last_socket: list[float] = field(default_factory=list)
    missed: int = 0
    lost_sockets: int = 0


@dataclass
class LiveResult:
    alone: Latency
    with_stalled: Latency
    per_socket: float
    stalled: int
    dropped: int


def measure_live(site: Site, web: Running, *, changes: int) -> LiveResult:
    parts = urlsplit(site.url)
    place = Place(parts.hostname or "localhost", parts.port or 80, "/north/live")
    tokens = site.tokens(WATCHERS)
    warm_up = Crowd(place, tokens[:20])
    warm_up.close()
    time.sleep(1)
    before = memory_of(web)
    crowd = Crowd(place, tokens[: SOCKETS // EACH] * EACH)
    time.sleep(1)
    per_socket = (memory_of(web) - before) / SOCKETS
    spare = tokens[SOCKETS // EACH :]
    editor = Editor(site.url, site.tokens([MANAGER])[0])
    with sync_playwright() as playwright:
        browser = launch(playwright)
        context = browser.new_context(base_url=site.url)
        token = site.tokens([MANAGER])[0]
        context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": site.url}])
        page = context.new_page()
        page.goto("/north/clients?sort=name&direction=asc")
        expect(page.locator("html")).to_have_attribute("data-live", "open")
        page.evaluate(WATCH)
        numbers = [int(found) for found in re.findall(r'id="client-(\d+)"', page.content())][:20]
        first = int(time.time())  # other numbers than those an earlier run has left on the page
        change_all(editor, numbers, range(first, first + 20))  # warms up relay, page and form
        crowd.arrivals()
        alone = watched(page, crowd, change_all(editor, numbers, range(first + 1000, first + 1000 + changes)))
        stalling = Stalling(site, place, spare, numbers[0])
        committed = change_all(editor, numbers, range(first + 2000, first + 2000 + changes), stalling)
        with_stalled = watched(page, crowd, committed)
        dropped = stalling.end()
        browser.close()
    crowd.close()
    return LiveResult(alone, with_stalled, per_socket, len(stalling.all), dropped)


class Stalling:
    """Keeps a few stalled sockets among the others, each blocked from the start by a message it does not read."""

    def __init__(self, site: Site, place: Place, tokens: list[str], number: int) -> None:
        self.site, self.place, self.tokens, self.number = site, place, tokens, number
        self.all: list[Stalled] = []
        self.renewed = 0.0
        with site.connect() as connection:
            row = connection.execute("SELECT id FROM clients WHERE number = %s", (number,)).fetchone()
        assert row is not None
        self.room = f"client:{row[0]}"

    def keep_up(self) -> None:
        if time.monotonic() - self.renewed < GIVEN_UP_AFTER:
            return
        self.renewed = time.monotonic()
        # Only these follow the client too, so that only these get what is said about it.
        made = [Stalled(self.place, token, ["clients", f"client:{self.number}"]) for token in self.tokens[:STALLED]]
        self.all += made
        with self.site.installation.app.app_context():
            say(self.room, BALLAST)
        time.sleep(0.5)  # to send the ballast is work; what is measured is that it stands in the way

    def end(self) -> int:
        """How many of them the server gave up."""
        time.sleep(12)
        dropped = sum(stalled.was_dropped() for stalled in self.all)
        for stalled in self.all:
            stalled.close()
        return dropped


def change_all(
    editor: Editor, numbers: list[int], changes: range, stalling: Stalling | None = None
) -> dict[int, float]:
    """Change one client after the other; change → when it was committed."""
    committed = {}
    for change in changes:
        if stalling is not None:
            stalling.keep_up()
        committed[change] = editor.change(numbers[change % len(numbers)], company_name=f"Change {change}")
        time.sleep(PACE)
    return committed


def watched(page: Page, crowd: Crowd, committed: dict[int, float]) -> Latency:
    time.sleep(2)
    swapped = {int(change): moment for change, moment in page.evaluate("() => window.benchSwaps").items()}
    arrived = crowd.arrivals()
    latency = Latency(lost_sockets=len(arrived.get(-1, ())))
    for change, moment in committed.items():
        if change in swapped and len(arrived.get(change, ())) >= SOCKETS - latency.lost_sockets:
            latency.dom.append(swapped[change] - moment)
            latency.last_socket.append(max(arrived[change]) - moment)
        else:
            latency.missed += 1
    return latency


def p99(latencies: list[float]) -> float:
    return percentile(latencies, 99)
