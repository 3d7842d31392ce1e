"""The administration of a port, its audit log, and the ports themselves."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, BOTH
from tests.browser.stage import QUIET, SUPER, Scene, Stage, at, write_history

SETTINGS = "/port-nimara/admin/settings"
LOG = "/port-nimara/admin/audit"


@pytest.fixture(scope="module")
def stage(stage: Stage) -> Stage:
    write_history(stage.window(ADMIN), stage.client(0))
    return stage


def settings_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{SETTINGS}/hours")
    page.get_by_label("Tuesday").fill("18-9")
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_role("alert")).to_be_visible()


def settings_clash(stage: Stage, page: Page) -> None:
    """A colleague saves the same field first."""
    path, label, days = f"{SETTINGS}/sales", "Follow-up reminders", "5, 10"
    page.goto(path)
    other = stage.window(SUPER)
    other.goto(path)
    other.get_by_label(label).fill("6, 12" if other.get_by_label(label).input_value() == days else days)
    page.get_by_label(label).fill("2, 4")
    other.get_by_role("button", name="Save settings").click()
    expect(other.locator("#toasts")).to_contain_text("Settings saved")
    page.get_by_role("button", name="Save settings").click()
    expect(page.locator("fieldset.clash")).to_be_visible()


def holiday_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{SETTINGS}/hours")
    page.get_by_role("button", name="Add holiday").click()
    expect(page.get_by_text("Choose the day.")).to_be_visible()


def tag_refused(_stage: Stage, page: Page) -> None:
    page.goto("/port-nimara/admin/tags/new")
    page.get_by_role("button", name="Create tag").click()
    expect(page.get_by_role("alert")).to_be_visible()


def tag_archived(_stage: Stage, page: Page) -> None:
    page.goto("/port-nimara/admin/tags")
    page.get_by_role("button", name="Archive VIP").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Archive VIP")).to_be_visible()


def changes_of(stage: Stage, at: int) -> str:
    """The audit log of what was changed on a client."""
    client_id = stage.found(
        "SELECT c.id FROM clients c JOIN ports ON ports.id = c.port_id WHERE slug = 'port-nimara' AND number = %s",
        stage.numbers[at],
    )
    return f"{LOG}?what=client:updated&subject=client:{client_id}"


def audit_entry(stage: Stage, page: Page) -> None:
    """The latest change of the first client."""
    page.goto(changes_of(stage, 0))
    page.locator("td.when a").first.click()
    expect(page.get_by_role("heading", name="How it was recorded")).to_be_visible()


def audit_refused(stage: Stage, page: Page) -> None:
    """A change that was made again since is not taken back."""
    for name in ("Skipper", "Captain"):
        page.goto(f"{stage.client(5)}/edit")
        suffix = " Two" if page.get_by_label("Preferred name").input_value() == name else ""
        page.get_by_label("Preferred name").fill(name + suffix)
        page.get_by_role("button", name="Save client").click()
        expect(page.locator("#toasts .toast")).to_contain_text("saved")
    page.goto(changes_of(stage, 5))
    page.get_by_role("button", name="Revert").nth(1).click()
    expect(page.get_by_text("This was not taken back")).to_be_visible()


def branding_corrected(_stage: Stage, page: Page) -> None:
    page.goto("/hanko-itasatama/admin/port/branding")
    page.get_by_label("Primary colour").fill("#ffb703")
    page.get_by_role("button", name="Save colours").click()
    expect(page.get_by_text("would be hard to read")).to_be_visible()


def logo_refused(_stage: Stage, page: Page) -> None:
    page.goto("/port-nimara/admin/port/branding")
    page.get_by_label("Picture").set_input_files(
        {"name": "logo.svg", "mimeType": "image/svg+xml", "buffer": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}
    )
    page.get_by_role("button", name="Save logo").click()
    expect(page.get_by_text("SVG is not taken")).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("administration", ADMIN, at("/port-nimara/admin")),
        Scene("administration, new port", BOTH, at(f"{QUIET}/admin")),
        Scene("settings", ADMIN, at(SETTINGS)),
        Scene("settings, sales", ADMIN, at(f"{SETTINGS}/sales")),
        Scene("settings, berths", ADMIN, at(f"{SETTINGS}/berths")),
        Scene("settings, hours", ADMIN, at(f"{SETTINGS}/hours")),
        Scene("settings, no holidays", BOTH, at(f"{QUIET}/admin/settings/hours")),
        Scene("settings, money", ADMIN, at(f"{SETTINGS}/money")),
        Scene("settings, security", ADMIN, at(f"{SETTINGS}/security")),
        Scene("settings, mail", ADMIN, at(f"{SETTINGS}/mail")),
        Scene("settings refused", ADMIN, settings_refused, 422),
        Scene("settings, clash", ADMIN, settings_clash, 409),
        Scene("holiday refused", ADMIN, holiday_refused, 422),
        Scene("checklist", BOTH, at(f"{QUIET}/admin/onboarding")),
        Scene("tags", ADMIN, at("/port-nimara/admin/tags")),
        Scene("tags, none", BOTH, at(f"{QUIET}/admin/tags")),
        Scene("tags, one archived and back", ADMIN, tag_archived),
        Scene("new tag", ADMIN, at("/port-nimara/admin/tags/new")),
        Scene("new tag refused", ADMIN, tag_refused, 422),
        Scene("audit", ADMIN, at(LOG)),
        Scene("audit, nothing matches", ADMIN, at(f"{LOG}?what=system:alert&from=2099-01-01")),
        Scene("audit, one entry", ADMIN, audit_entry),
        Scene("audit, not taken back", ADMIN, audit_refused, 409),
        Scene("this port", ADMIN, at("/port-nimara/admin/port")),
        Scene("branding", ADMIN, at("/port-nimara/admin/port/branding")),
        Scene("branding, corrected", SUPER, branding_corrected),
        Scene("branding, logo refused", ADMIN, logo_refused, 422),
        Scene("ports", SUPER, at("/port-nimara/admin/ports")),
        Scene("port, new", SUPER, at("/port-nimara/admin/ports/new")),
    )
