"""Waiting lists: all of them, one, an entry, forms."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, BOTH, VIEWER
from tests.browser.stage import QUIET, Scene, Stage, at

LISTS = "/port-nimara/waiting-lists"
LIST = "SELECT number FROM waiting_lists WHERE name = 'Dock B, annual'"
OFFERED = "SELECT min(number) FROM waiting_entries WHERE status = 'offered'"
WAITING = "SELECT min(number) FROM waiting_entries WHERE status = 'waiting'"
BERTH = "SELECT min(b.number) FROM berths b JOIN docks d ON d.id = b.dock_id WHERE d.name = 'B'"


def new_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{LISTS}/new")
    page.get_by_role("button", name="Create list").click()
    expect(page.get_by_role("alert")).to_be_visible()


def one(stage: Stage, page: Page) -> None:
    page.goto(f"{LISTS}/{stage.found(LIST)}")


def edited(stage: Stage, page: Page) -> None:
    page.goto(f"{LISTS}/{stage.found(LIST)}/edit")


def putting_on(stage: Stage, page: Page) -> None:
    page.goto(f"{LISTS}/{stage.found(LIST)}/entries/new")


def offering(stage: Stage, page: Page) -> None:
    """Of the smallest berth of the dock, for which some boats are too large."""
    page.goto(f"{LISTS}/{stage.found(LIST)}/offers/new?berth=·%20{stage.found(BERTH)}")


def offer_refused(stage: Stage, page: Page) -> None:
    offering(stage, page)
    page.get_by_label("From").fill("")
    page.get_by_role("button", name="Offer berth").click()
    expect(page.get_by_role("alert")).to_be_visible()


def offered(stage: Stage, page: Page) -> None:
    page.goto(f"/port-nimara/waiting-entries/{stage.found(OFFERED)}")


def waiting(stage: Stage, page: Page) -> None:
    page.goto(f"/port-nimara/waiting-entries/{stage.found(WAITING)}")


class TestPages(Judged):
    scenes = (
        Scene("waiting lists", ADMIN, at(LISTS)),
        Scene("waiting lists, who may only look", VIEWER, at(LISTS)),
        Scene("waiting lists, none", BOTH, at(f"{QUIET}/waiting-lists")),
        Scene("new waiting list", ADMIN, at(f"{LISTS}/new")),
        Scene("new waiting list refused", ADMIN, new_refused, 422),
        Scene("waiting list", ADMIN, one),
        Scene("edit waiting list", ADMIN, edited),
        Scene("putting somebody on a waiting list", ADMIN, putting_on),
        Scene("offering a berth", ADMIN, offering),
        Scene("offering a berth refused", ADMIN, offer_refused, 422),
        Scene("offered", ADMIN, offered),
        Scene("waiting", ADMIN, waiting),
    )
