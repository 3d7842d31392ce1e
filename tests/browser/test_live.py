"""Windows that follow: across a web process that goes and comes back, a hidden tab, a Redis that is away; and never at
the cost of what somebody types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from playwright.sync_api import Locator, Page, Request, StorageState, expect

from app.clients.models import Client
from app.db import begin, commit, db
from app.dev.servers import Valkey
from app.events.models import System
from app.web import SESSION_COOKIE
from tests.browser.pages import AGENT, CLIENTS, MANAGER, VIEWER, is_same, live, mark
from tests.browser.windows import Windows
from tests.live.pages import Page as Socket
from tests.servers import Cluster, Installation, away, start_valkey

POLL = 20_000
MOST_SOCKETS = 10
PORT = "SELECT id FROM ports WHERE slug = 'port-nimara'"


@pytest.fixture(scope="module")
def own_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = start_valkey(tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def site(
    cluster: Cluster, own_valkey: Valkey, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """With a Redis of its own, to be stopped and started; nothing here needs a worker."""
    database = cluster.clone(f"quayside_{worker_id}_browser_live", "demo")
    installation = Installation(database, own_valkey.url(), tmp_path_factory.mktemp("home"))
    installation.start_web()
    installation.start_relay()
    yield installation
    installation.end_all()
    cluster.drop(database.name)


@pytest.fixture(scope="module")
def numbers(site: Installation) -> list[int]:
    """The clients of the first page of the list."""
    with site.database.connect() as connection:
        rows = connection.execute(
            f"SELECT number FROM clients WHERE port_id = ({PORT}) ORDER BY sort_name LIMIT 20"
        ).fetchall()
    return [row[0] for row in rows]


@contextmanager
def at_work(site: Installation) -> Iterator[None]:
    """A unit of work in Port Nimara."""
    with site.app.app_context(), site.database.connect() as connection:
        row = connection.execute(PORT).fetchone()
        assert row is not None
        begin(port_id=row[0], scope="staff")
        yield
        commit()


def change(site: Installation, number: int, **fields: str) -> None:
    """What a colleague saves elsewhere."""
    with at_work(site):
        db.session.query(Client).filter_by(number=number).one().update(fields, by=System())


def archive(site: Installation, number: int) -> None:
    """What makes the whole page of a client look again, not only its cards."""
    with at_work(site):
        db.session.query(Client).filter_by(number=number).one().archive(by=System())


def facts(page: Page) -> Locator:
    return page.get_by_role("region", name="Details")


def state(page: Page) -> Locator:
    return page.locator("html")


def refetches(page: Page) -> list[str]:
    """Collects the fragments the page asks for from here on."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if request.headers.get("hx-request-type") == "partial":
            asked.append(request.url)

    page.on("request", note)
    return asked


def hide(page: Page, *, hidden: bool) -> None:
    """As the browser says it of a tab in the background; a browser without a screen has none."""
    page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_a_hidden_tab_comes_back_up_to_date(
    windows: Windows, site: Installation, state_of: Callable[[str], StorageState], numbers: list[int]
) -> None:
    page = windows.open(storage_state=state_of(AGENT))
    page.goto(f"{CLIENTS}/{numbers[0]}")
    live(page)
    mark(page)
    hide(page, hidden=True)
    expect(state(page)).to_have_attribute("data-live", "closed")
    change(site, numbers[0], company_name="Behind the Curtain")
    hide(page, hidden=False)
    expect(facts(page)).to_contain_text("Behind the Curtain")
    live(page)
    assert is_same(page)


def test_a_tab_opened_in_the_background_comes_up_to_date_when_it_is_looked_at(
    windows: Windows, site: Installation, state_of: Callable[[str], StorageState], numbers: list[int]
) -> None:
    """Its socket opens while it is hidden, and stays."""
    page = windows.open(storage_state=state_of(AGENT))
    page.add_init_script("Object.defineProperty(document, 'hidden', { value: true, configurable: true });")
    page.goto(f"{CLIENTS}/{numbers[8]}")
    live(page)
    mark(page)
    edit = page.locator(".record-top").get_by_role("link", name="Edit", exact=True)
    expect(edit).to_be_visible()
    archive(site, numbers[8])
    change(site, numbers[8], full_name="Zz Told After It")
    expect(page.get_by_role("heading", level=1)).to_have_text("Zz Told After It")
    hide(page, hidden=False)
    expect(edit).to_have_count(0)
    assert is_same(page)


