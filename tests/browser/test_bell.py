"""The bell follows in every window of its owner, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, StorageState, expect

from app.db import begin, commit
from tests.browser.pages import ADMIN, CLIENTS, MANAGER, is_same, live, mark
from tests.browser.windows import Windows
from tests.servers import Installation
from tests.world import make_notification

pytestmark = pytest.mark.usefixtures("at_work")

NOTIFICATIONS = "/port-nimara/notifications"


def tell(site: Installation, title: str, email: str = ADMIN) -> None:
    with site.database.connect() as connection:
        row = connection.execute(
            "SELECT u.id, p.id FROM users u, ports p WHERE u.email = %s AND p.slug = 'port-nimara'", (email,)
        ).fetchone()
    assert row
    with site.app.app_context():
        begin(port_id=row[1], scope="staff")
        make_notification(row[0], title=title)
        commit()


def bell(page: Page) -> Locator:
    return page.get_by_role("banner").locator("#bell")


def test_the_bell_rings_in_another_window_and_is_silent_once_read(
    site: Installation, state_of: Callable[[str], StorageState], windows: Windows
) -> None:
    reading, working = (windows.open(storage_state=state_of(ADMIN)) for _ in range(2))
    colleague = windows.open(storage_state=state_of(MANAGER))
    for page, path in ((reading, NOTIFICATIONS), (working, f"{CLIENTS}/new"), (colleague, CLIENTS)):
        page.goto(path)
        live(page)
        mark(page)
    before = int(bell(working).inner_text())
    theirs = bell(colleague).inner_text()
    working.get_by_label("Full name").fill("Half typed")

    tell(site, "The crane is stuck")
    expect(bell(working)).to_have_text(str(before + 1))
    expect(reading.get_by_role("button", name="Unread: The crane is stuck")).to_be_visible()
    expect(bell(reading)).to_have_accessible_name(f"{before + 1} unread notifications")

    reading.get_by_role("button", name="Mark “The crane is stuck” read").click()
    expect(bell(working)).to_have_text(str(before))
    reading.get_by_role("button", name="Mark all read").click()
    expect(bell(working)).to_have_text("")
    expect(bell(working)).to_have_accessible_name("Notifications")
    expect(bell(reading)).to_have_text("")
    expect(reading.get_by_role("button", name="Mark all read")).to_have_count(0)

    assert working.get_by_label("Full name").input_value() == "Half typed"
    assert is_same(working)
    assert bell(colleague).inner_text() == theirs
    assert windows.complaints == []


def test_without_scripts_they_are_read_all_the_same(
    site: Installation, state_of: Callable[[str], StorageState], windows: Windows
) -> None:
    tell(site, "The fuel pump is empty")
    page = windows.open(storage_state=state_of(ADMIN), java_script_enabled=False)
    page.goto(NOTIFICATIONS)
    page.get_by_role("button", name="Unread: The fuel pump is empty").click()
    expect(page.get_by_role("button", name="The fuel pump is empty", exact=True)).to_be_visible()
    page.goto("/port-nimara/settings/notifications")
    page.get_by_label("System: Mail").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("System: Mail")).to_be_checked()
    expect(page.get_by_label("Security: Mail")).to_be_disabled()
