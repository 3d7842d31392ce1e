"""Files of contacts on their way in, in every state."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.judged import Judged, too_small_for_fingers
from tests.browser.pages import ADMIN, BOTH, IMPORTS, contacts, number_of, upload
from tests.browser.stage import QUIET, Scene, Stage, at
from tests.browser.windows import Windows


@pytest.fixture(scope="module")
def stage(stage: Stage, at_work: None) -> Stage:
    add_imports(stage, stage.window(ADMIN))
    return stage


def add_imports(stage: Stage, page: Page) -> None:
    """One checked by the worker, and from it one in each other state, as it would stand at that moment."""
    good = ("Tove", "Ångström", "", "tove@marina.example", "+46 70 174 06 05", "Göteborg", "Sweden")
    wrong = ("Selma", "Ottilia", "", "", "12", "", "")
    page.goto(f"{IMPORTS}/new")
    page.get_by_label("Contact file").set_input_files(upload(contacts(good, wrong, good, more=70)))
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("region", name="Result of the check")).to_be_visible()
    first = number_of(page)
    states = {"checking": 40, "running": 31, "stopping": 31, "stopped": 31, "finished": 71, "failed": 0}
    with stage.site.database.connect() as connection:
        for at, (status, done) in enumerate(states.items(), start=1):
            import_id = uuid.uuid4()
            connection.execute(
                "INSERT INTO imports SELECT (jsonb_populate_record(i, %s::jsonb)).* FROM imports i"
                " JOIN ports ON ports.id = i.port_id WHERE slug = 'port-nimara' AND number = %s",
                (
                    json.dumps(
                        {
                            "id": str(import_id),
                            "number": first + at,
                            "status": status,
                            "done": done,
                            "created_count": 0 if status in ("checking", "failed") else done,
                            "error": "No column holds a name." if status == "failed" else "",
                            "created_at": str(datetime.now(UTC) - timedelta(days=at)),
                        }
                    ),
                    first,
                ),
            )
            connection.execute(
                "INSERT INTO import_rows SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid(),"
                " 'import_id', %s::text))).* FROM import_rows r JOIN imports i ON i.id = r.import_id"
                " JOIN ports ON ports.id = i.port_id WHERE slug = 'port-nimara' AND i.number = %s AND %s <> 'failed'",
                (import_id, first, status),
            )


def import_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{IMPORTS}/new")
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("[aria-invalid=true]")).to_be_visible()


def address_of(stage: Stage, status: str) -> str:
    query = (
        "SELECT number FROM imports JOIN ports ON ports.id = port_id"
        " WHERE slug = 'port-nimara' AND status = %s ORDER BY number DESC LIMIT 1"
    )
    return f"{IMPORTS}/{stage.found(query, status)}"


def import_in(status: str, query: str = "") -> Callable[[Stage, Page], None]:
    return at(lambda stage: address_of(stage, status) + query)


class TestPages(Judged):
    scenes = (
        Scene("imports", ADMIN, at(IMPORTS)),
        Scene("imports, none", BOTH, at(f"{QUIET}/clients/imports")),
        Scene("import, new", ADMIN, at(f"{IMPORTS}/new")),
        Scene("import refused", ADMIN, import_refused, 422),
        Scene("import, checked", ADMIN, import_in("preview")),
        Scene("import, wrong rows", ADMIN, import_in("preview", "?verdict=wrong")),
        Scene("import, being checked", ADMIN, import_in("checking")),
        Scene("import, running", ADMIN, import_in("running")),
        Scene("import, stopping", ADMIN, import_in("stopping")),
        Scene("import, stopped", ADMIN, import_in("stopped")),
        Scene("import, finished", ADMIN, import_in("finished")),
        Scene("import, failed", ADMIN, import_in("failed")),
    )


def test_fingers_find_it(windows: Windows, stage: Stage) -> None:
    page = windows.open_touched(storage_state=stage.state_of(ADMIN))
    for path in (IMPORTS, address_of(stage, "preview")):
        page.goto(path)
        assert too_small_for_fingers(page) == [], path
