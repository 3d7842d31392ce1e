"""Windows of a real browser onto real processes, and the two judges of a page: axe and html-validate."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, Page, Playwright, StorageState, StorageStateCookie, expect, sync_playwright

from app.db import begin, commit
from app.identity.models import Session
from app.web import SESSION_COOKIE
from tests.browser.axe import Axe
from tests.browser.chromium import NoBrowser, launch
from tests.browser.windows import Windows
from tests.servers import Holding, Installation
from tests.waiting import within

VENDOR = Path(__file__).parent / "vendor"
pytest.register_assert_rewrite("tests.browser.judged")
PATIENCE = 20_000  # ms; a machine with better things to do answers late, not wrongly


# Seconds for a test, whose calls into a page have no bound of their own. After that Chromium is ended, and with it
# every call that waits for it.
LONGEST_TEST = 120


def end_chromium() -> None:
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "chrom" in process.name():
                process.kill()


@pytest.fixture(autouse=True)
def in_time(request: pytest.FixtureRequest) -> Iterator[None]:
    with within(LONGEST_TEST, request.node.nodeid, end=end_chromium):
        yield


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    try:
        started = launch(playwright)
    except NoBrowser as problem:
        pytest.fail(f"{problem}\nInstall one with: make test", pytrace=False)
    expect.set_options(timeout=PATIENCE)
    yield started
    with within(LONGEST_TEST, "Chromium closes", end=end_chromium):
        started.close()


@pytest.fixture(scope="module")
def site(install: Callable[[Holding], Installation]) -> Installation:
    """Quayside with the demo in it, at `site.url`; what waits for other processes waits, unless they are `at_work`."""
    installation = install("demo")
    installation.start_web()
    return installation


@pytest.fixture(scope="module")
def at_work(site: Installation) -> None:
    """The processes beside the web: what follows from an event, and the jobs."""
    site.start_relay()
    site.start_worker()


@pytest.fixture(scope="module")
def state_of(site: Installation) -> Callable[[str], StorageState]:
    """The cookies of somebody signed in, for `windows.open(storage_state=…)`; one session for each file."""

    @cache
    def signed_in(email: str) -> StorageState:
        with site.database.connect() as connection:
            row = connection.execute("SELECT id FROM users WHERE email = %s", (email,)).fetchone()
        assert row is not None, email
        with site.app.app_context():
            begin(user_id=row[0], scope="staff")
            _session, token = Session.start(row[0], ip="127.0.0.1", user_agent="")
            commit()
        cookie: StorageStateCookie = {
            "name": SESSION_COOKIE,
            "value": token,
            "domain": "localhost",
            "path": "/",
            "expires": -1,
            "httpOnly": True,
            "secure": False,
            "sameSite": "Lax",
        }
        return {"cookies": [cookie], "origins": []}

    return signed_in


@pytest.fixture
def windows(browser: Browser, site: Installation) -> Iterator[Windows]:
    opened = Windows(browser, site.url)
    yield opened
    opened.close()


@pytest.fixture
def page(windows: Windows) -> Page:
    return windows.open()


@pytest.fixture(scope="session")
def axe() -> Axe:
    return Axe()


@pytest.fixture(scope="session")
def html_errors(browser: Browser) -> Iterator[Callable[..., list[str]]]:
    """What html-validate finds in markup; it runs in the browser, so no other program is needed."""
    context = browser.new_context()
    page = context.new_page()
    page.add_script_tag(path=VENDOR / "html-validate.js")

    def examine(markup: str, rules: dict[str, Any] | None = None) -> list[str]:
        found = page.evaluate("([markup, rules]) => validateHtml(markup, rules)", [markup, rules or {}])
        return [f"{line}:{column} {rule}: {message}" for line, column, rule, message in found]

    yield examine
    context.close()
