"""The main job on real input: a contact file comes in, a person is opened and edited, a colleague's window follows,
and another port sees none of it."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import (
    ADMIN,
    AGENT,
    CLIENTS,
    ELSEWHERE,
    IMPORTS,
    contacts,
    is_same,
    live,
    mark,
    number_of,
    reload_until,
    row_of,
    upload,
)
from tests.browser.windows import Windows, sign_in

GOOD = (
    ("Tove", "Ångström", "", "tove@{0}", "+46 70 17 {1}", "Göteborg", "Sweden"),
    ("Anaïs", "O’Malley-Dupré", "", "anais@{}", "", "Toulon", "France"),
    ("", "", "Ørsted & Søn Bådbyggeri", "post@{}", "", "Svendborg", "Denmark"),
    ("Bartholomew", "Penhaligon", "Carrick Roads Sailing", "bart@{}", "", "Falmouth", "UK"),
)
WRONG = (
    (("Nils", "Holgersson", "", "nils at {}", "", "", "Sweden"), "“nils at"),
    (("Selma", "Ottilia", "", "", "12", "", ""), "“12”"),
    (("Alice", "Pleasance", "", "alice@{}", "", "", "Wonderland"), "“Wonderland” is not a country."),
    (("", "", "", "nameless@{}", "", "", ""), "There is no name in this row."),
)

pytestmark = pytest.mark.usefixtures("at_work")
TWICE = ("Tove", "A.", "", "TOVE@{}", "", "", "")
MANY = 2_400
COMPANY = "Hangon Vierasvenesatama"
NOTE = "Comes back in May with a longer boat."


def contact_file(name: str, host: str, line: str, *, more: int = 0) -> str:
    """As it comes out of an address book: mostly good, some rows wrong, one person in it twice."""
    first, last = name.split()
    hero = (first, last, "", f"{first.lower()}@{host}", f"040 555 {line}", "Hanko", "Finland")
    rows = [*GOOD, *(row for row, _reason in WRONG), TWICE]
    return contacts(hero, *([cell.format(host, line) for cell in row] for row in rows), more=more)


def watch_progress(page: Page) -> None:
    """Keep every value the progress bar of the import shows."""
    page.add_init_script(
        """window.shown = [];
        new MutationObserver(() => {
          const bar = document.querySelector("section[data-status=running] progress");
          if (bar) window.shown.push([bar.value, bar.max]);
        }).observe(document, { subtree: true, childList: true, attributes: true });"""
    )


def send_file(page: Page, text: str) -> None:
    page.goto(CLIENTS)
    page.locator("main").get_by_role("link", name="Import", exact=True).click()
    page.get_by_role("link", name="Import a file").first.click()
    page.get_by_label("Contact file").set_input_files(upload(text))
    page.get_by_role("button", name="Check the file").click()


def check_preview(page: Page, *, new: int) -> None:
    figures = page.get_by_role("region", name="Result of the check").locator("dd.big")
    expect(figures).to_have_text([f"{new:,}", "0", "1", str(len(WRONG))])
    # What needs somebody comes first, each with its reason.
    rows = page.locator(".verdicts tbody tr")
    for at, (_row, reason) in enumerate(WRONG):
        expect(rows.nth(at)).to_contain_text("Wrong")
        expect(rows.nth(at)).to_contain_text(reason)
    expect(rows.nth(len(WRONG))).to_contain_text("Row 3 is used")
    columns = page.get_by_role("region", name="Columns of the file").get_by_role("listitem")
    expect(columns.filter(has_text="E-mail 1 - Value")).to_contain_text(re.compile(r"E-mail$"))
    expect(columns.filter(has_text="Group Membership")).to_contain_text("Tags")


def open_client(page: Page, name: str) -> int:
    """From anywhere in the list, by the letter the name begins with; gives the client's number."""
    letters = page.get_by_role("navigation", name="Go to a letter")
    letters.get_by_role("link", name=name[0], exact=True).click()
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return number_of(page)


def edit(page: Page) -> None:
    page.locator(".record-top").get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Company (optional)").fill(COMPANY)
    page.get_by_label("Status").select_option(label="Active")
    page.get_by_role("button", name="Save client").click()
    expect(page.get_by_text("Client saved").first).to_be_visible()


def write_note(page: Page) -> None:
    page.get_by_role("textbox", name="New note").fill(NOTE)
    page.get_by_role("button", name="Add note").click()
    check_notes(page)


def check_notes(page: Page) -> None:
    expect(page.get_by_role("region", name="Notes").get_by_role("listitem")).to_contain_text(NOTE)


