"""Two at once: folders moved into each other, the same name, a version each."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

from sqlalchemy import select

from app import storage
from app.db import commit, db, rollback
from app.errors import Refused
from app.files.content import Content
from app.files.models import File, FileVersion, Folder, LooseKey
from tests.servers import Installation
from tests.waiting import together
from tests.world import NORTH, enter, make_file

MANAGER = "sales_manager@north.example"


def at_once(installation: Installation, *acts: Callable[[], None]) -> list[str]:
    """Each in a transaction of its own, begun together; what became of each."""

    def run(act: Callable[[], None]) -> str:
        with installation.app.app_context():
            try:
                enter(MANAGER)
                act()
                commit()
            except Refused:
                rollback()
                return "refused"
            return "done"

    return sorted(together(*(partial(run, act) for act in acts)))


def folder(name: str) -> Folder:
    return db.session.scalars(select(Folder).where(Folder.name == name)).one()


def test_two_folders_do_not_end_up_in_each_other(committed: Installation) -> None:
    with committed.app.app_context():
        by = enter(MANAGER)
        for name in ("One", "Other"):
            Folder.create(name, port_id=NORTH, by=by)
        commit()

    def move(which: str, into: str) -> None:
        folder(which).move(folder(into), by=enter(MANAGER))

    outcomes = at_once(committed, lambda: move("One", "Other"), lambda: move("Other", "One"))
    assert outcomes == ["done", "refused"]


def test_a_name_is_taken_by_one_of_two(committed: Installation) -> None:
    def create() -> None:
        Folder.create("The same", port_id=NORTH, by=enter(MANAGER))

    assert at_once(committed, create, create) == ["done", "refused"]


def test_two_new_versions_are_two(committed: Installation) -> None:
    with committed.app.app_context():
        file_id = make_file(enter(MANAGER)).id
        commit()

    def replace() -> None:
        key = storage.new_key("north", "general", "files", "pdf")
        LooseKey.note([key], port_id=NORTH)
        file = db.session.scalars(select(File).where(File.id == file_id).with_for_update()).one()
        file.replace(Content(key, "plan.pdf", "application/pdf", 3, uuid.uuid4().bytes * 2), by=enter(MANAGER))

    assert at_once(committed, replace, replace) == ["done", "done"]
    with committed.app.app_context():
        enter(MANAGER)
        its = select(FileVersion.ordinal, FileVersion.is_current).where(FileVersion.file_id == file_id)
        assert db.session.execute(its.order_by(FileVersion.ordinal)).all() == [(1, False), (2, False), (3, True)]
