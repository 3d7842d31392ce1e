"""Files of berths on their way in."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, BOTH, number_of, upload
from tests.browser.stage import QUIET, Scene, Stage, at

IMPORTS = "/port-nimara/berths/imports"
# Rows of every verdict: of the demo's dock A, of a new one, and what cannot be read.
PIERS = """harbour,pier,berth,length_m,width_m,mooring,electricity,water,gate,price_tier,active
Inner harbour,A,01,11.5,3.9,finger,yes,yes,no,1,yes
Inner harbour,A,02,,,,,,,,yes
North quay (Satamakatu 12) / Venesatama,032-075,1,12.00,4.00,stern buoy,yes,yes,yes,2,yes
North quay (Satamakatu 12) / Venesatama,032-075,1,12.00,4.00,stern buoy,yes,yes,yes,2,yes
North quay (Satamakatu 12) / Venesatama,032-075,2,8.00,3.00,stern buoy,yes,yes,yes,2,no
North quay (Satamakatu 12) / Venesatama,032-075,3,8.00,3.00,stern buoy,yes,yes,yes,3,yes
North quay (Satamakatu 12) / Venesatama,032-075,4,long,3.00,anchor chain,yes,yes,yes,2,yes
"""


@pytest.fixture(scope="module")
def stage(stage: Stage, at_work: None) -> Stage:
    page = stage.window(ADMIN)
    bring(page, "piers.csv", PIERS)
    bring(page, "basins.csv", "Basin,Row,Spot,Size\nInner harbour,A,99,7.5\n")
    bring(page, "few.csv", "harbour,pier,berth\nInner harbour,Z,1\nInner harbour,Z,2\n")
    page.get_by_role("button", name="Import 2 rows").click()
    expect(page.get_by_role("heading", name="Import finished")).to_be_visible()
    return stage


def bring(page: Page, name: str, text: str) -> int:
    page.goto(f"{IMPORTS}/new")
    page.get_by_label("File of berths").set_input_files(upload(text, name))
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("heading", name=re.compile("Rows|What do the columns hold"))).to_be_visible()
    return number_of(page)


def import_of(filename: str, beyond: str = "") -> Callable[[Stage, Page], None]:
    query = "SELECT max(number)::text FROM imports JOIN ports ON ports.id = port_id WHERE slug = 'port-nimara'"
    return at(lambda stage: f"{IMPORTS}/{stage.found(f'{query} AND filename = %s', filename)}{beyond}")


class TestPages(Judged):
    scenes = (
        Scene("imports of berths", ADMIN, at(IMPORTS)),
        Scene("imports of berths, none", BOTH, at(f"{QUIET}/berths/imports")),
        Scene("import of berths, new", ADMIN, at(f"{IMPORTS}/new")),
        Scene("import of berths, checked", ADMIN, import_of("piers.csv")),
        Scene("import of berths, finished", ADMIN, import_of("few.csv")),
        Scene("import of berths, columns to match", ADMIN, import_of("basins.csv")),
        Scene("import of berths, a row beside its berth", ADMIN, import_of("piers.csv", "/rows/3")),
        Scene("import of berths, a row beside another", ADMIN, import_of("piers.csv", "/rows/5")),
        Scene("import of berths, a row that is wrong", ADMIN, import_of("piers.csv", "/rows/8")),
    )
