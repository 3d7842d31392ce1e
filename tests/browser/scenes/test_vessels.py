"""Vessels: list, record, forms, papers; the cards of a client; related clients."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import CLIENTS, MANAGER, VIEWER
from tests.browser.stage import Scene, Stage, at

VESSELS = "/port-nimara/vessels"


def vessel(stage: Stage) -> str:
    """The address of the first vessel that was measured."""
    found = stage.found(
        "SELECT v.number FROM vessels v JOIN ports ON ports.id = v.port_id"
        " WHERE slug = 'port-nimara' AND v.beam_measured IS NOT NULL ORDER BY v.number LIMIT 1"
    )
    return f"{VESSELS}/{found}"


def owner(stage: Stage) -> str:
    """The address of a client with a vessel and somebody related."""
    found = stage.found(
        "SELECT c.number FROM clients c JOIN ports ON ports.id = c.port_id JOIN vessels v ON v.client_id = c.id"
        " JOIN client_relationships r ON r.to_id = c.id WHERE slug = 'port-nimara' ORDER BY c.number LIMIT 1"
    )
    return f"{CLIENTS}/{found}"


def refused_form(_stage: Stage, page: Page) -> None:
    page.goto(f"{VESSELS}/new")
    page.get_by_label("Name").fill("Belle Étoile")
    page.get_by_label("Length").fill("237.70")
    page.get_by_role("button", name="Create vessel").click()
    expect(page.get_by_role("alert")).to_contain_text("perhaps 23.77 m was meant")


def several_called_so(stage: Stage, page: Page) -> None:
    page.goto(f"{VESSELS}/new")
    page.get_by_label("Name").fill("Belle Étoile")
    page.get_by_role("combobox", name="Owner").fill("m")
    page.get_by_role("button", name="Create vessel").click()
    expect(page.get_by_role("alert")).to_contain_text("Several are called so.")


def document_edited(_stage: Stage, page: Page) -> None:
    page.goto(f"{VESSELS}?insurance=expiring")
    page.locator("#rows .name").first.click()
    page.get_by_role("link", name=re.compile("^Edit .*Insurance")).first.click()
    expect(page.get_by_role("button", name="Save document")).to_be_visible()


def owner_refused(stage: Stage, page: Page) -> None:
    page.goto(f"{vessel(stage)}/transfers/new")
    page.get_by_role("button", name="Change owner").click()
    expect(page.get_by_role("alert")).to_contain_text("Type a name or a number.")


def related_refused(stage: Stage, page: Page) -> None:
    page.goto(f"{owner(stage)}/relationships/new")
    page.get_by_role("combobox", name="Client", exact=True).fill("a")
    page.get_by_role("button", name="Add related client").click()
    expect(page.get_by_role("alert")).to_contain_text("Several are called so.")


class TestPages(Judged):
    scenes = (
        Scene("vessels", MANAGER, at(VESSELS)),
        Scene("vessels filtered", MANAGER, at(f"{VESSELS}?insurance=expiring")),
        Scene("no vessel matches", MANAGER, at(f"{VESSELS}?kind=other")),
        Scene("a vessel", MANAGER, at(vessel)),
        Scene("a vessel for a viewer", VIEWER, at(vessel)),
        Scene("new vessel", MANAGER, at(f"{VESSELS}/new")),
        Scene("new vessel refused", MANAGER, refused_form, 422),
        Scene("several are called so", MANAGER, several_called_so, 422),
        Scene("edit vessel", MANAGER, at(lambda stage: f"{vessel(stage)}/edit")),
        Scene("measure", MANAGER, at(lambda stage: f"{vessel(stage)}/measurements/new")),
        Scene("change owner", MANAGER, at(lambda stage: f"{vessel(stage)}/transfers/new")),
        Scene("add document", MANAGER, at(lambda stage: f"{vessel(stage)}/documents/new")),
        Scene("edit document", MANAGER, document_edited),
        Scene("change owner refused", MANAGER, owner_refused, 422),
        Scene("related client, several called so", MANAGER, related_refused, 422),
        Scene("timeline of a vessel", MANAGER, at(lambda stage: f"{vessel(stage)}/events")),
        Scene("a client with a vessel", MANAGER, at(owner)),
        Scene("vessels of a client", MANAGER, at(lambda stage: f"{owner(stage)}/vessels")),
        Scene("related client", MANAGER, at(lambda stage: f"{owner(stage)}/relationships/new")),
    )
