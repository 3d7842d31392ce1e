"""Documents: those of a client on a page of their own, and each by itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select

from app.clients.models import Client
from app.clients.privacy.archiving import gathered
from app.db import commit
from app.db import db as unit
from app.documents.models import Document, DocumentType
from app.interests.models import Interest
from tests.world import Visitor, enter, make_berth, make_client, make_dock, make_file, make_interest

MANAGER, VIEWER = "sales_manager@north.example", "viewer@north.example"
Visit = Callable[[str], Visitor]


@pytest.fixture
def client(db: SQLAlchemy) -> Client:
    return make_client(enter(MANAGER), full_name="Ana Beltrán")


def sign(client: Client, kind: DocumentType = DocumentType.EOI) -> Document:
    """With an interest and a berth."""
    by = enter(MANAGER)
    there_are = unit.session.scalar(select(func.count(Document.id)))
    berth = make_berth(by, make_dock(by, f"Dock {there_are}"))
    interest = make_interest(client, by=by, berth=berth)
    file = make_file(by, "signed.pdf", record=interest)
    return Document.record_signed(kind, file, client=client, interest=interest, berth=berth, sha256=b"\xab" * 32, by=by)


def test_a_client_has_them_all_with_what_they_are_about(client: Client, visit: Visit) -> None:
    document = sign(client, DocumentType.CONTRACT)
    number, at = document.number, f"/north/clients/{client.number}"
    sign(make_client(enter(MANAGER), full_name="Somebody Else"))
    commit()
    page = visit(MANAGER).get(f"{at}/documents").text
    assert f'href="{at}/documents"' in visit(MANAGER).get(at).text
    assert page.count('id="document-') == 1
    row = page.partition(f'id="document-{number}"')[2].partition("</tr>")[0]
    for words in ("Contract", "Signed", "signed.pdf", "Interest ", "/north/berths/", f"/north/documents/{number}"):
        assert words in row


def test_one_by_itself_says_what_was_recorded(client: Client, visit: Visit) -> None:
    document = sign(client)
    number = document.number
    commit()
    page = visit(VIEWER).get(f"/north/documents/{number}").text
    for words in ("Expression of interest", "Ana Beltrán", "signed.pdf", "ab" * 32, "recorded a signed document"):
        assert words in page


def test_who_has_none_is_told_where_they_come_from(client: Client, visit: Visit) -> None:
    at = f"/north/clients/{client.number}/documents"
    commit()
    assert "They are recorded on the page of an interest." in visit(MANAGER).get(at).text


def test_the_list_takes_the_same_statements_for_many(client: Client, visit: Visit, statements: list[str]) -> None:
    for _ in range(3):
        sign(client)
    at = f"/north/clients/{client.number}/documents"
    commit()
    manager = visit(MANAGER)
    manager.get(at)
    statements.clear()
    manager.get(at)
    assert len(statements) <= 4


def test_they_stand_in_the_archive_of_the_client(client: Client) -> None:
    sign(client)
    held = {section.name: section for section in gathered(client).sections}
    words = dict(held["documents"].rows[0])
    assert (words["Document"], words["File"]) == ("Expression of interest", "signed.pdf")


def test_one_is_made_void_with_a_reason_and_says_so(
    client: Client, visit: Visit, relayed: Callable[[], list[str]]
) -> None:
    document = sign(client)
    at, about = f"/north/documents/{document.number}", f"/north/clients/{client.number}/documents"
    interest = unit.session.get_one(Interest, document.interest_id)
    interest_at = f"/north/interests/{interest.number}"
    commit()
    relayed()
    manager = visit(MANAGER)
    assert f'href="{at}/void"' in manager.get(at).text
    assert "void" not in visit(VIEWER).get(at).text
    refused = manager.post(f"{at}/void", manager.form(f"{at}/void"))
    assert (refused.status_code, "Say why." in refused.text) == (422, True)
    for _ in range(2):
        answer = manager.post(f"{at}/void", {**manager.form(f"{at}/void"), "reason": "Wrong client"})
        assert (answer.status_code, answer.location) == (303, at)
    page = manager.get(at).text
    assert "made a signed document void: Expression of interest: Wrong client" in page
    assert f'href="{at}/void"' not in page
    for place in (about, interest_at):
        assert ">Void<" in manager.get(place).text
    assert relayed().count("document:voided") == 1