def check_detail(page: Page, phone: str) -> None:
    expect(page.locator(".record-head")).to_contain_text("Active")
    expect(page.get_by_role("region", name="Details")).to_contain_text(COMPANY)
    expect(page.get_by_role("region", name="Contacts")).to_contain_text(phone)
    expect(page.get_by_role("region", name="Timeline")).to_contain_text("Dana Fields changed the details")


def see_nothing(page: Page, number: int, name: str) -> None:
    """Another port's staff: no page at the address, no row in the list."""
    for path in (f"{CLIENTS}/{number}", CLIENTS, f"{CLIENTS}/{number}/edit", IMPORTS):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 404, path
        expect(page.get_by_role("heading", level=1)).to_have_text("Nothing here")
    page.goto("/hanko-itasatama/clients?sort=created")
    expect(page.get_by_role("heading", level=1)).to_have_text("Clients")
    expect(row_of(page, name)).to_have_count(0)
    # The same number is another client here, or none.
    page.goto(f"/hanko-itasatama/clients/{number}")
    expect(page.get_by_role("heading", level=1)).not_to_have_text(name)


def test_two_windows(windows: Windows) -> None:
    windows.forgive("status of 404")
    hero = "Siiri Mäki-Kuutti"
    admin, colleague, stranger = windows.open(), windows.open(), windows.open()
    watch_progress(admin)
    sign_in(colleague, AGENT)
    colleague.goto(f"{CLIENTS}?sort=created")
    live(colleague)
    mark(colleague)

    sign_in(admin, ADMIN)
    send_file(admin, contact_file(hero, "marina.example", "0177", more=MANY))
    new = 1 + len(GOOD) + MANY
    check_preview(admin, new=new)
    admin.get_by_role("button", name=f"Import {new:,} rows").click()
    expect(admin.get_by_role("heading", name="Import finished")).to_be_visible(timeout=60_000)
    shown = admin.evaluate("window.shown")
    done = [value for value, _total in shown]
    falls = [(earlier, later) for earlier, later in pairwise(done) if later < earlier]
    assert len(falls) <= 2, falls  # a page that was on its way when the bar moved; it is asked for again
    assert any(0 < value < total for value, total in shown), f"the bar never stood between: {shown}"
    # The colleague's list shows who came.
    expect(row_of(colleague, f"Guest {MANY - 1:04d}")).to_be_visible()
    assert is_same(colleague)

    # Two windows of the colleague: the list where the person stands, and the person.
    admin.get_by_role("link", name="Show the clients").click()
    number = open_client(admin, hero)
    detail = colleague.context.new_page()
    assert open_client(colleague, hero) == number
    detail.goto(colleague.url)
    colleague.go_back()
    for page in (colleague, detail):
        live(page)
        mark(page)
    edit(admin)
    expect(row_of(colleague, hero)).to_contain_text(COMPANY)
    expect(row_of(colleague, hero)).to_contain_text("Active")
    check_detail(detail, "+358 40 5550177")
    write_note(admin)
    check_notes(detail)
    assert is_same(colleague)
    assert is_same(detail)

    sign_in(stranger, ELSEWHERE)
    see_nothing(stranger, number, hero)


def test_without_scripts(windows: Windows) -> None:
    windows.forgive("status of 404")
    hero = "Saimi Pohjanpää"
    admin, colleague, stranger = (windows.open(java_script_enabled=False) for _ in range(3))
    sign_in(admin, ADMIN)
    send_file(admin, contact_file(hero, "harbour.example", "0188"))
    reload_until(admin, admin.get_by_role("region", name="Result of the check").is_visible)
    check_preview(admin, new=1 + len(GOOD))
    admin.get_by_role("button", name=f"Import {1 + len(GOOD)} rows").click()
    reload_until(admin, admin.get_by_role("heading", name="Import finished").is_visible)
    admin.get_by_role("link", name="Show the clients").click()
    number = open_client(admin, hero)

    sign_in(colleague, AGENT)
    colleague.goto(CLIENTS)
    assert open_client(colleague, hero) == number
    edit(admin)
    write_note(admin)
    colleague.reload()
    check_detail(colleague, "+358 40 5550188")
    check_notes(colleague)
    put_away_and_back(admin)

    sign_in(stranger, ELSEWHERE)
    see_nothing(stranger, number, hero)


def put_away_and_back(page: Page) -> None:
    page.get_by_role("button", name="Archive", exact=True).click()
    page.get_by_role("button", name="Archive client").click()
    expect(page.locator(".record-head")).to_contain_text("Archived")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".record-head")).not_to_contain_text("Archived")
