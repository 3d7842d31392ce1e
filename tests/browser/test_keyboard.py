"""Everything by keyboard: nothing here touches the mouse."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, StorageState, expect

from app.demo import PASSWORD
from tests.browser.pages import ADMIN, CLIENTS, IN_SIGHT, MANAGER, VIEWER, is_same, live, mark
from tests.browser.windows import Windows

MOST_STOPS = 400
# The focus leaves for the browser's own controls.
PAST_THE_LAST = "past the last"
NEXT_STOP = f"""() => {{
  const focused = document.activeElement;
  if (focused === document.body || stops.includes(focused)) return "{PAST_THE_LAST}";
  stops.push(focused);
  return ({IN_SIGHT})();
}}"""


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tab_to(page: Page, name: str, role: str = "link", *, backwards: bool = False) -> None:
    """Press Tab until the focus stands on it."""
    wanted = page.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]  # a role
    for _ in range(MOST_STOPS):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        if wanted.and_(page.locator(":focus")).count():
            return
    raise AssertionError(f"Tab never comes to {role} {name}")


def test_from_signing_in_to_taking_it_back(windows: Windows) -> None:
    page = windows.open()
    page.goto("/auth/login")
    tab_to(page, "E-mail", "textbox")
    page.keyboard.type(MANAGER)
    tab_to(page, "Password", "textbox")
    page.keyboard.type(PASSWORD)
    press(page, "Enter")
    expect(page).to_have_title("Dashboard – Port Nimara")
    tab_to(page, "Clients")
    press(page, "Enter")
    expect(page).to_have_title("Clients – Port Nimara")

    # The first stop skips what every page begins with.
    press(page, "Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    press(page, "Enter")
    first = page.locator("#rows .name").first
    name = first.inner_text()
    tab_to(page, name)
    press(page, "Enter")
    expect(page).to_have_title(f"{name} – Port Nimara")
    live(page)

    tab_to(page, "Edit")
    press(page, "Enter")
    expect(page).to_have_title(f"Edit {name} – Port Nimara")
    tab_to(page, "Town (optional)", "textbox")
    press(page, "Control+A")
    page.keyboard.type("Sandy Ground")
    press(page, "Enter")
    expect(page.get_by_role("region", name="Details")).to_contain_text("Sandy Ground")

    put_away_and_back(page)


def put_away_and_back(page: Page) -> None:
    archive = page.get_by_role("button", name="Archive", exact=True)
    question = page.get_by_role("dialog")
    tab_to(page, "Archive", "button")
    press(page, "Enter")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    # The page behind is out of reach: the focus stays in the question, or goes to the browser's own controls.
    for _ in range(4):
        press(page, "Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    press(page, "Escape")
    expect(question).to_be_hidden()
    expect(archive).to_be_focused()
    press(page, "Space")
    tab_to(page, "Archive client", "button")
    press(page, "Enter")
    expect(page.locator(".record-head")).to_contain_text("Archived")
    tab_to(page, "Undo", "button")
    press(page, "Enter")
    expect(page.locator(".record-head")).not_to_contain_text("Archived")


def test_menus(windows: Windows, state_of: Callable[[str], StorageState]) -> None:
    page = windows.open(storage_state=state_of(ADMIN))
    page.goto(CLIENTS)
    menu = page.locator("details.menu.user")
    summary = menu.locator("summary")
    summary.focus()
    press(page, "Enter")
    expect(menu).to_have_attribute("open", "")
    tab_to(page, "Dark", "button")
    press(page, "Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    press(page, "Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(summary).to_be_focused()

    # Leaving a menu closes it.
    press(page, "Space")
    expect(menu).to_have_attribute("open", "")
    press(page, "Shift+Tab")
    expect(menu).not_to_have_attribute("open", "")

    # "New" has what the member may make.
    tab_to(page, "Skip to content", backwards=True)
    new = page.locator("details.menu", has_text="New client").locator("summary")
    new.focus()
    press(page, "Enter", "Tab")
    expect(page.locator("details.menu").get_by_role("link", name="New client")).to_be_focused()
    press(page, "Enter")
    expect(page).to_have_title("New client – Port Nimara")
    page.get_by_role("button", name="Narrow menu").focus()
    press(page, "Enter")
    expect(page.locator("html")).to_have_attribute("data-side", "narrow")
    press(page, "Enter")
    expect(page.locator("html")).not_to_have_attribute("data-side", "narrow")


def test_focus_shows_at_every_stop(windows: Windows, state_of: Callable[[str], StorageState]) -> None:
    anonymous = windows.open(reduced_motion="reduce")
    viewer, admin = (windows.open(storage_state=state_of(who), reduced_motion="reduce") for who in (VIEWER, ADMIN))
    viewer.goto(CLIENTS)
    first = viewer.locator("#rows .name").first.get_attribute("href")
    for page, path, at_least in (
        (viewer, CLIENTS, 90),
        (admin, f"{first}", 15),
        (admin, f"{first}/edit", 25),
        (admin, f"{CLIENTS}/imports/new", 8),
        (anonymous, "/auth/login", 4),
    ):
        page.goto(path)
        for key in ("Tab", "Shift+Tab"):  # back too, where the bars that stick could hide what has the focus
            count, out_of_sight = walk(page, key)
            assert out_of_sight == [], f"{path} {key}"
            assert count >= at_least, f"{path} {key}"


def walk(page: Page, key: str) -> tuple[int, list[str]]:
    """Through the whole page with that key: how many stops it has, and where the focus does not show."""
    page.evaluate("() => { document.activeElement.blur(); window.scrollTo(0, 0); window.stops = []; }")
    out_of_sight: list[str] = []
    for count in range(MOST_STOPS):
        page.keyboard.press(key)
        problem = page.evaluate(NEXT_STOP)
        if problem == PAST_THE_LAST and count == 0:
            continue  # out of the page first, and in again at its other end
        if problem == PAST_THE_LAST:
            return count, out_of_sight
        if problem:
            out_of_sight.append(problem)
    raise AssertionError(f"{page.url}: {key} never leaves the page")


def test_focus_after_an_answer(windows: Windows, state_of: Callable[[str], StorageState]) -> None:
    windows.forgive("status of 422")
    page = windows.open(storage_state=state_of(ADMIN))

    # A refused form: to the summary, and from there to the field.
    page.goto(f"{CLIENTS}/new")
    page.get_by_role("button", name="Create client").focus()
    press(page, "Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("Full name: Type the name of the person or company.")
    press(page, "Tab", "Enter")
    name = page.get_by_label("Full name")
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description("Type the name of the person or company.")

    # A fragment of the list: to its heading, or where the focus was; the title follows, the page stays.
    page.goto(CLIENTS)
    mark(page)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Next").focus()
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("51–100")
    page.get_by_role("columnheader", name="Last change").get_by_role("link").focus()
    press(page, "Enter")
    expect(page.get_by_role("columnheader", name="Last change")).to_have_attribute("aria-sort", "descending")
    assert page.evaluate("document.activeElement !== document.body")
    assert is_same(page)

    check_form_in_place(page)


def check_form_in_place(page: Page) -> None:
    page.goto(str(page.locator("#rows .name").first.get_attribute("href")))
    mark(page)
    title = page.title()
    add = page.get_by_role("link", name="Add contact")
    add.focus()
    press(page, "Enter")
    form = page.locator("#contact-form")
    expect(form.get_by_role("radio").first).to_be_focused()
    form.get_by_role("button", name="Add contact").focus()
    press(page, "Enter")
    expect(form.get_by_role("alert")).to_be_focused()
    expect(page).to_have_title(title)
    tab_to(page, "Cancel")
    press(page, "Enter")
    expect(form).to_have_count(0)
    expect(add).to_be_focused()

    # A note that says nothing: to what is wrong with it.
    page.get_by_role("button", name="Add note").focus()
    press(page, "Enter")
    expect(page.get_by_role("textbox", name="New note")).to_be_focused()
    page.keyboard.type("Written without a mouse.")
    tab_to(page, "Add note", "button")
    press(page, "Enter")
    expect(page.get_by_role("region", name="Notes").get_by_role("listitem").first).to_be_visible()
    expect(page.get_by_role("region", name="Notes")).to_contain_text("Written without a mouse.")
    expect(page.get_by_role("textbox", name="New note")).to_have_value("")
    assert page.evaluate("document.activeElement !== document.body")
    assert is_same(page)
