"""Interests: board, table, record and forms."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, MANAGER, VIEWER
from tests.browser.stage import Scene, Stage, at

PORT = "/port-nimara"
INTERESTS = f"{PORT}/interests"


def interest(stage: Stage) -> str:
    """The address of the first one that has a berth."""
    found = stage.found(
        "SELECT i.number FROM interests i JOIN ports ON ports.id = i.port_id"
        " WHERE slug = 'port-nimara' AND i.berth_id IS NOT NULL ORDER BY i.number LIMIT 1"
    )
    return f"{INTERESTS}/{found}"


def recommended(stage: Stage) -> str:
    """A berth that is recommended for somebody."""
    found = stage.found(
        "SELECT b.number FROM berth_recommendations r JOIN berths b ON b.id = r.berth_id ORDER BY r.score DESC LIMIT 1"
    )
    return f"{PORT}/berths/{found}"


def of_client(stage: Stage) -> str:
    found = stage.found(
        "SELECT c.number FROM interests i JOIN clients c ON c.id = i.client_id JOIN ports ON ports.id = i.port_id"
        " WHERE slug = 'port-nimara' ORDER BY i.number LIMIT 1"
    )
    return f"{PORT}/clients/{found}/interests"


def noted(stage: Stage) -> str:
    """The address of one with a pinned note and tags."""
    found = stage.found(
        "SELECT i.number FROM interest_notes n JOIN interests i ON i.id = n.interest_id ORDER BY n.pinned DESC LIMIT 1"
    )
    return f"{INTERESTS}/{found}"


def signed(stage: Stage) -> str:
    """The address of the one whose client has signed."""
    found = stage.found("SELECT number FROM interests WHERE stage = 'signed_eoi_nda' ORDER BY number LIMIT 1")
    return f"{INTERESTS}/{found}"


def deposit_of(stage: Stage) -> str:
    found = stage.found(
        "SELECT i.number || '/deposits/' || d.id FROM interest_deposits d"
        " JOIN interests i ON i.id = d.interest_id LIMIT 1"
    )
    return f"{INTERESTS}/{found}"


def document(stage: Stage) -> str:
    return f"{PORT}/documents/{stage.found('SELECT number FROM documents ORDER BY number LIMIT 1')}"


def refused_note(stage: Stage, page: Page) -> None:
    page.goto(noted(stage))
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_text("Write the note first.")).to_be_visible()


def documents_of(stage: Stage) -> str:
    return of_client(stage).replace("/interests", "/documents")


def refused_stage(stage: Stage, page: Page) -> None:
    page.goto(f"{interest(stage)}/stage")
    page.locator("input[value=contract]").check()
    page.get_by_role("button", name="Move interest").click()
    expect(page.get_by_role("alert")).to_contain_text("A signed expression of interest is missing.")


class TestPages(Judged):
    scenes = (
        Scene("the board", MANAGER, at(INTERESTS)),
        Scene("the board for a viewer", VIEWER, at(INTERESTS)),
        Scene("the board, filtered", MANAGER, at(f"{INTERESTS}?lead=hot")),
        Scene("interests", MANAGER, at(f"{INTERESTS}/table")),
        Scene("no interest matches", MANAGER, at(f"{INTERESTS}/table?outcome=withdrawn")),
        Scene("an interest", MANAGER, at(interest)),
        Scene("an interest that is signed", ADMIN, at(signed)),
        Scene("taking a deposit back", ADMIN, at(lambda stage: f"{deposit_of(stage)}/reversal")),
        Scene("a signed document", MANAGER, at(document)),
        Scene("making a document void", MANAGER, at(lambda stage: f"{document(stage)}/void")),
        Scene("an interest for a viewer", VIEWER, at(interest)),
        Scene("an interest with notes", MANAGER, at(noted)),
        Scene("an interest with notes for a viewer", VIEWER, at(noted)),
        Scene("a note refused", MANAGER, refused_note, 422),
        Scene("documents of a client, none", MANAGER, at(documents_of)),
        Scene("interests of a client", MANAGER, at(of_client)),
        Scene("new interest", MANAGER, at(f"{INTERESTS}/new")),
        Scene("edit interest", MANAGER, at(lambda stage: f"{interest(stage)}/edit")),
        Scene("move interest", MANAGER, at(lambda stage: f"{interest(stage)}/stage")),
        Scene("a stage skipped", MANAGER, refused_stage, 409),
        Scene("record a signed document", MANAGER, at(lambda stage: f"{interest(stage)}/documents/new")),
        Scene("berths for an interest", MANAGER, at(lambda stage: f"{interest(stage)}/recommendations")),
        Scene("berths for an interest, for a viewer", VIEWER, at(lambda stage: f"{interest(stage)}/recommendations")),
        Scene("who may want a berth", MANAGER, at(lambda stage: f"{recommended(stage)}/interests")),
        Scene("timeline of an interest", MANAGER, at(lambda stage: f"{interest(stage)}/events")),
    )
