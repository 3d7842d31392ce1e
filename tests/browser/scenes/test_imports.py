"""Files of contacts on their way in, in every state."""

from __future__ import annotations

import json
import re
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
    add_fleet(stage, stage.window(ADMIN))
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


def bring(page: Page, name: str, text: str) -> int:
    """A file that waits for somebody; the number of its import."""
    page.goto(f"{IMPORTS}/new")
    page.get_by_label("Contact file").set_input_files(upload(text, name))
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("heading", name=re.compile("Rows|What do the columns hold"))).to_be_visible()
    return number_of(page)


def add_fleet(stage: Stage, page: Page) -> None:
    """Vessels, tags, and rows of every verdict; another file whose columns nobody knows."""
    owner = stage.found(
        "SELECT c.full_name || '|' || k.value FROM clients c JOIN client_contacts k ON k.client_id = c.id"
        " JOIN ports ON ports.id = c.port_id WHERE slug = 'port-nimara' AND k.kind = 'email' AND c.archived_at IS NULL"
        " AND k.archived_at IS NULL ORDER BY c.sort_name LIMIT 1"
    )
    name, email = owner.split("|")
    bring(
        page,
        "fleet.csv",
        "Name,E-mail,Town,Vessel name,LOA (ft),Vessel kind,Tags\n"
        f"{name},{email},Port Nimara,Albatros,38.5,Sailing yacht,Winter\n"
        "Tove Ångström,tove@fleet.example,Göteborg,Vega,42,Motor yacht,Winter; Racing\n"
        "Tove Ångström,tove@fleet.example,Göteborg,Nova,27.5,RIB,Winter; Racing\n"
        "Tove Ångström,tove@fleet.example,Malmö,Luna,27.5,RIB,\n"
        f"Somebody Else,{email},,,,,\n"
        "Selma Ottilia,selma@fleet.example,,Sisu,long,submarine,\n",
    )
    bring(page, "moorings.csv", "Skipper,Boat club,Mooring fee,Vessel name\nAino Laine,HSS,120,Sisu\n")


def number_of_file(stage: Stage, filename: str) -> str:
    query = "SELECT max(number)::text FROM imports JOIN ports ON ports.id = port_id WHERE slug = 'port-nimara'"
    return f"{IMPORTS}/{stage.found(f'{query} AND filename = %s', filename)}"


def import_of(filename: str, beyond: str = "") -> Callable[[Stage, Page], None]:
    return at(lambda stage: number_of_file(stage, filename) + beyond)


def row_refused(stage: Stage, page: Page) -> None:
    page.goto(f"{number_of_file(stage, 'fleet.csv')}/rows/7")
    page.get_by_role("button", name="Check this row again").click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()


def import_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{IMPORTS}/new")
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("[aria-invalid=true]")).to_be_visible()


def address_of(stage: Stage, status: str) -> str:
    query = (
        "SELECT number FROM imports JOIN ports ON ports.id = port_id"
        " WHERE slug = 'port-nimara' AND status = %s AND filename = 'contacts.csv' ORDER BY number DESC LIMIT 1"
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
        Scene("import of vessels, checked", ADMIN, import_of("fleet.csv")),
        Scene("import, columns to match", ADMIN, import_of("moorings.csv")),
        Scene("import, columns matched anew", ADMIN, import_of("fleet.csv", "/columns")),
        Scene("import, a row that is wrong", ADMIN, import_of("fleet.csv", "/rows/7")),
        Scene("import, a row still wrong", ADMIN, row_refused, 422),
        Scene("import, a row beside its client", ADMIN, import_of("fleet.csv", "/rows/6")),
        Scene("import, a row beside another", ADMIN, import_of("fleet.csv", "/rows/5")),
    )


def test_fingers_find_it(windows: Windows, stage: Stage) -> None:
    page = windows.open_touched(storage_state=stage.state_of(ADMIN))
    for path in (IMPORTS, address_of(stage, "preview")):
        page.goto(path)
        assert too_small_for_fingers(page) == [], path
