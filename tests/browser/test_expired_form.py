"""A form that was open for too long: nothing typed is lost, with scripts and without."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, StorageState, expect

from tests.browser.pages import CLIENTS, MANAGER
from tests.browser.windows import Windows

REFUSED = "status of 400"


def forget_the_form_cookie(page: Page) -> None:
    """What happens when somebody signs in anew in another tab, or the browser forgets its cookies."""
    page.context.clear_cookies(name="quayside_form")


def test_in_a_fragment_the_words_stay_and_are_sent_again(
    windows: Windows, state_of: Callable[[str], StorageState]
) -> None:
    page = windows.open(storage_state=state_of(MANAGER))
    windows.forgive(REFUSED)
    page.goto(CLIENTS)
    page.locator("#rows .name").first.click()
    note = page.get_by_label("New note")
    note.fill("Wants shore power before Easter")
    forget_the_form_cookie(page)
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#errors")).to_contain_text("Please send it once more")
    expect(note).to_have_value("Wants shore power before Easter")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_role("region", name="Notes")).to_contain_text("Wants shore power before Easter")
    expect(note).to_have_value("")


def test_an_answer_takes_the_error_before_it_away(windows: Windows, state_of: Callable[[str], StorageState]) -> None:
    page = windows.open(storage_state=state_of(MANAGER))
    windows.forgive(REFUSED)
    windows.forgive("status of 422")
    page.goto(CLIENTS)
    page.locator("#rows .name").first.click()
    note = page.get_by_role("textbox", name="New note")
    forget_the_form_cookie(page)
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#errors [data-error]")).to_be_focused()
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_text("Write the note first.")).to_be_visible()
    expect(note).to_be_focused()
    expect(page.locator("#errors")).to_be_empty()


def test_without_scripts_the_error_page_sends_it_again(
    windows: Windows, state_of: Callable[[str], StorageState]
) -> None:
    page = windows.open(storage_state=state_of(MANAGER), java_script_enabled=False)
    windows.forgive(REFUSED)
    page.goto(f"{CLIENTS}/new")
    page.get_by_label("Full name").fill("Émile “Mimi” <Ørsted>")
    forget_the_form_cookie(page)
    page.get_by_role("button", name="Create client").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Please send it once more")
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Émile “Mimi” <Ørsted>")
