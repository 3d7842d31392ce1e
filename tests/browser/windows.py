import asyncio
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from app.demo import PASSWORD

# Somebody left a page before its socket was open.
LEFT_EARLY = "WebSocket is closed before the connection is established"
# What htmx says of the same socket, where its page is still there to hear of it.
SAID_AGAIN = "htmx: htmx:ws:error: [object Event]"
LONGEST_CLOSE = 60  # seconds


class Windows:
    """Opens windows and remembers whatever their consoles complain of, the policy for content included."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser = browser
        self.url = url
        self.contexts: list[BrowserContext] = []
        self.complaints: list[str] = []
        self.under_way: set[Request] = set()
        self.forgiven = [LEFT_EARLY]

    def open(self, **options: Any) -> Page:
        """A window of its own with cookies of its own; `options` are those of Playwright's new_context."""
        context = self.browser.new_context(base_url=self.url, **options)
        context.set_default_timeout(20_000)
        self.contexts.append(context)
        context.on("console", self.hear)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("request", lambda request: self.under_way.add(request))
        context.on("requestfinished", lambda request: self.under_way.discard(request))
        context.on("requestfailed", lambda request: self.under_way.discard(request))
        return context.new_page()

    def open_touched(self, **options: Any) -> Page:
        """The window of a phone."""
        return self.open(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, **options)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} ({message.location['url']})")

    def forgive(self, text: str) -> None:
        """A complaint with this in it is what the test is about, such as `status of 409`."""
        self.forgiven.append(text)

    def unforgiven(self) -> list[str]:
        """Of sockets that were left early htmx is forgiven as often as the browser says so; of any other that fails
        the browser has other words."""
        left = [said for said in self.complaints if not any(text in said for text in self.forgiven)]
        times = sum(LEFT_EARLY in said for said in self.complaints)
        for said in [said for said in left if said.startswith(SAID_AGAIN)][:times]:
            left.remove(said)
        return left

    def close(self) -> None:
        stuck = [told for context in self.contexts for told in self.end(context)]
        assert not stuck, "\n".join(["these windows do not close:", *stuck])
        left = self.unforgiven()
        assert not left, "\n".join(["the browser's console complains:", *left, "of all it said:", *self.complaints])

    def end(self, context: BrowserContext) -> list[str]:
        """Close the windows of one cookie jar; what hangs when that takes too long. Playwright's own closing has no
        bound, so that here its inner call is waited for."""
        pages = [f"{page.url} in {context!r}" for page in context.pages]
        try:
            context._sync(asyncio.wait_for(context._impl_obj.close(reason=None), LONGEST_CLOSE))
        except TimeoutError:
            return [*pages, *(f"under way: {request.method} {request.url}" for request in self.under_way)]
        return []


def sign_in(page: Page, email: str) -> None:
    page.goto("/auth/login")
    page.locator("[name=email]").fill(email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button.primary").click()
    page.wait_for_url(lambda url: "/auth/login" not in url)
