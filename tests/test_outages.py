"""Redis or Postgres goes away while people work: nothing is lost, and it comes back by itself."""

from __future__ import annotations

import re

import pytest
import requests

from app.db import commit
from app.dev.processes import wait_until
from app.web import SESSION_COOKIE
from tests.servers import Fragile, Installation, away, hanging
from tests.waiting import together
from tests.world import PASSWORD, fields_of, start_session

MANAGER = "sales_manager@north.example"


class Browser:
    """Keeps its cookies and sends the forms it was shown."""

    def __init__(self, installation: Installation) -> None:
        self.url = installation.url
        self.http = requests.Session()
        with installation.app.app_context():
            self.http.cookies.set(SESSION_COOKIE, start_session(MANAGER))
            commit()

    def get(self, path: str) -> requests.Response:
        return self.http.get(self.url + path, timeout=20, allow_redirects=False)

    def create(self, name: str) -> requests.Response:
        typed = {**fields_of(self.get("/north/clients/new").text), "full_name": name}
        return self.http.post(f"{self.url}/north/clients", data=typed, timeout=20, allow_redirects=False)


@pytest.fixture(scope="module")
def browser(fragile: Fragile) -> Browser:
    fragile.installation.start_web()
    return Browser(fragile.installation)


def waiting_events(installation: Installation) -> int:
    with installation.database.connect() as connection:
        row = connection.execute("SELECT count(*) FROM outbox").fetchone()
    return int(row[0]) if row else 0


def test_without_redis_people_go_on_working_and_events_wait(fragile: Fragile, browser: Browser) -> None:
    assert browser.create("Before").status_code == 303
    with away(fragile.valkey):
        assert browser.get("/health/ready").json()["redis"] == "away"
        assert browser.create("Meanwhile").status_code == 303
        assert "Meanwhile" in browser.get("/north/clients").text
        form = requests.get(f"{browser.url}/auth/login", timeout=20)
        token = re.search(r'name="csrf_token" value="([^"]+)"', form.text)
        assert token is not None
        signed_in = requests.post(
            f"{browser.url}/auth/login",
            data={"email": MANAGER, "password": PASSWORD, "csrf_token": token[1]},
            cookies=form.cookies,
            timeout=20,
            allow_redirects=False,
        )
        assert signed_in.status_code == 303
        relay = fragile.installation.start_relay()
        assert waiting_events(fragile.installation) > 0
    assert wait_until(lambda: waiting_events(fragile.installation) == 0, seconds=60, process=relay.process)
    assert browser.get("/health/ready").json()["redis"] == "ok"
    relay.stop()


def test_all_who_wait_for_redis_as_it_goes_are_answered(fragile: Fragile, browser: Browser) -> None:
    with hanging(fragile.valkey):
        answers = together(*[lambda: browser.get("/north/clients").status_code] * 16, at_a_time=8, seconds=60)
    assert answers == [200] * 16


def test_without_redis_sign_in_is_still_limited(fragile: Fragile, browser: Browser) -> None:
    with away(fragile.valkey):
        answers = []
        for _ in range(6):
            form = requests.get(f"{browser.url}/auth/login", timeout=20)
            token = re.search(r'name="csrf_token" value="([^"]+)"', form.text)
            assert token is not None
            answers.append(
                requests.post(
                    f"{browser.url}/auth/login",
                    data={"email": "viewer@north.example", "password": "wrong", "csrf_token": token[1]},
                    cookies=form.cookies,
                    timeout=20,
                ).status_code
            )
    assert answers[-1] == 429
    assert answers[0] == 422


def test_postgres_restarts_under_a_running_web_process(fragile: Fragile, browser: Browser) -> None:
    assert browser.create("Anchor").status_code == 303
    with away(fragile.postgres):
        page = browser.get("/north/clients")
        assert page.status_code == 503
        assert "Away for a moment" in page.text
        assert browser.get("/health/live").status_code == 200
        assert browser.get("/health/ready").status_code == 503
    assert wait_until(lambda: browser.get("/health/ready").status_code == 200, seconds=30)
    assert "Anchor" in browser.get("/north/clients").text


def test_connections_that_died_unnoticed_are_replaced_without_an_error(fragile: Fragile, browser: Browser) -> None:
    for _ in range(3):
        assert browser.get("/north/clients").status_code == 200
    with fragile.installation.database.connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'quayside-web'"
        )
    assert browser.get("/north/clients").status_code == 200
    assert browser.create("After").status_code == 303