def test_a_web_process_goes_and_comes_back(
    windows: Windows, site: Installation, state_of: Callable[[str], StorageState], numbers: list[int]
) -> None:
    windows.forgive("ERR_CONNECTION_REFUSED")
    windows.forgive("WebSocket connection to")
    windows.forgive("htmx:ws:error")
    page = windows.open(storage_state=state_of(AGENT))
    page.goto(CLIENTS)
    live(page)
    mark(page)
    site.running.pop(0).stop()
    expect(state(page)).not_to_have_attribute("data-live", "open")
    change(site, numbers[1], company_name="Meanwhile Marine")
    site.running.insert(0, site.start_web())
    site.running.pop()
    expect(page.locator(f"#client-{numbers[1]}")).to_contain_text("Meanwhile Marine")
    live(page)
    assert is_same(page)


def test_a_push_disturbs_nobody(
    windows: Windows, site: Installation, state_of: Callable[[str], StorageState], numbers: list[int]
) -> None:
    page = windows.open(storage_state=state_of(MANAGER), viewport={"width": 1200, "height": 500})
    page.goto(f"{CLIENTS}/{numbers[2]}")
    live(page)
    mark(page)
    note = page.get_by_role("textbox", name="New note")
    note.press_sequentially("Half a sentence, ")
    place = page.evaluate("window.scrollY")
    change(site, numbers[2], company_name="Elsewhere & Sons", town="Sandy Ground")
    expect(facts(page)).to_contain_text("Elsewhere & Sons")
    expect(note).to_be_focused()
    expect(note).to_have_value("Half a sentence, ")
    page.keyboard.type("then the rest.")
    expect(note).to_have_value("Half a sentence, then the rest.")
    assert page.evaluate("window.scrollY") == place

    change(site, numbers[2], full_name="Zz Renamed")
    expect(page.get_by_role("heading", level=1)).to_have_text("Zz Renamed")
    expect(note).to_have_value("Half a sentence, then the rest.")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_role("region", name="Notes")).to_contain_text("Half a sentence, then the rest.")
    assert is_same(page)


def test_a_refresh_waits_for_what_is_being_written(
    windows: Windows, site: Installation, state_of: Callable[[str], StorageState], numbers: list[int]
) -> None:
    page = windows.open(storage_state=state_of(MANAGER))
    page.goto(f"{CLIENTS}/{numbers[9]}")
    live(page)
    page.get_by_role("link", name="Add contact").click()
    page.locator("#contact-form #value").fill("+358 40 555 01")
    archive(site, numbers[9])
    change(site, numbers[9], full_name="Zz Told After It")
    expect(page.get_by_role("heading", level=1)).to_have_text("Zz Told After It")
    expect(page.locator("#contact-form #value")).to_have_value("+358 40 555 01")
    edit = page.locator(".record-top").get_by_role("link", name="Edit", exact=True)
    expect(edit).to_be_visible()
    page.locator("#contact-form").get_by_role("link", name="Cancel").click()
    expect(edit).to_have_count(0)


def test_the_list_keeps_its_place(
    windows: Windows, site: Installation, state_of: Callable[[str], StorageState], numbers: list[int]
) -> None:
    """A row that changes, and then an order that does, under somebody who reads further down."""
    page = windows.open(storage_state=state_of(MANAGER), viewport={"width": 1200, "height": 500})
    page.goto(CLIENTS)
    live(page)
    link = page.locator("#rows .name").nth(30)
    link.focus()
    name, place = link.inner_text(), page.evaluate("window.scrollY")
    height = "document.activeElement.getBoundingClientRect().top"
    before = page.evaluate(height)
    assert place > 0
    change(site, numbers[3], status="former", company_name="Old Hands")
    expect(page.locator(f"#client-{numbers[3]}")).to_contain_text("Former")
    assert page.evaluate("document.activeElement.textContent") == name
    assert abs(page.evaluate(height) - before) < 1
    change(site, numbers[4], full_name="Zz Last of All")
    expect(page.locator(f"#client-{numbers[4]}")).to_have_count(0)
    assert page.evaluate("document.activeElement.textContent") == name
    assert abs(page.evaluate("window.scrollY") - place) < 100, "moved by more than the row that went"


def test_an_edit_form_is_left_alone(
    windows: Windows, site: Installation, state_of: Callable[[str], StorageState], numbers: list[int]
) -> None:
    """A form opened in place keeps what was typed, whatever is pushed."""
    page = windows.open(storage_state=state_of(MANAGER))
    page.goto(f"{CLIENTS}/{numbers[5]}")
    live(page)
    page.get_by_role("link", name="Add contact").click()
    value = page.locator("#contact-form #value")
    value.fill("+358 40 555 01")
    change(site, numbers[5], company_name="Pushed Meanwhile")
    expect(facts(page)).to_contain_text("Pushed Meanwhile")
    expect(value).to_have_value("+358 40 555 01")


