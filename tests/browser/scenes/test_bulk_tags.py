"""Tags for many clients: those who are ticked, the form, refused too; while it is done, and when it was stopped."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, CLIENTS
from tests.browser.stage import Scene, Stage


def ticked(_stage: Stage, page: Page) -> None:
    page.goto(CLIENTS)
    if page.locator(".picking input").count():
        page.evaluate("document.querySelector('.picking input').checked = true")
    for at in range(2):
        page.locator("#rows .c-pick input").nth(at).check()
    expect(page.get_by_role("button", name="Tag", exact=True)).to_be_visible()


def form(stage: Stage, page: Page) -> None:
    ticked(stage, page)
    page.get_by_role("button", name="Tag", exact=True).click()
    expect(page.get_by_role("heading", name="Tags of 2 clients")).to_be_visible()


def refused(stage: Stage, page: Page) -> None:
    form(stage, page)
    page.get_by_role("button", name="Change 2 clients").click()
    expect(page.get_by_role("alert")).to_be_visible()


OF_MANY = """
INSERT INTO change_sets (id, port_id, number, kind, title, status, ending, total, expected, seen, put_back, kept,
                         applied_at, created_at, updated_at)
SELECT gen_random_uuid(), id, %s, 'bulk_edit', 'Tag: Regatta 2027', %s, %s, 1804, 6200, 2000, 0, 0,
       CASE WHEN %s = 'applied' THEN now() END, now(), now() FROM ports WHERE slug = 'port-nimara'
ON CONFLICT DO NOTHING
"""


def of_many(number: int, status: str, ending: str, says: str) -> Callable[[Stage, Page], None]:
    def show(stage: Stage, page: Page) -> None:
        with stage.site.database.connect() as connection:
            connection.execute(OF_MANY, (number, status, ending, status))
        page.goto(f"/port-nimara/changes/{number}")
        expect(page.get_by_text(says)).to_be_visible()

    return show


class TestPages(Judged):
    scenes = (
        Scene("clients, two ticked", ADMIN, ticked),
        Scene("tags of two clients", ADMIN, form),
        Scene("tags of two clients refused", ADMIN, refused, 422),
        Scene("tags of many, under way", ADMIN, of_many(7001, "open", "", "2,000 of 6,200 records")),
        Scene(
            "tags of many, being stopped", ADMIN, of_many(7002, "stopping", "", "Stopping after the records in hand")
        ),
        Scene("tags of many, stopped", ADMIN, of_many(7003, "applied", "stopped", "Stopped after 2,000 of 6,200")),
    )
