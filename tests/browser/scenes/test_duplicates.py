"""Clients that look like one: the queue, what is said before one is created, choosing, comparing, and what was
merged."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.judged import Judged, too_small_for_fingers
from tests.browser.pages import ADMIN, BOTH, CLIENTS, MANAGER, VIEWER
from tests.browser.stage import QUIET, Scene, Stage, at
from tests.browser.windows import Windows

DUPLICATES = f"{CLIENTS}/duplicates"
WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunter"
COMPANY = (
    "Internationale Gesellschaft für die Förderung des Segelsports und der Binnenschifffahrt an der mittleren"
    " Ostseeküste mbH & Co KG"
)


@pytest.fixture(scope="module")
def stage(stage: Stage) -> Stage:
    """Beside the pairs of the demo one with names as long as they come."""
    page = stage.window(ADMIN)
    for name, company in ((WORD, COMPANY), (f"{WORD}s", "")):
        page.goto(f"{CLIENTS}/new")
        page.get_by_label("Full name").fill(name)
        page.get_by_label("Company (optional)").fill(company)
        page.get_by_role("button", name="Create client").click()
        if "clients/new" in page.url or page.locator("#alike").count():
            page.get_by_role("button", name="Create as somebody else").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
    with stage.site.database.connect() as connection:
        connection.execute(
            "INSERT INTO client_duplicates (id, port_id, a_id, b_id, score, reasons, state, created_at, updated_at)"
            " SELECT gen_random_uuid(), a.port_id, a.id, b.id, 64, '[\"similar\"]', 'open', now(), now()"
            " FROM clients a JOIN clients b ON b.full_name = a.full_name || 's' WHERE a.full_name = %s",
            (WORD,),
        )
    return stage


def number(stage: Stage, name: str) -> str:
    return stage.found("SELECT number FROM clients WHERE full_name = %s", name)


def compared(one: str, other: str) -> Callable[[Stage, Page], None]:
    return at(lambda stage: f"{CLIENTS}/{number(stage, one)}/mergers/new?other={number(stage, other)}")


def the_same_in_both(stage: Stage, page: Page) -> None:
    page.goto(f"{CLIENTS}/{number(stage, 'Robert Ashcombe')}/mergers/new?other={number(stage, 'Bob Ashcombe')}")
    page.get_by_text("fields are the same in both").click()
    expect(page.get_by_text("United Kingdom")).to_be_visible()


def changed_meanwhile(stage: Stage, page: Page) -> None:
    one, other = number(stage, "Clémence Vaillant"), number(stage, "Vaillant Clemence")
    page.goto(f"{CLIENTS}/{one}/mergers/new?other={other}")
    colleague = stage.window(MANAGER)
    colleague.goto(f"{CLIENTS}/{other}/edit")
    town = colleague.get_by_label("Town")
    town.fill("Hyères" if town.input_value() != "Hyères" else "Toulon")
    colleague.get_by_role("button", name="Save client").click()
    expect(colleague.get_by_text("Client saved").first).to_be_visible()
    page.get_by_role("button", name="Merge into").click()
    expect(page.get_by_text("One of the two was changed meanwhile")).to_be_visible()


def looks_like(_stage: Stage, page: Page) -> None:
    page.goto(f"{CLIENTS}/new")
    page.get_by_label("Full name").fill("Ashcombe Rob")
    page.get_by_label("Phone").fill("+44 (0)1632 960-417")
    page.get_by_role("button", name="Create client").click()
    expect(page.get_by_text("This looks like")).to_be_visible()


def merged(stage: Stage) -> str:
    merge_id = stage.found("SELECT id FROM client_merge_log WHERE undone_at IS NULL ORDER BY id LIMIT 1")
    return f"{CLIENTS}/{number(stage, 'Isabel Fontes')}/mergers/{merge_id}"


def changed_since(stage: Stage, page: Page) -> None:
    """What undoing would leave as it is."""
    page.goto(f"{CLIENTS}/{number(stage, 'Isabel Fontes')}/edit")
    page.get_by_label("Region").fill("Algarve")
    page.get_by_role("button", name="Save client").click()
    page.goto(merged(stage))
    expect(page.get_by_text("Region is “Algarve” since")).to_be_visible()


def undo_question(stage: Stage, page: Page) -> None:
    page.goto(merged(stage))
    page.get_by_role("button", name="Undo the merge").click()
    expect(page.get_by_role("dialog")).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("duplicates", MANAGER, at(DUPLICATES)),
        Scene("duplicates, none", BOTH, at(f"{QUIET}/clients/duplicates")),
        Scene("looks like somebody", MANAGER, looks_like, 409),
        Scene("merge, with whom", MANAGER, at(lambda stage: f"{CLIENTS}/{number(stage, 'Bob Ashcombe')}/mergers/new")),
        Scene(
            "merge, nobody found",
            MANAGER,
            at(lambda stage: f"{CLIENTS}/{number(stage, 'Bob Ashcombe')}/mergers/new?q=xyzzy+{WORD}"),
        ),
        Scene("merge, compared", MANAGER, compared("Skagern Charters AB", "Skagern Yacht Charter")),
        Scene("merge, long names", MANAGER, compared(WORD, f"{WORD}s")),
        Scene("merge, what is the same", MANAGER, the_same_in_both),
        Scene("merge, changed meanwhile", ADMIN, changed_meanwhile, 409),
        Scene("merged", MANAGER, at(merged)),
        Scene("merged, undo?", MANAGER, undo_question),
        Scene("merged, changed since", MANAGER, changed_since),
        Scene("merged, who may only look", VIEWER, at(merged)),
        Scene("who stands for another", MANAGER, at(lambda stage: f"{CLIENTS}/{number(stage, 'Isabel Fontes')}")),
        Scene("their timeline", MANAGER, at(lambda stage: f"{CLIENTS}/{number(stage, 'Isabel Fontes')}/events")),
    )


def test_fingers_find_it(windows: Windows, stage: Stage) -> None:
    page = windows.open_touched(storage_state=stage.state_of(MANAGER))
    page.goto(DUPLICATES)
    assert too_small_for_fingers(page) == []
    page.get_by_role("link", name=re.compile("^Compare and merge Skagern")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Merge two clients")
    assert too_small_for_fingers(page) == []
