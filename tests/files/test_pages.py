"""The pages of files: lists, upload, detail, versions, folders, trash."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.db import begin, commit, now
from app.files.content import LARGEST
from app.files.models import File, FileVersion, Folder, LooseKey
from app.identity.models import PortRoleOverride, Role
from tests.files import samples
from tests.world import NORTH, Visitor, enter, make_client, make_file, make_picture, user_id

MANAGER = "sales_manager@north.example"
Visit = Callable[[str], Visitor]


@pytest.fixture
def manager(visit: Visit) -> Visitor:
    return visit(MANAGER)


def send(visitor: Visitor, *files: tuple[str, bytes], to: str = "/north/files", **fields: Any) -> TestResponse:
    sent = [(BytesIO(content), name) for name, content in files]
    form = {"category": "other", "files": sent, **fields}
    return visitor.post(to, form, content_type="multipart/form-data")


def count(db: SQLAlchemy, model: Any) -> int:
    begin(port_id=NORTH, scope="staff")
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def made(db: SQLAlchemy, **file: Any) -> int:
    """The number of a file in Port North."""
    number = make_file(enter(MANAGER), **file).number
    commit()
    return number


# --- Upload


def test_files_are_uploaded_from_a_plain_form(db: SQLAlchemy, manager: Visitor) -> None:
    answer = send(manager, ("Rules.pdf", samples.pdf()), ("Prices.xlsx", samples.XLSX), category="contract")
    assert (answer.status_code, answer.location) == (303, "/north/files")
    page = manager.get("/north/files").text
    assert "2 files were uploaded" in page
    assert [name for name in ("Rules.pdf", "Prices.xlsx") if f">{name}</a>" in page] == ["Rules.pdf", "Prices.xlsx"]
    assert page.count("<small>Contract</small>") == 2
    assert count(db, LooseKey) == 0


def test_the_same_form_sent_twice_uploads_once(db: SQLAlchemy, manager: Visitor) -> None:
    answers = [send(manager, ("Rules.pdf", samples.pdf()), _key="a key") for _twice in range(2)]
    assert [(answer.status_code, answer.location) for answer in answers] == [(303, "/north/files")] * 2
    assert count(db, File) == 1
    assert count(db, LooseKey) == 1, "what the second one brought is removed by the job"


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([], "Choose a file first."),
        ([("empty.pdf", b"")], "is empty"),
        ([("liar.pdf", b"MZ\x90\x00" + bytes(500))], "looks like EXE"),
        ([("good.pdf", samples.pdf()), ("drawing.svg", b"<svg/>")], "not taken"),
        ([("large.pdf", samples.pdf().ljust(LARGEST + 1, b"\n"))], "larger than 50 MB"),
    ],
)
def test_what_is_refused_is_said_and_nothing_is_stored(
    db: SQLAlchemy, manager: Visitor, files: list[tuple[str, bytes]], says: str
) -> None:
    answer = send(manager, *files, category="contract")
    assert answer.status_code == 422
    assert says in answer.text
    assert '<option selected value="contract">' in answer.text
    assert (count(db, File), count(db, LooseKey)) == (0, 0)


def test_far_too_much_is_refused_before_it_is_read(manager: Visitor) -> None:
    answer = send(manager, ("large.pdf", bytes(52 * 1024 * 1024)))
    assert answer.status_code == 413
    assert "a file may have 50 MB" in answer.text


def test_a_name_is_shown_as_it_was_typed(manager: Visitor) -> None:
    name = "“<b>&'x船🚢.pdf"
    send(manager, (name, samples.pdf()))
    assert "“&lt;b&gt;&amp;&#39;x船🚢.pdf" in manager.get("/north/files").text


def test_files_go_into_the_folder_and_to_the_record_of_the_address(db: SQLAlchemy, manager: Visitor) -> None:
    by = enter(MANAGER)
    folder, client = Folder.create("Plans", port_id=NORTH, by=by).number, make_client(by).number
    commit()
    answer = send(manager, ("plan.pdf", samples.pdf()), to=f"/north/files?folder={folder}")
    assert answer.location == f"/north/files/folders/{folder}"
    assert ">plan.pdf</a>" in manager.get(answer.location).text
    answer = send(manager, ("passport.pdf", samples.pdf()), to=f"/north/files?of=clients&number={client}")
    assert answer.location == f"/north/clients/{client}/files"
    assert ">passport.pdf</a>" in manager.get(answer.location).text
    assert "passport.pdf" not in manager.get("/north/files").text
    records = manager.get("/north/files/records").text
    assert ">passport.pdf</a><small>Other · Léa Marchand</small>" in records
    assert "uploaded “passport.pdf”" in manager.get(f"/north/clients/{client}").text


@pytest.mark.parametrize(
    "query",
    [
        "folder=999",
        "folder=x",
        "folder=",
        f"folder={10**30}",
        "of=clients&number=999",
        "of=clients",
        "of=pies&number=1",
    ],
)
def test_nothing_goes_to_a_place_that_is_not_there(db: SQLAlchemy, manager: Visitor, query: str) -> None:
    assert send(manager, ("a.pdf", samples.pdf()), to=f"/north/files?{query}").status_code == 404
    assert (count(db, File), count(db, LooseKey)) == (0, 0)


def test_who_may_only_upload_stays_where_that_is_done(visit: Visit) -> None:
    technician = visit("technician@north.example")
    assert technician.get("/north/files").status_code == 403
    answer = send(technician, ("photo.jpg", samples.picture("JPEG")))
    assert answer.location == "/north/files/new"
    assert "“photo.jpg” was uploaded" in technician.get(answer.location).text
    assert send(technician, ("photo.jpg", b"")).status_code == 422


def test_an_upload_while_the_storage_is_away_says_so(app: Flask, db: SQLAlchemy, manager: Visitor) -> None:
    root = app.extensions["storage"].root
    place = root / "north" / "general"
    place.mkdir(parents=True, exist_ok=True)
    kept = place / "files"
    aside = place / "aside"
    if kept.exists():
        kept.rename(aside)
    kept.write_text("no directory")
    try:
        answer = send(manager, ("Rules.pdf", samples.pdf()))
    finally:
        kept.unlink()
        if aside.exists():
            aside.rename(kept)
    assert answer.status_code == 503
    assert "Files cannot be reached at the moment" in answer.text
    assert answer.headers["Retry-After"]
    assert (count(db, File), count(db, LooseKey)) == (0, 1)


# --- Lists


def test_a_list_takes_few_statements(db: SQLAlchemy, manager: Visitor, statements: list[str]) -> None:
    by = enter(MANAGER)
    client = make_client(by)
    folder = Folder.create("Plans", port_id=NORTH, by=by)
    for at in range(8):
        Folder.create(f"{at}", parent=folder, port_id=NORTH, by=by)
        make_file(by, f"{at}.pdf", folder=folder)
        make_file(by, f"of {at}.pdf", record=client)
    commit()
    pages = {
        f"/north/files/folders/{folder.number}": 5,
        "/north/files/records": 4,
        f"/north/clients/{client.number}/files": 3,
        "/north/files/trash": 3,
        "/north/files?q=f": 6,
    }
    for address, most in pages.items():
        statements.clear()
        assert manager.get(address).status_code == 200
        assert len(statements) <= most, (address, statements)


def test_words_are_found_in_every_place(db: SQLAlchemy, manager: Visitor) -> None:
    by = enter(MANAGER)
    outer = Folder.create("Årsplaner", port_id=NORTH, by=by)
    make_file(by, "Hafenordnung für Gäste.pdf", folder=outer)
    make_file(by, "50%.pdf", record=make_client(by))
    commit()
    found = manager.get("/north/files?q=gaste").text
    assert ">Hafenordnung für Gäste.pdf</a><small>Other · Årsplaner</small>" in found
    assert ">50%.pdf</a><small>Other · Léa Marchand</small>" in manager.get("/north/files?q=50%25").text
    assert ">Årsplaner</a>" in manager.get("/north/files?q=ARSPLAN").text
    for nothing in ("%25", "_", "x" * 200):
        answer = manager.get(f"/north/files?q={nothing}")
        assert "Hafenordnung" not in answer.text


def test_a_kind_narrows_the_list(db: SQLAlchemy, manager: Visitor) -> None:
    made(db, name="a.pdf", category="contract")
    made(db, name="b.pdf")
    found = manager.get("/north/files?category=contract").text
    assert (">a.pdf</a>" in found, ">b.pdf</a>" in found) == (True, False)


# --- One file


def test_a_file_of_a_hidden_record_does_not_exist(db: SQLAlchemy, visit: Visit) -> None:
    by = enter(MANAGER)
    theirs = make_client(by, owner_id=user_id("teammate@north.example"))
    file = make_file(by, "secret.pdf", record=theirs)
    make_picture(file)
    number, client = file.number, theirs.number
    commit()
    operator = visit("operator@north.example")
    assert operator.get(f"/north/clients/{client}/files").status_code == 404
    for address in ("", "/edit", "/versions/1/content", "/versions/1/pages/1"):
        assert operator.get(f"/north/files/{number}{address}").status_code == 404, address
    assert operator.post(f"/north/files/{number}/versions").status_code == 404
    assert operator.put(f"/north/files/{number}", {"filename": "x.pdf"}).status_code == 404
    assert send(operator, ("a.pdf", samples.pdf()), to=f"/north/files?of=clients&number={client}").status_code == 404
    for page in ("/north/files/records", "/north/files?q=secret"):
        assert "secret.pdf" not in operator.get(page).text


def test_a_download_is_a_link_made_at_the_click(db: SQLAlchemy, manager: Visitor) -> None:
    number = made(db, name="Årsplan.pdf", content=samples.pdf())
    page = manager.get(f"/north/files/{number}").text
    assert "content?link=" not in page
    answer = manager.get(f"/north/files/{number}/versions/1/content")
    assert answer.status_code == 303
    assert answer.headers["Cache-Control"] == "no-store"
    assert urlsplit(answer.location).path == "/north/files/content"
    content = manager.get(answer.location)
    assert content.data == samples.pdf()
    assert content.headers["Content-Disposition"].startswith("attachment; ")
    assert "%C3%85rsplan.pdf" in content.headers["Content-Disposition"]
    with time_machine.travel(now() + timedelta(minutes=15, seconds=5)):
        assert manager.get(answer.location).status_code == 404


def test_pages_are_shown_as_pictures_that_can_do_nothing(db: SQLAlchemy, manager: Visitor) -> None:
    file = make_file(enter(MANAGER), content=samples.pdf())
    make_picture(file)
    number = file.number
    commit()
    assert f"/north/files/{number}/versions/1/pages/1" in manager.get(f"/north/files/{number}").text
    answer = manager.get(f"/north/files/{number}/versions/1/pages/1")
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'self'; sandbox"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert manager.get(f"/north/files/{number}/versions/1/pages/2").status_code == 404


def test_what_is_infected_is_neither_shown_nor_given(db: SQLAlchemy, manager: Visitor) -> None:
    by = enter(MANAGER)
    file = make_file(by)
    make_picture(file)
    db.session.scalars(select(FileVersion).where(FileVersion.file_id == file.id)).one().note_scan("Eicar", by=by)
    number = file.number
    commit()
    page = manager.get(f"/north/files/{number}").text
    assert "A virus was found: Eicar" in page
    assert "/content" not in page
    assert "pages/1" not in page
    assert manager.get(f"/north/files/{number}/versions/1/content").status_code == 409
    assert manager.get(f"/north/files/{number}/versions/1/pages/1").status_code == 404
    assert "Virus found" in manager.get("/north/files").text


def test_without_a_scanner_the_page_says_so(db: SQLAlchemy, manager: Visitor) -> None:
    page = manager.get(f"/north/files/{made(db)}").text
    assert "Not scanned" in page
    assert "No scanner is set up here." in page


def test_a_new_version_is_uploaded_and_the_first_used_again(db: SQLAlchemy, manager: Visitor) -> None:
    number = made(db, content=samples.pdf())

    def send_version(name: str, content: bytes) -> TestResponse:
        sent = {"file": (BytesIO(content), name), "_key": name}
        return manager.post(f"/north/files/{number}/versions", sent, content_type="multipart/form-data")

    assert send_version("plan 2.pdf", samples.pdf(2)).location == f"/north/files/{number}"
    assert send_version("plan 2.pdf", samples.pdf(2)).status_code == 303
    page = manager.get(f"/north/files/{number}").text
    assert ("Version 2" in page, "Version 3" in page) == (True, False)
    refused = send_version("photo.png", samples.picture("PNG"))
    assert refused.status_code == 422
    assert "another kind of file" in refused.text
    assert send_version("empty.pdf", b"").status_code == 422
    assert "Choose a file first" in manager.post(f"/north/files/{number}/versions").text
    current = manager.get(f"/north/files/{number}/versions/2/content").location
    assert manager.get(current).data == samples.pdf(2)
    for _twice in range(2):
        answer = manager.post(f"/north/files/{number}/versions/1/restoration")
        assert answer.location == f"/north/files/{number}"
    assert re.search(r'aria-current="true">\s*<span class="grow">\s*<b>Version 1', manager.get(answer.location).text)
    assert manager.post(f"/north/files/{number}/versions/9/restoration").status_code == 404


def test_a_file_is_renamed_and_keeps_its_ending(db: SQLAlchemy, manager: Visitor) -> None:
    number = made(db)
    address = f"/north/files/{number}"
    form = manager.form(f"{address}/edit")
    refused = manager.put(address, {**form, "filename": "plan.exe"})
    assert refused.status_code == 422
    assert "ends in “.pdf”" in refused.text
    assert 'value="plan.exe"' in refused.text
    assert manager.put(address, {**form, "filename": "../New plan.pdf", "category": "survey"}).status_code == 303
    page = manager.get(address).text
    assert '<h1 tabindex="-1">New plan.pdf</h1>' in page
    assert "Survey" in page


@pytest.mark.parametrize("is_of_a_client", [False, True])
def test_two_who_rename_a_file_are_asked(db: SQLAlchemy, manager: Visitor, visit: Visit, is_of_a_client: bool) -> None:
    by = enter(MANAGER)
    number = make_file(by, record=make_client(by) if is_of_a_client else None).number
    commit()
    address, colleague = f"/north/files/{number}", visit("teammate@north.example")
    mine, theirs = (who.form(f"{address}/edit") for who in (manager, colleague))
    assert colleague.put(address, {**theirs, "filename": "theirs.pdf"}).status_code == 303
    answer = manager.put(address, {**mine, "filename": "mine.pdf", "category": "survey"})
    assert answer.status_code == 409
    assert "theirs.pdf" in answer.text
    assert "mine.pdf" in answer.text
    assert "Team Mate saved this field" in answer.text


def test_a_file_is_moved_into_a_folder(db: SQLAlchemy, manager: Visitor) -> None:
    by = enter(MANAGER)
    folder, file = Folder.create("Plans", port_id=NORTH, by=by).number, make_file(by).number
    commit()
    assert manager.put(f"/north/files/{file}/folder", {"folder": str(folder)}).status_code == 303
    assert ">plan.pdf</a>" in manager.get(f"/north/files/folders/{folder}").text
    assert manager.put(f"/north/files/{file}/folder", {"folder": "999"}).status_code == 422
    assert manager.put(f"/north/files/{file}/folder", {"folder": ""}).status_code == 303
    assert ">plan.pdf</a>" in manager.get("/north/files").text


def test_a_deleted_file_is_offered_back(db: SQLAlchemy, manager: Visitor, visit: Visit) -> None:
    number = made(db)
    assert manager.post(f"/north/files/{number}/archival").location == "/north/files"
    page = manager.get("/north/files").text
    assert "“plan.pdf” was deleted" in page
    assert f"/north/files/{number}/archival?_method=DELETE" in page
    assert "plan.pdf</b>" in manager.get("/north/files/trash").text
    assert manager.get(f"/north/files/{number}/edit").status_code == 409
    assert visit("viewer@north.example").get("/north/files/trash").status_code == 403
    assert manager.delete(f"/north/files/{number}/archival").location == f"/north/files/{number}"
    assert ">plan.pdf</a>" in manager.get("/north/files").text


def test_a_file_deleted_from_a_client_leads_back_to_the_client(db: SQLAlchemy, manager: Visitor) -> None:
    by = enter(MANAGER)
    client = make_client(by)
    number = make_file(by, record=client).number
    commit()
    assert manager.post(f"/north/files/{number}/archival").location == f"/north/clients/{client.number}/files"


# --- Folders


def test_folders_are_made_renamed_moved_and_deleted_on_pages(db: SQLAlchemy, manager: Visitor) -> None:
    plans = manager.post("/north/files/folders", {"name": "Plans"}).location
    number = plans.rpartition("/")[2]
    inner = manager.post(f"/north/files/folders?folder={number}", {"name": "Piers"}).location
    page = manager.get(inner).text
    assert re.search(r'href="/north/files/folders/\d+">Plans</a>', page)
    refused = manager.post("/north/files/folders", {"name": "PLANS"})
    assert refused.status_code == 422
    assert "here already" in refused.text
    assert 'value="PLANS"' in refused.text
    assert manager.post("/north/files/folders", {"name": " "}).status_code == 422
    assert manager.put(plans, {"name": "All plans"}).location == plans
    refused = manager.put(f"{plans}/parent", {"folder": inner.rpartition("/")[2]})
    assert refused.status_code == 422
    assert "into itself" in refused.text
    assert manager.put(f"{inner}/parent", {"folder": ""}).location == inner
    assert manager.put(f"{inner}/parent", {"folder": number}).location == inner
    assert "1 folder" in manager.get(f"{plans}/edit").text
    assert manager.post(f"{plans}/archival").location == "/north/files"
    assert manager.get(inner).status_code == 404
    assert "All plans" in manager.get("/north/files/trash").text
    assert manager.delete(f"{plans}/archival").location == plans
    assert manager.get(inner).status_code == 200


def test_a_folder_with_files_is_deleted_by_who_may_delete_files(db: SQLAlchemy, app: Flask) -> None:
    by = enter(MANAGER)
    folder = Folder.create("Plans", port_id=NORTH, by=by)
    make_file(by, folder=folder)
    address = f"/north/files/folders/{folder.number}/archival"
    role = db.session.scalars(select(Role.id).where(Role.name == "sales_manager")).one()
    db.session.add(PortRoleOverride(port_id=NORTH, role_id=role, permission_overrides={"files": {"delete": False}}))
    commit()
    assert Visitor.of(app, MANAGER).post(address).status_code == 409
    assert Visitor.of(app, "port_admin@north.example").post(address).status_code == 303
