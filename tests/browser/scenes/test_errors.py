"""What the product says when it cannot do as asked, and the mails it keeps while nothing sends them."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import Page, expect

from app.mail import outbox
from app.mail.letters import write
from app.mail.server import message_of
from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, BOTH, CLIENTS, IMPORTS, VIEWER
from tests.browser.stage import QUIET, Scene, Stage, at
from tests.servers import Installation


@pytest.fixture(scope="module")
def stage(stage: Stage) -> Stage:
    add_mail(stage.site)
    return stage


def add_mail(site: Installation) -> None:
    """One that was sent."""
    with site.app.app_context():
        words = {"name": "Léa", "link": f"{site.url}/"}
        letter = write("ping", to="lea@example.com", port=None, locale=None, words=words)
        message_id = f"<{uuid.uuid4().hex}@quayside.example>"
        outbox.keep(message_of(letter, message_id=message_id, settings=site.settings))


def one_mail(_stage: Stage, page: Page) -> None:
    page.goto("/dev/mail")
    page.get_by_role("link", name="A greeting to Léa").click()
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("Hello Léa")


def sent_twice(_stage: Stage, page: Page) -> None:
    """The form of a client sent again with other words, as after going back."""
    page.goto(f"{CLIENTS}/new")
    key = page.locator("main [name=_key]").input_value()
    page.get_by_label("Full name").fill("Iris Sent-Once")
    page.get_by_role("button", name="Create client").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Iris Sent-Once")
    page.goto(f"{CLIENTS}/new")
    page.locator("main [name=_key]").evaluate("(field, key) => { field.value = key; }", key)
    page.get_by_label("Full name").fill("Iris Sent-Twice")
    page.get_by_role("button", name="Create client").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Already sent")


def open_too_long(_stage: Stage, page: Page) -> None:
    page.goto(f"{CLIENTS}/new")
    page.locator("main [name=csrf_token]").evaluate("(field) => { field.value = 'of yesterday'; }")
    page.get_by_label("Full name").fill("Iris Too-Late")
    page.get_by_role("button", name="Create client").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Please send it once more")


def send_whole(page: Page, form: str) -> None:
    """As without JavaScript: what answers is a page."""
    with page.expect_navigation():
        page.locator(form).evaluate("(form) => HTMLFormElement.prototype.submit.call(form)")


def too_large(_stage: Stage, page: Page) -> None:
    page.goto(f"{CLIENTS}/new")
    page.get_by_label("Full name").evaluate("(field) => { field.value = 'M'.repeat(2 ** 21); }")
    send_whole(page, "main form")


def too_often(_stage: Stage, page: Page) -> None:
    path = f"{QUIET}/clients/imports"
    page.goto(f"{path}/new")
    for _ in range(10):
        page.request.post(path, headers={"Origin": page.evaluate("location.origin")})
    send_whole(page, "main form")


def broken(stage: Stage, page: Page) -> None:
    with stage.site.database.connect() as connection:
        connection.execute("ALTER TABLE imports RENAME TO elsewhere")
        try:
            page.goto(IMPORTS)
        finally:
            connection.execute("ALTER TABLE elsewhere RENAME TO imports")


def away(stage: Stage, page: Page) -> None:
    """The table is locked for longer than a request waits."""
    with stage.site.database.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE imports")
        page.goto(IMPORTS)


class TestPages(Judged):
    scenes = (
        Scene("outbox", None, at("/dev/mail")),
        Scene("outbox, one mail", None, one_mail),
        Scene("400", ADMIN, open_too_long, 400),
        Scene("403", VIEWER, at(f"{CLIENTS}/new"), 403),
        Scene("404", ADMIN, at(f"{CLIENTS}/999999"), 404),
        Scene("404, not signed in", None, at("/nowhere/at/all"), 404),
        Scene("409", ADMIN, sent_twice, 409),
        Scene("413", ADMIN, too_large, 413),
        Scene("429", BOTH, too_often, 429),
        Scene("500", ADMIN, broken, 500),
        Scene("503", ADMIN, away, 503),
    )
