"""The work of a harbour office in a browser that runs no scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal

import pytest
from playwright.sync_api import FilePayload, Page, StorageState, expect

from app.formats import today
from tests.browser.pages import ADMIN, CLIENTS, IMPORTS, number_of, reload_until
from tests.browser.windows import Windows
from tests.servers import Installation

pytestmark = pytest.mark.usefixtures("at_work")

PORT = "/port-nimara"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF"
DAY = timedelta(days=1)


@pytest.fixture
def page(windows: Windows, state_of: Callable[[str], StorageState]) -> Page:
    windows.forgive("status of 409")  # where somebody is asked whether it is meant
    return windows.open(storage_state=state_of(ADMIN), java_script_enabled=False)


def press(page: Page, name: str, role: Literal["button", "link"] = "button") -> None:
    page.get_by_role(role, name=name, exact=True).first.click()


def name_of(page: Page, number: int) -> str:
    page.goto(f"{CLIENTS}/{number}")
    return page.get_by_role("heading", level=1).inner_text()


def coming(days: int) -> date:
    return today() + DAY * days


def test_a_vessel_is_added_measured_papered_and_sold(page: Page) -> None:
    buyer = name_of(page, 1002)
    page.goto(f"{PORT}/vessels/new")
    page.locator("[name=client]").fill("1001")
    page.get_by_label("Name", exact=True).fill("Plain Sailing")
    page.get_by_label("Length (optional)").fill("39'8\"")
    press(page, "Create vessel")
    expect(page.get_by_role("heading", level=1)).to_have_text("Plain Sailing")

    press(page, "Measure", "link")
    page.get_by_label("Length").fill("12.11")
    press(page, "Save measures")
    expect(page.locator(".dims")).to_contain_text("12.11")
    expect(page.locator(".dims")).to_contain_text("measured")

    press(page, "Add document", "link")
    page.get_by_label("Kind").select_option("Insurance")
    page.get_by_label("Issued by").fill("The Third Party")
    page.get_by_label("Valid until").fill(str(coming(400)))
    paper: FilePayload = {"name": "policy.pdf", "mimeType": "application/pdf", "buffer": PDF}
    page.get_by_label("The paper itself").set_input_files(paper)
    press(page, "Add document")
    expect(page.locator(".papers")).to_contain_text("The Third Party")

    press(page, "Change owner", "link")
    page.locator("[name=client]").fill("1002")
    press(page, "Change owner")
    expect(page.locator("main")).to_contain_text(buyer)


def test_people_are_related_noted_tagged_and_described(page: Page) -> None:
    other = name_of(page, 1003)
    page.goto(f"{CLIENTS}/1001/relationships/new")
    page.get_by_label("Who they are to this client").select_option(index=1)
    page.get_by_label("Client", exact=True).fill("1003")
    press(page, "Add related client")
    expect(page.get_by_role("link", name=other)).to_be_visible()

    page.get_by_role("textbox", name="New note").fill("Ask @Mats Berg about the winter place")
    press(page, "Add note")
    expect(page.locator(".notes .mention").first).to_have_text("@Mats Berg")

    page.locator(".tag-menu > summary").click()
    page.get_by_label("Name of the tag").fill("Seen plainly")
    press(page, "Add tag")
    expect(page.locator(".tag-list").first).to_contain_text("Seen plainly")
    press(page, "Take the tag “Seen plainly” off")
    expect(page.locator(".tag-line > .tag-list")).not_to_contain_text("Seen plainly")

    page.goto(f"{PORT}/admin/custom-fields/new?resource=client")
    page.get_by_label("Name", exact=True).fill("Sail number")
    press(page, "Create field")
    page.goto(f"{CLIENTS}/1001/edit")
    page.get_by_label("Sail number").fill("FIN 1042")
    press(page, "Save client")
    expect(page.locator("main")).to_contain_text("FIN 1042")


@pytest.mark.parametrize("act", ["tag", "assign"])
def test_many_are_ticked_and_changed_at_once(page: Page, act: str) -> None:
    page.goto(CLIENTS)
    for at in range(2):
        page.locator("#rows .c-pick input").nth(at).check()
    if act == "tag":
        press(page, "Tag")
        page.get_by_label("Tag", exact=True).fill("Seen in bulk")
    else:
        press(page, "Assign")
        page.get_by_label("Owner").select_option("Inês Rocha")
    page.locator("main form button[type=submit]").last.click()
    expect(page.locator("#toasts").get_by_role("button", name="Undo")).to_be_visible()


def test_the_scratchpad_is_kept(page: Page) -> None:
    page.goto(f"{PORT}/scratchpad")
    page.get_by_label("Your notes").fill("Paint the crane.\nOrder rope.")
    press(page, "Save notes")
    page.reload()
    expect(page.get_by_label("Your notes")).to_have_value("Paint the crane.\nOrder rope.")


def test_a_wrong_row_of_an_import_is_mended(page: Page) -> None:
    page.goto(f"{IMPORTS}/new")
    rows = "Name,E-mail\nOdile of the file,odile@file.example\nTamsin of the file,tamsin at file\n"
    file: FilePayload = {"name": "two.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    page.get_by_label("Contact file").set_input_files(file)
    press(page, "Check the file")
    reload_until(page, page.get_by_role("region", name="Result of the check").is_visible, seconds=60)
    figures = page.get_by_role("region", name="Result of the check").locator("dd.big")
    expect(figures).to_have_text(["1", "0", "0", "1"])
    press(page, "Fix here", "link")
    page.get_by_label("E-mail").fill("tamsin@file.example")
    press(page, "Check this row again")
    expect(figures).to_have_text(["2", "0", "0", "0"])


def test_somebody_who_looks_like_another_is_added_all_the_same(page: Page) -> None:
    name = name_of(page, 1001)
    page.goto(f"{CLIENTS}/new")
    page.get_by_label("Full name").fill(name)
    press(page, "Create client")
    expect(page.locator(".alike")).to_contain_text(name)
    expect(page.get_by_label("Full name")).to_have_value(name)
    press(page, "Create as somebody else")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    assert number_of(page) != 1001


def test_a_reminder_is_added_put_off_done_and_opened_again(page: Page) -> None:
    title = "Read the meters of dock B"
    page.goto(f"{PORT}/reminders/new")
    page.get_by_label("What to do").fill(title)
    page.get_by_label("Day").fill(str(coming(1)))
    press(page, "Add reminder")
    page.goto(f"{PORT}/reminders")
    line = page.locator(".entries > li", has_text=title)
    line.locator("summary").click()
    line.get_by_role("button", name="Next week").click()
    expect(line).to_contain_text("put off until")
    line.get_by_role("button", name=f"Done: {title}").click()
    expect(line).to_have_count(0)
    page.goto(f"{PORT}/reminders?view=done")
    line.get_by_role("button", name=f"Open “{title}” again").click()
    expect(line).to_have_count(0)


def free_berths(site: Installation) -> list[str]:
    """What somebody types for two in which nobody is interested."""
    with site.database.connect() as connection:
        rows = connection.execute(
            "SELECT b.code, b.number FROM berths b JOIN ports p ON p.id = b.port_id"
            " WHERE p.slug = 'port-nimara' AND b.status = 'available' AND b.archived_at IS NULL"
            " AND NOT EXISTS (SELECT FROM berth_occupancies o WHERE o.berth_id = b.id)"
            " AND NOT EXISTS (SELECT FROM interests i WHERE i.berth_id = b.id) ORDER BY b.number DESC LIMIT 2"
        ).fetchall()
    return [f"{code} · {number}" for code, number in rows]


def test_a_berth_is_offered_down_a_waiting_list(page: Page, site: Installation) -> None:
    first, second = free_berths(site)
    page.goto(f"{PORT}/waiting-lists/new")
    page.get_by_label("Name", exact=True).fill("Seen plainly")
    page.get_by_label("Then offer the berth to the next one by itself").uncheck()
    press(page, "Create list")
    number, people = number_of(page), {}
    for client in (1004, 1005, 1006):
        people[client] = name_of(page, client)
        page.goto(f"{PORT}/waiting-lists/{number}/entries/new")
        page.get_by_label("Client", exact=True).fill(str(client))
        press(page, "Put on the list")

    def offer(berth: str, to: int, why: str = "") -> None:
        page.goto(f"{PORT}/waiting-lists/{number}/offers/new")
        page.get_by_label("Berth", exact=True).fill(berth)
        page.get_by_label("From", exact=True).fill(str(coming(900)))
        page.get_by_label("Until").fill(str(coming(960)))
        page.get_by_label(people[to]).check()
        page.get_by_label("Why somebody is passed over").fill(why)
        press(page, "Offer berth")

    def open_entry(client: int) -> None:
        page.goto(f"{PORT}/waiting-lists/{number}")
        press(page, people[client], "link")

    offer(first, 1004)
    open_entry(1004)
    press(page, "Accepted")
    expect(page.locator(".record-head")).to_contain_text("Contract")

    offer(second, 1006)
    expect(page.get_by_role("alert")).to_contain_text("why")
    expect(page.get_by_label("Berth", exact=True)).to_have_value(second)
    offer(second, 1006, "The other boat is away until autumn")
    open_entry(1006)
    page.get_by_label("Why (optional)").first.fill("Too far out")
    press(page, "Declined")
    expect(page.locator("main")).to_contain_text("1 in line")


def test_who_is_away_is_noted_and_the_berth_sublet(page: Page) -> None:
    page.goto(f"{PORT}/stays?kind=contract&state=active")
    page.locator("table.stays a.name").last.click()
    stay = page.url.partition("?")[0]
    page.goto(stay)
    berth = page.locator(".crumbs a[href*='/berths/']").last.get_attribute("href")
    page.get_by_role("link", name="Note absence").first.click()
    page.get_by_label("Away from").fill(str(coming(600)))
    page.get_by_label("Back on").fill(str(coming(630)))
    page.get_by_label("The berth may be sublet in that time").check()
    press(page, "Note absence")
    page.goto(stay)
    page.goto(f"{berth}/occupancies/new?kind=sublet&arrives={coming(605)}&leaves={coming(612)}")
    page.get_by_label("Client (optional)").fill("1007")
    press(page, "Book berth")
    expect(page.locator("main")).to_contain_text("Sublet")


def test_a_price_list_is_made_and_its_prices_changed(page: Page) -> None:
    page.goto(f"{PORT}/price-lists/new")
    page.get_by_label("Name", exact=True).fill("Plain prices")
    page.get_by_label("From", exact=True).fill("2011-01-01")
    page.get_by_label("Until").fill("2011-12-31")
    press(page, "Create price list")
    press(page, "Add price", "link")
    page.get_by_label("Up to (optional)").fill("3")
    page.get_by_role("textbox", name="Price", exact=True).fill("120")
    press(page, "Add price")
    price = page.get_by_label(re.compile("^Price, "))
    expect(price).to_have_value(re.compile("^120"))
    price.fill("130.50")
    press(page, "Save prices")
    expect(price).to_have_value(re.compile("^130.50"))


def test_a_boat_is_moved(page: Page) -> None:
    page.goto(f"{PORT}/stays?kind=contract&state=active")
    page.locator("table.stays a.name").nth(2).click()
    press(page, "Move boat", "link")
    to = page.locator("input[type=radio][name=berth]").first
    berth = to.locator("xpath=..").inner_text().partition("\n")[0]
    to.check()
    press(page, "Move boat")
    expect(page.locator(".record-head")).to_contain_text(berth[:4])
