"""The judges of every page in its main states: usable by everybody, valid, silent, and without a dead link.

Each file in scenes/ names the states of its pages, and its class `TestPages(Judged)` brings them here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from typing import ClassVar, Literal
from urllib.parse import urldefrag, urljoin, urlsplit

from playwright.sync_api import Page, Request

from tests.browser.axe import Axe
from tests.browser.stage import Scene, Stage

HEIGHT = 900
SMALLEST = 320
# Structure is the same in light and dark; what is shown differs with the width, and so do places and sizes. Between a
# desk and a phone there is nothing that neither has.
JUDGED_AT: dict[int, dict[Literal["light", "dark"], Literal["all", "colours"]]] = {
    1440: {"light": "all"},
    768: {"dark": "colours"},
    390: {"light": "all", "dark": "colours"},
    SMALLEST: {},
}
# Addresses of one shape that are asked for.
ENOUGH = 5


class Markup(HTMLParser):
    """What a page names: ids, links, files, and the parts of a sprite."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.row_actions: set[str] = set()
        self.files: set[str] = set()
        self.icons: set[str] = set()
        self.headings: list[int] = []
        self.feed(markup)
        if "row-actions" in self.ids:  # elsewhere they are hidden
            self.links |= self.row_actions

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.add(given["id"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        # What only its author may change is hidden from the others by a script, since a push is the same for all.
        if tag == "a" and "href" in given and "data-author" not in given:
            (self.row_actions if "row-action" in given.get("class", "") else self.links).add(given["href"])
        elif tag == "use":
            self.icons.add(given["href"])
        elif tag == "link":
            self.files.add(given["href"])
        elif "src" in given:
            self.files.add(given["src"])


class Watched:
    """The stage, with an eye on what its windows ask for and complain of, and on the links they showed already."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.host = urlsplit(stage.site.url).netloc
        self.said: list[str] = []
        self.links: dict[str, dict[str, int]] = defaultdict(dict)
        self.sprites: dict[str, set[str]] = {}

    def play(self, scene: Scene) -> Played:
        is_new = scene.who not in self.stage.pages
        page = self.stage.window(scene.who)
        if is_new:
            self.watch(page)
        self.said.clear()
        self.stage.windows.complaints.clear()
        page.set_viewport_size({"width": scene.widths[0], "height": HEIGHT})
        page.emulate_media(color_scheme="light")
        scene.play(self.stage, page)
        answer = self.stage.answers[page]
        said = [*self.said, *self.stage.windows.unforgiven()]
        # The console repeats the status of a page, also of one that is meant to have it.
        said = [line for line in said if scene.status < 400 or f"status of {scene.status}" not in line]
        return Played(scene, self, page, answer.status, answer.text(), said)

    def watch(self, page: Page) -> None:
        page.add_init_script(
            "window.addEventListener('securitypolicyviolation', (event) =>"
            " console.error(`refused by the policy: ${event.violatedDirective} ${event.blockedURI}`));"
        )
        page.on("request", self.note)
        page.on("requestfailed", self.note_failure)

    def note(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self.host:
            self.said.append(f"asks another host: {request.url}")

    def note_failure(self, request: Request) -> None:
        # Leaving a page ends what it still asks for.
        if request.failure != "net::ERR_ABORTED":
            self.said.append(f"{request.url}: {request.failure}")


@dataclass(frozen=True)
class Played:
    """A scene as it stands: its window, what the server sent for it, and what was heard on the way."""

    scene: Scene
    watched: Watched
    page: Page
    status: int
    sent: str
    said: list[str]


def check_link(played: Played, markup: Markup, link: str) -> None:
    target, anchor = urldefrag(urljoin(played.page.url, unescape(link)))
    parts = urlsplit(target)
    if parts.scheme in ("mailto", "tel", "data", "otpauth"):
        return
    assert parts.netloc == played.watched.host, target
    if target == urldefrag(played.page.url)[0]:
        assert not anchor or anchor in markup.ids, link
        return
    known = played.watched.links[shape_of(target)]
    if target not in known and len(known) < ENOUGH:
        known[target] = played.page.request.get(target).status
    assert known.get(target, 200) == 200, f"{link}: {known[target]}"


def shape_of(address: str) -> str:
    """The address with the numbers and ids of records left out: alike for all rows of a list."""
    return re.sub(r"(?<=[/=:])(?:[0-9a-f-]{36}|\d+)", "…", address)


def parts_of(played: Played, sprite: str) -> set[str]:
    known = played.watched.sprites
    if sprite not in known:
        known[sprite] = Markup(played.page.request.get(sprite).text()).ids
    return known[sprite]


def show_whole(page: Page, width: int) -> str:
    """A window as high as the page, so that nothing stands half under the bars that stick; gives what is too wide."""
    page.set_viewport_size({"width": width, "height": HEIGHT})
    height, too_wide = page.evaluate(
        """() => {
          const { clientWidth: width, scrollHeight: height } = document.documentElement;
          if (document.scrollingElement.scrollWidth <= width) return [height, ""];
          const isOut = (element) => element.getBoundingClientRect().right > width + 0.5;
          const out = [...document.querySelectorAll("body *")].filter(isOut);
          return [height, `scrolls sideways: ${out.slice(0, 3).map((e) => e.outerHTML.slice(0, 100)).join(" · ")}`];
        }"""
    )
    if height != HEIGHT and width != SMALLEST:
        page.set_viewport_size({"width": width, "height": height})
    return str(too_wide)


class Judged:
    """Every scene before four judges."""

    scenes: ClassVar[tuple[Scene, ...]]

    def test_answers_in_silence(self, played: Played) -> None:
        """The expected status; nothing in the console, nothing refused by the policy, nobody else asked."""
        assert played.status == played.scene.status
        assert played.said == []

    def test_is_valid(self, played: Played, html_errors: Callable[..., list[str]]) -> None:
        assert html_errors(played.sent) == []
        # What was put together from fragments stands like a page that came whole.
        headings = Markup(played.page.content()).headings
        assert headings.count(1) == 1
        assert all(deeper <= before + 1 for before, deeper in pairwise(headings))

    def test_leads_somewhere(self, played: Played) -> None:
        """Every link and file on it answers, every icon stands in its sprite. Each address is asked once, and of
        those that differ in a record only, as down a list, the first few."""
        markup = Markup(played.page.content())
        for link in markup.links | markup.files:
            check_link(played, markup, link)
        for icon in markup.icons:
            sprite, name = icon.split("#")
            assert name in (parts_of(played, sprite) if sprite else markup.ids), icon

    def test_everybody_can_use_it(self, played: Played, axe: Axe) -> None:
        """Axe at a desk and on a phone in light, its colours in dark on a tablet and a phone; and nothing that scrolls
        sideways, down to 320 px."""
        page = played.page
        found = []
        for width in played.scene.widths:
            if too_wide := show_whole(page, width):
                found.append(f"at {width}: {too_wide}")
            for scheme, how in JUDGED_AT[width].items():
                page.emulate_media(color_scheme=scheme)
                found += [f"{scheme} at {width}: {wrong}" for wrong in axe(page, colours_only=how == "colours")]
        assert not found, "\n".join(["", *found])


def too_small_for_fingers(page: Page) -> list[str]:
    """On a touch screen what stands alone and is pressed is 44 px high; words inside a sentence are not."""
    assert page.evaluate("matchMedia('(pointer: coarse)').matches")
    small: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(
          ".btn, button, select, .input, summary, .chip, .choice, .version"
            + ", .tabs a, .bottombar a, .side a, .letters a"
        )].filter((element) => element.checkVisibility() && !element.closest("select, [hidden]")).map((element) => {
          const { width, height } = (element.closest(".chip") ?? element).getBoundingClientRect();
          return [Math.round(width), Math.round(height), element.outerHTML.slice(0, 110)];
        }).filter(([width, height]) => height < 44 || width < 24).map((found) => found.join(" "))"""
    )
    return small
