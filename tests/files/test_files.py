"""Files: what each verb does, records and refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError

from app import storage
from app.db import begin, commit
from app.db import db as database
from app.errors import Refused
from app.events.timeline import timeline
from app.files.content import Content
from app.files.models import Category, File, FileVersion, Folder, Look, LooseKey, Scan
from app.files.models.folder import path_to
from tests.files import samples
from tests.world import NORTH, enter, make_client, make_file, user_id

MANAGER = "sales_manager@north.example"


def content(by: str = "north", *, size: int = 3, scanned: bool = False) -> Content:
    key = storage.new_key(by, "general", "files", "pdf")
    LooseKey.note([key], port_id=NORTH)
    return Content(key, "plan.pdf", "application/pdf", size, bytes(32), scanned)


def versions(file: File) -> list[tuple[int, bool]]:
    rows = db_rows(select(FileVersion).where(FileVersion.file_id == file.id).order_by(FileVersion.ordinal))
    return [(version.ordinal, version.is_current) for version in rows]


def db_rows(statement: Select[FileVersion]) -> list[FileVersion]:
    database.session.expire_all()
    return list(database.session.scalars(statement))


def loose(db: SQLAlchemy) -> int:
    return db.session.scalar(select(func.count()).select_from(LooseKey)) or 0


def test_a_file_is_uploaded_once_under_its_own_key(db: SQLAlchemy, relayed: Callable[[], list[str]]) -> None:
    by = enter(MANAGER)
    file = make_file(by, "Crew list.pdf", samples.pdf(), category=Category.LETTER)
    assert (file.filename, file.sort_name, file.category) == ("Crew list.pdf", "crew list.pdf", "letter")
    assert (file.entity, file.entity_id, file.folder_id) == ("general", None, None)
    version = db_rows(select(FileVersion).where(FileVersion.file_id == file.id))[0]
    assert (version.mime, version.size) == ("application/pdf", len(samples.pdf()))
    assert (version.scan_status, version.look, version.uploaded_by_id) == (Scan.UNSCANNED, Look.PENDING, by.id)
    with storage.open(version.storage_key) as stream:
        assert stream.read() == samples.pdf()
    assert loose(db) == 0
    assert relayed() == ["file:uploaded"]


def test_the_same_upload_makes_one_file(db: SQLAlchemy) -> None:
    by, kept = enter(MANAGER), content()
    File.upload(kept, port_id=NORTH, by=by)
    with pytest.raises(Refused, match="unfinished"):
        File.upload(kept, port_id=NORTH, by=by)


def test_a_file_of_a_client_tells_in_the_clients_timeline(db: SQLAlchemy, relayed: Callable[[], list[str]]) -> None:
    by = enter(MANAGER)
    client = make_client(by)
    file = make_file(by, "Passport.pdf", record=client)
    assert (file.entity, file.entity_id, file.client_id) == ("clients", client.id, client.id)
    assert relayed()[-1] == "file:uploaded"
    begin(port_id=NORTH, user_id=by.id, scope="staff")
    assert timeline("client", client.id)[0].text == "uploaded “Passport.pdf”"


def test_a_new_version_keeps_the_old_ones(db: SQLAlchemy, relayed: Callable[[], list[str]]) -> None:
    by = enter(MANAGER)
    file = make_file(by)
    file.replace(content(), by=by)
    file.replace(content(), by=by)
    assert versions(file) == [(1, False), (2, False), (3, True)]
    first = db_rows(select(FileVersion).where(FileVersion.file_id == file.id, FileVersion.ordinal == 1))[0]
    assert file.restore_version(first, by=by)
    assert versions(file) == [(1, True), (2, False), (3, False)]
    db.session.refresh(first)
    assert not file.restore_version(first, by=by)
    file.replace(content(), by=by)
    assert versions(file) == [(1, False), (2, False), (3, False), (4, True)]
    assert relayed() == ["file:uploaded", *["file:replaced"] * 2, "file:versionRestored", "file:replaced"]


def test_a_name_and_a_category_change_once(db: SQLAlchemy, relayed: Callable[[], list[str]]) -> None:
    by = enter(MANAGER)
    file = make_file(by)
    for _twice in range(2):
        file.update({"filename": "Änderung.pdf", "category": Category.CONTRACT}, by=by)
    assert (file.filename, file.sort_name, file.category) == ("Änderung.pdf", "anderung.pdf", "contract")
    assert relayed() == ["file:uploaded", "file:updated"]


def test_deleting_and_putting_back_are_done_once(db: SQLAlchemy, relayed: Callable[[], list[str]]) -> None:
    by = enter(MANAGER)
    file = make_file(by)
    for verb in (file.archive, file.archive, file.restore, file.restore):
        verb(by=by)
    assert not file.is_archived
    assert relayed() == ["file:uploaded", "file:deleted", "file:restored"]


def test_what_is_purged_is_loose(db: SQLAlchemy, relayed: Callable[[], list[str]]) -> None:
    by = enter(MANAGER)
    file = make_file(by)
    file.replace(content(), by=by)
    keys = set(file.keys())
    file.archive(by=by)
    file.purge(by=by)
    assert set(db.session.scalars(select(LooseKey.storage_key))) == keys
    assert len(keys) == 2
    assert db.session.scalar(select(func.count()).select_from(FileVersion)) == 0
    assert relayed() == ["file:uploaded", "file:replaced", "file:deleted", "file:purged"]


def test_a_file_moves_between_folders_and_stays_with_a_record(db: SQLAlchemy, relayed: Callable[[], list[str]]) -> None:
    by = enter(MANAGER)
    folder, file = Folder.create("Plans", port_id=NORTH, by=by), make_file(by)
    assert file.move(folder, by=by)
    assert not file.move(folder, by=by)
    assert file.move(None, by=by)
    with pytest.raises(Refused, match="stays with it"):
        make_file(by, record=make_client(by)).move(folder, by=by)
    assert relayed().count("file:moved") == 2


def test_a_file_does_not_go_into_a_deleted_folder(db: SQLAlchemy) -> None:
    by = enter(MANAGER)
    folder = Folder.create("Plans", port_id=NORTH, by=by)
    folder.archive(by=by)
    with pytest.raises(Refused, match="deleted meanwhile"):
        make_file(by, folder=folder)


def test_an_infected_version_says_so(db: SQLAlchemy, relayed: Callable[[], list[str]]) -> None:
    by = enter(MANAGER)
    file = make_file(by)
    version = db_rows(select(FileVersion).where(FileVersion.file_id == file.id))[0]
    assert version.may_be_opened
    version.note_scan("Eicar-Test-Signature", by=by)
    assert (version.scan_status, version.scan_words) == (Scan.INFECTED, "Eicar-Test-Signature")
    assert not version.may_be_opened
    assert relayed() == ["file:uploaded", "file:infected"]


# --- Folders


def test_folders_are_made_named_and_moved_once(db: SQLAlchemy, relayed: Callable[[], list[str]]) -> None:
    by = enter(MANAGER)
    plans = Folder.create("Plans", port_id=NORTH, by=by)
    piers = Folder.create("Piers", parent=plans, port_id=NORTH, by=by)
    for _twice in range(2):
        piers.rename("Quays", by=by)
        piers.move(None, by=by)
    assert [folder.name for folder in path_to(piers.id)] == ["Quays"]
    piers.move(plans, by=by)
    assert [folder.name for folder in piers.path()] == ["Plans", "Quays"]
    assert relayed() == [*["folder:created"] * 2, "folder:updated", "folder:moved", "folder:moved"]


def test_names_are_unique_among_siblings_whatever_their_case(db: SQLAlchemy) -> None:
    by = enter(MANAGER)
    plans = Folder.create("Plans", port_id=NORTH, by=by)
    inner = Folder.create("plans", parent=plans, port_id=NORTH, by=by)
    other = Folder.create("Other", port_id=NORTH, by=by)
    for act in (
        lambda: Folder.create("PLANS", port_id=NORTH, by=by),
        lambda: other.rename("pLans", by=by),
        lambda: inner.move(None, by=by),
    ):
        with pytest.raises(Refused, match="here already"):
            act()
    plans.rename("PLANS", by=by)
    assert plans.name == "PLANS"


def test_a_folder_does_not_go_into_itself(db: SQLAlchemy) -> None:
    by = enter(MANAGER)
    outer = Folder.create("Outer", port_id=NORTH, by=by)
    inner = Folder.create("Inner", parent=outer, port_id=NORTH, by=by)
    for into in (outer, inner):
        with pytest.raises(Refused, match="into itself"):
            outer.move(into, by=by)
    outer.parent_id = inner.id
    with pytest.raises(IntegrityError, match="stands in itself"):
        db.session.flush()


def test_folders_go_so_deep_and_no_deeper(db: SQLAlchemy) -> None:
    by = enter(MANAGER)
    folders: list[Folder] = []
    for depth in range(12):
        folders.append(Folder.create(f"{depth}", parent=folders[-1] if folders else None, port_id=NORTH, by=by))
    with pytest.raises(Refused, match="12 deep"):
        Folder.create("13", parent=folders[-1], port_id=NORTH, by=by)
    pair = Folder.create("pair", port_id=NORTH, by=by)
    Folder.create("of it", parent=pair, port_id=NORTH, by=by)
    with pytest.raises(Refused, match="12 deep"):
        pair.move(folders[-2], by=by)
    assert pair.move(folders[-3], by=by)


def test_a_deleted_folder_takes_along_what_is_in_it_and_brings_back_no_more(
    db: SQLAlchemy, relayed: Callable[[], list[str]]
) -> None:
    by = enter(MANAGER)
    outer = Folder.create("Outer", port_id=NORTH, by=by)
    inner = Folder.create("Inner", parent=outer, port_id=NORTH, by=by)
    kept, gone = make_file(by, "kept.pdf", folder=inner), make_file(by, "gone.pdf", folder=outer)
    gone.archive(by=by)
    assert outer.counts() == (1, 1)
    for _twice in range(2):
        outer.archive(by=by)
    for record in (kept, gone, inner):
        db.session.refresh(record)
        assert record.archived_at is not None
    with pytest.raises(Refused, match="Restore that one first"):
        inner.restore(by=by)
    for _twice in range(2):
        outer.restore(by=by)
    for record in (kept, gone, inner):
        db.session.refresh(record)
    assert (kept.archived_at, inner.archived_at) == (None, None)
    assert gone.archived_at is not None
    assert relayed()[-2:] == ["folder:deleted", "folder:restored"]


def test_the_database_keeps_a_file_with_its_own_port(db: SQLAlchemy) -> None:
    by = enter("sales_manager@south.example", "south")
    theirs = make_client(by)
    by = enter(MANAGER)
    file = make_file(by)
    file.entity, file.entity_id = "clients", theirs.id
    with pytest.raises(IntegrityError, match="client_id"):
        db.session.flush()


def test_what_lies_with_a_record_is_seen_by_whom_the_record_is(db: SQLAlchemy) -> None:
    manager = enter(MANAGER)
    theirs = make_client(manager, owner_id=user_id("operator@north.example"))
    ours = make_client(manager, owner_id=user_id("teammate@north.example"))
    names = {"general.pdf": None, "theirs.pdf": theirs, "ours.pdf": ours}
    for name, record in names.items():
        make_file(manager, name, record=record)
    commit()

    def seen(email: str, slug: str = "north") -> set[str]:
        return {file.filename for file in db.session.scalars(File.visible_to(enter(email, slug)))}

    assert seen(MANAGER) == set(names)
    assert seen("operator@north.example") == {"general.pdf", "theirs.pdf"}
    assert seen("technician@north.example") == {"general.pdf"}
    assert seen("sales_manager@south.example", "south") == set()
