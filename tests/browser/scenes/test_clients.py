"""The clients: list, record, contacts, notes, forms."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.browser.judged import Judged, too_small_for_fingers
from tests.browser.pages import ADMIN, BOTH, CLIENTS, MANAGER, VIEWER
from tests.browser.stage import QUIET, Scene, Stage, at, write_history
from tests.browser.windows import Windows


@pytest.fixture(scope="module")
def stage(stage: Stage) -> Stage:
    """Something of everything about the first client; the second is archived."""
    write_history(stage.window(ADMIN), stage.client(0))
    with stage.site.database.connect() as connection:
        connection.execute(
            "UPDATE clients SET archived_at = %s FROM ports"
            " WHERE ports.id = port_id AND slug = 'port-nimara' AND number = %s",
            (datetime.now(UTC), stage.numbers[1]),
        )
    return stage


def contact(stage: Stage, at: int) -> str:
    """The address of the first contact of a client."""
    found = stage.found(
        "SELECT c.id FROM client_contacts c JOIN clients ON clients.id = c.client_id"
        " JOIN ports ON ports.id = c.port_id WHERE slug = 'port-nimara' AND number = %s ORDER BY c.id LIMIT 1",
        stage.numbers[at],
    )
    return f"{stage.client(at)}/contacts/{found}"


def user_menu(_stage: Stage, page: Page) -> None:
    page.goto(CLIENTS)
    page.locator("details.menu.user summary").click()


def filter_sheet(_stage: Stage, page: Page) -> None:
    page.goto(f"{CLIENTS}?status=active")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("heading", name="Filter")).to_be_visible()


def drawer(_stage: Stage, page: Page) -> None:
    page.goto(CLIENTS)
    page.get_by_role("button", name="Menu").first.click()
    expect(page.locator("#side")).to_be_visible()


def second_page(_stage: Stage, page: Page) -> None:
    page.goto(f"{CLIENTS}?sort=updated")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Next").click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("51–100")


def contact_in_place(stage: Stage, page: Page) -> None:
    page.goto(stage.client(0))
    page.get_by_role("link", name="Add contact").click()
    expect(page.locator("#contact-form")).to_be_visible()


def contact_refused_in_place(stage: Stage, page: Page) -> None:
    contact_in_place(stage, page)
    page.locator("#contact-form").get_by_role("textbox").first.fill("no at sign")
    page.locator("#contact-form").get_by_role("button", name="Add contact").click()
    expect(page.locator("#contact-form [aria-invalid=true]")).to_be_visible()


def contact_refused(stage: Stage, page: Page) -> None:
    page.goto(f"{contact(stage, 0)}/edit")
    page.locator("#value").fill("")
    page.get_by_role("button", name="Save contact").click()
    expect(page.locator("[aria-invalid=true]")).to_be_visible()


def note_refused(stage: Stage, page: Page) -> None:
    page.goto(stage.client(2))
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_text("Write the note first.")).to_be_visible()


def tag_menu(stage: Stage, page: Page) -> None:
    page.goto(stage.client(2))
    page.locator(".tag-menu summary").click()
    expect(page.get_by_label("Name of the tag")).to_be_visible()


def tag_refused(stage: Stage, page: Page) -> None:
    tag_menu(stage, page)
    page.get_by_role("button", name="Add tag").click()
    expect(page.get_by_text("Type the name of a tag.")).to_be_visible()


def colleague_offered(stage: Stage, page: Page) -> None:
    page.goto(stage.client(2))
    page.get_by_role("textbox", name="New note").press_sequentially("Ask @mats")
    expect(page.get_by_role("option", name="Mats Berg")).to_be_visible()


def colleague_named(stage: Stage, page: Page) -> None:
    colleague_offered(stage, page)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".mention").first).to_have_text("@Mats Berg")


def note_edited(stage: Stage, page: Page) -> None:
    colleague_named(stage, page)
    page.get_by_role("link", name="Edit the note “Ask @Mats Berg”").first.click()
    expect(page.get_by_role("heading", name="Edit note")).to_be_visible()


def custom_refused(stage: Stage, page: Page) -> None:
    page.goto(f"{stage.client(2)}/edit")
    page.get_by_label("Key deposit").fill("plenty")
    page.get_by_role("button", name="Save client").click()
    expect(page.get_by_role("alert")).to_be_visible()


def note_removed(stage: Stage, page: Page) -> None:
    page.goto(stage.client(3))
    page.get_by_role("textbox", name="New note").fill("Only for a moment.")
    page.get_by_role("button", name="Add note").click()
    page.get_by_role("button", name="Remove the note “Only for a moment.”").first.click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()


def archive_question(stage: Stage, page: Page) -> None:
    page.goto(stage.client(0))
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()


def edit_refused(stage: Stage, page: Page) -> None:
    page.goto(f"{stage.client(0)}/edit")
    page.get_by_label("Full name").fill("")
    page.get_by_role("button", name="Save client").click()
    expect(page.get_by_role("alert")).to_be_visible()


def edit_clash(stage: Stage, page: Page) -> None:
    """A colleague saves the same fields first."""
    path = f"{stage.client(4)}/edit"
    page.goto(path)
    other = stage.window(MANAGER)
    other.goto(path)
    for window, town, status in ((other, "Road Bay", "Former"), (page, "Blowing Point", "Prospect")):
        suffix = "" if window.get_by_label("Town").input_value() != town else " West"
        window.get_by_label("Town").fill(f"{town}{suffix}")
        window.get_by_label("Status").select_option(label=status)
        window.get_by_role("button", name="Save client").click()
    expect(page.locator("fieldset.clash").first).to_be_visible()


def new_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{CLIENTS}/new")
    page.get_by_label("Phone").fill("12")
    page.get_by_label("E-mail", exact=False).first.fill("not an address")
    page.get_by_role("button", name="Create client").click()
    expect(page.get_by_role("alert")).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("list", ADMIN, at(CLIENTS)),
        Scene("client, choosing a tag", ADMIN, tag_menu),
        Scene("client, tag refused", ADMIN, tag_refused, 422),
        Scene("client, a colleague offered", ADMIN, colleague_offered),
        Scene("client, a colleague named", ADMIN, colleague_named),
        Scene("note, edit", ADMIN, note_edited),
        Scene("client, custom field refused", ADMIN, custom_refused, 422),
        Scene("list, one tag", ADMIN, at(f"{CLIENTS}?custom_winter_place=hall_a")),
        Scene("list, second page", ADMIN, second_page),
        Scene("list, who may only look", VIEWER, at(CLIENTS)),
        Scene("list, nobody matches", ADMIN, at(f"{CLIENTS}?status=former&kind=company&source=event&archived=1")),
        Scene("list, archived", ADMIN, at(f"{CLIENTS}?archived=1")),
        Scene("list, empty", BOTH, at(f"{QUIET}/clients")),
        Scene("list, menu open", ADMIN, user_menu),
        Scene("list, filter sheet", ADMIN, filter_sheet, widths=(390, 320)),
        Scene("list, drawer", BOTH, drawer, widths=(390, 320)),
        Scene("client", ADMIN, at(lambda stage: stage.client(0))),
        Scene("client, who may only look", VIEWER, at(lambda stage: stage.client(0))),
        Scene("client, archived", ADMIN, at(lambda stage: stage.client(1))),
        Scene("client, archive?", ADMIN, archive_question),
        Scene("client, contact in place", ADMIN, contact_in_place),
        Scene("client, contact refused in place", ADMIN, contact_refused_in_place, 422),
        Scene("client, note refused", ADMIN, note_refused, 422),
        Scene("client, note removed", ADMIN, note_removed),
        Scene("timeline", ADMIN, at(lambda stage: f"{stage.client(0)}/events")),
        Scene("edit", ADMIN, at(lambda stage: f"{stage.client(0)}/edit")),
        Scene("edit refused", ADMIN, edit_refused, 422),
        Scene("edit, clash", ADMIN, edit_clash, 409),
        Scene("new", ADMIN, at(f"{CLIENTS}/new")),
        Scene("new refused", ADMIN, new_refused, 422),
        Scene("new contact", ADMIN, at(lambda stage: f"{stage.client(0)}/contacts/new")),
        Scene("edit contact", ADMIN, at(lambda stage: f"{contact(stage, 0)}/edit")),
        Scene("edit contact refused", ADMIN, contact_refused, 422),
    )


def test_fingers_find_it(windows: Windows, stage: Stage) -> None:
    page = windows.open_touched(storage_state=stage.state_of(ADMIN))
    for path in (CLIENTS, stage.client(0), f"{stage.client(0)}/edit", f"{CLIENTS}/new"):
        page.goto(path)
        assert too_small_for_fingers(page) == [], path
