"""The public registration: the page of strangers, and what staff see of it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, BOTH, VIEWER
from tests.browser.stage import QUIET, Scene, Stage, at

PAGE, CAME_IN = "/public/port-nimara/register", "/port-nimara/registrations"


def refused(_stage: Stage, page: Page) -> None:
    page.goto(PAGE)
    page.get_by_label("Your name").fill("Ines Okafor")
    page.get_by_role("button", name="Send to Port Nimara").click()
    expect(page.get_by_text("Type your e-mail address.").first).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("public registration", None, at(PAGE)),
        Scene("public registration refused", None, refused, 422),
        Scene("public registration sent", None, at(f"{PAGE}?sent=1")),
        Scene("public registration of a port without one", None, at("/public/hanko-itasatama/register"), 404),
        Scene("registrations", ADMIN, at(CAME_IN)),
        Scene("registrations, who may only look", VIEWER, at(CAME_IN)),
        Scene("registrations, none", BOTH, at(f"{QUIET}/registrations")),
        Scene("registrations that were accepted, none", ADMIN, at(f"{CAME_IN}?status=accepted")),
        Scene("settings of the public registration", ADMIN, at("/port-nimara/admin/settings/registration")),
    )
