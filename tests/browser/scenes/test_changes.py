"""Many clients changed at once: choosing what, and what was done; under way, done, taken back."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged, too_small_for_fingers
from tests.browser.pages import AGENT, CLIENTS, MANAGER
from tests.browser.stage import Scene, Stage, at
from tests.browser.windows import Windows

NEW = f"{CLIENTS}/bulk-edits/new"
CHANGES = "/port-nimara/changes"
OF_BULK_EDITS = "change_set_id IN (SELECT id FROM change_sets WHERE kind = 'bulk_edit')"


def ticked(stage: Stage, act: str) -> str:
    return f"{NEW}?act={act}&" + "&".join(f"number={number}" for number in stage.numbers[:6])


def done(stage: Stage, page: Page) -> str:
    """Six clients changed at the click; the address of what was done."""
    page.goto(ticked(stage, "edit"))
    page.get_by_label("Source").select_option(label="Event")
    page.get_by_role("button", name="Change 6 clients").click()
    expect(page.get_by_text("clients changed").first).to_be_visible()
    return f"{CHANGES}/{stage.found('SELECT max(number) FROM change_sets')}"


def applied(stage: Stage, page: Page) -> None:
    page.goto(done(stage, page))
    expect(page.get_by_role("button", name="Undo")).to_be_visible()


def under_way(stage: Stage, page: Page) -> None:
    """As it stands while the job is at it."""
    with stage.site.database.connect() as connection:
        connection.execute("UPDATE change_sets SET status = 'open', expected = 24, seen = 6 WHERE kind = 'bulk_edit'")
    page.goto(f"{CHANGES}/{stage.found('SELECT max(number) FROM change_sets')}")
    expect(page.get_by_role("heading", name="Under way")).to_be_visible()


def undone(stage: Stage, page: Page) -> None:
    """But for one that was changed since."""
    with stage.site.database.connect() as connection:
        connection.execute(f"UPDATE change_items SET outcome = 'put_back' WHERE {OF_BULK_EDITS}")
        connection.execute(
            "UPDATE change_items SET outcome = 'kept', reason = 'Source: changed since by Mats Berg'"
            f" WHERE id = (SELECT id FROM change_items WHERE {OF_BULK_EDITS} ORDER BY id LIMIT 1)"
        )
        connection.execute(
            "UPDATE change_sets SET status = 'rolled_back', put_back = total - 1, kept = 1 WHERE kind = 'bulk_edit'"
        )
    page.goto(f"{CHANGES}/{stage.found('SELECT max(number) FROM change_sets')}")
    expect(page.get_by_text("changed since by Mats Berg")).to_be_visible()


def nothing_chosen(stage: Stage, page: Page) -> None:
    page.goto(ticked(stage, "edit"))
    page.get_by_role("button", name="Change 6 clients").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose what to change")


class TestPages(Judged):
    scenes = (
        Scene("edit many", MANAGER, at(lambda stage: ticked(stage, "edit"))),
        Scene("edit all that match", MANAGER, at(f"{NEW}?act=edit&all=1&list=status%3Dactive")),
        Scene("edit many, nothing chosen", MANAGER, nothing_chosen, 422),
        Scene("assign many", AGENT, at(lambda stage: ticked(stage, "assign"))),
        Scene("archive many", MANAGER, at(lambda stage: ticked(stage, "archive"))),
        Scene("nobody ticked", MANAGER, at(NEW)),
        Scene("changed", MANAGER, applied),
        Scene("being changed", MANAGER, under_way),
        Scene("changed back", MANAGER, undone),
    )


def test_fingers_find_it(windows: Windows, stage: Stage) -> None:
    page = windows.open_touched(storage_state=stage.state_of(MANAGER))
    page.goto(ticked(stage, "edit"))
    assert too_small_for_fingers(page) == []
