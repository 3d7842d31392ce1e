"""Single letters in each list: down and up, open, choose, back, new; and what its box of words says."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.browser.pages import ADMIN
from tests.browser.stage import SUPER
from tests.browser.windows import Windows
from tests.servers import Installation

PORT = "/port-nimara"


@dataclass(frozen=True)
class Keyed:
    """`new`: where `n` leads, empty where nothing is added; `back`: the pattern of where `u` leads from a record, the
    list unless said; `edits`: whether the record of the first row has `e`."""

    path: str
    new: str = ""
    back: str = ""
    ticks: bool = False
    edits: bool = False


LISTS = (
    Keyed("/clients", "/clients/new", ticks=True, edits=True),
    Keyed("/interests/table?outcome=open", "/interests/new", ticks=True, edits=True),
    Keyed("/berths", "/berths/new", ticks=True, edits=True),
    Keyed("/stays", "/berths/free", edits=True),
    Keyed("/vessels", "/vessels/new", edits=True),
    Keyed("/price-lists", "/price-lists/new", back="/price-lists", edits=True),
    Keyed("/berth-prices", back="/berths", edits=True),
    Keyed("/waiting-lists", "/waiting-lists/new", edits=True),
    Keyed("/reminders", "/reminders/new", edits=True),
    Keyed("/berths/suggestions", back="/berths", edits=True),
    Keyed("/files", edits=False),
    Keyed("/clients/imports", "/clients/imports/new"),
    Keyed("/clients/duplicates", back=r"/clients/\d+"),
    Keyed("/admin/users", "/admin/users/new"),
    Keyed("/admin/teams", "/admin/teams/new", edits=True),
    Keyed("/admin/roles"),
    Keyed("/admin/audit"),
)
# Where `n` begins a new one, and there are no rows to go through.
WITHOUT_ROWS = (
    ("/interests", "/interests/new"),
    ("/harbours", "/harbours/new"),
    ("/admin/tags", "/admin/tags/new"),
    ("/admin/custom-fields", "/admin/custom-fields/new"),
)


def focused(page: Page) -> int:
    """Which of the rows has the focus, counted from 1; 0 where none has."""
    return int(
        page.evaluate(
            """() => {
              const rows = [...document.querySelectorAll("#rows > :is(tr, li), #rows > :is(ul, ol) > li")];
              return rows.findIndex((row) => row.contains(document.activeElement)) + 1;
            }"""
        )
    )


@pytest.fixture
def page(windows: Windows, state_of: Callable[[str], StorageState]) -> Page:
    return windows.open(storage_state=state_of(ADMIN))


@pytest.mark.parametrize("listed", LISTS, ids=lambda listed: listed.path)
def test_letters_go_through_the_list(page: Page, listed: Keyed) -> None:
    page.goto(PORT + listed.path)
    rows = page.locator("#rows > :is(tr, li), #rows > :is(ul, ol) > li")
    assert rows.count() > 0
    most = rows.count()
    page.keyboard.press("j")
    assert focused(page) == 1
    page.keyboard.press("j")
    assert focused(page) == min(2, most)
    page.keyboard.press("k")
    assert focused(page) == 1
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert focused(page) == 1
    page.keyboard.press("x")
    expect(page.locator("#rows .c-pick :checked")).to_have_count(1 if listed.ticks else 0)
    if listed.ticks:
        expect(page.locator("#selection")).to_be_visible()
        page.keyboard.press("x")
        expect(page.locator("#selection")).to_be_hidden()
    opened = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url.endswith(opened))
    expect(page.locator("[data-key=e]")).to_have_count(1 if listed.edits else 0)
    page.keyboard.press("u")
    back = listed.back or listed.path.partition("?")[0]
    page.wait_for_url(re.compile(rf"{PORT}{back}(?:[?#].*)?$"))


@pytest.mark.parametrize(("path", "new"), [*((one.path, one.new) for one in LISTS if one.new), *WITHOUT_ROWS])
def test_n_begins_a_new_one(page: Page, path: str, new: str) -> None:
    page.goto(PORT + path)
    page.keyboard.press("n")
    page.wait_for_url(lambda url: urlsplit(url).path == PORT + new)
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_letters_go_through_the_ports(windows: Windows, state_of: Callable[[str], StorageState]) -> None:
    page = windows.open(storage_state=state_of(SUPER))
    page.goto(f"{PORT}/admin/ports")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused(page) == 2
    page.keyboard.press("n")
    page.wait_for_url(f"**{PORT}/admin/ports/new")


def test_letters_go_through_the_documents_of_a_client(site: Installation, page: Page) -> None:
    with site.database.connect() as owner:
        found = owner.execute(
            "SELECT clients.number FROM documents JOIN clients ON clients.id = client_id"
            " JOIN ports ON ports.id = clients.port_id WHERE slug = 'port-nimara'"
        ).fetchall()
    documents = f"{PORT}/clients/{found[0][0]}/documents"
    page.goto(documents)
    page.keyboard.press("j")
    assert focused(page) == 1
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"{PORT}/documents/\d+$"))
    page.keyboard.press("u")
    page.wait_for_url(f"**{documents}")


CUT = """(box) => {
  const style = getComputedStyle(box);
  const ruler = document.createElement("canvas").getContext("2d");
  ruler.font = style.font;
  const room = box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  return ruler.measureText(box.placeholder).width > room;
}"""


@pytest.mark.parametrize("path", ["/clients", "/interests/table", "/berths", "/stays", "/vessels", "/files"])
def test_what_can_be_looked_for_stands_whole_in_the_box(page: Page, path: str) -> None:
    page.goto(PORT + path)
    for width in (1440, 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.locator("[data-list-search]").evaluate(CUT) is False, width