def test_one_window_too_many(windows: Windows, site: Installation, state_of: Callable[[str], StorageState]) -> None:
    kept = state_of(VIEWER)
    token = next(cookie["value"] for cookie in kept["cookies"] if cookie["name"] == SESSION_COOKIE)
    with ExitStack() as open_sockets:
        for _ in range(MOST_SOCKETS):
            socket = Socket(site, VIEWER, "clients", port="port-nimara", token=token)
            open_sockets.enter_context(socket)
            assert socket.next()
        page = windows.open(storage_state=kept)
        page.goto(CLIENTS)
        expect(page.get_by_role("alert")).to_contain_text("Quayside is open in too many windows.")
        expect(page.locator("html")).to_have_attribute("data-live", "closed")
        expect(page.get_by_text("Not live")).to_be_visible()


def test_signed_out_in_another_window(
    windows: Windows, site: Installation, numbers: list[int], state_of: Callable[[str], StorageState]
) -> None:
    page = windows.open(storage_state=state_of(AGENT))
    page.goto(f"{CLIENTS}/{numbers[6]}")
    live(page)
    page.get_by_role("textbox", name="New note").fill("Still here")
    other = page.context.new_page()
    other.goto(CLIENTS)
    other.locator("details.menu.user summary").click()
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Sign in")
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("You are signed out. What you typed is still here.")
    expect(page.get_by_role("textbox", name="New note")).to_have_value("Still here")
    back = notice.get_by_role("link", name="Sign in").get_attribute("href")
    assert back == f"/auth/login?next=%2Fport-nimara%2Fclients%2F{numbers[6]}"


def test_no_longer_permitted(windows: Windows, site: Installation, state_of: Callable[[str], StorageState]) -> None:
    """A role is taken away; the page hears of it when its socket comes back."""
    email = "olli.saari@hanko.example"
    page = windows.open(storage_state=state_of(email))
    windows.forgive("status of 403")  # the page may ask before its socket has told it
    page.goto("/hanko-itasatama/clients")
    live(page)
    hide(page, hidden=True)
    expect(page.locator("html")).to_have_attribute("data-live", "closed")
    with site.database.connect() as connection:
        connection.execute(
            "UPDATE user_port_roles r SET role_id = (SELECT id FROM roles WHERE name = 'technician')"
            " FROM users u WHERE u.id = r.user_id AND email = %s",
            (email,),
        )
    hide(page, hidden=False)
    # The socket and the page it asks for both say so; which of them comes last is left to chance.
    expect(page.locator("#errors")).to_contain_text(re.compile("You may no longer follow this page|Not permitted"))


def test_redis_away(
    windows: Windows,
    site: Installation,
    own_valkey: Valkey,
    state_of: Callable[[str], StorageState],
    numbers: list[int],
) -> None:
    """The page says that it is not live and looks again every 20 s, but not into somebody's typing."""
    windows.forgive("WebSocket connection to")
    windows.forgive("htmx:ws:error")
    windows.forgive("status of 503")
    page, typing = windows.open(storage_state=state_of(MANAGER)), windows.open(storage_state=state_of(MANAGER))
    for each in (page, typing):
        each.clock.install()
        each.goto(f"{CLIENTS}/{numbers[7]}")
        live(each)
    typing.get_by_role("textbox", name="New note").fill("In the middle of")
    with away(own_valkey):
        for each in (page, typing):
            expect(state(each)).not_to_have_attribute("data-live", "open")
        change(site, numbers[7], company_name="Without Redis")
        asked, not_asked = refetches(page), refetches(typing)
        for each in (page, typing):
            each.clock.fast_forward(POLL)
        expect(facts(page)).to_contain_text("Without Redis")
        assert asked
        assert not_asked == []
        expect(facts(typing)).not_to_contain_text("Without Redis")
        expect(page.locator(".live-state")).to_be_visible()
    for each in (page, typing):
        each.clock.fast_forward(2 * POLL)
        live(each)
    change(site, numbers[7], company_name="With Redis Again")
    for each in (page, typing):
        expect(facts(each)).to_contain_text("With Redis Again")
    expect(typing.get_by_role("textbox", name="New note")).to_have_value("In the middle of")


def test_the_theme_follows_the_user(
    windows: Windows, site: Installation, state_of: Callable[[str], StorageState]
) -> None:
    here = windows.open(storage_state=state_of(VIEWER))
    here.goto(CLIENTS)
    here.locator("details.menu.user summary").click()
    with here.expect_response(re.compile("/auth/preferences")) as kept:
        here.get_by_role("button", name="Dark").click()
    assert kept.value.status == 204
    expect(here.locator("html")).to_have_attribute("data-theme", "dark")
    elsewhere = windows.open(storage_state=state_of(VIEWER))
    elsewhere.goto(CLIENTS)
    expect(elsewhere.locator("html")).to_have_attribute("data-theme", "dark")
    assert elsewhere.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
