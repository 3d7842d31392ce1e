"""What was typed and not sent: the browser asks before it is lost, and only then."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, Page, StorageState, expect

from tests.browser.pages import CLIENTS, MANAGER
from tests.browser.windows import Windows


@pytest.fixture
def asked(page: Page) -> list[str]:
    """The questions of the window, each answered with yes."""
    questions: list[str] = []

    def answer(dialog: Dialog) -> None:
        questions.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    return questions


@pytest.fixture
def page(windows: Windows, state_of: Callable[[str], StorageState]) -> Page:
    page = windows.open(storage_state=state_of(MANAGER))
    page.goto(CLIENTS)
    page.locator("#rows .name").first.click()
    return page


def test_what_is_sent_is_not_asked_about(page: Page, asked: list[str]) -> None:
    page.locator(".record-top").get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Town").fill("Sandy Ground")
    page.get_by_role("button", name="Save client").click()
    expect(page.get_by_role("region", name="Details")).to_contain_text("Sandy Ground")
    assert asked == []


def test_another_form_does_not_take_it_along(page: Page, asked: list[str]) -> None:
    page.locator(".record-top").get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Region").fill("Not sent")
    page.goto(page.url)
    assert asked == ["beforeunload"]
    page.get_by_label("Region").fill("Not sent either")
    page.evaluate("document.querySelector('.side-toggle').removeAttribute('data-preference')")
    page.get_by_role("button", name="Narrow menu").click()
    expect(page.locator("html")).to_have_attribute("data-side", "narrow")
    assert asked == ["beforeunload"] * 2


def test_a_form_in_place_that_was_sent_leaves_the_next_one_guarded(page: Page, asked: list[str]) -> None:
    form = page.locator("#contact-form")
    page.get_by_role("link", name="Add contact").click()
    form.locator("#value").fill("unsaved@example.com")
    form.get_by_role("button", name="Add contact").click()
    expect(page.get_by_role("region", name="Contacts")).to_contain_text("unsaved@example.com")
    expect(form).to_have_count(0)
    page.get_by_role("link", name="Add contact").click()
    form.locator("#value").fill("other@example.com")
    page.reload()
    assert asked == ["beforeunload"]
