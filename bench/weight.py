"""What a browser has to fetch: the first visit with an empty cache, then a page, then a fragment."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import CDPSession, sync_playwright

from app.web import SESSION_COOKIE
from bench.site import MANAGER, Site
from bench.visitors import Connection
from tests.browser.chromium import launch

LIST = "/north/clients"


@dataclass
class Fetched:
    """What went over the wire, headers included, counted by the browser."""

    requests: list[str] = field(default_factory=list)
    sizes: dict[str, float] = field(default_factory=dict)

    @property
    def size(self) -> float:
        return sum(self.sizes.values())

    def follow(self, session: CDPSession) -> None:
        addresses: dict[str, str] = {}
        cached: set[str] = set()

        def sent(event: dict[str, Any]) -> None:
            addresses[event["requestId"]] = event["request"]["url"]

        def finished(event: dict[str, Any]) -> None:
            address = addresses.get(event["requestId"], "")
            if event["requestId"] not in cached and not address.startswith("data:"):
                self.requests.append(address)
                self.sizes[address] = self.sizes.get(address, 0) + event["encodedDataLength"]

        session.on("Network.requestWillBeSent", sent)
        session.on("Network.requestServedFromCache", lambda event: cached.add(event["requestId"]))
        session.on("Network.loadingFinished", finished)
        session.on("Network.webSocketCreated", lambda event: self.requests.append(event["url"]))
        session.send("Network.enable")


@dataclass
class WeightResult:
    first: Fetched
    icon: int
    pages: dict[str, int]
    fragments: dict[str, int]


def first_visit(site: Site, token: str, path: str) -> tuple[Fetched, int]:
    """With an empty cache; and the icon of the tab, which a browser without a window does not fetch, by itself."""
    first = Fetched()
    with sync_playwright() as playwright:
        browser = launch(playwright)
        context = browser.new_context(base_url=site.url)
        context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": site.url}])
        page = context.new_page()
        first.follow(context.new_cdp_session(page))
        page.goto(path)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(1000)
        has_icon = any("favicon" in address for address in first.requests)
        icon_path = page.locator("link[rel=icon]").get_attribute("href")
        browser.close()
    if has_icon or icon_path is None:
        return first, 0

    async def icon() -> int:
        connection = await Connection(site.url, token).open()
        found = (await connection.get(icon_path)).wire
        connection.close()
        return found

    return first, asyncio.run(icon())


def measure_weight(site: Site, number: int) -> WeightResult:
    token = site.tokens([MANAGER])[0]
    first, icon = first_visit(site, token, LIST)

    async def rest() -> WeightResult:
        connection = await Connection(site.url, token).open()
        paths = {
            "list": LIST,
            "list by last change": f"{LIST}?sort=updated&direction=desc",
            "one client": f"{LIST}/{number}",
            "edit form": f"{LIST}/{number}/edit",
        }
        pages = {name: (await connection.get(path)).wire for name, path in paths.items()}
        fragments = {name: (await connection.get(path, partial=True)).wire for name, path in paths.items()}
        connection.close()
        return WeightResult(first, icon, pages, fragments)

    return asyncio.run(rest())
