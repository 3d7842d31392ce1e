"""What tests of imports share: sending a file, doing the jobs, looking at what is stored."""

from __future__ import annotations

import io
import shutil
import uuid
from typing import Any

from flask import Flask, current_app
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.db import begin, commit, db
from app.imports.models import Import, ImportRow
from app.jobs import Job, perform
from tests.world import NORTH, Visitor, enter

IMPORTS = "/north/clients/imports"
ADMIN = "port_admin@north.example"


def send_file(
    visitor: Visitor, content: bytes, name: str = "clients.csv", *, to: str = IMPORTS, **form: Any
) -> TestResponse:
    """The form of a file, filled in; `form`: one that was opened before."""
    opened = form or opened_form(visitor, to)
    return visitor.post(to, {**opened, "file": (io.BytesIO(content), name)})


def opened_form(visitor: Visitor, at: str = IMPORTS) -> dict[str, Any]:
    return {name: value for name, value in visitor.form(f"{at}/new").items() if name != "file"}


def checked(admin: Visitor, content: str | bytes, name: str = "clients.csv", *, to: str = IMPORTS) -> str:
    """The address of the import, its rows checked."""
    answer = send_file(admin, content.encode() if isinstance(content, str) else content, name, to=to)
    assert answer.status_code == 303, answer.text
    work_off()
    return answer.headers["Location"]


def let_in(admin: Visitor, url: str) -> Import:
    assert admin.post(f"{url}/run").status_code == 303
    work_off()
    return the_import()


def the_import() -> Import:
    enter(ADMIN)
    db.session.expire_all()
    return db.session.scalars(select(Import).order_by(Import.id.desc()).limit(1)).one()


def rows() -> dict[int, ImportRow]:
    found = the_import()
    return {row.row_number: row for row in db.session.scalars(select(ImportRow).where(ImportRow.import_id == found.id))}


def verdicts() -> list[tuple[str, str]]:
    return [(row.verdict, row.message) for _number, row in sorted(rows().items())]


def work_off(port_id: uuid.UUID = NORTH) -> int:
    """Do the jobs that wait in the port, as a worker would; how many there were."""
    begin(port_id=port_id, scope="staff")
    waiting = db.session.scalars(select(Job.id).where(Job.failed_at.is_(None)).order_by(Job.id)).all()
    commit()
    for job_id in waiting:
        perform(str(job_id))
    return len(waiting)


def stored_files(app: Flask) -> list[str]:
    """The keys of all files."""
    root = app.extensions["settings"].quayside_home / "files"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def forget_files(app: Flask) -> None:
    shutil.rmtree(app.extensions["settings"].quayside_home / "files", ignore_errors=True)


def stored_content(key: str) -> bytes:
    with current_app.extensions["storage"].open(key) as stream:
        content: bytes = stream.read()
    return content
